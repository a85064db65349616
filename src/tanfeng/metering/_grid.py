"""Readings and slots laid on a grid of points and times: presence and plausibility without loops.

A grid is an array with one row per point and one column per time. Scattering rows into it counts a
time once however often it came, in whatever order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering.frames import BAD, BY_HAND, SLOT_S
from tanfeng.periods import LOCAL

DAY_S = 86_400
_US = 1_000_000
_SLOTS_A_DAY = DAY_S // SLOT_S
_NONE = np.iinfo(np.int64).max

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """Whole local days, both included, and the moment they are looked at."""

    first: date
    last: date
    as_of: datetime

    def __post_init__(self) -> None:
        """Refuse a span that ends before it begins, or a moment without zone."""
        if self.last < self.first:
            raise ModelError(
                f"{self.last} lies before {self.first}", f"{self.last} 早于 {self.first}"
            )
        if self.as_of.tzinfo is None:
            raise ModelError("as_of needs its zone", "as_of 须带时区")

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def zero_us(self) -> int:
        """Local midnight the span begins with, microseconds of UTC."""
        return instant_us(datetime.combine(self.first, datetime.min.time(), LOCAL))

    @property
    def as_of_us(self) -> int:
        """The moment, microseconds of UTC."""
        return instant_us(self.as_of)


def local(column: str) -> pl.Expr:
    """Return the time of a column on the city's clock, without zone."""
    return pl.col(column).dt.replace_time_zone(None) + timedelta(hours=8)


