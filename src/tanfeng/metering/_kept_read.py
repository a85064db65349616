"""Reading what is kept: quarter hours of points, and sums of points and of nodes."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._kept_files import Look
from tanfeng.metering._rows import LOCAL_S
from tanfeng.metering.frames import SLOT_S


def slots_between(look: Look, ids: list[int], low: int | None, high: int | None) -> pl.DataFrame:
    """Return the kept quarter hours of some points in a window, gone ones left out."""
    parts = look.parts("slots")
    where: list[pl.Expr] = []
    if low is not None:
        first = month_of(low)
        parts = [part for part in parts if part >= first]
        where.append(pl.col("slot") >= low)
    if high is not None:
        last = month_of(high - 1)
        parts = [part for part in parts if part <= last]
        where.append(pl.col("slot") < high)
    condition = pl.all_horizontal(where) if where else None
    rows = look.read("slots", parts, ids, condition)
    return rows.filter(pl.col("code").is_not_null())


class SlotsOf:
    """The kept quarter hours of some points, read as far back as somebody asks.

    Parameters
    ----------
    look : Look
    ids : list of int
    """

    def __init__(self, look: Look, ids: list[int]) -> None:
        self.ids, self._look = ids, look
        self._read: tuple[int, pl.DataFrame] | None = None

    def since(self, low: int | None) -> pl.DataFrame:
        """Return those from one on; None: all of them."""
        if low is None:
            return slots_between(self._look, self.ids, None, None)
        if self._read is None or low < self._read[0]:
            self._read = low, slots_between(self._look, self.ids, low, None)
        begin, rows = self._read
        return rows if low == begin else rows.filter(pl.col("slot") >= low)


def month_of(slot: int) -> str:
    """Return the local month a quarter hour lies in, as ``2026-11``."""
    at = datetime.fromtimestamp(slot * SLOT_S + LOCAL_S, UTC)
    return f"{at:%Y-%m}"


def sums_of_points(look: Look, known: pl.DataFrame, low: int, high: int, by: str) -> pl.DataFrame:
    """Return sums of points between two quarter hours, as metered.

    Parameters
    ----------
    look : Look
    known : polars.DataFrame
        Rows of the table of points that are asked for.
    low, high : int
        First quarter hour and the one after the last.
    by : {"15min", "hour", "day", "month"}
        What they are to be added up to: the coarsest table that will do is read.

    Returns
    -------
    polars.DataFrame
        id, at (quarter hour a stretch begins at), and what adds up.
    """
    asked = known.select("id", sign=pl.lit(1, pl.Int8))
    ids = known["id"].to_list()
    first, last = _days_within(low, high)
    if by not in ("day", "month") or first >= last:
        return _of_slots(look, asked, "id", low, high)
    return pl.concat(
        [
            _of_slots(look, asked, "id", low, first * kt.OF_DAY - kt.AHEAD),
            _of_days(look, "point_days", "id", ids, first, last),
            _of_slots(look, asked, "id", last * kt.OF_DAY - kt.AHEAD, high),
        ]
    )


def sums_of_sources(
    look: Look, known: pl.DataFrame, sources: list[int], low: int, high: int, by: str
) -> pl.DataFrame:
    """Return sums of nodes with points of their own; else as :func:`sums_of_points`.

    Returns
    -------
    polars.DataFrame
        source, at, and what adds up.
    """
    asked = known.filter(pl.col("source").is_in(sources)).select("id", "source", "sign")
    first, last = -(-low // 4), high // 4
    if by == "15min" or first >= last:
        return _of_slots(look, asked, "source", low, high)
    edges = [
        _of_slots(look, asked, "source", low, first * 4),
        _of_slots(look, asked, "source", last * 4, high),
    ]
    begin, end = _days_within(low, high)
    if by == "hour" or begin >= end:
        return pl.concat([*edges, _of_hours(look, sources, first, last)])
    return pl.concat(
        [
            *edges,
            _of_hours(look, sources, first, begin * 24 - 8),
            _of_days(look, "source_days", "source", sources, begin, end),
            _of_hours(look, sources, end * 24 - 8, last),
        ]
    )


def _days_within(low: int, high: int) -> tuple[int, int]:
    """Return the first whole local day between two quarter hours and the one after the last."""
    return -(-(low + kt.AHEAD) // kt.OF_DAY), (high + kt.AHEAD) // kt.OF_DAY


def _of_slots(look: Look, asked: pl.DataFrame, key: str, low: int, high: int) -> pl.DataFrame:
    if low >= high:
        return _nothing(key)
    rows = slots_between(look, asked["id"].to_list(), low, high)
    cut = kt.terms(rows.join(asked, on="id"), 1)
    return cut.select(pl.col(key), pl.col("slot").cast(pl.Int64).alias("at"), *kt.COUNTED)


def _of_hours(look: Look, sources: list[int], first: int, last: int) -> pl.DataFrame:
    if first >= last:
        return _nothing("source")
    parts = _parts(look, "source_hours", first * 4, last * 4 - 1)
    hour = pl.col("hour")
    rows = look.read("source_hours", parts, sources, hour.is_between(first, last - 1))
    return rows.select("source", (hour.cast(pl.Int64) * 4).alias("at"), *kt.COUNTED)


def _of_days(
    look: Look, table: str, key: str, keys: list[int], first: int, last: int
) -> pl.DataFrame:
    low, high = first * kt.OF_DAY - kt.AHEAD, last * kt.OF_DAY - kt.AHEAD
    day = pl.col("day")
    rows = look.read(
        table, _parts(look, table, low, high - 1), keys, day.is_between(first, last - 1)
    )
    at = day.cast(pl.Int64) * kt.OF_DAY - kt.AHEAD
    return rows.select(key, at.alias("at"), *kt.COUNTED)


def _parts(look: Look, table: str, low: int, high: int) -> list[str]:
    first, last = month_of(low), month_of(high)
    return [part for part in look.parts(table) if first[: len(part)] <= part <= last[: len(part)]]


def _nothing(key: str) -> pl.DataFrame:
    return pl.DataFrame(
        schema={key: pl.Int32, "at": pl.Int64, **dict.fromkeys(kt.COUNTED, pl.Int64)}
    )
