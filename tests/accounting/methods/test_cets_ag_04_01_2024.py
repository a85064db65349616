"""Aluminium of the national market: two ways to the anode, the anode effect, direct only."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total
from tanfeng.accounting import methods

KEY = "cets_ag_04_01_2024"
METAL = "liquid_metal"
YEAR = 2025


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("anode", "anode_net", METAL, metal_t=100_000.0),
            row("anode_effect", "anode_effect", METAL, metal_t=100_000.0),
        ],
        year=YEAR,
    )
    assert by_row(found) == pytest.approx(
        [
            100000 * 0.411 * (1 - 0.02 - 0.004) * 44 / 12,  # 147083.2
            100000 * (0.02 * 6630 + 0.0011 * 11100) / 1000,  # 14481
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(161564.2, abs=5e-5)


def test_the_gross_anode_less_its_butts():
    found = run(KEY, [row("anode", "anode_gross", METAL, anode_gross_t=48_456.0)], year=YEAR)
    assert by_row(found) == pytest.approx(
        [48456 * (1 - 0.1518) * (1 - 0.02 - 0.004) * 44 / 12], rel=1e-12
    )
    assert total(found) == pytest.approx(147084.5570, abs=5e-5)


def test_electricity_and_heat_stand_outside_the_total():
    rows = [
        row("carbonate", "carbonate", "na2co3", used_qty=100.0, purity_pct=99.0),  # 41.0751
        row("fuel", "fuel", "anthracite", used_qty=1000.0),
        row("power_plant", "fuel", "natural_gas", used_qty=10.0),
        row("electricity", "electricity", "electricity", purchased_mwh=1000.0),
        row("heat", "heat", "heat", purchased_gj=100.0),
    ]
    found = run(KEY, rows, year=YEAR)
    direct = [
        100 * 0.99 * 0.4149,
        1000 * 22.867 * 0.02749 * 0.98 * 44 / 12,  # 2258.8190
        10 * 389.31 * 0.01532 * 0.99 * 44 / 12,  # 216.5015
    ]
    assert by_row(found)[:3] == pytest.approx(direct, rel=1e-12)
    sums = methods.totals(found, [methods.METHODS[KEY]]).row(0, named=True)
    assert sums["emission_total_tco2e"] == pytest.approx(sum(direct), rel=1e-12)
    assert sums["emission_heat_tco2e"] == pytest.approx(11.0)


def test_the_mass_of_each_gas_is_a_line():
    found = run(KEY, [row("anode_effect", "anode_effect", METAL, metal_t=1000.0)], year=YEAR)
    masses = dict(found.lines.select("quantity", "value").iter_rows())
    assert masses["cf4_t"] == pytest.approx(0.02)  # 1000 x 0.02 / 1000
    assert masses["c2f6_t"] == pytest.approx(0.0011)