def instant_us(moment: datetime) -> int:
    """Microseconds since 1970 in UTC, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def codes(column: pl.Series, names: pl.Series) -> Ints:
    """Place of each value among the names, -1 for a value that is none of them."""
    runs = column.rle()  # frames come sorted by point: few runs, each looked up once
    if len(runs) * 4 > len(column):
        return _places(column, names)
    return np.repeat(
        _places(runs.struct.field("value"), names), runs.struct.field("len").to_numpy()
    )


def _places(column: pl.Series, names: pl.Series) -> Ints:
    place = column.cast(pl.Enum(names), strict=False).to_physical().cast(pl.Int64)
    return place.fill_null(-1).to_numpy()


def microseconds(column: pl.Series) -> Ints:
    """Return times as microseconds of UTC."""
    return column.cast(pl.Int64).to_numpy()


def covered(shape: tuple[int, int], row: Ints, start: Ints, end: Ints) -> Bools:
    """Cells of a grid within any of the windows ``start <= column < end`` of their row."""
    edges = np.zeros((shape[0], shape[1] + 1), dtype=np.int32)
    np.add.at(edges, (row, np.clip(start, 0, shape[1])), 1)
    np.add.at(edges, (row, np.clip(end, 0, shape[1])), -1)
    inside: Bools = edges.cumsum(axis=1, dtype=np.int32)[:, :-1] > 0
    return inside


def _windows(frame: pl.DataFrame, names: pl.Series, span: Span) -> tuple[Ints, Ints, Ints]:
    """Rows point, start, end (null: open) as codes and microseconds since the span began."""
    kept = frame.select("point", "start", "end").with_columns(
        code=pl.Series(codes(frame["point"], names))
    )
    kept = kept.filter(pl.col("code") >= 0)
    far = span.days * DAY_S * _US * 2
    start = kept["start"].cast(pl.Int64) - span.zero_us
    end = kept["end"].cast(pl.Int64) - span.zero_us
    return (
        kept["code"].to_numpy(),
        start.fill_null(-far).to_numpy(),
        end.fill_null(far).to_numpy(),
    )


def _due(
    names: pl.Series,
    step_us: int,
    span: Span,
    late_us: int,
    service: pl.DataFrame | None,
    excused: pl.DataFrame,
) -> tuple[Bools, Bools]:
    """Cells a reading is owed for (its time and the time to arrive have passed), and excused."""
    columns = span.days * DAY_S * _US // step_us
    at = span.zero_us + np.arange(columns, dtype=np.int64) * step_us
    due = np.broadcast_to(at + late_us <= span.as_of_us, (len(names), columns)).copy()
    if service is not None:
        row, start, end = _windows(service, names, span)
        due &= covered(due.shape, row, -(-start // step_us), -(-end // step_us))
    if excused.is_empty():
        return due, np.zeros_like(due)
    row, start, end = _windows(excused, names, span)
    filed = due & covered(due.shape, row, -(-start // step_us), -(-end // step_us))
    return due & ~filed, filed


def _day_gaps(row: Ints, since: Ints, first: Bools, shape: tuple[int, int]) -> Ints:
    """Least distance of a reading from the end of each day; the greatest int where none is near.

    Near is half the spacing: the cell of such a reading is the ``first`` of a day.
    """
    gap = np.full(shape, _NONE)
    row, since = row[first], since[first]
    ended = (since + DAY_S * _US // 2) // (DAY_S * _US) - 1
    of_span = (ended >= 0) & (ended < shape[1])
    row, since, ended = row[of_span], since[of_span], ended[of_span]
    np.minimum.at(gap, (row, ended), np.abs(since - (ended + 1) * DAY_S * _US))
    return gap


def _seconds(gap: Ints) -> pl.Series:
    flat = gap.ravel()
    known = flat != _NONE
    return pl.Series(np.where(known, flat / _US, np.nan)).fill_nan(None)


def presence(
    readings: pl.DataFrame,
    points: pl.DataFrame,
    span: Span,
    limit: Mapping[str, float],
    *,
    service: pl.DataFrame | None,
    excused: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count what came of what was owed, and measure how near a reading is to each month's end.

    Returns
    -------
    tuple of polars.DataFrame
        point, day, due, excused, received, automatic, timely, boundary_gap_s; and point, month,
        end, month_gap_s.
    """
    usable = readings.select("point", "time", "quality", "received").filter(
        (pl.col("quality") != BAD) & (pl.col("received").cast(pl.Int64) <= span.as_of_us)
    )
    days, months = [], []
    for (step,), part in points.group_by("interval_s", maintain_order=True):
        step_s = int(step)
        if step_s <= 0 or DAY_S % step_s:
            raise ModelError(
                f"an interval of {step_s} s does not divide a day; correct interval_s of "
                f"{part['point'][0]}",
                f"间隔 {step_s} 秒不能整除一日；请更正 {part['point'][0]} 的 interval_s",
            )
        a, b = _presence_of_step(usable, part["point"], step_s, span, limit, service, excused)
        days.append(a)
        months.append(b)
    return pl.concat(days), pl.concat(months)


