"""Quarter hours of virtual meters, kept like those of metered points.

Where a metered point changes, every virtual point that rests on it is computed again over the
stretch of the month that changed, from what is kept.
"""

from __future__ import annotations

import hashlib

import polars as pl

from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._kept_files import Look
from tanfeng.metering._kept_read import slots_between
from tanfeng.metering.frames import SLOT_S
from tanfeng.metering.virtual import VirtualMeters

#: Quarter hours of inputs that are read together.
_MOST_SLOTS = 3_000_000


def inputs(virtual: VirtualMeters | None) -> pl.DataFrame:
    """Return of each virtual point what tells whether it still rests on the same points."""
    told: dict[str, str] = {}
    if virtual is not None:
        groups = virtual.inputs.sort("virtual", "point").group_by("virtual").agg("point")
        for name, under in groups.iter_rows():
            told[name] = hashlib.sha256("\n".join(under).encode()).hexdigest()[:32]
    return pl.DataFrame(
        {"point": list(told), "inputs": list(told.values())},
        schema={"point": pl.String, "inputs": pl.String},
    )


def everywhere(ids: pl.Series, look: Look) -> pl.DataFrame:
    """Return the entries that compute virtual points anew wherever anything is kept."""
    months = pl.DataFrame({"month": look.parts("slots")}, schema={"month": pl.String})
    begin = pl.col("month").str.to_datetime("%Y-%m").dt.epoch("s") // SLOT_S - kt.AHEAD
    end = pl.col("month").str.to_datetime("%Y-%m").dt.offset_by("1mo").dt.epoch("s") // SLOT_S
    return (
        pl.DataFrame({"id": ids})
        .join(months, how="cross")
        .select("id", virtual=True, month="month", low=begin, high=end - kt.AHEAD - 1)
    )


def touched(slots: pl.DataFrame, known: pl.DataFrame, virtual: VirtualMeters) -> pl.DataFrame:
    """Return the entries of virtual points that rest on quarter hours that changed."""
    ids = known.select("id", "point")
    on = virtual.inputs.join(ids, on="point").join(
        ids.rename({"id": "made", "point": "virtual"}), on="virtual"
    )
    spans = slots.group_by("id", month=kt.month_of(pl.col("slot"))).agg(
        low=pl.col("slot").min().cast(pl.Int64), high=pl.col("slot").max().cast(pl.Int64)
    )
    return (
        spans.join(on.select("id", "made"), on="id")
        .group_by("made", "month")
        .agg(pl.col("low").min(), pl.col("high").max())
        .select(pl.col("made").alias("id"), virtual=True, month="month", low="low", high="high")
    )


def step(
    look: Look, pending: pl.DataFrame, virtual: VirtualMeters | None, known: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Compute virtual points over a stretch of a month.

    Returns
    -------
    before, after : polars.DataFrame
        Quarter hours as kept that are not any more, and those to write.
    known : polars.DataFrame
        What is known of these points, their first quarter hour put right.
    left : polars.DataFrame
        What is still pending.
    """
    month = str(pending["month"].min())
    mine = pending.filter(pl.col("month") == month)
    others = pending.filter(pl.col("month") != month)
    some = known.filter(pl.col("id").is_in(mine["id"].implode()))
    if virtual is None:
        return (
            kt.TABLES["slots"].schema.to_frame(),
            kt.TABLES["slots"].schema.to_frame(),
            some,
            others,
        )
    wanted = virtual.inputs["point"].unique()
    under = known.filter(pl.col("point").is_in(wanted.implode()))
    low, high = int(mine["low"].min()), int(mine["high"].max())  # type: ignore[arg-type]
    last = min(high, low + max(4, _MOST_SLOTS // max(1, under.height)) - 1)
    names = known.select("id", "point")
    of_inputs = kt.as_slots(slots_between(look, under["id"].to_list(), low, last + 1), names)
    made = virtual.slots(of_inputs).join(some.select("id", "point"), on="point")
    sure, known_ = pl.col("quality") == "measured", pl.col("quality") != "missing"
    new = made.select(
        "id",
        (pl.col("start").dt.epoch("s") // SLOT_S).cast(pl.Int32).alias("slot"),
        "amount",
        "measured",
        pl.when(known_).then(SLOT_S).otherwise(0).cast(pl.Int32).alias("known_s"),
        pl.when(sure).then(SLOT_S).otherwise(0).cast(pl.Int32).alias("measured_s"),
        pl.lit(kt.VIRTUAL, pl.Int8).alias("code"),
    )
    old = slots_between(look, some["id"].to_list(), low, last + 1)
    before, after = kt.changed(old, new)
    first = after.filter(pl.col("code").is_not_null()).group_by("id")
    some = some.join(first.agg(new=pl.col("slot").min()), on="id", how="left")
    some = some.with_columns(first=pl.min_horizontal("first", "new")).drop("new")
    rest = mine.filter(pl.col("high") > last).with_columns(
        low=pl.max_horizontal("low", pl.lit(last + 1, pl.Int64))
    )
    return before, after, some, pl.concat([others, rest])
