"""Tables 2 to 4 of the energy-utilisation report, computed by hand.

One works in 2024 (months in the unit of the item):

    coke         January to December: bought 10 t, used 9 t each month, 5 t in stock on 1 January,
                 so 17 t at the end; 22 000 CNY a month; coefficient 0.9714 tce/t
    electricity  100 x 1e4 kWh used each month, 90 bought, 10 from the own roof; 1.229 tce

    table 2   coke 120 t bought, 108 t used; electricity 1 080 bought, 1 200 used
              total 108 x 0.9714 + 1 200 x 1.229 = 104.9112 + 1 474.8 = 1 579.7112 tce
    table 2-1 output 120 x 1e4 kWh = 147.48 tce
    table 1   1 579.7112 - 147.48 = 1 432.2312 tce, as the account has it
    table 3   coke: supply 5 + 120 - 17 = 108 t
    table 4   1 432.2312 tce / 5 000 t = 286.446 kgce/t
"""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook

from energy_use_world import COKE, POWER, filled, found, month_of, row, works
from tanfeng.sheets._tables import rows
from tanfeng.sheets.energy_use import SPLIT, TABLES, Empty, columns
from tanfeng.sheets.energy_use_book import energy_use_workbook


def test_table_2_by_hand():
    report = filled(works())
    coke, power = row(report, "eur_t02", "焦炭"), row(report, "eur_t02", "电力")
    assert (coke["opening_stock_qty"], coke["closing_stock_qty"]) == (5.0, 17.0)
    assert (coke["purchase_qty"], coke["consumption_total_qty"]) == (120.0, 108.0)
    assert coke["purchase_amount_kcny"] == pytest.approx(264.0)
    assert coke["coef_used_tce"] == pytest.approx(COKE)
    assert power["opening_stock_qty"] is Empty.NOT_APPLICABLE, "power is not stored"
    total = row(report, "eur_t02", "能源合计")
    assert total["consumption_total_qty"] == pytest.approx(108 * COKE + 1200 * POWER)
    assert total["purchase_amount_kcny"] == pytest.approx(264 + 7020)
    foot = {label[0]: cell for label, _unit, cell in report.tables["eur_t02"].foot}
    assert foot["综合能源消费量(本期)"] == pytest.approx(108 * COKE + 1080 * POWER)
    assert foot["综合能源消费量(上年同期)"] is Empty.NO_DATA
    assert foot["填表人"] is Empty.BY_HAND


def test_what_nobody_reported_is_no_data_and_never_zero():
    coke = row(filled(works()), "eur_t02", "焦炭")
    for field in (*SPLIT, "purchase_outside_province_qty"):
        assert coke[field] is Empty.NO_DATA
    assert coke["feedstock_qty"] == 0.0, "an empty cell of the form means none"
    stated = {"coke": dict(zip(SPLIT, (100.0, 8.0, 1.0), strict=True))}
    coke = row(filled(works(), split=stated), "eur_t02", "焦炭")
    assert [coke[field] for field in SPLIT] == [100.0, 8.0, 1.0]


def test_the_annex_and_the_balance_by_hand():
    report = filled(works())
    power = row(report, "eur_t02a", "电力")
    assert power["conversion_output_qty"] == 120.0
    assert power["conversion_output_tce"] == pytest.approx(120 * POWER)
    assert power["input_power_qty"] is Empty.NO_DATA
    cells = {
        (one["energy_name"][0], one["balance_row"][0]): one["quantity"]
        for one in report.tables["eur_t03"].rows
    }
    assert cells["焦炭", "企业供入合计"] == pytest.approx(5 + 120 - 17)
    assert cells["电力", "企业供入合计"] == pytest.approx(1080)
    assert cells["电力", "加工转换产出"] == 120.0
    assert cells["焦炭", "终端消费合计"] is Empty.NO_DATA
    printed = [one["row_label_zh"] for one in rows("rows.csv") if one["form_key"] == "eur_t03"]
    assert [name for item, name in cells if item == "焦炭"] == printed


def test_unit_energy_of_one_product_and_of_several():
    one = filled(works()).tables["eur_t04"].rows[0]
    assert one["value_current"] == pytest.approx((108 * COKE + 1080 * POWER) * 1000 / 5000)
    assert one["indicator_unit"][0] == "千克标准煤/吨"
    assert one["limit_value"] is Empty.NO_DATA
    several = filled(works(), (("钢材", 5000), ("钢坯", 10))).tables["eur_t04"].rows
    assert [line["denominator_current"] for line in several] == [5000.0, 10.0]
    assert {line["numerator_current"] for line in several} == {Empty.NO_DATA}
    assert {line["value_current"] for line in several} == {Empty.NO_DATA}
    assert filled(works(), ()).tables["eur_t04"].rows == []


def test_columns_are_those_of_the_shared_tables():
    report = filled(works())
    for key in TABLES:
        shared = [one for one in rows("energy_use_report.csv") if one["form_key"] == key]
        assert [one.heading_zh for one in columns()[key]] == [one["heading_zh"] for one in shared]
        for line in report.tables[key].rows:
            assert list(line) == [one["field_key"] for one in shared]


