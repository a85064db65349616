"""Slots of a quarter hour become energy per hour, day and month, up the tree.

There is one pass over the slots (:mod:`tanfeng.metering._pass`). It joins them with two tables,
which points count for which node and which slot lies in which period, and adds whole numbers up,
so the order of the slots changes no bit. What comes out fits in the hand: the rest is polars.

A missing slot is missing, never zero: an amount is the sum of what is known, and
``completeness`` says how much of what was due that is. A silent point degrades its parents and
blocks none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering import _exact, _gates
from tanfeng.metering._calendar import By, local, period_start, slots_between
from tanfeng.metering._counts import COUNTS, KNOWN, SUMS, judged
from tanfeng.metering._due import due_since, due_slots
from tanfeng.metering._kept_terms import COUNTED, whole
from tanfeng.metering._pass import known, known_of_sums
from tanfeng.metering._tree import (
    MixedUnits,
    Tree,
    TreeHasCycle,
    counted,
    points_apart,
    tree,
)
from tanfeng.metering.frames import ENERGY, SLOT_S, WORTHLESS

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = [
    "By",
    "MissingFactors",
    "MixedUnits",
    "TreeHasCycle",
    "bought_unmetered",
    "counted",
    "due_since",
    "of_kept",
    "of_nodes",
    "of_points",
    "of_sums",
    "points_of",
]

_KEYS = ("node", "start", "item_key")
_WORTH = {
    "energy_calorific_tce": "calorific_tce_per_unit",
    "energy_equivalent_tce": "equivalent_tce_per_unit",
    "emission_tco2e": "emission_tco2e_per_unit",
}


class MissingFactors(ModelError):
    """An energy item has no factor for a year it was asked for."""


def of_nodes(
    slots: pl.DataFrame | ir.Table,
    *,
    points: pl.DataFrame,
    edges: pl.DataFrame,
    nodes: pl.DataFrame | None = None,
    by: By,
    start: datetime | None = None,
    end: datetime | None = None,
    due: pl.DataFrame | None = None,
    factors: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Roll slots up to the nodes of the tree.

    Parameters
    ----------
    slots : polars.DataFrame or ibis.Table
        With the columns of ``frames.SLOTS``. Amounts in the base unit of their point.
    points, edges : polars.DataFrame
        With the columns of ``frames.POINTS`` and ``frames.EDGES``.
    nodes : polars.DataFrame, optional
        With the columns of ``frames.NODES``: what an enterprise among them makes and uses inside is
        no energy of the enterprise, nor of what is above it. Without it no node is an enterprise.
    by : {"15min", "hour", "day", "month"}
        Length of a period, in local time.
    start, end : datetime, optional
        Window, on quarter hours; the hull of the slots when not given. A period cut by the window
        holds, and is due, what lies in the window.
    due : polars.DataFrame, optional
        point, due_from, due_to, as :func:`due_since` makes it. Without it a point is due from its
        first slot on, or from when it was registered if it has none.
    factors : polars.DataFrame, optional
        With the columns of ``frames.FACTORS``; without it the columns of tce and CO2 are null.

    Returns
    -------
    polars.DataFrame
        With the columns of ``frames.ENERGY``: one row per node, period and item that was due.

    Raises
    ------
    MissingFactors
        If an item has no factor in a year; all are named.
    TreeHasCycle
        If a node lies below itself.
    MixedUnits
        If one item is counted in several units.
    """
    window, due = _asked(slots, points, start, end, due)
    laid = tree(points, edges, nodes)
    calendar = slots_between(*window, by)
    own = days = _grid(known(slots, laid.counted, calendar), laid, calendar, due)
    if inner := _by_day(laid, window, by):
        some, each = inner
        days = _grid(known(slots, some.counted, each), some, each, due)
    return _finished(_with_parents(own, laid, days, by), laid.sources, factors).sort(_KEYS)


