"""Faults whose reach ends where a derivation of the open days no longer looks."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from metering.energy_kit import at, every_quarter, point, readings
from metering.settled_kit import Home, differences

DAY = 96


@pytest.fixture
def home(tmp_path):
    """A home with one register."""
    made = Home(tmp_path)
    made.register.put(points=point().drop("recorded"), recorded=at(0))
    return made


def by_days(home, values, ends):
    """Append the readings up to each of some days, and take them in."""
    frame = readings(every_quarter(values))
    begin = at(-1)
    for end in ends:
        home.append(frame.filter((pl.col("time") > begin) & (pl.col("time") <= at(end))))
        home.advance()
        begin = at(end)


def test_a_late_reading_is_a_fall_just_after_the_settled_days(home):
    """It takes the reading at midnight for a spike, and with it a quarter hour that was settled."""
    values = [10.0 * n for n in range(DAY * 4 + 49)]
    late = DAY * 3 + 1
    rest = [(time, value) for n, (time, value) in enumerate(every_quarter(values)) if n != late]
    home.append(readings(rest))
    home.advance()
    home.append(readings([(at(3, 0, 15), values[late] - 11.0)], received=at(5), batch="late"))
    home.advance()
    assert differences(home.settled, home.fresh()) == {}


def test_a_register_stands_still_for_longer_than_days_are_looked_at(home):
    values = [10.0 * min(n, DAY * 3 + 5) for n in range(DAY * 39)]
    by_days(home, values, (4, 37, 38))
    assert differences(home.settled, home.fresh()) == {}


def idle_nights(days):
    """Return a register that stands still for an hour and a half at the end of each day."""
    value, values = 0.0, []
    for n in range(DAY * days + 1):
        value += 0.0 if n % DAY > 89 else 10.0
        values.append(value)
    return values


def test_a_standstill_far_from_anything_wrong(home):
    """More than was to be expected when it stopped comes at once, on a day with more such hours."""
    values = idle_nights(24)
    steps = [b - a for a, b in itertools.pairwise(values)]
    for n in range(DAY * 20 + 40, DAY * 21):
        steps[n] = 0.0
    for n in range(DAY * 21, DAY * 22, 2):
        steps[n] = 250.0  # 25 times what was usual before
    values = [sum(steps[:n]) for n in range(len(steps))]
    values[DAY + 30] += 1e6
    by_days(home, values, (20, 21, 23))
    assert differences(home.settled, home.fresh()) == {}
