"""Cement by the guideline of 2013: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run

KEY = "ndrc_2013_cement"


def clinker(**values):
    return row("raw_meal_carbonate", "clinker_oxides", "clinker", **values)


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            clinker(
                clinker_t=100_000.0,
                kiln_dust_t=100.0,
                clinker_cao_pct=65.0,
                clinker_mgo_pct=1.5,
            ),
            row(
                "raw_meal_carbon",
                "raw_meal_carbon",
                "raw_meal",
                raw_meal_t=150_000.0,
                raw_meal_carbon_pct=0.1,
            ),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            (100000 + 100) * (0.65 * 44 / 56 + 0.015 * 44 / 40),  # 52774.1500
            150000 * 0.001 * 44 / 12,  # 550
        ],
        rel=1e-12,
    )
    assert by_row(found)[0] == pytest.approx(52774.15, abs=5e-3)


def test_oxides_that_did_not_come_from_carbonate_are_taken_off():
    # carbide slag brought 5 % CaO and 0.3 % MgO into the clinker
    found = run(
        KEY,
        [
            clinker(
                clinker_t=1000.0,
                bypass_dust_t=10.0,
                clinker_cao_pct=64.0,
                clinker_mgo_pct=2.0,
                noncarbonate_cao_pct=5.0,
                noncarbonate_mgo_pct=0.3,
            )
        ],
    )
    assert by_row(found) == pytest.approx([1010 * (0.59 * 44 / 56 + 0.017 * 44 / 40)], rel=1e-12)


def test_the_fossil_part_of_alternative_fuel():
    # 200 t tyres x 31.4 GJ/t x 0.085 tCO2/GJ x 20 % fossil
    found = run(
        KEY,
        [
            row(
                "alternative_fuel",
                "alternative_fuel",
                "waste_tyre",
                alternative_fuel_t=200.0,
                heating_value_gj_t=31.4,
                ef_tco2_gj=0.085,
                fossil_carbon_pct=20.0,
            )
        ],
    )
    assert by_row(found) == pytest.approx([200 * 31.4 * 0.085 * 0.2], rel=1e-12)  # 106.76


def test_an_oxide_nobody_measured_leaves_a_gap():
    found = run(KEY, [clinker(clinker_t=1000.0, clinker_cao_pct=65.0)])
    assert by_row(found) == [None]
    assert found.gaps["column"].to_list() == ["clinker_mgo_pct"]
