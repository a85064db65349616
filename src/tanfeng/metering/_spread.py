"""Amounts between two instants, laid into quarter hours, hours, days or months.

An amount whose ends lie in one slot goes there. One that crosses slots within the ordinary spacing
is divided by time. One that crosses a gap is known as a whole; its shape follows what the point
itself used at the same time of day on the days before, or is even if nothing tells.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from tanfeng.metering._mend import CODE, ESTIMATED
from tanfeng.metering._rows import DAY_S, LOCAL_S, REFERENCE_DAYS, floor_to, local_day
from tanfeng.metering.frames import SLOT_S

#: Working days and days of rest have profiles of their own; 1970-01-01 was a Thursday.
_THURSDAY = 3


def _rest(day: ir.IntegerValue) -> ir.BooleanValue:
    return ((day + LOCAL_S) // DAY_S + _THURSDAY) % 7 >= 5


def whole(segments: ir.Table) -> ir.Table:
    """Take the segments that lie in one slot.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` (its beginning) [s], ``amount`` [base unit], ``covered`` [s], ``code``.
    """
    first = floor_to(segments.from_ts, SLOT_S)
    one = segments.filter(first == floor_to(segments.to_ts - 1, SLOT_S))
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


def profile(whole_pieces: ir.Table, crossing_rows: ir.Table) -> ir.Table:
    """Find what a point used in the slots of a gap on its own days before.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` of a row that needs a shape, ``usual`` [base unit] (mean of the same time
        of day on the same kind of day among the fifteen days up to it).
    """
    asked = crossing_rows.filter(crossing_rows.code.isin(ESTIMATED)).select("id", "slot").distinct()
    asked = asked.mutate(day=local_day(asked.slot))
    asked = asked.mutate(of_day=asked.slot - asked.day)
    even = (
        crossing_rows.amount * crossing_rows.covered / (crossing_rows.to_ts - crossing_rows.from_ts)
    )
    divided = crossing_rows.select("id", "slot", "code", amount=even)
    told = whole_pieces.select("id", "slot", "code", "amount").union(divided)
    told = told.filter((told.code == CODE["direct"]) & told.amount.notnull())
    told = told.semi_join(asked, "id").group_by("id", "slot").agg(amount=told.amount.sum())
    told = told.select("id", "amount", day_told=local_day(told.slot), at=told.slot)
    told = told.mutate(of_day=told["at"] - told.day_told)
    pairs = asked.join(told.drop("at"), ["id", "of_day"])
    pairs = pairs.filter(
        (pairs.day_told <= pairs.day)
        & (pairs.day_told >= pairs.day - REFERENCE_DAYS * DAY_S)
        & (_rest(pairs.day_told) == _rest(pairs.day))
    )
    return pairs.group_by("id", "slot").agg(usual=pairs.amount.mean())


def parts(crossing_rows: ir.Table, profiles: ir.Table) -> ir.Table:
    """Divide the segments that cross slots; the parts of one sum to it.

    Returns
    -------
    ibis Table
        Columns of :func:`whole`.
    """
    rows = crossing_rows.left_join(profiles, ["id", "slot"]).drop("id_right", "slot_right")
    of_segment = ibis.window(group_by=["id", "from_ts", "to_ts"])
    shaped = rows.code.isin(ESTIMATED)
    rows = rows.mutate(
        weight=rows.usual * rows.covered,
        # A slot nothing tells of leaves no shape to the whole of its gap.
        untold=(rows.usual.isnull() & shaped).sum().over(of_segment),
    )
    total = rows.weight.sum().over(of_segment)
    share = ibis.ifelse(
        shaped & (rows.untold == 0) & (total > 0),
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
