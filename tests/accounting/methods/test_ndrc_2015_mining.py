"""Mining: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2015_mining"


def ore(item, share, **values):
    return row("ore", "carbonate_calcined", item, used_qty=1000.0, purity_pct=share, **values)


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "diesel", used_qty=100.0),
            ore("caco3", 90.0, calcined_pct=95.0),
            ore("mgco3", 5.0, calcined_pct=95.0),
            row("absorbed", "carbonation", "caco3", product_qty=100.0, purity_pct=98.0),
            row("electricity", "electricity", "electricity", purchased_mwh=1000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            100 * 43.33 * 0.0202 * 0.98 * 44 / 12,  # 314.5122
            1000 * 0.95 * 0.90 * 0.4397,  # 375.9435
            1000 * 0.95 * 0.05 * 0.522,  # 24.795
            -100 * 0.98 * 0.4397,  # -43.0906
            1000 * 0.5306,  # 530.6
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(1202.7601, abs=5e-5)


def test_ore_is_taken_as_wholly_decomposed_where_nobody_knows():
    found = run(KEY, [ore("camgco32", 60.0)])
    assert by_row(found) == pytest.approx([1000 * 0.60 * 1.0 * 0.4773], rel=1e-12)


def test_power_and_heat_of_a_quarry():
    found = run(
        KEY,
        [
            row("electricity", "electricity", "electricity", purchased_mwh=200.0, sold_mwh=50.0),
            row("heat", "heat", "heat", purchased_gj=40.0),
        ],
    )
    assert by_row(found) == pytest.approx([150 * 0.5306, 4.4], rel=1e-12)
