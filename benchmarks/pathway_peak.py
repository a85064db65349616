"""CPU time of decomposition, peak verdict and nowcast, against the limits of the issue.

Run with ``python benchmarks/pathway_peak.py``; every figure is the least of many runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from tanfeng.pathway import lmdi
from tanfeng.pathway.nowcast import nowcast
from tanfeng.pathway.verdict import judge

SECTORS, YEARS, FACTORS = 40, 30, 5
#: Limit of the decomposition. [ms]
LMDI_MS = 1.0


def main() -> int:
    """Measure and print; 1 when the limit is broken."""
    rng = np.random.default_rng(1)
    values = rng.uniform(0.5, 2.0, (YEARS, SECTORS, FACTORS))
    zeros = np.where(rng.random(values.shape) < 0.02, 0.0, values)
    rows = [
        (f"s{sector}", 2000 + year, f"f{factor}", float(values[year, sector, factor]))
        for sector in range(SECTORS)
        for year in range(YEARS)
        for factor in range(FACTORS)
    ]
    table = pl.DataFrame(rows, schema=["sector", "year", "factor", "value"], orient="row")
    peak = pl.DataFrame(
        {"year": range(2005, 2025), "emission": [60.0 + 4 * min(t, 10) - t for t in range(20)]}
    )
    months = pl.DataFrame(
        [(year, month, 100.0 + month) for year in range(2015, 2024) for month in range(1, 13)],
        schema=["year", "month", "value"],
        orient="row",
    ).filter((pl.col("year") < 2023) | (pl.col("month") < 6))
    print("| what | CPU ms | limit |\n|---|--:|--:|")
    size = f"{SECTORS} sectors x {YEARS} years x {FACTORS} factors"
    took = _told(f"LMDI, {size}", lambda: lmdi.effects(values[:-1], values[1:]), LMDI_MS)
    _told("the same, 2 % of it zeros", lambda: lmdi.effects(zeros[:-1], zeros[1:]))
    _told("the same from a long table of 6,000 rows, checked", lambda: lmdi.decompose(table))
    _told("verdict on 20 years", lambda: judge(peak))
    _told("nowcast of 8 years and 5 months, with its back-test", lambda: nowcast(months), runs=5)
    return int(took > LMDI_MS)


def _told(
    name: str, work: Callable[[], object], limit: float | None = None, runs: int = 50
) -> float:
    best = min(_once(work) for _run in range(runs))
    print(f"| {name} | {best:.2f} | {'' if limit is None else f'{limit:g}'} |")
    return best


def _once(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1000.0


if __name__ == "__main__":
    sys.exit(main())
