"""Energy made inside an enterprise crosses no gate: it is no energy of the enterprise as a whole.

A boiler gives steam that the next hall takes. Nobody meters steam at the gate, and what the tree
adds up of it is the loss of its pipes with the sign turned round. It stands in the balance; in sums
of the enterprise and above it has no place: the gas of the boiler is in them already.
"""

from __future__ import annotations

import polars as pl

from tanfeng.metering._counts import judged
from tanfeng.metering._tree import counted, current

_ADD_UP = (
    "amount", "measured", "estimated", "slots_due", "slots_measured", "slots_estimated",
    "slots_missing", "energy_calorific_tce", "energy_equivalent_tce", "emission_tco2e",
)  # fmt: skip


def inside(points: pl.DataFrame, edges: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return what enterprises make themselves and have no meter of their own for.

    Parameters
    ----------
    points, edges, nodes : polars.DataFrame
        Of the engine's register.

    Returns
    -------
    polars.DataFrame
        node (the enterprise), item_key.
    """
    hung = counted(current(points).filter(pl.col("node").is_not_null()))
    firms = nodes.filter(pl.col("kind") == "enterprise").select("node")
    at = hung.filter(pl.col("sign") < 0).select("node", "item_key").unique()
    found = [at.join(firms, on="node", how="semi").clear()]
    while at.height:
        found.append(at.join(firms, on="node", how="semi"))
        up = at.join(firms, on="node", how="anti").join(edges, left_on="node", right_on="child")
        at = up.select(node="parent", item_key="item_key").unique()
    own = hung.select("node", "item_key").unique()
    return pl.concat(found).unique().join(own, on=["node", "item_key"], how="anti")


def taken_out(frame: pl.DataFrame, made: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return rows of nodes without what circulates inside enterprises.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.ENERGY`.
    made : polars.DataFrame
        From :func:`inside`.
    edges : polars.DataFrame
        Of the engine's register.

    Returns
    -------
    polars.DataFrame
        The same without those rows of the enterprises; the nodes above hold what is left.
    """
    keys = ["node", "start", "item_key"]
    rows = frame.join(made, on=["node", "item_key"], how="semi")
    if rows.is_empty():
        return frame
    numbers = list(_ADD_UP)
    taken = [rows.select(*keys, *numbers)]
    at = rows.select(*keys, *numbers)
    while at.height:
        up = edges.select(child="child", parent="parent").unique()
        at = at.join(up, left_on="node", right_on="child").select(
            pl.col("parent").alias("node"), "start", "item_key", *numbers
        )
        taken.append(at)
    less = pl.concat(taken).group_by(keys).agg(pl.col(numbers).sum().name.suffix("_less"))
    left = frame.join(less, on=keys, how="left", maintain_order="left").with_columns(
        pl.col(name) - pl.col(f"{name}_less").fill_null(0) for name in numbers
    )
    return judged(left.filter(pl.col("slots_due") > 0)).select(frame.columns)