def _presence_of_step(
    usable: pl.DataFrame,
    names: pl.Series,
    step_s: int,
    span: Span,
    limit: Mapping[str, float],
    service: pl.DataFrame | None,
    excused: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    step_us, late_us = step_s * _US, int(limit["late_max"] * _US)
    row = codes(usable["point"], names)
    time = microseconds(usable["time"])
    wait = microseconds(usable["received"]) - time
    by_hand = usable["quality"].to_numpy() == BY_HAND
    if (row < 0).any():
        ours = row >= 0
        row, time, wait, by_hand = row[ours], time[ours], wait[ours], by_hand[ours]
    since = time - span.zero_us
    due, filed = _due(names, step_us, span, late_us, service, excused)
    column = ((since + step_us // 2) // step_us).astype(np.int32)
    gap = _day_gaps(row, since, column % (DAY_S // step_s) == 0, (len(names), span.days))
    inside = (column >= 0) & (column < due.shape[1])
    place = row * due.shape[1] + column
    automatic = inside & ~by_hand
    in_time = automatic & (wait <= late_us) & (wait >= -limit["ahead_max"] * _US)

    def counted(which: Bools) -> Ints:
        grid = np.zeros(due.size, dtype=np.bool_)
        grid[place if which.all() else place[which]] = True
        grid &= due.ravel()
        return _per_day(grid.reshape(due.shape), span.days)

    received = counted(inside)
    day = pl.date_range(span.first, span.last, eager=True)
    frame = pl.DataFrame(
        {
            "point": names.gather(np.repeat(np.arange(len(names)), span.days)),
            "day": day.gather(np.tile(np.arange(span.days), len(names))),
            "due": _per_day(due, span.days).ravel(),
            "excused": _per_day(filed, span.days).ravel(),
            "received": received.ravel(),
            "automatic": (counted(automatic) if by_hand.any() else received).ravel(),
            "timely": counted(in_time).ravel(),
            "boundary_gap_s": _seconds(gap),
        }
    )
    return frame, _month_ends(names, row, since, span, limit)


def _month_ends(
    names: pl.Series, row: Ints, since: Ints, span: Span, limit: Mapping[str, float]
) -> pl.DataFrame:
    starts = pl.date_range(span.first.replace(day=1), span.last, "1mo", eager=True)
    ends = starts.dt.offset_by("1mo")
    offset = (ends - span.first).dt.total_days().to_numpy() * DAY_S * _US
    most = int(limit["month_boundary_max"] * _US)
    gap = np.full((len(names), len(offset)), _NONE)
    for number, at in enumerate(offset):
        away = np.abs(since - at)
        near = away <= most
        np.minimum.at(gap[:, number], row[near], away[near])
    return pl.DataFrame(
        {
            "point": names.gather(np.repeat(np.arange(len(names)), len(offset))),
            "month": starts.dt.to_string("%Y-%m").gather(
                np.tile(np.arange(len(offset)), len(names))
            ),
            "end": ends.gather(np.tile(np.arange(len(offset)), len(names))),
            "month_gap_s": _seconds(gap),
        }
    )


def _per_day(grid: Bools, days: int) -> Ints:
    summed: Ints = grid.reshape(grid.shape[0], days, -1).sum(axis=2, dtype=np.int64)
    return summed


def _quantile(values: Floats, share: float, least: int) -> Floats:
    """Lower quantile of each row without its NaN; NaN where fewer than ``least`` are known."""
    known = (~np.isnan(values)).sum(axis=1)
    ordered = np.sort(values, axis=1)
    place = np.clip(np.ceil(share * known).astype(np.int64) - 1, 0, None)
    found = ordered[np.arange(len(values)), np.minimum(place, values.shape[1] - 1)]
    return np.where(known >= least, found, np.nan)


def _runs(same: Bools, length: int) -> Bools:
    """Slots of runs of at least ``length`` slots; ``same[:, i]`` joins slot i and i + 1."""
    rows, steps = same.shape
    marked = np.zeros((rows, steps + 1), dtype=np.bool_)
    need = length - 1
    if need < 1 or steps < need:
        return marked
    total = np.zeros((rows, steps + 1), dtype=np.int32)
    np.cumsum(same, axis=1, out=total[:, 1:], dtype=np.int32)
    full = total[:, need:] - total[:, :-need] == need  # run of slots j .. j + need
    if not full.any():
        return marked
    row, start = np.nonzero(full)
    return covered(marked.shape, row, start, start + length)


def plausibility(
    slots: pl.DataFrame,
    points: pl.DataFrame,
    span: Span,
    limit: Mapping[str, float],
    production: pl.DataFrame | None,
) -> pl.DataFrame:
    """Measured slots of each point and day and how many of them break which check.

    Returns
    -------
    polars.DataFrame
        point, day, measured, implausible, and range_flags, change_flags, frozen_flags,
        state_flags, null where that check could not be made.
    """
    names = points["point"]
    shape = (len(names), span.days * _SLOTS_A_DAY)
    kept = slots.select("point", "start", "amount", "quality")
    row = codes(kept["point"], names)
    column = (microseconds(kept["start"]) - span.zero_us) // (SLOT_S * _US)
    fits = (kept["quality"] == "measured").fill_null(False).to_numpy()
    fits = fits & (row >= 0) & (column >= 0) & (column < shape[1])
    amount = np.full(shape, np.nan)
    amount[row[fits], column[fits]] = kept["amount"].to_numpy()[fits]
    known = ~np.isnan(amount)
    flags = _flags(amount, known, points, limit)
    state = _state(amount, points, span, limit, production)
    broken = flags["range"][0] | flags["change"][0] | flags["frozen"][0] | state[0]
    flags["state"] = state
    counts: dict[str, pl.Series] = {}
    for name, (flagged, judged) in flags.items():
        counted = pl.Series(_per_day(flagged, span.days).ravel())
        can = pl.Series(np.repeat(judged, span.days))
        counts[f"{name}_flags"] = pl.select(pl.when(can).then(counted)).to_series()
    day = pl.date_range(span.first, span.last, eager=True)
    return pl.DataFrame(
        {
            "point": names.gather(np.repeat(np.arange(len(names)), span.days)),
            "day": day.gather(np.tile(np.arange(span.days), len(names))),
            "measured": _per_day(known, span.days).ravel(),
            "implausible": _per_day(broken, span.days).ravel(),
            **counts,
        }
    )


def _flags(
    amount: Floats, known: Bools, points: pl.DataFrame, limit: Mapping[str, float]
) -> dict[str, tuple[Bools, Bools]]:
    """Slots that break range, change and frozen, each with the points it can be judged of."""
    rated = points["rated_power"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    register = (points["kind"] == "register").fill_null(False).to_numpy()
    most = rated * (SLOT_S / 3600) * limit["rated_factor"]
    outside = (amount > most[:, None]) | ((amount < 0) & register[:, None])
    step = np.diff(amount, axis=1)
    np.abs(step, out=step)
    usual = _quantile(step, limit["change_quantile"], int(limit["change_slots_min"]))
    jumps = np.zeros(amount.shape, dtype=np.bool_)
    steps_known = ~np.isnan(usual) & (usual > 0)
    bound = np.where(steps_known, limit["change_factor"] * usual, np.inf)
    jumps[:, 1:] = step > bound[:, None]
    frozen = _runs((step == 0) & (amount[:, 1:] != 0), int(limit["frozen_slots"]))
    return {
        "range": (outside, ~np.isnan(rated) | register),
        "change": (jumps, steps_known),
        "frozen": (frozen, np.ones(len(amount), dtype=np.bool_)),
    }


def _state(
    amount: Floats,
    points: pl.DataFrame,
    span: Span,
    limit: Mapping[str, float],
    production: pl.DataFrame | None,
) -> tuple[Bools, Bools]:
    """Slots whose load does not fit the production state of the point's node."""
    flagged = np.zeros(amount.shape, dtype=np.bool_)
    judged = np.zeros(len(amount), dtype=np.bool_)
    if production is None or production.is_empty():
        return flagged, judged
    named = production["node"].unique(maintain_order=True)
    of = codes(points["node"].fill_null(""), named)
    which = np.flatnonzero(of >= 0)
    shape = (len(named), amount.shape[1])
    marks = []
    for runs in (True, False):
        part = production.filter(pl.col("producing") == runs)
        row = codes(part["node"], named)
        start = (microseconds(part["start"]) - span.zero_us) // (SLOT_S * _US)
        end = (microseconds(part["end"]) - span.zero_us) // (SLOT_S * _US)
        marks.append(covered(shape, row, start, end)[of[which]])
    running, stopped = marks
    load = amount[which]
    usual = _quantile(np.where(running, load, np.nan), 0.5, int(limit["running_slots_min"]))
    usual = np.where(usual > 0, usual, np.nan)[:, None]
    odd = stopped & (load > limit["idle_share_max"] * usual)
    odd |= running & (load < limit["running_share_min"] * usual)
    flagged[which] = odd
    judged[which] = ~np.isnan(usual[:, 0])
    return flagged, judged
