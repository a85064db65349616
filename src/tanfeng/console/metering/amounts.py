"""What flowed, for pages: quarter hours, and sums of points and of nodes of the tree.

Every page asks here. Nothing here asks for rights: who is asked about is the page's to check.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal

import polars as pl
from django.utils import timezone

from tanfeng import accounting, standards
from tanfeng.console.accounting.services import OPTIONS
from tanfeng.console.library.services import overrides
from tanfeng.console.metering import engine
from tanfeng.metering.frames import ENERGY, SLOTS
from tanfeng.periods import LOCAL

By = Literal["15min", "hour", "day", "month"]


def slots(points: Collection[str], start: datetime, end: datetime) -> pl.DataFrame:
    """Return the quarter hours of some points, metered or virtual.

    Parameters
    ----------
    points : collection of str
        Their names; what the engine does not know is left out.
    start, end : datetime
        ``start <= t < end``, aware.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.SLOTS`. [base unit of the point]
    """
    import ibis

    from tanfeng.metering.energy import point_energy
    from tanfeng.metering.energy import slots as in_slots
    from tanfeng.metering.virtual import virtual_meters

    known = engine.register()
    every = known.points()
    asked = every.filter(pl.col("point").is_in(list(points)))
    made = asked.filter(pl.col("expression").is_not_null())["point"].to_list()
    virtual = virtual_meters(every) if made else None
    wanted = set(asked["point"]) - set(made)
    if virtual is not None:
        under = virtual.inputs.filter(pl.col("virtual").is_in(made))
        wanted |= set(under["point"])
    if not wanted:
        return SLOTS.to_frame()
    metered = every.filter(pl.col("point").is_in(list(wanted)))
    readings = engine.store().table(
        ibis.duckdb.connect(), sorted(wanted), start - engine.AROUND, end + engine.AROUND
    )
    devices = known.devices().filter(pl.col("point").is_in(list(wanted)))
    found = in_slots(
        point_energy(readings, metered, devices, by="15min", start=start, end=end)
    ).cast(SLOTS)
    if virtual is not None:
        found = pl.concat([found, virtual.slots(found).filter(pl.col("point").is_in(made))])
    return found.filter(pl.col("point").is_in(asked["point"].to_list()))


def of_points(points: Collection[str], by: By, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed through some points in each period, as metered.

    Parameters
    ----------
    points, start, end
        As of :func:`slots`.
    by : {"15min", "hour", "day", "month"}
        Length of a period, on the city's clock.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.ENERGY`, ``point`` in the place of ``node``.
    """
    from tanfeng.metering import rollup

    about = engine.register().points().filter(pl.col("point").is_in(list(points)))
    found = slots(points, start, end)
    if found.is_empty():
        return ENERGY.to_frame().rename({"node": "point"})
    return rollup.of_points(
        found, points=about, by=by, start=start, end=end, factors=factors(start, end)
    )


def of_nodes(nodes: Collection[str], by: By, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed into some nodes of the tree and those below them in each period.

    Parameters
    ----------
    nodes : collection of str
        Keys of nodes: credit code of an enterprise, place code of a county, ``park:KEY``, a
        process unit, or :data:`tanfeng.console.metering.engine.CITY`.
    by, start, end
        As of :func:`of_points`.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.ENERGY`.
    """
    from tanfeng.metering import rollup

    known = engine.register()
    edges = known.edges()
    inside = below(nodes, edges)
    about = known.points().filter(pl.col("node").is_in(inside))
    found = slots(about["point"].to_list(), start, end)
    if found.is_empty():
        return ENERGY.to_frame()
    return rollup.of_nodes(
        found,
        points=about,
        edges=edges.filter(pl.col("parent").is_in(inside)),
        by=by,
        start=start,
        end=end,
        factors=factors(start, end),
    )


def below(nodes: Collection[str], edges: pl.DataFrame) -> list[str]:
    """Return some nodes and every node below them.

    Parameters
    ----------
    nodes : collection of str
        Keys of nodes.
    edges : polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.EDGES`.
    """
    found, last = set(nodes), set(nodes)
    while last:
        under = edges.filter(pl.col("parent").is_in(list(last)))["child"]
        last = set(under) - found
        found |= last
    return sorted(found)


def factors(start: datetime, end: datetime) -> pl.DataFrame:
    """Return what a unit of each item is worth in the years of a window.

    Parameters
    ----------
    start, end : datetime
        ``start <= t < end``, aware.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.FACTORS`, by the options accounts of the city
        have unless told otherwise.
    """
    first = start.astimezone(LOCAL).year
    last = (end - timedelta(microseconds=1)).astimezone(LOCAL).year
    years = tuple(range(first, last + 1))
    return _factors(years, timezone.localdate(), tuple(overrides().values()))


@lru_cache(maxsize=16)
def _factors(
    years: tuple[int, ...], today: date, verified: tuple[standards.Override, ...]
) -> pl.DataFrame:
    chosen = accounting.factor_set(
        years,
        region=OPTIONS["region"],
        guideline=OPTIONS["guideline"],
        as_of=today,
        overrides=standards.Overrides(verified),
        electricity_fallback=OPTIONS["electricity_fallback"] or None,
    )
    return accounting.unit_worth(chosen)


def energy(point: str, by: By, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed through one point in each period, metered or virtual.

    Parameters
    ----------
    point : str
        Its name.
    by, start, end
        As of :func:`of_points`.

    Returns
    -------
    polars.DataFrame
        As of :func:`tanfeng.console.metering.engine.energy`.
    """
    from tanfeng.metering import rollup

    about = engine.points().filter(pl.col("point") == point)
    if about["expression"].null_count() == about.height:
        return engine.energy(point, by, start, end)
    found = slots([point], start, end)
    if found.is_empty():
        return found
    return rollup.of_points(found, points=about, by=by, start=start, end=end)
