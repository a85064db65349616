"""Checks between periods."""

from __future__ import annotations

import polars as pl
import pytest


def month(bench, number, used, **more):
    """Return a month of electricity that is bought and used, paid at 6.3 kCNY per 1e4 kWh."""
    row = {
        "period": f"2025-{number:02d}",
        "consumption_total_qty": used,
        "purchase_qty": used,
        "purchase_amount_kcny": round(used * 6.3, 3),
    }
    return bench.energy(**row | more)


def used_only(bench, *values):
    """Return the months of one year that state nothing but the use."""
    nothing = {"purchase_qty": None, "purchase_amount_kcny": None}
    return [month(bench, i, value, **nothing) for i, value in enumerate(values, 1)]


def history(*rows, code=None):
    return pl.DataFrame(
        [
            {"credit_code": code or "91359999MADEM00015", "item_key": "electricity", **row}
            for row in rows
        ]
    )


# ------------------------------------------------------------------------------ slips of unit


def test_a_slip_against_the_other_months(bench):
    rows = used_only(bench, 100, 104, 98, 1_010_000, 101)
    (problem,) = [p for p in bench.energy_rows(*rows).problems if p.severity != "info"]
    # median 101; 1,010,000 / 101 = 10,000
    assert (problem.rule, problem.severity, problem.row) == ("E021", "warning", 5)
    assert problem.suggestion == "101"
    assert "10000" in problem.message_zh


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.013, True), (0.0131, False), (0.007, True), (0.0069, False), (1.0, False)],
)
def test_the_width_of_the_slip(bench, value, told):
    # Usual 100; 30 % around a factor of 1/10,000 is 0.007 to 0.013, both ends included.
    rows = used_only(bench, 100, 100, 100, 100, 100, value)
    assert bool(bench.told(bench.energy_rows(*rows), "E021")) is told


def test_three_months_say_nothing_about_the_usual(bench):
    rows = used_only(bench, 100, 100.5, 1_000_000)
    assert bench.told(bench.energy_rows(*rows), "E021") == []


def test_a_slip_against_last_year(bench):
    past = history({"period": "2024-03", "consumption_total_qty": 100.0})
    row = bench.energy(
        consumption_total_qty=1_020_000, purchase_qty=None, purchase_amount_kcny=None
    )
    (problem,) = [p for p in bench.energy_rows(row, history=past).problems if p.severity != "info"]
    assert (problem.rule, problem.suggestion) == ("E021", "102")


def test_suggestion_is_in_the_unit_of_the_file(bench):
    """Typed 130.12 under kWh where the others have a million: 1301200 is meant."""
    head = ["月份", "用电量（kWh）", "产量（吨）"]
    rows = [[f"2025-{i:02d}", 1_300_000 + i, 5] for i in range(1, 6)]
    rows[3][1] = 130.12
    (problem,) = [p for p in bench.read(bench.workbook([head, *rows])).problems if p.rule == "E021"]
    assert (problem.cell, problem.value, problem.suggestion) == ("B5", "130.12", "1301200")


# ------------------------------------------------------------------------------ jumps


@pytest.mark.parametrize(
    ("used", "told"), [(300, False), (301, True), (33.34, False), (33.3, True)]
)
def test_growth_above_three_times(bench, used, told):
    past = history({"period": "2024-03", "consumption_total_qty": 100.0})
    result = bench.energy_rows(month(bench, 3, used), history=past)
    assert bool(bench.told(result, "E020")) is told


def test_last_year_in_the_same_file(bench):
    before = bench.energy(
        period="2024-03", consumption_total_qty=10, purchase_qty=10, purchase_amount_kcny=63
    )
    result = bench.energy_rows(before, bench.energy())
    assert [(p.rule, p.row) for p in result.problems] == [("E020", 3)]


def test_a_new_plant_has_no_last_year(bench):
    past = history({"period": "2024-03", "consumption_total_qty": 1.0}, code="91359999MADEM00028")
    assert bench.told(bench.energy_rows(bench.energy(), history=past)) == []
    nothing = history({"period": "2024-03", "consumption_total_qty": None})
    assert bench.told(bench.energy_rows(bench.energy(), history=nothing)) == []


# ------------------------------------------------------------------------------ frozen


def test_three_months_to_the_last_digit(bench):
    rows = [month(bench, i, 123.45) for i in (1, 2, 3)]
    found = bench.energy_rows(*rows).problems
    assert [(p.rule, p.row, p.severity) for p in found] == [("E022", 4, "warning")]
    assert bench.told(bench.energy_rows(*rows[:2])) == []
    gap = [month(bench, i, 123.45) for i in (1, 2, 4)]
    assert bench.told(bench.energy_rows(*gap)) == []


def test_frozen_with_history(bench):
    past = history(*({"period": f"2025-{i:02d}", "consumption_total_qty": 123.45} for i in (1, 2)))
    result = bench.energy_rows(month(bench, 3, 123.45), history=past)
    (problem,) = [p for p in result.problems if p.rule == "E022"]
    assert "连续3个月" in problem.message_zh


