"""Checks of a form that look at more than one cell: one call runs all that fit the form."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.sheets import _cells
from tanfeng.sheets._findings import Findings
from tanfeng.sheets._frame import Building
from tanfeng.sheets._items import both_names
from tanfeng.sheets._numbers import is_nil, show, written
from tanfeng.sheets._rows import Rows
from tanfeng.sheets._source import Grid, letter
from tanfeng.sheets.forms import Column, Form
from tanfeng.sheets.result import MappedColumn

#: Room for the last bit of a float, so that a value equal to its limit passes.
EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Options:
    """What the checks may lean on.

    Parameters
    ----------
    thresholds : mapping
        Numbers of the rules by name.
    today : date
        Today in the city.
    history, register : polars.DataFrame or None
        Earlier data and known enterprises, see :func:`tanfeng.sheets.read`.
    """

    thresholds: Mapping[str, float]
    today: dt.date
    history: pl.DataFrame | None = None
    register: pl.DataFrame | None = None


@dataclass(slots=True)
class Table:
    """A form after its cells were read.

    Parameters
    ----------
    form : Form
        The form.
    frame : polars.DataFrame
        Its values.
    columns : dict
        Column of the file -> field.
    building : Building
        Cells and printed numbers, row by row as in the frame.
    rows : Rows
        Kinds of rows.
    grid : Grid
        The sheet.
    head : mapping
        What stands above the table.
    repeated : set of int
        Rows that say again what a row above them said; filled by the checks.
    """

    form: Form
    frame: pl.DataFrame
    columns: Mapping[int, MappedColumn]
    building: Building
    rows: Rows
    grid: Grid
    head: Mapping[str, object]
    repeated: set[int] = field(default_factory=set)

    @property
    def findings(self) -> Findings:
        """Where findings go."""
        return self.building.context.findings

    def has(self, *fields: str) -> bool:
        """Tell whether the file has a column for every field."""
        return all(name in self.building.cells for name in fields)

    def flagged(self, condition: pl.Expr, **more: pl.Expr) -> Iterator[dict[str, Any]]:
        """Yield the rows where a condition holds, as mappings, with further expressions."""
        held = self.frame.with_columns(**more) if more else self.frame
        yield from held.filter(condition).iter_rows(named=True)

    def printed(self, field: str) -> pl.Series:
        """Return the numbers of a field in the unit of the file, for suggestions."""
        values = self.building.printed.get(field, np.full(self.frame.height, math.nan))
        return pl.Series(values, dtype=pl.Float64, nan_to_null=True)


def run(table: Table, options: Options) -> None:
    """Run every check that fits the form."""
    from tanfeng.sheets import _checks_energy, _checks_registers, _checks_time

    for column in table.form.columns:
        if table.has(column.key):
            _required(table, column)
            if column.numeric:
                _bounds(table, column)
    _duplicates(table)
    _names(table, options)
    if table.form.layout != "grid":
        _totals(table, options)
    if not table.frame.height:
        return
    if table.form.has_items:
        _checks_energy.run(table, options.thresholds)
    _checks_time.run(table, options)
    _checks_registers.run(table, options.thresholds)


# ------------------------------------------------------------------------------ single fields


def _required(table: Table, column: Column) -> None:
    if column.required == "no":
        return
    field = column.key
    cells = table.building.cells[field]
    missing = table.frame["item_key" if column.kind == "item" else field].is_null()
    filled = _filled(table)
    for i in missing.arg_true().to_list():
        cell = cells[i]
        empty = not _cells.present(cell) or (isinstance(cell, str) and is_nil(cell))
        if column.kind == "item" and table.has("energy_code"):
            empty = empty and not _cells.present(table.building.cells["energy_code"][i])
        row = table.frame["source_row"][i]
        if column.required == "key" and empty:
            table.findings.add("X004", row, field)
        elif column.required == "wanted" and not _cells.present(cell) and filled[i]:
            table.findings.add("S005", row, field)


def _filled(table: Table) -> pl.Series:
    """Rows that hold any number beside coefficients; the printed rows of a grid often do not."""
    fields = [c.key for c in table.form.columns if c.numeric and not c.key.startswith("coef_")]
    if not table.form.has_items or not fields:
        return pl.repeat(True, table.frame.height, eager=True)
    return table.frame.select(pl.any_horizontal(pl.col(fields).is_not_null())).to_series()


def _bounds(table: Table, column: Column) -> None:
    field = column.key
    value = pl.col(field)
    if column.low == 0:
        below = "X009" if column.high is not None else "E009"
        below = "Q004" if field == "run_hours" else below
        for row in table.flagged(value < 0):
            table.findings.add(
                below, row["source_row"], field, **_span(column), value=row[field], item=_item(row)
            )
    elif column.low is not None:
        for row in table.flagged(value < column.low):
            _outside(table, column, row)
    if column.high is not None:
        for row in table.flagged(value > column.high):
            _outside(table, column, row)
    if column.kind == "int" and column.choices:
        allowed = [int(choice) for choice in column.choices]
        for row in table.flagged(value.is_not_null() & ~value.is_in(allowed)):
            listed = "/".join(column.choices)
            table.findings.add("X003", row["source_row"], field, value=row[field], choices=listed)
    if column.kind == "percent":
        _ratio(table, column)


def _span(column: Column) -> dict[str, str]:
    low, high = column.low, column.high
    return {
        "low": "" if low is None else show(low),
        "high": "∞" if high is None else show(high),
    }


def _outside(table: Table, column: Column, row: Mapping[str, Any]) -> None:
    if column.key == "run_hours":
        table.findings.add("Q004", row["source_row"], column.key, value=row[column.key])
        return
    # Bounds of the shared tables are one source or memory: told, but never in the way.
    severity = None if column.confidence in ("own", "confirmed") else "warning"
    table.findings.add(
        "X009",
        row["source_row"],
        column.key,
        **_span(column),
        value=row[column.key],
        severity=severity,
    )


def _ratio(table: Table, column: Column) -> None:
    highest = table.frame[column.key].max()
    if not isinstance(highest, float) or highest <= 1:
        return
    for row in table.flagged((pl.col(column.key) > 0) & (pl.col(column.key) <= 1)):
        value = row[column.key]
        table.findings.add(
            "S009", row["source_row"], column.key, value=value, suggestion=show(value * 100)
        )


def _item(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a row is about, with a blank behind it, in Chinese and English."""
    written = next((row[k] for k in ("product_name", "waste_name") if row.get(k)), "")
    zh, en = both_names(row.get("item_key"), row.get("energy_name") or written)
    return (f"{zh} ", f"{en} ") if zh else ("", "")


