"""Checks of energy rows: balance, parts, coefficients, prices; and the totals of form 205-1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from tanfeng.sheets import _checks_conversion
from tanfeng.sheets._checks import EPSILON, Table, total_values
from tanfeng.sheets._items import both_names, items
from tanfeng.sheets._numbers import show
from tanfeng.sheets._tables import rows

_COAL_KINDS = ("anthracite", "coking_coal", "steam_coal", "lignite")
_POWERS = (1, 2, 3, 4, -1, -2, -3, -4)
#: Slips a price shows: amount in CNY instead of 1e3 CNY, quantity in kWh, m3, kg or 1e4 t.
_PRICE_POWERS = (3, 4, -3, -4)


def run(table: Table, numbers: Mapping[str, float]) -> None:
    """Run the checks of energy rows."""
    frame = table.frame
    table.frame = frame.join(_facts(numbers), on="item_key", how="left", maintain_order="left")
    try:
        if "consumption_total_qty" not in table.form.fields:
            _coefficients(table, numbers)
            _checks_conversion.run(table, numbers)
            return
        _balance(table, numbers)
        _parts(table, numbers)
        _coefficients(table, numbers)
        _purchases(table)
        _green(table)
    finally:
        table.frame = frame
    if table.form.layout == "grid":
        _coal(table, numbers)
        _total_row(table, numbers)


@lru_cache(maxsize=1)
def _price_rules() -> Mapping[str, str]:
    """Item -> rule of its price range."""
    return {
        row["expression"].split(":")[0]: row["check_id"]
        for row in rows("checks.csv")
        if row["kind"] == "price_range"
    }


def _facts(numbers: Mapping[str, float]) -> pl.DataFrame:
    """Return what the standard and the rules say of every item."""
    known = list(items().values())
    rules = [_price_rules().get(item.key) for item in known]
    return pl.DataFrame(
        {
            "item_key": [item.key for item in known],
            "_low": [item.low for item in known],
            "_high": [item.high for item in known],
            "_reference": [item.reference for item in known],
            "_stock": [item.stock for item in known],
            "_price_rule": rules,
            "_price_low": [numbers.get(f"{rule}.low") for rule in rules],
            "_price_high": [numbers.get(f"{rule}.high") for rule in rules],
        },
        schema_overrides={
            "_low": pl.Float64,
            "_high": pl.Float64,
            "_reference": pl.Float64,
            "_price_rule": pl.String,
            "_price_low": pl.Float64,
            "_price_high": pl.Float64,
        },
    )


def _column(table: Table, field: str) -> pl.Expr:
    if field in table.form.fields:
        return pl.col(field)
    return pl.lit(None, dtype=pl.Float64)


def _balance(table: Table, numbers: Mapping[str, float]) -> None:
    """Check that opening + purchase + own production - use - supply + adjustment = closing."""
    rule = "E001" if table.form.layout == "grid" else "E002"
    opening, closing = pl.col("opening_stock_qty"), pl.col("closing_stock_qty")
    bought, used = pl.col("purchase_qty"), pl.col("consumption_total_qty")
    made = _column(table, "own_production_qty")
    given, adjusted = _column(table, "transfer_out_qty"), _column(table, "stock_adjustment_qty")
    # Without a source of the energy, or without the stocks of something that can be stored,
    # there is nothing to balance: no data is not zero.
    known = used.is_not_null() & (bought.is_not_null() | made.is_not_null())
    stocks = (opening.is_not_null() & closing.is_not_null()) | ~pl.col("_stock")
    calc = _zero(opening) + _zero(bought) + _zero(made) - used - _zero(given) + _zero(adjusted)
    diff = calc - _zero(closing)
    size = pl.max_horizontal(used.abs(), calc.abs(), pl.lit(1.0))
    room = numbers[f"{rule}.tolerance"] * used.abs() + EPSILON * size
    for row in table.flagged(known & stocks & (diff.abs() > room), _calc=calc, _diff=diff):
        table.findings.add(
            rule,
            row["source_row"],
            item=both_names(row["item_key"], row["energy_name"]),
            opening=row["opening_stock_qty"] or 0.0,
            purchase=row["purchase_qty"] or 0.0,
            consumption=row["consumption_total_qty"],
            closing=row["closing_stock_qty"] or 0.0,
            calc=row["_calc"],
            diff=row["_diff"],
        )
    stored = (_zero(opening) != 0) | (_zero(closing) != 0)
    for row in table.flagged(~pl.col("_stock") & stored):
        field = "opening_stock_qty" if row["opening_stock_qty"] else "closing_stock_qty"
        table.findings.add(
            "E010",
            row["source_row"],
            field,
            item=both_names(row["item_key"], row["energy_name"]),
            value=row[field],
        )


def _zero(value: pl.Expr) -> pl.Expr:
    return value.fill_null(0.0)


def _parts(table: Table, numbers: Mapping[str, float]) -> None:
    total, feedstock = pl.col("consumption_total_qty"), pl.col("feedstock_qty")
    if table.form.layout != "grid":
        _more_than(table, "E004", feedstock, "feedstock_qty", "consumption_total_qty", "E004m")
        return
    made_of = pl.col("industrial_consumption_qty") + _zero(pl.col("non_industrial_consumption_qty"))
    room = numbers["E003.tolerance"] + EPSILON * total.abs()
    for row in table.flagged((total - made_of).abs() > room, _calc=made_of):
        table.findings.add(
            "E003",
            row["source_row"],
            "consumption_total_qty",
            item=both_names(row["item_key"], row["energy_name"]),
            value=row["consumption_total_qty"],
            calc=row["_calc"],
        )
    _more_than(table, "E004", feedstock, "feedstock_qty", "industrial_consumption_qty")
    _more_than(table, "E005", pl.col("transport_qty"), "transport_qty", "consumption_total_qty")


def _more_than(
    table: Table, rule: str, part: pl.Expr, field: str, whole: str, wording: str = ""
) -> None:
    room = EPSILON * pl.col(whole).abs()
    for row in table.flagged(part > pl.col(whole) + room):
        table.findings.add(
            rule,
            row["source_row"],
            field,
            text=wording,
            item=both_names(row["item_key"], row["energy_name"]),
            value=row[field],
            limit=row[whole],
        )


def _coefficients(table: Table, numbers: Mapping[str, float]) -> None:
    used, reference = pl.col("coef_used_tce"), pl.col("_reference")
    width = numbers["E012.within"]
    power = (used / reference).log10().round(0)
    slip = ((used / reference) / pl.lit(10.0).pow(power) - 1).abs() <= width + EPSILON
    slip &= power.is_in([float(p) for p in _POWERS]) & (used > 0)
    flagged = set()
    for row in table.flagged(slip, _power=power):
        flagged.add(row["source_row"])
        times = 10.0 ** row["_power"]
        value = row["coef_used_tce"]
        table.findings.add(
            "E012",
            row["source_row"],
            "coef_used_tce",
            item=both_names(row["item_key"], row["energy_name"]),
            value=value,
            factor=times,
            suggestion=show(value / times),
        )
    power_row = pl.col("item_key") == "electricity"
    away = power_row & ((used - reference).abs() > numbers["E013.tolerance"] + EPSILON)
    for row in table.flagged(away):
        if row["source_row"] not in flagged:
            table.findings.add(
                "E013",
                row["source_row"],
                "coef_used_tce",
                value=row["coef_used_tce"],
                suggestion=show(row["_reference"]),
            )
    edge = EPSILON * used.abs()
    outside = ~power_row & ((used < pl.col("_low") - edge) | (used > pl.col("_high") + edge))
    for row in table.flagged(outside):
        if row["source_row"] not in flagged:
            table.findings.add(
                "E011",
                row["source_row"],
                "coef_used_tce",
                item=both_names(row["item_key"], row["energy_name"]),
                value=row["coef_used_tce"],
                low=row["_low"],
                high=row["_high"],
            )


# ------------------------------------------------------------------------------ purchases


def _purchases(table: Table) -> None:
    bought, amount = pl.col("purchase_qty"), pl.col("purchase_amount_kcny")
    if table.has("purchase_amount_kcny"):
        for row in table.flagged((bought > 0) & (amount.is_null() | (amount == 0))):
            table.findings.add(
                "E014",
                row["source_row"],
                "purchase_amount_kcny",
                item=both_names(row["item_key"], row["energy_name"]),
            )
    unused = _zero(pl.col("consumption_total_qty")) == 0
    same = pl.col("closing_stock_qty") == pl.col("opening_stock_qty")
    for row in table.flagged((bought > 0) & unused & same):
        table.findings.add(
            "E015",
            row["source_row"],
            "consumption_total_qty",
            item=both_names(row["item_key"], row["energy_name"]),
        )
    price = amount * 1000 / bought
    low, high = pl.col("_price_low"), pl.col("_price_high")
    edge = EPSILON * price
    outside = (bought > 0) & (amount > 0) & ((price < low - edge) | (price > high + edge))
    for row in table.flagged(outside, _price=price):
        _price(table, row)


def slip_of(price: float, low: float, high: float) -> int | None:
    """Return the power of ten a price outside its range is off by; None unless exactly one fits."""
    powers = [power for power in _PRICE_POWERS if low <= price / 10.0**power <= high]
    return powers[0] if len(powers) == 1 else None


def _price(table: Table, row: Mapping[str, Any]) -> None:
    price, low, high = (float(str(row[key])) for key in ("_price", "_price_low", "_price_high"))
    name, at = both_names(row["item_key"]), row["source_row"]
    power = slip_of(price, low, high)
    if power is not None:
        # Amounts slip by a thousand upwards; every other factor comes from the quantity.
        field = "purchase_amount_kcny" if power == 3 else "purchase_qty"
        printed = table.printed(field)[table.frame["source_row"].index_of(at) or 0]
        meant = printed / 1000 if power == 3 else printed * 10.0**power
        table.findings.add(
            "V900", at, field, item=name, value=printed, factor=10.0**power, suggestion=show(meant)
        )
        return
    item = items()[row["item_key"]]
    table.findings.add(
        row["_price_rule"],
        at,
        "purchase_amount_kcny",
        text="V",
        item=name,
        value=float(f"{price:.4g}"),
        unit=f"元/{item.unit_zh}",
        unit_en=f"CNY/{item.unit}",
        low=low,
        high=high,
    )


def _green(table: Table) -> None:
    if not table.has("green_power_1e4kwh"):
        return
    green = pl.col("green_power_1e4kwh")
    electric = pl.col("item_key") == "electricity"
    used = pl.col("consumption_total_qty")
    for row in table.flagged(electric & (green > used + EPSILON * used.abs())):
        table.findings.add(
            "E031", row["source_row"], "green_power_1e4kwh", value=row["green_power_1e4kwh"]
        )
    for row in table.flagged(~electric & (green > 0)):
        table.findings.add(
            "X036",
            row["source_row"],
            "green_power_1e4kwh",
            item=both_names(row["item_key"], row["energy_name"]),
        )


# ------------------------------------------------------------------------------ form 205-1


def _quantities(table: Table) -> list[str]:
    return [c.key for c in table.form.columns if c.key.endswith("_qty") and table.has(c.key)]


def _coal(table: Table, numbers: Mapping[str, float]) -> None:
    """Check that raw coal is the sum of its four kinds, column by column."""
    parent = table.frame.filter(pl.col("item_key") == "raw_coal")
    kinds = table.frame.filter(pl.col("item_key").is_in(list(_COAL_KINDS)))
    if parent.height != 1:
        return
    for field in (*_quantities(table), "purchase_amount_kcny"):
        values = kinds[field].drop_nulls().to_list()
        value = parent[field][0]
        if values and value is not None:
            calc = math.fsum(values)
            if abs(calc - value) > numbers["E006.tolerance"] + EPSILON * abs(value):
                row = parent["source_row"][0]
                table.findings.add("E006", row, field, value=value, calc=calc)


def _total_row(table: Table, numbers: Mapping[str, float]) -> None:
    """Check the energy total against items times coefficients, parts not added again."""
    whole = table.frame.filter(~pl.col("is_part"))
    for row, printed in total_values(table):
        for field in _quantities(table):
            if field not in printed:
                continue
            calc = float((whole[field] * whole["coef_used_tce"]).sum())
            room = max(numbers["E007.tolerance"] * abs(calc), numbers["E007.least"])
            if abs(calc - printed[field]) > room:
                table.findings.add("E007", row, field, value=printed[field], calc=calc)
        amount = printed.get("purchase_amount_kcny")
        if amount is not None:
            calc = float(whole["purchase_amount_kcny"].sum())
            if abs(calc - amount) > numbers["E008.tolerance"]:
                table.findings.add("E008", row, "purchase_amount_kcny", value=amount, calc=calc)
