"""Plants, their options and limits as a workbook of three sheets.

The sheets are ``设施`` (facilities), ``选项`` (options) and ``限制`` (limits and outlook, one row a
kind, product and year); others are passed over. Headings fix the units. Everything wrong is told
at once, by its cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from tanfeng.errors import DataError, Problem
from tanfeng.pathway.plants import FACILITIES, OPTIONS, Limits, Outlook, check
from tanfeng.sheets._guard import Limits as FileLimits
from tanfeng.sheets._plant_rules import COLUMNS, KINDS, SHEETS, Where, plain, problem, text
from tanfeng.sheets._source import Grid, open_source
from tanfeng.sheets._writer import ListColumn, ListTable, tables_workbook

_YES = {"是": True, "yes": True, "true": True, "1": True}
_NO = {"否": False, "no": False, "false": False, "0": False}
#: Rows a title and notes may take above the headings.
_TOP = 20
#: What the tables say of each other; single cells are told here.
_RELATIONS = ("Y402", "Y403", "Y404", "Y405", "Y408", "Y409")
_NOTES = {
    "facilities": (
        "现状选项须在选项表中有一行；拟建设施的现状选项为产量为零的选项。大修年、淘汰期限可以留空。",
        "The present option needs a row among the options; a planned facility stands on one "
        "without output. Overhaul and deadline may be left empty.",
    ),
    "options": (
        "每个设施每个可选项一行，现状也要一行。年度数值按活动水平 1 填写。",
        "One row an option of a facility, the present one too. Yearly figures at the activity 1.",
    ),
    "limits": (
        "类别：" + "、".join(kind.zh for kind in KINDS.values()) + "。没有写的即没有限制。",
        "Kinds: "
        + ", ".join(kind.en for kind in KINDS.values())
        + ". What is not written is no limit.",
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class PlantBook:
    """What :class:`tanfeng.pathway.plants.Plants` is made from.

    Parameters
    ----------
    facilities, options : polars.DataFrame
        Columns of ``FACILITIES`` and ``OPTIONS``.
    years : tuple of int
        First and last year computed.
    outlook : Outlook
        What the years bring.
    limits : Limits
        What has to be kept to.
    """

    facilities: pl.DataFrame
    options: pl.DataFrame
    years: tuple[int, int]
    outlook: Outlook
    limits: Limits


def read_plants(content: bytes, filename: str, *, limits: FileLimits | None = None) -> PlantBook:
    """Read plants out of a workbook.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name.
    limits : tanfeng.sheets.Limits, optional
        How large it may be.

    Returns
    -------
    PlantBook

    Raises
    ------
    DataError
        With everything wrong at once.
    """
    source = open_source(content, filename, limits or FileLimits())
    sheets = {
        kind: grid
        for kind, names in SHEETS.items()
        for grid in source.grids
        if plain(grid.name) in names
    }
    problems = [
        problem("Y421", Where(""), names[0]) for kind, names in SHEETS.items() if kind not in sheets
    ]
    found = {kind: list(_table(grid, kind, problems)) for kind, grid in sheets.items()}
    if any(one.rule in ("Y421", "Y422") for one in problems):
        # Every cell of a column that is missing would be missing too.
        raise DataError([one for one in problems if one.rule in ("Y421", "Y422", "Y423")])
    frames = {
        kind: pl.DataFrame([row for row, _ in found[kind]], schema=schema)
        for kind, schema in (("facilities", FACILITIES), ("options", OPTIONS))
    }
    made = set(frames["facilities"]["product"].drop_nulls())
    problems += [
        problem("Y432", Where(sheets[kind].name), SHEETS[kind][0])
        for kind in frames
        if not found[kind]
    ]
    told = _Told(made, problems)
    for row, cells in found["limits"]:
        told.add(row, cells)
    years = told.finish(sheets["limits"].name)
    if years:
        rows = {kind: [at["facility"] for _, at in found[kind]] for kind in frames}
        problems += _relations(frames, years, told.outlook, rows)
    if problems or years is None:
        raise DataError(problems)
    return PlantBook(frames["facilities"], frames["options"], years, told.outlook, told.limits)


def write_plants(
    book: PlantBook | None = None, *, lang: str = "zh", demo: bool = False, stamp: str = ""
) -> bytes:
    """Write plants as the workbook they are read from.

    Parameters
    ----------
    book : PlantBook, optional
        Without one, the template.
    lang : {"zh", "en"}
        Language of headings.
    demo : bool
        Mark the file as demonstration data.
    stamp : str
        Who took it out and when.

    Returns
    -------
    bytes
        An .xlsx that :func:`read_plants` gives back equal.
    """
    english = lang == "en"
    yes = {True: ("是", "yes")[english], False: ("否", "no")[english], None: None}
    rows: dict[str, list[list[Any]]] = {"facilities": [], "options": [], "limits": []}
    if book is not None:
        for kind, frame in (("facilities", book.facilities), ("options", book.options)):
            rows[kind] = [
                [yes[v] if isinstance(v, bool) else v for v in row]
                for row in frame.select(list(COLUMNS[kind])).iter_rows()
            ]
        rows["limits"] = [_line(*one, english=english) for one in _lines(book)]
    else:
        must = ("first_year", "last_year", "discount_rate")
        rows["limits"] = [_line(kind, None, None, None, english=english) for kind in must]
    tables = [
        ListTable(
            SHEETS[kind][english],
            [ListColumn(key, one.zh, one.en) for key, one in columns.items()],
            rows[kind],
            notes=[_NOTES[kind][english]],
        )
        for kind, columns in COLUMNS.items()
    ]
    return tables_workbook(tables, lang=lang, demo=demo, stamp=stamp)


def _line(
    kind: str, key: str | None, year: int | None, value: float | None, *, english: bool
) -> list[Any]:
    about = KINDS[kind]
    # As text: years and numbers stand in one column, each as it is.
    shown = None if value is None else repr(value)
    return [about.en if english else about.zh, key, year, shown, about.unit[english]]


def _lines(book: PlantBook) -> Iterator[tuple[str, str | None, int | None, float | None]]:
    """Give limits and outlook as kind, product, year, value."""
    outlook, limits = book.outlook, book.limits
    yield "first_year", None, None, book.years[0]
    yield "last_year", None, None, book.years[1]
    yield "discount_rate", None, None, outlook.discount_rate
    if limits.peak_year is not None:
        yield "peak_year", None, None, limits.peak_year
    for product in sorted(limits.suspended):
        yield "suspended", product, None, None
    for product, ratio in limits.replacement_ratio.items():
        yield "replacement_ratio", product, None, ratio
    by_year: tuple[tuple[str, Mapping[int, float]], ...] = (
        ("cap", limits.cap_tco2),
        ("budget", limits.budget_cny),
        ("grid_factor", outlook.grid_tco2_per_mwh),
        ("carbon_price", outlook.carbon_price_cny_per_t),
    )
    for kind, years in by_year:
        for year, value in years.items():
            if math.isfinite(value):
                yield kind, None, year, value
    for kind, both in (("demand", limits.demand_t), ("activity", outlook.activity)):
        for (product, year), value in both.items():
            yield kind, product, year, value


def _table(
    grid: Grid, kind: str, problems: list[Problem]
) -> Iterator[tuple[dict[str, Any], dict[str, Where]]]:
    """Give each filled row as typed values by field, with the place of each."""
    columns = COLUMNS[kind]
    names = {plain(n): key for key, one in columns.items() for n in (one.zh, one.en, key)}
    lines = [[names.get(plain(text(c)), "") for c in row] for row in grid.rows[:_TOP]]
    ranks = [len(set(filter(None, line))) for line in lines]
    top = ranks.index(max(ranks)) if ranks else 0
    known = lines[top] if lines else []
    problems += [
        problem("Y422", Where(grid.name, top + 1), one.zh)
        for key, one in columns.items()
        if key not in known
    ]
    for i, key in enumerate(known):
        written = text(grid.rows[top][i])
        if written and (not key or key in known[:i]):
            problems.append(problem("Y423", Where(grid.name, top + 1, i), written))
    for number, row in enumerate(grid.rows[top + 1 :], start=top + 2):
        if not any(text(cell) for cell in row):
            continue
        found: dict[str, Any] = {}
        places: dict[str, Where] = {}
        for key, one in columns.items():
            i = known.index(key) if key in known else len(row)
            places[key] = Where(grid.name, number, i, one.zh)
            cell = row[i] if i < len(row) else None
            found[key] = value_of(cell, one.holds, one.must, one.least, places[key], problems)
        yield found, places


def value_of(
    cell: object,
    holds: str,
    must: bool,
    least: float | None,
    where: Where,
    problems: list[Problem],
) -> Any:
    """Return what a cell says, None with a problem added when it says nothing that can be."""
    written = text(cell)
    if not written:
        if must:
            problems.append(problem("Y424", where, ""))
        return None
    if holds == "text":
        return written
    if holds == "yes":
        said = {**_YES, **_NO}.get(plain(written))
        if said is None:
            problems.append(problem("Y429", where, written))
        return said
    if holds == "year":
        if len(written) == 4 and written.isascii() and written.isdigit():
            return int(written)
        problems.append(problem("Y426", where, written))
        return None
    try:
        value = float(written.replace(",", "").replace("，", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (holds == "count" and not value.is_integer()):
        problems.append(problem("Y425", where, written))
        return None
    if least is not None and value < least:
        problems.append(problem("Y431", where, written, least=least))
        return None
    return int(value) if holds == "count" else value


class _Told:
    """Limits and outlook as the rows of the third sheet tell them."""

    def __init__(self, made: set[str], problems: list[Problem]) -> None:
        self._made, self._problems = made, problems
        self._values: dict[str, dict[tuple[str, int], tuple[Any, Where]]] = {k: {} for k in KINDS}
        self._names = {plain(n): k for k, one in KINDS.items() for n in (k, one.zh, one.en)}

    def add(self, row: Mapping[str, Any], places: Mapping[str, Where]) -> None:
        """Take one row, or say what is wrong with it."""
        problems, name = self._problems, row["kind"] or ""
        kind = self._names.get(plain(name))
        if kind is None:
            if name:
                problems.append(problem("Y427", places["kind"], name))
            return
        about = KINDS[kind]
        for field, needed in (("key", about.key), ("year", about.year)):
            if needed and row[field] is None:
                problems.append(problem("Y424", places[field], ""))
        if about.key and row["key"] and row["key"] not in self._made:
            problems.append(problem("Y434", places["key"], row["key"]))
        if row["unit"] and plain(row["unit"]) not in map(plain, about.unit):
            problems.append(problem("Y428", places["unit"], row["unit"], unit=about.unit[0]))
        value: Any = None
        if about.holds != "nothing":
            value = value_of(
                row["value"], about.holds, True, about.least, places["value"], problems
            )
        at = (row["key"] or "" if about.key else "", row["year"] or 0 if about.year else 0)
        if at in self._values[kind]:
            told = " ".join(str(one) for one in (about.zh, *at) if one)
            problems.append(problem("Y430", places["kind"], told))
        where = places["year"] if about.year else places["value"]
        self._values[kind][at] = (value, where)

    def _one(self, kind: str) -> Any:
        return self._values[kind].get(("", 0), (None, None))[0]

    def _by(self, kind: str) -> dict[tuple[str, int], float]:
        return {at: v for at, (v, _) in self._values[kind].items() if v is not None}

    def _by_year(self, kind: str) -> dict[int, float]:
        return {year: value for (_, year), value in self._by(kind).items()}

    @property
    def limits(self) -> Limits:
        """What has to be kept to."""
        return Limits(
            cap_tco2=self._by_year("cap"),
            budget_cny=self._by_year("budget"),
            peak_year=self._one("peak_year"),
            demand_t=self._by("demand"),
            replacement_ratio={key: v for (key, _), v in self._by("replacement_ratio").items()},
            suspended=frozenset(key for key, _ in self._values["suspended"]),
        )

    @property
    def outlook(self) -> Outlook:
        """What the years bring."""
        return Outlook(
            discount_rate=self._one("discount_rate") or 0.0,
            activity=self._by("activity"),
            grid_tco2_per_mwh=self._by_year("grid_factor"),
            carbon_price_cny_per_t=self._by_year("carbon_price"),
        )

    def finish(self, sheet: str) -> tuple[int, int] | None:
        """Return the years computed; say what is missing and what lies outside them."""
        for kind in ("first_year", "last_year", "discount_rate"):
            if not self._values[kind]:
                self._problems.append(problem("Y432", Where(sheet), KINDS[kind].zh))
        first, last = self._one("first_year"), self._one("last_year")
        if first is None or last is None:
            return None
        for kind in ("cap", "budget", "demand", "peak_year"):
            for (_, year), (value, place) in self._values[kind].items():
                said = value if kind == "peak_year" else year
                if said and not first <= said <= last:
                    self._problems.append(problem("Y433", place, said))
        return first, last


def _relations(
    frames: Mapping[str, pl.DataFrame],
    years: tuple[int, int],
    outlook: Outlook,
    rows: Mapping[str, list[Where]],
) -> list[Problem]:
    """Say what the tables say of each other that cannot be, each at its row of the workbook."""
    try:
        check(frames["facilities"], frames["options"], years, outlook)
    except DataError as error:
        found = []
        for one in error.problems:
            # A name that is not filled in is told by its cell.
            if one.rule not in _RELATIONS or one.value == "None":
                continue
            if one.row is None:
                found.append(one)
                continue
            place = rows[one.sheet][one.row - 1]
            found.append(replace(one, sheet=place.sheet, row=place.row))
        return found
    return []
