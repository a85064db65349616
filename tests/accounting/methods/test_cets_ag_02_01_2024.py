"""Cement in the national market: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total
from tanfeng.accounting import methods

KEY = "cets_ag_02_01_2024"
METHOD = methods.METHODS[KEY]


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "anthracite", used_qty=10_000.0),
            row("process", "clinker_factor", "portland", clinker_t=100_000.0),
            row("substitutes", "substitute_deduction", "carbide_slag", substitute_t=2_000.0),
        ],
        year=2024,
    )
    assert by_row(found) == pytest.approx(
        [
            10000 * 22.867 * 0.02749 * 0.99 * 44 / 12,  # 22818.6820
            100000 * 0.535,  # 53500
            -2000 * 0.48,  # -960
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(75358.6820, abs=5e-5)


def test_the_device_decides_the_oxidation_rate():
    # the same 100 t of anthracite: kiln 99 %, power boiler 95 %, industrial boiler 85 %
    found = run(
        KEY,
        [
            row(stream, "fuel", "anthracite", used_qty=100.0)
            for stream in ("fuel", "power_plant", "other")
        ],
        year=2024,
    )
    carbon = 100 * 22.867 * 0.02749 * 44 / 12
    assert by_row(found) == pytest.approx([carbon * rate for rate in (0.99, 0.95, 0.85)])


def test_electricity_and_heat_are_told_and_stay_out_of_the_total():
    found = run(
        KEY,
        [
            row("process", "clinker_factor", "white", clinker_t=1000.0),
            row("electricity", "electricity", "electricity", purchased_mwh=1000.0),
            row("heat", "heat", "heat", purchased_gj=100.0),
        ],
        year=2023,
    )
    sums = methods.totals(found, [METHOD]).row(0, named=True)
    assert sums["emission_total_tco2e"] == pytest.approx(550.0)  # 1000 t x 0.55
    assert sums["emission_electricity_tco2e"] == pytest.approx(530.6)
    assert sums["emission_heat_tco2e"] == pytest.approx(11.0)


def test_a_tested_carbon_content_and_stocks_take_the_place_of_defaults():
    # used 5000 + 300 - 500 = 4800 t; 0.62 tC/t x 99 % x 44/12
    found = run(
        KEY,
        [
            row(
                "fuel",
                "fuel_by_carbon",
                "anthracite",
                purchased_qty=5000.0,
                opening_stock_qty=300.0,
                closing_stock_qty=500.0,
                carbon_content_tc=0.62,
            )
        ],
        year=2024,
    )
    assert by_row(found) == pytest.approx([4800 * 0.62 * 0.99 * 44 / 12], rel=1e-12)


def test_bituminous_coal_has_no_default_carbon_and_must_be_tested():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "bituminous", used_qty=100.0),
            row("fuel", "fuel_by_carbon", "bituminous", used_qty=100.0, carbon_content_tc=0.58),
        ],
        year=2024,
    )
    assert by_row(found) == [None, pytest.approx(100 * 0.58 * 0.99 * 44 / 12, rel=1e-12)]
    assert found.gaps["column"].to_list() == ["carbon_per_heat_tc_gj"]
