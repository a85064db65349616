"""Hours laid out as node x day x hour, the kind of each day, and the usual hour of its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering._grid import instant_us
from tanfeng.metering.frames import TIME
from tanfeng.metering.workdays import WorkCalendar
from tanfeng.periods import LOCAL

HOURS = 24
_HOUR_US = 3_600_000_000
_FRIDAY, _SUNDAY = 4, 6
#: A baseline looks no further back than this for days of its kind. [d]
_REACH = 56

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hours:
    """Amounts of nodes on whole local days; NaN is not known.

    Parameters
    ----------
    names : tuple of str
        Nodes, sorted.
    first : datetime.date
        First local day.
    amount : numpy.ndarray
        Node x day x hour, or node x day x 1 for whole days.
    kind : numpy.ndarray
        Weekday of each day from 0; a holiday is a Sunday, a made-up day a Friday.
    works : numpy.ndarray
        Whether the day is worked.
    """

    names: tuple[str, ...]
    first: date
    amount: Floats
    kind: Ints
    works: npt.NDArray[np.bool_]

    @property
    def days(self) -> int:
        """How many days."""
        return int(self.amount.shape[1])

    def place(self, day: date) -> int:
        """Place of a day."""
        return (day - self.first).days

    def by_day(self) -> Hours:
        """Whole days; a day of which an hour is not known is not known."""
        total = self.amount.sum(axis=2, keepdims=True)
        return Hours(self.names, self.first, total, self.kind, self.works)


def hours_of(hourly: pl.DataFrame, last: date, calendar: WorkCalendar) -> Hours:
    """Lay hours out up to a day, which may lie after the last hour known.

    Raises
    ------
    ModelError
        If a column lacks, an hour stands twice or does not start on the hour, or nothing comes
        before ``last``.
    """
    lacking = [name for name in ("node", "start", "amount") if name not in hourly.columns]
    if lacking:
        raise ModelError(f"hours lack the columns {lacking}", f"小时数据缺少列 {lacking}")
    known = pl.col("amount").cast(pl.Float64)
    if "completeness" in hourly.columns:  # part of an hour is not an hour that used less
        known = pl.when(pl.col("completeness") >= 1).then(known)
    start = pl.col("start").cast(TIME).cast(pl.Int64)
    rows = hourly.select("node", start, known.alias("amount")).sort("node", "start")
    if rows.select("node", "start").is_duplicated().any():
        raise ModelError("an hour of a node stands twice", "同一单元同一小时重复")
    if (rows["start"] % _HOUR_US != 0).any():
        raise ModelError("an hour does not start on the hour", "小时数据的起点不是整点")
    if rows.is_empty():
        raise ModelError("there is not one hour to forecast from", "没有可用于预测的小时数据")
    begin = rows["start"].min()
    first = datetime.fromtimestamp(int(begin) / 1e6, LOCAL).date()  # type: ignore[arg-type]
    if last < first:
        raise ModelError(
            f"{last} lies before the first hour, {first}", f"{last} 早于首个小时 {first}"
        )
    days = (last - first).days + 1
    zero = instant_us(datetime.combine(first, datetime.min.time(), LOCAL))
    names = rows["node"].unique(maintain_order=True)
    row = rows["node"].rle_id().cast(pl.Int64).to_numpy()
    column = ((rows["start"] - zero) // _HOUR_US).to_numpy()
    amount = np.full((len(names), days * HOURS), np.nan)
    fits = column < days * HOURS
    values = rows["amount"].fill_null(np.nan).to_numpy()
    amount[row[fits], column[fits]] = values[fits]
    every = [first + timedelta(days=i) for i in range(days)]
    return Hours(
        names=tuple(names),
        first=first,
        amount=amount.reshape(len(names), days, HOURS),
        kind=np.array([_kind(day, calendar) for day in every]),
        works=np.array([calendar.works(day) for day in every]),
    )


def until(hourly: pl.DataFrame, known: date) -> pl.DataFrame:
    """Leave out what starts after a local day."""
    end = datetime.combine(known + timedelta(days=1), datetime.min.time(), LOCAL)
    return hourly.filter(pl.col("start") < end)


def _kind(day: date, calendar: WorkCalendar) -> int:
    if day in calendar.made_up:
        return _FRIDAY
    return _SUNDAY if day in calendar.holidays else day.weekday()


def middle(values: Floats, axis: int) -> Floats:
    """Median along an axis without its NaN; NaN where nothing is known."""
    ordered = np.sort(values, axis=axis)  # NaN last
    known = (~np.isnan(values)).sum(axis=axis, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis)
    high = np.take_along_axis(ordered, np.minimum(known // 2, values.shape[axis] - 1), axis)
    found = np.where(known > 0, (low + high) / 2, np.nan)
    return np.squeeze(found, axis)


def like_days(hours: Hours, day: int, horizon: int, limit: Mapping[str, float]) -> Ints:
    """Days of the kind of ``day`` within eight weeks, known ``horizon`` days before its end.

    The same kind of weekday; where that gives too few, days that were worked, or were not, alike.
    """
    past = np.arange(max(0, day - horizon - _REACH + 1), max(0, day - horizon + 1))
    same: Ints = past[hours.kind[past] == hours.kind[day]]
    if len(same) < int(limit["baseline_days_min"]):
        same = past[hours.works[past] == hours.works[day]]
    return same


def baselines(
    hours: Hours, days: npt.ArrayLike, horizon: int, limit: Mapping[str, float]
) -> Floats:
    """Usual amounts of some days, known ``horizon`` days before: node x len(days) x hour.

    The median of the latest like days; of all of them within eight weeks where nothing of those
    is known.
    """
    wanted = np.asarray(days, dtype=np.int64)
    usual = np.full((len(hours.names), len(wanted), hours.amount.shape[2]), np.nan)
    for number, day in enumerate(wanted):
        like = like_days(hours, int(day), horizon, limit)
        if not len(like):
            continue
        found = middle(hours.amount[:, like[-int(limit["baseline_days"]) :]], 1)
        dark = np.isnan(found).any(axis=1)
        if dark.any():
            every = middle(hours.amount[np.ix_(dark, like)], 1)
            found[dark] = np.where(np.isnan(found[dark]), every, found[dark])
        usual[:, number] = found
    return usual


def last_week(hours: Hours, days: npt.ArrayLike, horizon: int) -> Floats:
    """Take the same hours of the latest week known: what a naive forecast says."""
    wanted = np.asarray(days, dtype=np.int64)
    source = wanted - 7 * math.ceil(horizon / 7)
    found = hours.amount[:, np.maximum(source, 0)].copy()
    found[:, source < 0] = np.nan
    return found


def trailing_mean(daily: Floats, length: int) -> Floats:
    """Mean of the known days among the last ``length`` up to each day: node x day."""
    known = ~np.isnan(daily)
    pad = ((0, 0), (length, 0))
    total = np.pad(np.where(known, daily, 0.0), pad).cumsum(axis=1)
    count = np.pad(known, pad).cumsum(axis=1)
    n = count[:, length:] - count[:, :-length]
    summed = total[:, length:] - total[:, :-length]
    return np.where(n > 0, summed / np.maximum(n, 1), np.nan)


def shifted(values: Floats, days: Ints, back: int) -> Floats:
    """Values of ``back`` days before some days along axis 1, NaN before the first."""
    source = days - back
    found = values[:, np.maximum(source, 0)].copy()
    found[:, source < 0] = np.nan
    return found
