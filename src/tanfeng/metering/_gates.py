"""What an enterprise buys of an item it also makes, where no meter stands at its gate.

What its steps make and use of it stays inside (:mod:`tanfeng.metering._tree`). On a day on which
they use more than is made the rest came through the gate, and nobody measured how much: it is then
missing, in the enterprise and above, not nothing.
"""

from __future__ import annotations

import polars as pl

from tanfeng.metering import _exact
from tanfeng.metering._calendar import By, local, period_start
from tanfeng.metering._counts import COUNTS, KNOWN, SUMS
from tanfeng.metering._rules import limits
from tanfeng.metering._tree import Tree

_FIRM = ("firm", "item_key", "day")


def bought(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the days on which the steps of an enterprise used more than they made.

    Parameters
    ----------
    rows : polars.DataFrame
        firm, item_key, gives, day, amount (signed), slots_due, slots_measured, slots_estimated.

    Returns
    -------
    polars.DataFrame
        firm, item_key, day, made, used: days on which no less than ``consistency_known_min`` of
        what is made is known, and used exceeds it by more than ``submeter_max``, the tolerance of
        meters held against meters.
    """
    limit, gives = limits(), pl.col("gives")
    counted = rows.group_by(_FIRM).agg(
        known=pl.sum_horizontal(KNOWN).filter(gives).sum(),
        due=pl.col("slots_due").filter(gives).sum(),
    )
    split = rows.with_columns(
        made=pl.when(gives).then(-pl.col("amount")), used=pl.when(~gives).then("amount")
    )
    sums = _exact.total(split, _FIRM, ("made", "used")).join(counted, on=_FIRM)
    made, used = (pl.col(name).fill_null(0.0) for name in ("made", "used"))
    most = made * (1 + limit["submeter_max"])
    enough = pl.col("known") >= limit["consistency_known_min"] * pl.col("due")
    return sums.filter(enough, used > 0, used > most).select(*_FIRM, "made", "used").sort(_FIRM)


def missing(own: pl.DataFrame, days: pl.DataFrame, laid: Tree, by: By) -> pl.DataFrame:
    """Return what is missing through gates without a meter, for every node it is missing in.

    Parameters
    ----------
    own, days : polars.DataFrame
        Sums of sources in each period, and in each day where periods are months: source, start,
        item_key, amount, slots_due, slots_measured, slots_estimated.
    laid : Tree
    by : {"15min", "hour", "day", "month"}
        Length of a period.

    Returns
    -------
    polars.DataFrame
        node, start, item_key, sums (null), slots due, none of them known: as many as the meter of
        what is made owes on those days.
    """
    fine = days if by == "month" else own
    rows = fine.join(laid.inside.drop("item_key"), on="source").with_columns(
        day=local(pl.col("start")).dt.date()
    )
    givers = laid.inside.filter("gives").group_by("firm", "item_key").agg(pl.col("source").min())
    marks = (
        rows.join(givers, on=["firm", "item_key", "source"], how="semi")
        .join(bought(rows), on=_FIRM, how="semi")
        .with_columns(start=period_start(by, pl.col("start")))
        .group_by("source", "start")
        .agg(pl.col("slots_due").sum())
    )
    return marks.join(laid.left_out, on="source").select(
        "source", "start", *(pl.lit(None, pl.Float64).alias(name) for name in SUMS),
        *(pl.lit(0, pl.Int64).alias(name) if name in KNOWN else name for name in COUNTS),
        "node", "item_key",
    )  # fmt: skip


def at_least(energy: pl.DataFrame, laid: Tree) -> pl.DataFrame:
    """Return what enterprises bought at least, of items no meter stands at the gate for.

    Parameters
    ----------
    energy : polars.DataFrame
        Of the steps by day: columns of ``frames.ENERGY``.
    laid : Tree

    Returns
    -------
    polars.DataFrame
        As of :func:`tanfeng.metering.rollup.bought_unmetered`.
    """
    sources = laid.sources.join(laid.inside.drop("item_key"), on="source")
    rows = energy.join(sources.drop("unit"), on=["node", "item_key"]).with_columns(
        day=local(pl.col("start")).dt.date()
    )
    found = bought(rows).join(sources.select("firm", "item_key", "unit").unique(), on=_FIRM[:2])
    keys = ["firm", "item_key", "unit"]
    sums = _exact.total(found, keys, ("made", "used"))
    count = found.group_by(keys).agg(days=pl.len().cast(pl.Int64), last=pl.col("day").max())
    made = pl.col("made").fill_null(0.0)
    return (
        sums.join(count, on=keys)
        .select(
            pl.col("firm").alias("node"), "item_key", "unit", "days", "last",
            made.alias("made"), "used", (pl.col("used") - made).alias("at_least"),
        )
        .sort("node", "item_key")
    )  # fmt: skip
