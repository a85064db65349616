"""Speed of the readings store and of the intake, on readings made by arithmetic alone.

A city's day is 150,000 points every quarter of an hour, 14.4 million readings, appended as one
batch. A year is 500 points every quarter of an hour, 17.5 million readings that arrived month by
month and were settled; one point of it is read. The intake takes batches of 1,000 readings, each
on the disk before the next, by one process and by two.

Run with ``python benchmarks/metering_store.py [--folder DIR] [day] [year] [intake] [minutes]``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tanfeng.metering.frames import TIME
from tanfeng.metering.intake import Intake
from tanfeng.metering.store import Store

#: First instant of 2025 on the city's clock.
START = datetime(2024, 12, 31, 16, tzinfo=UTC)
#: Limits of the issue. [s, readings/s, GB]
YEAR_S, ACCEPTED_PER_S, DAY_GB = 0.1, 20_000, 4.0


def main() -> int:
    """Measure what was asked; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
    asked.add_argument("--folder", type=Path, help="where to write; a folder of its own by default")
    options = asked.parse_args()
    print("| what | wall s | CPU s | limit |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        good = [PARTS[part](Path(folder)) for part in options.parts]
    return 0 if all(good) else 1


def readings(points: int, start: datetime, steps: int) -> pl.DataFrame:
    """Return registers that count up by a share of their number every quarter of an hour."""
    end = start + timedelta(minutes=15 * (steps - 1))
    times = pl.datetime_range(start, end, "15m", eager=True).alias("time").cast(TIME)
    names = pl.int_range(points, eager=True)
    meters = pl.DataFrame(
        {
            "point": pl.select(pl.format("E{}-{}", (names // 50) + 10_000, (names % 50) + 10))
            .to_series()
            .alias("point"),
            "step": 0.25 + (names % 97) / 7,
        }
    )
    frame = times.to_frame().with_row_index("n").join(meters, how="cross")
    return frame.select(
        "point",
        "time",
        value=(pl.col("n") * pl.col("step")).round(2),
        source=pl.lit("gateway"),
        received=pl.col("time") + timedelta(minutes=2),
    )


def day(folder: Path) -> bool:
    """A city's day, shuffled as it would come, in one batch."""
    frame = readings(150_000, START, 96)
    store = Store(folder / "day")
    took = _timed(f"append {frame.height:,} readings", lambda: store.append(frame, batch="day"))[1]
    size = sum(path.stat().st_size for path in Path(store.uri).rglob("*.parquet"))
    print(f"| of them a second | {frame.height / took:,.0f} | | |")
    print(f"| bytes of a reading on the disk | {size / frame.height:.2f} | | |")
    _timed("one point of it", lambda: store.readings(["E10100-17"]))
    _timed("last reading of each point", store.latest)
    _timed("which points changed", lambda: store.changes(0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| highest memory, GB | {peak:.2f} | | {DAY_GB} |")
    return peak <= DAY_GB


def year(folder: Path) -> bool:
    """A point of a year among 500 points: twelve months, four appends each, settled."""
    import ibis

    store = Store(folder / "year")
    begin = START
    for number in range(48):
        end = START + timedelta(days=365 * (number + 1) / 48)
        steps = round((end - begin) / timedelta(minutes=15))
        store.append(readings(500, begin, steps), batch=str(number))
        begin += timedelta(minutes=15 * steps)
    rows = 500 * 365 * 96
    window = {"start": START, "end": START + timedelta(days=365)}
    _timed(f"a year of one point of {rows:,} readings, as they came", _year_of(store, window))
    _timed("settle twelve months", lambda: store.compact(settle=True))
    took = _timed("a year of one point, settled", _year_of(store, window), YEAR_S)[1]
    con = ibis.duckdb.connect()

    def by_duckdb() -> Any:
        return store.table(con, ["E10003-40"], **window).to_polars()

    took = max(took, _timed("the same through DuckDB", by_duckdb, YEAR_S)[1])
    _timed("a fresh process's first look at the log", lambda: Store(store.uri).files())
    return took <= YEAR_S


def _year_of(store: Store, window: dict[str, Any]) -> Callable[[], Any]:
    def read() -> pl.DataFrame:
        found = store.readings(["E10003-40"], **window)
        assert found.height == 365 * 96, found.height
        return found

    return read


def minutes(folder: Path) -> bool:
    """Minute by minute flushes of two hours, small files merged on the way."""
    store = Store(folder / "minutes")
    intake = Intake(folder / "minutes-intake", store)

    def two_hours() -> None:
        for minute in range(120):
            frame = readings(1_000, START + timedelta(minutes=minute), 1)
            received = START + timedelta(minutes=minute)
            intake.accept(frame, batch=str(minute), received=received)
            store.compact(intake.flush().months)

    _timed("120 flushes of 1,000 readings, merging on the way", two_hours, times=1)
    print(f"| files left | {len(store.files())} | | |")
    return len(store.files()) < 40


def intake(folder: Path) -> bool:
    """Batches of 1,000, each on the disk before the next; then one flush of all."""
    rates = []
    for processes in (1, 2):
        home = folder / f"intake{processes}"
        rate, rows = _accepted(home, processes)
        rates.append(rate)
        print(f"| accepted a second, {processes} process | {rate:,.0f} | | {ACCEPTED_PER_S} |")
        kept = Intake(home / "intake", Store(home / "readings"))
        done, _ = _timed(f"flush {rows:,} of them", kept.flush, times=1)
        assert done.rows == rows, done
    return min(rates) >= ACCEPTED_PER_S


def _accepted(home: Path, processes: int, batches: int = 500) -> tuple[float, int]:
    context = multiprocessing.get_context("spawn")
    gate, spans = context.Barrier(processes), context.Queue()
    work = [
        context.Process(target=_accept, args=(home, number, batches, gate, spans))
        for number in range(processes)
    ]
    for process in work:
        process.start()
    found = [spans.get(timeout=120) for _ in work]
    for process in work:
        process.join()
    rows = processes * batches * 1_000
    return rows / (max(end for _, end in found) - min(begin for begin, _ in found)), rows


def _accept(home: Path, number: int, batches: int, gate: Any, spans: Any) -> None:
    frame = readings(1_000, START, 1)
    taken = Intake(home / "intake", Store(home / "readings"))
    taken.accept(frame, batch=f"warm{number}", received=START)
    taken._store.version()
    gate.wait()
    begin = time.time()
    for batch in range(batches - 1):
        taken.accept(frame, batch=f"{number}/{batch}", received=START)
    spans.put((begin, time.time()))


def _timed(
    what: str, work: Callable[[], Any], limit: float | None = None, times: int = 3
) -> tuple[Any, float]:
    """Do it some times (an append counts once: the batch is there afterwards), print the least."""
    best, result = (float("inf"), float("inf")), None
    for _ in range(1 if what.startswith(("append", "settle")) else times):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
    shown = "" if limit is None else limit
    print(f"| {what} | {best[0]:.3f} | {best[1]:.3f} | {shown} |", flush=True)
    return result, best[0]


PARTS = {"day": day, "year": year, "intake": intake, "minutes": minutes}

if __name__ == "__main__":
    sys.exit(main())
