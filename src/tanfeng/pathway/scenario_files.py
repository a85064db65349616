"""Scenarios out of files: TOML, or the rows of two tables in a workbook or a CSV."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tanfeng.errors import DataError, Problem
from tanfeng.pathway._places import letter, text
from tanfeng.pathway._scenario_rules import problem
from tanfeng.pathway.drivers import CITY, CITY_NAMES, DRIVERS, driver_key
from tanfeng.pathway.scenario import NOWHERE, Book, Cell, Place, Scenario, Way

WAYS: Mapping[str, Way] = {
    "": "linear",
    "linear": "linear",
    "线性": "linear",
    "growth": "growth",
    "匀速增长": "growth",
    "step": "step",
    "保持": "step",
}
_YEAR = re.compile(r"^(19|20)\d\d$")
#: Rows a title and notes may take above the headings.
_TOP = 20
_TEXTS = ("key", "name", "parent", "owner", "version", "note")
_YEARS = ("first_year", "last_year", "history_until")
_ROW_TEXTS = ("scenario", "sector", "driver", "unit", "way", "group", "ref")
#: Field -> its headings in a file; the first is what a template prints.
HEADINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "scenarios": {
        "key": ("情景", "key", "scenario"),
        "name": ("情景名称", "name"),
        "parent": ("继承自", "parent"),
        "first_year": ("起始年", "first_year"),
        "last_year": ("终止年", "last_year"),
        "history_until": ("历史数据截至", "history_until"),
        "producers": ("供能行业", "producers"),
        "owner": ("编制单位", "owner"),
        "version": ("版本", "version"),
        "note": ("说明", "note"),
    },
    "drivers": {
        "scenario": ("情景", "scenario"),
        "sector": ("行业", "sector"),
        "driver": ("驱动因素", "driver"),
        "unit": ("单位", "unit"),
        "way": ("插值方式", "way"),
        "group": ("相关组", "group"),
        "ref": ("来源", "ref"),
    },
}


def from_toml(written: str | bytes) -> Book:
    """Read scenarios written as TOML.

    ::

        [base]
        name = "基准情景"
        first_year = 2020
        last_year = 2035
        history_until = 2023

        [base.city]
        grid_factor = { unit = "kgCO2/kWh", 2020 = 0.45, 2035 = "0.25..0.35", ref = "…" }

        [base.steel]
        output = { unit = "万t", 2020 = 2300, 2035 = "2100 ± 5%" }

        [strong]
        parent = "base"
        [strong.steel]
        output = { unit = "万t", 2035 = "*0.9" }

    Parameters
    ----------
    written : str or bytes
        The file; bytes are UTF-8.

    Returns
    -------
    Book

    Raises
    ------
    tanfeng.errors.DataError
        If it is no TOML, or names something no scenario has; everything wrong at once. A place is
        told as its path in the file, ``base.steel.output.2035``.
    """
    try:
        unicode = written if isinstance(written, str) else written.decode("utf-8-sig")
        file = tomllib.loads(unicode)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError([problem("Y320", NOWHERE, str(error))]) from error
    problems: list[Problem] = []
    scenarios: dict[str, Scenario] = {}
    cells: list[Cell] = []
    for key, table in file.items():
        place = Place(heading=key)
        if not isinstance(table, dict):
            problems.append(problem("Y321", place, table))
            continue
        head = {name: value for name, value in table.items() if not isinstance(value, dict)}
        scenarios[key] = scenario_of({**head, "key": key}, place, problems)
        for sector, rows in table.items():
            for name, row in rows.items() if isinstance(rows, dict) else ():
                place = Place(heading=f"{key}.{sector}.{name}")
                if not isinstance(row, dict):
                    problems.append(problem("Y321", place, row))
                    continue
                about = {**row, "scenario": key, "sector": sector, "driver": name}
                cells += cells_of(about, place, problems)
    if problems:
        raise DataError(problems)
    return Book(scenarios, tuple(cells))


def scenario_of(head: Mapping[str, Any], place: Place, problems: list[Problem]) -> Scenario:
    """Return the head of a scenario, adding to ``problems`` what is wrong with it.

    Parameters
    ----------
    head : mapping
        Fields of :class:`Scenario`, as text or numbers; ``producers`` a list or text with commas.
    place : Place
        Where it stands.
    problems : list of Problem
        Added to.

    Returns
    -------
    Scenario
    """
    known: dict[str, Any] = {name: str(head.get(name) or "").strip() for name in _TEXTS}
    for name in _YEARS:
        written = str(head.get(name) if head.get(name) is not None else "").strip()
        known[name] = int(written) if _YEAR.match(written) else None
        if written and known[name] is None:
            problems.append(problem("Y322", place, written, field=name))
    producers = head.get("producers") or ()
    if isinstance(producers, str):
        producers = re.split(r"[,，、;；\s]+", producers)
    unknown = head.keys() - {*_TEXTS, *_YEARS, "producers"}
    problems += [problem("Y323", place, name) for name in sorted(unknown)]
    return Scenario(**known, producers=tuple(filter(None, producers)), place=place)


def cells_of(row: Mapping[str, Any], place: Place, problems: list[Problem]) -> Iterator[Cell]:
    """Give the cells of one row of drivers, adding to ``problems`` what is wrong with it.

    Parameters
    ----------
    row : mapping
        ``scenario``, ``sector``, ``driver``, ``unit``, ``way``, ``group``, ``ref``, and under
        each year its value; empty values are left out. A value may be a table with ``value`` and
        its own ``ref``.
    place : Place
        Where the row stands.
    problems : list of Problem
        Added to.

    Yields
    ------
    Cell
    """
    about = {
        name: str(row.get(name) or "").strip()
        for name in ("scenario", "sector", "driver", "unit", "way", "group", "ref")
    }
    driver, way = driver_key(about["driver"]), WAYS.get(about["way"].lower())
    if not driver:
        names = "、".join(f"{one.key}（{one.zh}）" for one in DRIVERS.values())
        problems.append(problem("Y324", place, about["driver"], known=names))
    if way is None:
        problems.append(problem("Y325", place, about["way"], known="linear, growth, step"))
    if not about["sector"]:
        problems.append(problem("Y326", place, about["driver"]))
    sector = CITY if about["sector"].casefold() in CITY_NAMES else about["sector"]
    for name, value in row.items():
        if name in about or name in ("places",):
            continue
        if not _YEAR.match(str(name)):
            problems.append(problem("Y323", place, name))
            continue
        said = value if isinstance(value, dict) else {"value": value}
        written = "" if said.get("value") is None else str(said["value"]).strip()
        if not written or not driver or way is None or not sector:
            continue
        at = row.get("places", {}).get(name) or place._replace(heading=f"{place.heading}.{name}")
        ref = str(said.get("ref") or about["ref"])
        yield Cell(
            about["scenario"],
            sector,
            driver,
            int(name),
            written,
            about["unit"],
            way,
            about["group"],
            ref,
            at,
        )


def from_tables(
    scenarios: Sequence[Sequence[Any]],
    drivers: Sequence[Sequence[Any]],
    *,
    sheets: tuple[str, str] = ("", ""),
) -> Book:
    """Read the two tables of a workbook.

    Parameters
    ----------
    scenarios, drivers : sequence of rows
        The sheets as they stand, a title and notes above the headings or not; columns in any
        order, the years of ``drivers`` as headings. Empty rows are passed over.
    sheets : tuple of str
        Names of the two sheets, told with each place.

    Returns
    -------
    Book

    Raises
    ------
    tanfeng.errors.DataError
        With everything wrong at once.
    """
    problems: list[Problem] = []
    heads = [
        scenario_of(row, place, problems)
        for row, place, _ in _table(scenarios, "scenarios", sheets[0], problems)
    ]
    twice = _twice([(head.key, head.place) for head in heads])
    problems += [problem("Y327", place, key) for place, key in twice]
    cells: list[Cell] = []
    for row, place, columns in _table(drivers, "drivers", sheets[1], problems):
        places = {
            name: place._replace(column=column, heading=name) for name, column in columns.items()
        }
        own = list(cells_of({**row, "places": places}, place, problems))
        if own and own[0].scenario not in {head.key for head in heads}:
            problems.append(problem("Y328", place, own[0].scenario))
        cells += own
    if problems:
        raise DataError(problems)
    return Book({head.key: head for head in heads}, tuple(cells))


def _table(
    rows: Sequence[Sequence[Any]], kind: str, sheet: str, problems: list[Problem]
) -> Iterator[tuple[dict[str, Any], Place, dict[str, str]]]:
    """Give each filled row by field, its place, and the letter of every year's column."""
    fields = {name.casefold(): field for field, names in HEADINGS[kind].items() for name in names}
    lines = [[fields.get(text(c).casefold(), text(c)) for c in row] for row in rows[:_TOP]]
    ranks = [sum(name in HEADINGS[kind] for name in line) for line in lines]
    top = ranks.index(max(ranks)) if ranks else 0
    known = lines[top] if lines else []
    places = [Place(sheet, top + 1, letter(i)) for i in range(len(known))]
    must = ("key",) if kind == "scenarios" else ("scenario", "sector", "driver")
    wrong = [
        problem("Y329", Place(sheet, top + 1), HEADINGS[kind][field][0])
        for field in must
        if field not in known
    ]
    named = [(name, place) for name, place in zip(known, places, strict=True) if name]
    wrong += [problem("Y330", place, name) for place, name in _twice(named)]
    columns = {name: place.column for name, place in named if _YEAR.match(name)}
    stray = [(n, p) for n, p in named if n not in HEADINGS[kind] and n not in columns]
    wrong += [problem("Y323", place, name) for name, place in stray]
    problems += wrong
    for number, row in enumerate(() if wrong else rows[top + 1 :], start=top + 2):
        filled = {name: text(cell) for name, cell in zip(known, row, strict=False) if name}
        if any(filled.values()):
            yield filled, Place(sheet, number), columns


def _twice(named: Sequence[tuple[str, Place]]) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for name, place in named:
        if name in seen:
            yield place, name
        seen.add(name)
