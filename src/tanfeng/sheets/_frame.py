"""From rows of cells to the typed frame of a form, units converted, items resolved."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng import units
from tanfeng.sheets import _cells
from tanfeng.sheets._cells import Context
from tanfeng.sheets._identity import credit_code_problem
from tanfeng.sheets._items import MEMO, by_code, by_name, items
from tanfeng.sheets._numbers import to_unit
from tanfeng.sheets._source import Cell, Grid
from tanfeng.sheets.forms import Column, Form
from tanfeng.sheets.result import MappedColumn

_TIERS = {"计量": "measured", "填报": "reported", "估算": "estimated"}
_BY_ROW = frozenset({"item unit", "row unit"})
#: Share by which kinds may miss their whole; own default, the same as in the account.
PARTS_TOLERANCE = 0.005


@dataclass(slots=True)
class Building:
    """The frame of a form while it is put together.

    Parameters
    ----------
    form : Form
        The form.
    context : Context
        Rows, findings, today.
    columns : dict
        Column of the file counted from 0 -> what it fills.
    cells : dict
        Field -> cells of its column, data rows only.
    head : mapping
        Values stated above the table.
    places : mapping
        Place name -> code.
    """

    form: Form
    context: Context
    columns: dict[int, MappedColumn]
    cells: dict[str, Sequence[Cell]]
    head: Mapping[str, object]
    places: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    printed: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    item_keys: list[str | None] = field(default_factory=list)
    row_units: list[str] = field(default_factory=list)
    row_factors: NDArray[np.float64] = field(default_factory=lambda: np.ones(0))

    @property
    def size(self) -> int:
        """Number of data rows."""
        return len(self.context.rows)


def data_cells(
    grid: Grid, rows: Sequence[int], columns: Mapping[int, MappedColumn], build_form: Form
) -> tuple[dict[str, Sequence[Cell]], list[tuple[str, int, int]]]:
    """Return the cells of every field and the merged number cells.

    Values of cells merged over several rows count for each of them, except numbers: those would
    be counted several times.
    """
    picked = [grid.rows[row] for row in rows]
    turned: Sequence[Sequence[Cell]] = list(zip(*picked, strict=True)) if picked else []
    cells: dict[str, Sequence[Cell]] = {
        found.field: turned[i] if turned else () for i, found in columns.items()
    }
    merged_numbers: list[tuple[str, int, int]] = []
    position = {row: i for i, row in enumerate(rows)} if grid.merges else {}
    for top, left, bottom, _right in grid.merges:
        if bottom == top or left not in columns:
            continue
        inside = [position[row] for row in range(top, bottom + 1) if row in position]
        name = columns[left].field
        if len(inside) < 2:
            continue
        if build_form.column(name).numeric:
            merged_numbers.append((name, inside[0], inside[-1]))
            continue
        filled = list(cells[name])
        for i in inside:
            filled[i] = grid.rows[top][left]
        cells[name] = filled
    return cells, merged_numbers


def build(work: Building) -> pl.DataFrame:
    """Return the typed frame; every finding about a cell goes to the context's findings."""
    form = work.form
    for column in form.columns:
        if not column.numeric:
            work.values[column.key] = _words(work, column)
    _fill_from_head(work)
    _fill_down(work)
    if form.has_items:
        _resolve_items(work)
    _resolve_units(work)
    for column in form.columns:
        if column.numeric:
            _numbers(work, column)
    frame = pl.DataFrame(
        {"source_row": pl.Series(list(work.context.rows), dtype=pl.Int64)}
        | {column.key: _series(work, column) for column in form.columns}
    )
    return frame.with_columns(**_derived(work)).select(list(form.schema()))


def _series(work: Building, column: Column) -> pl.Series:
    values = work.values.get(column.key)
    if values is None:
        return pl.Series(column.key, [None] * work.size, dtype=column.dtype)
    if column.numeric:
        series = pl.Series(column.key, values, dtype=pl.Float64, nan_to_null=True)
        return series.cast(pl.Int64) if column.kind == "int" else series
    return pl.Series(column.key, values, dtype=column.dtype)


