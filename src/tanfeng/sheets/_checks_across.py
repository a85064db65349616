"""Checks between sheets and between forms: the same row told twice, energy against output.

Sheets of one file are compared with each other by :func:`across`. :func:`compared` sets energy
beside output wherever both come from, so that a console can ask it about what it already holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from tanfeng import standards
from tanfeng.errors import Problem
from tanfeng.sheets import _checks_two_forms
from tanfeng.sheets._findings import problem
from tanfeng.sheets._items import both_names, items
from tanfeng.sheets._tables import threshold_values
from tanfeng.sheets.forms import Form
from tanfeng.sheets.result import ReadResult

#: A month of an enterprise, as a month's own figures or as the sum since January.
PERIOD = ("credit_code", "year", "month", "cumulative")
_ENERGY = pl.Schema(
    {
        "credit_code": pl.String,
        "year": pl.Int64,
        "month": pl.Int64,
        "cumulative": pl.Boolean,
        "item_key": pl.String,
        "consumption_total_qty": pl.Float64,
        "own_production_qty": pl.Float64,
        "coef_used_tce": pl.Float64,
    }
)
_OUTPUT = pl.Schema(
    {
        "credit_code": pl.String,
        "year": pl.Int64,
        "month": pl.Int64,
        "cumulative": pl.Boolean,
        "output_qty": pl.Float64,
        "gross_output_kcny": pl.Float64,
    }
)
_OUTPUT_ROWS = pl.Schema([*_OUTPUT.items(), ("source_row", pl.Int64)])
_GRAVE = {"error": 0, "warning": 1, "info": 2}


def with_problems(
    result: ReadResult, more: Iterable[Problem], *, repeated: Iterable[int] = ()
) -> ReadResult:
    """Return a result with further findings, in the order of the list."""
    added = list(more)
    if not added:
        return result
    counts = dict(result.counts)
    for one in added:
        counts[one.severity] = counts.get(one.severity, 0) + 1
    listed = sorted(
        [*added, *result.problems],
        key=lambda p: (p.row or 0, _GRAVE[p.severity], len(p.column), p.column, p.rule),
    )
    bad = {one.row for one in added if one.severity == "error" and one.row}
    return replace(
        result,
        problems=tuple(listed),
        counts=counts,
        bad_rows=result.bad_rows | bad,
        repeated=result.repeated | set(repeated),
    )


def across(
    results: Sequence[ReadResult], *, thresholds: Mapping[str, float] | None = None
) -> tuple[ReadResult, ...]:
    """Compare the sheets of one file with each other.

    Parameters
    ----------
    results : sequence of ReadResult
        The sheets, in the order of the book.
    thresholds : mapping, optional
        Numbers of the rules.

    Returns
    -------
    tuple of ReadResult
        The same sheets with what the comparison found: rows told on two sheets (an error where
        the values differ, else taken once), output that does not go with the energy, and forms
        205-1 and 205-2 that contradict each other.
    """
    found: dict[int, list[Problem]] = defaultdict(list)
    repeated: dict[int, set[int]] = defaultdict(set)
    for sheet, one, again in _told_twice(results):
        found[sheet].append(one)
        if again:
            repeated[sheet].add(one.row or 0)
    clean = tuple(
        with_problems(result, found[i], repeated=repeated[i]) for i, result in enumerate(results)
    )
    crossed: dict[int, list[Problem]] = defaultdict(list)
    for sheet, one in _energy_and_output(clean, thresholds):
        crossed[sheet].append(one)
    for sheet, one in _checks_two_forms.told(clean, thresholds):
        crossed[sheet].append(one)
    return tuple(with_problems(result, crossed[i]) for i, result in enumerate(clean))


# ------------------------------------------------------------------------------ told twice


def _told_twice(results: Sequence[ReadResult]) -> Iterator[tuple[int, Problem, bool]]:
    """Yield sheet, finding and whether it only repeats, for rows that stand on two sheets."""
    by_form: dict[str, list[int]] = defaultdict(list)
    for i, result in enumerate(results):
        if result.form is not None and result.accepted.height:
            by_form[result.form.key].append(i)
    for numbers in by_form.values():
        form = results[numbers[0]].form
        if len(numbers) < 2 or form is None:
            continue
        keys = ["_code", "_period", *(k for k in form.key_fields)]
        keys = list(dict.fromkeys(keys))
        every = pl.concat([_with_head(results[i], i) for i in numbers])
        known = every.filter(pl.all_horizontal(pl.col(form.key_fields).is_not_null()))
        twice = known.filter(pl.col("_sheet").n_unique().over(keys) > 1)
        for _, rows in twice.sort("_sheet", "source_row").group_by(keys, maintain_order=True):
            yield from _one_row_twice(form, rows, results)


def _with_head(result: ReadResult, sheet: int) -> pl.DataFrame:
    head = result.head
    return result.accepted.with_columns(
        _sheet=pl.lit(sheet),
        _code=pl.lit(str(head.get("credit_code") or head.get("org_name") or "")),
        _period=pl.lit(str(head.get("period") or head.get("year") or "")),
    ).with_columns(
        # Where every row says whose it is and when, the head of the sheet adds nothing.
        *([pl.lit("").alias("_code")] if "credit_code" in result.frame.columns else []),
        *([pl.lit("").alias("_period")] if "period" in result.frame.columns else []),
    )


def _one_row_twice(
    form: Form, rows: pl.DataFrame, results: Sequence[ReadResult]
) -> Iterator[tuple[int, Problem, bool]]:
    left_out = {"org_name", "remark", "seq", "unit_zh", *form.key_fields}
    same = rows.select([name for name in form.fields if name not in left_out]).n_unique() == 1
    first = rows.row(0, named=True)
    name = " ".join(str(first[key]) for key in form.key_fields if first[key])
    zh, en = both_names(first.get("item_key"), first.get("product_name") or name)
    if "period" in form.key_fields:
        zh, en = f"{first['period']} {zh}", f"{first['period']} {en}"
    for i, row in enumerate(rows.iter_rows(named=True)):
        if same and i == 0:
            continue
        other = rows.row(0 if i else 1, named=True)
        sheet = row["_sheet"]
        told = problem(
            "X043" if same else "X042",
            sheet=results[sheet].sheet,
            row=other["source_row"],
            item=(zh, en),
            other=results[other["_sheet"]].sheet,
        )
        yield sheet, replace(told, row=row["source_row"]), same


# ------------------------------------------------------------------------------ energy and output


def energy_of(result: ReadResult) -> pl.DataFrame:
    """Return the energy a sheet tells by enterprise, month and item, in the unit of the item."""
    key = result.form.key if result.form else ""
    if key not in ("monthly_energy", "stat_205_1"):
        return pl.DataFrame(schema=_ENERGY)
    return _shaped(_placed(result), _ENERGY)


def output_of(result: ReadResult) -> pl.DataFrame:
    """Return the output a sheet tells, by enterprise and month; ``source_row`` last."""
    if result.form is None or result.form.key != "product_output":
        return pl.DataFrame(schema=_OUTPUT_ROWS)
    return _shaped(_placed(result), _OUTPUT_ROWS)


def _placed(result: ReadResult) -> pl.DataFrame:
    """Write enterprise and month of the head on rows that do not say them."""
    frame = result.accepted
    if "year" not in frame.columns:
        period = str(result.head.get("period") or "")
        year = int(period[:4]) if period[:4].isdigit() else None
        month = (int(period[5:7]) if len(period) >= 7 else 12) if year else None
        frame = frame.with_columns(
            year=pl.lit(year, dtype=pl.Int64), month=pl.lit(month, dtype=pl.Int64)
        )
    if "credit_code" not in frame.columns:
        code = result.head.get("credit_code")
        frame = frame.with_columns(credit_code=pl.lit(code, dtype=pl.String))
    cumulative = bool(result.form and result.form.cumulative)
    return frame.with_columns(cumulative=pl.lit(cumulative))


def _shaped(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )


def compared(
    energy: pl.DataFrame,
    output: pl.DataFrame,
    *,
    thresholds: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Set energy beside output by enterprise and month.

    Parameters
    ----------
    energy : polars.DataFrame
        ``credit_code``, ``year``, ``month``, ``cumulative``, ``item_key``,
        ``consumption_total_qty``, ``own_production_qty`` [unit of the item] and
        ``coef_used_tce`` [tce per unit].
    output : polars.DataFrame
        ``credit_code``, ``year``, ``month``, ``cumulative``, ``output_qty`` [unit of the row]
        and ``gross_output_kcny`` [1e3 CNY]; several rows of one month are added up.
    thresholds : mapping, optional
        ``E025.low``, ``E025.high``, ``E025.months``.

    Returns
    -------
    polars.DataFrame
        One row per finding: the four columns of a period, ``rule``, ``value`` and ``mean``.
        E023: gross output but no electricity. E024: no output but energy. E025: energy per gross
        output [tce per 1e4 CNY] outside its usual range, the mean of the twelve months before.
    """
    numbers = threshold_values(thresholds)
    both = _used(energy).join(_made(output), on=list(PERIOD), how="inner")
    nothing = pl.lit(None, dtype=pl.Float64)
    parts = [
        both.filter((pl.col("gross") > 0) & (pl.col("electricity") == 0)).select(
            *PERIOD, rule=pl.lit("E023"), value=nothing, mean=nothing
        ),
        both.filter((pl.col("idle")) & (pl.col("used") > 0)).select(
            *PERIOD, rule=pl.lit("E024"), value=nothing, mean=nothing
        ),
        _intensity(both, numbers),
    ]
    return pl.concat(parts).sort(*PERIOD, "rule")


