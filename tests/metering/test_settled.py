"""Energy that is kept equals energy derived from everything, however it came about."""

from __future__ import annotations

from datetime import timedelta

import ibis
import polars as pl
import pytest

from metering.energy_kit import MONDAY
from metering.settled_kit import NOW, Home, differences, kept, simulated, window
from tanfeng.metering import rollup
from tanfeng.metering.energy import point_energy
from tanfeng.metering.energy import slots as in_slots
from tanfeng.metering.frames import SLOTS


@pytest.fixture(scope="module")
def week():
    return simulated(8)


def test_what_is_kept_is_what_is_derived(week, tmp_path):
    home = Home(tmp_path)
    nodes = home.hang(week)
    home.append(week.readings)
    assert home.settled.behind()
    assert home.settled.as_of() is None
    done = home.advance()
    assert done.left == 0
    assert not home.settled.behind()
    assert home.settled.as_of() == NOW
    start, end = window()
    names = week.points["point"].to_list()
    points, devices = home.register.points(), home.register.devices()
    readings = home.store.table(ibis.duckdb.connect())
    derived = in_slots(
        point_energy(readings, points, devices, by="15min", start=start, end=end)
    ).cast(SLOTS)
    found = home.settled.slots(names, start, end)
    assert found.equals(derived.select(found.columns))
    due = rollup.due_since(points, derived)
    asked = {"points": points, "start": start, "end": end, "due": due}
    for by in ("15min", "hour", "day", "month"):
        of_points = rollup.of_points(derived, by=by, **asked)
        key = ["point", "start"]
        mine = home.settled.of_points(names, by, start, end)
        assert mine.sort(key).equals(of_points.sort(key)), by
        of_nodes = rollup.of_nodes(derived, edges=home.register.edges(), by=by, **asked)
        assert home.settled.of_nodes(nodes, by, start, end).equals(of_nodes), by


def test_an_advance_takes_in_what_came(week, tmp_path):
    home = Home(tmp_path)
    home.hang(week)
    rows = week.readings.sort("received")
    for day in (2, 3, 5, 6):
        until = MONDAY + timedelta(days=day, hours=3)
        home.append(rows.filter(pl.col("received") < until))
        rows = rows.filter(pl.col("received") >= until)
        home.advance()
        assert differences(home.settled, home.fresh()) == {}
    home.append(rows)
    home.advance()
    assert differences(home.settled, home.fresh()) == {}
    assert kept(home.settled)["slots"].height > 8 * 600
