"""The simulated gateway: the same every time, true where nothing is wrong, wrong where asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tanfeng.errors import ModelError
from tanfeng.gateway.simulate import FAULT_KINDS, Fault, point_name, scatter, simulate
from tanfeng.metering.frames import DEVICES, POINTS, READINGS

START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight of 2 March, local
P = "P00001"


def _one(*faults, points=1, days=2, **options):
    return simulate(points, start=START, days=days, seed=7, faults=faults, **options)


def _shown(made, point=P):
    return made.readings.filter(pl.col("point") == point).sort("time", "received")


def _plain(made, point=P):
    """Sum of register steps times multiplier: energy if nothing were wrong. [kWh]"""
    steps = _shown(made, point)["value"].diff().drop_nulls()
    multiplier = made.points.filter(pl.col("point") == point)["multiplier"].item()
    return steps.sum() * multiplier


def test_the_frames_are_those_of_the_metering_room():
    made = _one(points=3)
    assert made.readings.schema == READINGS
    assert made.points.schema == POINTS
    assert made.devices.schema == DEVICES
    assert made.truth.columns == ["point", "start", "amount"]
    # 3 points, 2 days of 96 slots, and the reading that closes the last slot
    assert (made.readings.height, made.truth.height) == (3 * 193, 3 * 192)
    assert made.readings["received"].is_sorted()
    assert (made.readings["received"] > made.readings["time"]).all()


def test_the_same_seed_gives_the_same_readings():
    assert _one(points=5).readings.equals(_one(points=5).readings)
    assert not simulate(5, start=START, days=2, seed=8).readings.equals(_one(points=5).readings)


def test_every_slot_is_the_step_of_the_register_and_within_the_rated_power():
    made = _one(points=40)
    steps = (
        made.readings.sort("point", "time")
        .with_columns(step=pl.col("value").diff().over("point"))
        .drop_nulls("step")
        .join(made.points.select("point", "multiplier", "rated_power"), on="point")
    )
    amount = (steps["step"] * steps["multiplier"]).to_numpy()
    assert np.allclose(amount, made.truth["amount"].to_numpy(), rtol=0, atol=1e-5)
    assert (made.truth["amount"].to_numpy() >= 0).all()
    assert (amount * 4 <= steps["rated_power"].to_numpy()).all()
    assert made.truth["amount"].sum() > 0


@pytest.mark.parametrize(("interval", "readings"), [(300, 577), (900, 193), (3600, 49)])
def test_truth_is_by_the_quarter_hour_whatever_the_spacing(interval, readings):
    made = _one(interval_s=interval)
    assert made.readings.height == readings
    assert made.truth.height == 192
    assert _plain(made) == pytest.approx(made.truth["amount"].sum(), abs=1e-6)


def test_a_gap_takes_readings_away_and_no_energy():
    made = _one(Fault("gap", P, START + timedelta(hours=6), hours=6))
    assert made.readings.height == 193 - 24
    assert _plain(made) == pytest.approx(_one().truth["amount"].sum(), abs=1e-6)


def test_late_readings_are_the_same_readings_known_later():
    made = _one(Fault("late", P, START + timedelta(hours=6), hours=2, size=3))
    late = made.readings.filter(pl.col("received") - pl.col("time") > pl.duration(minutes=5))
    assert late.height == 8
    assert late["received"].unique().to_list() == [START + timedelta(hours=11)]
    assert late["batch"].n_unique() == 1
    plain = _one().readings
    assert _shown(made).select("time", "value").equals(plain.select("time", "value"))


def test_a_duplicate_is_the_same_value_under_another_batch():
    made = _one(Fault("duplicate", P, START + timedelta(hours=6), hours=2))
    assert made.readings.height == 193 + 8
    twice = made.readings.filter(pl.len().over("point", "time") > 1)
    assert twice.height == 16
    assert twice.group_by("time").agg(pl.col("value").n_unique())["value"].to_list() == [1] * 8
    assert made.readings.select("point", "time", "batch").is_unique().all()


def test_a_rollover_loses_exactly_the_whole_register():
    made = _one(Fault("rollover", P, START + timedelta(hours=10, minutes=5)))
    multiplier = made.points["multiplier"].item()
    assert _plain(made) + 1e6 * multiplier == pytest.approx(made.truth["amount"].sum(), abs=1e-4)
    assert (_shown(made)["value"] < 1e6).all()
    fall = _shown(made).filter(pl.col("value").diff() < 0)
    assert fall["time"].to_list() == [START + timedelta(hours=10, minutes=15)]


def test_a_replacement_is_told_in_the_devices_and_loses_nothing():
    at = START + timedelta(hours=10, minutes=7)
    made = _one(Fault("replacement", P, at, size=12.5))
    old, new = made.devices.to_dicts()
    assert (old["removed"], new["installed"], new["opening"]) == (at, at, 12.5)
    shown = _shown(made)
    before, after = (shown.filter(pl.col("time") <= at), shown.filter(pl.col("time") > at))
    energy = (
        (old["closing"] - before["value"][0] + after["value"][-1] - new["opening"])
        * made.points["multiplier"].item()
    )  # fmt: skip
    assert energy == pytest.approx(made.truth["amount"].sum(), abs=1e-4)
    assert old["opening"] == before["value"][0]


def test_a_reset_begins_again_right_after_a_reading():
    made = _one(Fault("reset", P, START + timedelta(hours=10, minutes=7)))
    shown = _shown(made)["value"]
    fall = int(shown.diff().arg_min())
    assert fall == 41  # 10:00 is reading 40, the next one shows what flowed since
    energy = (shown[40] - shown[0] + shown[-1]) * made.points["multiplier"].item()
    assert energy == pytest.approx(made.truth["amount"].sum(), abs=1e-4)


def test_one_reading_is_off_or_nought_and_the_rest_are_not():
    at = START + timedelta(hours=10)
    plain = _one()
    for fault, expected in (
        (Fault("zero", P, at), 0.0),
        (
            Fault("spike", P, at, size=800.0),
            plain.readings["value"][40] + round(800 / plain.points["multiplier"].item(), 2),
        ),
    ):
        made = _one(fault)
        differ = (_shown(made)["value"] != plain.readings["value"]).arg_true().to_list()
        assert differ == [40]
        assert made.readings["value"][40] == pytest.approx(expected, abs=0.006)


def test_frozen_readings_repeat_the_last_and_then_catch_up():
    made = _one(Fault("frozen", P, START + timedelta(hours=10), hours=3))
    shown, plain = _shown(made)["value"], _one().readings["value"]
    assert shown[39:52].n_unique() == 1
    assert shown[52:].equals(plain[52:])


def test_a_drifting_clock_stamps_true_values_too_late():
    made = _one(Fault("drift", P, START + timedelta(hours=10), hours=2, size=240))
    offset = _shown(made)["time"].dt.epoch("us") - _one().readings["time"].dt.epoch("us")
    # eight readings, the last of them 240 s late
    assert (offset[40:48] / 1e6).to_list() == [30, 60, 90, 120, 150, 180, 210, 240]
    assert offset[:40].sum() + offset[48:].sum() == 0
    assert _shown(made)["value"].equals(_one().readings["value"])


def test_scattered_faults_lie_within_the_readings_and_are_of_every_kind():
    faults = scatter(200, start=START, days=3, seed=1)
    assert len(faults) == 20
    assert {fault.kind for fault in faults} == set(FAULT_KINDS)
    made = simulate(200, start=START, days=3, seed=1, faults=faults)
    clean = simulate(200, start=START, days=3, seed=1)
    assert made.truth.equals(clean.truth)
    assert not made.readings.equals(clean.readings)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"points": 0}, "both must be 1 or more"),
        ({"interval_s": 700}, "700 s does not fit"),
        ({"start": START.replace(tzinfo=None)}, "must be aware"),
        ({"start": START + timedelta(minutes=1)}, "on a quarter hour"),
        ({"faults": [Fault("gap", "P9", START)]}, "'P9', which is not simulated"),
        ({"faults": [Fault("gap", P, START + timedelta(hours=47), 2)]}, "outside the readings"),
        ({"faults": [Fault("fire", P, START)]}, "'fire' is none of rollover"),
    ],
)
def test_what_cannot_be_simulated_is_refused(change, told):
    words = {"points": 1, "start": START, "days": 2, "seed": 1, "interval_s": 900} | change
    with pytest.raises(ModelError, match=told):
        simulate(words.pop("points"), **words)


def test_names_begin_with_one():
    assert (point_name(0), point_name(1999)) == (P, "P02000")
