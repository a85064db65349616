"""Amounts between two instants, laid into quarter hours, hours, days or months.

An amount whose ends lie in one slot goes there. One that crosses slots within the ordinary spacing
is divided by time. One that crosses a gap is known as a whole; its shape follows what the point
itself used at the same time of day on the days before, or is even if nothing tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ibis
from ibis.expr import types as ir

from tanfeng.metering import _exact
from tanfeng.metering._mend import CODE, ESTIMATED
from tanfeng.metering._rows import DAY_S, LOCAL_S, REFERENCE_DAYS, floor_to, local_day
from tanfeng.metering.frames import SLOT_S

#: Working days and days of rest have profiles of their own; 1970-01-01 was a Thursday.
_THURSDAY = 3


#: Columns of a piece of a segment that lies in one slot.
PIECE = ("id", "amount", "code", "slot", "covered")


class Laid(NamedTuple):
    """What the first pass was not sure of, mended and laid into slots.

    ``pieces`` gives what of it is :data:`PIECE`; ``mended`` has the segments that needed mending,
    with ``plain``: the bare difference of the two registers (None: nothing did); ``path`` names
    the statements, which differ with what had to be mended.
    """

    pieces: Callable[[], ir.Table]
    mended: ir.Table | None
    path: str


def _rest(day: ir.IntegerValue) -> ir.BooleanValue:
    return ((day + LOCAL_S) // DAY_S + _THURSDAY) % 7 >= 5


def in_one_slot(segments: ir.Table) -> ir.BooleanValue:
    """Tell which segments begin and end in the same slot."""
    return floor_to(segments.from_ts, SLOT_S) == floor_to(segments.to_ts - 1, SLOT_S)


def whole(segments: ir.Table) -> ir.Table:
    """Take the segments that lie in one slot.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` (its beginning) [s], ``amount`` [base unit], ``covered`` [s], ``code``.
    """
    one = segments.filter(in_one_slot(segments))
    return one.select(
        "id",
        "amount",
        "code",
        slot=floor_to(one.from_ts, SLOT_S),
        covered=one.to_ts - one.from_ts,
    )


def crossing(segments: ir.Table) -> ir.Table:
    """Repeat each segment that crosses slots for every slot it touches.

    Returns
    -------
    ibis Table
        Columns of the segments with ``slot`` and ``covered`` [s].
    """
    first = floor_to(segments.from_ts, SLOT_S)
    many = segments.mutate(first=first, last=floor_to(segments.to_ts - 1, SLOT_S))
    many = many.filter(many.first != many.last)
    rows = many.mutate(slot=ibis.range(many.first, many.last + 1, SLOT_S).unnest())
    rows = rows.drop("first", "last")
    return rows.mutate(
        covered=ibis.least(rows.to_ts, rows.slot + SLOT_S) - ibis.greatest(rows.from_ts, rows.slot)
    )


def shaped(crossing_rows: ir.Table) -> ir.Table:
    """Take the rows whose place in time is an estimate."""
    return crossing_rows.filter(crossing_rows.code.isin(ESTIMATED))


def told(whole_pieces: ir.Table, crossing_rows: ir.Table) -> ir.Table:
    """Take the measured slots of the points that have a gap: they tell its shape.

    Parameters
    ----------
    whole_pieces : ibis Table
        From :func:`whole`, of those points at least.
    crossing_rows : ibis Table
        From :func:`crossing`.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` [s], ``amount`` [base unit].
    """
    even = (
        crossing_rows.amount * crossing_rows.covered / (crossing_rows.to_ts - crossing_rows.from_ts)
    )
    divided = crossing_rows.select("id", "slot", "code", amount=even)
    both = whole_pieces.select("id", "slot", "code", "amount").union(divided)
    both = _exact.cut(both.semi_join(gaps(crossing_rows), "id"), ["amount"])
    slots = both.group_by("id", "slot").agg(
        **_exact.added(both, ["amount"]), known=both.amount.count(), code=both.code.max()
    )
    slots = slots.filter((slots.code <= CODE["split"]) & (slots.known > 0))
    return slots.select(
        "id", "slot", amount=_exact.whole_column(slots.amount_high, slots.amount_low)
    )


def gaps(crossing_rows: ir.Table) -> ir.Table:
    """Name the points that have a gap: ``id``, each once."""
    return shaped(crossing_rows).select("id").distinct()


def times_of_day(crossing_rows: ir.Table) -> ir.Table:
    """Name the times of day a point has a gap at: ``id``, ``of_day`` [s], each once."""
    rows = shaped(crossing_rows)
    return rows.select("id", of_day=rows.slot - local_day(rows.slot)).distinct()


def profile(told_slots: ir.Table, crossing_rows: ir.Table) -> ir.Table:
    """Find what a point used in the slots of a gap on its own days before.

    Parameters
    ----------
    told_slots : ibis Table
        From :func:`told`.
    crossing_rows : ibis Table
        From :func:`crossing`.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` of a row that needs a shape, ``usual`` [base unit] (mean of the same time
        of day on the same kind of day among the fifteen days up to it).
    """
    asked = shaped(crossing_rows).select("id", "slot").distinct()
    asked = asked.mutate(day=local_day(asked.slot))
    asked = asked.mutate(of_day=asked.slot - asked.day)
    usable = told_slots.semi_join(asked, "id").mutate(day_told=local_day(told_slots.slot))
    usable = usable.select("id", "amount", "day_told", of_day=usable.slot - usable.day_told)
    pairs = asked.join(usable, ["id", "of_day"])
    pairs = pairs.filter(
        (pairs.day_told <= pairs.day)
        & (pairs.day_told >= pairs.day - REFERENCE_DAYS * DAY_S)
        & (_rest(pairs.day_told) == _rest(pairs.day))
    )
    pairs = _exact.cut(pairs, ["amount"])
    sums = pairs.group_by("id", "slot").agg(**_exact.added(pairs, ["amount"]), days=pairs.count())
    usual = _exact.whole_column(sums.amount_high, sums.amount_low) / sums.days
    return sums.select("id", "slot", usual=usual)


def parts(crossing_rows: ir.Table, profiles: ir.Table) -> ir.Table:
    """Divide the segments that cross slots; the parts of one sum to it.

    Returns
    -------
    ibis Table
        Columns of :func:`whole`.
    """
    rows = crossing_rows.left_join(profiles, ["id", "slot"]).drop("id_right", "slot_right")
    of_segment = ibis.window(group_by=["id", "from_ts", "to_ts"])
    by_shape = rows.code.isin(ESTIMATED)
    rows = rows.mutate(
        weight=rows.usual * rows.covered,
        # A slot nothing tells of leaves no shape to the whole of its gap.
        untold=(rows.usual.isnull() & by_shape).sum().over(of_segment),
    )
    rows = _exact.cut(rows, ["weight"])
    high, low = (
        rows[f"weight_{part}"].sum().over(of_segment).cast("int64") for part in ("high", "low")
    )
    total = _exact.whole_column(high, low)
    share = ibis.ifelse(
        by_shape & (rows.untold == 0) & (total > 0),
        rows.weight / total,
        rows.covered / (rows.to_ts - rows.from_ts),
    )
    return rows.select(
        "id",
        "slot",
        "covered",
        amount=rows.amount * share,
        code=ibis.ifelse(rows.code == CODE["direct"], CODE["split"], rows.code).cast("int8"),
    )
