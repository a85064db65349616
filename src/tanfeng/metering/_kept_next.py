"""Readings that follow on and leave no question: their quarter hours, without deriving any again.

Most hours of most meters are like that: a register goes on from a reading that ended a quarter
hour, nothing is missing, nothing is out of the ordinary, and nothing was lately. Then every new
amount is the difference of two readings in one quarter hour, and no quarter hour before changes.
Whoever does not fit is left to :mod:`tanfeng.metering.refresh`: in doubt a point does not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.metering import _exact, _sums
from tanfeng.metering import _kept_terms as kt
from tanfeng.metering import _rows as rules
from tanfeng.metering._mend import CODE, FROZEN_DAYS, REACH
from tanfeng.metering._rows import DAY_S, HOUR_S, LOG_PARTS, REFERENCE_DAYS
from tanfeng.metering.frames import BAD, SLOT_S

if TYPE_CHECKING:
    from tanfeng.metering.store import Store

#: Days before the new ones that are looked at: what is usual on any of the last ones.
LOOK_BACK = 2 * REFERENCE_DAYS + 2
#: Points whose last reading lies so long before the newest are left to the other way: all that
#: came since the earliest is read. [s]
_APART_S = 2 * HOUR_S
#: Of a point that is open for longer nothing is known yet since its register stopped. [s]
_OPEN_S = (FROZEN_DAYS + 4) * DAY_S
#: A rate this near to what can be believed is in doubt: engines differ in the last bit.
_DOUBT = 1 - 1e-9
_ADDED = ("n", "still", "rising", "s1", "s2", "doubled")


@dataclass(frozen=True, slots=True)
class Followed:
    """What new readings came to.

    Parameters
    ----------
    ids : polars.Series
        Points they were taken in of; of the others nothing was.
    slots : polars.DataFrame
        Quarter hours as kept, all new.
    days : polars.DataFrame
        Sums of the days that are not what they were, as kept.
    ends : polars.DataFrame
        ``id``, ``last`` [s]; ``moved``: something flowed in the new readings.
    """

    ids: pl.Series
    slots: pl.DataFrame
    days: pl.DataFrame
    ends: pl.DataFrame


def fitting(asked: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Tell which points may follow on, before their readings are looked at.

    Parameters
    ----------
    asked : polars.DataFrame
        ``id``, ``point``, ``first`` (new reading), ``since`` and ``last`` (reading taken in) [s].
    about : polars.DataFrame
        From :func:`tanfeng.metering._rows.point_table`.

    Returns
    -------
    polars.DataFrame
        ``id``, ``point``, ``last``, ``scale``, ``interval_s``, ``rated``.
    """
    here = asked.join(about.drop("id"), on="point").filter(
        pl.col("since").is_not_null()
        & (pl.col("first") > pl.col("last"))
        & (pl.col("last") % SLOT_S == 0)
        & (pl.col("kind") == rules.REGISTER)
        & ~pl.col("changed")
        & (pl.col("interval_s") * (REACH + 1) < DAY_S)
        & (pl.col("last") - pl.col("since") <= _OPEN_S)
    )
    near = pl.col("last") >= pl.col("last").max() - _APART_S
    return here.filter(near).select("id", "point", "last", "scale", "interval_s", "rated")


def follow(store: Store, points: pl.DataFrame, days: pl.DataFrame) -> Followed:
    """Take in the new readings of points, as far as they follow on.

    Parameters
    ----------
    store : Store
    points : polars.DataFrame
        From :func:`fitting`, with a row at least.
    days : polars.DataFrame
        Their sums of days as kept, :data:`LOOK_BACK` days back.
    """
    rows = _beside(_readings(store, points))
    bad = rows.filter(~pl.col("sure"))["id"].unique()
    rows = rows.filter(~pl.col("id").is_in(bad.implode()))
    new = _day_sums(rows)
    both = pl.concat([days, new.select(days.columns).cast(days.schema)])
    summed = both.group_by("id", "midnight").agg(
        pl.col(_ADDED).sum(),
        pl.col("highest").max(),
        pl.col("lowest", "earliest").min(),
    )
    doubtful = _doubtful(summed, new, points)
    rows = rows.filter(~pl.col("id").is_in(doubtful.implode()))
    touched = summed.join(new, on=["id", "midnight"], how="semi").select(days.columns)
    ends = rows.group_by("id").agg(last=pl.col("ats").max(), moved=(pl.col("amount") != 0).any())
    mine = pl.col("id").is_in(ends["id"].implode())
    return Followed(ends["id"], _slots(rows), touched.filter(mine), ends)


