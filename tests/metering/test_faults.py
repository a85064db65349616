"""Field faults of known truth: the simulator knows what flowed, the derivation has to find it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metering.energy_kit import MONDAY, at, energy

from tanfeng.gateway.simulate import FAULT_KINDS, Fault, point_name, scatter, simulate

DAYS = 7
#: What each fault may leave unknown: only the reset, which loses nothing here but is an estimate.
FAULTS = {
    "none": [],
    "gap": [("gap", at(5, 6), 6.0, None)],
    "three days' gap": [("gap", at(2, 6), 72.0, None)],
    "gap over midnight": [("gap", at(4, 22), 5.0, None)],
    "spike": [("spike", at(5, 6), 1.0, None)],
    "spike down": [("spike", at(5, 6), 1.0, -3000.0)],
    "zero": [("zero", at(5, 6), 1.0, None)],
    "frozen": [("frozen", at(5, 6), 6.0, None)],
    "frozen two days": [("frozen", at(3, 6), 48.0, None)],
    "rollover": [("rollover", at(5, 6), 1.0, None)],
    "replacement": [("replacement", at(5, 6, 10), 1.0, None)],
    "reset": [("reset", at(5, 6), 1.0, None)],
    "duplicate": [("duplicate", at(5, 6), 3.0, None)],
    "drift": [("drift", at(5, 6), 30.0, None)],
    "late": [("late", at(5, 6), 3.0, None)],
    "several": [
        ("spike", at(3, 6), 1.0, None),
        ("gap", at(3, 7), 2.0, None),
        ("zero", at(3, 9, 30), 1.0, None),
        ("rollover", at(4, 1), 1.0, None),
        ("duplicate", at(4, 0), 3.0, None),
    ],
}
EXACT_BY_HOUR = {"none", "rollover", "replacement", "reset", "duplicate", "late"}


@pytest.fixture(scope="module")
def simulated():
    faults = [
        Fault(kind, point_name(n), when, hours, size)
        for n, laid in enumerate(FAULTS.values())
        for kind, when, hours, size in laid
    ]
    return simulate(len(FAULTS), start=MONDAY, days=DAYS, seed=3, faults=faults)


@pytest.fixture(scope="module", params=["told", "untold"])
def hours(request, simulated):
    """Energy and truth by the hour; untold: neither rated power nor digits are known."""
    points = simulated.points
    if request.param == "untold":
        points = points.with_columns(
            rated_power=pl.lit(None, pl.Float64), digits=pl.lit(None, pl.Int8)
        )
    rows = energy(simulated.readings, points, devices=simulated.devices)
    truth = simulated.truth.group_by("point", pl.col("start").dt.truncate("1h")).agg(
        truth=pl.col("amount").sum()
    )
    return rows.join(truth, on=["point", "start"], how="full", coalesce=True).sort("point", "start")


@pytest.mark.parametrize("name", FAULTS)
def test_the_total_is_the_truth(hours, name):
    mine = hours.filter(pl.col("point") == point_name(list(FAULTS).index(name)))
    assert mine.height == DAYS * 24
    assert mine["amount"].null_count() == 0
    assert mine["amount"].sum() == pytest.approx(mine["truth"].sum(), abs=1e-6)


@pytest.mark.parametrize("name", FAULTS)
def test_an_hour_that_is_not_the_truth_says_so(hours, name):
    mine = hours.filter(pl.col("point") == point_name(list(FAULTS).index(name)))
    off = mine.filter((pl.col("amount") - pl.col("truth")).abs() > 1e-6)
    if name == "drift":  # times that are a little off move a little energy, and are no gap
        assert set(off["rule"]) <= {"split"}
    else:
        assert set(off["quality"]) <= {"estimated"}
    if name in EXACT_BY_HOUR:
        assert off.is_empty()


def test_hours_no_fault_touches_are_measured(hours):
    mine = hours.filter((pl.col("point") == point_name(0)) | (pl.col("start") < at(2)))
    assert set(mine["quality"]) == {"measured"}


def test_late_data_mends_itself():
    fault = [Fault("late", point_name(0), at(2, 6), 6.0, 24.0)]
    sim = simulate(1, start=MONDAY, days=DAYS, seed=5, faults=fault)
    before = energy(sim.readings, sim.points, known_on=at(2, 18))
    after = energy(sim.readings, sim.points)
    truth = sim.truth["amount"].sum()
    # Known up to 18:00: the gap is known as a whole and flagged; when the packet is in, hour by hour
    gap = before.filter(pl.col("start").is_between(at(2, 6), at(2, 11)))
    assert set(gap["quality"]) == {"estimated"}
    assert set(after["quality"]) == {"measured"}
    assert after["amount"].sum() == pytest.approx(truth, abs=1e-6)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), interval=st.sampled_from([300, 900, 1800]))
def test_scattered_faults_never_lose_or_make_energy(seed, interval):
    faults = [
        fault
        for fault in scatter(20, start=MONDAY, days=5, seed=seed, share=1.0)
        if fault.kind in FAULT_KINDS
    ]
    sim = simulate(20, start=MONDAY, days=5, seed=seed, interval_s=interval, faults=faults)
    rows = energy(sim.readings, sim.points, devices=sim.devices, by="day")
    found = rows.group_by("point").agg(pl.col("amount").sum(), known=pl.col("completeness").min())
    truth = sim.truth.group_by("point").agg(truth=pl.col("amount").sum())
    both = found.join(truth, on="point").with_columns(off=pl.col("amount") - pl.col("truth"))
    wrong = both.filter((pl.col("off").abs() > 1e-6) & (pl.col("known") == 1.0))
    assert wrong.is_empty(), (wrong, [fault for fault in faults if fault.point in set(wrong["point"])])
    # Where something is not known the total is less than the truth, never more.
    assert both.filter(pl.col("off") > 1e-6).is_empty(), both.filter(pl.col("off") > 1e-6)
