"""Rule V900 and the rules printed beside the columns of tables 2 to 4 of the report.

The works of ``test_energy_use``: coke 120 t for 264 000 CNY, 2 200 CNY/t.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_use_world import COKE, filled, found, works
from tanfeng.sheets.energy_use import SPLIT


def changed(report, table, which, **cells):
    """Return the report after a person has changed a row, counted from 0."""
    rows = [dict(one) for one in report.tables[table].rows]
    rows[which].update(cells)
    return replace(
        report, tables={**report.tables, table: replace(report.tables[table], rows=rows)}
    )


@pytest.fixture(scope="module")
def report():
    stated = {"coke": {SPLIT[0]: 108.0, SPLIT[1]: 0.0, SPLIT[2]: 0.0}}
    return filled([*works(2023), *works()], split=stated)


def coke_of(report, balance_row):
    rows = report.tables["eur_t03"].rows
    return next(
        n
        for n, one in enumerate(rows)
        if (one["energy_name"][0], one["balance_row"][0]) == ("焦炭", balance_row)
    )


def test_what_follows_from_records_keeps_every_rule(report):
    passed = found(report, "passed")
    assert {
        "V900",
        "eur_t02.closing_stock_qty",
        "eur_t02.energy_name",
        "eur_t03.energy_name",
        "eur_t03.balance_row",
        "eur_t03.supply_total",
        "eur_t03.quantity_tce",
        "eur_t04.value_current",
        "eur_t04.denominator_current",
    } <= set(passed)
    skipped = found(report, "not_run")
    # What no record tells apart stays untold, with the reason.
    assert {"eur_t02a.conversion_input_qty", "eur_t03.final_total", "A013"} <= set(skipped)
    assert skipped["eur_t03.final_total"].text_zh == "没有填报，无法相加"


def test_an_amount_typed_in_yuan_is_a_slip_of_a_thousand():
    wrong = works()
    for one in wrong[::2]:
        one["purchase_amount_kcny"] = 22_000.0  # CNY instead of 1e3 CNY: 2 200 000 CNY/t
    told = found(filled(wrong))["V900"]
    assert told.row[0] == "焦炭"
    assert "1000" in told.text_zh
    assert told.severity == "warning"  # the ranges rest on memory: they never block
    assert "V009" not in found(filled(wrong))


def test_a_price_no_single_factor_mends_is_out_of_its_range():
    wrong = works()
    for one in wrong[::2]:
        one["purchase_amount_kcny"] = 0.5  # 50 CNY/t; ten times that is no range either
    told = found(filled(wrong))
    assert "V009" in told
    assert "V900" not in told


def test_without_a_price_the_slip_is_not_looked_for():
    rows = works()
    for one in rows:
        one.pop("purchase_amount_kcny")
    assert "V900" in found(filled(rows), "not_run")


@pytest.mark.parametrize(
    ("table", "which", "cells", "check", "said"),
    [
        ("eur_t02", 0, {"closing_stock_qty": -1.0}, "eur_t02.closing_stock_qty", "小于零"),
        ("eur_t02", 0, {"energy_name": ("神油", "oil")}, "eur_t02.energy_name", "神油"),
        ("eur_t04", 0, {"denominator_current": 0.0}, "eur_t04.denominator_current", "大于零"),
        # 1 432.2312 tce / 5 000 t x 1 000 = 286.446 kgce/t
        ("eur_t04", 0, {"value_current": 280.0}, "eur_t04.value_current", "286.446"),
    ],
)
def test_a_changed_cell_is_told(report, table, which, cells, check, said):
    told = found(changed(report, table, which, **cells))
    assert said in told[check].text_zh
    assert told[check].text_en


def test_table_3_adds_up_and_is_converted(report):
    at = coke_of(report, "企业供入合计")
    told = found(changed(report, "eur_t03", at, quantity=100.0, quantity_tce=100.0))
    # 5 + 120 - 17 = 108 t
    assert "108" in told["eur_t03.supply_total"].text_zh
    assert f"{100 * COKE:g}" in told["eur_t03.quantity_tce"].text_zh
    renamed = found(changed(report, "eur_t03", at, balance_row=("总供入", "supply")))
    assert "总供入" in renamed["eur_t03.balance_row"].text_zh


def test_final_use_is_added_up_where_a_person_fills_it_in(report):
    filled_in = changed(report, "eur_t03", coke_of(report, "终端消费合计"), quantity=108.0)
    assert "eur_t03.final_total" in found(filled_in)
    whole = changed(filled_in, "eur_t03", coke_of(report, "主要生产系统消费"), quantity=108.0)
    assert "eur_t03.final_total" in found(whole, "passed")


def test_the_annex_agrees_with_table_2(report):
    power = next(
        n for n, one in enumerate(report.tables["eur_t02a"].rows) if one["energy_name"][0] == "焦炭"
    )
    told = found(changed(report, "eur_t02a", power, industrial_consumption_qty=90.0))
    assert "108" in told["eur_t02a.industrial_consumption_qty"].text_zh
    more = changed(report, "eur_t02a", power, conversion_input_qty=200.0)
    assert "200" in found(more)["eur_t02a.conversion_input_qty"].text_zh


def test_the_change_of_an_indicator(report):
    now = report.tables["eur_t04"].rows[0]["value_current"]
    right = changed(report, "eur_t04", 0, value_previous=now / 1.05, change_pct=5.0)
    assert "eur_t04.change_pct" in found(right, "passed")
    wrong = changed(report, "eur_t04", 0, value_previous=now / 1.05, change_pct=7.0)
    assert "5" in found(wrong)["eur_t04.change_pct"].text_zh
