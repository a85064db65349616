"""The standards tables as pages need them: common parts, search text, filters, sorting.

Everything here is derived from package data that does not change while the console runs, so it is
made once per table and kept; a page then filters and slices a frame in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl

from tanfeng import standards
from tanfeng.console.library import headings
from tanfeng.console.library.dates import in_force

#: Parts every row has, whatever its table calls the column; stored with a leading ``@``.
PARTS = (
    "id",
    "name_zh",
    "name_en",
    "value",
    "unit",
    "valid_from",
    "valid_to",
    "region",
    "source_doc",
    "confidence",
    "evidence",
    "note",
)
#: Column that tells editions of one key apart, by table.
EDITION = {
    "benchmarks": "edition",
    "coal_rate": "data_year",
    "electricity_heat_factors": "data_year",
    "energy_quota": "standard",
    "fuels": "guideline",
    "item_fuels": "guideline",
    "park_components": "tech_year",
    "sector_drivers": "year",
    "transformers": "standard",
}
#: What to filter by in tables whose rows are looked up by their id, or that have better columns.
_FILTERS = {
    "capacity_replacement": ("sector", "rule_type", "region"),
    "energy_items": ("energy_group", "coef_confidence"),
    "ets": ("scheme", "unit"),
    "industries": ("level", "reporting_scope"),
    "measures": ("sector", "clause", "value_status"),
    "process_factors": ("category",),
    "process_routes": ("sector", "product", "route", "parameter", "item"),
    "tariffs_fujian": ("group", "item", "period", "voltage"),
    "waste_codes": ("system", "level"),
}
#: More values than this make a text box instead of a drop-down.
MOST_OPTIONS = 70
_PAGE_COLUMNS = 9


@dataclass(frozen=True, slots=True)
class Table:
    """One table ready to be shown.

    Parameters
    ----------
    info : TableInfo
        What the sidecar says.
    frame : polars.DataFrame
        The rows as loaded, with ``@<part>`` for every common part and ``@needle`` to search in.
    filters : tuple of str
        Columns the page filters by.
    options : mapping of str to tuple of str
        Values of a filter column that is a drop-down.
    numeric : frozenset of str
        Columns that hold numbers only and sort as such.
    """

    info: standards.TableInfo
    frame: pl.DataFrame
    filters: tuple[str, ...]
    options: Mapping[str, tuple[str, ...]]
    numeric: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns the list shows between name and value."""
        return self.filters[:_PAGE_COLUMNS]

    def column(self, name: str) -> standards.ColumnInfo:
        """Return what the sidecar says about a column."""
        return next(one for one in self.info.columns if one.name == name)

    def heading(self, column: str, lang: str) -> str:
        """Return the heading of a column."""
        return headings.short(self.column(column), lang)

    def codes(self, column: str, lang: str) -> Mapping[str, str]:
        """Return what the codes of a column mean."""
        return headings.codes(self.column(column), lang)


def _parts(info: standards.TableInfo) -> list[pl.Expr]:
    return [info.part(part).alias(f"@{part}") for part in PARTS]


def _is_number(frame: pl.DataFrame, column: str) -> bool:
    cells = frame[column].filter(frame[column] != "")
    return len(cells) > 0 and cells.cast(pl.Float64, strict=False).null_count() == 0


@cache
def table(name: str) -> Table:
    """Return a table ready to be shown.

    Raises
    ------
    StandardError
        If there is no such table or its file was changed.
    """
    info = standards.info(name)
    frame = standards.load(name)
    own = [column for column in info.column_names() if column != "note"]
    frame = frame.with_columns(_parts(info)).with_columns(
        pl.concat_str([*own, "@note", "document"], separator="\n", ignore_nulls=True)
        .str.to_lowercase()
        .alias("@needle")
    )
    keys = tuple(column for column in (*info.key, *info.detail) if column != "id")
    filters = _FILTERS.get(name, keys)
    options = {
        column: tuple(sorted(found, key=_natural))
        for column in filters
        if len(found := frame[column].unique().to_list()) <= MOST_OPTIONS
    }
    numeric = frozenset(column for column in own if _is_number(frame, column))
    return Table(info, frame, filters, options, numeric)


def _natural(text: str) -> tuple[int, float, str]:
    """Sort numbers as numbers, before words; an empty cell first."""
    try:
        return (0, float(text), "") if text else (-1, 0.0, "")
    except ValueError:
        return (1, 0.0, text)


