"""Electricity by the periods of the tariff: sharp, peak, flat and valley.

The hours come from a standards table, with the document, its confidence and its notes. One
sentence of that table stands here as code: sharp hours lie inside peak hours and replace them. An
hour without a period, or with two, is an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tanfeng import standards
from tanfeng.errors import ModelError
from tanfeng.metering import _exact
from tanfeng.metering._calendar import By, checked_window, instant, local, period_start
from tanfeng.metering._counts import COUNTS, SUMS, judged
from tanfeng.periods import LOCAL
from tanfeng.standards import SHIPPED, Shelf

__all__ = ["PERIODS", "Hours", "NoTariffPeriod", "hours", "split"]

#: Periods of the tariff, dearest first.
PERIODS = ("sharp", "peak", "flat", "valley")
PERIOD: pl.Enum = pl.Enum(PERIODS)
_QUARTERS = 96
_TABLE = "tariffs_fujian"
_ITEM = "electricity"
_SAID = ("completeness", "quality")


class NoTariffPeriod(ModelError):
    """An hour has no period of the tariff, or more than one."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The tariff period of every quarter hour of a window, and where that stands.

    Parameters
    ----------
    slots : polars.DataFrame
        start (of the quarter hour), tariff_period.
    rules : polars.DataFrame
        The rows of the standards table used: ref, period, month_from, month_to, hour_from,
        hour_to, valid_from, document, confidence, note.
    """

    slots: pl.DataFrame
    rules: pl.DataFrame

    @property
    def verified(self) -> bool:
        """Tell whether every rule is confirmed."""
        return set(self.rules["confidence"]) <= {"confirmed", "override"}


def hours(start: datetime, end: datetime, *, table: str = _TABLE, shelf: Shelf = SHIPPED) -> Hours:
    """Return the tariff period of every quarter hour of a window.

    Parameters
    ----------
    start, end : datetime
        Window, on quarter hours.
    table : str
        Standards table with rows of the group ``tou_period``.
    shelf : Shelf
        Folder of tables; the shipped one unless said otherwise.

    Returns
    -------
    Hours

    Raises
    ------
    NoTariffPeriod
        If a quarter hour has no period in force that day, or two that are not sharp within peak.
    """
    start, end = checked_window(start, end)
    rules = _rules(table, shelf)
    asked = pl.DataFrame(
        {"start": pl.datetime_range(start, end, "15m", closed="left", time_unit="us", eager=True)}
    )
    days = asked.select(day=local(pl.col("start")).dt.date()).unique()
    laid = (
        days.join(rules, how="cross")
        .filter(_in_force() & _in_months())
        .with_columns(quarter=pl.int_ranges("quarter_from", "quarter_to"))
        .explode("quarter")
        .select("day", "ref", "tariff_period", "quarter")
        .with_columns(
            start=instant(
                pl.col("day").cast(pl.Datetime("us")) + pl.duration(minutes=15 * pl.col("quarter"))
            )
        )
        .join(asked, on="start", how="semi")
    )
    slots = _single(laid, asked)
    used = rules.join(laid.select("ref").unique(), on="ref", how="semi")
    return Hours(slots, used.drop("quarter_from", "quarter_to", "tariff_period"))


def split(
    energy: pl.DataFrame, hours: Hours, *, step: By = "hour", by: By = "month"
) -> pl.DataFrame:
    """Split electricity by the periods of the tariff.

    Parameters
    ----------
    energy : polars.DataFrame
        Roll-up of nodes or points by ``step``, from :mod:`tanfeng.metering.rollup`; other items
        than electricity are left out.
    hours : Hours
        Tariff periods of the same window.
    step : {"hour", "15min"}
        Length of the periods of ``energy``.
    by : {"hour", "day", "month"}
        Length of the periods of the answer, in local time.

    Returns
    -------
    polars.DataFrame
        node (or point), start, tariff_period, amount, measured, estimated [kWh], slots_due,
        slots_measured, slots_estimated, slots_missing, completeness, quality and share (of the
        known amount of all periods) [1].

    Raises
    ------
    NoTariffPeriod
        If an hour of ``energy`` has no period, or more than one.
    """
    of = "point" if "point" in energy.columns else "node"
    rows = energy.filter(pl.col("item_key") == _ITEM)
    steps = (
        hours.slots.with_columns(start=period_start(step, pl.col("start")))
        .group_by("start")
        .agg(pl.col("tariff_period").first(), count=pl.col("tariff_period").n_unique())
    )
    _refuse(
        rows.select("start")
        .unique()
        .join(steps.filter(pl.col("count") == 1), on="start", how="anti")
    )
    keys = [of, "start", "tariff_period"]
    placed = rows.join(steps, on="start").with_columns(start=period_start(by, pl.col("start")))
    sums = _exact.total(placed, keys, SUMS)
    counts = placed.group_by(keys).agg(pl.col(COUNTS).sum())
    return _finished(sums.join(counts, on=keys), of, keys)


def _finished(frame: pl.DataFrame, of: str, keys: list[str]) -> pl.DataFrame:
    # Summed in the order of the periods, so the last bit does not depend on the order of rows.
    whole = pl.col("amount").sum().over(of, "start")
    return (
        judged(frame.sort(keys))
        .with_columns(share=pl.when(whole != 0).then(pl.col("amount") / whole))
        .select(*keys, *SUMS, "estimated", *COUNTS, "slots_missing", *_SAID, "share")
    )


def _rules(table: str, shelf: Shelf) -> pl.DataFrame:
    """Return the rows of the table that name hours."""
    rows = standards.load(table, shelf=shelf).filter(pl.col("group") == "tou_period")
    strange = sorted(set(rows["period"]) - set(PERIODS))
    if strange or rows.is_empty():
        raise NoTariffPeriod(
            f"table {table} names the tariff periods {strange}; known: {', '.join(PERIODS)}"
            if strange
            else f"table {table} names no tariff periods",
            f"标准表 {table} 的时段 {strange} 未知，已知：{'、'.join(PERIODS)}"
            if strange
            else f"标准表 {table} 没有分时时段",
        )
    return rows.select(
        ref=pl.format("{}/{}", pl.lit(table), "id"),
        period="period",
        month_from=pl.col("month_from").cast(pl.Int8),
        month_to=pl.col("month_to").cast(pl.Int8),
        hour_from="hour_from",
        hour_to="hour_to",
        valid_from=pl.col("valid_from").str.to_date(),
        valid_to=pl.when(pl.col("valid_to") != "").then(pl.col("valid_to")).str.to_date(),
        document="document",
        confidence="confidence",
        note="note",
        quarter_from=_quarter("hour_from"),
        quarter_to=_quarter("hour_to"),
        tariff_period=pl.col("period").cast(PERIOD),
    )


def _quarter(name: str) -> pl.Expr:
    """Return hh:mm as a number of quarter hours."""
    parts = pl.col(name).str.split(":")
    return parts.list.get(0).cast(pl.Int64) * 4 + parts.list.get(1).cast(pl.Int64) // 15


def _in_force() -> pl.Expr:
    ended = pl.col("valid_to").is_not_null() & (pl.col("valid_to") < pl.col("day"))
    return (pl.col("valid_from") <= pl.col("day")) & ~ended


def _in_months() -> pl.Expr:
    """Tell whether the day lies in the months, which may run over the turn of the year."""
    month, first, last = pl.col("day").dt.month(), pl.col("month_from"), pl.col("month_to")
    inside = month.is_between(first, last)
    return pl.when(first <= last).then(inside).otherwise((month >= first) | (month <= last))


def _single(laid: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Return the one period of each slot; sharp replaces the peak around it."""
    sharp = (pl.col("tariff_period") == "sharp").any().over("start")
    kept = laid.filter(~(sharp & (pl.col("tariff_period") == "peak")))
    twice = kept.group_by("start").agg(pl.col("ref").sort().str.join(", "), count=pl.len())
    double = twice.filter(pl.col("count") > 1).sort("start")
    if double.height:
        first = double.row(0, named=True)
        raise NoTariffPeriod(
            f"{double.height} quarter hours have several tariff periods, the first at "
            f"{_said(first['start'])} ({first['ref']})",
            f"有 {double.height} 个 15 分钟属于多个分时时段，最早为 {_said(first['start'])}"
            f"（{first['ref']}）",
        )
    _refuse(asked.join(kept, on="start", how="anti"))
    return kept.select("start", "tariff_period").sort("start")


def _refuse(without: pl.DataFrame) -> None:
    """Refuse times without a period."""
    if without.is_empty():
        return
    first = without["start"].min()
    raise NoTariffPeriod(
        f"{without.height} times have no single tariff period, the first at {_said(first)}. Add "
        "the hours of that day to the table, or ask for a window it covers",
        f"有 {without.height} 个时刻没有唯一的分时时段，最早为 {_said(first)}。"
        "请在标准表中补充当日时段，或改用有规定的时间窗",
    )


def _said(time: object) -> str:
    """Return an instant in local time."""
    if not isinstance(time, datetime):
        return str(time)
    return f"{time.replace(tzinfo=None) + LOCAL.utcoffset(None):%Y-%m-%d %H:%M}"