def _used(energy: pl.DataFrame) -> pl.DataFrame:
    """Add up the energy of a month by reference coefficients, own production taken off."""
    known = items()
    table = standards.load("energy_items").select(
        "item_key",
        "secondary",
        reference=pl.col("item_key").replace_strict(
            {key: item.reference for key, item in known.items()}, return_dtype=pl.Float64
        ),
    )
    parents = {item.key: item.parent for item in known.values() if item.parent}
    whole = pl.col("item_key").replace_strict(parents, default=None)
    present = energy.select(*PERIOD, whole="item_key").unique()
    rows = (
        _shaped(energy, _ENERGY)
        .filter(
            pl.col("consumption_total_qty").is_not_null()
            & ~pl.col("item_key").is_in(["total", "green_power", "self_gen_power"])
        )
        .with_columns(whole=whole)
        .join(present, on=[*PERIOD, "whole"], how="anti", nulls_equal=False)
        .join(table, on="item_key", how="left")
    )
    own = pl.when(pl.col("secondary") == "yes").then(pl.col("own_production_qty")).fill_null(0.0)
    is_power = pl.col("item_key") == "electricity"
    k = pl.when(is_power).then("reference").otherwise(pl.coalesce("coef_used_tce", "reference"))
    amount = pl.col("consumption_total_qty") - own
    power = pl.col("consumption_total_qty").filter(is_power)
    return rows.group_by(PERIOD).agg(
        # Without a coefficient for everything used the sum is unknown, not smaller.
        tce=pl.when((k.is_null() & (amount != 0)).any()).then(None).otherwise((amount * k).sum()),
        used=pl.col("consumption_total_qty").max(),
        electricity=pl.when(power.len() > 0).then(power.sum()),
    )