def _readings(store: Store, points: pl.DataFrame) -> pl.DataFrame:
    """Return the readings from the last taken in on, by point and time."""
    begin = datetime.fromtimestamp(int(points["last"].min()), UTC)  # type: ignore[arg-type]
    some = points["point"].to_list() if points.height == 1 else None
    found = store.raw(some, begin).filter(pl.col("quality") != BAD)
    at = pl.col("time").dt.epoch("us") // 1_000_000
    return (
        found.join(points, on="point")
        .select("id", "value", "last", "scale", "interval_s", ats=at)
        .filter(pl.col("ats") >= pl.col("last"))
        .sort("id", "ats")
    )


def _beside(rows: pl.DataFrame) -> pl.DataFrame:
    """Lay new readings beside the ones before, as ``_arrays`` does; ``sure``: without a doubt."""
    before = pl.col("value", "ats").shift(1).over("id", mapping_strategy="explode")
    rows = rows.with_columns(before.name.prefix("before_"))
    first = pl.col("before_ats").is_null()
    # The reading taken in last begins the row of each point, and there is one of it.
    strange = rows.filter(first & (pl.col("ats") != pl.col("last")))["id"]
    rows = rows.filter(~first)
    at, value, p = (rows[name].to_numpy() for name in ("ats", "value", "before_value"))
    since = at - rows["before_ats"].to_numpy()
    amount = (value - p) * rows["scale"].to_numpy()
    with np.errstate(all="ignore"):
        rate = amount * HOUR_S / since
    sure = (
        (since > 0)
        & (since <= rules.GAP * rows["interval_s"].to_numpy())
        & ((at - 1) % SLOT_S >= since - 1)
        & np.isfinite(amount)
    )
    return rows.select(
        "id", "ats", tp="before_ats",
        amount=pl.Series(amount), rate=pl.Series(rate), since=pl.Series(since),
        sure=pl.Series(sure) & ~rows["id"].is_in(strange.implode()),
    )  # fmt: skip


def _day_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum up what the new readings add to their days."""
    rate = rows["rate"].to_numpy()
    rising = rate > 0
    log = np.log(rate, where=rising, out=np.zeros(rate.size))
    s1, s2 = (np.floor(term * LOG_PARTS + 0.5) for term in (log, log * log))
    day = rules.local_day_of(pl.col("ats"))
    of_rows = rows.with_columns(s1=pl.Series(s1), s2=pl.Series(s2), midnight=day)
    return of_rows.group_by("id", "midnight").agg(
        n=pl.len(),
        still=(pl.col("rate") == 0).sum(),
        rising=(pl.col("rate") > 0).sum(),
        s1=pl.col("s1").sum(),
        s2=pl.col("s2").sum(),
        highest=pl.col("rate").max(),
        lowest=pl.col("rate").min(),
        doubled=pl.lit(0, pl.Int64),
        earliest=pl.col("tp").min(),
    )


def _doubtful(days: pl.DataFrame, new: pl.DataFrame, points: pl.DataFrame) -> pl.Series:
    """Name the points of which something is, or lately was, out of the ordinary.

    Within a day of something wrong readings are mended. A register that stood still lately, and of
    which anything was wrong within the days a derivation looks at, may have been frozen.
    """
    told = _usual(days, points)
    first = new.group_by("id").agg(begin=pl.col("midnight").min() - DAY_S)
    told = told.join(first, on="id")
    near = pl.col("midnight") >= pl.col("begin")
    stood = (near & (pl.col("still") > 0)).any().over("id")
    wrong = pl.col("wrong").fill_null(False)
    return told.filter(wrong & (near | stood))["id"].unique()


def _usual(days: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Tell of each day whether something was wrong, in doubt yes."""
    days = days.rename({"midnight": "day"}).sort("id", "day")
    told = rules.usual_frame(days, points)
    doubt = days["highest"] > told["bound"] * _DOUBT
    return days.select("id", "still", midnight="day", wrong=told["wrong"] | doubt)


def _slots(rows: pl.DataFrame) -> pl.DataFrame:
    """Add amounts up by quarter hour: each lies in one."""
    high, low = _exact.cut_array(rows["amount"].to_numpy())
    end = pl.col("ats") - 1
    added = (
        rows.select(
            "id",
            (end - end % SLOT_S).alias("start"),
            known_s="since",
            amount_high=pl.Series(high),
            amount_low=pl.Series(low),
        )
        .group_by("id", "start")
        .agg(pl.col("amount_high", "amount_low", "known_s").sum())
        .with_columns(
            pl.lit(0, pl.Int64).alias("guess_high"),
            pl.lit(0, pl.Int64).alias("guess_low"),
            pl.lit(0, pl.Int64).alias("guess_s"),
            pl.lit(CODE["direct"], pl.Int8).alias("code"),
        )
    )
    schema = kt.TABLES["slots"].schema
    slots = _sums.finished_frame(added).with_columns(slot=pl.col("start") // SLOT_S)
    return slots.select(pl.col(name).cast(kind) for name, kind in schema.items())
