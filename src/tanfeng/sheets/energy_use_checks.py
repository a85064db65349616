"""The official checks of tables 2 to 4: run where the cells are there, told where they are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from tanfeng.sheets._checks_energy import slip_of
from tanfeng.sheets._energy_use_rules import column_rules, name_of, number
from tanfeng.sheets._energy_use_year import Row
from tanfeng.sheets._items import items
from tanfeng.sheets._numbers import show
from tanfeng.sheets._tables import rows, rules, threshold_values
from tanfeng.sheets.energy_use import TABLES, Empty, EnergyUse, columns

Status = Literal["passed", "finding", "not_run"]

#: Two sums of the same figures may differ by this share (A001, A002). [1]
_SHARE = 0.005
#: Balance of table 3, of the supply (rule of its row 平衡差额). [1]
_BALANCE = 0.01
#: Change of an indicator that table 5 has to explain (A006). [%]
_CHANGE = 10.0
_LEAST = 1e-6
_NOT_RUN = {
    "A003": (
        "没有上年已通过的报告可比；上年数取自本次核算的上年记录",
        "there is no accepted report of last year to compare with; last year's figures come from "
        "last year's records",
    ),
    "A005": (
        "没有 12 月的 205-1 表可比",
        "there is no form 205-1 of December to compare with",
    ),
    "V900": (
        "没有购进量和购进金额，算不出单价",
        "no item has both an amount bought and what was paid, so there is no price",
    ),
    "A013": (
        "没有能源消费成本（表1）",
        "the energy cost (table 1) is not there",
    ),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found in one row, or that it found nothing, or could not be run.

    Parameters
    ----------
    check : str
        Number of the check, or table and field for a rule of a column.
    table : str
        Form it concerns.
    status : {"passed", "finding", "not_run"}
        What came of it.
    severity : str
        Of a finding; an own threshold never blocks.
    row : tuple of str
        Item, product or table, in Chinese and English.
    text_zh, text_en : str
        What was found or why it was not run.
    unverified : bool
        Whether the rule rests on memory or an own default.
    """

    check: str
    table: str
    status: Status
    severity: str
    row: tuple[str, str]
    text_zh: str
    text_en: str
    unverified: bool


def checks(report: EnergyUse) -> list[Checked]:
    """Run every check that concerns tables 2 to 4.

    Parameters
    ----------
    report : EnergyUse
        The filled tables.

    Returns
    -------
    list of Checked
        In the order of the tables; a check that passed for every row stands once.
    """
    told = [
        *_required(report),
        *_stock_of_last_year(report),
        *_bounds(report),
        *_prices(report),
        *_columns(report),
        *_table_1_and_2(report),
        *_table_2_and_3(report),
        *_balance(report),
        *_products(report),
        *([_passed("A005", "eur_t02")] if report.from_205 else []),
    ]
    return [*told, *_not_run(told)]


def _finding(
    check: str, table: str, row: tuple[str, str], zh: str, en: str, severity: str = ""
) -> Checked:
    rule = _rules_of().get(check)
    grave = severity or (rule["severity"] if rule else "warning")
    return Checked(check, table, "finding", grave, row, zh, en, _doubtful(check))


def _passed(check: str, table: str) -> Checked:
    return Checked(check, table, "passed", "", ("", ""), "", "", _doubtful(check))


def _skipped(check: str, table: str, zh: str, en: str) -> Checked:
    return Checked(check, table, "not_run", "", ("", ""), zh, en, _doubtful(check))


def _doubtful(check: str) -> bool:
    """Tell whether a check, or the column whose rule it is, rests on memory or one source."""
    table, _dot, field = check.partition(".")
    column = next((one for one in columns().get(table, ()) if one.key == field.split(" ")[0]), None)
    rule = _rules_of().get(check)
    known = column.confidence if column else rule["confidence"] if rule else ""
    return known != "confirmed"