def test_the_checks_pass_for_a_works_that_balances():
    report = filled(works())
    passed = found(report, "passed")
    assert {"A002", "eur_t03.difference", "V009", "V033", "A004"} <= set(passed)
    skipped = found(report, "not_run")
    assert {"A001", "A003", "A005", "A013"} <= set(skipped)
    assert all(one.text_zh and one.text_en for one in skipped.values())
    told = found(report)
    assert set(told) == {"eur_t02.industrial_consumption_qty", "eur_t03.quantity"}
    assert "9" not in told["eur_t02.industrial_consumption_qty"].severity
    assert all(one.severity != "error" for one in told.values())


def test_what_is_wrong_is_told():
    wrong = works()
    wrong[0]["closing_stock_qty"] = 6.0
    wrong[-2]["closing_stock_qty"] = 30.0  # coke of December
    wrong[0]["purchase_amount_kcny"] = 2200.0
    stated = {"coke": {SPLIT[0]: 50.0, SPLIT[1]: 8.0, SPLIT[2]: 200.0}}
    told = found(filled([*works(2023), *wrong], split=stated))
    # supply 5 + 120 - 30 = 95, used 108
    assert "95" in told["eur_t03.difference"].text_zh
    assert "17" in told["eur_t02.opening_stock_qty"].text_en  # 2023 ends with 17, 2024 opens with 5
    assert told["V009"].row[0] == "焦炭"
    assert "58" in told["eur_t02.consumption_total_qty (5 = 6 + 8)"].text_zh
    assert "200" in told["eur_t02.transport_qty"].text_en


def test_missing_months_and_a_row_without_coefficient_are_told():
    some = works(months=range(2, 13))
    some[2]["purchase_qty"] = None
    some.append(month_of(2024, 5, "other_fuel", consumption_total_qty=7.0))
    report = filled(some)
    told = {(one.row[0], one.text_zh) for one in report.remarks}
    assert ("焦炭", "2024 年 1 月没有填报；各项合计不含这些月份") in told
    assert ("焦炭", "合计：3 月未填，合计不含这些月份") in told
    assert row(report, "eur_t02", "焦炭")["opening_stock_qty"] is Empty.NO_DATA


def test_a_sum_row_is_not_added_again():
    coal = [
        month_of(2024, 1, "raw_coal", consumption_total_qty=30.0),
        month_of(2024, 1, "anthracite", consumption_total_qty=10.0),
        month_of(2024, 1, "steam_coal", consumption_total_qty=20.0),
    ]
    report = filled(coal)
    total = row(report, "eur_t02", "能源合计")["consumption_total_qty"]
    assert total == pytest.approx(10 * 0.9428 + 20 * 0.7143)
    assert "A002" in found(report, "passed")


def test_the_workbook_in_both_languages():
    report = filled(works())
    for lang, sheet, words in (
        ("zh", "表2 能源消费结构", ("购自省外", "无数据", "购进量", "丁")),
        ("en", "Table 2", ("Of which from outside the province", "no data", "Purchase", "丁")),
    ):
        content = energy_use_workbook(report, lang=lang, demo=True, as_of="2025-03-31", stamp="S7")
        book = load_workbook(BytesIO(content))
        assert len(book.sheetnames) == 7
        cells = [one.value for line in book[sheet].iter_rows() for one in line]
        for word in words:
            assert word in cells, word
        assert any("S7" in str(one) for one in cells)
        assert any(one == pytest.approx(108.0) for one in cells if isinstance(one, float | int))
    assert energy_use_workbook(report) == energy_use_workbook(report)


def test_nothing_reported_gives_empty_tables():
    report = filled(works(2023), ())
    assert all(not table.rows for table in report.tables.values())
    assert energy_use_workbook(report)
    assert found(report, "not_run")


def test_recovered_heat_is_consumed_and_taken_off_again():
    """60 GJ of recovered heat: 60 x k in the total of table 2 and off again in table 1."""
    heat = [month_of(2024, 1, "waste_heat", consumption_total_qty=60.0)]
    report = filled([*works(), *heat])
    recovered = row(report, "eur_t02a", "余热余压")
    assert recovered["recovery_qty"] == 60.0
    k = row(report, "eur_t02", "余热余压")["coef_used_tce"]
    total = row(report, "eur_t02", "能源合计")["consumption_total_qty"]
    assert total == pytest.approx(108 * COKE + 1200 * POWER + 60 * k)
    assert report.now.net_tce == pytest.approx(108 * COKE + 1080 * POWER)
    assert "A002" in found(report, "passed")


def test_a_kind_reported_in_some_months_does_not_hide_the_sum_of_others():
    """Raw coal 30 t in January, of which 10 t anthracite; in February raw coal alone."""
    coal = [
        month_of(2024, 1, "raw_coal", consumption_total_qty=30.0),
        month_of(2024, 1, "anthracite", consumption_total_qty=30.0),
        month_of(2024, 2, "raw_coal", consumption_total_qty=20.0),
    ]
    report = filled(coal)
    total = row(report, "eur_t02", "能源合计")["consumption_total_qty"]
    assert total == pytest.approx(30 * 0.9428 + 20 * 0.7143)
    assert "A002" in found(report, "passed")
