"""The trend since the maximum, by a test that holds for short autocorrelated series.

Two lines are fitted, one before the maximum (a parabola where six years or more are there, so that
a rise that levels off is no noise) and one from the maximum on. The statistic is the slope of the
second over its standard error under AR(1) noise; the autocorrelation comes from the residuals by
matching moments, which takes away the bias the fit gives it. That the maximum was picked from the
very data is in the limits: they are simulated with the same picking, by years of the series and
years after the maximum, as the worst of the autocorrelations 0, 0.3, 0.6 and 0.8.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Autocorrelations the moments are matched over.
_GRID = np.linspace(0.0, 0.95, 20)
#: From so many years before the maximum on, what is before it may bend.
_BENDS = 6


class Trend(NamedTuple):
    """What the trend test found in one or many series.

    Parameters
    ----------
    statistic : array
        Slope over its standard error [1].
    slope : array
        Change per year since the maximum [unit of the series / a].
    autocorrelation : array
        Of the noise from one year to the next [1].
    """

    statistic: Floats
    slope: Floats
    autocorrelation: Floats


class _Design(NamedTuple):
    rest: Floats
    slope: Floats
    correlation: Floats
    trace: Floats
    variance: Floats


@lru_cache(maxsize=4096)
def _design(years: tuple[int, ...], peak: int) -> _Design:
    """Return what a series of these years with its maximum there is multiplied by."""
    time = np.asarray(years, np.float64) - years[peak]
    before = (np.arange(len(years)) < peak).astype(np.float64)
    terms = 1 if peak < 2 else 2 if peak < _BENDS else 3
    columns = [before * time**power for power in range(terms)]
    columns += [1.0 - before, (1.0 - before) * time]
    design = np.stack(columns, axis=1)
    inverse = np.linalg.pinv(design)
    rest = np.eye(len(years)) - design @ inverse
    apart = np.abs(time[:, None] - time[None])
    beside = 0.5 * (np.eye(len(years), k=1) + np.eye(len(years), k=-1))
    correlation, trace, variance = [], [], []
    for phi in _GRID:
        noise = phi**apart
        left = rest @ noise @ rest
        trace.append(np.trace(left))
        correlation.append(float((beside * left).sum()) / trace[-1])
        variance.append(inverse[-1] @ noise @ inverse[-1])
    found = (np.maximum.accumulate(correlation), np.array(trace), np.array(variance))
    return _Design(rest, inverse[-1], *found)


def trend_since(
    years: tuple[int, ...], values: Floats, peak: int, floor: Floats | float = 0.0
) -> Trend:
    """Test the years from the maximum on for a trend.

    Parameters
    ----------
    years : tuple of int
        Rising.
    values : array, shape (series, years)
        One or many series with their maximum in the same year.
    peak : int
        Place of the maximum.
    floor : float or array
        Least standard deviation of the noise [unit of the series].

    Returns
    -------
    Trend
        One entry per series.
    """
    design = _design(years, peak)
    rest = values @ design.rest
    squares = (rest * rest).sum(axis=1)
    # What rounding leaves of an exact fit is no noise with a memory.
    exact = squares <= (1e-10 * np.abs(values).max(axis=1)) ** 2
    beside = (rest[:, 1:] * rest[:, :-1]).sum(axis=1)
    ratio = beside / np.where(squares > 0.0, squares, 1.0)
    phi = np.where(exact, 0.0, np.interp(ratio, design.correlation, _GRID))
    variance = np.maximum(squares / np.interp(phi, _GRID, design.trace), np.square(floor))
    error = np.sqrt(variance * np.interp(phi, _GRID, design.variance))
    slope = values @ design.slope
    statistic = np.divide(slope, error, out=np.zeros_like(slope), where=error > 0.0)
    return Trend(statistic, slope, phi)