def _outcome(check: str, table: str, ran: bool, found: Iterable[Checked]) -> Iterator[Checked]:
    """Yield the findings, or that the check passed, or nothing where it never ran."""
    listed = list(found)
    yield from listed
    if ran and not listed:
        yield _passed(check, table)


@lru_cache(maxsize=1)
def _rules_of() -> dict[str, dict[str, str]]:
    """Return the shared checks that name a table of the report, by number."""
    return {
        row["check_id"]: row
        for row in rows("checks.csv")
        if set(row["form_keys"].split(";")) & set(TABLES)
    }


def _texts(check: str, **values: Any) -> tuple[str, str]:
    zh, en, _remedy_zh, _remedy_en = rules()[check].texts(values)
    return zh, en


# ------------------------------------------------------------------------------ cells


def _required(report: EnergyUse) -> Iterator[Checked]:
    """Tell the cells the form asks for and nothing could fill, one line per column."""
    for key in TABLES:
        table = report.tables[key]
        for column in columns()[key]:
            if not column.required:
                continue
            empty = [row for row in table.rows if row[column.key] is Empty.NO_DATA]
            check = f"{key}.{column.key}"
            if not table.rows:
                continue
            if not empty:
                yield _passed(check, key)
                continue
            names = [name_of(row) for row in empty]
            yield _finding(
                check,
                key,
                (
                    _listed([zh for zh, _en in names], "、"),
                    _listed([en for _zh, en in names], ", "),
                ),
                f"必填栏“{column.heading_zh}”有 {len(empty)} 行无数据，须由单位补填",
                f"{len(empty)} rows have no data in the required column {column.heading_en}; the "
                "enterprise has to fill it in",
                "warning",
            )


def _listed(names: list[str], between: str) -> str:
    once = list(dict.fromkeys(names))
    shown = between.join(once[:4])
    return f"{shown} …" if len(once) > 4 else shown


def _bounds(report: EnergyUse) -> Iterator[Checked]:
    """Check the rules of table 2's columns that compare amounts of one row."""
    pairs = (
        ("feedstock_qty", "industrial_consumption_qty", "consumption_total_qty"),
        ("transport_qty", "consumption_total_qty", "consumption_total_qty"),
        ("purchase_outside_province_qty", "purchase_qty", "purchase_qty"),
    )
    table = report.tables["eur_t02"]
    names = {one.key: one for one in table.columns}
    for part, whole, instead in pairs:
        found, ran = [], False
        for row in table.rows[:-1]:
            small = number(row[part])
            large = number(row[whole])
            large = number(row[instead]) if large is None else large
            if small is None or large is None:
                continue
            ran = True
            if small > large + _LEAST * abs(large):
                one, other = names[part], names[whole]
                zh = f"{one.heading_zh}（{show(small)}）大于{other.heading_zh}（{show(large)}）"
                en = f"{one.heading_en} {show(small)} exceeds {other.heading_en} {show(large)}"
                found.append(_finding(f"eur_t02.{part}", "eur_t02", name_of(row), zh, en, "error"))
        yield from _outcome(f"eur_t02.{part}", "eur_t02", ran, found)
        if not ran:
            yield _skipped(f"eur_t02.{part}", "eur_t02", "没有该栏数据", "the column has no data")
    yield from _split(report)


def _split(report: EnergyUse) -> Iterator[Checked]:
    """Check that consumption is industrial plus non-industrial use."""
    table, check = report.tables["eur_t02"], "eur_t02.consumption_total_qty (5 = 6 + 8)"
    found, ran = [], False
    for row in table.rows[:-1]:
        whole = number(row["consumption_total_qty"])
        industrial = number(row["industrial_consumption_qty"])
        if whole is None or industrial is None:
            continue
        ran = True
        total = industrial + (number(row["non_industrial_consumption_qty"]) or 0.0)
        if abs(whole - total) > 0.01 + _LEAST * abs(whole):
            found.append(
                _finding(
                    check,
                    "eur_t02",
                    name_of(row),
                    f"消费合计 {show(whole)} 不等于工业生产消费与非工业生产消费之和 {show(total)}",
                    f"consumption {show(whole)} is not industrial plus non-industrial use "
                    f"{show(total)}",
                    "error",
                )
            )
    yield from _outcome(check, "eur_t02", ran, found)
    if not ran:
        yield _skipped(
            check,
            "eur_t02",
            "没有工业生产与非工业生产消费的划分",
            "industrial and non-industrial use are not told apart",
        )


