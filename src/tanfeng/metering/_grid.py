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
#: Stands for null in an array of counts.
_NOT_JUDGED = -1
#: Readings and points worked on at once: what is made of them stays in the processor's cache.
_ROWS_AT_ONCE, _POINTS_AT_ONCE = 1 << 17, 64

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


def _day_gaps(gap: Ints, row: Ints, since: Ints, first: Bools) -> None:
    """Lower the distance of a reading from the end of each day.

    Near is half the spacing: the cell of such a reading is the ``first`` of a day.
    """
    row, since = row[first], since[first]
    ended = (since + DAY_S * _US // 2) // (DAY_S * _US) - 1
    of_span = (ended >= 0) & (ended < gap.shape[1])
    row, since, ended = row[of_span], since[of_span], ended[of_span]
    np.minimum.at(gap, (row, ended), np.abs(since - (ended + 1) * DAY_S * _US))


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
        step_s = 0 if step is None else int(step)
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
    rows = codes(usable["point"], names)
    times, received = microseconds(usable["time"]), microseconds(usable["received"])
    hands = usable["quality"].to_numpy() == BY_HAND
    due, filed = _due(names, step_us, span, late_us, service, excused)
    came, automatic, timely = (np.zeros(due.size, dtype=np.bool_) for _ in range(3))
    gap = np.full((len(names), span.days), _NONE)
    months, ends = _months(span)
    month_gap = np.full((len(names), len(ends)), _NONE)
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(begin, begin + _ROWS_AT_ONCE)
        row, time = rows[block], times[block]
        wait, by_hand = received[block] - time, hands[block]
        since = time - span.zero_us
        column = (since + step_us // 2) // step_us
        ours = row >= 0
        _day_gaps(gap, row, since, ours & (column % (DAY_S // step_s) == 0))
        _month_gaps(month_gap, row, since, ours, ends, int(limit["month_boundary_max"] * _US))
        inside = ours & (column >= 0) & (column < due.shape[1])
        place = row * due.shape[1] + column
        in_time = (wait <= late_us) & (wait >= -limit["ahead_max"] * _US)
        came[place[inside]] = True
        automatic[place[inside & ~by_hand]] = True
        timely[place[inside & ~by_hand & in_time]] = True
    day = pl.date_range(span.first, span.last, eager=True)
    counted = {"received": came, "automatic": automatic, "timely": timely}
    frame = pl.DataFrame(
        {
            "point": names.gather(np.repeat(np.arange(len(names)), span.days)),
            "day": day.gather(np.tile(np.arange(span.days), len(names))),
            "due": _per_day(due, span.days).ravel(),
            "excused": _per_day(filed, span.days).ravel(),
            **{
                name: _per_day(grid.reshape(due.shape) & due, span.days).ravel()
                for name, grid in counted.items()
            },
            "boundary_gap_s": _seconds(gap),
        }
    )
    each = np.tile(np.arange(len(ends)), len(names))
    return frame, pl.DataFrame(
        {
            "point": names.gather(np.repeat(np.arange(len(names)), len(ends))),
            "month": months.dt.to_string("%Y-%m").gather(each),
            "end": months.dt.offset_by("1mo").gather(each),
            "month_gap_s": _seconds(month_gap),
        }
    )


def _months(span: Span) -> tuple[pl.Series, Ints]:
    """First days of the months of a span, and their ends as microseconds since it began."""
    starts = pl.date_range(span.first.replace(day=1), span.last, "1mo", eager=True)
    ends = (starts.dt.offset_by("1mo") - span.first).dt.total_days().to_numpy() * DAY_S * _US
    return starts, ends


def _month_gaps(gap: Ints, row: Ints, since: Ints, ours: Bools, ends: Ints, most: int) -> None:
    """Lower the distance of a reading from each month's end, where it is not above ``most``."""
    for number, at in enumerate(ends):
        away = np.abs(since - at)
        near = ours & (away <= most)
        np.minimum.at(gap[:, number], row[near], away[near])


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
    rows, starts = codes(slots["point"], names), microseconds(slots["start"])
    measured = (slots["quality"] == "measured").fill_null(False).to_numpy()
    amounts = slots["amount"].to_numpy()
    amount = np.full(shape, np.nan)
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        block = slice(begin, begin + _ROWS_AT_ONCE)
        row, column = rows[block], (starts[block] - span.zero_us) // (SLOT_S * _US)
        fits = measured[block] & (row >= 0) & (column >= 0) & (column < shape[1])
        amount.reshape(-1)[(row * shape[1] + column)[fits]] = amounts[block][fits]
    states = _states(span, production)
    blocks = []
    for begin in range(0, len(names), _POINTS_AT_ONCE):
        block = slice(begin, begin + _POINTS_AT_ONCE)
        blocks.append(_judged(amount[block], points[block], states, span.days, limit))
    day = pl.date_range(span.first, span.last, eager=True)
    return pl.DataFrame(
        {
            "point": names.gather(np.repeat(np.arange(len(names)), span.days)),
            "day": day.gather(np.tile(np.arange(span.days), len(names))),
        }
    ).hstack(pl.concat(blocks).with_columns(pl.all().replace(_NOT_JUDGED, None)))


def _judged(
    amount: Floats,
    points: pl.DataFrame,
    states: tuple[pl.Series, Bools, Bools] | None,
    days: int,
    limit: Mapping[str, float],
) -> pl.DataFrame:
    """Judge some points; rows of point and day."""
    known = ~np.isnan(amount)
    flags = _flags(amount, points, limit)
    flags["state"] = _state(amount, points, states, limit)
    broken = np.logical_or.reduce([flagged for flagged, _ in flags.values()])
    counts = {
        f"{name}_flags": np.where(judged[:, None], _per_day(flagged, days), _NOT_JUDGED).ravel()
        for name, (flagged, judged) in flags.items()
    }
    return pl.DataFrame(
        {
            "measured": _per_day(known, days).ravel(),
            "implausible": _per_day(broken, days).ravel(),
            **counts,
        }
    )


def _flags(
    amount: Floats, points: pl.DataFrame, limit: Mapping[str, float]
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


def _states(span: Span, production: pl.DataFrame | None) -> tuple[pl.Series, Bools, Bools] | None:
    """Nodes whose state is told, and in which slots each produced and stood still."""
    if production is None or production.is_empty():
        return None
    named = production["node"].unique(maintain_order=True)
    marks = []
    for runs in (True, False):
        part = production.filter(pl.col("producing") == runs)
        start = (microseconds(part["start"]) - span.zero_us) // (SLOT_S * _US)
        end = (microseconds(part["end"]) - span.zero_us) // (SLOT_S * _US)
        shape = (len(named), span.days * _SLOTS_A_DAY)
        marks.append(covered(shape, codes(part["node"], named), start, end))
    return named, marks[0], marks[1]


def _state(
    amount: Floats,
    points: pl.DataFrame,
    states: tuple[pl.Series, Bools, Bools] | None,
    limit: Mapping[str, float],
) -> tuple[Bools, Bools]:
    """Slots whose load does not fit the production state of the point's node."""
    flagged = np.zeros(amount.shape, dtype=np.bool_)
    judged = np.zeros(len(amount), dtype=np.bool_)
    if states is None:
        return flagged, judged
    named, running_of, stopped_of = states
    of = codes(points["node"].fill_null(""), named)
    which = np.flatnonzero(of >= 0)
    running, stopped, load = running_of[of[which]], stopped_of[of[which]], amount[which]
    usual = _quantile(np.where(running, load, np.nan), 0.5, int(limit["running_slots_min"]))
    usual = np.where(usual > 0, usual, np.nan)[:, None]
    odd = stopped & (load > limit["idle_share_max"] * usual)
    odd |= running & (load < limit["running_share_min"] * usual)
    flagged[which] = odd
    judged[which] = ~np.isnan(usual[:, 0])
    return flagged, judged