def _words(work: Building, column: Column) -> Any:
    cells = work.cells.get(column.key)
    if cells is None:
        return None
    context = work.context
    if column.kind == "period":
        return _cells.periods(cells, column, context)
    if column.kind == "date":
        return _cells.dates(cells, column, context)
    if column.kind == "bool":
        return _cells.yes_no(cells, column, context)
    if column.kind == "enum":
        return _cells.choices(cells, column, context)
    if column.kind == "credit_code":
        return _cells.credit_codes(cells, column, context)
    if column.kind == "industry_code":
        return _cells.industry_codes(cells, column, context)
    if column.kind == "place_code":
        return _cells.place_codes(cells, column, context, work.places)
    return _cells.texts(cells, column, context)


def _fill_from_head(work: Building) -> None:
    for column in work.form.columns:
        stated = work.head.get(column.key)
        if stated is None or column.numeric:
            continue
        findings = work.context.findings
        if column.key in work.cells:
            if column.kind == "credit_code" and not credit_code_problem(str(stated)):
                _fill_codes(work, column, str(stated))
            continue
        if column.kind == "credit_code" and (rule := credit_code_problem(str(stated))):
            findings.add(rule, heading=column.heading_zh, value=stated)
        elif column.key == "period" and work.head.get("is_cumulative"):
            findings.add("X018", heading=column.heading_zh, value=stated)
        work.values[column.key] = [stated] * work.size
        findings.add("X022", heading=column.heading_zh, value=stated)


def _fill_codes(work: Building, column: Column, stated: str) -> None:
    """Write the code of the head into empty cells, unless the rows speak of another enterprise."""
    values, cells = work.values[column.key], work.cells[column.key]
    empty = [i for i in range(work.size) if not _cells.present(cells[i])]
    if not empty or any(value not in (None, stated) for value in values):
        return
    for i in empty:
        values[i] = stated
    work.context.findings.add("X022", heading=column.heading_zh, value=stated)


def _fill_down(work: Building) -> None:
    for name in work.form.fill_down:
        values = work.values.get(name)
        if values is None:
            continue
        column = work.form.column(name)
        for i in range(1, work.size):
            if values[i] is None and not _cells.present(work.cells[name][i]):
                values[i] = values[i - 1]
                if values[i] is not None:
                    work.context.add("X030", i, column, value=values[i])


# ------------------------------------------------------------------------------ items


def _resolve_items(work: Building) -> None:
    """Find the energy item of every row by its code, its name, or both."""
    name_field = next(column.key for column in work.form.columns if column.kind == "item")
    column = work.form.column(name_field)
    names = work.values.get(name_field) or [None] * work.size
    codes = work.values.get("energy_code") or [None] * work.size
    known: dict[tuple[str | None, str | None], str | None] = {}
    keys: list[str | None] = []
    shown: list[str | None] = []
    for i, pair in enumerate(zip(codes, names, strict=True)):
        if pair not in known:
            known[pair] = _item(*pair)
        key = known[pair]
        keys.append(key)
        shown.append(items()[key].name_zh if key else pair[1])
        if not key or (pair[0] and pair[1]):
            _tell_item(work, i, pair, key, column)
    work.item_keys = keys
    work.values[name_field] = shown


def _item(code: str | None, name: str | None) -> str | None:
    named = by_name(name) if name else ""
    return named or (by_code(code) if code else "") or None


def _tell_item(
    work: Building, i: int, pair: tuple[str | None, str | None], key: str | None, column: Column
) -> None:
    code, name = pair
    if not key:
        if code or name:
            work.context.add("X007", i, column, value=name or code)
        return
    coded = by_code(code) if code else ""
    printed = items()[key].printed
    if coded and coded != key and printed:
        known = items()[coded].name_zh
        work.context.add("X008", i, column, value=name, code=code, known=known)


# ------------------------------------------------------------------------------ units


