"""Periods of the city's clock over a window, and which slot lies in which.

A period is found by joining on the start of the slot: no arithmetic with time zones in the query,
and the same on every engine.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering.frames import SLOT_S, TIME
from tanfeng.periods import LOCAL

By = Literal["15min", "hour", "day", "month"]
#: Length of a period -> how polars truncates local time to it.
STEPS: dict[str, str] = {"15min": "15m", "hour": "1h", "day": "1d", "month": "1mo"}
_OFFSET = LOCAL.utcoffset(None)
_SLOT = timedelta(seconds=SLOT_S)


def local(time: pl.Expr) -> pl.Expr:
    """Turn an instant into the local time of the city, without a zone."""
    return time.dt.replace_time_zone(None) + _OFFSET


def instant(time: pl.Expr) -> pl.Expr:
    """Turn local time without a zone into the instant in UTC."""
    return (time - _OFFSET).dt.replace_time_zone("UTC")


def period_start(by: str, time: pl.Expr) -> pl.Expr:
    """Return the instant at which the local period around a time began."""
    return instant(local(time).dt.truncate(STEPS[by]))


def floor_slot(time: pl.Expr) -> pl.Expr:
    """Return the start of the slot a time lies in."""
    return time.dt.truncate("15m")


def ceil_slot(time: pl.Expr) -> pl.Expr:
    """Return the end of the slot a time lies in; a slot edge is itself."""
    return (time + timedelta(seconds=SLOT_S, microseconds=-1)).dt.truncate("15m")


def checked_window(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return the window in UTC, or say why it is none.

    Raises
    ------
    ModelError
        If a time has no zone or does not lie on a quarter hour, or the window is empty.
    """
    for name, time in (("start", start), ("end", end)):
        if time.tzinfo is None or time.utcoffset() is None:
            raise ModelError(
                f"{name} {time} has no time zone; give an instant",
                f"{name} {time} 没有时区，请给出带时区的时刻",
            )
        if time.timestamp() % SLOT_S:
            raise ModelError(
                f"{name} {time} does not lie on a quarter hour",
                f"{name} {time} 不在整 15 分钟上",
            )
    if not start < end:
        raise ModelError(
            f"the window from {start} to {end} is empty", f"时间窗 {start} 至 {end} 为空"
        )
    return start.astimezone(UTC), end.astimezone(UTC)


@lru_cache(maxsize=32)
def slots_between(start: datetime, end: datetime, by: By) -> pl.DataFrame:
    """Return every slot of a window with the period it lies in.

    Parameters
    ----------
    start, end : datetime
        First slot and the end of the last one.
    by : {"15min", "hour", "day", "month"}
        Length of a period, in local time.

    Returns
    -------
    polars.DataFrame
        start (of the slot), period (start of the period), number (of the period, from 0).
    """
    if by not in STEPS:
        raise ModelError(
            f"{by!r} is no period of a roll-up; one of {', '.join(STEPS)}",
            f"{by!r} 不是汇总周期，可选 {'、'.join(STEPS)}",
        )
    start, end = checked_window(start, end)
    times = pl.datetime_range(
        start, end, _SLOT, closed="left", time_unit="us", time_zone="UTC", eager=True
    )
    frame = pl.DataFrame({"start": times.cast(TIME)})
    return frame.with_columns(period=period_start(by, pl.col("start"))).with_columns(
        number=(pl.col("period").rle_id()).cast(pl.Int32)
    )
