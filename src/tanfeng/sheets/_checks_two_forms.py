"""Forms 205-1 and 205-2 of one enterprise and month beside each other: E026, E029, E030.

They are compared where both lie in one file; the console reads the other form again where it was
taken in before. What a form leaves open is no data and is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from tanfeng.errors import Problem
from tanfeng.sheets._checks import EPSILON
from tanfeng.sheets._findings import problem
from tanfeng.sheets._items import both_names, items
from tanfeng.sheets._numbers import scaled, written
from tanfeng.sheets._tables import threshold_values
from tanfeng.sheets.result import ReadResult

#: Rules of this module, in the order of the list of checks.
RULES = ("E026", "E029", "E030")
_USED, _INPUT = "industrial_consumption_qty", "conversion_input_qty"
_TOTAL, _BOUGHT, _OUTPUT = "consumption_total_qty", "purchase_qty", "conversion_output_qty"


def told(
    results: Sequence[ReadResult], thresholds: Mapping[str, float] | None = None
) -> Iterator[tuple[int, Problem]]:
    """Yield the sheet and the finding for what the two forms of a month contradict each other in.

    Parameters
    ----------
    results : sequence of ReadResult
        The sheets of a file.
    thresholds : mapping, optional
        ``E026.tolerance`` [unit of the item], ``E029.tolerance`` [1], ``E029.least`` [tce].
    """
    numbers = threshold_values(thresholds)
    first, second = _by_month(results, "stat_205_1"), _by_month(results, "stat_205_2")
    for month in first.keys() & second.keys():
        here, there = first[month], second[month]
        one, two = results[here], results[there]
        for found in _below_the_input(one, two, numbers):
            yield there, found
        for found in (*_comprehensive(one, two, numbers), *_own_power(one, two)):
            yield here, found


def _by_month(results: Sequence[ReadResult], form: str) -> dict[tuple[str, str], int]:
    """Return enterprise and month -> the first sheet of a form; a head may leave both open."""
    found: dict[tuple[str, str], int] = {}
    for i, one in enumerate(results):
        if one.form is not None and one.form.key == form and one.accepted.height:
            who = str(one.head.get("credit_code") or one.head.get("org_name") or "")
            found.setdefault((who, str(one.head.get("period") or "")), i)
    return found


def _told(
    rule: str, result: ReadResult, row: int | None, field: str, value: float, **values: Any
) -> Problem:
    place = next((one for one in result.columns if one.field == field), None)
    return problem(
        rule,
        sheet=result.sheet,
        row=row,
        letter=place.letter if place else "",
        heading=place.heading if place else "",
        value=value,
        **values,
    )


def _good(result: ReadResult) -> pl.DataFrame:
    """Return the rows without an error, those too that are part of another."""
    return result.frame.filter(
        pl.col("item_key").is_not_null() & ~pl.col("source_row").is_in(sorted(result.bad_rows))
    )


def _rows(result: ReadResult, *fields: str, parts: bool = False) -> pl.DataFrame:
    """Return item, row, coefficient and fields; what is part of another row only if asked for."""
    frame = _good(result).filter(pl.lit(parts) | ~pl.col("is_part"))
    reference = {key: item.reference for key, item in items().items()}
    return frame.filter(
        ~pl.col("item_key").is_in(["total", "green_power", "self_gen_power"])
    ).select(
        "item_key",
        "energy_name",
        "source_row",
        *fields,
        k=pl.coalesce(
            "coef_used_tce",
            pl.col("item_key").replace_strict(reference, default=None, return_dtype=pl.Float64),
        ),
    )


def _below_the_input(
    one: ReadResult, two: ReadResult, numbers: Mapping[str, float]
) -> Iterator[Problem]:
    """E026: what goes into conversion is part of industrial use."""
    used = _rows(one, _USED, parts=True).select("item_key", _USED)
    both = _rows(two, _INPUT, parts=True).join(used, on="item_key")
    room = numbers["E026.tolerance"] + EPSILON * pl.col(_INPUT).abs()
    for row in both.filter(pl.col(_INPUT) - pl.col(_USED) > room).iter_rows(named=True):
        item = both_names(row["item_key"], row["energy_name"])
        yield _told(
            "E026", two, row["source_row"], _INPUT, row[_INPUT], item=item, limit=row[_USED]
        )


def _comprehensive(
    one: ReadResult, two: ReadResult, numbers: Mapping[str, float]
) -> Iterator[Problem]:
    """E029: comprehensive energy = industrial use - output of conversion - recovery, all in tce."""
    said = written(str(one.head.get("comprehensive_energy_tce") or ""))
    stated = scaled(said, "tce", "tce", 1.0) if said.sort == "number" else None
    rows = _rows(two, _OUTPUT, "conversion_output_tce", "recovery_qty")
    output = pl.coalesce("conversion_output_tce", pl.col(_OUTPUT) * pl.col("k"))
    used = _sum(_rows(one, _USED), pl.col(_USED), pl.col(_USED) * pl.col("k"))
    made = _sum(rows, pl.coalesce("conversion_output_tce", _OUTPUT), output)
    recovered = _sum(rows, pl.col("recovery_qty"), pl.col("recovery_qty") * pl.col("k"))
    if stated is None or used is None or made is None or recovered is None:
        return
    calc = used - made - recovered
    if abs(stated - calc) > max(numbers["E029.tolerance"] * abs(calc), numbers["E029.least"]):
        yield _told("E029", one, None, "", stated, a=used, b=made, c=recovered, calc=calc)


def _sum(rows: pl.DataFrame, told: pl.Expr, tce: pl.Expr) -> float | None:
    """Add amounts up in standard coal, None when one that is told has no coefficient."""
    amounts = rows.select(told=told, tce=tce).filter(pl.col("told").fill_null(0.0) != 0)
    return None if amounts["tce"].null_count() else float(amounts["tce"].sum())


def _own_power(one: ReadResult, two: ReadResult) -> Iterator[Problem]:
    """E030: who uses more electricity than it buys makes some."""
    power = pl.col("item_key") == "electricity"
    makes = _rows(two, _OUTPUT).filter(power & (pl.col(_OUTPUT) > 0)).height
    marked = (
        _good(one)
        .filter((pl.col("item_key") == "self_gen_power") & (pl.col(_TOTAL).fill_null(0.0) > 0))
        .height
    )
    if makes or marked:
        return
    more = pl.col(_TOTAL) > pl.col(_BOUGHT) + EPSILON * pl.col(_BOUGHT).abs()
    for row in _rows(one, _TOTAL, _BOUGHT).filter(power & more).iter_rows(named=True):
        yield _told("E030", one, row["source_row"], _TOTAL, row[_TOTAL])