def _resolve_units(work: Building) -> None:
    """Find the unit of every row and the factor from the unit written there to it.

    Rows of energy items and of listed materials are read in the unit of the item, rows of products
    in the canonical form of their own unit, rows of a form with fixed units in that unit.
    """
    form = work.form
    if "unit_zh" not in form.fields:
        return
    written = work.values.get("unit_zh")
    spellings: list[str | None] = written or [None] * work.size
    if form.has_items:
        work.row_units = [items()[key].unit if key else "" for key in work.item_keys]
        if written is None and work.size:
            work.context.findings.add("X014")
    elif form.item_units:
        named = work.values.get("item") or [None] * work.size
        work.row_units = [form.item_units.get(name or "", "") for name in named]
    elif any(column.unit == "row unit" for column in form.columns):
        work.row_units = [_canonical(text) for text in spellings]
    else:
        fixed = next(column.unit for column in form.columns if column.unit)
        work.row_units = [fixed] * work.size
    work.row_factors = _factors(work, spellings, tell=True)


def _canonical(text: str | None) -> str:
    known = units.canonical_units(text) if text else ()
    return next((unit for unit in known if unit != "tCO2"), text or "")


def _factors(work: Building, spellings: Sequence[str | None], *, tell: bool) -> NDArray[np.float64]:
    column = work.form.column("unit_zh")
    known: dict[tuple[str, str], float] = {}
    factors = np.ones(work.size)
    for i, (spelling, unit) in enumerate(zip(spellings, work.row_units, strict=True)):
        if not spelling or not unit or spelling == unit:
            continue
        pair = (spelling, unit)
        if pair not in known:
            found = to_unit(spelling, unit)
            known[pair] = math.nan if found is None else found
        if known[pair] != 1.0:
            factors[i] = known[pair]
            if tell:
                _tell_unit(work, i, spelling, unit, known[pair], column)
    return factors


def _tell_unit(
    work: Building, i: int, spelling: str, unit: str, factor: float, column: Column
) -> None:
    if not math.isnan(factor):
        heading = column.heading_zh
        work.context.add("S011", i, column, value=spelling, unit=spelling, heading=heading)
        return
    key = work.item_keys[i] if work.item_keys else None
    item = items()[key] if key else None
    name = (item.name_zh, item.name_en) if item else ("", "")
    expected = (item.unit_zh, item.unit) if item else (unit, unit)
    rule = "X005" if units.canonical_units(spelling) else "X006"
    work.context.add(rule, i, column, value=spelling, item=name, expected=expected)


def _numbers(work: Building, column: Column) -> None:
    mapped = next((c for c in work.columns.values() if c.field == column.key), None)
    if mapped is None:
        return
    cells = work.cells[column.key]
    factors: NDArray[np.float64] | None = None
    row_units: Sequence[str] | None = None
    behind = work.form.splits.get(column.key)
    if behind and behind not in work.cells:
        values, texts = _cells.amounts(cells, column, work.context, factor=mapped.factor or 1.0)
        work.values[behind] = texts
    else:
        if work.row_units and (column.unit in _BY_ROW or by_unit_column(work.form, mapped)):
            factors, row_units = _row_factors(work, mapped), work.row_units
        values = _cells.numbers(
            cells,
            column,
            work.context,
            unit=column.unit,
            factor=mapped.factor,
            row_units=row_units,
            row_factors=factors,
            heading_unit=mapped.unit,
        )
    work.printed[column.key] = values / ((mapped.factor or 1.0) if factors is None else factors)
    if column.kind == "int":
        values = _cells.whole(values, column, work.context)
    work.values[column.key] = values


def by_unit_column(form: Form, mapped: MappedColumn) -> bool:
    """Tell whether the unit column of the rows decides the factor of a column of fixed unit."""
    return not form.has_items and mapped.factor is None and not mapped.unit


def _row_factors(work: Building, mapped: MappedColumn) -> NDArray[np.float64]:
    """Return the factors of the rows; where the row names no unit the heading does."""
    written = work.values.get("unit_zh")
    if not mapped.unit or (written and all(written)):
        return work.row_factors
    spellings = [text or mapped.unit for text in written or [None] * work.size]
    return _factors(work, spellings, tell=False)


