"""Scenarios as files: which driver takes which value when, on whose word, after whom.

A file is two tables, one row a scenario and one row a driver of a sector::

    scenarios   key, name, parent, first_year, last_year, history_until, producers, ...
    drivers     scenario, sector, driver, unit, way, group, ref, 2020, 2025, 2030, ...

read by :mod:`tanfeng.pathway.scenario_files`. A cell is a number with its uncertainty
(:mod:`tanfeng.pathway.uncertain`), or ``*0.95``: so many times what the parent says for that year.
A scenario takes from its parent every cell it does not write itself. Between the years written a
row goes ``linear``, by a constant rate (``growth``) or stays (``step``); beyond the last it stays
only with ``step``, else the missing year is an error: nothing is ever carried on unsaid.

Where each value came from stays with it: scenario, sheet, row and column it was written in, and
the source the author named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from tanfeng import units
from tanfeng.errors import DataError, Problem
from tanfeng.pathway._scenario_rules import problem
from tanfeng.pathway.drivers import (
    ACTIVITIES,
    CITY,
    DRIVERS,
    to_canonical,
    unit_of,
)
from tanfeng.pathway.uncertain import NotANumber, Uncertain, uncertain

Way = Literal["linear", "growth", "step"]
_RELATIVE = re.compile(r"^[*×]\s*(\d+\.?\d*|\.\d+)\s*(%?)$")


class Place(NamedTuple):
    """Where something was written."""

    sheet: str = ""
    row: int | None = None
    column: str = ""
    heading: str = ""


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a driver in a year as its author wrote it."""

    scenario: str
    sector: str
    driver: str
    year: int
    text: str
    unit: str
    way: Way = "linear"
    group: str = ""
    ref: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a scenario is called, after whom it takes, and the years it speaks of.

    Parameters
    ----------
    key, name : str
        Short name in files, and what people call it.
    parent : str
        Key of the scenario whose cells hold where this one writes none; empty for none.
    first_year, last_year : int or None
        Years computed; those of the parent where None.
    history_until : int or None
        Last year whose values are statistics and not assumptions.
    producers : tuple of str
        Sectors that make the power and heat others buy: their own emission is left out where
        purchased energy is counted at its users, so that it is counted once.
    owner, version, note : str
        Told, not computed with.
    """

    key: str
    name: str = ""
    parent: str = ""
    first_year: int | None = None
    last_year: int | None = None
    history_until: int | None = None
    producers: tuple[str, ...] = ()
    owner: str = ""
    version: str = ""
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Anchor:
    """A value a path goes through, and whose word it is."""

    year: int
    value: Uncertain
    cell: Cell


@dataclass(frozen=True, slots=True)
class Path:
    """A driver of a sector over the years, in its canonical unit."""

    sector: str
    driver: str
    unit: str
    way: Way
    group: str
    anchors: tuple[Anchor, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scenario with everything it takes from its parents, ready to compute."""

    scenario: Scenario
    first_year: int
    last_year: int
    history_until: int | None
    producers: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def sectors(self) -> tuple[str, ...]:
        """Sectors in the order they were first written, without the city."""
        return tuple(dict.fromkeys(p.sector for p in self.paths if p.sector != CITY))


