"""Flat glass: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2013_flat_glass"


def batch(item, amount, **values):
    return row("raw_material", "carbonate_calcined", item, used_qty=amount, **values)


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=2000.0),
            row("carbon_powder", "carbon_powder", "carbon_powder", carbon_powder_t=50.0),
            batch("na2co3", 10_000.0),
            batch("camgco32", 5_000.0),
            batch("caco3", 2_000.0),
            row("electricity", "electricity", "electricity", purchased_mwh=20_000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            2000 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 43243.7762
            50 * 44 / 12,  # 183.3333
            10000 * 0.4149,  # 4149
            5000 * 0.4773,  # 2386.5
            2000 * 0.4397,  # 879.4
            20000 * 0.5306,  # 10612
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(61454.0095, abs=5e-5)


def test_purity_and_calcined_share_are_two_things():
    # 1000 t ore with 92 % CaCO3, of which 98 % is calcined
    found = run(KEY, [batch("caco3", 1000.0, purity_pct=92.0, calcined_pct=98.0)])
    assert by_row(found) == pytest.approx([1000 * 0.92 * 0.98 * 0.4397], rel=1e-12)


def test_waste_heat_power_that_is_sold_is_deducted():
    sold = row("electricity", "electricity", "electricity", purchased_mwh=100.0, sold_mwh=250.0)
    assert by_row(run(KEY, [sold])) == pytest.approx([-150 * 0.5306], rel=1e-12)


def test_carbon_powder_with_a_tested_content():
    found = run(
        KEY,
        [
            row(
                "carbon_powder",
                "carbon_powder",
                "carbon_powder",
                carbon_powder_t=12.0,
                carbon_powder_carbon_pct=85.0,
            )
        ],
    )
    assert by_row(found) == pytest.approx([12 * 0.85 * 44 / 12], rel=1e-12)  # 37.4
