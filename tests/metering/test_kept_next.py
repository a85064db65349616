"""Readings that follow on are taken in without deriving anything again, and come to the same."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.energy_kit import MONDAY, at
from metering.settled_kit import Home, differences
from tanfeng.gateway.simulate import scatter, simulate
from tanfeng.metering import _settling, refresh

HOUR = timedelta(hours=1)


def simulated(points, days, seed, share, interval_s=900):
    faults = scatter(points, start=MONDAY, days=days, seed=seed, share=share) if share else []
    return simulate(
        points, start=MONDAY, days=days, seed=seed, interval_s=interval_s, faults=faults
    )


def between(sim, begin, end):
    return sim.readings.filter((pl.col("time") > begin) & (pl.col("time") <= end))


@pytest.mark.parametrize("interval_s", [300, 900])
def test_hours_over_midnight_follow_on(tmp_path, monkeypatch, interval_s):
    sim = simulated(2, 4, 1, 0, interval_s)
    home = Home(tmp_path)
    home.hang(sim)
    home.append(sim.readings.filter(pl.col("time") <= at(2, 22)))
    home.advance()
    with monkeypatch.context() as patch:
        for name in ("of_tail", "of_whole"):
            patch.setattr(refresh, name, None)  # calling it fails
        for hour in range(4):
            home.append(between(sim, at(2, 22 + hour), at(2, 23 + hour)))
            patch.setattr(_settling, "NEXT_POINTS", 1 + hour)
            assert home.advance().steps == (2 if hour == 0 else 1)
    assert differences(home.settled, home.fresh()) == {}
    since = home.settled._files.look().read("points")["since"]
    assert since.unique().to_list() == [int(at(2).timestamp())]  # a day before the last reading


def test_what_does_not_follow_on_is_derived(tmp_path, monkeypatch):
    """A gap, a spike, a reading twice, one off the grid, one late; and one that follows on."""
    sim = simulated(6, 4, 1, 0)
    home = Home(tmp_path)
    home.hang(sim)
    home.append(sim.readings.filter(pl.col("time") <= at(2, 12)))
    home.advance()
    new = between(sim, at(2, 12), at(2, 13))
    first, second = at(2, 12, 15), at(2, 12, 30)

    def where(point, time):
        return (pl.col("point") == point) & (pl.col("time") == time)

    new = new.filter(~where("P00001", first)).with_columns(
        value=pl.when(where("P00002", second)).then(1e7).otherwise("value"),
        time=pl.when(where("P00004", second)).then(at(2, 12, 31)).otherwise("time"),
    )
    late = sim.readings.filter(where("P00005", at(2, 11)))
    twice = new.filter(where("P00003", first)).with_columns(pl.col("value") + 0.5)
    home.append(pl.concat([new, late.with_columns(pl.col("value") + 0.25)]))
    home.append(twice)
    asked = []

    def noted(real):
        def call(tail, *rest):
            asked.extend(tail["point"])
            return real(tail, *rest)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(refresh, "of_tail", noted(refresh.of_tail))
        home.advance()
    assert sorted(asked) == [f"P0000{n}" for n in range(1, 6)]
    assert differences(home.settled, home.fresh()) == {}
    # What was wrong today is looked at again all day; the others follow on.
    home.append(between(sim, at(2, 13), at(2, 14)))
    home.advance()
    assert differences(home.settled, home.fresh()) == {}


def test_a_point_without_a_reading_to_follow_is_derived(tmp_path):
    """Its last reading was taken in as bad only: nothing stands where it would go on from."""
    sim = simulated(2, 4, 1, 0)
    home = Home(tmp_path)
    home.hang(sim)
    home.append(sim.readings.filter(pl.col("time") <= at(1)))
    home.advance()
    home.append(between(sim, at(1), at(1, 1)).with_columns(quality=pl.lit(2, pl.Int16)))
    home.advance()
    home.append(between(sim, at(1, 1), at(3, 1)))  # an hour is missing
    home.advance()
    assert differences(home.settled, home.fresh()) == {}


@settings(max_examples=1, deadline=None)
@given(seed=st.integers(0, 10_000), begin=st.integers(3 * 24, 5 * 24))
def test_any_hours_come_to_what_all_comes_to(seed, begin, tmp_path_factory):
    sim = simulated(9, 6, seed, 0.7)
    home = Home(tmp_path_factory.mktemp("hours"))
    home.hang(sim)
    rows = sim.readings.sort("received")
    cuts = [MONDAY + timedelta(hours=begin + hours) for hours in (0, 1, 2, 20)]
    for low, high in zip([MONDAY - HOUR, *cuts], [*cuts, at(90)], strict=True):
        home.append(rows.filter((pl.col("received") >= low) & (pl.col("received") < high)))
        home.advance()
    assert differences(home.settled, home.fresh()) == {}
