"""From the store to hourly energy of every point and the city: a week, and a day of a whole city.

Registers of the simulator, a tenth of the points with a fault each, read from the Delta table as an
importer left it. Beside it stands a statement a database engineer would write by hand for the same
readings: duplicates out, lone spikes and dips out, registers past their end, gaps divided evenly,
hourly sums. It knows no rated power, no frozen register, no changed meter, no profile and no
quality.

Run with ``python benchmarks/metering_derive.py [--points 2000] [--days 7] [--city 150000]``.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import polars as pl

from tanfeng.gateway.simulate import scatter, simulate
from tanfeng.metering.derive import deriving, sums
from tanfeng.metering.store import Store
from tanfeng.periods import LOCAL

START = datetime(2026, 3, 2, tzinfo=LOCAL)
#: Limits of the issue. [s wall on two idle cores, s, ratio, GB]
WEEK_S, CITY_S, RATIO, CITY_GB = 0.5, 15.0, 2.0, 4.0

BY_HAND = """
with one as (
  select point, epoch_us(time) // 1000000 ats, value
  from {readings} where quality <> 2
  window w as (partition by point order by time, received)
  qualify lead(time) over w is distinct from time
), good as (
  select point, ats, value from one
  window w as (partition by point order by ats)
  qualify not coalesce((value > lead(value) over w and lead(value) over w >= lag(value) over w)
     or (value < lag(value) over w and lead(value) over w >= lag(value) over w), false)
), step as (
  select point, lag(ats) over w a, ats b, value - lag(value) over w d, lag(value) over w p from good
  window w as (partition by point order by ats)
), flow as (
  select point, a, b, case when d < 0 then d + 10 ** ceil(log10(p)) else d end d from step
  where a is not null
), hours as (
  select point, a - a % 3600 h, d from flow where a - a % 3600 = (b - 1) - (b - 1) % 3600
  union all
  select point, h, d * (least(b, h + 3600) - greatest(a, h)) / (b - a)
  from (select *, unnest(range(a - a % 3600, b, 3600)) h from flow
        where a - a % 3600 <> (b - 1) - (b - 1) % 3600)
), energy as (select point, h, sum(d) d from hours group by all)
select h, sum(d) from energy group by h
"""


def main() -> int:
    """Build, measure, print; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--points", type=int, default=2000)
    asked.add_argument("--days", type=int, default=7)
    asked.add_argument("--city", type=int, default=150_000, help="points of the city's day, or 0")
    options = asked.parse_args()
    print("| what | wall s | CPU s | limit |\n|---|--:|--:|--:|")
    good = _week(options.points, options.days)
    if options.city:
        good &= _day(options.city)
    return 0 if good else 1


def _week(points: int, days: int) -> bool:
    sim = _simulated(points, days)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "readings")
        store.append(sim.readings, batch="week")
        # One connection for all, as whoever derives again and again keeps it.
        con = ibis.duckdb.connect()
        wall, cpu = _least(lambda: _energy(con, store, sim))
        rows = f"{points:,} meters, {days} days, {sim.readings.height:,} readings"
        good = _told(f"{rows}: store to hours of each and of all", wall, cpu, WEEK_S)
        files = list(store.files())
        by_hand = BY_HAND.format(readings=f"read_parquet({files!r})")
        hand, hand_cpu = _least(lambda: con.raw_sql(by_hand).fetchall())
        _told("the statement written by hand", hand, hand_cpu, None)
        print(f"| ratio of CPU | | {cpu / hand_cpu:.2f} | {RATIO} |")
    return good and cpu <= RATIO * hand_cpu


def _day(points: int) -> bool:
    sim = _simulated(points, 1)
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "day.parquet"
        sim.readings.write_parquet(parquet)
        store = Store(Path(folder) / "readings")
        began, cpu = time.perf_counter(), time.process_time()
        store.append(pl.read_parquet(parquet), batch="day")
        taken = time.perf_counter() - began, time.process_time() - cpu
        _told(f"a city's day, {sim.readings.height:,} readings: Parquet to store", *taken, None)
        con = ibis.duckdb.connect()
        wall, cpu = _least(lambda: _energy(con, store, sim), times=1)
        good = _told("store to hours of each and of all", wall, cpu, None)
        good &= _told("both", taken[0] + wall, taken[1] + cpu, CITY_S)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| its highest memory, GB, making the readings included | | {peak:.1f} | {CITY_GB} |")
    return good


def _simulated(points: int, days: int) -> Any:
    faults = scatter(points, start=START, days=days, seed=1, share=0.1)
    return simulate(points, start=START, days=days, seed=1, faults=faults)


def _energy(con: Any, store: Store, sim: Any) -> pl.DataFrame:
    with deriving(store.table(con), sim.points, sim.devices) as derived:
        hours = sums(derived, by="hour")  # worked out when it returns
        return con.to_polars(hours.group_by("start").agg(amount=hours.amount.sum()))


def _least(run: Callable[[], object], times: int = 5) -> tuple[float, float]:
    took = []
    for _ in range(times):
        began, cpu = time.perf_counter(), time.process_time()
        run()
        took.append((time.perf_counter() - began, time.process_time() - cpu))
    return min(wall for wall, _ in took), min(cpu for _, cpu in took)


def _told(what: str, wall: float, cpu: float, limit: float | None) -> bool:
    print(f"| {what} | {wall:.2f} | {cpu:.2f} | {'' if limit is None else limit} |", flush=True)
    return limit is None or wall <= limit


if __name__ == "__main__":
    raise SystemExit(main())
