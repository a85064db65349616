"""Which slots a point owes: from when on, until when, and how many in a period."""

from __future__ import annotations

import polars as pl

from tanfeng.metering._calendar import ceil_slot, floor_slot
from tanfeng.metering._tree import current
from tanfeng.metering.frames import SLOT_S, TIME


def due_since(
    points: pl.DataFrame,
    slots: pl.DataFrame | None = None,
    devices: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return from when to when each point owes slots.

    Parameters
    ----------
    points : polars.DataFrame
        With the columns of ``frames.POINTS``.
    slots : polars.DataFrame, optional
        point, start: with the first slot of each point among them, from all time and not from a
        window; rows of a point beyond its first do no harm.
    devices : polars.DataFrame, optional
        With the columns of ``frames.DEVICES``.

    Returns
    -------
    polars.DataFrame
        point, due_from, due_to (null: still due), on quarter hours.

    Notes
    -----
    A point is due from its first slot or the hour its first meter was hung, whichever came
    first; with neither, from when it was registered. It is due until it was retired, or until its
    last meter was taken down and no other hung. A point without either is due until further notice.
    """
    known = current(points)
    lacking = [name for name in ("recorded", "retired") if name not in known.columns]
    hung = _hung(devices)
    firsts = [hung.select("point", "since"), *([] if slots is None else [_firsts(slots)])]
    since = pl.concat(firsts).group_by("point").agg(pl.col("since").min())
    return (
        known.with_columns(pl.lit(None, TIME).alias(name) for name in lacking)
        .join(since, on="point", how="left")
        .join(hung.select("point", "due_to"), on="point", how="left")
        .select(
            "point",
            due_from=floor_slot(pl.coalesce("since", "recorded").cast(TIME)),
            due_to=ceil_slot(pl.min_horizontal("due_to", "retired").cast(TIME)),
        )
        .drop_nulls("due_from")
        .sort("point")
    )


def _firsts(slots: pl.DataFrame) -> pl.DataFrame:
    """Return the first slot of each point: point, since."""
    # Slots of a point mostly stand together: the first of each run, then of each point.
    run = pl.col("point").rle_id().alias("run")
    runs = (
        slots.lazy()
        .select("point", "start", run)
        .group_by("run")
        .agg(pl.col("point").first(), since=pl.col("start").min())
    )
    return runs.group_by("point").agg(pl.col("since").min()).collect()


def _hung(devices: pl.DataFrame | None) -> pl.DataFrame:
    """Return when the first meter of a point was hung and its last taken down: since, due_to."""
    if devices is None or devices.is_empty():
        return pl.DataFrame(schema={"point": pl.String, "since": TIME, "due_to": TIME})
    held = devices.sort("recorded").unique(["point", "device", "installed"], keep="last")
    return held.group_by("point").agg(
        since=pl.col("installed").min(),
        due_to=pl.when(pl.col("removed").null_count() == 0).then(pl.col("removed").max()),
    )


def due_slots(counted: pl.DataFrame, due: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return how many slots each source owes in each period.

    Parameters
    ----------
    counted : polars.DataFrame
        point, source.
    due : polars.DataFrame
        As :func:`due_since` returns it; a point that is not in it owes nothing.
    periods : polars.DataFrame
        number, first (slot), slots: consecutive.

    Returns
    -------
    polars.DataFrame
        source, number, slots_due; nothing owed is no row.
    """
    # Points of one source that owe the same span are one row; there are few such spans, because
    # what a span owes outside the periods does not tell it from another.
    slot = pl.duration(seconds=SLOT_S)
    begin = periods["first"].min()
    end = periods.select((pl.col("first") + pl.col("slots") * slot).max()).item()
    due_to = pl.col("due_to")
    within = due.filter((pl.col("due_from") < end) & (due_to.is_null() | (due_to > begin)))
    within = within.with_columns(
        due_from=pl.max_horizontal("due_from", pl.lit(begin, TIME)),
        due_to=pl.when(due_to < end).then(due_to),
    )
    spans = (
        counted.join(within, on="point")
        .group_by("source", "due_from", "due_to")
        .agg(points=pl.len())
    )
    low = pl.max_horizontal("first", "due_from")
    high = pl.min_horizontal(pl.col("first") + pl.col("slots") * slot, pl.col("due_to"))
    owed = (high - low).dt.total_seconds() // SLOT_S
    return (
        spans.lazy()
        .join(periods.lazy().select("number", "first", "slots"), how="cross")
        .select("source", "number", owed=pl.col("points") * owed.clip(0))
        .group_by("source", "number")
        .agg(slots_due=pl.col("owed").sum())
        .filter(pl.col("slots_due") > 0)
        .with_columns(pl.col("source", "number").cast(pl.Int32))
        .collect()
    )
