"""From counts per point and day to components and scores of every object and period."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: Kinds judged by their own readings; what lies above them counts the days of its enterprises.
_OWN = ("point", "equipment", "unit", "enterprise")
COMPONENTS = ("completeness", "consistency", "timeliness", "plausibility")
_COUNTS = (
    "due",
    "excused",
    "received",
    "automatic",
    "timely",
    "measured",
    "implausible",
    "boundary_judged",
    "boundary_within",
)
_FLAGS = ("range_flags", "change_flags", "frozen_flags", "state_flags")


def lineage(nodes: pl.DataFrame | None, edges: pl.DataFrame | None) -> pl.DataFrame:
    """Every node with itself and all that lies below it, each once.

    Parameters
    ----------
    nodes : polars.DataFrame, optional
        With the columns of ``frames.NODES``; none: there is no tree.
    edges : polars.DataFrame, optional
        With the columns of ``frames.EDGES``.

    Returns
    -------
    polars.DataFrame
        object, kind, node.
    """
    if nodes is None:
        return pl.DataFrame(schema={"object": pl.String, "kind": pl.String, "node": pl.String})
    nodes = nodes.sort("recorded").unique("node", keep="last", maintain_order=True)
    pairs = nodes.select(object="node", node="node")
    if edges is not None and edges.height:
        new = pairs
        while new.height:
            new = (
                new.join(edges.select(node="parent", below="child"), on="node")
                .select("object", node="below")
                .unique()
                .join(pairs, on=["object", "node"], how="anti")
            )
            pairs = pl.concat([pairs, new])
    return pairs.join(nodes.select(object="node", kind="kind"), on="object").select(
        "object", "kind", "node"
    )


def objects_of(points: pl.DataFrame, family: pl.DataFrame) -> pl.DataFrame:
    """Object, kind and point: every point itself, and every node with the points below it."""
    own = points.select(object="point", kind=pl.lit("point"), point="point")
    below = family.join(points.select("point", "node"), on="node").select("object", "kind", "point")
    return pl.concat([own, below.unique(maintain_order=True)])


def day_counts(
    days: pl.DataFrame, members: pl.DataFrame, limit: Mapping[str, float]
) -> pl.DataFrame:
    """Sum the counts of every object and day; connected is null where nothing was due."""
    counts = days.with_columns(
        boundary_judged=pl.col("boundary_gap_s").is_not_null().cast(pl.Int64),
        boundary_within=(pl.col("boundary_gap_s") <= limit["day_boundary_max"])
        .fill_null(False)
        .cast(pl.Int64),
    )
    flags = [
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
        for name in _FLAGS
    ]
    own = counts.select("point", "day", *_COUNTS, *_FLAGS)
    lone = members.filter(pl.col("kind") == "point").select("object", "kind", "point")
    nodes = members.filter(pl.col("kind") != "point")
    keys = ["object", "kind", "day"]
    frame = pl.concat(
        [
            lone.join(own, on="point").drop("point"),
            nodes.join(own, on="point")
            .group_by(keys)
            .agg(*(pl.col(name).sum() for name in _COUNTS), *flags),
        ]
    )
    return frame.with_columns(
        connected=pl.when(pl.col("due") > 0).then(
            pl.col("received") >= limit["connected_min"] * pl.col("due")
        )
    )


def connected_days(counts: pl.DataFrame, family: pl.DataFrame) -> pl.DataFrame:
    """Days due and days connected of each object and day; above enterprises, those of theirs."""
    keys = ["object", "kind", "day"]
    own = counts.filter(pl.col("kind").is_in(_OWN))
    firms = own.filter(pl.col("kind") == "enterprise").select(
        node="object", day="day", on="connected"
    )
    above = (
        family.filter(~pl.col("kind").is_in(_OWN))
        .join(firms, on="node")
        .group_by(keys)
        .agg(pl.col("on").is_not_null().sum().alias("due_n"), pl.col("on").sum().alias("on_n"))
    )
    return pl.concat(
        [
            own.select(
                *keys,
                days_due=pl.col("connected").is_not_null().cast(pl.Int64),
                days_connected=pl.col("connected").fill_null(False).cast(pl.Int64),
            ),
            above.select(
                *keys,
                days_due=pl.col("due_n").cast(pl.Int64),
                days_connected=pl.col("on_n").cast(pl.Int64),
            ),
        ]
    )


def scored(
    counts: pl.DataFrame,
    reports: pl.DataFrame,
    limit: Mapping[str, float],
    *,
    period: pl.Expr,
) -> pl.DataFrame:
    """Sum counts to periods, make shares of them and the score of what could be judged."""
    keys = ["object", "kind", "period"]
    flags = [
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)
        for name in _FLAGS
    ]
    sums = (
        counts.with_columns(period=period)
        .group_by(keys)
        .agg(*(pl.col(n).sum() for n in (*_COUNTS, "days_due", "days_connected")), *flags)
        .join(reports, on=["object", "period"], how="left")
        # Nothing to compare is no report judged.
        .with_columns(pl.col("reports_judged", "reports_within").fill_null(0))
    )
    weights = {name: limit[f"weight_{name}"] for name in COMPONENTS}
    shares = sums.with_columns(
        completeness=_share("received", "due"),
        consistency=_share("reports_within", "reports_judged"),
        timeliness=_share("timely", "automatic"),
        plausibility=1 - _share("implausible", "measured"),
        connectivity=_share("days_connected", "days_due"),
    ).with_columns(
        *((pl.col(name) * weight).alias(f"{name}_points") for name, weight in weights.items()),
        judged_weight=pl.sum_horizontal(
            pl.when(pl.col(name).is_not_null()).then(weight).otherwise(0.0)
            for name, weight in weights.items()
        ),
    )
    reached = pl.sum_horizontal(f"{name}_points" for name in COMPONENTS)
    return shares.with_columns(
        score=pl.when(pl.col("completeness").is_not_null() & (pl.col("judged_weight") > 0)).then(
            100 * reached / pl.col("judged_weight")
        )
    ).sort("kind", "object", "period")


def _share(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))
