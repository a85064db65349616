"""How far the same way of looking ahead would have missed what is known by now.

For every year of the history that leaves enough years before it, the drivers known then are
carried on by the plain rule below, the emission that follows is computed by the scenario's own
formula, and both are held against what the history says. ``unchanged`` is the forecast that needs
no model: the emission stays as it was. A scenario whose rule does not beat it says nothing about
the years ahead that standing still would not.

The plain rule: a driver goes on at its mean rate of the last ``fitted_years`` years, a share at
its mean yearly step, never beyond its ends.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.pathway.drivers import DRIVERS
from tanfeng.pathway.projection import Boundary, Conversion, Floats, Projection
from tanfeng.pathway.scenario import Anchor, Cell, Path, Resolved
from tanfeng.pathway.uncertain import Uncertain

RULES = ("drivers", "unchanged")
MISSES = pl.Schema(
    {
        "origin": pl.Int64,
        "year": pl.Int64,
        "lead": pl.Int64,
        "rule": pl.String,
        "forecast_tco2": pl.Float64,
        "known_tco2": pl.Float64,
        "miss": pl.Float64,
    }
)
"""``miss`` is forecast / known - 1."""


def backtest(
    resolved: Resolved,
    conversion: Conversion,
    *,
    boundary: Boundary = "direct",
    fitted_years: int = 5,
) -> pl.DataFrame:
    """Forecast the years of the history from the years before them.

    Parameters
    ----------
    resolved : Resolved
        The scenario; its values up to ``history_until`` are what is known.
    conversion : Conversion
        Calorific worth of electricity and heat.
    boundary : {"direct", "direct_and_purchased"}
        What is counted.
    fitted_years : int
        Years the rate is taken from, at least 1.

    Returns
    -------
    polars.DataFrame
        Columns of ``MISSES``; empty where the history is shorter than ``fitted_years + 2`` years,
        so that nothing could be held back.
    """
    until = resolved.history_until or 0
    origins = range(resolved.first_year + fitted_years, until)
    if not origins:
        return pl.DataFrame(schema=MISSES)
    projection = Projection(resolved, conversion)
    years = projection.years
    known = projection.total(projection.central(), boundary)[0].sum(axis=0)
    rows = []
    for origin in origins:
        at = origin - resolved.first_year
        guessed = Projection(_carried_on(projection, origin, fitted_years), conversion)
        ahead = guessed.total(guessed.central(), boundary)[0].sum(axis=0)
        for i in range(at + 1, until - resolved.first_year + 1):
            for rule, forecast in zip(RULES, (ahead[i], known[at]), strict=True):
                rows.append((origin, int(years[i]), i - at, rule, forecast, known[i]))
    known_columns = {name: kind for name, kind in MISSES.items() if name != "miss"}
    return pl.DataFrame(rows, schema=known_columns, orient="row").with_columns(
        miss=pl.col("forecast_tco2") / pl.col("known_tco2") - 1
    )


def summary(misses: pl.DataFrame) -> pl.DataFrame:
    """Return how large the misses are, by how many years ahead.

    Parameters
    ----------
    misses : polars.DataFrame
        Of :func:`backtest`.

    Returns
    -------
    polars.DataFrame
        Columns ``rule``, ``lead``, ``forecasts``, ``median_miss`` (of the sizes), ``mean_miss``
        (with its sign: above zero means forecast too high), ``greatest_miss``.
    """
    size = pl.col("miss").abs()
    return (
        misses.group_by("rule", "lead", maintain_order=True)
        .agg(
            forecasts=pl.len(),
            median_miss=size.median(),
            mean_miss=pl.col("miss").mean(),
            greatest_miss=size.max(),
        )
        .sort("rule", "lead")
    )


def _carried_on(projection: Projection, origin: int, fitted_years: int) -> Resolved:
    """Return the scenario as it would have been written in the year of the origin."""
    resolved, years = projection.resolved, projection.years
    at = origin - resolved.first_year
    paths = []
    for path in resolved.paths:
        known = projection.path(path)
        ahead = _continued(path, known[at - fitted_years : at + 1], len(years) - at - 1)
        cell = path.anchors[0].cell
        values = np.concatenate([known[: at + 1], ahead])
        paths.append(replace(path, way="linear", anchors=_anchors(years, values, cell)))
    return replace(resolved, paths=tuple(paths))


def _continued(path: Path, last: Floats, count: int) -> Floats:
    steps = np.arange(1, count + 1)
    span = len(last) - 1
    if DRIVERS[path.driver].share:
        ahead: Floats = np.clip(last[-1] + steps * (last[-1] - last[0]) / span, 0.0, 1.0)
        return ahead
    if last[0] <= 0 or last[-1] <= 0:  # no rate leads from nothing, nor back to it
        return np.full(count, last[-1])
    grown: Floats = last[-1] * (last[-1] / last[0]) ** (steps / span)
    return grown


def _anchors(years: NDArray[np.int64], values: Floats, cell: Cell) -> tuple[Anchor, ...]:
    return tuple(
        Anchor(int(year), Uncertain("certain", (float(value),)), cell)
        for year, value in zip(years, values, strict=True)
    )