def forget() -> None:
    """Drop what is kept, for a package that was updated and tests that change a table."""
    table.cache_clear()
    resting.cache_clear()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks of a table: words, values per column, sorting.

    Parameters
    ----------
    words : str
        Every word must stand somewhere in the row.
    values : mapping of str to str
        Column -> value (a drop-down) or part of it (a text box).
    confidence : str
        ``confirmed``, ``single``, ``recalled``, or ``override`` for the city's own values.
    document : str
        Document the row rests on, exactly.
    force : str
        ``in_force``, ``coming`` or ``ended`` on ``day``.
    day : date
        The day of ``force``.
    sort : str
        Column, with a minus for descending.
    """

    day: date
    words: str = ""
    values: Mapping[str, str] | None = None
    confidence: str = ""
    document: str = ""
    force: str = ""
    sort: str = ""


def rows(shown: Table, wanted: Wanted, overridden: frozenset[str]) -> pl.DataFrame:
    """Return the rows that fit, sorted.

    Parameters
    ----------
    shown : Table
        The table.
    wanted : Wanted
        Filters and sorting.
    overridden : frozenset of str
        Ids of rows the city's own values win over.
    """
    own = pl.col("@id").is_in(sorted(overridden))
    conditions = [
        pl.col("@needle").str.contains(word.lower(), literal=True) for word in wanted.words.split()
    ]
    for column, value in (wanted.values or {}).items():
        if column in shown.options:
            conditions.append(pl.col(column) == value)
        else:
            conditions.append(
                pl.col(column).str.to_lowercase().str.contains(value.lower(), literal=True)
            )
    if wanted.confidence == "override":
        conditions.append(own)
    elif wanted.confidence:
        conditions.append((pl.col("@confidence") == wanted.confidence) & ~own)
    if wanted.document:
        conditions.append(pl.col("document") == wanted.document)
    frame = shown.frame.filter(*conditions) if conditions else shown.frame
    if wanted.force:
        frame = _by_force(frame, wanted)
    return _sorted(shown, frame, wanted.sort)


def telling(shown: Table, frame: pl.DataFrame) -> list[str]:
    """Return the columns that differ among the rows; one with a single value tells nothing."""
    if frame.height < 2:
        return list(shown.columns)
    return [column for column in shown.columns if frame[column].n_unique() > 1]


def _by_force(frame: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """Keep the rows in force, coming or ended; only the pairs of dates are judged in Python."""
    pairs = frame.select("@valid_from", "@valid_to").unique()
    fits = [in_force(start, end, wanted.day) == wanted.force for start, end in pairs.iter_rows()]
    return frame.join(
        pairs.filter(pl.Series(fits, dtype=pl.Boolean)),
        on=["@valid_from", "@valid_to"],
        how="semi",
        maintain_order="left",
    )


def _sorted(shown: Table, frame: pl.DataFrame, sort: str) -> pl.DataFrame:
    field, descending = sort.removeprefix("-"), sort.startswith("-")
    ranks = {"confirmed": 0, "single": 1, "recalled": 2}
    by: pl.Expr
    if field == "name":
        by = pl.col("@name_zh")
    elif field == "value":
        by = pl.col("value_num")
    elif field == "confidence":
        by = pl.col("@confidence").replace_strict(ranks, default=9)
    elif field in ("valid_from", "unit"):
        by = pl.col(f"@{field}")
    elif field in shown.columns:
        by = pl.col(field)
        if field in shown.numeric:
            by = by.cast(pl.Float64, strict=False)
    else:
        return frame
    return frame.sort(by, descending=descending, nulls_last=True, maintain_order=True)


def row(shown: Table, row_id: str) -> dict[str, str | float | None] | None:
    """Return one row with all its columns, None when there is none."""
    found = shown.frame.filter(pl.col("@id") == row_id)
    return found.row(0, named=True) if found.height else None


def editions(shown: Table, found: Mapping[str, str | float | None]) -> pl.DataFrame:
    """Return the other rows of the same key that differ in the edition only, newest last."""
    edition = EDITION.get(shown.info.name)
    if edition is None:
        return shown.frame.clear()
    keys = [
        column
        for column in (*shown.info.key, *shown.info.detail)
        if column != edition and column != "id"
    ]
    if shown.info.name == "coal_rate":
        keys = ["region"]
    same = [pl.col(column) == found[column] for column in keys]
    return shown.frame.filter(*same, pl.col("@id") != found["@id"]).sort(
        pl.col(edition), maintain_order=True
    )


def documents() -> dict[str, dict[str, int]]:
    """Return document -> table -> number of rows that rest on it, over all tables."""
    counts: dict[str, dict[str, int]] = {}
    for info in standards.tables():
        for name, number in table(info.name).frame["document"].value_counts().iter_rows():
            if name:
                counts.setdefault(name, {})[info.name] = number
    return counts


@cache
def resting() -> Mapping[str, Mapping[str, int]]:
    """Return :func:`documents`, made once."""
    return documents()


def first_dates(name: str, tables: Mapping[str, int]) -> frozenset[str]:
    """Return the dates from which rows of a document are in force."""
    found: set[str] = set()
    for one in tables:
        frame = table(one).frame
        found |= set(frame.filter(pl.col("document") == name)["@valid_from"].to_list())
    return frozenset(found - {""})
