"""Buckets of a picture: extremes stay, gaps stay gaps, a year is cut in a moment."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import polars as pl

from tanfeng.console.metering.chart import BUCKETS, Window, buckets
from tanfeng.metering.frames import READINGS
from tanfeng.periods import LOCAL

START = datetime(2026, 1, 1, tzinfo=LOCAL)


def readings(*rows):
    """Return readings from (minutes after the start, value, quality)."""
    return pl.DataFrame(
        {
            "time": [START + timedelta(minutes=minute) for minute, _value, _quality in rows],
            "value": [value for _minute, value, _quality in rows],
            "quality": [quality for _minute, _value, quality in rows],
        },
        schema={"time": READINGS["time"], "value": pl.Float64, "quality": pl.Int16},
    )


def test_the_extremes_of_a_bucket_stay():
    """A day in buckets of five minutes: 288 of them."""
    day = Window(START, START + timedelta(days=1))
    found = buckets(readings((0, 1.0, 0), (1, 9.0, 0), (4, 5.0, 0), (10, 2.0, 0)), day)
    assert (day.step_s, found.height) == (300, 288)
    assert found.row(0)[1:] == (1.0, 9.0, 5.0, 3)
    assert found.row(1)[1:] == (None, None, None, 0)
    assert found.row(2)[1:] == (2.0, 2.0, 2.0, 1)
    assert found["start"][0].isoformat() == "2026-01-01T00:00:00+08:00"


def test_bad_readings_and_those_outside_are_not_drawn():
    day = Window(START, START + timedelta(days=1))
    found = buckets(readings((-1, 1.0, 0), (0, 7.0, 2), (1440, 1.0, 0)), day)
    assert found["rows"].sum() == 0


def test_no_reading_at_all():
    found = buckets(readings(), Window(START, START + timedelta(days=7)))
    assert found["last"].null_count() == found.height > 0


def test_a_year_of_quarter_hours_is_cut_within_the_limit():
    steps = 366 * 96
    year = pl.DataFrame(
        {
            "time": pl.datetime_range(
                START, START + timedelta(minutes=15 * (steps - 1)), "15m", eager=True
            ).dt.convert_time_zone("UTC"),
            "value": pl.int_range(0, steps, eager=True).cast(pl.Float64),
            "quality": pl.zeros(steps, pl.Int16, eager=True),
        }
    )
    window = Window(START, START + timedelta(days=366))
    spent = []
    for _ in range(3):
        begun = time.process_time()
        found = buckets(year, window)
        spent.append(time.process_time() - begun)
    assert found.height <= BUCKETS
    assert found["rows"].sum() == steps
    assert (found["low"][0], found["high"][-1]) == (0.0, steps - 1.0)
    assert min(spent) < 0.05
