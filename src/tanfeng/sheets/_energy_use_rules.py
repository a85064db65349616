"""The rules the form tables print beside single columns and rows of tables 2 to 4.

They hold by construction for what the tables are filled with from records and lines, and are run
all the same: a report is handed in after a person has changed it, and another filler may come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tanfeng.sheets._items import items
from tanfeng.sheets._numbers import show
from tanfeng.sheets.energy_use import EnergyUse, balance_rows, columns

_LEAST = 1e-6
Name = tuple[str, str]
Line = Mapping[str, Any]
#: Row of the table, and what is wrong in it in both languages.
Found = tuple[Name, str, str]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule found; ``ran`` is false where no row has the cells it needs."""

    check: str
    table: str
    ran: bool
    found: Sequence[Found]
    why_zh: str = "没有该栏数据"
    why_en: str = "the column has no data"


def column_rules(report: EnergyUse) -> Iterator[RuleOutcome]:
    """Run the rules of single columns and rows of tables 2, 2-1, 3 and 4."""
    names = {(one.name_zh, one.name_en) for one in items().values()}
    for field in ("closing_stock_qty", "transfer_out_qty"):
        yield _rows(report, "eur_t02", field, partial(_not_negative, field))
    for table in ("eur_t02", "eur_t03"):
        yield _rows(report, table, "energy_name", lambda row: _known(row, "energy_name", names))
    yield _rows(report, "eur_t02a", "industrial_consumption_qty", _same_as_table_2(report))
    yield _rows(report, "eur_t02a", "conversion_input_qty", _input_within_use)
    printed = {(row["row_label_zh"], row["row_label_en"]) for row in balance_rows()}
    yield _rows(report, "eur_t03", "balance_row", lambda row: _known(row, "balance_row", printed))
    yield from _sums_of_table_3(report)
    yield _rows(report, "eur_t03", "quantity_tce", _tce_by_coefficient(report))
    yield _rows(report, "eur_t04", "denominator_current", _positive)
    yield _rows(report, "eur_t04", "value_current", _unit_energy)
    yield _rows(report, "eur_t04", "change_pct", _change)


def name_of(row: Line) -> Name:
    """Return what a row of any of the tables is called."""
    for field in ("balance_row", "indicator_name", "energy_name"):
        if field in row:
            value = row[field]
            return value if isinstance(value, tuple) else (str(value), str(value))
    return "", ""


def number(value: Any) -> float | None:
    """Return a cell as a number, None for one without."""
    return float(value) if isinstance(value, float | int) else None


def _rows(
    report: EnergyUse, table: str, field: str, test: Callable[[Line], tuple[str, str] | bool]
) -> RuleOutcome:
    """Ask every row; the test answers True for in order, False for not to be asked, or why not."""
    found: list[Found] = []
    ran = False
    for row in report.tables[table].rows:
        said = test(row)
        ran = ran or said is not False
        if isinstance(said, tuple):
            found.append((name_of(row), *said))
    return RuleOutcome(f"{table}.{field}", table, ran, found)


def _heading(table: str, field: str) -> Name:
    one = next(column for column in columns()[table] if column.key == field)
    return one.heading_zh, one.heading_en


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > _LEAST * max(abs(one), abs(other), 1.0)


def _not_negative(field: str, row: Line) -> tuple[str, str] | bool:
    value = number(row[field])
    if value is None:
        return False
    zh, en = _heading("eur_t02", field)
    return value >= 0 or (f"{zh} {show(value)} 小于零", f"{en} {show(value)} is below zero")


def _known(row: Line, field: str, allowed: set[Name]) -> tuple[str, str] | bool:
    value = row[field]
    named = value if isinstance(value, tuple) else (str(value), str(value))
    return named in allowed or (
        f"“{named[0]}”不在规定的名称中",
        f"“{named[1]}” is not one of the names of the form",
    )


def _same_as_table_2(report: EnergyUse) -> Callable[[Line], tuple[str, str] | bool]:
    above = {
        row["energy_name"]: number(row["industrial_consumption_qty"])
        for row in report.tables["eur_t02"].rows
    }

    def test(row: Line) -> tuple[str, str] | bool:
        here, there = number(row["industrial_consumption_qty"]), above.get(row["energy_name"])
        if here is None or there is None:
            return False
        return not _differ(here, there) or (
            f"工业生产消费量 {show(here)} 与表2的 {show(there)} 不一致",
            f"industrial use {show(here)} is not that of table 2, {show(there)}",
        )

    return test


