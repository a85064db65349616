"""Electricity of an enterprise by the periods of the tariff, and its load over the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts, engine
from tanfeng.metering import time_of_use
from tanfeng.metering.time_of_use import PERIODS, Hours

_SUMS = ("amount", "measured", "estimated")
_COUNTS = ("slots_due", "slots_measured", "slots_estimated", "slots_missing")
#: Days that are alike by the week alone; which holidays fall on them is not said here.
DAY_TYPES = ("workday", "saturday", "sunday")
_QUARTER_H = 0.25


@dataclass(frozen=True, slots=True)
class Shares:
    """Electricity of one node by tariff period.

    Parameters
    ----------
    node : str
        Which.
    rows : Mapping
        Period -> amount [kWh], share (of what is known) [1], load_kw (average over the known
        time) [kW], and the quarter hours behind it.
    amount : float or None
        Over all periods. [kWh]
    """

    node: str
    rows: Mapping[str, Mapping[str, Any]]
    amount: float | None


@dataclass(frozen=True, slots=True)
class TimeOfUse:
    """What a page of tariff periods shows.

    Parameters
    ----------
    shares : tuple of Shares
        The enterprise first, then the steps below it.
    hours : Hours
        Rules of the tariff with their source.
    curves : polars.DataFrame
        day_type, hour (0 to 23), load_kw (mean), low_kw, high_kw, days.
    peak : dict or None
        start, load_kw of the hour with the greatest known load.
    """

    shares: tuple[Shares, ...]
    hours: Hours
    curves: pl.DataFrame
    peak: dict[str, Any] | None


def of(node: str, span: Span, parts: Sequence[str] = ()) -> TimeOfUse:
    """Return the electricity of a node by tariff period.

    Parameters
    ----------
    node : str
        Credit code of an enterprise; the caller has asked for rights.
    span : Span
        Not ahead of now.
    parts : sequence of str
        Nodes below it that are told, too.

    Raises
    ------
    tanfeng.metering.time_of_use.NoTariffPeriod
        If no tariff holds at some time of the span.
    """
    hours = time_of_use.hours(span.start, span.end)
    asked = amounts.of_nodes([node], "hour", span.start, span.end)
    energy = asked.filter(
        pl.col("node").is_in([node, *parts]), pl.col("item_key") == "electricity"
    )  # fmt: skip
    months = time_of_use.split(energy, hours, step="hour", by="month")
    # A node of several meters has as many quarter hours to a quarter of an hour.
    meters = dict(energy.group_by("node").agg(pl.col("slots_due").max() / 4).iter_rows())
    order = [one for one in (node, *parts) if one in set(months["node"])]
    own = energy.filter(pl.col("node") == node)
    return TimeOfUse(
        tuple(_shares(months.filter(pl.col("node") == one), one, meters[one]) for one in order),
        hours,
        _curves(own, meters.get(node, 1.0)),
        _peak(own, meters.get(node, 1.0)),
    )


def _shares(months: pl.DataFrame, node: str, meters: float) -> Shares:
    sums = months.group_by("tariff_period").agg(
        *(pl.when(pl.col(x).count() > 0).then(pl.col(x).sum()).alias(x) for x in _SUMS),
        pl.col(_COUNTS).sum(),
    )
    known = sums["amount"].drop_nulls().to_list()
    whole = sum(known) if known else None
    rows = {}
    for row in sums.iter_rows(named=True):
        # Of a quarter hour that is partly known the amount is in, its time is not: no load of it.
        known_h = (row["slots_measured"] + row["slots_estimated"]) * _QUARTER_H / meters
        is_whole = row["slots_missing"] == 0
        rows[str(row["tariff_period"])] = {
            **row,
            "share": row["amount"] / whole if whole and row["amount"] is not None else None,
            "load_kw": row["amount"] / known_h if known_h and row["amount"] is not None else None,
            "is_whole": is_whole,
        }
    return Shares(node, {key: rows[key] for key in PERIODS if key in rows}, whole)


def _whole_hours(energy: pl.DataFrame, meters: float) -> pl.DataFrame:
    """Return the hours that are known to their last quarter, with their load. [kW]."""
    local = pl.col("start").dt.convert_time_zone("Asia/Shanghai")
    return energy.filter(
        pl.col("slots_missing") == 0,
        pl.col("slots_due") == 4 * meters,
        pl.col("amount").is_not_null(),
    ).select(
        "start",
        load_kw=pl.col("amount"),  # kWh of one hour
        hour=local.dt.hour(),
        day_type=pl.when(local.dt.weekday() == 6)
        .then(pl.lit("saturday"))
        .when(local.dt.weekday() == 7)
        .then(pl.lit("sunday"))
        .otherwise(pl.lit("workday")),
    )


def _curves(energy: pl.DataFrame, meters: float) -> pl.DataFrame:
    return (
        _whole_hours(energy, meters)
        .sort("start")
        .group_by("day_type", "hour")
        .agg(
            pl.col("load_kw").mean(),
            low_kw=pl.col("load_kw").min(),
            high_kw=pl.col("load_kw").max(),
            days=pl.len(),
        )
        .sort("day_type", "hour")
    )


def _peak(energy: pl.DataFrame, meters: float) -> dict[str, Any] | None:
    hours = _whole_hours(energy, meters)
    if hours.is_empty():
        return None
    return hours.sort("load_kw", "start").row(-1, named=True)


def below(node: str) -> list[str]:
    """Return the nodes one step below a node.

    Parameters
    ----------
    node : str
        Its key in the tree.
    """
    edges = engine.register().edges()
    return sorted(edges.filter(pl.col("parent") == node)["child"])