def _stock_of_last_year(report: EnergyUse) -> Iterator[Checked]:
    found, ran = [], False
    for row in report.now.rows:
        earlier = report.before.row(row.key)
        opening = row.amount("opening_stock_qty").value
        closing = earlier.amount("closing_stock_qty").value if earlier else None
        if opening is None or closing is None:
            continue
        ran = True
        if abs(opening - closing) > _LEAST * max(abs(closing), 1.0):
            found.append(
                _finding(
                    "eur_t02.opening_stock_qty",
                    "eur_t02",
                    row.name,
                    f"期初库存 {show(opening)} 与上年期末库存 {show(closing)} 不一致",
                    f"the opening stock {show(opening)} is not last year's closing stock "
                    f"{show(closing)}",
                    "error",
                )
            )
    yield from _outcome("eur_t02.opening_stock_qty", "eur_t02", ran, found)
    if not ran:
        yield _skipped(
            "eur_t02.opening_stock_qty",
            "eur_t02",
            "没有上年期末库存",
            "last year's closing stock is not known",
        )


def _prices(report: EnergyUse) -> Iterator[Checked]:
    """Check the price of every bought item against its range, or find the unit slip (V900)."""
    numbers = threshold_values(None)
    ranges = {
        row["expression"].split(":")[0]: row["check_id"]
        for row in rows("checks.csv")
        if row["kind"] == "price_range"
    }
    asked = slipped = False
    for row in report.now.rows:
        bought = row.amount("purchase_qty").value
        paid = row.amount("purchase_amount_kcny").value
        check = ranges.get(row.key)
        if check is None or not bought or not paid:
            continue
        low, high = numbers[f"{check}.low"], numbers[f"{check}.high"]
        price, asked = paid * 1000 / bought, True
        if low * (1 - _LEAST) <= price <= high * (1 + _LEAST):
            yield _passed(check, "eur_t02")
            continue
        power = slip_of(price, low, high)
        if power is not None:
            slipped = True
            yield _finding(
                "V900", "eur_t02", row.name,
                *_texts("V900", item=row.name, factor=10.0**power), "warning",
            )  # fmt: skip
            continue
        unit = items()[row.key]
        zh, en = _texts(
            "V",
            item=row.name,
            value=float(f"{price:.4g}"),
            unit=f"元/{unit.unit_zh}",
            unit_en=f"CNY/{unit.unit}",
            low=low,
            high=high,
        )
        yield _finding(check, "eur_t02", row.name, zh, en, "warning")
    if asked and not slipped:
        yield _passed("V900", "eur_t02")


def _columns(report: EnergyUse) -> Iterator[Checked]:
    """Run the rules printed beside single columns and rows."""
    for one in column_rules(report):
        found = [
            _finding(one.check, one.table, row, zh, en, "warning") for row, zh, en in one.found
        ]
        yield from _outcome(one.check, one.table, one.ran, found)
        if not one.ran and report.tables[one.table].rows:
            yield _skipped(one.check, one.table, one.why_zh, one.why_en)


# ------------------------------------------------------------------------------ across tables


