"""The simulations behind the peak verdict: limits of its trend test, false alarms, power.

``python benchmarks/peak_trend.py`` prints the tables of docs/methods/pathway_verdict.md;
``--limits FILE`` writes the table of limits the engine ships. Seeded: the same digits every time.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tanfeng.pathway import verdict
from tanfeng.pathway._rules import trend_limit
from tanfeng.pathway._trend import trend_since

Floats = NDArray[np.float64]

SEED = 20260630
#: Autocorrelations the limits hold for.
PHIS = (0.0, 0.3, 0.6, 0.8)
YEARS = range(8, 41)
SHOWN = (10, 15, 20, 30)
LEVEL = 0.05
#: Fewer draws than this with the maximum in a year give no limit.
LEAST = 400


def main() -> None:
    """Write the limits or print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--limits", type=Path)
    asked.add_argument("--draws", type=int, default=120_000)
    options = asked.parse_args()
    if options.limits:
        write_limits(options.limits, options.draws)
        return
    print("| noise AR(1) | years | Mann-Kendall | Hamed-Rao (no answer) | trend test | PEAKED |")
    print("|--:|--:|--:|--:|--:|--:|")
    for phi in (*PHIS, 0.9):
        for count in SHOWN:
            print(false_alarms(count, phi))
    print("\n| path | years | fall a year | noise | AR(1) | trend test | PEAKED |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for row in powers():
        print(row)


def noise(count: int, phi: float, draws: int, seed: int) -> Floats:
    """Return AR(1) series of variance 1, started in their stationary law."""
    shocks = np.random.default_rng(seed).standard_normal((count, draws))
    series = np.empty_like(shocks)
    series[0] = shocks[0]
    for year in range(1, count):
        series[year] = phi * series[year - 1] + math.sqrt(1 - phi * phi) * shocks[year]
    return np.ascontiguousarray(series.T)


def by_peak(series: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield each place of the maximum inside with the series that have it there."""
    peaks = series.argmax(axis=1)
    for peak in range(1, series.shape[1] - 2):
        yield peak, series[peaks == peak]


def limits_of(count: int, draws: int) -> dict[int, float]:
    """Return the limit by years after the maximum of a series of so many years."""
    years, found = tuple(range(count)), dict[int, float]()
    for number, phi in enumerate(PHIS):
        for peak, series in by_peak(noise(count, phi, draws, SEED + 100 * count + number)):
            if len(series) >= LEAST:
                statistic = trend_since(years, series, peak).statistic
                after = count - 1 - peak
                limit = float(np.quantile(statistic, LEVEL))
                found[after] = min(found.get(after, 0.0), limit)
    return found


def write_limits(path: Path, draws: int) -> None:
    """Write the limit of every number of years and of years after the maximum."""
    rows = [
        (count, after, f"{limit:.3f}")
        for count in YEARS
        for after, limit in sorted(limits_of(count, draws).items())
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("years", "after", "limit"), *rows])


def false_alarms(count: int, phi: float, draws: int = 20_000) -> str:
    """Return a row: how often noise about a constant is called a trend or a peak."""
    series = noise(count, phi, draws, SEED + count + round(1000 * phi))
    bare = np.mean([_mann_kendall(one) < LEVEL for one in series[:4000]])
    corrected = np.array([_hamed_rao(one) for one in series[:4000]])
    lost = np.mean(np.isnan(corrected))
    alarms = np.nanmean(corrected < LEVEL)
    peaked = _claims(tuple(range(2000, 2000 + count)), 100 + 2 * series[:4000])
    return (
        f"| {phi} | {count} | {bare:.1%} | {alarms:.1%} ({lost:.1%}) | {_trends(series):.1%} "
        f"| {peaked:.1%} |"
    )


def powers() -> Iterator[str]:
    """Yield rows: how often a true peak and a plateau after a rise are called peaked."""
    for count, after in ((15, 5), (20, 5), (20, 8), (30, 12)):
        time = np.arange(count) - (count - 1 - after)
        for fall in (0.0, 1.0, 2.0, 3.0):
            for spread, phi in ((1.0, 0.3), (2.0, 0.3), (2.0, 0.6)):
                path = 100 + np.where(time < 0, 3.0 * time, -fall * time)
                series = path + spread * noise(count, phi, 2000, SEED + count + after)
                peaked = _claims(tuple(range(2000, 2000 + count)), series)
                kind = "plateau" if fall == 0 else "peak"
                words = f"{kind}, {after} years after"
                yield (
                    f"| {words} | {count} | {fall:g} % | {spread:g} % | {phi} "
                    f"| {_trends(series):.0%} | {peaked:.0%} |"
                )


def _trends(series: Floats) -> float:
    count = series.shape[1]
    hits = 0
    for peak, some in by_peak(series):
        if len(some):
            statistic = trend_since(tuple(range(count)), some, peak).statistic
            hits += int((statistic < trend_limit(count, count - 1 - peak)).sum())
    return hits / len(series)


def _claims(years: tuple[int, ...], series: Floats) -> float:
    return float(np.mean([verdict.outcome(years, one) == verdict.PEAKED for one in series]))


# ---------------------------------------------------------- what others do, for comparison


def _mann_kendall(series: Floats, widen: Callable[[Floats], float] = lambda _one: 1.0) -> float:
    """Return the two-sided p of the test of Mann and Kendall."""
    count = len(series)
    score = float(np.sign(series[None] - series[:, None])[np.triu_indices(count, 1)].sum())
    variance = count * (count - 1) * (2 * count + 5) / 18 * widen(series)
    if not variance > 0:
        return math.nan
    return math.erfc(max(abs(score) - 1, 0) / math.sqrt(variance) / math.sqrt(2))


def _hamed_rao(series: Floats) -> float:
    """Return the same with the variance widened by the significant autocorrelations of ranks."""

    def widen(one: Floats) -> float:
        count = len(one)
        time = np.arange(count)
        pairs = np.triu_indices(count, 1)
        slope = np.median((one[pairs[1]] - one[pairs[0]]) / (pairs[1] - pairs[0]))
        ranks = np.argsort(np.argsort(one - slope * time)) + 1.0
        ranks -= ranks.mean()
        total, bound = 0.0, 1.96 / math.sqrt(count)
        for lag in range(1, count - 1):
            found = float((ranks[lag:] * ranks[:-lag]).sum() / (ranks * ranks).sum())
            if abs(found) > bound:
                total += (count - lag) * (count - lag - 1) * (count - lag - 2) * found
        return 1 + 2 / (count * (count - 1) * (count - 2)) * total

    return _mann_kendall(series, widen)


if __name__ == "__main__":
    main()
