"""Derive again only what new readings touch: the same figures as deriving everything.

A day of a point is settled when the readings of a whole day after it are in and nothing is pending
over it: no gap, no standstill that may yet be caught up. New readings after the settled days cost
the open days only, and what is pending is open from a day before it began. A late reading costs the
history of that one point. What was settled enters as sums of its days and as the slots it has;
who keeps them and puts what is made here in their place is :mod:`tanfeng.metering._settling`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
import polars as pl
from ibis.expr import types as ir

from tanfeng.metering._engines import fetch
from tanfeng.metering._mend import CODE, FROZEN_DAYS, REACH
from tanfeng.metering._rows import DAY_S, REFERENCE_DAYS, local_day
from tanfeng.metering.derive import Derived, Past, deriving, sums

#: What is known of each quarter hour that was derived.
_SLOTS = pl.Schema(
    {
        "point": pl.String,
        "start": pl.Int64,  # [s]
        "amount": pl.Float64,
        "measured": pl.Float64,
        "known_s": pl.Int64,
        "measured_s": pl.Int64,
        "code": pl.Int8,
    }
)
_DAYS = pl.Schema(
    {
        "point": pl.String,
        "day": pl.Int64,
        "n": pl.Int64,
        "still": pl.Int64,
        "rising": pl.Int64,
        "s1": pl.Float64,
        "s2": pl.Float64,
        "highest": pl.Float64,
        "lowest": pl.Float64,
        "doubled": pl.Int64,
        "earliest": pl.Int64,
    }
)
_OPEN = pl.Schema({"point": pl.String, "since": pl.Int64, "last": pl.Int64})
#: Quarter hours are given from so long before the open days, to see that they are what they were:
#: mending goes no further back than the days beside a wrong one and the reading before it. [s]
CHECKED_S = 2 * DAY_S
#: Readings are fetched from so long before the open days. [s]
_LEAD_S = CHECKED_S + DAY_S
#: Points are derived together whose open days began within so long, or so many times longer ago.
_APART_S, _APART_TIMES = 2 * DAY_S, 3
#: A register that stood still for longer is taken at its word: nothing older is pending. [s]
_STILL_S = (FROZEN_DAYS + 2) * DAY_S


#: Gives the readings of some points from a time on (None: all of them).
Fetch = Callable[[list[str], datetime | None], ir.Table]


@dataclass(frozen=True, slots=True)
class Made:
    """What a derivation of some points gave.

    Parameters
    ----------
    slots : polars.DataFrame
        ``point``, ``start`` [s], ``amount``, ``measured`` [base unit], ``known_s``, ``measured_s``
        [s], ``code`` of the rule.
    days : polars.DataFrame
        ``point`` and the columns of :func:`tanfeng.metering._rows.day_sums`.
    open : polars.DataFrame
        ``point``, ``since`` [s]: the local midnight before which it is settled; null: nothing is;
        ``last`` [s]: the end of its last segment.
    since : int or None
        The open days begin at this local midnight [s], and slots are given from
        :data:`CHECKED_S` before it on; None: all days are open.
    lead : int or None
        Days are given after this local midnight [s]; None: from the beginning.
    """

    slots: pl.DataFrame
    days: pl.DataFrame
    open: pl.DataFrame
    since: int | None = None
    lead: int | None = None


def apart(asked: pl.DataFrame) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Tell points of which the open days are enough from those that need their whole history.

    Parameters
    ----------
    asked : polars.DataFrame
        ``point``, ``first``, ``since`` [s], ``interval_s``.

    Returns
    -------
    tails : list of polars.DataFrame
        Rows of the first kind, in groups to derive together: with a point of which much is open
        nothing is derived again of many of which little is.
    rest : polars.DataFrame
        Rows of the second kind.
    """
    enough = (
        (pl.col("first") >= pl.col("since")) & (pl.col("interval_s") * (REACH + 1) <= DAY_S)
    ).fill_null(False)
    left = asked.filter(enough)
    newest = left["since"].max()
    tails = []
    reach = _APART_S
    while isinstance(newest, int) and not left.is_empty():
        near = pl.col("since") >= newest - reach
        tails.append(left.filter(near))
        left = left.filter(~near)
        reach *= _APART_TIMES
    return [tail for tail in tails if not tail.is_empty()], asked.filter(~enough)


#: Gives kept slots of some points between two instants [s].
Told = Callable[[pl.Series, int, int], pl.DataFrame]


