"""CPU time of roll-up and virtual meters: a week of 2,000 points, a city's day.

Amounts are seeded; a slot in fifty is estimated, one in two hundred missing. Fifty points hang at
an enterprise, the enterprises under twelve counties and a city. Every figure is the least of
several runs: other work on the machine can only add to it.

Run with ``python benchmarks/metering_rollup.py [--city]``; the city's day takes 2 GB.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from tanfeng.metering import rollup, time_of_use
from tanfeng.metering.balance import balance
from tanfeng.metering.frames import EDGES, POINTS, QUALITY, SLOTS, TIME
from tanfeng.metering.virtual import virtual_meters

START = datetime(2026, 10, 31, 16, tzinfo=UTC)  # local midnight of 1 November
SLOT = timedelta(minutes=15)
#: Limits. [CPU s]
WEEK_S, VIRTUAL_S, CITY_S = 0.15, 0.2, 5.0


def main() -> int:
    """Build, measure, print; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--city", action="store_true", help="150,000 points x 96 slots, too")
    options = asked.parse_args()
    print("| what | CPU s | limit |\n|---|--:|--:|")
    good = all([*_week(), *_virtual(), *(_city() if options.city else ())])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| highest memory, GB | {peak:.2f} | |")
    return 0 if good else 1


def _week() -> list[bool]:
    points, edges = _register(2000)
    slots = _slots(2000, 672)
    end = START + 672 * SLOT
    due = rollup.due_since(points, slots)
    asked: dict[str, Any] = {"points": points, "start": START, "end": end, "due": due}
    hours = rollup.of_nodes(slots, edges=edges, by="hour", **asked)
    of_points = rollup.of_points(slots, by="hour", **asked)
    tariff = time_of_use.hours(START, end)
    what = "2,000 points x 672 slots"
    return [
        _told(
            f"{what} to hours up to the city",
            lambda: rollup.of_nodes(slots, edges=edges, by="hour", **asked),
            WEEK_S,
        ),
        _told(f"{what} to days", lambda: rollup.of_nodes(slots, edges=edges, by="day", **asked)),
        _told(f"{what} to hours per point", lambda: rollup.of_points(slots, by="hour", **asked)),
        _told("hours of points to days", lambda: _days(of_points, edges, asked)),
        _told("split by the tariff", lambda: time_of_use.split(hours, tariff)),
        _told("balance", lambda: balance(of_points, hours, points=points, edges=edges)),
    ]


def _days(of_points: pl.DataFrame, edges: pl.DataFrame, asked: dict[str, Any]) -> pl.DataFrame:
    return rollup.of_sums(of_points, edges=edges, by="day", **asked)


def _virtual() -> list[bool]:
    slots = _slots(400, 672)
    points, _edges = _register(400)
    sums = [(f"{a} + {b} - 0.5 * {c}") for a, b, c in _threes()]
    formulas = [f"max({a} - {b} * {c} / ({a} + {c}), 0)" for a, b, c in _threes()]
    good = []
    for name, texts in (("weighted sums", sums), ("formulas", formulas)):
        rows = [
            points.row(0, named=True) | {"point": f"V{n}", "expression": text}
            for n, text in enumerate(texts)
        ]
        register = pl.concat([points, pl.DataFrame(rows, schema=POINTS)])
        made = virtual_meters(register)
        good.append(_told(f"200 {name} read", lambda r=register: virtual_meters(r)))
        good.append(
            _told(f"200 {name} x 168 h of quarter hours", lambda m=made: m.slots(slots), VIRTUAL_S)
        )
    return good


def _threes() -> list[tuple[str, ...]]:
    return [tuple(_name((7 * v + n) % 400) for n in range(3)) for v in range(200)]


def _city() -> list[bool]:
    points, edges = _register(150_000)
    slots = _slots(150_000, 96)
    return [
        _told(
            "150,000 points x 96 slots to hours up to the city",
            lambda: rollup.of_nodes(slots, points=points, edges=edges, by="hour"),
            CITY_S,
            runs=3,
        )
    ]


def _name(number: int) -> str:
    return f"P{number:06d}"


def _register(count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Points, fifty at an enterprise, and the tree above."""
    enterprises = (count + 49) // 50
    points = pl.DataFrame(
        {
            "point": [_name(n) for n in range(count)],
            "name": "",
            "kind": "register",
            "item_key": "electricity",
            "unit": "kWh",
            "multiplier": 1.0,
            "interval_s": 900,
            "sign": 1,
            "node": [f"E{n // 50}" for n in range(count)],
            "origin": "import",
            "recorded": START,
        }
    )
    absent = [pl.lit(None).alias(name) for name in POINTS if name not in points.columns]
    counties = [(f"C{n % 12}", f"E{n}") for n in range(enterprises)]
    city = [("city", f"C{n}") for n in range(min(12, enterprises))]
    edges = pl.DataFrame(counties + city, schema=EDGES, orient="row")
    return points.with_columns(absent).select(POINTS.names()).cast(POINTS), edges


def _slots(count: int, each: int) -> pl.DataFrame:
    """Slots of each point in order, as the derivation gives them."""
    draw = np.random.default_rng(20261101)
    luck = draw.random(count * each)
    words = np.where(luck < 0.005, 3, np.where(luck < 0.025, 1, 0)).astype(np.uint8)
    starts = pl.datetime_range(
        START, START + each * SLOT, SLOT, closed="left", time_unit="us", eager=True
    ).cast(TIME)
    names = pl.DataFrame({"point": [_name(n) for n in range(count)]})
    frame = names.select(pl.col("point").repeat_by(each)).explode("point", empty_as_null=False)
    known = pl.col("quality") != "missing"
    return (
        frame.with_columns(
            start=pl.concat([starts] * count),
            amount=pl.Series(draw.random(count * each) * 10),
            quality=pl.Series(words).replace_strict(
                dict(enumerate(QUALITY.categories)), return_dtype=QUALITY
            ),
            rule=pl.lit("register"),
        )
        .select(
            "point",
            "start",
            amount=pl.when(known).then("amount"),
            measured=pl.when(known).then(
                pl.when(pl.col("quality") == "measured").then("amount").otherwise(0.0)
            ),
            quality="quality",
            rule="rule",
        )
        .cast(SLOTS)
    )


def _told(
    what: str, run: Callable[[], object], limit: float | None = None, *, runs: int = 7
) -> bool:
    """Print the least CPU time of several runs; tell whether it keeps the limit."""
    least = float("inf")
    for _ in range(runs):
        began = time.process_time()
        run()
        least = min(least, time.process_time() - began)
    said = f"{limit} s" if limit else ""
    broken = limit is not None and least > limit
    print(f"| {what} | {least:.3f} | {said}{' BROKEN' if broken else ''} |")
    return not broken


if __name__ == "__main__":
    sys.exit(main())
