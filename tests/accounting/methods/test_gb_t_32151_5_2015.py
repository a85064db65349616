"""Steel: worked by hand from the defaults of the tables, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "gb_t_32151_5_2015"


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "anthracite", used_qty=1000.0),
            row("fuel", "fuel", "coke", used_qty=3000.0),
            row("flux", "material", "limestone", used_qty=500.0),
            row("flux", "material", "dolomite", used_qty=200.0),
            row("electrode", "material", "electrode", used_qty=10.0),
            row("material", "material", "pig_iron", used_qty=100.0),
            row("electricity", "electricity", "electricity", purchased_mwh=2000.0),
            row("heat", "heat", "heat", purchased_gj=0.0, sold_gj=1000.0),
            row(
                "fixed_carbon",
                "fixed_carbon",
                "crude_steel",
                sold_qty=8000.0,
                opening_stock_qty=0.0,
                closing_stock_qty=0.0,
            ),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            1000 * 26.7 * 0.0274 * 0.94 * 44 / 12,  # 2521.5124
            3000 * 28.435 * 0.0295 * 0.93 * 44 / 12,  # 8581.2565
            500 * 0.44,  # 220
            200 * 0.471,  # 94.2
            10 * 3.663,  # 36.63
            100 * 0.172,  # 17.2
            2000 * 0.5306,  # 1061.2
            -1000 * 0.11,  # -110
            -8000 * 0.0154,  # -123.2
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(12298.7989, abs=5e-5)
    assert found.gaps.is_empty()


def test_a_works_that_makes_coke_sells_gas_and_keeps_stock():
    stocks = {"opening_stock_qty": 100.0, "closing_stock_qty": 160.0}
    found = run(
        KEY,
        [
            # 500 t bought and 100 t in stock at first, 80 t at the end: 520 t burned
            row(
                "fuel",
                "fuel",
                "anthracite",
                purchased_qty=500.0,
                opening_stock_qty=100.0,
                closing_stock_qty=80.0,
            ),
            row("fuel", "fuel_sold", "coke_oven_gas", sold_qty=20.0),
            row("material", "material", "dri", used_qty=50.0),
            row("electricity", "electricity", "electricity", purchased_mwh=100.0, sold_mwh=400.0),
            row("fixed_carbon", "fixed_carbon", "pig_iron", sold_qty=1000.0, **stocks),
            row(
                "fixed_carbon",
                "fixed_carbon",
                "methanol",
                sold_qty=30.0,
                **dict.fromkeys(stocks, 0.0),
            ),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            520 * 26.7 * 0.0274 * 0.94 * 44 / 12,  # 1311.1865
            -20 * 179.81 * 0.01358 * 0.99 * 44 / 12,  # -177.2761
            50 * 0.073,  # 3.65
            (100 - 400) * 0.5306,  # -159.18: more sold than bought stays negative
            -(1000 + 160 - 100) * 0.172,  # -182.32: what is in stock left the balance too
            -30 * 1.375,  # -41.25
        ],
        rel=1e-12,
    )


def test_tested_carbon_and_steam_take_the_place_of_defaults():
    found = run(
        KEY,
        [
            # carbon of the coal tested: 0.70 tC/t
            row("fuel", "fuel_by_carbon", "anthracite", used_qty=100.0, carbon_content_tc=0.70),
            row("material", "material", "pig_iron", used_qty=100.0, ef_tco2=0.16),
            row("heat", "steam", "heat", purchased_t=100.0, enthalpy_kj_kg=2777.0),
            row("heat", "hot_water", "heat", purchased_t=1000.0, water_c=95.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            100 * 0.70 * 0.94 * 44 / 12,  # 241.2667
            100 * 0.16,  # 16
            100 * (2777.0 - 83.74) / 1000 * 0.11,  # 29.6259
            1000 * (95 - 20) * 4.1868 / 1000 * 0.11,  # 34.5411
        ],
        rel=1e-12,
    )
