"""Deriving what new readings touch gives what deriving everything gives."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering import engines
from metering.energy_kit import MONDAY, at, every_quarter, point, readings, table
from tanfeng.gateway.simulate import Fault, point_name, scatter, simulate
from tanfeng.metering.derive import deriving
from tanfeng.metering.frames import DEVICES
from tanfeng.metering.refresh import State, derived_state, nothing, refresh


def fed(frame: pl.DataFrame, points: pl.DataFrame, devices: pl.DataFrame, cuts) -> State:
    """Return the state after the readings came in parts, in the order they became known."""
    state = nothing()
    frame = frame.sort("received")
    for begin, end in zip([None, *cuts], [*cuts, None], strict=True):
        part = frame.filter(
            pl.lit(True) if begin is None else pl.col("received") >= begin,
            pl.lit(True) if end is None else pl.col("received") < end,
        )
        so_far = frame if end is None else frame.filter(pl.col("received") < end)

        def fetch(names, since, so_far=so_far):
            mine = so_far.filter(pl.col("point").is_in(names))
            return table(mine if since is None else mine.filter(pl.col("time") >= since))

        touched = part.group_by("point").agg(first=pl.col("time").min())
        state = refresh(state, touched, fetch, points, devices).state
    return state


def at_once(frame, points, devices) -> State:
    def work(put):
        with deriving(put(frame), points, devices) as derived:
            return derived_state(derived)

    return engines.agreed(work, check)


def check(mine: State, whole: State) -> None:
    # To the last bit: what is kept must not depend on how it came to be.
    key = ["point", "start"]
    assert mine.slots.sort(key).equals(whole.slots.sort(key))
    assert mine.open.sort("point").equals(whole.open.sort("point"))


def test_an_hour_more_touches_the_open_days_only():
    frame = readings(every_quarter([10.0 * n for n in range(96 * 20 + 1)]))
    asked = []
    old = frame.filter(pl.col("time") <= at(19))
    state = fed(old, point(), DEVICES.to_frame(), [])
    new = frame.filter(pl.col("time") <= at(19, 1))

    def fetch(names, since):
        asked.append(since)
        return table(new.filter(pl.col("time") >= since))

    touched = pl.DataFrame({"point": ["M"], "first": [at(19, 0, 15)]})
    done = refresh(state, touched, fetch, point(), DEVICES.to_frame())
    # settled up to midnight of day 18; three days more are looked at
    assert asked == [at(15)]
    assert done.changed["start"].to_list() == [
        int(at(19, 0, minute).timestamp()) for minute in (0, 15, 30, 45)
    ]
    check(done.state, at_once(new, point(), DEVICES.to_frame()))


def test_a_late_reading_mends_the_gap_it_fell_into():
    values = [10.0 * n for n in range(96 * 5 + 1)]
    full = every_quarter(values)
    kept = [row for n, row in enumerate(full) if not 100 < n < 120]
    late = [(*full[110], at(6), "late")]
    frame = readings([*kept, *late])
    state = fed(frame, point(), DEVICES.to_frame(), [at(5, 12)])
    check(state, at_once(frame, point(), DEVICES.to_frame()))


def test_a_standstill_over_days_is_taken_back_when_it_is_caught_up():
    values = [10.0 * n for n in range(96 * 8 + 1)]
    for n in range(300, 580):
        values[n] = values[299]
    frame = readings(every_quarter(values))
    cuts = [at(4), at(5, 3), at(6), at(6, 3)]
    state = fed(frame, point(), DEVICES.to_frame(), cuts)
    check(state, at_once(frame, point(), DEVICES.to_frame()))
    assert state.slots["amount"].sum() == pytest.approx(values[-1])


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    interval=st.sampled_from([900, 1800]),
    hours=st.lists(st.integers(1, 7 * 24), min_size=1, max_size=5, unique=True),
)
def test_in_parts_is_at_once(seed, interval, hours):
    faults = scatter(8, start=MONDAY, days=7, seed=seed, share=1.0)
    faults.append(Fault("late", point_name(0), MONDAY + timedelta(days=2), 5.0, 30.0))
    sim = simulate(8, start=MONDAY, days=7, seed=seed, interval_s=interval, faults=faults)
    cuts: list[datetime] = [MONDAY + timedelta(hours=hour) for hour in sorted(hours)]
    check(
        fed(sim.readings, sim.points, sim.devices, cuts),
        at_once(sim.readings, sim.points, sim.devices),
    )
