"""The sheet of the units of a power facility: what it asks, what it refuses, what follows."""

from __future__ import annotations

import datetime as dt

import pytest

from method_books import MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.sheets.method_account import account_workbook

POWER = METHODS["mee_2022_power"]
TODAY = dt.date(2026, 6, 30)
OUTPUT = {
    "generation_mwh": 250_000,
    "heat_supplied_gj": 500_000,
    "boiler_heat_gj": 2_000_000,
    "capacity_mw": 50,
    "hours_h": 6000,
}


def book(*units, lang="zh"):
    """Return a facility of one unit with the coal and oil of the method notes."""
    made = MethodBook(POWER, lang=lang)
    coal = ("燃煤（常规机组）", "coal of a conventional unit")[lang == "en"]
    tested = {"carbon_ad_pct": 58.0, "moisture_ar_pct": 10.0, "moisture_ad_pct": 2.0}
    made.add("coal", period="2023", part="#1", item=coal, used_qty=100_000, **tested)
    oil = ("柴油", "Diesel")[lang == "en"]
    made.add("oil_gas", period="2023", part="#1", item=oil, used_qty=50)
    for one in units:
        made.produced(**{"period": "2023", "part": "#1", **one})
    return made


def answered(made):
    return account_workbook(made.content(), "热电.xlsx", POWER, year=2023, today=TODAY)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_results_of_a_unit_as_in_the_method_notes(lang):
    answer = answered(book(OUTPUT, lang=lang))
    assert answer.problems == ()
    told = {one["quantity"]: one for one in answer.units()}
    # E = 100000 t x 0.58 x 90/98 x 0.99 x 44/12 + 50 t x 42.652 x 0.0202 x 0.98 x 44/12
    emission = 193_507.8567
    assert told["heat_ratio_pct"]["value"] == pytest.approx(25.0)  # 500000 / 2000000
    assert told["intensity_generation_tco2_mwh"]["value"] == pytest.approx(
        0.75 * emission / 250_000
    )
    assert told["intensity_heat_tco2_gj"]["value"] == pytest.approx(0.25 * emission / 500_000)
    assert told["load_factor_pct"]["value"] == pytest.approx(250_000 / (50 * 6000) * 100)
    ratio = told["heat_ratio_pct"]
    assert (ratio["part"], ratio["year"], ratio["month"]) == ("#1", 2023, 0)
    assert ratio["text"] == "a = Q_gr / Q_cr * 100"
    assert [(one["symbol"], one["value"]) for one in ratio["inputs"]] == [
        ("Q_gr", 500_000.0),
        ("Q_cr", 2_000_000.0),
    ]
    assert ratio["confidence"] == "recalled"


def test_an_empty_sheet_takes_nothing_from_the_account():
    answer = answered(book())
    assert answer.units() == []
    assert answer.errors == 0
    assert answer.totals()["emission_total_tco2e"].item() == pytest.approx(193_507.8567)


def test_a_unit_of_another_name_has_what_needs_no_emission():
    answer = answered(book({**OUTPUT, "part": "#2"}))
    assert {one["quantity"] for one in answer.units()} == {"heat_ratio_pct", "load_factor_pct"}


def test_a_row_out_of_range_or_twice_is_told_with_its_cell_and_left_out():
    answer = answered(book(OUTPUT, {"generation_mwh": 1}, {"period": "2023-01", "hours_h": 9000}))
    assert sorted((one.rule, one.severity) for one in answer.problems) == [
        ("F021", "error"),
        ("X009", "error"),
    ]
    assert {one.sheet for one in answer.problems} == {"机组生产数据"}
    assert {one["month"] for one in answer.units()} == {0}


def test_only_a_text_of_units_has_the_sheet():
    assert "机组生产数据" in MethodBook(POWER).book.sheetnames
    assert "机组生产数据" not in MethodBook(METHODS["ndrc_2013_power"]).book.sheetnames
