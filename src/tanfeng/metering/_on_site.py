"""What a site generates, uses itself, exports and imports, quarter hour by quarter hour."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering import _exact
from tanfeng.metering._calendar import By, slots_between
from tanfeng.metering._counts import wholly_known

#: What a point measures for the balance of its site.
ROLES = ("import", "export", "generation", "charge", "discharge")


class UnknownRole(ModelError):
    """A point has a role no balance of generation knows."""


def on_site(
    slots: pl.DataFrame,
    roles: pl.DataFrame,
    *,
    by: By,
    start: datetime,
    end: datetime,
) -> pl.DataFrame:
    """Balance on-site generation.

    Parameters
    ----------
    slots : polars.DataFrame
        With the columns of ``frames.SLOTS``; amounts as metered, none negative. [kWh]
    roles : polars.DataFrame
        node (the site), point, role: import from the grid, export to it, generation, charge of a
        store, discharge of it.
    by : {"15min", "hour", "day", "month"}
        Length of a period, in local time.
    start, end : datetime
        Window, on quarter hours.

    Returns
    -------
    polars.DataFrame
        One row per site and period: node, start; generation, import, export, charge, discharge,
        consumption, self_use, storage_loss [kWh]; self_use_rate (of generation), own_share (of
        consumption) [1]; slots_due, slots_complete, completeness [1]; exported_more (quarter
        hours in which more was exported than generated and discharged), storage_gained (a store
        gave more than it took).

    Raises
    ------
    UnknownRole
        If a role is none of those above.

    Notes
    -----
    consumption = import + generation + discharge - export - charge;
    self_use = generation - export: what is exported is never self use, even when a store gave it
    back later. storage_loss = charge - discharge; over a period that ends with a fuller store it
    holds what was stored, so a negative loss is doubtful but over few quarter hours possible.

    Only quarter hours in which every point of the site is known are added up; ``completeness`` says
    how many those are. self_use is not known where export exceeds generation over the period.
    """
    strange = sorted(set(roles["role"]) - set(ROLES))
    if strange:
        raise UnknownRole(
            f"roles {strange} are unknown; known: {', '.join(ROLES)}",
            f"未知的角色 {strange}；可选：{'、'.join(ROLES)}",
        )
    calendar = slots_between(start, end, by)
    whole = _complete(slots, roles, calendar)
    sums = _exact.total(whole, ["node", "period"], ROLES)
    counts = whole.group_by("node", "period").agg(
        slots_complete=pl.len(),
        exported_more=(pl.col("export") > pl.col("generation") + pl.col("discharge")).sum(),
    )
    asked = (
        roles.select("node")
        .unique()
        .join(calendar.group_by("period").agg(slots_due=pl.len()), how="cross")
    )
    known = sums.join(counts, on=["node", "period"])
    return _figures(asked.join(known, on=["node", "period"], how="left"))


def _complete(slots: pl.DataFrame, roles: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Return a row per site and slot in which every point is known, a column per role."""
    needed = roles.group_by("node").agg(points=pl.col("point").n_unique())
    placed = (
        slots.filter(wholly_known())
        .select("point", "start", "amount")
        .join(calendar.select("start", "period"), on="start")
        .join(roles, on="point")
    )
    by_role = [
        pl.when(pl.col("role") == role).then(pl.col("amount")).otherwise(0.0).alias(role)
        for role in ROLES
    ]
    keys = ["node", "period", "start"]
    wide = _exact.total(placed.select(*keys, *by_role), keys, ROLES)
    counts = placed.group_by(keys).agg(points_known=pl.col("point").n_unique())
    return (
        wide.join(counts, on=keys)
        .join(needed, on="node")
        .filter(pl.col("points_known") == pl.col("points"))
    )


def _figures(frame: pl.DataFrame) -> pl.DataFrame:
    used = pl.col("generation") - pl.col("export")
    return (
        frame.with_columns(pl.col("slots_complete", "exported_more").fill_null(0))
        .with_columns(
            consumption=pl.col("import")
            + pl.col("generation")
            + pl.col("discharge")
            - pl.col("export")
            - pl.col("charge"),
            self_use=pl.when(used >= 0).then(used),
            storage_loss=pl.col("charge") - pl.col("discharge"),
            completeness=pl.col("slots_complete") / pl.col("slots_due"),
        )
        .select(
            "node",
            "period",
            *ROLES[2:3],
            *ROLES[:2],
            *ROLES[3:],
            "consumption",
            "self_use",
            "storage_loss",
            _rate("self_use", "generation").alias("self_use_rate"),
            _rate("self_use", "consumption").alias("own_share"),
            pl.col("slots_due", "slots_complete").cast(pl.Int64),
            "completeness",
            pl.col("exported_more").cast(pl.Int64),
            storage_gained=pl.col("storage_loss") < 0,
        )
        .rename({"period": "start"})
        .sort("node", "start")
    )


def _rate(part: str, of: str) -> pl.Expr:
    return pl.when(pl.col(of) > 0).then(pl.col(part) / pl.col(of))
