"""Water and steam by IAPWS-IF97 against the check values of the release, and the heat of steam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import method_rows
from tanfeng.accounting import _if97, steam
from tanfeng.errors import DataError, ModelError

PRINTED = Path(__file__).with_name("printed_steam.csv")
C0 = 273.15


def row(**changes: object) -> dict[str, object]:
    """Return a row of superheated steam with some columns changed."""
    whole = {
        "mass_t": 1000.0,
        "pressure_mpa": 1.0,
        "pressure_kind": "absolute",
        "atmosphere_mpa": None,
        "temperature_c": 300.0,
        "dryness": None,
    }
    return {**whole, **changes}


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    """Return rows as a frame with the types of steam rows."""
    return pl.DataFrame(list(rows), schema=dict(steam.STEAM_SCHEMA))


# Check values of IAPWS R7-97(2012) --------------------------------------------------------------


@pytest.mark.parametrize(
    ("pressure", "kelvin", "expected"),
    [
        # Table 5, region 1
        (3.0, 300.0, 115.331273),
        (80.0, 300.0, 184.142828),
        (3.0, 500.0, 975.542239),
        # Table 15, region 2
        (0.0035, 300.0, 2549.91145),
        (0.0035, 700.0, 3335.68375),
        (30.0, 700.0, 2631.49474),
    ],
)
def test_enthalpies_of_the_release(pressure, kelvin, expected):
    assert steam.enthalpy(pressure, kelvin - C0) == pytest.approx(expected, rel=5e-9)


@pytest.mark.parametrize(
    ("kelvin", "expected"),
    [(300.0, 0.353658941e-2), (500.0, 0.263889776e1), (600.0, 0.123443146e2)],  # table 35
)
def test_saturation_pressures_of_the_release(kelvin, expected):
    assert steam.saturation_pressure(kelvin - C0) == pytest.approx(expected, rel=5e-9)


@pytest.mark.parametrize(
    ("pressure", "expected"),
    [(0.1, 0.372755919e3), (1.0, 0.453035632e3), (10.0, 0.584149488e3)],  # table 36
)
def test_saturation_temperatures_of_the_release(pressure, expected):
    assert steam.saturation_temperature(pressure) + C0 == pytest.approx(expected, rel=5e-9)


def test_border_of_region_three_of_the_release():
    # Section 4: T = 623.15 K gives p = 16.5291643 MPa.
    assert _if97.boundary_pressure(np.array(623.15)) == pytest.approx(16.5291643, rel=5e-9)


# Regions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pressure", "celsius", "word"),
    [
        (25.0, 400.0, "region 3"),
        (22.0, 374.0, "region 3"),
        (1.0, 900.0, "region 5"),
        (101.0, 20.0, "outside"),
        (1.0, -1.0, "outside"),
        (0.0, 100.0, "outside"),
        (1.0, float("nan"), "outside"),
    ],
)
def test_what_is_not_held_is_refused(pressure, celsius, word):
    with pytest.raises(ModelError, match=word) as caught:
        steam.enthalpy([1.0, pressure], [300.0, celsius])
    assert "1、2 区" in caught.value.message("zh")


@given(st.floats(0.01, 349.9))
def test_saturation_line_is_one_line_both_ways(celsius):
    back = steam.saturation_temperature(steam.saturation_pressure(celsius))
    assert back == pytest.approx(celsius, abs=1e-4)


@given(st.floats(0.001, 16.5), st.floats(0.0, 1.0))
def test_wet_steam_lies_between_water_and_dry_steam(pressure, dryness):
    water, wet, dry = (
        float(steam.saturated_enthalpy(pressure_mpa=pressure, dryness=x))
        for x in (0.0, dryness, 1.0)
    )
    assert water <= wet <= dry
    assert wet == pytest.approx(water + dryness * (dry - water), rel=1e-12)


@given(st.floats(0.001, 30.0), st.floats(460.0, 780.0), st.floats(0.1, 20.0))
def test_hotter_steam_holds_more(pressure, celsius, more):
    cold, hot = steam.enthalpy(pressure, [celsius, celsius + more])
    assert hot > cold


def test_saturated_steam_by_pressure_and_by_temperature_agree():
    celsius = steam.saturation_temperature(1.0)
    by_pressure = steam.saturated_enthalpy(pressure_mpa=1.0, dryness=0.9)
    by_temperature = steam.saturated_enthalpy(temperature_c=celsius, dryness=0.9)
    assert by_pressure == pytest.approx(by_temperature, rel=1e-9)


def test_saturated_steam_refuses_what_is_not_said():
    with pytest.raises(ModelError, match="one of the two"):
        steam.saturated_enthalpy(pressure_mpa=1.0, temperature_c=180.0, dryness=1.0)
    with pytest.raises(ModelError, match="one of the two"):
        steam.saturated_enthalpy(dryness=1.0)
    with pytest.raises(ModelError, match=r"95 % is 0\.95"):
        steam.saturated_enthalpy(pressure_mpa=1.0, dryness=95.0)
    with pytest.raises(ModelError, match="region 3"):
        steam.saturated_enthalpy(pressure_mpa=17.0, dryness=1.0)
    with pytest.raises(ModelError, match="boils between"):
        steam.saturation_pressure(400.0)
    with pytest.raises(ModelError, match="boils between"):
        steam.saturation_temperature(23.0)


# Heat -------------------------------------------------------------------------------------------


def test_heat_of_dry_saturated_steam_by_both_rules():
    # 1.0 MPa absolute, dry: h'' = 2777.1195 kJ/kg (methods.md chapter 8 prints 2777.0).
    # NDRC : 10000 t * (2777.1195 - 83.74) / 1000 = 26933.795 GJ
    # whole: 10000 t *  2777.1195          / 1000 = 27771.195 GJ
    rows = frame(row(mass_t=10000.0, temperature_c=None, dryness=1.0))
    ndrc, whole = steam.heat(rows, rule="ndrc"), steam.heat(rows, rule="whole")
    assert ndrc["enthalpy_kj_kg"][0] == pytest.approx(2777.1195, abs=1e-4)
    assert ndrc["heat_gj"][0] == pytest.approx(26933.795, abs=1e-3)
    assert whole["heat_gj"][0] == pytest.approx(27771.195, abs=1e-3)
    assert (ndrc["heat_rule"][0], whole["heat_rule"][0]) == ("ndrc", "whole")


def test_enthalpy_feeds_the_steam_of_a_method():
    # 10000 t, dry at 1.0 MPa: 26933.795 GJ (above) * 0.11 tCO2/GJ = 2962.7175 t
    rows = frame(row(mass_t=10000.0, temperature_c=None, dryness=1.0))
    enthalpy = steam.heat(rows, rule="ndrc")["enthalpy_kj_kg"][0]
    bought = method_rows.row("heat", "steam", "heat", purchased_t=10000.0, enthalpy_kj_kg=enthalpy)
    account = method_rows.run("ndrc_2015_general", [bought])
    assert method_rows.total(account) == pytest.approx(2962.7175, abs=1e-3)


def test_heat_of_wet_steam():
    # 0.5 MPa, x = 0.95: h' = 640.1853, h'' = 2748.1076
    # h = 640.1853 + 0.95 * (2748.1076 - 640.1853) = 640.1853 + 0.95 * 2107.9223 = 2642.7115
    # Q = 1000 * (2642.7115 - 83.74) / 1000 = 2558.9715 GJ
    done = steam.heat(frame(row(pressure_mpa=0.5, temperature_c=None, dryness=0.95)), rule="ndrc")
    assert done["heat_gj"][0] == pytest.approx(2558.9715, abs=1e-3)


def test_gauge_pressure_is_another_unit():
    # 0.9 MPa gauge + 0.1 MPa atmosphere = 1.0 MPa absolute.
    gauge = row(pressure_mpa=0.9, pressure_kind="gauge", atmosphere_mpa=0.1)
    done = steam.heat(frame(row(), gauge), rule="ndrc")
    assert done["pressure_absolute_mpa"].to_list() == pytest.approx([1.0, 1.0])
    assert done["enthalpy_kj_kg"][0] == pytest.approx(done["enthalpy_kj_kg"][1], rel=1e-12)


def test_every_row_that_cannot_be_computed_is_told():
    bad = frame(
        row(),
        row(mass_t=None),
        row(pressure_kind=None),
        row(pressure_kind="gauge"),
        row(dryness=95.0),
        row(temperature_c=None),
        row(pressure_mpa=None, temperature_c=None, dryness=1.0),
    )
    with pytest.raises(DataError) as caught:
        steam.heat(bad, rule="ndrc")
    told = [(problem.row, problem.rule) for problem in caught.value.problems]
    assert told == [(2, "T001"), (3, "T002"), (4, "T003"), (5, "T004"), (6, "T005"), (7, "T006")]


def test_states_that_are_not_what_they_seem_are_told():
    bad = frame(
        row(temperature_c=200.0, dryness=1.0),
        row(pressure_mpa=17.0, temperature_c=None, dryness=1.0),
        row(temperature_c=179.88),
        row(temperature_c=120.0),
        row(pressure_mpa=25.0, temperature_c=400.0),
        row(pressure_mpa=None, pressure_kind=None, temperature_c=360.0, dryness=1.0),
    )
    with pytest.raises(DataError) as caught:
        steam.heat(bad, rule="ndrc")
    told = [(problem.row, problem.rule) for problem in caught.value.problems]
    assert told == [(1, "T007"), (2, "T008"), (3, "T009"), (4, "T010"), (5, "T011"), (6, "T008")]


def test_saturated_steam_by_temperature_needs_no_pressure():
    one = row(pressure_mpa=None, pressure_kind=None, temperature_c=180.0, dryness=1.0)
    assert steam.heat(frame(one), rule="ndrc")["enthalpy_kj_kg"][0] == pytest.approx(
        2777.2, abs=0.1
    )


def test_unknown_rule_and_missing_column():
    with pytest.raises(ModelError, match="none of ndrc, whole"):
        steam.heat(frame(row()), rule="gbt")
    with pytest.raises(ModelError, match="mass_t"):
        steam.heat(frame(row()).drop("mass_t"), rule="ndrc")


@given(st.floats(0.0, 1e6), st.integers(1, 5))
def test_heat_grows_with_mass_and_splitting_changes_nothing(mass, parts):
    whole = steam.heat(frame(row(mass_t=mass)), rule="ndrc")["heat_gj"].sum()
    split = steam.heat(frame(*[row(mass_t=mass / parts)] * parts), rule="ndrc")["heat_gj"].sum()
    double = steam.heat(frame(row(mass_t=2 * mass)), rule="ndrc")["heat_gj"].sum()
    assert split == pytest.approx(whole, rel=1e-12)
    assert double == pytest.approx(2 * whole, rel=1e-12)


# The printed tables -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared() -> pl.DataFrame:
    """Return the tables of the NDRC texts, as a stored implementation prints them, checked."""
    return steam.compare(pl.read_csv(PRINTED))


def at(compared: pl.DataFrame, pressure: float, celsius: float) -> dict[str, object]:
    """Return the row of a state."""
    state = (pl.col("pressure_mpa") == pressure) & (pl.col("temperature_c") == celsius)
    return compared.filter(state).row(0, named=True)


def test_printed_saturated_table_is_sound_up_to_one_point_six_mpa_only(compared):
    saturated = compared.filter("is_saturated")
    low = saturated.filter(pl.col("pressure_mpa") <= 1.6)
    high = saturated.filter(pl.col("pressure_mpa").is_between(1.8, 16.0))
    assert set(low["finding"]) == {"ok"}
    assert set(high["finding"]) == {"enthalpy"}
    # It keeps rising where steam turns over: 2844.5 printed at 10 MPa, 2725.47 computed.
    assert at(compared, 10.0, 310.96)["difference_kj_kg"] == pytest.approx(119.0, abs=0.1)
    assert at(compared, 16.0, 347.36)["difference_kj_kg"] == pytest.approx(260.4, abs=0.1)
    assert set(saturated.filter(pl.col("pressure_mpa") >= 17.0)["finding"]) == {"not_checked"}


@pytest.mark.parametrize(
    ("pressure", "celsius", "difference"),
    [
        (0.5, 400.0, -54.49),  # 3217.8 for 3271.8
        (0.01, 550.0, -3.90),
        (30.0, 140.0, -5.70),  # 603.1 for 608.1
        (30.0, 200.0, -8.94),  # 856.2 for 865.2
        (30.0, 240.0, -17.82),  # 1024.8 for 1042.8
        (30.0, 440.0, -58.56),  # straight lines laid across a curve
        (25.0, 420.0, -38.69),
        (20.0, 420.0, -11.49),
    ],
)
def test_anomalies_of_the_printed_superheated_table(compared, pressure, celsius, difference):
    found = at(compared, pressure, celsius)
    assert found["finding"] == "enthalpy"
    assert found["difference_kj_kg"] == pytest.approx(difference, abs=0.01)


def test_count_of_anomalies_of_the_printed_superheated_table(compared):
    counts = dict(compared.filter(~pl.col("is_saturated")).group_by("finding").len().iter_rows())
    assert counts == {"ok": 334, "enthalpy": 35, "not_checked": 3}


def test_a_slip_in_a_pressure_shows_as_a_wrong_boiling_point():
    # Table C.4 of GB/T 32151.34-2024 prints 1.40 MPa beside 204.3 C and 1.50 MPa beside 207.1 C;
    # these are the boiling points of 1.70 and 1.80 MPa.
    states = [(1.40, 204.3), (1.50, 207.1), (1.70, 204.3), (1.80, 207.1)]
    printed = pl.DataFrame(
        [(True, p, t, 2795.0) for p, t in states],
        schema=["is_saturated", "pressure_mpa", "temperature_c", "enthalpy_kj_kg"],
        orient="row",
    )
    assert steam.compare(printed)["finding"].to_list() == ["temperature", "temperature", "ok", "ok"]
