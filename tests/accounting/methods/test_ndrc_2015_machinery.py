"""Machinery: gas lost when filling, shielding gas, by hand."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2015_machinery"
STOCKS = {"opening_stock_kg": 1000.0, "bought_kg": 5000.0, "closing_stock_kg": 800.0}


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=10.0),
            row(
                "filling",
                "gas_filling",
                "sf6",
                container_before_kg=5100.0,
                container_after_kg=0.0,
                connections=200.0,
                **STOCKS,
            ),
            row("welding", "shielding_gas", "mixed_gas", used_qty=10.0, co2_vol_pct=20.0),
            row("electricity", "electricity", "electricity", purchased_mwh=3000.0),
        ],
    )
    shipped = 5100 - 200 * 0.342 * 146.06 / 1000  # 5090.0095 kg
    assert by_row(found) == pytest.approx(
        [
            10 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 216.2189
            (1000 + 5000 - 800 - shipped) * 23900 / 1000,  # 2628.7730
            10 * 20 * 44 / (20 * 44 + 80 * 39.948),  # 2.1591
            3000 * 0.5306,  # 1591.8
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(4438.9510, abs=5e-5)


def test_a_flow_meter_instead_of_weighing_and_another_gas():
    # EF_CH = 0.342 x 102.03 / 1000 = 0.03489426 kg; EL = 10 x that; DI = 300 - EL
    found = run(
        KEY,
        [
            row(
                "filling",
                "gas_filling",
                "hfc_134a",
                opening_stock_kg=50.0,
                bought_kg=300.0,
                closing_stock_kg=40.0,
                metered_kg=300.0,
                connections=10.0,
            )
        ],
    )
    shipped = 300 - 10 * 0.342 * 102.03 / 1000  # 299.6511 kg
    assert by_row(found) == pytest.approx([(310 - shipped) * 1300 / 1000], rel=1e-12)  # 13.4536


def test_a_factor_of_the_supplier_and_gas_all_used_inside():
    found = run(
        KEY,
        [
            row(
                "filling",
                "gas_filling",
                "cf4",
                metered_kg=100.0,
                connections=5.0,
                loss_per_filling_kg=0.02,
                opening_stock_kg=0.0,
                bought_kg=120.0,
                closing_stock_kg=15.0,
            ),
            row("filling", "gas_filling", "sf6", shipped_kg=0.0, **STOCKS),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            (120 - 15 - (100 - 5 * 0.02)) * 6500 / 1000,  # 33.15
            5200 * 23900 / 1000,  # 124280
        ],
        rel=1e-12,
    )


def test_pure_co2_and_a_mixture_of_three():
    mixture = {"co2_vol_pct": 15.0, "oxygen_vol_pct": 3.0, "helium_vol_pct": 10.0}
    found = run(
        KEY,
        [
            row("welding", "material", "co2", used_qty=7.0),
            row("welding", "shielding_gas", "co2", used_qty=7.0, co2_vol_pct=100.0),
            row("welding", "shielding_gas", "mixed_gas", used_qty=5.0, **mixture),
        ],
    )
    mean = 15 * 44 + 72 * 39.948 + 3 * 32 + 10 * 4.003  # argon is the rest: 72 %
    assert by_row(found) == pytest.approx([7.0, 7.0, 5 * 15 * 44 / mean], rel=1e-12)


def test_gas_that_was_filled_but_never_bought_is_a_gap():
    found = run(
        KEY,
        [
            row(
                "filling",
                "gas_filling",
                "sf6",
                opening_stock_kg=0.0,
                bought_kg=10.0,
                closing_stock_kg=0.0,
                metered_kg=100.0,
                connections=1.0,
            )
        ],
    )
    assert by_row(found) == [None]


def test_a_gas_the_second_report_does_not_hold_needs_its_gwp():
    values = {
        "opening_stock_kg": 10.0,
        "bought_kg": 0.0,
        "closing_stock_kg": 0.0,
        "shipped_kg": 0.0,
    }
    found = run(
        KEY,
        [
            row("filling", "gas_filling", "hfc_245fa", **values),
            row("filling", "gas_filling", "hfc_245fa", gwp=1030.0, **values),
        ],
    )
    assert by_row(found) == [None, pytest.approx(10.3)]
    assert found.gaps["column"].to_list() == ["gwp"]