# ------------------------------------------------------------------------------ derived


def _derived(work: Building) -> dict[str, pl.Series]:
    schema = work.form.schema()
    derived: dict[str, pl.Series] = {}
    if "item_key" in schema:
        derived["item_key"] = pl.Series(work.item_keys, dtype=pl.String)
        derived["is_part"] = pl.repeat(False, work.size, eager=True)
        derived["is_counted"] = pl.repeat(True, work.size, eager=True)
    if "unit" in schema:
        derived["unit"] = pl.Series([unit or None for unit in work.row_units], dtype=pl.String)
    if "year" in schema:
        periods = work.values.get("period") or [None] * work.size
        derived["year"] = pl.Series([int(p[:4]) if p else None for p in periods], dtype=pl.Int32)
        derived["month"] = pl.Series(
            [int(p[5:7] or 0) if p else None for p in periods], dtype=pl.Int8
        )
    if "tier" in schema:
        sources = work.values.get("data_source") or [None] * work.size
        derived["tier"] = pl.Series(
            [_TIERS.get(s or "填报", "reported") for s in sources], dtype=pl.String
        )
    return derived


def mark_parts(frame: pl.DataFrame, form: Form, context: Context) -> pl.DataFrame:
    """Mark rows that are part of another row, and those to leave out of the account.

    ``is_part`` says that a row is part of another row of the same enterprise and period. Kinds
    that add up to their whole stay: the account then counts the kinds. Kinds that do not, and
    sub-amounts of electricity, are left out: the whole is what was reported.
    """
    column = next(column for column in form.columns if column.kind == "item")
    parts = _parts(frame, [key for key in form.key_fields if key != "item_key"])
    for row in parts.filter(pl.col("filled")).iter_rows(named=True):
        part, parent = items()[row["item_key"]], items()[row["parent"]]
        rule = "X024" if part.key in MEMO else "X023" if row["complete"] else "X039"
        context.findings.add(
            rule,
            row["source_row"],
            column.key,
            value=part.name_zh,
            item=(part.name_zh, part.name_en),
            parent=(parent.name_zh, parent.name_en),
        )
    left_out = parts.filter(~pl.col("complete"))["source_row"]
    return frame.with_columns(
        is_part=pl.col("source_row").is_in(parts["source_row"].implode()),
        is_counted=~pl.col("source_row").is_in(left_out.implode()),
    )


def _parts(frame: pl.DataFrame, group: list[str]) -> pl.DataFrame:
    """Return the rows that are part of another, and whether the parts make up the whole."""
    parents = {item.key: item.parent for item in items().values() if item.parent}
    parents |= dict.fromkeys(MEMO, "electricity")
    units_of = {key: items()[key].unit for key in (*parents, *parents.values())}
    named = ("consumption_total_qty", "industrial_consumption_qty")
    used = next(name for name in named if name in frame.columns)
    rows = (
        frame.select(
            "source_row",
            *group,
            "item_key",
            used,
            filled=pl.any_horizontal(pl.col("^.*_qty$").is_not_null()),
        )
        .filter(pl.col("item_key").is_in(list(parents)))
        .with_columns(parent=pl.col("item_key").replace_strict(parents, default=None))
    )
    wholes = frame.select(*group, parent="item_key", whole=used).unique(
        [*group, "parent"], keep="first", maintain_order=True
    )
    memo = pl.col("item_key").is_in(list(MEMO))
    same_unit = pl.col("item_key").replace_strict(units_of, default="") == pl.col(
        "parent"
    ).replace_strict(units_of, default="")
    joined = rows.join(
        wholes.with_columns(known=True), on=[*group, "parent"], how="left", nulls_equal=True
    )
    total = (
        pl.col(used).sum().over(*group, "parent") if group else pl.col(used).sum().over("parent")
    )
    close = (total - pl.col("whole")).abs() <= PARTS_TOLERANCE * pl.col("whole").abs()
    complete = (close & same_unit & ~memo).fill_null(False)
    return joined.with_columns(complete=complete).filter(pl.col("known").is_not_null() | memo)
