"""The two first passes agree to the last bit, and so do threads and orders of the rows."""

from __future__ import annotations

from datetime import timedelta

import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.energy_kit import MONDAY, NO_DEVICES, QUARTER, at, every_quarter, point, readings
from tanfeng.gateway.simulate import scatter, simulate
from tanfeng.metering import derive
from tanfeng.metering._tables import Tables
from tanfeng.metering.derive import deriving, reach, sums
from tanfeng.metering.frames import DEVICES

PERIODS = ("15min", "hour", "day")


def derived(frame: pl.DataFrame, points, devices, *, threads: int = 2) -> dict[str, pl.DataFrame]:
    """Return everything a derivation gives, in an order of its own."""
    con = ibis.duckdb.connect(threads=threads)
    with deriving(con.create_table("given", frame), points, devices) as made:
        tables = {by: sums(made, by=by) for by in PERIODS}
        tables |= {"reach": reach(made), "segments": made.segments, "days": made.shop.made("days")}
        found = {name: con.to_polars(table) for name, table in tables.items()}
    for name, table in found.items():
        key = [key for key in ("id", "start", "day", "from_ts", "to_ts") if key in table.columns]
        # Of time that two meters claim there are two segments.
        found[name] = table.select(sorted(table.columns)).sort(*key, pl.all())
    con.disconnect()
    return found


def on_tables(monkeypatch, *asked):
    with monkeypatch.context() as patch:
        patch.setattr(derive, "_FIRST_PASS", {"duckdb": Tables})
        return derived(*asked)


