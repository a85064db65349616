"""Kept energy: one new hour, one late day, the first derivation, and what pages read.

Registers of the simulator, a tenth of the points with a fault each; fifty points at an enterprise,
the enterprises under twelve counties and a city. Every figure is the least of several runs: other
work on the machine can only add to it. Figures of pages are in a process that has read before.

Run with ``python benchmarks/metering_settled.py [--points 2000] [--days 7] [--year 2000]``. The
year of ``--year`` points is made of one week of them, repeated; 0 leaves it out.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tanfeng.gateway.simulate import Fault, scatter, simulate
from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._kept_files import Files
from tanfeng.metering._settling import _sums_changed
from tanfeng.metering.frames import EDGES, SLOT_S
from tanfeng.metering.register import Register
from tanfeng.metering.settled import Settled
from tanfeng.metering.store import Store
from tanfeng.periods import LOCAL

START = datetime(2026, 3, 2, tzinfo=LOCAL)
#: Limits. [s wall; CPU s of a page]
HOUR_S, PAGE_S = 0.5, 0.2
_COUNTIES, _AT_A_FIRM, _HOURS = 12, 50, 5


def main() -> int:
    """Build, measure, print; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--points", type=int, default=2000)
    asked.add_argument("--days", type=int, default=7)
    asked.add_argument("--year", type=int, default=2000, help="points of the year, or 0")
    options = asked.parse_args()
    print("| what | wall s | CPU s | limit |\n|---|--:|--:|--:|")
    good = _week(options.points, options.days)
    if options.year:
        good &= _year(options.year)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| highest memory, GB | {peak:.2f} | | |")
    return 0 if good else 1


def _week(points: int, days: int) -> bool:
    """Keep some days, then let one hour after the other come, and a day of one point late."""
    faults = _faults(points, days)
    late = "P00002"
    sim = simulate(points, start=START, days=days + 1, seed=1, faults=faults)
    readings = sim.readings.sort("time")
    end = START + timedelta(days=days)
    day = (START + timedelta(days=2), START + timedelta(days=3))
    held = (pl.col("point") == late) & pl.col("time").is_between(*day)
    with tempfile.TemporaryDirectory() as folder:
        home = _Home(Path(folder), sim)
        home.store.append(readings.filter((pl.col("time") <= end) & ~held), batch="week")
        what = f"{points:,} meters, {days} days"
        _told(f"{what}: the first derivation", *_timed(home.advance), None)
        taken = []
        for hour in range(_HOURS):
            begin = end + timedelta(hours=hour)
            new = pl.col("time").is_between(begin, begin + timedelta(hours=1), closed="right")
            home.store.append(readings.filter(new), batch=f"hour {hour}")
            taken.append(_timed(home.advance))
        good = _told(f"{what} kept: one new hour of all", *_best(taken), HOUR_S)
        home.store.append(readings.filter(held), batch="late")
        _told("a late day of one point", *_timed(home.advance), None)
        _told("nothing new", *_timed(home.advance), None)
        nodes = home.nodes
        _told("files put together", *_timed(home.settled.compact), None)
        asked = (end - timedelta(days=1), end)
        _told(
            "city and all below, the last day by hour",
            *_least(lambda: home.settled.of_nodes(nodes, "hour", *asked)),
            None,
        )
    return good


def _year(points: int) -> bool:
    """Read what pages read of a year that is kept."""
    week = _faults(points, 7)
    sim = simulate(points, start=START, days=7, seed=1, faults=week)
    with tempfile.TemporaryDirectory() as folder:
        home = _Home(Path(folder), sim)
        home.store.append(sim.readings, batch="week")
        home.advance()
        end = _repeated(Path(folder) / "slots", 52)
        year = (START, end)
        month = (START, START + timedelta(days=30))
        settled, nodes, point = home.settled, home.nodes, ["P00002"]
        firm, county = ["firm-0"], ["county-0", *home.below("county-0")]
        good = True
        for what, run in {
            "a point, a year by day": lambda: settled.of_points(point, "day", *year),
            "a point, a month of quarter hours": lambda: settled.slots(point, *month),
            "a point, a year by hour": lambda: settled.of_points(point, "hour", *year),
            "all points, a month by day": lambda: settled.of_points(home.names, "day", *month),
            "an enterprise, a month by hour": lambda: settled.of_nodes(firm, "hour", *month),
            "an enterprise, a year by hour": lambda: settled.of_nodes(firm, "hour", *year),
            "a county, a year by month": lambda: settled.of_nodes(county, "month", *year),
            "a county, a year by day": lambda: settled.of_nodes(county, "day", *year),
            "the city, a month by hour": lambda: settled.of_nodes(nodes, "hour", *month),
            "the city, a year by day": lambda: settled.of_nodes(nodes, "day", *year),
            "the city, a year by month": lambda: settled.of_nodes(nodes, "month", *year),
        }.items():
            good &= _told(f"{points:,} points: {what}", *_least(run), None, PAGE_S)
        _told(
            "the city, a year by hour",
            *_least(lambda: settled.of_nodes(nodes, "hour", *year)),
            None,
        )
    return good


