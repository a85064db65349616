"""Checks of the other forms: motors, two-high projects, solid waste, output, the wide table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from tanfeng.sheets._checks import EPSILON, Table
from tanfeng.sheets._convert import electricity_is_bought
from tanfeng.sheets.meter_list import behind_transformer, meter_item


def run(table: Table, numbers: Mapping[str, float]) -> None:
    """Run the checks of the form, if it has some of its own."""
    check = _CHECKS.get(table.form.key)
    if check:
        check(table, numbers)


# ------------------------------------------------------------------------------ motors


@lru_cache(maxsize=1)
def preferred_powers() -> tuple[float, ...]:
    """Return the rated powers of the motor standard, in kW."""
    from tanfeng import standards

    powers = standards.load("motors")["rated_power_kw"]
    return tuple(sorted({float(text) for text in powers if text}))


def _motors(table: Table, numbers: Mapping[str, float]) -> None:
    for row in table.frame.iter_rows(named=True):
        at, number = row["source_row"], row["equipment_no"] or ""
        if re.search(r"[/、]", number) or number.count("#") > 1:
            table.findings.add("M009", at, "equipment_no", value=number)
        power = row["rated_power_kw"]
        within = numbers["Q001.within"] + EPSILON
        if power and all(abs(power / p - 1) > within for p in preferred_powers()):
            table.findings.add("Q001", at, "rated_power_kw", value=power)
        poles = re.search(r"-(2|4|6|8|10|12)$", row["model"] or "")
        if poles and row["poles"] and int(poles[1]) != row["poles"]:
            table.findings.add("Q002", at, "poles", value=row["model"], suggestion=poles[1])


# ------------------------------------------------------------------------------ two-high


def _two_high(table: Table, numbers: Mapping[str, float]) -> None:
    used: dict[str, dict[str, Any]] = {"project_code": {}, "replacement_source": {}}
    for row in table.frame.iter_rows(named=True):
        _order_of_dates(table, row)
        _energy_values(table, row, numbers)
        _procedures(table, row)
        at = row["source_row"]
        code, source = row["project_code"], row["replacement_source"]
        if code and not re.fullmatch(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", code):
            table.findings.add("P004", at, "project_code", value=code)
        if code and used["project_code"].setdefault(code, at) != at:
            table.findings.add(
                "P003", at, "project_code", value=code, other=used["project_code"][code]
            )
        if source and used["replacement_source"].setdefault(source, at) != at:
            other = used["replacement_source"][source]
            table.findings.add("P007", at, "replacement_source", value=source, other=other)


def _later(first: str | None, second: str | None) -> bool:
    """Tell whether the first date is later, compared as precisely as both are known."""
    if not first or not second:
        return False
    length = min(len(first), len(second))
    return first[:length] > second[:length]


def _order_of_dates(table: Table, row: Mapping[str, Any]) -> None:
    wanted = ("energy_review_on", "eia_on", "start_month", "actual_production")
    dates: dict[str, str | None] = {key: row[key] for key in wanted}
    begun = "start_month" if dates["start_month"] else "actual_production"
    late = [key for key in ("energy_review_on", "eia_on") if _later(dates[key], dates[begun])]
    if begun == "start_month" and _later(dates["start_month"], dates["actual_production"]):
        late.append("start_month")
    for key in late:
        place = "actual_production" if key == "start_month" else begun
        column = table.form.column(key)
        name = (column.heading_zh, column.heading_en)
        table.findings.add("P001", row["source_row"], place, value=dates[place], column=name)


def _energy_values(table: Table, row: Mapping[str, Any], numbers: Mapping[str, float]) -> None:
    equiv, equal = row["energy_equiv_tce"], row["energy_equal_tce"]
    for field, value in (("energy_equiv_tce", equiv), ("energy_equal_tce", equal)):
        if isinstance(value, float) and not numbers["P005.low"] <= value <= numbers["P005.high"]:
            table.findings.add("P005", row["source_row"], field, value=value)
    if not isinstance(equiv, float) or not isinstance(equal, float):
        return
    division = str(row["industry_class"] or row["industry_division"] or "")[:2]
    wrong = equal > equiv if division == "44" else equal < equiv
    if wrong:
        table.findings.add(
            "M001", row["source_row"], "energy_equal_tce", value=equal, equal=equal, equiv=equiv
        )


def _procedures(table: Table, row: Mapping[str, Any]) -> None:
    needed = [key for key in ("approval_no", "energy_review_no", "eia_no") if table.has(key)]
    if row["procedures_complete"] and any(row[key] is None for key in needed):
        table.findings.add("P002", row["source_row"], "procedures_complete", value="是")
    acted = row["disposal"] in ("整改", "停建", "退出") and row["deadline"]
    if row["efficiency_level"] == "低于基准水平" and not acted:
        table.findings.add("P006", row["source_row"], "disposal", value=row["disposal"] or "")


# ------------------------------------------------------------------------------ waste

_WAYS = (
    ("own_use_t", "own_use_way"),
    ("out_use_t", "out_use_way"),
    ("own_disposal_t", "own_disposal_way"),
    ("out_disposal_t", "out_disposal_way"),
)


def _waste(table: Table, numbers: Mapping[str, float]) -> None:
    left = pl.sum_horizontal(*(pl.col(amount).fill_null(0.0) for amount, _ in _WAYS))
    before = pl.col("opening_stock_t") + pl.col("generated_t").fill_null(0.0)
    diff = before - left - pl.col("stock_t")
    known = pl.col("opening_stock_t").is_not_null() & pl.col("stock_t").is_not_null()
    room = numbers["W001.tolerance"] + EPSILON * before.abs()
    for row in table.flagged(known & (diff.abs() > room), _left=left, _diff=diff):
        table.findings.add(
            "W001",
            row["source_row"],
            waste=row["waste_name"] or row["waste_code"],
            a=row["opening_stock_t"],
            b=row["generated_t"] or 0.0,
            c=row["_left"],
            d=row["stock_t"],
            diff=row["_diff"],
        )
    for row in table.frame.iter_rows(named=True):
        code = (row["waste_code"] or "").upper()
        name = row["waste_name"] or code
        if code and not re.fullmatch(r"SW\d{2}|\d{3}-\d{3}-S\d{2}", code):
            grave = (
                "error"
                if code.startswith("HW") or ("-" in code and code.endswith("-49"))
                else "warning"
            )
            table.findings.add("W004", row["source_row"], "waste_code", value=code, severity=grave)
        for amount, way in _WAYS:
            if table.has(amount, way) and (row[amount] or 0) > 0 and not row[way]:
                table.findings.add("W006", row["source_row"], way, waste=name)


# ------------------------------------------------------------------------------ output


def _output(table: Table, numbers: Mapping[str, float]) -> None:
    for row in table.flagged(pl.col("value_added_kcny") <= 0):
        table.findings.add(
            "X025", row["source_row"], "value_added_kcny", value=row["value_added_kcny"]
        )
    more = pl.col("value_added_kcny") > pl.col("gross_output_kcny")
    for row in table.flagged(more):
        table.findings.add(
            "X037",
            row["source_row"],
            "value_added_kcny",
            value=row["value_added_kcny"],
            limit=row["gross_output_kcny"],
        )


def _wide(table: Table, numbers: Mapping[str, float]) -> None:
    energy = [
        name
        for name in table.form.sums
        if not name.endswith("_kcny") and name not in ("output_t", "self_use_pv_1e4kwh")
    ]
    stopped = (pl.col("output_t") == 0) & pl.any_horizontal(pl.col(energy) > 0)
    for row in table.flagged(stopped):
        table.findings.add("E024", row["source_row"], "output_t", text="E024m", value=0.0)
    if electricity_is_bought(table.columns.values()):
        return
    for row in table.flagged(pl.col("self_use_pv_1e4kwh") > pl.col("electricity_1e4kwh")):
        table.findings.add(
            "X038",
            row["source_row"],
            "self_use_pv_1e4kwh",
            value=row["self_use_pv_1e4kwh"],
            limit=row["electricity_1e4kwh"],
        )


# ------------------------------------------------------------------------------ meters


def _meters(table: Table, numbers: Mapping[str, float]) -> None:
    serials: dict[tuple[str, str], int] = {}
    for row in table.frame.iter_rows(named=True):
        at, item = row["source_row"], meter_item(row["energy_name"])
        if row["energy_name"] and not item:
            table.findings.add("X007", at, "energy_name", value=row["energy_name"])
        first, last = row["verified_on"], row["valid_until"]
        if first and last and last <= first:
            table.findings.add("K001", at, "valid_until", value=last)
        serial = ((row["manufacturer"] or "").strip(), (row["serial_no"] or "").strip())
        if serial[1] and serials.setdefault(serial, at) != at:
            table.findings.add("K002", at, "serial_no", value=serial[1])
        _multiplier(table, row, item)


def _multiplier(table: Table, row: Mapping[str, Any], item: str) -> None:
    at, given = row["source_row"], row["multiplier"]
    if given is not None and given <= 0:
        table.findings.add("X044", at, "multiplier", value=given)
    if given is not None or item != "electricity" or (row["expression"] or "").strip():
        return
    if behind_transformer(row):
        table.findings.add(
            "K003", at, "multiplier", text="K003m", value=row["meter_name"] or row["meter_no"],
            severity="error",
        )  # fmt: skip
    else:
        table.findings.add("K003", at, "multiplier")


_CHECKS: Mapping[str, Callable[[Table, Mapping[str, float]], None]] = {
    "equip_motor": _motors,
    "two_high_list": _two_high,
    "waste_t2": _waste,
    "product_output": _output,
    "monthly_wide": _wide,
    "meter_list": _meters,
}
