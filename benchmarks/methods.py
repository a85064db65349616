"""CPU time of the sector methods: a city, one enterprise, Monte Carlo, the difference of two runs.

The city has enterprises of every registered method in turn, each with about eleven streams a
month; amounts differ by enterprise and month, a fifth of the heats is measured. The limits are
those of the issue.

Run with ``python benchmarks/methods.py [--enterprises 3000] [--months 60]``.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from method_rows import every  # the generator of the contract test
from tanfeng import trace
from tanfeng.accounting import methods

AS_OF = date(2026, 6, 30)
STREAMS = 11
#: Limits. [CPU s, GB]
CITY_S, CITY_GB, ENTERPRISE_S, DRAWS_S, DIFF_S = 10.0, 3.0, 0.030, 0.5, 2.0


def main() -> int:
    """Build, measure, print; 1 when a limit is broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--enterprises", type=int, default=3000)
    asked.add_argument("--months", type=int, default=60)
    options = asked.parse_args()
    frames = _city(options.enterprises, options.months)
    rows = sum(frame.height for frame in frames.values())
    used = list(methods.METHODS.values())
    print(f"{rows:,} rows, {len(used)} methods\n\n| what | CPU s | limit |\n|---|--:|--:|")
    good = True
    took, city = _timed(lambda: methods.account(frames, used, as_of=AS_OF))
    good &= _told(f"a city of {options.enterprises:,}, {city.lines.height:,} lines", took, CITY_S)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    good &= _told("its highest memory, GB", peak, CITY_GB)
    later = {
        kind: frame.with_columns(pl.col("used_qty") * 1.01)
        if "used_qty" in frame.columns
        else frame
        for kind, frame in frames.items()
    }
    again = methods.account(later, used, as_of=AS_OF)
    took, _table = _timed(lambda: methods.diff(city, again, used))
    good &= _told("difference of two city runs, the same rows", took, DIFF_S)
    fewer = {kind: frame.filter(pl.col("activity_id") % 97 != 5) for kind, frame in later.items()}
    again = methods.account(fewer, used, as_of=AS_OF)
    took, _table = _timed(lambda: methods.diff(city, again, used))
    good &= _told("difference of two city runs, a hundredth of the rows gone", took, DIFF_S)
    took, failing = _timed(lambda: trace.check_lines(city.lines, city.factors, city.formulas))
    assert failing.is_empty()
    _told("every line redone", took, None)
    return 0 if _measure_one() and good else 1


def _measure_one() -> bool:
    """One enterprise's year by every method, and Monte Carlo of the largest."""
    spent, largest = [], None
    for method in methods.METHODS.values():
        frames = _year(method)
        methods.account(frames, [method], as_of=AS_OF)
        took, found = _timed(lambda m=method, f=frames: methods.account(f, [m], as_of=AS_OF))
        spent.append(took)
        if largest is None or found.lines.height > largest.lines.height:
            largest = found
    good = _told(
        "one enterprise, one year, median over methods", statistics.median(spent), ENTERPRISE_S
    )
    assert largest is not None
    widths = pl.DataFrame(
        [
            {
                "activity_id": None,
                "column": None,
                "factor_ref": ref,
                "relative_pct": 5.0,
                "distribution": "normal",
                "group": None,
            }
            for ref in largest.factors["ref"].unique()
        ],
        schema=dict(methods.UNCERTAINTY_SCHEMA),
    )
    took, _drawn = _timed(lambda: methods.simulate(largest, widths, seed=1))
    return _told(f"10,000 draws over {largest.lines.height} lines", took, DRAWS_S) and good


def _told(what: str, took: float, limit: float | None) -> bool:
    print(f"| {what} | {took:.3f} | {'' if limit is None else limit} |", flush=True)
    return limit is None or took <= limit


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def _templates(method: methods.Method) -> list[dict[str, object]]:
    """About eleven rows of a method, spread over its streams."""
    rows = every(method)
    step = max(1, len(rows) // STREAMS)
    return rows[::step][:STREAMS]


def _city(enterprises: int, months: int) -> dict[str, pl.DataFrame]:
    """Lay out every enterprise's rows for every month, one frame per kind."""
    generator = np.random.default_rng(7)
    per_method = -(-enterprises // len(methods.METHODS))
    number = itertools.count()
    parts: dict[str, list[pl.DataFrame]] = {}
    for method in methods.METHODS.values():
        codes = [f"9135{next(number):014d}" for _ in range(per_method)]
        grid = pl.DataFrame({"org_code": codes}).join(
            pl.DataFrame({"n": range(months)}), how="cross"
        )
        for one in _templates(method):
            scale = generator.uniform(0.5, 1.5, grid.height)
            inputs = method.stream(str(one["stream"])).kind(str(one["kind"])).inputs
            amounts = {
                name: pl.Series(scale) * one[name]
                for name in one
                if name in inputs and inputs[name].extensive
            }
            parts.setdefault(str(one["kind"]), []).append(
                grid.select(
                    pl.col("org_code").cast(pl.Categorical),
                    unit=pl.lit("", dtype=pl.Categorical()),
                    year=(2021 + pl.col("n") // 12).cast(pl.Int32),
                    month=(1 + pl.col("n") % 12).cast(pl.Int8),
                    method=pl.lit(method.key, dtype=pl.Categorical()),
                    tier=pl.lit("reported", dtype=pl.Categorical()),
                    **{
                        name: pl.lit(value, dtype=pl.Categorical())
                        for name, value in one.items()
                        if name in ("stream", "item")
                    },
                    **{
                        name: amounts.get(name, value)
                        for name, value in one.items()
                        if isinstance(value, float)
                    },
                )
            )
    frames, first = {}, 1
    for kind, found in parts.items():
        frame = pl.concat(found, how="diagonal")
        numbers = pl.int_range(first, first + frame.height, dtype=pl.Int64)
        frames[kind] = frame.with_columns(activity_id=numbers)
        first += frame.height
    return frames


def _year(method: methods.Method) -> dict[str, pl.DataFrame]:
    """One enterprise's year of one method, month by month."""
    by_kind: dict[str, list[dict[str, object]]] = {}
    number = itertools.count(1)
    for month, one in itertools.product(range(1, 13), _templates(method)):
        by_kind.setdefault(str(one["kind"]), []).append(
            {
                "activity_id": next(number),
                "org_code": "91350000000000001X",
                "unit": "",
                "year": 2024,
                "month": month,
                "method": method.key,
                "tier": "reported",
                **{name: value for name, value in one.items() if name != "kind"},
            }
        )
    return {kind: pl.DataFrame(rows, infer_schema_length=None) for kind, rows in by_kind.items()}


if __name__ == "__main__":
    sys.exit(main())
