"""Power by the guideline of 2013: fuel, slag and ash, desulphurisation, by hand."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run

KEY = "ndrc_2013_power"


def test_desulphurisation_as_in_the_method_notes():
    found = run(
        KEY,
        [
            row("desulphurisation", "flue_gas_washed", "caco3", agent_t=2000.0),
            row(
                "desulphurisation",
                "flue_gas_washed",
                "na2co3",
                agent_t=100.0,
                carbonate_pct=98.0,
                conversion_pct=95.0,
            ),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            2000 * 0.90 * 0.44 * 1.0,  # 792
            100 * 0.98 * 0.4149 * 0.95,  # 38.6272
        ],
        rel=1e-12,
    )


def test_fuel_and_electricity_by_the_defaults():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "diesel", used_qty=50.0),
            row("fuel", "fuel", "anthracite", used_qty=1000.0, ncv_gj=22.0, oxidation_pct=98.0),
            row("electricity", "electricity", "electricity", purchased_mwh=300.0, sold_mwh=100.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            50 * 42.652 * 0.0202 * 0.98 * 44 / 12,  # 154.7955
            1000 * 22.0 * 0.0274 * 0.98 * 44 / 12,  # 2166.0613
            (300 - 100) * 0.5306,  # 106.12
        ],
        rel=1e-12,
    )


def test_the_oxidation_rate_by_slag_and_ash():
    found = run(
        KEY,
        [
            row(
                "fuel",
                "fuel_by_ash",
                "anthracite",
                used_qty=10_000.0,
                ncv_gj=22.0,
                slag_t=300.0,
                slag_carbon_pct=5.0,
                ash_t=2000.0,
                ash_carbon_pct=3.0,
                dust_removal_pct=99.5,
            )
        ],
    )
    carbon = 10000 * 22.0 * 0.0274  # 6028 tC
    unburned = 300 * 0.05 + 2000 * 0.03 / 0.995  # 75.3015 tC
    oxidation = 1 - unburned / carbon  # 0.987508
    assert by_row(found) == pytest.approx([carbon * oxidation * 44 / 12], rel=1e-12)
    assert oxidation == pytest.approx(0.987508, abs=5e-7)


def test_ash_without_its_carbon_is_a_gap():
    found = run(
        KEY,
        [
            row(
                "fuel",
                "fuel_by_ash",
                "anthracite",
                used_qty=1.0,
                ncv_gj=22.0,
                slag_t=0.1,
                ash_t=0.2,
            )
        ],
    )
    assert by_row(found) == [None]