def of_points(
    slots: pl.DataFrame | ir.Table,
    *,
    points: pl.DataFrame,
    by: By,
    start: datetime | None = None,
    end: datetime | None = None,
    due: pl.DataFrame | None = None,
    factors: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Roll slots up per point, as metered: the sign is not applied.

    Parameters
    ----------
    slots, points, by, start, end, due, factors
        As of :func:`of_nodes`.

    Returns
    -------
    polars.DataFrame
        With the columns of ``frames.ENERGY``, ``point`` in the place of ``node``.

    Raises
    ------
    MissingFactors
        If an item has no factor in a year; all are named.
    """
    window, due = _asked(slots, points, start, end, due)
    laid = points_apart(points)
    calendar = slots_between(*window, by)
    own = _grid(known(slots, laid.counted, calendar), laid, calendar, due)
    return _finished(own, laid.sources, factors).rename({"node": "point"})


def of_sums(
    sums: pl.DataFrame,
    *,
    points: pl.DataFrame,
    edges: pl.DataFrame | None = None,
    nodes: pl.DataFrame | None = None,
    by: By,
    start: datetime,
    end: datetime,
    due: pl.DataFrame,
    factors: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Roll sums up that were already made per point, such as hours into months.

    Parameters
    ----------
    sums : polars.DataFrame
        point, start (of the period), amount, measured, slots_measured, slots_estimated, over
        periods no longer than ``by``, whole inside the window. What :func:`of_points` returns will
        do.
    points, by, start, end, due, factors
        As of :func:`of_nodes`.
    edges, nodes : polars.DataFrame, optional
        As of :func:`of_nodes`; without edges the answer is per point.

    Returns
    -------
    polars.DataFrame
        As of :func:`of_nodes`, or of :func:`of_points` without ``edges``.

    Notes
    -----
    A sum of a point is rounded once before it is added up the tree, so the result may differ from
    that over slots in the last bit. Each way by itself always gives the same.
    """
    laid = points_apart(points) if edges is None else tree(points, edges, nodes)
    calendar = slots_between(start, end, by)
    own = days = _grid(known_of_sums(sums, laid.counted, calendar, by), laid, calendar, due)
    if edges is None:
        return _finished(own, laid.sources, factors).rename({"node": "point"})
    if inner := _by_day(laid, (start, end), by):
        some, each = inner
        days = _grid(known_of_sums(sums, some.counted, each, "day"), some, each, due)
    return _finished(_with_parents(own, laid, days, by), laid.sources, factors).sort(_KEYS)


def of_kept(
    kept: pl.DataFrame,
    *,
    laid: Tree,
    by: By,
    start: datetime,
    end: datetime,
    due: pl.DataFrame,
    factors: pl.DataFrame | None = None,
    days_of: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> pl.DataFrame:
    """Roll up what :mod:`tanfeng.metering.settled` keeps.

    Parameters
    ----------
    kept : polars.DataFrame
        node and item_key, or point; start (of a stretch inside a period), and the whole numbers
        that add up.
    laid : Tree
        What adds up to what: the tree of nodes, or points apart.
    by, start, end, due, factors
        As of :func:`of_sums`.
    days_of : callable, optional
        Takes node and item_key of some sources, gives what is kept of them by day: asked where
        periods are months and something circulates inside an enterprise.

    Returns
    -------
    polars.DataFrame
        As of :func:`of_nodes`, or of :func:`of_points` where ``kept`` is of points, to the last
        bit.
    """
    calendar = slots_between(start, end, by)
    is_apart = "point" in kept.columns
    if is_apart:
        sources = laid.sources.select("source", point="node")
    else:
        sources = laid.sources.select("source", "node", "item_key")
    own = days = _grid(_of_kept(kept, sources, calendar, by), laid, calendar, due)
    if is_apart:
        return _finished(own, laid.sources, factors).rename({"node": "point"})
    inner = _by_day(laid, (start, end), by)
    if inner and days_of is not None:
        some, each = inner
        asked = sources.join(laid.inside.select("source"), on="source", how="semi")
        of_days = days_of(asked.select("node", "item_key"))
        days = _grid(_of_kept(of_days, asked, each, "day"), some, each, due)
    return _finished(_with_parents(own, laid, days, by), laid.sources, factors).sort(_KEYS)


def _of_kept(
    kept: pl.DataFrame, sources: pl.DataFrame, calendar: pl.DataFrame, by: By
) -> pl.DataFrame:
    """Add kept numbers up by source and period."""
    periods = calendar.select("number", at="period").unique()
    starts = kept.select("start").unique().with_columns(at=period_start(by, pl.col("start")))
    numbers = starts.join(periods, on="at").select("start", "number")
    rows = kept.join(sources, on=sources.columns[1:]).join(numbers, on="start")
    return whole(rows.group_by("source", "number").agg(pl.col(COUNTED).sum()))


def _by_day(
    laid: Tree, window: tuple[datetime, datetime], by: By
) -> tuple[Tree, pl.DataFrame] | None:
    """Return what circulates inside enterprises and the days to look at it by, where asked."""
    if by != "month" or laid.inside.is_empty():
        return None
    some = laid.counted.join(laid.inside.select("source"), on="source", how="semi")
    return replace(laid, counted=some), slots_between(*window, "day")


def points_of(
    node: str, *, points: pl.DataFrame, edges: pl.DataFrame, nodes: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the points whose amounts make those of a node.

    Parameters
    ----------
    node : str
        Key of the node.
    points, edges, nodes
        As of :func:`of_nodes`.

    Returns
    -------
    polars.DataFrame
        point, item_key, sign, by item and point.
    """
    laid = tree(points, edges, nodes)
    both = pl.concat([laid.sources.select(laid.supply.columns), laid.supply])
    made = laid.counted.join(both.filter(node=node), on="source")
    return made.select("point", "item_key", "sign").sort("item_key", "point")


def bought_unmetered(
    energy: pl.DataFrame, *, points: pl.DataFrame, edges: pl.DataFrame, nodes: pl.DataFrame
) -> pl.DataFrame:
    """Return where an enterprise used more of an item than it made, and no gate meter says so.

    Its amount and those above hold nothing of the item and count it as missing.

    Parameters
    ----------
    energy : polars.DataFrame
        Of the steps by day, as :func:`of_nodes` returns it.
    points, edges, nodes
        As of :func:`of_nodes`.

    Returns
    -------
    polars.DataFrame
        node (the enterprise), item_key, unit, days on which that was so, the last of them, and of
        those days made, used and at_least: what was bought is no less, the losses come on top.
        [unit]
    """
    return _gates.at_least(energy, tree(points, edges, nodes))


# The window ---------------------------------------------------------------------------------


def _asked(
    slots: pl.DataFrame | ir.Table,
    points: pl.DataFrame,
    start: datetime | None,
    end: datetime | None,
    due: pl.DataFrame | None,
) -> tuple[tuple[datetime, datetime], pl.DataFrame]:
    """Return the window and the due slots, from the slots where they are not given."""
    if start is not None and end is not None and due is not None:
        return (start, end), due
    if not isinstance(slots, pl.DataFrame):
        raise ModelError(
            "over a table, give start, end and due: finding them would read it once more",
            "对数据表汇总时请给出 start、end 和 due：否则要多读一遍",
        )
    first, last = slots["start"].min(), slots["start"].max()
    start = first if start is None and isinstance(first, datetime) else start
    end = last + timedelta(seconds=SLOT_S) if end is None and isinstance(last, datetime) else end
    if start is None or end is None:
        raise ModelError(
            "there are no slots to take a window from; give start and end",
            "没有可用于确定时间窗的数据，请给出 start 和 end",
        )
    return (start, end), due if due is not None else due_since(points, slots)


# What was due, the parents, and what it is worth ------------------------------------------------


def _grid(
    sums: pl.DataFrame, laid: Tree, calendar: pl.DataFrame, due: pl.DataFrame
) -> pl.DataFrame:
    """Lay the sums over every source and period that was due; silence is a row, too."""
    periods = calendar.group_by("number").agg(
        pl.col("period").first(),
        first=pl.col("start").min(),
        slots=pl.len(),
    )
    expected = due_slots(laid.counted, due, periods)
    frame = (
        expected.join(sums, on=["source", "number"], how="full", coalesce=True)
        .with_columns(pl.col("slots_due", *KNOWN).fill_null(0).cast(pl.Int64))
        # A slot that came before the point was due counts as due.
        .with_columns(slots_due=pl.max_horizontal("slots_due", pl.sum_horizontal(KNOWN)))
        .filter(pl.col("slots_due") > 0)
        .sort("source", "number")
    )
    # Numbers of sources and periods are their places.
    source = frame["source"]
    starts = periods.sort("number")["period"]
    return frame.select(
        "source",
        laid.sources["node"].gather(source),
        starts.gather(frame["number"]).alias("start"),
        laid.sources["item_key"].gather(source),
        *SUMS,
        *COUNTS,
    )


def _with_parents(own: pl.DataFrame, laid: Tree, days: pl.DataFrame, by: By) -> pl.DataFrame:
    """Add the nodes that have no points of their own for an item."""
    below = own.select("source", "start", *SUMS, "slots_due", *KNOWN).join(laid.supply, on="source")
    if laid.inside.height:
        below = pl.concat([below, _gates.missing(own, days, laid, by).cast(below.schema)])
    sums = _exact.total(below, _KEYS, SUMS)
    parents = sums.join(below.group_by(_KEYS).agg(pl.col(COUNTS).sum()), on=_KEYS)
    return pl.concat([own.drop("source"), parents])


def _finished(
    sums: pl.DataFrame, sources: pl.DataFrame, factors: pl.DataFrame | None
) -> pl.DataFrame:
    """Give the sums their unit, completeness, quality and worth."""
    units = dict(sources.select("item_key", "unit").unique().iter_rows())
    unit = pl.col("item_key").replace_strict(units, return_dtype=pl.String)
    frame = _worth(judged(sums.with_columns(unit=unit)), factors)
    return frame.select(ENERGY.names()).cast(ENERGY)


def _worth(frame: pl.DataFrame, factors: pl.DataFrame | None) -> pl.DataFrame:
    """Multiply amounts by the factor of item, unit and local year."""
    if factors is None:
        return frame.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in _WORTH)
    keys = ["item_key", "unit", "year"]
    dated = frame.with_columns(year=local(pl.col("start")).dt.year().cast(pl.Int32))
    # What is worth nothing by definition stays without a worth; of all else a factor is needed.
    asked = dated.select(keys).unique().filter(~pl.col("item_key").is_in(list(WORTHLESS)))
    absent = asked.join(factors, on=keys, how="anti").sort(keys)
    if absent.height:
        rows = list(absent.iter_rows())
        raise MissingFactors(
            "no factor for "
            + "; ".join(f"{item} per {unit} in {year}" for item, unit, year in rows)
            + ". Add the rows to the factors, or ask for the amounts alone",
            "缺少因子："
            + "；".join(f"{year} 年 {item}（每 {unit}）" for item, unit, year in rows)
            + "。请补充因子，或只求实物量",
        )
    worth = factors.select(*keys, *_WORTH.values()).unique()
    twice = worth.filter(pl.struct(keys).is_duplicated()).select(keys).unique().sort(keys)
    if twice.height:
        item, unit, year = twice.row(0)
        raise ModelError(
            f"{twice.height} factors are given twice with different values, the first: {item} per "
            f"{unit} in {year}",
            f"有 {twice.height} 个因子重复且数值不同，第一个：{year} 年 {item}（每 {unit}）",
        )
    return dated.join(worth, on=keys, how="left", maintain_order="left").with_columns(
        (pl.col("amount") * pl.col(per)).alias(name) for name, per in _WORTH.items()
    )
