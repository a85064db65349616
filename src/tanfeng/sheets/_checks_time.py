"""Checks between periods: slips of unit, jumps, frozen values and carried stocks.

Rows of one file are compared with each other and, where earlier data is given, with that. Only
rows of the file are ever told.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from tanfeng.sheets._checks import EPSILON, Options, Table
from tanfeng.sheets._items import both_names
from tanfeng.sheets._numbers import show

#: kWh or 1e4 kWh, m3 or 1e4 m3, kg or t, CNY or 1e3 CNY.
_SLIPS = (4, 3, -3, -4)
#: Fewer months of one series say nothing about its usual size.
_USUAL = 4
_HISTORY = (
    "consumption_total_qty",
    "opening_stock_qty",
    "closing_stock_qty",
    "purchase_qty",
    "purchase_amount_kcny",
)


def run(table: Table, options: Options) -> None:
    """Run the checks between periods that fit the form."""
    numbers = options.thresholds
    past = _history(options.history)
    if table.form.cumulative:
        if past.height:
            _cumulative(table, past, numbers)
        return
    series = _series(table)
    if not series.height:
        return
    slipped = set(_usual_size(table, series, numbers))
    known = pl.concat([series, _as_series(past)], how="diagonal")
    _year_before(table, known, numbers, slipped)
    if table.form.has_items or table.form.key == "monthly_wide":
        _frozen(table, known, numbers)
    if table.form.has_items:
        _carried(table, past)


def _month_index(period: pl.Expr) -> pl.Expr:
    """Months since year 0; null for whole years."""
    year, month = period.str.slice(0, 4).cast(pl.Int32), period.str.slice(5, 2)
    return year * 12 + month.cast(pl.Int32, strict=False) - 1


def _history(history: pl.DataFrame | None) -> pl.DataFrame:
    empty = {"credit_code": pl.String, "item_key": pl.String, "period": pl.String}
    if history is None:
        return pl.DataFrame(schema=empty | dict.fromkeys(_HISTORY, pl.Float64))
    absent = [name for name in _HISTORY if name not in history.columns]
    return history.with_columns(
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in absent)
    ).select(
        *(pl.col(name).cast(pl.String) for name in empty),
        *(pl.col(name).cast(pl.Float64) for name in _HISTORY),
    )


def _series(table: Table) -> pl.DataFrame:
    """Return the values of the file as series: org, item, t, value, source_row, field."""
    form, frame = table.form, table.frame
    if "period" not in form.fields:
        return pl.DataFrame()
    base = frame.select(
        "source_row",
        pl.col("credit_code").fill_null("") if "credit_code" in form.fields else pl.lit(""),
        t=_month_index(pl.col("period")),
    ).rename({"literal": "credit_code"} if "credit_code" not in form.fields else {})
    if form.has_items:
        values = [("consumption_total_qty", frame["item_key"])]
    elif form.key == "product_output":
        values = [("output_qty", frame["product_name"])]
    elif form.key == "monthly_wide":
        fields = [f for f in form.sums if table.has(f) and not f.endswith("_kcny")]
        values = [(f, pl.repeat(f, frame.height, eager=True)) for f in fields]
    else:
        return pl.DataFrame()
    parts = [
        base.with_columns(
            item=item,
            value=frame[field],
            printed=table.printed(field),
            field=pl.lit(field),
        )
        for field, item in values
    ]
    series = pl.concat(parts) if parts else pl.DataFrame()
    if not series.height:
        return series
    return series.filter(pl.col("t").is_not_null() & pl.col("item").is_not_null())


def _as_series(past: pl.DataFrame) -> pl.DataFrame:
    return past.select(
        "credit_code",
        t=_month_index(pl.col("period")),
        item="item_key",
        value="consumption_total_qty",
    ).filter(pl.col("t").is_not_null())


def _name(table: Table, item: str) -> tuple[str, str]:
    """Return the Chinese and English name of a series: an item, a column, or a product."""
    if item in table.form.fields:
        column = table.form.column(item)
        return column.heading_zh, column.heading_en
    return both_names(item, item)


def _slips(ratio: pl.Expr, within: float) -> pl.Expr:
    """Return the power of ten a ratio is close to, null when it is none of the usual slips."""
    power = ratio.log10().round(0)
    close = (ratio / pl.lit(10.0).pow(power) - 1).abs() <= within + EPSILON
    usual = power.is_in([float(p) for p in _SLIPS])
    return pl.when((ratio > 0) & close & usual).then(power)


def _usual_size(
    table: Table, series: pl.DataFrame, numbers: Mapping[str, float]
) -> Iterator[tuple[int, str]]:
    """Tell values that are a power of ten away from the usual one of their series."""
    group = ["credit_code", "item"]
    positive = series.filter(pl.col("value") > 0)
    usual = positive.with_columns(
        usual=pl.col("value").median().over(group), months=pl.len().over(group)
    ).with_columns(power=_slips(pl.col("value") / pl.col("usual"), numbers["E021.within"]))
    for row in usual.filter(pl.col("power").is_not_null() & (pl.col("months") >= _USUAL)).iter_rows(
        named=True
    ):
        _tell_slip(table, row, "E021m")
        yield row["source_row"], row["field"]


def _tell_slip(table: Table, row: Mapping[str, Any], wording: str) -> None:
    times = 10.0 ** row["power"]
    printed = row["printed"]
    meant = "" if printed is None else show(float(f"{printed / times:.12g}"))
    table.findings.add(
        "E021",
        row["source_row"],
        row["field"],
        text=wording,
        item=_name(table, row["item"]),
        value=printed,
        factor=times,
        suggestion=meant,
    )


def _year_before(
    table: Table,
    known: pl.DataFrame,
    numbers: Mapping[str, float],
    slipped: set[tuple[int, str]],
) -> None:
    """Compare with the same month of the year before; a new plant has none and is not told."""
    group = ["credit_code", "item"]
    before = (
        known.select(*group, t=pl.col("t") + 12, before="value")
        .filter(pl.col("before") > 0)
        .unique([*group, "t"], keep="first", maintain_order=True)
    )
    pairs = known.filter(pl.col("source_row").is_not_null() & (pl.col("value") > 0))
    ratio = pl.col("value") / pl.col("before")
    pairs = pairs.join(before, on=[*group, "t"]).with_columns(
        ratio=ratio, power=_slips(ratio, numbers["E021.within"])
    )
    times = numbers["E020.times"]
    jump = (pl.col("ratio") > times) | (pl.col("ratio") < 1 / times)
    for row in pairs.filter(jump | pl.col("power").is_not_null()).iter_rows(named=True):
        if (row["source_row"], row["field"]) in slipped:
            continue
        if row["power"] is not None:
            _tell_slip(table, row, "")
        else:
            table.findings.add(
                "E020",
                row["source_row"],
                row["field"],
                item=_name(table, row["item"]),
                value=row["value"],
                ratio=float(f"{row['ratio']:.3g}"),
            )


def _frozen(table: Table, known: pl.DataFrame, numbers: Mapping[str, float]) -> None:
    """Tell values that stay the same to the last digit for months running."""
    group = ["credit_code", "item"]
    energy = known.filter(pl.col("field").is_null() | (pl.col("field") != "output_t"))
    ordered = energy.unique([*group, "t"], keep="first", maintain_order=True).sort(*group, "t")
    same = (pl.col("value") == pl.col("value").shift(1)) & (pl.col("t") == pl.col("t").shift(1) + 1)
    runs = ordered.with_columns(start=(~same.fill_null(False)).cum_sum().over(group)).with_columns(
        months=pl.len().over(*group, "start"),
        last=pl.col("t") == pl.col("t").max().over(*group, "start"),
    )
    long = (pl.col("months") >= numbers["E022.months"]) & (pl.col("value") != 0)
    told = runs.filter(long & pl.col("last") & pl.col("source_row").is_not_null())
    for row in told.sort("source_row").iter_rows(named=True):
        table.findings.add(
            "E022",
            row["source_row"],
            row["field"],
            item=_name(table, row["item"]),
            value=row["value"],
            n=row["months"],
        )


def _carried(table: Table, past: pl.DataFrame) -> None:
    """Check that a month opens with the closing stock of the month before."""
    keys = ["credit_code", "item_key"]
    own = table.frame.select(*keys, "period", "closing_stock_qty")
    closing = (
        pl.concat([own, past.select(own.columns)])
        .select(*keys, t=_month_index(pl.col("period")) + 1, previous="closing_stock_qty")
        .filter(pl.col("previous").is_not_null() & pl.col("t").is_not_null())
        .unique([*keys, "t"], keep="first", maintain_order=True)
    )
    opening = table.frame.select(
        *keys, "source_row", "energy_name", "opening_stock_qty", t=_month_index(pl.col("period"))
    ).join(closing, on=[*keys, "t"])
    away = (pl.col("opening_stock_qty") - pl.col("previous")).abs() > EPSILON * (
        pl.max_horizontal(pl.col("previous").abs(), pl.lit(1.0))
    )
    for row in opening.filter(away).iter_rows(named=True):
        table.findings.add(
            "E017",
            row["source_row"],
            "opening_stock_qty",
            text="E017m",
            item=both_names(row["item_key"], row["energy_name"]),
            value=row["opening_stock_qty"],
            previous=row["previous"],
        )


def _cumulative(table: Table, past: pl.DataFrame, numbers: Mapping[str, float]) -> None:
    """Compare a cumulative form with the earlier forms of the same enterprise."""
    period = str(table.head.get("period", ""))
    if len(period) != 7:
        return
    code = table.head.get("credit_code")
    mine = past.filter(pl.col("credit_code") == str(code)) if code else past
    at = int(period[:4]) * 12 + int(period[5:]) - 1
    mine = mine.with_columns(t=_month_index(pl.col("period")))
    by_time = {t: mine.filter(pl.col("t") == t) for t in (at - 1, at - 12, at // 12 * 12 - 1)}
    if at % 12:
        _against_last_month(table, by_time[at - 1])
    _against_year_end(table, by_time[at // 12 * 12 - 1])
    series = table.frame.select(
        "source_row",
        item="item_key",
        value="consumption_total_qty",
        printed=table.printed("consumption_total_qty"),
        field=pl.lit("consumption_total_qty"),
        credit_code=pl.lit(""),
        t=pl.lit(at, dtype=pl.Int32),
    ).filter(pl.col("item").is_not_null())
    year_ago = by_time[at - 12].select(
        credit_code=pl.lit(""),
        t=pl.lit(at - 12, dtype=pl.Int32),
        item="item_key",
        value="consumption_total_qty",
    )
    known = pl.concat([series, year_ago], how="diagonal")
    _year_before(table, known, numbers, set())


def _against_last_month(table: Table, month: pl.DataFrame) -> None:
    joined = table.frame.join(month, on="item_key", suffix="_last")
    for field in ("purchase_qty", "purchase_amount_kcny", "consumption_total_qty"):
        fell = pl.col(field) < pl.col(f"{field}_last") * (1 - EPSILON)
        _tell_pairs(table, "E019", joined.filter(fell), field, f"{field}_last")
    moved = (pl.col("opening_stock_qty") - pl.col("opening_stock_qty_last")).abs() > EPSILON
    _tell_pairs(table, "E018", joined.filter(moved), "opening_stock_qty", "opening_stock_qty_last")


def _against_year_end(table: Table, december: pl.DataFrame) -> None:
    joined = table.frame.join(december, on="item_key", suffix="_last")
    moved = (pl.col("opening_stock_qty") - pl.col("closing_stock_qty_last")).abs() > EPSILON
    _tell_pairs(table, "E017", joined.filter(moved), "opening_stock_qty", "closing_stock_qty_last")


def _tell_pairs(table: Table, rule: str, rows: pl.DataFrame, field: str, before: str) -> None:
    for row in rows.iter_rows(named=True):
        if math.isfinite(row[field]):
            table.findings.add(
                rule,
                row["source_row"],
                field,
                item=both_names(row["item_key"], row["energy_name"]),
                value=row[field],
                previous=row[before],
            )
