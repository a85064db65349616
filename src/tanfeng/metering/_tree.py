"""Which points make a node's amount of an item: its own, else those of its children.

The answer depends on the register alone, so it is found once and joined to the figures. A node
with points of its own for an item is a *source*; a node without takes every source below it, each
one once however many ways lead to it, and none that lies below another source it takes. What an
enterprise makes and uses inside reaches neither it nor what is above it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering.frames import EDGES, NETWORKED, NODE_KINDS, meter_units


class TreeHasCycle(ModelError):
    """A node of the tree lies below itself."""


class MixedUnits(ModelError):
    """Points of one energy item count in different units."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What adds up to what.

    Parameters
    ----------
    counted : polars.DataFrame
        point, source, sign: the points whose slots make the amount of their node.
    sources : polars.DataFrame
        source (number), node, item_key, unit: nodes with points of their own for an item.
    supply : polars.DataFrame
        node, item_key, source: nodes without, and the sources below that make their amount.
    inside : polars.DataFrame
        firm, item_key, source, gives: what circulates in an enterprise that has no meter of its
        own for the item, and which sources give.
    left_out : polars.DataFrame
        node, item_key, source: the enterprises and nodes above these sources do not reach.
    """

    counted: pl.DataFrame
    sources: pl.DataFrame
    supply: pl.DataFrame
    inside: pl.DataFrame
    left_out: pl.DataFrame


def current(points: pl.DataFrame) -> pl.DataFrame:
    """Return the version of each point that holds, with the unit its amounts are in.

    Parameters
    ----------
    points : polars.DataFrame
        With the columns of ``frames.POINTS``; ``recorded`` may be absent when a point stands once.

    Returns
    -------
    polars.DataFrame
        One row per point, sorted, with ``base_unit``.
    """
    order = ["point", "recorded"] if "recorded" in points.columns else ["point"]
    bases = {name: unit.base_unit for name, unit in meter_units().items()}
    return (
        points.sort(order, nulls_last=False, maintain_order=True)
        .unique("point", keep="last", maintain_order=True)
        .with_columns(base_unit=pl.col("unit").replace_strict(bases, return_dtype=pl.String))
    )


def counted(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points that make the amount of the node they hang at.

    Of the points of one item at one node, those of the highest class (the lowest ``level``)
    count, with those that are not classed; the others measure parts of the same energy and
    serve the balance.

    Parameters
    ----------
    points : polars.DataFrame
        As :func:`current` returns it.
    """
    top = pl.col("level").min().over("node", "item_key")
    hung = points.filter(pl.col("node").is_not_null())
    return hung.filter(pl.col("level").is_null() | (pl.col("level") == top))


def tree(points: pl.DataFrame, edges: pl.DataFrame, nodes: pl.DataFrame | None = None) -> Tree:
    """Lay out which points make which node.

    Parameters
    ----------
    points : polars.DataFrame
        With the columns of ``frames.POINTS``.
    edges : polars.DataFrame
        With the columns of ``frames.EDGES``.
    nodes : polars.DataFrame, optional
        With the columns of ``frames.NODES``: which nodes are enterprises. Without it none is.

    Raises
    ------
    TreeHasCycle
        If a node lies below itself; the path is named.
    MixedUnits
        If points of one item count in different units; all are named.
    """
    edges = edges.select(EDGES.names()).unique()
    refuse_cycle(edges)
    own = counted(current(points))
    refuse_mixed_units(own)
    sources = (
        own.select("node", "item_key", unit="base_unit")
        .unique()
        .sort("node", "item_key")
        .with_row_index("source")
        .with_columns(pl.col("source").cast(pl.Int32))
    )
    placed = own.join(sources, on=["node", "item_key"]).select(
        "point", "source", sign=pl.col("sign").cast(pl.Float64)
    )
    supply = _supply(sources, edges)
    if nodes is None:
        return _open_tree(placed, sources, supply)
    inside = _inside(supply, placed, nodes)
    wide = nodes.filter(pl.col("kind").is_in(NODE_KINDS[NODE_KINDS.index("enterprise") :]))
    left_out = supply.join(inside, on="source", how="semi").join(wide, on="node", how="semi")
    reaching = supply.join(left_out, on=left_out.columns, how="anti", maintain_order="left")
    return Tree(placed, sources, reaching, inside, left_out)


def _open_tree(counted: pl.DataFrame, sources: pl.DataFrame, supply: pl.DataFrame) -> Tree:
    """Lay out what is no enterprise: nothing circulates inside."""
    none = supply.clear()
    inside = none.select(firm="node", item_key="item_key", source="source", gives=pl.lit(True))
    return Tree(counted, sources, supply, inside, none)


def points_apart(points: pl.DataFrame) -> Tree:
    """Lay out each point as its own source, as metered, without its sign."""
    each = current(points).select(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("source"),
        "point",
        "item_key",
        unit="base_unit",
    )
    sources = each.rename({"point": "node"})
    counted = each.select("point", "source", sign=pl.lit(1.0))
    return _open_tree(counted, sources, _none(sources))


