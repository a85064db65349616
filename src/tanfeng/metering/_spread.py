"""Amounts between two instants, laid into quarter hours, hours, days or months.

An amount whose ends lie in one slot goes there. One that crosses slots within the ordinary spacing
is divided by time. One that crosses a gap is known as a whole; its shape follows what the point
itself used at the same time of day on the days before, or is even if nothing tells.
"""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from tanfeng.metering._mend import CODE, ESTIMATED
from tanfeng.metering._rows import DAY_S, LOCAL_S, REFERENCE_DAYS
from tanfeng.metering.frames import SLOT_S

#: Working days and days of rest have profiles of their own: 1970-01-01 was a Thursday.
_MONDAY = 3


def _rest(day: ir.IntegerValue) -> ir.BooleanValue:
    return (day + _MONDAY) % 7 >= 5


def whole(segments: ir.Table) -> ir.Table:
    """Pieces of the segments that lie in one slot.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` (number of the quarter hour since 1970), ``amount`` [base unit],
        ``covered`` [s], ``code``.
    """
    slot = segments.from_ts // SLOT_S
    one = segments.filter(slot == (segments.to_ts - 1) // SLOT_S)
    return one.select(
        "id",
        "amount",
        "code",
        slot=one.from_ts // SLOT_S,
        covered=one.to_ts - one.from_ts,
    )


def crossing(segments: ir.Table) -> ir.Table:
    """Segments that cross slots, one row per slot they touch.

    Returns
    -------
    ibis Table
        Columns of the segments with ``slot`` and ``covered`` [s].
    """
    many = segments.filter(segments.from_ts // SLOT_S != (segments.to_ts - 1) // SLOT_S)
    rows = many.mutate(
        slot=ibis.range(many.from_ts // SLOT_S, (many.to_ts - 1) // SLOT_S + 1).unnest()
    )
    start = rows.slot * SLOT_S
    return rows.mutate(
        covered=ibis.least(rows.to_ts, start + SLOT_S) - ibis.greatest(rows.from_ts, start)
    )


def profile(whole_pieces: ir.Table, crossing_rows: ir.Table) -> ir.Table:
    """What a point used in the slots of a gap, as its own days before tell.

    Returns
    -------
    ibis Table
        ``id``, ``slot`` of a row that needs a shape, ``usual`` [base unit] (mean of the same time
        of day on the same kind of day among the fifteen days up to it).
    """
    shaped = crossing_rows.filter(crossing_rows.code.isin(ESTIMATED))
    asked = shaped.select("id", "slot").distinct()
    local = asked.slot + LOCAL_S // SLOT_S
    per_day = DAY_S // SLOT_S
    asked = asked.mutate(day=local // per_day, of_day=local % per_day)
    told = whole_pieces.filter(
        (whole_pieces.code == CODE["direct"]) & whole_pieces.amount.notnull()
    ).semi_join(asked, "id")
    local = told.slot + LOCAL_S // SLOT_S
    told = told.select("id", "amount", day_told=local // per_day, of_day=local % per_day)
    pairs = asked.join(told, ["id", "of_day"])
    pairs = pairs.filter(
        (pairs.day_told <= pairs.day)
        & (pairs.day_told >= pairs.day - REFERENCE_DAYS)
        & (_rest(pairs.day_told) == _rest(pairs.day))
    )
    return pairs.group_by("id", "slot").agg(usual=pairs.amount.mean())


def parts(crossing_rows: ir.Table, profiles: ir.Table) -> ir.Table:
    """Pieces of the segments that cross slots; the parts of one sum to it.

    Returns
    -------
    ibis Table
        Columns of :func:`whole`.
    """
    rows = crossing_rows.left_join(profiles, ["id", "slot"]).drop("id_right", "slot_right")
    of_segment = ibis.window(group_by=["id", "from_ts", "to_ts"])
    shaped = rows.code.isin(ESTIMATED)
    told = rows.mutate(
        even=rows.covered.cast("float64"),
        weight=rows.usual * rows.covered,
        # A slot nothing tells of leaves no shape to the whole of its gap.
        untold=(rows.usual.isnull() & shaped).sum().over(of_segment),
    )
    told = told.mutate(
        sum_even=told.even.sum().over(of_segment), sum_weight=told.weight.sum().over(of_segment)
    )
    by_shape = told.code.isin(ESTIMATED) & (told.untold == 0) & (told.sum_weight > 0)
    share = ibis.ifelse(by_shape, told.weight / told.sum_weight, told.even / told.sum_even)
    return told.select(
        "id",
        "slot",
        "covered",
        amount=told.amount * share,
        code=ibis.ifelse(told.code == CODE["direct"], CODE["split"], told.code).cast("int8"),
    )
