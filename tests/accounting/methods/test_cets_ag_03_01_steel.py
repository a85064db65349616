"""Steel of the national market: its own factors, the electricity of a process, direct only."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run
from tanfeng.accounting import methods

KEY = "cets_ag_03_01_steel"
YEAR = 2025


def product(item, sold):
    stocks = {"opening_stock_qty": 0.0, "closing_stock_qty": 0.0}
    return row("fixed_carbon", "fixed_carbon", item, sold_qty=sold, **stocks)


def test_the_enterprise():
    rows = [
        row("fuel", "fuel", "coke", used_qty=3000.0),
        row("fuel", "fuel_sold", "coke_oven_gas", sold_qty=10.0),
        row("flux", "material", "limestone", used_qty=500.0),
        row("electrode", "material", "electrode", used_qty=10.0),
        row("material", "material", "scrap", used_qty=1000.0),
        product("crude_steel", 8000.0),
        product("tar", 20.0),
        row("power_plant", "fuel", "bf_gas", used_qty=100.0),
    ]
    parts = [
        3000 * 28.435 * 0.02942 * 0.98 * 44 / 12,  # 9018.0920
        -10 * 173.854 * 0.0121 * 0.99 * 44 / 12,  # -76.3619
        500 * 0.44,
        10 * 3.663,
        1000 * 0.037,
        -8000 * 0.037,  # 0.0154 belongs to GB/T 32151.5-2015
        -20 * 2.699,
        100 * 33.0 * 0.0708 * 0.99 * 44 / 12,  # 848.1132
    ]
    found = run(KEY, rows, year=YEAR)
    assert by_row(found) == pytest.approx(parts, rel=1e-12)
    sums = methods.totals(found, [methods.METHODS[KEY]]).row(0, named=True)
    assert sums["emission_total_tco2e"] == pytest.approx(sum(parts), rel=1e-12)


def test_a_process_with_its_electricity_for_information():
    rows = [
        row("fuel", "fuel", "natural_gas", unit="轧钢", used_qty=100.0),
        row("fuel", "fuel_sold", "converter_gas", unit="轧钢", sold_qty=0.0),
        row(
            "electricity",
            "process_electricity",
            "electricity",
            unit="轧钢",
            purchased_mwh=1000.0,
            direct_nonfossil_mwh=100.0,
            own_nonfossil_mwh=50.0,
            sold_mwh=200.0,
            sold_direct_nonfossil_mwh=20.0,
            power_ef_tco2_mwh=0.5306,
        ),
        row("heat", "heat", "heat", unit="轧钢", purchased_gj=100.0, sold_gj=30.0),
    ]
    found = run(KEY, rows, year=YEAR)
    assert by_row(found) == pytest.approx(
        [
            100 * 389.31 * 0.01532 * 0.99 * 44 / 12,  # 2165.0152
            0.0,
            ((1000 - 100 - 50) - (200 - 20)) * 0.5306,  # 355.502
            (100 - 30) * 0.11,  # 7.7
        ],
        rel=1e-12,
    )
    sums = methods.totals(found, [methods.METHODS[KEY]], by=("unit",)).row(0, named=True)
    assert sums["emission_total_tco2e"] == pytest.approx(by_row(found)[0], rel=1e-12)
    assert sums["emission_electricity_tco2e"] == pytest.approx(355.502)


def test_measured_carbon_of_a_product_wins_over_its_default():
    # 0.8 % carbon: 100 t x 0.008 x 44/12
    stocks = {"sold_qty": 100.0, "opening_stock_qty": 0.0, "closing_stock_qty": 0.0}
    found = run(
        KEY,
        [row("fixed_carbon", "fixed_carbon", "crude_steel", carbon_content_tc=0.008, **stocks)],
        year=YEAR,
    )
    assert by_row(found) == pytest.approx([-100 * 0.008 * 44 / 12], rel=1e-12)


def test_it_says_that_its_edition_is_in_doubt():
    method = methods.METHODS[KEY]
    assert "待核实" in method.number
    assert "版次" in method.doubts_zh[0]


def test_bituminous_coal_must_be_tested():
    rows = [
        row("fuel", "fuel", "bituminous", used_qty=100.0),
        row("fuel", "fuel", "bituminous", used_qty=100.0, carbon_per_heat_tc_gj=0.0261),
    ]
    found = run(KEY, rows, year=YEAR)
    # heat 23.076 GJ/t and oxidation 98 % are defaults, the carbon per heat is not
    assert by_row(found) == [
        None,
        pytest.approx(100 * 23.076 * 0.0261 * 0.98 * 44 / 12, rel=1e-12),  # 216.4206
    ]