def _table_1_and_2(report: EnergyUse) -> Iterator[Checked]:
    """A002: comprehensive energy of the account = table 2 total - output - recovery."""
    net, total = report.now.net_tce, report.now.consumption_tce
    if net is None or total is None:
        yield _skipped("A002", "eur_t02", "没有综合能耗", "there is no comprehensive energy")
        return
    made = sum((row.tce(row.conversion_output) or 0.0) for row in report.now.own)
    recovered = sum((row.tce(row.recovery) or 0.0) for row in report.now.own)
    calculated = total - made - recovered
    found = []
    if abs(net - calculated) > _SHARE * max(abs(net), 1.0):
        zh, en = _texts("A002")
        zh = f"{zh}：{show(round(net, 2))} / {show(round(calculated, 2))} 吨标准煤"
        en = f"{en}: {show(round(net, 2))} / {show(round(calculated, 2))} tce"
        found.append(_finding("A002", "eur_t02", ("", ""), zh, en))
    yield from _outcome("A002", "eur_t02", True, found)


def _table_2_and_3(report: EnergyUse) -> Iterator[Checked]:
    """A001 needs final use and input of transformation, which no record tells apart."""
    yield _skipped(
        "A001",
        "eur_t03",
        "加工转换投入、损失和终端消费没有填报，表3终端部分无数据；按供入与消费核对，见平衡差额",
        "input of transformation, losses and final use are not reported, so the lower part of "
        "table 3 has no data; supply is compared with consumption instead, see the balance",
    )


def _balance(report: EnergyUse) -> Iterator[Checked]:
    """Check supply + output + recovery + adjustment against consumption, within 1 % of supply."""
    check = "eur_t03.difference"
    found, ran = [], False
    for row in report.now.rows:
        supply, used = _supply(row), row.amount("consumption_total_qty").value
        if supply is None or used is None:
            continue
        ran = True
        gap = supply - used
        if abs(gap) > _BALANCE * max(abs(supply), _LEAST) + _LEAST:
            found.append(
                _finding(
                    check,
                    "eur_t03",
                    row.name,
                    f"供入、产出、回收合计 {show(round(supply, 4))} 与消费 {show(round(used, 4))} "
                    f"相差 {show(round(gap, 4))}，超过供入的 1%",
                    f"supply, output and recovery of {show(round(supply, 4))} and consumption "
                    f"{show(round(used, 4))} differ by {show(round(gap, 4))}, more than 1 % of "
                    "the supply",
                    "warning",
                )
            )
    yield from _outcome(check, "eur_t03", ran, found)
    if not ran:
        yield _skipped(check, "eur_t03", "没有可平衡的品种", "no item can be balanced")


def _supply(row: Row) -> float | None:
    cells = row.balance()
    if cells["supply_total"] is None:
        return None
    adjusted = row.amount("stock_adjustment_qty").value or 0.0
    return cells["supply_total"] + row.conversion_output + row.recovery + adjusted


def _products(report: EnergyUse) -> Iterator[Checked]:
    """A004 and A006: unit energy has its output, a large change has its explanation."""
    table = report.tables["eur_t04"]
    if not table.rows:
        yield _skipped("A004", "eur_t04", "没有产品产量", "no output is reported")
        return
    missing, large, compared = [], [], False
    for row in table.rows:
        name = name_of(row)
        made, value = number(row["denominator_current"]), number(row["numerator_current"])
        if value is not None and not made:
            missing.append(_finding("A004", "eur_t04", name, *_texts("A004", product=name)))
        change = number(row["change_pct"])
        compared = compared or change is not None
        if change is not None and abs(change) > _CHANGE:
            texts = _texts("A006", indicator=name, value=float(f"{change:.3g}"))
            large.append(_finding("A006", "eur_t04", name, *texts, "warning"))
    yield from _outcome("A004", "eur_t04", True, missing)
    yield from _outcome("A006", "eur_t04", compared, large)


def _not_run(told: list[Checked]) -> Iterator[Checked]:
    """Tell the shared checks of these tables that were not run, and why."""
    done = {one.check for one in told}
    for check, row in _rules_of().items():
        if check in done or row["kind"] == "price_range":
            continue
        table = next(key for key in TABLES if key in row["form_keys"].split(";"))
        zh, en = _NOT_RUN.get(check, ("缺少所需数据", "what it needs is not there"))
        yield _skipped(check, table, zh, en)