# ------------------------------------------------------------------------------ whole rows


def _duplicates(table: Table) -> None:
    form = table.form
    keys = [key for key in form.key_fields if table.frame[key].null_count() < table.frame.height]
    if len(keys) < len([key for key in form.key_fields if key != "credit_code"]) or not keys:
        return
    seen = table.frame.filter(pl.all_horizontal(pl.col(keys).is_not_null()))
    twice = seen.filter(pl.len().over(keys) > 1)
    left_out = {"source_row", "org_name", "remark", "seq", "unit_zh", *keys}
    compared = [name for name in form.fields if name not in left_out]
    for _, rows in twice.group_by(keys, maintain_order=True):
        numbers = rows["source_row"].to_list()
        if rows.select(compared).n_unique() == 1:
            table.repeated.update(numbers[1:])
            for row in numbers[1:]:
                table.findings.add("X021", row, first=numbers[0])
        elif form.key == "two_high_list":
            for row in numbers[1:]:
                table.findings.add("P003", row, "project_name", value=numbers[0], other=numbers[0])
        else:
            _contradict(table, rows)


def _contradict(table: Table, rows: pl.DataFrame) -> None:
    """Tell rows of one key with different values; none of them is taken."""
    first = rows.row(0, named=True)
    key = " ".join(str(first[key]) for key in table.form.key_fields if first[key])
    zh, en = (name.strip() for name in _item(first))
    numbers = rows["source_row"].to_list()
    for i, row in enumerate(numbers):
        other = numbers[0] if i else numbers[1]
        places = {"row1": min(row, other), "row2": max(row, other)}
        table.findings.add("E016", row, item=(zh or key, en or key), **places)