def _made(output: pl.DataFrame) -> pl.DataFrame:
    gross, amount = pl.col("gross_output_kcny"), pl.col("output_qty")
    return (
        _shaped(output, _OUTPUT)
        .group_by(PERIOD)
        .agg(
            gross=pl.when(gross.is_not_null().any()).then(gross.sum()),
            amount=pl.when(amount.is_not_null().any()).then(amount.sum()),
        )
        .with_columns(
            idle=pl.when(pl.col("gross").is_not_null())
            .then(pl.col("gross") == 0)
            .otherwise(pl.col("amount") == 0)
        )
    )


def _intensity(both: pl.DataFrame, numbers: Mapping[str, float]) -> pl.DataFrame:
    """Compare energy per gross output with the mean of the twelve months before."""
    months = both.filter(
        ~pl.col("cumulative") & (pl.col("month") > 0) & (pl.col("gross") > 0) & (pl.col("tce") > 0)
    ).with_columns(value=pl.col("tce") / pl.col("gross") * 10.0)
    at = pl.col("year") * 12 + pl.col("month")
    months = months.with_columns(at=at)
    before = months.select("credit_code", before=pl.col("at"), other=pl.col("value"))
    gap = pl.col("at") - pl.col("before")
    means = (
        months.join(before, on="credit_code")
        .filter((gap >= 1) & (gap <= 12))
        .group_by("credit_code", "at")
        .agg(mean=pl.col("other").mean(), n=pl.len())
        .filter(pl.col("n") >= numbers["E025.months"])
    )
    share = pl.col("value") / pl.col("mean")
    edge = 1e-9
    outside = (share < numbers["E025.low"] - edge) | (share > numbers["E025.high"] + edge)
    return (
        months.join(means, on=["credit_code", "at"])
        .filter(outside)
        .select(*PERIOD, rule=pl.lit("E025"), value="value", mean="mean")
    )


def _energy_and_output(
    results: Sequence[ReadResult], thresholds: Mapping[str, float] | None
) -> Iterator[tuple[int, Problem]]:
    energy = pl.concat([energy_of(one) for one in results])
    outputs = [output_of(one).with_columns(sheet=pl.lit(i)) for i, one in enumerate(results)]
    output = pl.concat(outputs)
    if energy.is_empty() or output.is_empty():
        return
    found = compared(energy, output, thresholds=thresholds)
    places = output.unique([*PERIOD], keep="first", maintain_order=True)
    told = found.join(places, on=list(PERIOD), maintain_order="left")
    for row in told.iter_rows(named=True):
        result = results[row["sheet"]]
        yield row["sheet"], output_problem(result, row)


def output_problem(result: ReadResult, row: Mapping[str, Any]) -> Problem:
    """Return a finding of :func:`compared` at the output it speaks of."""
    wanted = ("gross_output_kcny", "output_qty")
    if row["rule"] == "E024" and row["gross_output_kcny"] is None:
        wanted = wanted[::-1]
    place = next((c for name in wanted for c in result.columns if c.field == name), None)
    value = row["value"] if row["rule"] == "E025" else row.get(place.field if place else "")
    return problem(
        row["rule"],
        sheet=result.sheet,
        row=row["source_row"],
        letter=place.letter if place else "",
        heading=place.heading if place else "",
        value="" if value is None else round(value, 6) if isinstance(value, float) else value,
        mean=None if row["mean"] is None else round(row["mean"], 6),
    )