@dataclass(frozen=True, slots=True)
class Book:
    """Scenarios and cells of one file."""

    scenarios: Mapping[str, Scenario]
    cells: tuple[Cell, ...] = field(default=())

    def resolve(self, key: str) -> Resolved:
        """Return a scenario with what it inherits, checked.

        Parameters
        ----------
        key : str
            Of the scenario.

        Returns
        -------
        Resolved

        Raises
        ------
        tanfeng.errors.DataError
            With everything wrong at once: an unknown parent or a circle, a value that is no
            number or outside its ends, a unit of another quantity, a year nobody gave, a driver
            without which the sector cannot be computed.
        """
        line = self._line(key)
        problems: list[Problem] = []
        cells: dict[tuple[str, str], dict[int, tuple[Cell, Uncertain]]] = {}
        places: dict[str, dict[str, Place]] = {}
        written: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells:
            written.setdefault((cell.scenario, cell.sector), []).append(cell)
        activity = self._activity_units(line)
        for scenario in reversed(line):
            for (of, sector), own in written.items():
                if of == scenario.key:
                    unit = activity.get(sector, "")
                    for cell in own:
                        places.setdefault(sector, {}).setdefault(cell.driver, cell.place)
                        problems += _take(cells, cell, unit)
        head = _head(line, problems)
        paths = tuple(
            Path(
                sector,
                driver,
                unit_of(DRIVERS[driver], activity.get(sector, "")),
                (latest := _latest(years)).way,
                latest.group,
                tuple(Anchor(y, years[y][1], years[y][0]) for y in sorted(years)),
            )
            for (sector, driver), years in cells.items()
            if years
        )
        found = Resolved(line[0], *head, paths)
        bad = {(one.sheet, one.row, one.column, one.heading) for one in problems}
        problems += _uncovered(found, bad)
        problems += _incomplete(found, places)
        if problems:
            raise DataError(problems)
        return found

    def _line(self, key: str) -> list[Scenario]:
        """Return the scenario, its parent, and so on to the root."""
        line: list[Scenario] = []
        at = key
        while at:
            scenario = self.scenarios.get(at)
            if scenario is None:
                place = line[-1].place if line else NOWHERE
                known = "、".join(self.scenarios)
                raise DataError([problem("Y301", place, at, known=known)])
            if scenario in line:
                circle = " → ".join([*(one.key for one in line), at])
                raise DataError([problem("Y302", scenario.place, at, circle=circle)])
            line.append(scenario)
            at = scenario.parent
        return line

    def _activity_units(self, line: Sequence[Scenario]) -> dict[str, str]:
        """Return by sector the unit its activity is written in, the root's where it has one."""
        order = {scenario.key: rank for rank, scenario in enumerate(reversed(line))}
        found: dict[str, str] = {}
        for cell in sorted(
            (c for c in self.cells if c.scenario in order and c.driver in ACTIVITIES),
            key=lambda c: order[c.scenario],
        ):
            if cell.driver == "output":
                found.setdefault(cell.sector, cell.unit)
            else:
                found.setdefault(cell.sector, DRIVERS["value_added"].over)
        return found


def _latest(years: dict[int, tuple[Cell, Uncertain]]) -> Cell:
    """Return the cell written last, by the scenario furthest down the line."""
    return next(reversed(years.values()))[0]


def _take(
    cells: dict[tuple[str, str], dict[int, tuple[Cell, Uncertain]]], cell: Cell, activity: str
) -> list[Problem]:
    """Put a cell over what was inherited; say what is wrong with it."""
    driver = DRIVERS[cell.driver]
    years = cells.setdefault((cell.sector, cell.driver), {})
    relative = _RELATIVE.match(cell.text.strip())
    if relative:
        inherited = years.get(cell.year)
        if inherited is None or inherited[0].scenario == cell.scenario:
            return [problem("Y307", cell.place, cell.text, year=cell.year)]
        share = float(relative[1]) * (0.01 if relative[2] else 1.0)
        if not share:
            return [problem("Y305", cell.place, cell.text, most=_most(driver.most))]
        value = inherited[1].times(share)
    else:
        try:
            value = uncertain(cell.text)
            scale = to_canonical(driver, cell.unit, activity)
        except units.UnknownUnit as error:
            wanted = unit_of(driver, activity)
            return [problem("Y304", cell.place, cell.unit, wanted=wanted, why=str(error))]
        except NotANumber as error:
            return [problem("Y303", cell.place, cell.text, zh=error.zh, en=error.en)]
        value = value.times(scale)
    ends = value.values if value.kind != "normal" else value.values[:1]
    if min(ends) < 0.0 or max(ends) > driver.most:
        return [problem("Y305", cell.place, cell.text, most=_most(driver.most))]
    if (before := years.get(cell.year)) and before[0].scenario == cell.scenario:
        told = f"{before[0].place.column}{before[0].place.row or ''}"
        return [problem("Y306", cell.place, cell.text, year=cell.year, before=told)]
    years.pop(cell.year, None)  # the order tells who wrote last
    years[cell.year] = (cell, value)
    return []


