"""Other non-ferrous metals: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2015_nonferrous"


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=200.0),
            row("reductant", "material", "coke", used_qty=1000.0),
            row("carbonate", "carbonate", "caco3", used_qty=500.0, purity_pct=95.0),
            row("oxalic_acid", "carbonate", "oxalic_acid", used_qty=10.0),
            row("electricity", "electricity", "electricity", purchased_mwh=6000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            200 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 4324.3776
            1000 * 2.862,  # 2862
            500 * 0.95 * 0.4397,  # 208.8575
            10 * 0.349 * 0.996,  # 3.4760
            6000 * 0.5306,  # 3183.6
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(10582.3112, abs=5e-5)


def test_gas_as_reductant_is_counted_per_volume():
    found = run(KEY, [row("reductant", "material", "natural_gas", used_qty=3.5)])
    assert by_row(found) == pytest.approx([3.5 * 21.622], rel=1e-12)


def test_a_tested_concentration_of_oxalic_acid():
    found = run(
        KEY, [row("oxalic_acid", "carbonate", "oxalic_acid", used_qty=4.0, purity_pct=98.0)]
    )
    assert by_row(found) == pytest.approx([4 * 0.98 * 0.349], rel=1e-12)
