"""Checks of the register: all of them at once, each finding at its row and column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

import polars as pl

from tanfeng.errors import DataError, Problem
from tanfeng.metering._register_rules import TABLES, problem
from tanfeng.metering.frames import KINDS, NODE_KINDS, POINTS, WATER, meter_units
from tanfeng.metering.virtual import virtual_meters
from tanfeng.periods import LOCAL
from tanfeng.standards import load

#: Column with the row of the file a row came from; its place in the frame if there is none.
ROW = "source_row"
#: Who registered a point.
ORIGINS = ("console", "import", "device")
#: Findings of one rule that are listed; the thousandth tells a person no more than these.
_LISTED = 200
_NAME = r"^[^\s\p{Cc}](?:[^\p{Cc}]{0,198}[^\s\p{Cc}])?$"
_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class State:
    """What the register would hold after the change."""

    points: pl.DataFrame
    devices: pl.DataFrame
    nodes: pl.DataFrame
    edges: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Change:
    """The rows that are given, completed, each with its row; None where a table is not touched."""

    points: pl.DataFrame | None = None
    devices: pl.DataFrame | None = None
    nodes: pl.DataFrame | None = None
    edges: pl.DataFrame | None = None


def check(change: Change, after: State) -> list[Problem]:
    """Return everything wrong with a change, in the order of its tables and rows."""
    found: list[Problem] = []
    if change.nodes is not None:
        found += _nodes(change.nodes)
    if change.edges is not None or change.nodes is not None:
        found += _edges(change.edges, after)
    if change.points is not None:
        wrong = list(_points(change.points, after))
        found += wrong or _expressions(after)
    if change.devices is not None:
        found += _devices(change.devices, after)
    return found


def _where(
    frame: pl.DataFrame,
    bad: pl.Expr,
    rule: str,
    table: str,
    column: str,
    *,
    known: str = "",
    more: tuple[str, ...] = (),
) -> Iterator[Problem]:
    """Yield a finding for every row where something is bad; nothing known is not bad."""
    hit = frame.filter(bad.fill_null(False)).head(_LISTED)
    for row in hit.iter_rows(named=True):
        others = {name: _shown(row[name]) for name in more}
        value = _shown(row[column])
        yield problem(rule, table, row=row[ROW], column=column, value=value, known=known, **others)


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else value


def _named(frame: pl.DataFrame, table: str, column: str) -> Iterator[Problem]:
    name = pl.col(column)
    yield from _where(frame, name.is_null() | ~name.str.contains(_NAME), "N001", table, column)


def _once(frame: pl.DataFrame, table: str, column: str) -> Iterator[Problem]:
    yield from _where(frame, pl.col(column).is_duplicated(), "N002", table, column)


# ------------------------------------------------------------------------------ points


def _points(given: pl.DataFrame, after: State) -> Iterator[Problem]:
    units = meter_units()
    table = "points"
    yield from _named(given, table, "point")
    yield from _once(given, table, "point")
    yield from _choice(given, table, "kind", KINDS, "N003")
    yield from _choice(given, table, "unit", tuple(units), "N004")
    yield from _choice(given, table, "origin", ORIGINS, "N016")
    yield from _items(given)
    yield from _numbers(given, table)
    rated, interval = pl.col("rated_power"), pl.col("interval_s")
    yield from _where(given, ~(rated.is_finite() & (rated > 0)), "N010", table, "rated_power")
    yield from _where(
        given, interval.is_null() | ~interval.is_between(1, 86400), "N011", table, "interval_s"
    )
    yield from _where(
        given, pl.col("sign").is_null() | ~pl.col("sign").is_in([1, -1]), "N012", table, "sign"
    )
    yield from _where(given, ~pl.col("level").is_in([1, 2, 3]), "N013", table, "level")
    nodes = after.nodes["node"].implode()
    yield from _where(given, ~pl.col("node").is_in(nodes), "N014", table, "node")
    hung = after.devices["point"].implode()
    yield from _where(
        given,
        pl.col("expression").is_not_null() & pl.col("point").is_in(hung),
        "N015", table, "point",
    )  # fmt: skip


def _expressions(after: State) -> Iterator[Problem]:
    """Read what virtual points are computed from: a point left out may break any of them."""
    if after.points["expression"].null_count() == after.points.height:
        return
    try:
        virtual_meters(after.points.select(list(POINTS)).cast(POINTS))
    except DataError as wrong:
        for one in wrong.problems:
            yield replace(one, sheet=TABLES["points"])


def _choice(
    given: pl.DataFrame, table: str, column: str, choices: tuple[str, ...], rule: str
) -> Iterator[Problem]:
    value = pl.col(column)
    yield from _where(
        given,
        value.is_null() | ~value.is_in(choices),
        rule, table, column,
        known=", ".join(choices),
    )  # fmt: skip


def _items(given: pl.DataFrame) -> Iterator[Problem]:
    """Item against what is metered, unit against kind and item."""
    units = pl.DataFrame(
        [(u.unit, u.base_unit, u.measures) for u in meter_units().values()],
        schema=["unit", "base_unit", "measures"],
        orient="row",
    )
    items = (
        load("energy_items")
        .select("item_key", item_unit="unit")
        .join(units.select(item_unit="unit", item_base="base_unit"), on="item_unit", how="inner")
        .select("item_key", "item_base")
    )
    items = pl.concat([items, pl.DataFrame({"item_key": [WATER], "item_base": ["m3"]})])
    joined = given.join(units, on="unit", how="left").join(items, on="item_key", how="left")
    kind, measures = pl.col("kind"), pl.col("measures")
    yield from _where(joined, pl.col("item_base").is_null(), "N005", "points", "item_key")
    yield from _where(
        joined,
        (kind == "power") != (measures == "rate"),
        "N008", "points", "unit",
        more=("kind",),
    )  # fmt: skip
    base, item = pl.col("base_unit"), pl.col("item_base")
    is_water = pl.col("item_key") == WATER
    energy_as_mass = (base == "kWh") & ~item.is_in(["kWh", "GJ"])
    yield from _where(
        joined.with_columns(item="item_key"),
        ((item == "kWh") & (base != "kWh")) | energy_as_mass | (is_water & (base != "m3")),
        "N009", "points", "unit",
        more=("item",),
    )  # fmt: skip


def _numbers(given: pl.DataFrame, table: str) -> Iterator[Problem]:
    ratio, digits = pl.col("multiplier"), pl.col("digits")
    yield from _where(
        given,
        ratio.is_null() | ~(ratio.is_finite() & (ratio > 0)),
        "N006", table, "multiplier",
    )  # fmt: skip
    yield from _where(given, ~digits.is_between(1, _MOST_DIGITS), "N007", table, "digits")


# ----------------------------------------------------------------------------- devices


def _devices(given: pl.DataFrame, after: State) -> Iterator[Problem]:
    table = "devices"
    kinds = after.points.select("point", "kind", "expression", known=pl.lit(True))
    rows = given.join(kinds, on="point", how="left")
    yield from _where(rows, pl.col("known").is_null(), "N020", table, "point")
    yield from _where(rows, pl.col("expression").is_not_null() & _hangs(), "N015", table, "point")
    rows = rows.filter(_hangs() & pl.col("known"))
    yield from _named(rows, table, "device")
    yield from _numbers(rows, table)
    yield from _periods(rows)
    yield from _registers(rows.filter(pl.col("kind").fill_null("") == "register"))


def _hangs() -> pl.Expr:
    """Tell whether a row is a meter; a row without says that none hangs there."""
    return pl.col("device").is_not_null() | pl.col("installed").is_not_null()


def _periods(rows: pl.DataFrame) -> Iterator[Problem]:
    table = "devices"
    installed, removed = pl.col("installed"), pl.col("removed")
    yield from _where(rows, installed.is_null(), "N021", table, "installed")
    timed = rows.with_columns(other="installed")
    yield from _where(timed, removed <= installed, "N022", table, "removed", more=("other",))
    ordered = (
        rows.filter(installed.is_not_null())
        .sort("point", "installed")
        .with_columns(
            other=pl.col("device").shift().over("point"),
            until=removed.shift().over("point"),
            nth=pl.int_range(pl.len()).over("point"),
        )
    )
    overlap = (pl.col("nth") > 0) & (pl.col("until").is_null() | (pl.col("until") > installed))
    yield from _where(ordered, overlap, "N023", table, "installed", more=("other",))


def _registers(rows: pl.DataFrame) -> Iterator[Problem]:
    table = "devices"
    removed, closing = pl.col("removed"), pl.col("closing")
    yield from _where(rows, pl.col("opening").is_null(), "N024", table, "opening")
    yield from _where(rows, removed.is_not_null() & closing.is_null(), "N025", table, "closing")
    yield from _where(rows, removed.is_null() & closing.is_not_null(), "N027", table, "closing")
    digits = pl.col("digits").clip(1, _MOST_DIGITS).fill_null(_MOST_DIGITS)
    limited = rows.with_columns(limit=pl.lit(10.0).pow(digits))
    for column in ("opening", "closing"):
        shown = pl.col(column)
        yield from _where(
            limited,
            ~(shown.is_finite() & (shown >= 0) & (shown <= pl.col("limit"))),
            "N026", table, column,
            more=("limit",),
        )  # fmt: skip


# -------------------------------------------------------------------------------- tree


def _nodes(given: pl.DataFrame) -> Iterator[Problem]:
    yield from _named(given, "nodes", "node")
    yield from _once(given, "nodes", "node")
    yield from _choice(given, "nodes", "kind", NODE_KINDS, "N030")


def _edges(given: pl.DataFrame | None, after: State) -> Iterator[Problem]:
    table = "edges"
    kinds = after.nodes.select("node", "kind")
    if given is not None:
        nodes = kinds["node"].implode()
        for column in ("parent", "child"):
            yield from _where(given, ~pl.col(column).is_in(nodes), "N014", table, column)
    rows = (
        pl.DataFrame(schema={"parent": pl.String, "child": pl.String, ROW: pl.Int64})
        if given is None
        else given.select("parent", "child", ROW)
    )
    joined = (
        after.edges.join(rows, on=["parent", "child"], how="left")
        .join(kinds.rename({"node": "parent", "kind": "above"}), on="parent", how="left")
        .join(kinds.rename({"node": "child", "kind": "below"}), on="child", how="left")
    )
    two = (
        joined.filter(pl.col("parent").n_unique().over("child", "above") > 1)
        .sort("parent")
        .group_by("child", "above", maintain_order=True)
        .agg(pl.col("parent").str.join(", ").alias("other"), pl.col(ROW).max())
    )
    yield from _where(two, pl.lit(True), "N042", table, "child", more=("other",))
    rank = pl.DataFrame({"kind": NODE_KINDS, "rank": range(len(NODE_KINDS))})
    ranked = joined.join(rank.rename({"kind": "above", "rank": "up"}), on="above").join(
        rank.rename({"kind": "below", "rank": "down"}), on="below"
    )
    yield from _where(
        ranked.with_columns(other="above"),
        pl.col("up") < pl.col("down"),
        "N043", table, "below",
        more=("other",),
    )  # fmt: skip
    yield from _circle(after.edges)


def _circle(edges: pl.DataFrame) -> Iterator[Problem]:
    below: dict[str, list[str]] = {}
    for parent, child in edges.select("parent", "child").sort("parent", "child").iter_rows():
        below.setdefault(parent, []).append(child)
    for _circle in range(_LISTED):
        try:
            TopologicalSorter(below).prepare()
        except CycleError as circle:
            path = circle.args[1][::-1]
            yield problem("N041", "edges", column="parent", value=" → ".join(path))
            below[path[0]].remove(path[1])  # and look for the next
        else:
            return