def _none(sources: pl.DataFrame) -> pl.DataFrame:
    return sources.clear().select("node", "item_key", "source")


def _supply(sources: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Carry each source up to the nodes without points of their own, and drop what lies in another.

    A park with a meter of its own may hang under the city beside the county of its enterprises:
    the city then takes the park's meter, and no enterprise that lies in the park besides.
    """
    above = _above(sources, edges)
    own = sources.select("node", "item_key", holder="source")
    free = above.join(own, on=["node", "item_key"], how="anti")
    held = above.join(own, on=["node", "item_key"]).select("source", "holder")
    twice = (
        free.join(held, on="source")
        .join(
            free.rename({"source": "holder"}),
            on=["node", "item_key", "holder"],
            how="semi",
        )
        .select("node", "item_key", "source")
    )
    return free.join(twice, on=["node", "item_key", "source"], how="anti").sort(
        "node", "item_key", "source"
    )


def _inside(supply: pl.DataFrame, counted: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return what circulates inside enterprises: it reaches neither them nor what is above.

    A boiler gives steam that the next hall takes. Nobody meters steam at the gate, and what the
    steps below come to is the loss of the pipes with its sign turned round; the gas of the boiler
    is in the sums already. What comes over a public network comes in all the same: of it the steps
    take, beyond what is made, what came through the gate.
    """
    firms = nodes.filter(kind="enterprise")
    of_firms = supply.filter(~pl.col("item_key").is_in(list(NETWORKED))).join(
        firms, on="node", how="semi"
    )
    giving = counted.filter(pl.col("sign") < 0)["source"].unique()
    gives = pl.col("source").is_in(giving.implode())
    some = of_firms.with_columns(gives=gives).filter(pl.col("gives").any().over("node", "item_key"))
    return some.rename({"node": "firm"}).select("firm", "item_key", "source", "gives")


def _above(sources: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return node, item_key, source for every node a source lies below."""
    found = [_none(sources)]
    at = sources.select("node", "item_key", "source")
    while at.height:
        at = (
            at.join(edges, left_on="node", right_on="child")
            .select("item_key", "source", node="parent")
            .unique()
            .select("node", "item_key", "source")
        )
        found.append(at)
    return pl.concat(found).unique()


def direct(edges: pl.DataFrame) -> pl.DataFrame:
    """Leave out the edges that go past a step: what also lies below another child of the parent.

    Parameters
    ----------
    edges : polars.DataFrame
        parent, child, without a circle.
    """
    found = at = edges.select("parent", "child").unique()
    while at.height:
        at = (
            at.rename({"child": "step"})
            .join(edges.select("child", step="parent"), on="step")
            .select("parent", "child")
            .unique()
            .join(found, on=["parent", "child"], how="anti")
        )
        found = pl.concat([found, at])
    past = edges.rename({"child": "step"}).join(found.select("child", step="parent"), on="step")
    return edges.join(past, on=["parent", "child"], how="anti")


def refuse_mixed_units(points: pl.DataFrame) -> None:
    """Refuse an item that is counted in more than one unit."""
    mixed = (
        points.group_by("item_key", "base_unit")
        .agg(pl.col("point").sort().first(), pl.len().alias("count"))
        .sort("item_key", "base_unit")
        .filter(pl.len().over("item_key") > 1)
    )
    if mixed.is_empty():
        return
    rows = list(mixed.iter_rows(named=True))
    en = "; ".join(
        f"{r['item_key']} in {r['base_unit']} ({r['count']} points, {r['point']} ...)" for r in rows
    )
    zh = "；".join(
        f"{r['item_key']} 以 {r['base_unit']} 计（{r['count']} 个计量点，如 {r['point']}）"
        for r in rows
    )
    raise MixedUnits(
        f"one energy item is counted in several units: {en}. Give the points one unit",
        f"同一能源品种用了多个单位：{zh}。请统一计量点单位",
    )


def refuse_cycle(edges: pl.DataFrame) -> None:
    """Refuse a tree in which a node lies below itself, with the path."""
    below: dict[str, list[str]] = {}
    for parent, child in edges.sort("parent", "child").iter_rows():
        below.setdefault(parent, []).append(child)
    path = cycle(below)
    if path:
        said = " → ".join(path)
        raise TreeHasCycle(
            f"the tree runs in a circle: {said}. Take one of these edges out",
            f"组织树成环：{said}。请去掉其中一条",
        )


def cycle(below: dict[str, list[str]]) -> list[str]:
    """Return a path that ends where it began, or nothing.

    Parameters
    ----------
    below : mapping of str to list of str
        Name -> the names it leads to.
    """
    done: set[str] = set()
    for first in below:
        path: list[str] = []
        on_path: set[str] = set()
        ways = [iter((first,))]
        while ways:
            name = next(ways[-1], None)
            if name is None:
                ways.pop()
                if path:
                    last = path.pop()
                    on_path.discard(last)
                    done.add(last)
            elif name in on_path:
                return [*path[path.index(name) :], name]
            elif name not in done:
                path.append(name)
                on_path.add(name)
                ways.append(iter(below.get(name, ())))
    return []
