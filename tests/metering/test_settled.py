"""Energy that is kept equals energy derived from everything, however it came about."""

from __future__ import annotations

from datetime import timedelta

import ibis
import polars as pl
import pytest

from metering.energy_kit import MONDAY
from metering.settled_kit import NOW, Home, differences, expressed, kept, simulated, window
from tanfeng.metering import _settling, rollup
from tanfeng.metering._faults import ChangesForgotten
from tanfeng.metering.energy import point_energy
from tanfeng.metering.energy import slots as in_slots
from tanfeng.metering.frames import ENERGY, SLOTS
from tanfeng.metering.settled import Settled


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
    for day in (2, 5, 6):
        until = MONDAY + timedelta(days=day, hours=3)
        home.append(rows.filter(pl.col("received") < until))
        rows = rows.filter(pl.col("received") >= until)
        home.advance()
        assert differences(home.settled, home.fresh()) == {}
    home.append(rows)
    home.advance()
    assert differences(home.settled, home.fresh()) == {}
    assert kept(home.settled)["slots"].height > 8 * 600


def test_a_register_that_changes_is_followed(tmp_path):
    """Virtual points come, are told another way and go; a point is hung elsewhere."""
    sim = simulated(3, days=4, seed=4)
    home = Home(tmp_path)
    nodes = home.hang(sim)
    rows = sim.readings.sort("received")
    home.append(rows.head(700))
    home.advance()
    minutes = iter(range(1, 9))

    def put(points):
        home.register.put(points=points, recorded=NOW + timedelta(minutes=next(minutes)))

    put(expressed(V_sum='"P00001" + "P00002"', V_net='max("V_sum" - "P00003", 0)'))
    home.advance()
    put(pl.DataFrame({"point": ["P00001", "V_sum"], "node": ["firm-1", "county"]}))
    assert home.advance().steps == 0  # what flowed stays; it counts elsewhere
    home.append(rows.tail(-700))
    assert home.advance().steps > 0
    assert home.advance().steps == 0
    assert differences(home.settled, home.fresh()) == {}
    start, end = window(4)
    for by in ("hour", "day"):
        # "V_sum" at the county stands for all below it
        county = home.settled.of_nodes(["county"], by, start, end)["amount"]
        virtual = home.settled.of_points(["V_sum"], by, start, end)["amount"]
        assert county.to_list() == pytest.approx(virtual.to_list())
    assert home.settled.of_nodes(nodes, "day", start, end).height == 4 * len(nodes)
    put(expressed(V_sum='"P00003" * 2', V_net='"P00001"'))
    assert home.advance(go_on=_parts(1)).left > 0
    put(expressed(V_sum=None, V_net=None))
    assert home.advance().left == 0
    assert differences(home.settled, home.fresh()) == {}


def _parts(number):
    """Go on so many times."""
    left = iter(range(number))
    return lambda _left: next(left, None) is not None


def test_what_is_not_known_is_missing_and_what_is_not_registered_empty(week, tmp_path):
    home = Home(tmp_path)
    nodes = home.hang(week)
    asked = ("day", *window())
    assert home.settled.of_points(["P00001"], *asked).is_empty()
    assert home.settled.energy(["P00001"], "day").is_empty()
    assert home.settled.slots(["P00001"], *window()).schema == SLOTS
    home.advance()
    # Who is registered and never sent is missing; who is not registered is not there.
    silent = home.settled.of_nodes(nodes, *asked)
    assert silent.select("amount", "quality").unique().rows() == [(None, "missing")]
    strange = home.settled.of_points(["P"], *asked)
    assert strange.is_empty()
    assert list(strange.schema.values()) == list(ENERGY.values()) == list(silent.schema.values())
    energy = home.settled.energy(["P00001"], "day")
    assert energy.is_empty()
    assert energy.columns[:3] == ["point", "start", "amount"]
    home.append(week.readings.filter(pl.col("point") == "P00001"))
    home.advance()
    firms = home.settled.of_nodes(["firm-0", "firm-1"], *asked)
    assert firms.filter(node="firm-1")["quality"].unique().to_list() == ["missing"]
    assert firms.filter(node="firm-0")["amount"].null_count() == 0
    assert firms.group_by("node").len()["len"].to_list() == [7, 7]
    assert home.settled.energy(["P00001"], "day").columns == energy.columns


def test_what_was_forgotten_is_derived_anew(week, tmp_path, monkeypatch):
    home = Home(tmp_path)
    home.hang(week)
    rows = week.readings.filter(pl.col("point").is_in(["P00002", "P00003"])).sort("time")
    home.append(rows.head(500))
    home.advance()
    home.append(rows.tail(-500))

    def forgotten(_since):
        raise ChangesForgotten("cleared away", "已被清理")

    with monkeypatch.context() as patch:
        patch.setattr(home.store, "changes", forgotten)
        assert home.advance().left == 0
    fresh = home.fresh()
    assert differences(home.settled, fresh) == {}
    assert home.settled.differing(fresh).is_empty()
    state = home.settled.state()
    monkeypatch.setattr(_settling, "METHOD", _settling.METHOD + 1)  # a rule was changed
    assert home.advance().steps > 0
    assert home.settled.differing(fresh).is_empty()
    changed = home.settled.state()
    home.settled.advance(now=NOW, everything=True)
    # What was made anew and lies elsewhere counts its commits by itself: it tells itself apart.
    assert len({state, changed, home.settled.state()}) == 3
    assert home.settled.differing(fresh).is_empty()
    monkeypatch.setattr("tanfeng.metering.settled._MOST_TREES", 1)
    asked = home.settled.of_points, (["P00002"], "day", *window())
    first = asked[0](*asked[1])
    home.settled.of_points(["P00003"], *asked[1][1:])
    assert asked[0](*asked[1]).equals(first), "laid out again after it made room for another"
    nothing = Settled(tmp_path / "nothing", home.store, home.register)
    assert nothing.state() == ("", 0)
    told = home.settled.differing(nothing)
    assert set(told["what"]) == {"slots", "point_days", "source_hours", "source_days"}
    assert told["derived"].null_count() == told.height
