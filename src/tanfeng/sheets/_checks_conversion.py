"""Checks of form 205-2: what goes into conversion, what comes out of it, what is recovered.

The form is read and checked, not kept. Where form 205-1 of the same month lies in the same file,
:mod:`tanfeng.sheets._checks_two_forms` compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tanfeng.sheets._checks import EPSILON, Table
from tanfeng.sheets._items import both_names

_TOTAL, _OUTPUT = "conversion_input_qty", "conversion_output_qty"
_OUTPUT_TCE, _COEFFICIENT = "conversion_output_tce", "coef_used_tce"


def run(table: Table, numbers: Mapping[str, float]) -> None:
    """Run the checks of form 205-2; ``_reference`` is the reference coefficient of the item."""
    _sum_of_inputs(table, numbers)
    _within_consumption(table)
    _standard_coal(table, numbers)
    _efficiency(table, numbers)


def _sum_of_inputs(table: Table, numbers: Mapping[str, float]) -> None:
    parts = [name for name in table.form.fields if name.startswith("input_") and table.has(name)]
    if not parts or not table.has(_TOTAL):
        return
    total = pl.col(_TOTAL)
    told = pl.any_horizontal(pl.col(parts).is_not_null())
    calc = pl.sum_horizontal(pl.col(name).fill_null(0.0) for name in parts)
    room = numbers["E027.tolerance"] + EPSILON * total.abs()
    for row in table.flagged(told & ((total - calc).abs() > room), _calc=calc):
        table.findings.add(
            "E027",
            row["source_row"],
            _TOTAL,
            item=both_names(row["item_key"], row["energy_name"]),
            value=row[_TOTAL],
            calc=row["_calc"],
        )


def _within_consumption(table: Table) -> None:
    used = pl.col("industrial_consumption_qty")
    for row in table.flagged(pl.col(_TOTAL) > used + EPSILON * used.abs()):
        table.findings.add(
            "X045",
            row["source_row"],
            _TOTAL,
            item=both_names(row["item_key"], row["energy_name"]),
            value=row[_TOTAL],
            limit=row["industrial_consumption_qty"],
        )


def _standard_coal(table: Table, numbers: Mapping[str, float]) -> None:
    """Compare the output in standard coal with the output times the coefficient of the row."""
    calc = pl.col(_OUTPUT) * pl.col(_COEFFICIENT)
    room = numbers["X046.tolerance"] * calc.abs() + EPSILON
    for row in table.flagged((pl.col(_OUTPUT_TCE) - calc).abs() > room, _calc=calc):
        table.findings.add(
            "X046",
            row["source_row"],
            _OUTPUT_TCE,
            item=both_names(row["item_key"], row["energy_name"]),
            value=row[_OUTPUT_TCE],
            calc=row["_calc"],
        )


def _efficiency(table: Table, numbers: Mapping[str, float]) -> None:
    """Compare all that comes out with all that goes in, by the coefficients of the rows.

    The form says which process an input goes into, not which an output comes from: only the
    whole can be judged.
    """
    coefficient = pl.coalesce(_COEFFICIENT, "_reference")
    rows = table.frame.filter(~pl.col("is_part")).select(
        given=pl.col(_TOTAL), made=pl.col(_OUTPUT), k=coefficient
    )
    if rows.filter(pl.col("given").fill_null(0.0) > 0, pl.col("k").is_null()).height:
        return
    given, made = (float((rows[name] * rows["k"]).sum()) for name in ("given", "made"))
    if not given or not made:
        return
    share = 100.0 * made / given
    low, high = numbers["E028.low"], numbers["E028.high"]
    if not low <= share <= high:
        table.findings.add(
            "E028",
            process=("加工转换合计", "conversion as a whole"),
            value=round(share, 1),
            low=low,
            high=high,
        )
