"""From the store to hourly energy on a Spark cluster of two workers: a week, or a day of a city.

The work of ``metering_derive.py`` on the other engine, with the cluster of the service tests: a
master and two workers on this machine, a core each. What it costs is the programs' CPU time, the
driver's and the executors', not only this process's.

Run with ``PYTHONPATH=tests python benchmarks/metering_spark.py [--points 2000] [--days 7]``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import ibis
import polars as pl
from metering_derive import START

from services.spark.cluster import Cluster
from tanfeng.gateway.simulate import scatter, simulate
from tanfeng.metering import _engines
from tanfeng.metering.derive import deriving, sums
from tanfeng.metering.store import Store

#: How far the engines may differ. [1]
NEAR = 1e-9


def main() -> int:
    """Build, measure, print; 1 where the engines differ."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--points", type=int, default=2000)
    asked.add_argument("--days", type=int, default=7)
    asked.add_argument("--times", type=int, default=3)
    options = asked.parse_args()
    faults = scatter(options.points, start=START, days=options.days, seed=1, share=0.1)
    sim = simulate(options.points, start=START, days=options.days, seed=1, faults=faults)
    print(f"{options.points:,} meters, {options.days} days, {sim.readings.height:,} readings")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "readings")
        store.append(sim.readings, batch="all")
        wanted = _hours(ibis.duckdb.connect(), store, sim)
        cluster = Cluster(Path(folder), memory_mb=3072)
        session = cluster.session()
        try:
            con = ibis.pyspark.connect(session)
            for run in range(options.times):
                began, cpu = time.perf_counter(), _cpu_s()
                found = _hours(con, store, sim)
                wall, cpu = time.perf_counter() - began, _cpu_s() - cpu
                print(f"| run {run + 1} | {wall:.1f} s wall | {cpu:.1f} CPU s |", flush=True)
        finally:
            session.stop()
            cluster.stop()
    both = found.join(wanted, on="start", how="full", coalesce=True, suffix="_duckdb")
    off = (both["amount"] / both["amount_duckdb"] - 1).abs().max()
    print(f"hours of all: {both.height}; farthest from DuckDB's: {off:.1e}")
    return 0 if isinstance(off, float) and off <= NEAR else 1


def _hours(con: ibis.BaseBackend, store: Store, sim: object) -> pl.DataFrame:
    with deriving(store.table(con), sim.points, sim.devices) as derived:
        hours = sums(derived, by="hour")
        return _engines.fetch(hours.group_by("start").agg(amount=hours.amount.sum()), con)


def _cpu_s() -> float:
    """Sum up the CPU time of this process and everything it started that still runs."""
    tick = os.sysconf("SC_CLK_TCK")
    parents: dict[int, tuple[int, float]] = {}
    for about in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = about.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(about.parent.name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) / tick
    mine = {os.getpid()}
    while more := {pid for pid, (parent, _) in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(parents[pid][1] for pid in mine if pid in parents)


if __name__ == "__main__":
    raise SystemExit(main())