def _repeated(folder: Path, times: int) -> datetime:
    """Keep a week of quarter hours again and again, as if it had been derived."""
    files = Files(folder, kt.TABLES)
    look = files.look()
    assert look is not None
    slots = look.read("slots")
    place = look.read("points").select("id", "source", "sign")
    none = slots.clear().join(place, on="id")
    with files.writing() as writer:
        for week in range(1, times):
            later = slots.with_columns(pl.col("slot") + week * 7 * kt.OF_DAY)
            rows: dict[Any, pl.DataFrame] = _sums_changed(none, later.join(place, on="id"))
            for part, some in kt.parted(later, "slot").items():
                rows[("slots", part)] = some
            writer.commit(rows)
        writer.compact()
    last = slots["slot"].max()
    assert isinstance(last, int)
    after = (last + 1 + (times - 1) * 7 * kt.OF_DAY) * SLOT_S
    return datetime.fromtimestamp(after, LOCAL).replace(hour=0, minute=0)


class _Home:
    """Readings, register and kept energy in a folder."""

    def __init__(self, folder: Path, sim: Any) -> None:
        self.store, self.register = Store(folder / "readings"), Register(folder)
        self.settled = Settled(folder / "slots", self.store, self.register)
        firm = pl.int_range(pl.len()) // _AT_A_FIRM
        points = sim.points.with_columns(node=pl.lit("firm-") + firm.cast(pl.String))
        self.names = points["point"].to_list()
        firms = points["node"].unique(maintain_order=True).to_list()
        counties = [f"county-{n}" for n in range(_COUNTIES)]
        self.nodes = ["city", *counties, *firms]
        kinds = ["city", *["county"] * _COUNTIES, *["enterprise"] * len(firms)]
        self._edges = [("city", one) for one in counties]
        self._edges += [(counties[n % _COUNTIES], one) for n, one in enumerate(firms)]
        self.register.put(
            points=points,
            devices=sim.devices,
            nodes=pl.DataFrame({"node": self.nodes, "name": self.nodes, "kind": kinds}),
            edges=pl.DataFrame(self._edges, schema=EDGES, orient="row"),
            recorded=START,
        )

    def below(self, node: str) -> list[str]:
        """Return the nodes that hang at one."""
        return [child for parent, child in self._edges if parent == node]

    def advance(self) -> None:
        """Take in what came."""
        self.settled.advance(now=START)


def _faults(points: int, days: int) -> list[Fault]:
    return list(scatter(points, start=START, days=days, seed=1, share=0.1))


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - began, time.process_time() - cpu


def _best(taken: list[tuple[float, float]]) -> tuple[float, float]:
    return min(wall for wall, _ in taken), min(cpu for _, cpu in taken)


def _least(run: Callable[[], object], times: int = 5) -> tuple[float, float]:
    return _best([_timed(run) for _ in range(times)])


def _told(
    what: str, wall: float, cpu: float, limit: float | None, of_cpu: float | None = None
) -> bool:
    said = f"{limit} s wall" if limit else f"{of_cpu} s CPU" if of_cpu else ""
    print(f"| {what} | {wall:.2f} | {cpu:.2f} | {said} |", flush=True)
    return (limit is None or wall <= limit) and (of_cpu is None or cpu <= of_cpu)


if __name__ == "__main__":
    raise SystemExit(main())