def same_name(name: str) -> str:
    """Return a name for comparison: half-width, no blanks, no brackets, one form of 有限公司."""
    text = "".join(unicodedata.normalize("NFKC", name).split())
    return text.replace("(", "").replace(")", "").replace("有限责任公司", "有限公司")


def _names(table: Table, options: Options) -> None:
    """Check that names and credit codes belong together, each pair once."""
    fields = table.form.fields
    if "credit_code" not in fields or "org_name" not in fields:
        return
    pairs = (
        table.frame.filter(pl.col("credit_code").is_not_null())
        .group_by("credit_code", "org_name", maintain_order=True)
        .agg(pl.col("source_row").min())
    )
    known: dict[str, tuple[str, set[str]]] = {}
    for row in options.register.iter_rows(named=True) if options.register is not None else ():
        listed = [row["org_name"], *str(row.get("former_names") or "").split(";")]
        known[row["credit_code"]] = (row["org_name"], {same_name(n) for n in listed if n})
    registered = options.register is not None
    owners: dict[str, tuple[str, int]] = {}
    for code, name, row in pairs.iter_rows():
        if registered and code not in known and table.form.key != "enterprise_archive":
            table.findings.add("X031", row, "credit_code", value=code)
        if not name:
            continue
        alike = same_name(name)
        first, names = known.setdefault(code, (name, {alike}))
        if alike not in names:
            table.findings.add("I004", row, "org_name", value=name, name=name, known=first)
            names.add(alike)
        owner, at = owners.setdefault(alike, (code, row))
        if owner != code:
            table.findings.add("X029", row, "org_name", value=name, name=name, row1=at, row2=row)


# ------------------------------------------------------------------------------ total rows


def _totals(table: Table, options: Options) -> None:
    """Recompute total and subtotal rows from the numbers as printed."""
    tolerance = options.thresholds["S003.tolerance"]
    for i, found in table.columns.items():
        if not table.form.column(found.field).numeric:
            continue
        running = _running(table, found.field)
        start = 0
        for row, kind, before in table.rows.totals:
            printed = _printed_total(table, row, i, found)
            if printed is not None and running is not None:
                whole, segment = running[before], running[before] - running[start]
                room = tolerance * abs(printed) + EPSILON * max(abs(printed), 1)
                if min(abs(whole - printed), abs(segment - printed)) > room:
                    calc = float(whole if kind == "total" else segment)
                    table.findings.add("S003", row + 1, found.field, value=printed, calc=calc)
            start = before


def _running(table: Table, field: str) -> NDArray[np.float64] | None:
    """Return running sums of the printed numbers, starting with 0; None where sums mean nothing."""
    weight = table.form.sums.get(field)
    if weight is None:
        return None
    values = table.printed(field)
    if weight and table.has(weight):
        values = values * table.frame[weight]
    return np.concatenate([[0.0], np.nancumsum(values.to_numpy())])


def _printed_total(table: Table, row: int, column: int, found: MappedColumn) -> float | None:
    """Return the number in a total row, in the unit of the file; an error there is told."""
    cell = table.grid.rows[row][column]
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    if not isinstance(cell, str) or not cell.strip():
        return None
    said = written(cell)
    if said.sort == "error":
        table.findings.add(
            "S006", row + 1, letter=letter(column), heading=found.heading, value=cell
        )
    if said.sort != "number" or said.value is None or said.unit:
        return None
    return None if said.scale_word else said.value


def total_values(table: Table) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the total rows with the numbers printed in them."""
    for row, _kind, _before in table.rows.totals:
        numbers: dict[str, float] = {}
        for i, found in table.columns.items():
            if table.form.column(found.field).numeric:
                value = _printed_total(table, row, i, found)
                if value is not None:
                    numbers[found.field] = value
        yield row + 1, numbers
