"""``tanfeng meter energy --nodes``: what flowed into enterprises, parks, counties and the city."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import typer

from tanfeng.cli._home import fail
from tanfeng.cli._lang import pick
from tanfeng.cli._meter_home import MOST_LINES, Metering, now

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.metering.rollup import By

_COLUMNS = (
    "node", "name", "kind", "start", "item_key", "amount", "unit", "quality", "completeness",
    "measured", "estimated", "slots_due", "slots_missing",
)  # fmt: skip


def node_energy(
    metering: Metering, by: By, start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    """Return the energy of every node of the tree, and say what no meter stands at the gate for.

    Parameters
    ----------
    metering : Metering
        Register and readings; the energy that is kept is brought up to the moment first.
    by : {"15min", "hour", "day", "month"}
        Length of a period.
    start, end : datetime or None
        Window; from the first reading to the last where not given.

    Returns
    -------
    polars.DataFrame
        Columns of the file.
    """
    import polars as pl

    from tanfeng.metering import rollup

    register = metering.register
    points, nodes, edges = register.points(), register.nodes(), register.edges()
    if nodes.is_empty():
        fail("还没有组织树；可用 tanfeng meter points import 导入节点",
             "there is no tree yet; bring nodes in with tanfeng meter points import")  # fmt: skip
    kept = metering.settled()
    kept.advance(now=now())
    start, end = _window(metering, start, end)
    names = nodes["node"].to_list()
    found = kept.of_nodes(names, by, start, end)
    days = found if by == "day" else kept.of_nodes(names, "day", start, end)
    _tell(rollup.bought_unmetered(days, points=points, edges=edges, nodes=nodes), nodes)
    return (
        found.join(nodes.select("node", "name", "kind"), on="node", how="left")
        .with_columns(pl.col("quality").cast(pl.String))
        .select(_COLUMNS)
    )


def _window(
    metering: Metering, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    """Return whole quarter hours from the first reading to the last, where not given."""
    import polars as pl

    due = metering.settled().due(metering.register.points()["point"].to_list())
    latest = metering.store.latest()
    first, last = due["due_from"].min(), latest.select(pl.col("time").max()).item()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        fail("还没有读数", "there are no readings yet")
    quarter = timedelta(minutes=15)
    begin = start or first
    until = end or last + (begin - last) % quarter
    if until <= begin:
        fail("起止时间之间没有读数", "no readings lie between the moments given", 2)
    return begin, until


def _tell(rows: pl.DataFrame, nodes: pl.DataFrame) -> None:
    """Name the gates that lack a meter."""
    names = dict(nodes.select("node", "name").iter_rows())
    for row in rows.head(MOST_LINES).iter_rows(named=True):
        name, item, unit = names.get(row["node"], row["node"]), row["item_key"], row["unit"]
        sums = f"{row['used']:g}/{row['made']:g} {unit}"
        zh = (
            f"{name}（{row['node']}）的 {item} 没有总表："
            f"{row['days']} 天各工序用量多于自产（{sums}），至少外购 {row['at_least']:g} {unit}，"
            "未计入合计，按缺失计；请装总表，或在企业节点登记虚拟表 max(用量 - 自产, 0)"
        )
        en = (
            f"{name} ({row['node']}) has no meter at its gate for {item}: on {row['days']} days "
            f"its steps used more than was made ({sums}); at least {row['at_least']:g} {unit} were "
            "bought, are in no sum and count as missing. Hang a meter at the gate, or register a "
            "virtual one at the enterprise: max(use - made, 0)"
        )
        typer.echo(pick(zh, en), err=True)
