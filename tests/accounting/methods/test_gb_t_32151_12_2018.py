"""Textile and apparel: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "gb_t_32151_12_2018"
REACTOR = ("wastewater", "wastewater_net", "anaerobic_reactor")


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=100.0),
            row("carbonate", "carbonate", "na2co3", used_qty=200.0, purity_pct=99.0),
            row("carbonate", "carbonate", "nahco3", used_qty=50.0, purity_pct=99.0),
            row(
                *REACTOR,
                wastewater_m3=500_000.0,
                cod_in_kg_m3=2.0,
                cod_out_kg_m3=0.8,
                recovered_ch4_t=60.0,
            ),
            row("heat", "steam", "heat", purchased_t=10_000.0, enthalpy_kj_kg=2777.0),
            row("electricity", "electricity", "electricity", purchased_mwh=8000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            100 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 2162.1888
            200 * 0.99 * 0.4149,  # 82.1502
            50 * 0.99 * 0.5237,  # 25.9232
            (500000 * (2.0 - 0.8) * 0.25 * 0.8 / 1000 - 60) * 21,  # 1260
            10000 * (2777.0 - 83.74) / 1000 * 0.11,  # 2962.586
            8000 * 0.5306,  # 4244.8
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(10737.6482, abs=5e-5)


def test_sludge_takes_its_cod_along():
    # (10000 x (3 - 1) - 2000) kg x 0.25 x 0.8 / 1000 = 3.6 t CH4 x 21
    found = run(
        KEY,
        [
            row(
                *REACTOR,
                wastewater_m3=10_000.0,
                cod_in_kg_m3=3.0,
                cod_out_kg_m3=1.0,
                sludge_cod_kg=2000.0,
            )
        ],
    )
    assert by_row(found) == pytest.approx([3.6 * 21], rel=1e-12)


def test_steam_sold_and_hot_water():
    # (500 - 800) t x (2777 - 83.74) / 1000 x 0.11; 1000 t x (90 - 20) x 4.1868 / 1000 x 0.11
    found = run(
        KEY,
        [
            row("heat", "steam", "heat", purchased_t=500.0, sold_t=800.0, enthalpy_kj_kg=2777.0),
            row("heat", "hot_water", "heat", purchased_t=1000.0, water_c=90.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [-300 * 2.69326 * 0.11, 1000 * 70 * 4.1868 / 1000 * 0.11], rel=1e-12
    )


def test_every_formula_says_that_it_is_recalled():
    found = run(KEY, [row("fuel", "fuel", "natural_gas", used_qty=1.0)])
    assert {formula.confidence for formula in found.formulas.values()} == {"recalled"}