def check(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    for name, table in one.items():
        assert table.equals(other[name]), (name, table.join(other[name], on="id", how="anti"))


def of_every_kind() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return registers, amounts and powers: on the grid and off it, with gaps, twice, negative."""
    names = {"R": {}, "A": {"kind": "amount"}, "P": {"kind": "power"}, "S": {"interval_s": 60}}
    steps = [0.3 + (n % 7) / 3 for n in range(96 * 3)]
    rising = [sum(steps[:n]) for n in range(len(steps))]
    off = timedelta(minutes=7, seconds=13)
    rows = []
    for name in names:
        values = rising if name in "RS" else steps
        shift = timedelta() if name == "R" else off
        taken = [(time + shift, value) for time, value in every_quarter(values)]
        taken = taken[:50] + taken[80:110] + taken[111:]
        rows.append(readings(taken, name))
        rows.append(readings([(taken[60][0], taken[60][1] + 1)], name, received=at(5)))
    rows.append(readings([(at(1, 3), -4.0), (at(1, 4, 2), 1e30)], "A"))
    rows.append(readings([(at(0, 5), 7.0)], "alone"))
    points = [point(name, **about) for name, about in (names | {"alone": {}}).items()]
    return pl.concat(rows), pl.concat(points)


def wrecked(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a meter of each kind over four days, with readings changed, lost and repeated."""
    draw = np.random.default_rng(seed)
    frames, points = [], []
    for kind in ("register", "amount", "power"):
        steps = draw.uniform(1, 3, 96 * 4) * (draw.random(96 * 4) > draw.choice([0.0, 0.03]))
        values = 500 + np.cumsum(steps) if kind == "register" else steps
        taken = [(time, value) for time, value in every_quarter(list(values))]
        for _ in range(draw.integers(1, 12)):
            first, length = int(draw.integers(0, len(taken) - 20)), int(draw.integers(1, 20))
            what = draw.choice(["off", "lost", "zero", "stuck", "again", "fell"])
            for n in range(first, first + length):
                time, value = taken[n]
                stuck = {"zero": 0.0, "stuck": taken[first][1], "off": value + 4e4}
                taken[n] = time, stuck.get(what, value)
            if what == "fell":
                taken[first:] = [(time, value - 300) for time, value in taken[first:]]
            if what == "again":
                taken += [(time, value + draw.choice([0, 1])) for time, value in taken[first::40]]
            if what == "lost":
                del taken[first : first + length]
        for batch, each in (("a", taken[::2]), ("b", taken[1::2])):
            # One batch states one time once; of several the later received holds.
            rows = readings(each, kind, received=at(5), batch=batch)
            again = rows.with_row_index("n").with_columns(n=pl.int_range(pl.len()).over("time"))
            batches = pl.col("batch") + pl.col("n").cast(pl.String)
            frames.append(again.with_columns(batch=batches).drop("n"))
        rated = float(draw.choice([8.0, 40.0])) if draw.random() < 0.5 else None
        points.append(point(kind, kind=kind, rated_power=rated))
    return pl.concat(frames), pl.concat(points)


def changed(seed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return meters that were changed: early, late, twice, after a while, to another transformer.

    Some register is never told, some time belongs to no meter, some to two.
    """
    draw = np.random.default_rng(seed)
    frames, points, devices = [], [], []
    for number in range(8):
        name = f"changed{number}"
        turns = sorted(draw.choice(range(-20, 96 * 4 + 20), draw.integers(1, 4), replace=False))
        begins = [-9 if number == 1 else -200, *(turn + draw.choice([0, 0, 3]) for turn in turns)]
        ends = [turn + (40 if number == 2 else 0) for turn in turns]
        ends.append(96 * 3 if number in (1, 3) else None)
        steps = np.cumsum(draw.uniform(1, 3, 96 * 4))
        shown = [[time, 900 + value] for time, value in every_quarter(list(steps))]
        for serial, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if serial:
                for row in shown[max(begin, 0) :]:
                    row[1] -= shown[min(max(begin, 0), len(shown) - 1)][1] - 5
            told = draw.random() < 0.8
            devices.append(
                {
                    "point": name,
                    "device": str(serial),
                    "installed": at(0) + QUARTER * int(begin) + timedelta(minutes=7 * (serial % 2)),
                    "removed": None if end is None else at(0) + QUARTER * int(end),
                    "opening": 5.0 if serial and told else None,
                    "closing": 900.0 + float(draw.integers(0, 400)) if end and told else None,
                    "multiplier": float(draw.choice([1.0, 1.0, 40.0])),
                    "digits": 6,
                    "recorded": MONDAY,
                }
            )
        del shown[70:75]
        frames.append(readings([tuple(row) for row in shown], name))
        points.append(point(name))
    return pl.concat(frames), pl.concat(points), pl.DataFrame(devices, schema=DEVICES)


def test_both_ways_over_every_kind_of_meter(monkeypatch):
    frame, points = of_every_kind()
    mine = derived(frame, points, NO_DEVICES)
    assert mine["hour"].height > 200
    check(mine, on_tables(monkeypatch, frame, points, NO_DEVICES))


def test_both_ways_over_nothing(monkeypatch):
    frame = readings([])
    mine = derived(frame, point(), NO_DEVICES)
    assert mine["day"].is_empty()
    check(mine, on_tables(monkeypatch, frame, point(), NO_DEVICES))


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), interval=st.sampled_from([60, 300, 900]))
def test_both_ways_over_faults(seed, interval):
    faults = scatter(6, start=MONDAY, days=4, seed=seed, share=0.7)
    sim = simulate(6, start=MONDAY, days=4, seed=seed, interval_s=interval, faults=faults)
    wreck, points = wrecked(seed)
    hung, replaced, devices = changed(seed)
    asked = (
        pl.concat([sim.readings, wreck, hung]),
        pl.concat([sim.points, points, replaced]),
        pl.concat([sim.devices, devices]),
    )
    with pytest.MonkeyPatch.context() as patch:
        check(derived(*asked), on_tables(patch, *asked))


@pytest.mark.parametrize("way", ["arrays", "tables"])
def test_neither_threads_nor_order_change_a_bit(monkeypatch, way):
    # 300 s: three readings a slot, so that sums have more than two terms.
    faults = scatter(40, start=MONDAY, days=6, seed=5, share=0.6)
    sim = simulate(40, start=MONDAY, days=6, seed=5, interval_s=300, faults=faults)
    if way == "tables":
        monkeypatch.setattr(derive, "_FIRST_PASS", {"duckdb": Tables})
    once = derived(sim.readings, sim.points, sim.devices, threads=1)
    for seed in (1, 2):
        mixed = sim.readings.sample(fraction=1, shuffle=True, seed=seed)
        check(once, derived(mixed, sim.points, sim.devices, threads=2))