def _most(most: float) -> str:
    return "1" if most == 1.0 else "∞"


def _head(
    line: Sequence[Scenario], problems: list[Problem]
) -> tuple[int, int, int | None, tuple[str, ...]]:
    """Return first and last year, end of history and producers, inherited where not said."""

    def of(name: str) -> Any:
        return next((got for one in line if (got := getattr(one, name)) not in (None, ())), None)

    first, last, until = of("first_year"), of("last_year"), of("history_until")
    if first is None or last is None or not first < last or (until is not None and until > last):
        problems.append(problem("Y308", line[0].place, f"{first}..{last}", until=until))
        first, last = 0, -1
    return first, last, until, of("producers") or ()


def _uncovered(found: Resolved, bad: set[tuple[str, int | None, str, str]]) -> Iterator[Problem]:
    """Tell paths that do not reach over the years asked; not those with a cell that is wrong."""
    told = {(sheet, row, heading.rpartition(".")[0]) for sheet, row, _, heading in bad}
    for path in found.paths if found.last_year > 0 else ():
        first, last = path.anchors[0], path.anchors[-1]
        place = first.cell.place
        if (place.sheet, place.row, place.heading.rpartition(".")[0]) in told:
            continue
        name = {"sector": path.sector, "driver": path.driver}
        if first.year > found.first_year:
            yield problem("Y309", place, first.year, year=found.first_year, **name)
        if last.year < found.last_year and path.way != "step":
            yield problem("Y309", last.cell.place, last.year, year=found.last_year, **name)
        if path.way == "growth":
            for anchor in path.anchors:
                if anchor.value.values[0] <= 0:
                    yield problem("Y310", anchor.cell.place, anchor.cell.text, **name)


def _incomplete(found: Resolved, places: Mapping[str, Mapping[str, Place]]) -> Iterator[Problem]:
    """Tell sectors that lack a driver, or have one too many; ``places`` are those written."""
    city = places.get(CITY, {})
    sectors = [sector for sector in places if sector != CITY]
    for sector in sectors:
        yield from _lacks(sector, places[sector], city)
    for sector in found.producers:
        if sector not in sectors:
            yield problem("Y313", found.scenario.place, sector)


def _lacks(sector: str, own: Mapping[str, Place], city: Mapping[str, Place]) -> Iterator[Problem]:
    place = next(iter(own.values()))
    activities = [key for key in ACTIVITIES if key in own]
    if "emission" in own:
        others = [key for key in own if key != "emission"]
        if others:
            yield problem("Y312", place, sector, drivers="、".join(["emission", *others]))
        return
    if len(activities) != 1:
        told = "、".join(activities or ACTIVITIES)
        yield problem("Y312" if activities else "Y311", place, sector, drivers=told)
    needs = {"intensity"} if "process_factor" not in own else set()
    if "intensity" in own:
        needs.add("fuel_factor")
    if "recycling_share" in own:
        needs |= {f"{k}_recycled" for k in ("intensity", "process_factor") if k in own}
    if {"intensity_recycled", "process_factor_recycled"} & set(own):
        needs.add("recycling_share")
    if "electrification" in own:
        needs.add("grid_factor")
    if "heat_share" in own:
        needs.add("heat_factor")
    if "structure" in own:
        needs.add("value_added")
    has = set(own) | {key for key in city if DRIVERS[key].shared or key == "value_added"}
    missing = sorted(needs - has)
    if missing:
        yield problem("Y311", place, sector, drivers="、".join(missing))


def with_values(book: Book, cells: Iterable[Cell], scenario: Scenario) -> Book:
    """Return a book with one more scenario: what a slider or an editor makes of another.

    Parameters
    ----------
    book : Book
        Unchanged.
    cells : iterable of Cell
        What the new scenario writes itself.
    scenario : Scenario
        Its head; usually its parent is a scenario of the book.

    Returns
    -------
    Book
    """
    own = tuple(replace(cell, scenario=scenario.key) for cell in cells)
    return Book({**book.scenarios, scenario.key: scenario}, (*book.cells, *own))
