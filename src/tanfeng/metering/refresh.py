"""Derive again only what new readings touch: the same figures as deriving everything.

A day of a point is settled when the readings of a whole day after it are in and nothing is pending
over it: no gap, no standstill that may yet be caught up. New readings after the settled days cost
the open days only. A late reading, or one of a point with something pending, costs the history of
that one point. What was settled enters as sums of its days and as the slots it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from ibis.expr import types as ir

from tanfeng.metering._engines import fetch
from tanfeng.metering._mend import CODE, REACH
from tanfeng.metering._rows import DAY_S, LOCAL_S, REFERENCE_DAYS
from tanfeng.metering.derive import Derived, Past, deriving, sums

#: Slots as the refreshing keeps them: what is known of each quarter hour that was derived.
KEPT = pl.Schema(
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
_OPEN = pl.Schema({"point": pl.String, "since": pl.Int64})
#: Readings are fetched from so long before the open days: faults reach over a day at most. [s]
_LEAD_S = 3 * DAY_S
#: Points whose open days began longer before the others' are derived one by one. [s]
_APART_S = 2 * DAY_S


@dataclass(frozen=True, slots=True)
class State:
    """What has been derived so far.

    Parameters
    ----------
    slots : polars.DataFrame
        :data:`KEPT`.
    days : polars.DataFrame
        ``point`` and the columns of :func:`tanfeng.metering._rows.day_sums`.
    open : polars.DataFrame
        ``point``, ``since`` [s]: the local midnight before which it is settled; null: nothing is.
    """

    slots: pl.DataFrame
    days: pl.DataFrame
    open: pl.DataFrame


def nothing() -> State:
    """Return the state before the first reading."""
    return State(KEPT.to_frame(), _DAYS.to_frame(), _OPEN.to_frame())


#: Gives the readings of some points from a time on (None: all of them).
Fetch = Callable[[list[str], datetime | None], ir.Table]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The state after new readings, and what they changed.

    Parameters
    ----------
    state : State
    changed : polars.DataFrame
        ``point``, ``start`` [s] of slots that are new, gone or different.
    """

    state: State
    changed: pl.DataFrame


def refresh(
    state: State,
    touched: pl.DataFrame,
    fetch: Fetch,
    points: pl.DataFrame,
    devices: pl.DataFrame,
) -> Refreshed:
    """Take new readings into account.

    Parameters
    ----------
    state : State
        What was derived from the readings before.
    touched : polars.DataFrame
        ``point``, ``first`` (time of the earliest new reading). A point whose entry in the
        register changed is touched at null: from its beginning.
    fetch : callable
        Gives all readings that hold now, old and new.
    points, devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.POINTS` and ``DEVICES``.

    Returns
    -------
    Refreshed
        Its slots are those a derivation of all readings gives.
    """
    known = touched.join(points.select("point", "interval_s"), on="point")
    asked = known.join(state.open, on="point", how="left").with_columns(
        first=pl.col("first").dt.epoch("s")
    )
    tail = asked.filter(
        (pl.col("first") >= pl.col("since"))
        & (pl.col("since") >= pl.col("since").max() - _APART_S)
        & (pl.col("interval_s") * (REACH + 1) <= DAY_S)
    )
    rest = asked.join(tail, on="point", how="anti")
    before = state
    if not tail.is_empty():
        state = _tail(state, tail, fetch, points, devices)
    if not rest.is_empty():
        state = _whole(state, rest["point"], fetch, points, devices)
    return Refreshed(state, _difference(before, state, asked["point"]))


def _tail(
    state: State, tail: pl.DataFrame, fetch: Fetch, points: pl.DataFrame, devices: pl.DataFrame
) -> State:
    """Derive the open days of points whose settled days stand."""
    names, since = tail["point"], int(tail["since"].min())  # type: ignore[arg-type]
    lead = since - _LEAD_S
    mine = pl.col("point").is_in(names.implode())
    last = pl.col("day").is_between(lead - REFERENCE_DAYS * DAY_S, lead)

    def told(wanted: pl.Series) -> pl.DataFrame:
        return state.slots.filter(
            pl.col("point").is_in(wanted.implode())
            & pl.col("start").is_between(lead - REFERENCE_DAYS * DAY_S, since, closed="left")
            & (pl.col("code") <= CODE["split"])
            & pl.col("amount").is_not_null()
        ).select("point", pl.col("start").alias("slot"), "amount")

    past = Past(state.days.filter(mine & last), told)
    readings = fetch(names.to_list(), datetime.fromtimestamp(lead, UTC))
    chosen = points.filter(mine)
    with deriving(readings, chosen, devices.filter(mine), past=past) as derived:
        made = derived_state(derived)
    return State(
        pl.concat(
            [
                state.slots.filter(~mine | (pl.col("start") < since)),
                made.slots.filter(pl.col("start") >= since),
            ]
        ),
        pl.concat(
            [
                state.days.filter(~mine | (pl.col("day") <= lead)),
                made.days.filter(pl.col("day") > lead),
            ]
        ),
        pl.concat([state.open.filter(~mine), made.open]),
    )


def _whole(
    state: State, names: pl.Series, fetch: Fetch, points: pl.DataFrame, devices: pl.DataFrame
) -> State:
    """Derive points from their beginning."""
    mine = pl.col("point").is_in(names.implode())
    with deriving(
        fetch(names.to_list(), None), points.filter(mine), devices.filter(mine)
    ) as derived:
        made = derived_state(derived)
    return State(
        pl.concat([state.slots.filter(~mine), made.slots]),
        pl.concat([state.days.filter(~mine), made.days]),
        pl.concat([state.open.filter(~mine), made.open]),
    )


def derived_state(derived: Derived) -> State:
    """Fetch what a derivation gave, and find how far it is settled."""
    backend = derived.shop.backend
    names = fetch(derived.points.select("id", "point"), backend)

    def named(table: ir.Table, schema: pl.Schema) -> pl.DataFrame:
        frame = fetch(table, backend).join(names, on="id")
        return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())

    slots = named(sums(derived, by="15min"), KEPT)
    days = named(derived.shop.made("days"), _DAYS)
    segments = fetch(derived.segments, backend).join(names, on="id")
    ends = segments.group_by("point").agg(
        last=pl.col("to_ts").max(),
        moved=pl.col("to_ts").filter(pl.col("amount").is_null() | (pl.col("amount") != 0)).max(),
    )
    midnight = pl.col("last") - (pl.col("last") + LOCAL_S) % DAY_S - DAY_S
    ends = ends.with_columns(since=midnight)
    over = segments.join(ends, on="point").filter(
        (pl.col("from_ts") < pl.col("since")) & (pl.col("to_ts") > pl.col("since"))
    )
    pending = pl.col("point").is_in(over["point"].implode()) | (
        pl.col("moved").fill_null(0) <= pl.col("since")
    )
    opened = ends.select("point", since=pl.when(pending).then(None).otherwise("since"))
    return State(slots, days, opened)


def _difference(before: State, after: State, names: pl.Series) -> pl.DataFrame:
    mine = pl.col("point").is_in(names.implode())
    key = ["point", "start"]
    old, new = before.slots.filter(mine), after.slots.filter(mine)
    both = old.join(new, on=key, how="full", coalesce=True, suffix="_new")
    values = [name for name in KEPT.names() if name not in key]
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_new")) for name in values)
    return both.filter(~same).select(key).sort(key)
