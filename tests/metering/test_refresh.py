"""New readings cost the open days only, and give what deriving everything gives."""

from __future__ import annotations

import polars as pl
import pytest

from metering.energy_kit import at, every_quarter, point, readings
from metering.settled_kit import Home, differences, kept
from tanfeng.metering._settling import Settling


@pytest.fixture
def home(tmp_path):
    """A home with one register."""
    made = Home(tmp_path)
    made.register.put(points=point().drop("recorded"), recorded=at(0))
    return made


@pytest.fixture
def asked(monkeypatch):
    """From when on readings were fetched."""
    found, fetch = [], Settling._fetch

    def spied(self, names, since):
        found.append(since)
        return fetch(self, names, since)

    monkeypatch.setattr(Settling, "_fetch", spied)
    return found


def test_an_hour_more_touches_the_open_days_only(home, asked):
    frame = readings(every_quarter([10.0 * n for n in range(96 * 19 + 5)]))
    home.append(frame.filter(pl.col("time") <= at(19)))
    home.advance()
    before = kept(home.settled)["slots"]
    # The first of its readings is missing: they do not just follow on.
    home.append(frame.filter(pl.col("time") > at(19, 0, 15)))
    asked.clear()
    home.advance()
    # Settled up to midnight of day 18; three days more are looked at.
    assert asked == [at(15)]
    new = kept(home.settled)["slots"].join(before, on=before.columns, how="anti", nulls_equal=True)
    assert new["slot"].to_list() == [int(at(19, 0, m).timestamp()) // 900 for m in (0, 15, 30, 45)]
    assert new["amount"].to_list() == pytest.approx([10.0] * 4)
    assert differences(home.settled, home.fresh()) == {}


def test_a_late_reading_costs_the_history_of_its_point(home, asked):
    full = every_quarter([10.0 * n for n in range(96 * 5 + 1)])
    home.append(readings([row for n, row in enumerate(full) if not 100 < n < 120]))
    home.advance()
    asked.clear()
    home.append(readings([full[110]]))
    home.advance()
    assert asked == [None]
    assert differences(home.settled, home.fresh()) == {}


def test_a_standstill_over_days_is_taken_back_when_it_is_caught_up(home):
    values = [10.0 * n for n in range(96 * 8 + 1)]
    for n in range(300, 580):
        values[n] = values[299]
    frame = readings(every_quarter(values))
    for begin, end in ((0, 4), (4, 5), (5, 6), (6, 9)):
        home.append(frame.filter(pl.col("time").is_between(at(begin), at(end), closed="left")))
        home.advance()
    assert differences(home.settled, home.fresh()) == {}
    assert kept(home.settled)["slots"]["amount"].sum() == pytest.approx(values[-1])
