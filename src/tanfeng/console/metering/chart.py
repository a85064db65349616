"""A long series on a narrow picture: one bucket per pixel with its least, greatest and last value.

Drawing every reading of a year is slow and shows nothing more; leaving readings out hides what a
picture is looked at for. Of each bucket the extremes stay, so that no peak and no dip is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from tanfeng.metering.frames import BAD, TIME
from tanfeng.periods import LOCAL

#: Buckets of a picture: about the pixels of a card's width.
BUCKETS = 480
#: Widths of a bucket, so that its label is a time a person knows. [s]
_STEPS_S = (60, 300, 900, 1800, 3600, 2 * 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, and how wide a bucket of it is.

    Parameters
    ----------
    start, end : datetime
        ``start <= t < end``, aware.
    most : int
        Buckets it is cut into at most.
    least_s : int
        No bucket is narrower: where readings are further apart, most would be empty. [s]
    """

    start: datetime
    end: datetime
    most: int = BUCKETS
    least_s: int = 0

    @property
    def step_s(self) -> int:
        """Return the width of a bucket: the first whole one that gives no more than ``most``."""
        least = max(self.least_s, (self.end - self.start).total_seconds() / self.most)
        return next((one for one in _STEPS_S if one >= least), -(-int(least) // 86400) * 86400)


def buckets(readings: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Cut readings of one point into buckets; a bucket without one is null, never zero.

    Parameters
    ----------
    readings : polars.DataFrame
        ``time``, ``value``, ``quality``, sorted by time. What is bad is not drawn.
    window : Window
        What is shown.

    Returns
    -------
    polars.DataFrame
        start (local), low, high, last, rows: every bucket of the window.
    """
    step_us = window.step_s * _US
    origin = _us(_floor(window.start, window.step_s))
    count = -(-(_us(window.end) - origin) // step_us)
    used = readings.filter(
        pl.col("quality") != BAD, pl.col("time") >= window.start, pl.col("time") < window.end
    )
    cut = (
        used.select(at=(pl.col("time").dt.epoch("us") - origin) // step_us, value=pl.col("value"))
        .group_by("at", maintain_order=True)
        .agg(
            low=pl.col("value").min(),
            high=pl.col("value").max(),
            last=pl.col("value").last(),
            rows=pl.len(),
        )
    )
    every = pl.DataFrame({"at": pl.int_range(0, count, dtype=pl.Int64, eager=True)})
    starts = (pl.col("at") * step_us + origin).cast(TIME).dt.convert_time_zone("Asia/Shanghai")
    return every.join(cut, on="at", how="left", maintain_order="left").select(
        start=starts, low="low", high="high", last="last", rows=pl.col("rows").fill_null(0)
    )


def _us(at: datetime) -> int:
    return round(at.timestamp() * _US)


def _floor(at: datetime, step_s: int) -> datetime:
    """Return the last bucket border of the city's clock that is not after a moment."""
    midnight = at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    gone = (at - midnight).total_seconds() // step_s * step_s
    return midnight + timedelta(seconds=gone if step_s <= 86400 else 0)
