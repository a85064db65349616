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
from tanfeng.metering import rollup
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
    return engine.kept().slots(points, start, end)


def due(points: Collection[str]) -> pl.DataFrame:
    """Return from when to when some points owe quarter hours.

    Parameters
    ----------
    points
        As of :func:`slots`.

    Returns
    -------
    polars.DataFrame
        point, due_from, due_to (null: still due).
    """
    return engine.kept().due(points)


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
    return engine.kept().of_points(points, by, start, end, factors(start, end))


def of_nodes(nodes: Collection[str], by: By, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed into some nodes of the tree and those below them in each period.

    What an enterprise makes and uses inside is no energy of the enterprise or of anything above.

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
    inside = below(nodes, engine.edges())
    return engine.kept().of_nodes(inside, by, start, end, factors(start, end))


def bought_unmetered(node: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what an enterprise bought at least of items it makes, with no meter at its gate.

    Parameters
    ----------
    node : str
        Credit code.
    start, end : datetime
        As of :func:`of_nodes`, which counts it as missing.

    Returns
    -------
    polars.DataFrame
        As of :func:`tanfeng.metering.rollup.bought_unmetered`.
    """
    inside = below([node], engine.edges())
    mine = pl.col("node").is_in(inside)
    return rollup.bought_unmetered(
        engine.kept().of_nodes(inside, "day", start, end),
        points=engine.points().filter(mine),
        edges=engine.edges().filter(pl.col("parent").is_in(inside)),
        nodes=engine.register().nodes().filter(mine),
    )


def as_of() -> datetime | None:
    """Return up to when what came is in the figures; None while they are made for the first time.

    A page shows it where it is not the present.
    """
    kept = engine.settled()
    return kept.as_of() if kept.behind() else timezone.now()


def state() -> tuple[str, int, int]:
    """Return what tells two states of the figures apart: amounts asked at one are the same."""
    kept = engine.kept()
    return str(engine.folder()), kept.number(), engine.register().number()


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
