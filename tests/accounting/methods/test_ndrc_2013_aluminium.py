"""Aluminium by the guideline of 2013: anode, anode effect, limestone, by hand."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2013_aluminium"
METAL = "liquid_metal"


def test_one_tonne_of_metal_as_in_the_method_notes():
    found = run(
        KEY,
        [
            row("anode", "anode_net", METAL, metal_t=1.0),
            row("anode_effect", "anode_effect_slope", METAL, metal_t=1.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            0.42 * (1 - 0.02 - 0.004) * 44 / 12,  # 1.5030
            (0.034 * 6500 + 0.0034 * 9200) / 1000,  # 0.2523
        ],
        rel=1e-12,
    )


def test_effect_minutes_win_over_the_recommended_factors():
    # CF4 0.143 x 0.2 = 0.0286 kg/t, C2F6 a tenth of it
    found = run(
        KEY, [row("anode_effect", "anode_effect_slope", METAL, metal_t=50_000.0, effect_min_d=0.2)]
    )
    assert by_row(found) == pytest.approx(
        [50000 * (0.0286 * 6500 + 0.00286 * 9200) / 1000],  # 10610.6
        rel=1e-12,
    )


def test_a_whole_year():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "diesel", used_qty=100.0),
            row(
                "anode", "anode_net", METAL, metal_t=1000.0, anode_net_tc=0.40, anode_sulfur_pct=1.5
            ),
            row("limestone", "material", "limestone", used_qty=200.0),
            row("electricity", "electricity", "electricity", purchased_mwh=13_500.0),
            row("heat", "heat", "heat", purchased_gj=500.0),
        ],
    )
    parts = [
        100 * 42.652 * 0.0202 * 0.98 * 44 / 12,  # 309.5910
        1000 * 0.40 * (1 - 0.015 - 0.004) * 44 / 12,  # 1438.8
        200 * 0.405,  # 81
        13500 * 0.5306,  # 7163.1
        500 * 0.11,  # 55
    ]
    assert by_row(found) == pytest.approx(parts, rel=1e-12)
    assert total(found) == pytest.approx(9047.4910, abs=5e-5)