def _input_within_use(row: Line) -> tuple[str, str] | bool:
    put_in, used = number(row["conversion_input_qty"]), number(row["industrial_consumption_qty"])
    if put_in is None or used is None:
        return False
    return put_in <= used * (1 + _LEAST) or (
        f"加工转换投入 {show(put_in)} 大于工业生产消费量 {show(used)}",
        f"transformation input {show(put_in)} exceeds industrial use {show(used)}",
    )


def _sums_of_table_3(report: EnergyUse) -> Iterator[RuleOutcome]:
    """Check the two rows of table 3 that are sums of others: net supply and final use."""
    keys = {(row["row_label_zh"], row["row_label_en"]): row["row_key"] for row in balance_rows()}
    amounts: dict[Name, dict[str, float | None]] = {}
    for row in report.tables["eur_t03"].rows:
        key = keys.get(row["balance_row"])
        if key is not None:
            amounts.setdefault(row["energy_name"], {})[key] = number(row["quantity"])
    signs = {"opening": 1, "purchase": 1, "own_primary": 1, "supplied": -1, "closing": -1}
    final = dict.fromkeys(("final_main", "final_aux", "final_ancillary", "final_other"), 1)
    for total, parts in (("supply_total", signs), ("final_total", final)):
        found: list[Found] = []
        ran = False
        for name, cells in amounts.items():
            stated = cells.get(total)
            if stated is None:
                continue
            ran = True
            summed = sum(sign * (cells.get(part) or 0.0) for part, sign in parts.items())
            if _differ(stated, summed):
                zh = f"合计 {show(stated)} 与各项之和 {show(summed)} 不一致"
                en = f"the sum {show(stated)} is not that of its parts, {show(summed)}"
                found.append((name, zh, en))
        yield RuleOutcome(
            f"eur_t03.{total}", "eur_t03", ran, found,
            "没有填报，无法相加", "not reported, so there is nothing to add up",
        )  # fmt: skip


def _tce_by_coefficient(report: EnergyUse) -> Callable[[Line], tuple[str, str] | bool]:
    coefficients = {
        row["energy_name"]: number(row["coef_used_tce"]) for row in report.tables["eur_t02"].rows
    }

    def test(row: Line) -> tuple[str, str] | bool:
        amount, tce = number(row["quantity"]), number(row["quantity_tce"])
        factor = coefficients.get(row["energy_name"])
        if amount is None or tce is None or factor is None:
            return False
        return not _differ(tce, amount * factor) or (
            f"折标准煤量 {show(tce)} 不等于实物量乘折标系数 {show(amount * factor)}",
            f"{show(tce)} tce is not the amount times the coefficient, {show(amount * factor)}",
        )

    return test


def _positive(row: Line) -> tuple[str, str] | bool:
    value = number(row["denominator_current"])
    if value is None:
        return False
    return value > 0 or (f"母项值 {show(value)} 须大于零", f"the output {show(value)} is not > 0")


def _unit_energy(row: Line) -> tuple[str, str] | bool:
    value, top, scaling, bottom = (
        number(row[field])
        for field in (
            "value_current", "numerator_current", "scaling_factor", "denominator_current",
        )
    )  # fmt: skip
    if value is None or top is None or not bottom:
        return False
    meant = top * (1.0 if scaling is None else scaling) / bottom
    return not _differ(value, meant) or (
        f"指标值 {show(value)} 不等于子项乘折算系数除以母项 {show(meant)}",
        f"the value {show(value)} is not numerator x scaling / denominator, {show(meant)}",
    )


def _change(row: Line) -> tuple[str, str] | bool:
    said, now, before = (
        number(row[field]) for field in ("change_pct", "value_current", "value_previous")
    )
    if said is None or now is None or not before:
        return False
    meant = (now - before) / before * 100
    return not _differ(said, meant) or (
        f"同比变化 {show(said)} % 计算有误，应为 {show(meant)} %",
        f"the change of {show(said)} % should be {show(meant)} %",
    )
