"""Electricity of an enterprise by the periods of the tariff, and its load over the day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts
from tanfeng.metering import time_of_use, workdays
from tanfeng.metering.time_of_use import PERIODS, Hours
from tanfeng.metering.workdays import Notice
from tanfeng.periods import LOCAL

_SUMS = ("amount", "measured", "estimated")
_COUNTS = ("slots_due", "slots_measured", "slots_estimated", "slots_missing")
_QUARTER_H = 0.25
#: Kinds of day: worked (made-up ones with them), Saturdays and Sundays, days off by a notice.
KINDS = ("workday", "weekend", "holiday")


@dataclass(frozen=True, slots=True)
class Shares:
    """Electricity of one node by tariff period.

    Parameters
    ----------
    node : str
        Which; of a kind of day the kind.
    rows : Mapping
        Period -> amount [kWh], share (of what is known) [1], load_kw (average over the known
        time) [kW], and the quarter hours behind it.
    amount : float or None
        Over all periods. [kWh]
    load_kw : float or None
        Average over the known time of all periods. [kW]
    days : int
        Local days with an hour due.
    """

    node: str
    rows: Mapping[str, Mapping[str, Any]]
    amount: float | None
    load_kw: float | None
    days: int


@dataclass(frozen=True, slots=True)
class TimeOfUse:
    """What a page of tariff periods shows.

    Parameters
    ----------
    shares : tuple of Shares
        The enterprise first, then the steps below it.
    kinds : tuple of Shares
        The enterprise on working days, weekends and holidays, of those that occur.
    arranged : tuple of Notice
        Holidays and made-up days of the span, by the notices of the State Council.
    is_arranged : bool
        Whether the notice of every year of the span is known; else weekends alone are counted.
    hours : Hours
        Rules of the tariff with their source.
    curves : polars.DataFrame
        day_kind, hour (0 to 23), load_kw (mean), low_kw, high_kw, days.
    peak : dict or None
        start, load_kw of the hour with the greatest known load.
    """

    shares: tuple[Shares, ...]
    kinds: tuple[Shares, ...]
    arranged: tuple[Notice, ...]
    is_arranged: bool
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
    key = "time of use", node, span.first, span.last, span.end, tuple(parts)
    return amounts.once(key, lambda: _of(node, span, parts))


def _of(node: str, span: Span, parts: Sequence[str]) -> TimeOfUse:
    hours = time_of_use.hours(span.start, span.end)
    asked = amounts.of_nodes([node], "hour", span.start, span.end)
    energy = asked.filter(
        pl.col("node").is_in([node, *parts]), pl.col("item_key") == "electricity"
    )  # fmt: skip
    days = time_of_use.split(energy, hours, step="hour", by="day")
    # A node of several meters has as many quarter hours to a quarter of an hour.
    meters = dict(energy.group_by("node").agg(pl.col("slots_due").max() / 4).iter_rows())
    by_node = {str(key): part for (key,), part in days.partition_by("node", as_dict=True).items()}
    own = energy.filter(pl.col("node") == node)
    return TimeOfUse(
        tuple(_shares(by_node[one], one, meters[one]) for one in (node, *parts) if one in by_node),
        _kinds(by_node[node], meters[node]) if node in by_node else (),
        _arranged(span),
        workdays.published().covers(span.first, span.last),
        hours,
        _curves(own, meters.get(node, 1.0)),
        _peak(own, meters.get(node, 1.0)),
    )


def _kinds(days: pl.DataFrame, meters: float) -> tuple[Shares, ...]:
    """Return the electricity of one node on each kind of day."""
    found = days.with_columns(day_kind=_day_kind()).partition_by("day_kind", as_dict=True)
    return tuple(_shares(found[key,], key, meters) for key in KINDS if (key,) in found)


def _arranged(span: Span) -> tuple[Notice, ...]:
    last = (span.end - timedelta(microseconds=1)).astimezone(LOCAL).date()
    return tuple(one for one in workdays.notices() if one.first <= last and one.last >= span.first)


def _day_kind() -> pl.Expr:
    """Return the kind of the local day of a start."""
    days = workdays.published()
    day = pl.col("start").dt.convert_time_zone("Asia/Shanghai").dt.date()
    return (
        pl.when(day.is_in(sorted(days.made_up)))
        .then(pl.lit("workday"))
        .when(day.is_in(sorted(days.holidays)))
        .then(pl.lit("holiday"))
        .when(day.dt.weekday() > 5)
        .then(pl.lit("weekend"))
        .otherwise(pl.lit("workday"))
    )


def _shares(days: pl.DataFrame, node: str, meters: float) -> Shares:
    sums = days.group_by("tariff_period").agg(
        *(pl.when(pl.col(x).count() > 0).then(pl.col(x).sum()).alias(x) for x in _SUMS),
        pl.col(_COUNTS).sum(),
    )
    known = sums["amount"].drop_nulls().to_list()
    whole = sum(known) if known else None
    rows = {}
    for row in sums.iter_rows(named=True):
        rows[str(row["tariff_period"])] = {
            **row,
            "share": row["amount"] / whole if whole and row["amount"] is not None else None,
            "load_kw": _load(row["amount"], _known_h([row], meters)),
            "is_whole": row["slots_missing"] == 0,
        }
    return Shares(
        node,
        {key: rows[key] for key in PERIODS if key in rows},
        whole,
        _load(whole, _known_h(rows.values(), meters)),
        days["start"].n_unique(),
    )


def _known_h(rows: Iterable[Mapping[str, Any]], meters: float) -> float:
    """Return the hours known; of a quarter hour partly known the time is not in, the amount is."""
    slots: int = sum(row["slots_measured"] + row["slots_estimated"] for row in rows)
    return slots * _QUARTER_H / meters


def _load(amount: float | None, known_h: float) -> float | None:
    return amount / known_h if known_h and amount is not None else None


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
        day_kind=_day_kind(),
    )


def _curves(energy: pl.DataFrame, meters: float) -> pl.DataFrame:
    return (
        _whole_hours(energy, meters)
        .sort("start")
        .group_by("day_kind", "hour")
        .agg(
            pl.col("load_kw").mean(),
            low_kw=pl.col("load_kw").min(),
            high_kw=pl.col("load_kw").max(),
            days=pl.len(),
        )
        .sort("day_kind", "hour")
    )


def _peak(energy: pl.DataFrame, meters: float) -> dict[str, Any] | None:
    hours = _whole_hours(energy, meters)
    if hours.is_empty():
        return None
    return hours.sort("load_kw", "start").row(-1, named=True)
