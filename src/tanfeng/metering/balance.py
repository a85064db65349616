"""The energy balance of a node: what its main meters say against the meters below.

A node with points of its own for an item is balanced against what is metered below it: its
children in the tree, and points of a lower class at the node itself. What is left is loss or use
nobody meters; what is too much is a metering fault. Nothing is judged while a part is missing.

On-site generation is balanced apart (:func:`on_site`), quarter hour by quarter hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tanfeng.metering import _exact
from tanfeng.metering._counts import COUNTS
from tanfeng.metering._on_site import ROLES, UnknownRole, on_site
from tanfeng.metering._rules import limits
from tanfeng.metering._tree import counted, current, direct, refuse_cycle
from tanfeng.metering.frames import EDGES, TIME

__all__ = ["ROLES", "VERDICTS", "Balance", "UnknownRole", "balance", "on_site"]

#: Below the main meter, above it, or within; not judged while a part is not known or none is there.
VERDICTS = ("within", "below", "above", "not known", "no meters below")
VERDICT: pl.Enum = pl.Enum(VERDICTS)

_KEYS = ["node", "start", "item_key"]
_TCE = "energy_calorific_tce"
BALANCE = pl.Schema(
    {
        "node": pl.String(),
        "start": TIME,
        "item_key": pl.String(),
        "unit": pl.String(),
        "into": pl.Float64(),
        "out": pl.Float64(),
        "main": pl.Float64(),  # into - out
        "parts": pl.Float64(),  # sum of the meters below
        "unexplained": pl.Float64(),  # main - parts
        "unexplained_share": pl.Float64(),  # of main [1]
        "parts_count": pl.Int64(),
        "completeness": pl.Float64(),  # known slots / due slots, of main and parts together
        "verdict": VERDICT,
    }
)
#: Kinds of a link; the amount of each is positive or not known.
LINK_KINDS = ("input", "output", "use", "return", "unexplained", "excess")
LINKS = pl.Schema(
    {
        "node": pl.String(),  # whose balance it belongs to
        "start": TIME,
        "item_key": pl.String(),
        "source": pl.String(),  # point or node; empty for "excess"
        "target": pl.String(),  # point or node; empty for "unexplained"
        "kind": pl.Enum(LINK_KINDS),
        "amount": pl.Float64(),
        "unit": pl.String(),
        "energy_calorific_tce": pl.Float64(),
        "completeness": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Balances and their flows.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per node with points of its own, period and item: into, out, main, parts,
        unexplained [unit], completeness [1], verdict.
    links : polars.DataFrame
        The same as flows for a picture: node, start, item_key, source, target, kind, amount
        [unit], energy_calorific_tce [tce], completeness [1]. Flows of 0 are left out, flows that
        are not known have no amount.
    """

    frame: pl.DataFrame
    links: pl.DataFrame


def balance(
    of_points: pl.DataFrame,
    of_nodes: pl.DataFrame,
    *,
    points: pl.DataFrame,
    edges: pl.DataFrame,
    tolerance: float | None = None,
    root: str | None = None,
) -> Balance:
    """Balance main meters against the meters below.

    Parameters
    ----------
    of_points, of_nodes : polars.DataFrame
        Roll-ups of one window by one length of period, from :mod:`tanfeng.metering.rollup`.
    points, edges : polars.DataFrame
        With the columns of ``frames.POINTS`` and ``frames.EDGES``.
    tolerance : float, optional
        Share of the main meter the meters below may differ by; left out, ``submeter_max`` of
        ``tables/quality_rules.csv``. [1]
    root : str, optional
        Balance this node and what is below it only.

    Returns
    -------
    Balance

    Notes
    -----
    With main the sum of sign times amount of the node's own points and parts that of the meters
    below, unexplained = main - parts. The verdict is "within" when the absolute value of
    unexplained is at most tolerance times that of main, "below" when the parts are less, "above"
    when they are more, and "not known" unless every slot of main and parts is known.

    A child that itself has no meter for an item is worth what lies below it; a child that also lies
    below another child of the node is a part of that one alone.
    """
    if tolerance is None:
        tolerance = limits()["submeter_max"]
    edges = edges.select(EDGES.names()).unique()
    refuse_cycle(edges)
    if root is not None:
        inside = _below(root, edges)
        edges = edges.filter(pl.col("parent").is_in(inside))
        of_nodes = of_nodes.filter(pl.col("node").is_in(inside))
        points = points.filter(pl.col("node").is_in(inside))
    hung = current(points).filter(pl.col("node").is_not_null())
    main = counted(hung)
    flows = pl.concat(
        [
            _of_points(of_points, main, "input", "output"),
            _of_points(of_points, hung.join(main, on="point", how="anti"), "use", "return"),
            _of_children(of_nodes, direct(edges)),
        ]
    )
    sums = _sums(of_nodes, flows, main, tolerance)
    return Balance(sums.select(BALANCE.names()).cast(BALANCE), _links(flows, sums))