def test_zero_months_are_a_stop_not_a_frozen_meter(bench):
    rows = [month(bench, i, 0) for i in (1, 2, 3)]
    assert bench.told(bench.energy_rows(*rows), "E022") == []


# ------------------------------------------------------------------------------ carried stocks


def test_opening_is_the_closing_before(bench):
    march = bench.coal(period="2025-03")
    april = bench.coal(period="2025-04", opening_stock_qty=35, closing_stock_qty=45)
    result = bench.energy_rows(march, april)
    assert bench.told(result) == [("F3", "E017", "warning")]
    fine = bench.coal(period="2025-04", opening_stock_qty=30, closing_stock_qty=40)
    assert bench.told(bench.energy_rows(march, fine)) == []


def test_opening_against_history(bench):
    past = history(
        {
            "period": "2025-02",
            "item_key": "raw_coal",
            "consumption_total_qty": 80.0,
            "closing_stock_qty": 21.0,
        }
    )
    (problem,) = [
        p for p in bench.energy_rows(bench.coal(), history=past).problems if p.rule == "E017"
    ]
    assert "20" in problem.message_zh
    assert "21" in problem.message_zh


# ------------------------------------------------------------------------------ cumulative form


def cumulative(bench, rows, period="2025年1—3月", **options):
    found = bench.filled("stat_205_1", *rows)
    head = [["统一社会信用代码：" + bench.code], [period]]
    return bench.read(bench.workbook(head + found), **options)


def grid_row(**fields):
    return {
        "energy_name": "原煤",
        "unit_zh": "吨",
        "energy_code": "01",
        "opening_stock_qty": 20,
        "purchase_qty": 300,
        "purchase_amount_kcny": 240,
        "consumption_total_qty": 290,
        "industrial_consumption_qty": 290,
        "closing_stock_qty": 30,
        "coef_used_tce": 0.7143,
    } | fields


def last(**fields):
    return history(
        {
            "period": "2025-02",
            "item_key": "raw_coal",
            "opening_stock_qty": 20.0,
            "purchase_qty": 200.0,
            "purchase_amount_kcny": 160.0,
            "consumption_total_qty": 190.0,
        }
        | fields
    )


def test_cumulative_form_follows_the_month_before(bench):
    result = cumulative(bench, [grid_row()], history=last())
    assert bench.told(result) == []
    assert result.head["period"] == "2025-03"
    assert result.head["is_cumulative"] is True


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("opening_stock_qty", 25.0, "E018"),
        ("purchase_qty", 310.0, "E019"),
        ("consumption_total_qty", 300.0, "E019"),
        ("purchase_amount_kcny", 250.0, "E019"),
    ],
)
def test_cumulative_form_against_the_month_before(bench, field, value, rule):
    result = cumulative(bench, [grid_row()], history=last(**{field: value}))
    assert [(r, s) for _, r, s in bench.told(result)] == [(rule, "warning")]


def test_cumulative_form_against_the_end_of_last_year(bench):
    december = history(
        {
            "period": "2024-12",
            "item_key": "raw_coal",
            "consumption_total_qty": 900.0,
            "closing_stock_qty": 22.0,
        }
    )
    result = cumulative(bench, [grid_row()], history=december)
    assert [r for _, r, _ in bench.told(result)] == ["E017"]
    january = cumulative(bench, [grid_row()], "2025年1月", history=december)
    assert [r for _, r, _ in bench.told(january)] == ["E017"]


def test_cumulative_form_against_last_year(bench):
    before = history({"period": "2024-03", "item_key": "raw_coal", "consumption_total_qty": 90.0})
    result = cumulative(bench, [grid_row()], history=before)
    assert [r for _, r, _ in bench.told(result)] == ["E020"]  # 290 / 90 = 3.2


def test_another_enterprise_is_not_compared(bench):
    other = last(opening_stock_qty=99.0).with_columns(credit_code=pl.lit("91359999MADEM00028"))
    assert bench.told(cumulative(bench, [grid_row()], history=other)) == []
    assert (
        bench.told(cumulative(bench, [grid_row()], "没有期间", history=last(purchase_qty=999.0)))
        == []
    )


# ------------------------------------------------------------------------------ output


def test_slip_of_output(bench):
    rows = [
        {
            "credit_code": bench.code,
            "period": f"2025-{i:02d}",
            "product_name": "水泥熟料",
            "unit_zh": "吨",
            "output_qty": value,
        }
        for i, value in enumerate((90_000, 91_000, 92_000, 9.3, 90_500), 1)
    ]
    result = bench.read_rows("product_output", *rows)
    (problem,) = [p for p in result.problems if p.severity != "info"]
    assert (problem.rule, problem.row, problem.suggestion) == ("E021", 5, "93000")