def of_tail(
    tail: pl.DataFrame,
    days: pl.DataFrame,
    told: Told,
    fetch: Fetch,
    points: pl.DataFrame,
    devices: pl.DataFrame,
) -> Made:
    """Derive the open days of points whose settled days stand.

    Parameters
    ----------
    tail : polars.DataFrame
        ``point``, ``since`` [s], from :func:`apart`.
    days : polars.DataFrame
        Sums of the days of these points; others do no harm.
    told : callable
        Gives kept slots; asked only for points with a gap.
    fetch : callable
        Gives all readings that hold now, old and new.
    points, devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.POINTS` and ``DEVICES``.

    Returns
    -------
    Made
    """
    names, since = tail["point"], int(tail["since"].min())  # type: ignore[arg-type]
    lead = since - _LEAD_S
    mine = pl.col("point").is_in(names.implode())
    begin = lead - REFERENCE_DAYS * DAY_S

    def shape(wanted: pl.Series) -> pl.DataFrame:
        usual = (pl.col("code") <= CODE["split"]) & pl.col("amount").is_not_null()
        slots = told(wanted, begin, since).filter(usual)
        return slots.select("point", pl.col("start").alias("slot"), "amount")

    past = Past(days.filter(mine & pl.col("day").is_between(begin, lead)), shape)
    readings = fetch(names.to_list(), datetime.fromtimestamp(lead, UTC))
    with deriving(readings, points.filter(mine), devices.filter(mine), past=past) as derived:
        return _made(derived, since, lead)


def of_whole(names: pl.Series, fetch: Fetch, points: pl.DataFrame, devices: pl.DataFrame) -> Made:
    """Derive points from their beginning.

    Parameters
    ----------
    names : polars.Series
        Points.
    fetch, points, devices
        As of :func:`of_tail`.

    Returns
    -------
    Made
    """
    mine = pl.col("point").is_in(names.implode())
    readings = fetch(names.to_list(), None)
    with deriving(readings, points.filter(mine), devices.filter(mine)) as derived:
        return _made(derived)


def _made(derived: Derived, since: int | None = None, lead: int | None = None) -> Made:
    """Fetch what a derivation gave, and find how far it is settled."""
    backend = derived.shop.backend
    names = fetch(derived.points.select("id", "point"), backend)

    def named(table: ir.Table, schema: pl.Schema) -> pl.DataFrame:
        frame = fetch(table, backend).join(names, on="id")
        return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())

    summed = sums(derived, by="15min")
    if since is not None:
        summed = summed.filter(summed.start >= since - CHECKED_S)
    slots = named(summed, _SLOTS)
    days = named(derived.shop.made("days"), _DAYS)
    if lead is not None:
        days = days.filter(pl.col("day") > lead)
    segments = derived.segments  # made when it is asked for
    ends = derived.shop.step("ends", lambda: _ends(segments), derived.path)
    opened = fetch(ends, backend).join(names, on="id")
    opened = opened.select("point", "last", since=_settled_before())
    return Made(slots, days, opened, since, lead)


def _ends(segments: ir.Table) -> ir.Table:
    """Find of each point up to where it is settled.

    Returns
    -------
    ibis Table
        ``id``, ``last`` (the end of its last), ``since`` (the midnight a day before that, or before
        it last moved), ``begun`` (where a segment reaches over that: the midnight a day before it
        begins) [s], ``twice`` (another reaches over that).
    """
    ends = segments.group_by("id").agg(
        last=segments.to_ts.max(),
        moved=segments.to_ts.max(where=segments.amount.isnull() | (segments.amount != 0)),
    )
    ends = ends.mutate(since=local_day(ends.last) - DAY_S)
    # Standing still for long, it may be settled up to where the standstill is seen to be long.
    known = ibis.coalesce(ends.moved, ends.last - 2 * _STILL_S)
    ends = ends.mutate(
        since=ibis.ifelse(
            known <= ends.since,
            ibis.greatest(local_day(known), local_day(ends.last) - _STILL_S) - DAY_S,
            ends.since,
        )
    )
    spans = segments.join(ends.select("id", "since"), "id")
    over = spans.filter((spans.from_ts < spans.since) & (spans.to_ts > spans.since))
    over = over.group_by("id").agg(begun=over.from_ts.min())
    over = over.select("id", begun=local_day(over.begun) - DAY_S)
    spans = segments.join(over, "id")
    twice = spans.filter((spans.from_ts < spans.begun) & (spans.to_ts > spans.begun))
    twice = twice.select("id").distinct().mutate(twice=True)
    both = ends.left_join(over, "id").select("id", "last", "since", "begun")
    both = both.left_join(twice, "id")
    return both.select("id", "last", "since", "begun", twice=both.twice.fill_null(False))


def _settled_before() -> pl.Expr:
    return pl.when(~pl.col("twice")).then(pl.min_horizontal("since", "begun"))
