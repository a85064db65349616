"""Paper: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2015_paper"
WATER = ("wastewater", "wastewater_net", "paper_wastewater")


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "bituminous", used_qty=1000.0),
            row("limestone", "carbonate", "caco3", used_qty=1000.0, purity_pct=92.0),
            row(
                *WATER,
                wastewater_m3=1_000_000.0,
                cod_in_kg_m3=3.0,
                cod_out_kg_m3=1.0,
                recovered_ch4_t=200.0,
            ),
            row("electricity", "electricity", "electricity", purchased_mwh=5000.0),
            row("heat", "heat", "heat", purchased_gj=0.0, sold_gj=2000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            1000 * 23.204 * 0.02618 * 0.93 * 44 / 12,  # 2071.5093
            1000 * 0.92 * 0.4397,  # 404.524
            (1000000 * 2 * 0.25 * 0.5 / 1000 - 200) * 21,  # 1050
            5000 * 0.5306,  # 2653
            -2000 * 0.11,  # -220
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(5959.0333, abs=5e-5)


def test_more_methane_recovered_than_made_is_shown_as_it_is():
    # 1000 m3 x 2 kg/m3 x 0.25 x 0.5 / 1000 = 0.25 t made, 0.3 t recovered: not clamped at zero
    found = run(
        KEY,
        [
            row(
                *WATER,
                wastewater_m3=1000.0,
                cod_in_kg_m3=3.0,
                cod_out_kg_m3=1.0,
                recovered_ch4_t=0.3,
            )
        ],
    )
    assert by_row(found) == pytest.approx([-0.05 * 21], rel=1e-9)


def test_limestone_from_stocks():
    # (120 + 30 - 50) t x 90 % x 0.4397
    found = run(
        KEY,
        [
            row(
                "limestone",
                "carbonate",
                "caco3",
                purchased_qty=120.0,
                opening_stock_qty=30.0,
                closing_stock_qty=50.0,
                purity_pct=90.0,
            )
        ],
    )
    assert by_row(found) == pytest.approx([100 * 0.9 * 0.4397], rel=1e-12)
