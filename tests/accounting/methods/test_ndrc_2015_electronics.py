"""Electronics: gas that leaks and by-products, with and without abatement, by hand."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2015_electronics"


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("process_gas", "process_gas_abated", "nf3", used_qty=100.0),
            row("by_product", "by_product_abated", "nf3_cf4", used_qty=100.0),
            row("process_gas", "process_gas_abated", "cf4", used_qty=50.0),
            row("electricity", "electricity", "electricity", purchased_mwh=10_000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            0.9 * 100 * (1 - 0.80) * (1 - 0.90 * 0.95) * 17200 / 1000,  # 44.8920
            0.9 * 100 * 0.09 * (1 - 0.90 * 0.90) * 7390 / 1000,  # 11.3732
            0.9 * 50 * (1 - 0.10) * (1 - 0.90 * 0.90) * 7390 / 1000,  # 56.8661
            10000 * 0.5306,  # 5306
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(5419.1313, abs=5e-5)


def test_a_tool_without_abatement():
    found = run(
        KEY,
        [
            row("process_gas", "process_gas", "sf6", used_qty=20.0),
            row("by_product", "by_product", "c_c4f8_c2f6", used_qty=30.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            0.9 * 20 * (1 - 0.80) * 22800 / 1000,  # 82.08
            0.9 * 30 * 0.1 * 12200 / 1000,  # 32.94
        ],
        rel=1e-12,
    )


def test_use_from_stocks_net_of_the_heel_with_measured_rates():
    found = run(
        KEY,
        [
            row(
                "process_gas",
                "process_gas_abated",
                "c2f6",
                opening_stock_qty=40.0,
                purchased_qty=100.0,
                closing_stock_qty=30.0,
                sold_qty=10.0,
                heel_pct=0.0,
                utilisation_pct=55.0,
                collection_pct=100.0,
                removal_pct=97.0,
            )
        ],
    )
    # 100 kg used, 45 % leaves the chamber, 3 % of it passes the abatement
    assert by_row(found) == pytest.approx([100 * 0.45 * 0.03 * 12200 / 1000], rel=1e-12)  # 16.47


def test_a_gas_without_rates_must_state_them():
    found = run(
        KEY,
        [
            row("process_gas", "process_gas", "c4f6", used_qty=10.0),
            row("process_gas", "process_gas", "ch2f2", used_qty=10.0, utilisation_pct=90.0),
            row("by_product", "by_product", "c4f6_c2f6", used_qty=10.0),
        ],
    )
    assert by_row(found) == [
        None,
        pytest.approx(0.9 * 10 * 0.1 * 675 / 1000),  # 0.6075
        pytest.approx(0.9 * 10 * 0.2 * 12200 / 1000),  # 21.96
    ]