def _below(root: str, edges: pl.DataFrame) -> list[str]:
    """Return a node and everything below it."""
    found = at = pl.DataFrame({"child": [root]})
    while at.height:
        at = edges.join(at.rename({"child": "parent"}), on="parent").select("child").unique()
        at = at.join(found, on="child", how="anti")
        found = pl.concat([found, at])
    return found["child"].to_list()


def _of_points(energy: pl.DataFrame, points: pl.DataFrame, plus: str, minus: str) -> pl.DataFrame:
    """Return the flows of points at their node: ``plus`` into or within it, ``minus`` back."""
    place = points.select("point", "node", sign=pl.col("sign").cast(pl.Float64))
    kind = pl.when(pl.col("sign") > 0).then(pl.lit(plus)).otherwise(pl.lit(minus))
    return _flows(energy.join(place, on="point").with_columns(kind=kind, other="point"))


def _of_children(energy: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    rows = energy.rename({"node": "other"}).join(edges, left_on="other", right_on="child")
    named = rows.rename({"parent": "node"})
    return _flows(named.with_columns(kind=pl.lit("use"), sign=pl.lit(1.0)))


def _flows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        *_KEYS, "other", "kind", "sign", "amount", "unit", *COUNTS, "slots_missing", _TCE
    )


def _sums(
    of_nodes: pl.DataFrame, flows: pl.DataFrame, main: pl.DataFrame, tolerance: float
) -> pl.DataFrame:
    """Return main and parts of every node that has either, and whether it has points of its own."""
    signed = flows.with_columns(
        pl.col("amount") * pl.col("sign"), pl.col(_TCE) * pl.col("sign"), plain="amount"
    )
    is_main = pl.col("kind").is_in(["input", "output"])
    parts = signed.filter(~is_main)
    below = _exact.total(parts, _KEYS, ["amount", _TCE]).join(
        parts.group_by(_KEYS).agg(
            parts_count=pl.len(),
            parts_due=pl.col("slots_due").sum(),
            parts_missing=pl.col("slots_missing").sum(),
        ),
        on=_KEYS,
    )
    own = main.select("node", "item_key", is_own=pl.lit(True)).unique()
    joined = (
        of_nodes.rename({"amount": "main", _TCE: "main_tce"})
        .join(own, on=["node", "item_key"], how="left")
        .join(below.rename({"amount": "parts", _TCE: "parts_tce"}), on=_KEYS, how="left")
    )
    for kind, name in (("input", "into"), ("output", "out")):
        rows = signed.filter(kind=kind)
        total = _exact.total(rows, _KEYS, ["plain"]).rename({"plain": name})
        joined = joined.join(total, on=_KEYS, how="left")
    return _judged(joined.filter(pl.col("is_own").fill_null(False)), tolerance)


def _judged(frame: pl.DataFrame, tolerance: float) -> pl.DataFrame:
    missing = pl.col("slots_missing") + pl.col("parts_missing").fill_null(0)
    due = pl.col("slots_due") + pl.col("parts_due").fill_null(0)
    apart = pl.col("unexplained")
    verdict = (
        pl.when(pl.col("parts_count") == 0)
        .then(pl.lit("no meters below"))
        .when(missing > 0)
        .then(pl.lit("not known"))
        .when(apart.abs() <= tolerance * pl.col("main").abs())
        .then(pl.lit("within"))
        .when(apart > 0)
        .then(pl.lit("below"))
        .otherwise(pl.lit("above"))
    )
    return (
        frame.with_columns(
            pl.col("parts_count").fill_null(0),
        )
        .with_columns(
            unexplained=pl.col("main") - pl.col("parts"),
            unexplained_tce=pl.col("main_tce") - pl.col("parts_tce"),
            completeness=1 - missing / due,
        )
        .with_columns(
            unexplained_share=pl.when(pl.col("main") != 0).then(apart / pl.col("main")),
            verdict=verdict,
        )
        .sort(_KEYS)
    )


def _links(flows: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Return the flows as links that are positive or not known."""
    back = pl.col("amount") < 0
    known = pl.col("slots_due") - pl.col("slots_missing")
    forward = pl.col("kind").is_in(["output", "use", "unexplained"])
    turned = {"use": "return", "return": "use", "unexplained": "excess", "input": "output"}
    turned |= {"output": "input"}
    rest = sums.filter(pl.col("parts_count") > 0).select(
        *_KEYS,
        other=pl.lit(""),
        kind=pl.lit("unexplained"),
        amount="unexplained",
        unit="unit",
        energy_calorific_tce="unexplained_tce",
        completeness="completeness",
    )
    measured = flows.with_columns(completeness=known / pl.col("slots_due")).select(rest.columns)
    return (
        pl.concat([measured, rest])
        .filter(pl.col("amount").is_null() | (pl.col("amount") != 0))
        .with_columns(
            pl.col("amount", _TCE) * pl.when(back).then(-1.0).otherwise(1.0),
            kind=pl.when(back).then(pl.col("kind").replace(turned)).otherwise("kind"),
        )
        .with_columns(
            source=pl.when(forward).then("node").otherwise("other"),
            target=pl.when(forward).then("other").otherwise("node"),
        )
        .select(LINKS.names())
        .cast(LINKS)
        .sort(*_KEYS, "kind", "source", "target")
    )
