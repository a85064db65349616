"""First pass over the readings: each beside its neighbours, and what is usual for its point.

One window over all rows is the whole cost of it. What needs more than a neighbour is done for the
few days where something is wrong (:mod:`tanfeng.metering._mend`). Times are whole seconds since
1970 in UTC from here on: no meter's clock is better.
"""

from __future__ import annotations

import math
from typing import TypeVar

import ibis
import numpy as np
import polars as pl
from ibis.expr import types as ir
from numpy.typing import NDArray

from tanfeng.metering._flow import KEY
from tanfeng.metering.frames import BAD, KINDS, meter_units

HOUR_S = 3600
DAY_S = 86_400
#: The city's clock is eight hours ahead of UTC all year. [s]
LOCAL_S = 8 * HOUR_S
REGISTER, AMOUNT, POWER = (KINDS.index(kind) for kind in ("register", "amount", "power"))

#: The day itself and so many before it say what is usual for a point.
REFERENCE_DAYS = 14
#: With fewer readings that rose, or fewer readings at all, nothing is called unusual.
LEAST_RISING, LEAST_READINGS = 24, 48
#: A rate above this multiple of the rated power is impossible; ...
RATED_MARGIN = 1.2
#: ... without a rated power one so many standard deviations (of its logarithm) above the mean, and
#: at least twentyfold, is not believed.
SIGMAS, LEAST_RATIO = 6.0, 20.0
#: No meter of any city shows more in an hour, in any base unit; sums stay exact below it.
MOST = 1e10
_Number = TypeVar("_Number", int, pl.Expr, NDArray[np.int64])
#: Readings of a register further apart than this multiple of their spacing leave a gap.
GAP = 1.5
#: A point that stands still in fewer of its readings than this share does not stand still.
RARELY_STILL = 0.05

#: Logarithms are added as whole numbers of this part of one: sums that no order of their terms and
#: no engine changes, as 2**53 of them is more than any day has.
LOG_PARTS = 2.0**16
_DAY = (
    "id", "day", "n", "still", "rising", "s1", "s2", "highest", "lowest", "doubled", "earliest",
)  # fmt: skip
#: What of a day adds up over the days before.
_ADDED = ("n", "still", "rising", "s1", "s2")


@ibis.udf.scalar.builtin(name="epoch_us")  # type: ignore[untyped-decorator]
def _epoch_us(time: ibis.dtype("timestamp('UTC', 6)")) -> int:  # type: ignore[valid-type,empty-body]
    """Microseconds since 1970, as DuckDB names it."""
    ...


@ibis.udf.scalar.builtin(name="unix_micros")  # type: ignore[untyped-decorator]
def _unix_micros(time: ibis.dtype("timestamp('UTC', 6)")) -> int:  # type: ignore[valid-type,empty-body]
    """Microseconds since 1970, as Spark names it."""
    ...


#: Ibis' own epoch_seconds goes through text on DuckDB and costs as much as the window itself.
_MICROSECONDS = {"duckdb": _epoch_us, "pyspark": _unix_micros}


def seconds(time: ir.TimestampValue, backend: str) -> ir.IntegerValue:
    """Whole seconds since 1970 of an instant, on the named backend."""
    return _MICROSECONDS[backend](time) // 1_000_000


def floor_to(at: ir.IntegerValue, length_s: int) -> ir.IntegerValue:
    """Find the beginning of the local period of that length an instant lies in, in seconds.

    By remainder, because an integer division is a rounded division of floats in the SQL.
    """
    shift = LOCAL_S if DAY_S % length_s or length_s > HOUR_S else 0
    return at - (at + shift) % length_s


def local_day(at: ir.IntegerValue) -> ir.IntegerValue:
    """Find the local midnight before an instant, in seconds."""
    return floor_to(at, DAY_S)


def local_day_of(at: _Number) -> _Number:
    """Do what :func:`local_day` does, with a number, an array or a column of a frame."""
    return at - (at + LOCAL_S) % DAY_S


def point_table(points: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    """Note what the derivation has to know of each point, under a number instead of its name.

    Parameters
    ----------
    points : polars.DataFrame
        :data:`~tanfeng.metering.frames.POINTS`, one row per point; virtual ones are left out.
    devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.DEVICES`.

    Returns
    -------
    polars.DataFrame
        ``id``, ``point``, ``kind`` (0 register, 1 amount, 2 power), ``factor`` [base unit per
        unit], ``scale`` [base unit per shown unit], ``modulus`` (the register starts again there;
        null: not known), ``rated`` [base unit/h], ``interval_s``, ``changed`` (its meter was
        replaced or taken down).
    """
    factor = {unit: about.factor for unit, about in meter_units().items()}
    changed = devices.filter((pl.len().over("point") > 1) | pl.col("removed").is_not_null())
    return (
        points.filter(pl.col("expression").is_null())
        .sort("point")
        .with_row_index("id")
        .with_columns(factor=pl.col("unit").replace_strict(factor, return_dtype=pl.Float64))
        .select(
            pl.col("id").cast(pl.Int32),
            "point",
            pl.col("kind").replace_strict(KINDS, range(len(KINDS)), return_dtype=pl.Int8),
            "factor",
            (pl.col("multiplier") * pl.col("factor")).alias("scale"),
            (10.0 ** pl.col("digits").cast(pl.Float64)).alias("modulus"),
            pl.col("rated_power").alias("rated"),
            pl.col("interval_s").cast(pl.Int64),
            pl.col("point").is_in(changed["point"].implode()).alias("changed"),
        )
    )


def usable(readings: ir.Table, points: ir.Table) -> ir.Table:
    """Take the readings that may be used: not called bad, of a known point.

    Returns
    -------
    ibis Table
        ``id``, ``ats`` [s], ``value``, ``received``, ``batch``.
    """
    backend = readings.get_backend().name
    rows = readings.filter(readings.quality != BAD)
    joined = rows.join(points.select("id", "point"), "point")
    return joined.select("id", "value", "received", "batch", ats=seconds(joined.time, backend))


def beside(rows: ir.Table, points: ir.Table) -> ir.Table:
    """Each reading with the one before it.

    Readings of one time stand by their value here: they are mended later, all together.

    Parameters
    ----------
    rows : ibis Table
        From :func:`usable`.
    points : ibis Table
        From :func:`point_table`.

    Returns
    -------
    ibis Table
        ``id``, ``ats``, ``value``, ``tp``, ``p`` (time and value before), ``day`` (local midnight),
        ``rate`` [base unit/h] since the reading before; and what it comes to if nothing is wrong:
        ``amount`` [base unit] (null: not known), ``covered`` [s] (the time it flowed in, up to
        ``ats``), ``gap``.
    """
    rows = rows.select("id", "ats", "value")
    window = ibis.window(group_by="id", order_by=["ats", "value"])
    rows = rows.mutate(p=rows.value.lag().over(window), tp=rows.ats.lag().over(window))
    rows = rows.join(points.select("id", "kind", "scale", "interval_s"), "id")
    since = (rows.ats - rows.tp).nullif(0)
    rows = rows.mutate(
        amount=plain_amount(rows),
        covered=ibis.ifelse(
            rows.kind == AMOUNT,
            ibis.least(since, rows.interval_s).fill_null(rows.interval_s),
            since,
        ),
        gap=(rows.kind == REGISTER) & (since > GAP * rows.interval_s),
    )
    return rows.select(
        "id",
        "ats",
        "value",
        "tp",
        "p",
        "amount",
        "covered",
        "gap",
        day=local_day(rows.ats),
        rate=ibis.cases(
            (rows.kind == REGISTER, rows.amount * HOUR_S / since),
            (rows.kind == AMOUNT, rows.amount * HOUR_S / rows.interval_s),
            else_=rows.value * rows.scale,
        ),
    )


def plain_amount(rows: ir.Table) -> ir.FloatingValue:
    """Compute what flowed since the reading before, in base units, if both are to be believed.

    A power is taken as a straight line between two readings, and as unknown where one is missing.

    Parameters
    ----------
    rows : ibis Table
        ``kind``, ``scale``, ``interval_s``, ``ats``, ``value``, ``tp``, ``p``.
    """
    since = rows.ats - rows.tp
    between = (rows.value + rows.p) / 2 * rows.scale * since / HOUR_S
    return ibis.cases(
        (rows.kind == REGISTER, (rows.value - rows.p) * rows.scale),
        (rows.kind == AMOUNT, rows.value * rows.scale),
        (since <= 2 * rows.interval_s, between),
    )


def day_sums(rows: ir.Table) -> ir.Table:
    """Sum up each day of a point: what adds up to what is usual, and what may be wrong on it.

    Parameters
    ----------
    rows : ibis Table
        From :func:`beside`.

    Returns
    -------
    ibis Table
        ``id``, ``day`` (local midnight), ``n`` (rates), ``still`` (of them 0), ``rising`` (of them
        above 0), ``s1``, ``s2`` (sums of the logarithm of those, and of its square, in parts of
        :data:`LOG_PARTS`), ``highest``, ``lowest`` [base unit/h], ``doubled`` (readings at the
        time of another), ``earliest`` (the reading before the first) [s].
    """
    rising = rows.rate > 0
    log = ibis.ifelse(rising, rows.rate, None).ln()
    sums = {
        "still": (rows.rate == 0).sum(),
        "rising": rising.sum(),
        "s1": (log * LOG_PARTS + 0.5).floor().sum(),
        "s2": (log * log * LOG_PARTS + 0.5).floor().sum(),
        "doubled": (rows.ats == rows.tp).sum(),
    }
    added = {name: total.fill_null(0).cast("int64") for name, total in sums.items()}
    found = rows.group_by("id", "day").agg(
        n=rows.rate.count(),
        **added,
        highest=rows.rate.max(),
        lowest=rows.rate.min(),
        earliest=rows.tp.min(),
    )
    return found.select(*_DAY).cast({"s1": "float64", "s2": "float64"})


def usual(days: ir.Table, points: ir.Table) -> ir.Table:
    """Tell what is usual for a point on a day, from it and the fourteen before, and what was not.

    The logarithms of the rates give a mean and a spread that a single wild value hardly moves,
    while a plant that truly starts up soon widens the spread by itself.

    Parameters
    ----------
    days : ibis Table
        From :func:`day_sums`.
    points : ibis Table
        From :func:`point_table`.

    Returns
    -------
    ibis Table
        ``id``, ``day`` (local midnight), ``bound`` [base unit/h] (what can be believed),
        ``typical`` [base unit/h] (geometric mean of the rates above zero), ``rarely_still``,
        ``wrong`` (something on that day needs mending), ``reaches`` (day of the earliest reading
        before one of that day).
    """
    window = ibis.range_window(
        group_by="id", order_by="day", preceding=REFERENCE_DAYS * DAY_S, following=0
    )
    sums = days.mutate(**{f"{name}_before": days[name].sum().over(window) for name in _ADDED}).join(
        points.select("id", "rated"), "id"
    )
    rising = sums.rising_before.nullif(0)
    mean = sums.s1_before / LOG_PARTS / rising
    square = sums.s2_before / LOG_PARTS / rising
    variance = ibis.greatest(square - mean * mean, 0.0)
    believed = (mean + ibis.greatest(SIGMAS * variance.sqrt(), math.log(LEAST_RATIO))).exp()
    # A day that is frozen for hours must not speak for itself, unless it is the first.
    spoken = sums.n_before - sums.n >= LEAST_READINGS
    n = sums.n_before - ibis.ifelse(spoken, sums.n, 0)
    still = sums.still_before - ibis.ifelse(spoken, sums.still, 0)
    told = sums.mutate(
        bound=ibis.least(
            ibis.coalesce(
                sums.rated * RATED_MARGIN,
                ibis.ifelse(sums.rising_before >= LEAST_RISING, believed, None),
                MOST,
            ),
            MOST,
        ),
        typical=mean.exp(),
        rarely_still=(n >= LEAST_READINGS) & (still < RARELY_STILL * n),
    )
    wrong = (
        (told.highest > told.bound)
        | (told.lowest < 0)
        | (told.doubled > 0)
        | ((told.still > 0) & told.rarely_still)
    )
    return told.select(
        "id",
        "day",
        "bound",
        "typical",
        "rarely_still",
        wrong=wrong.fill_null(False),
        reaches=local_day(told.earliest),
    )


def usual_frame(days: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Do what :func:`usual` does, with frames; the days come and go by point and day."""
    key = days["id"].to_numpy().astype(np.int64) * KEY + days["day"].to_numpy()
    # Each window by itself: summed up over all days a number might no longer be exact.
    first = np.searchsorted(key, key - REFERENCE_DAYS * DAY_S)
    windows = np.stack((first, np.arange(1, key.size + 1)), axis=1).ravel()
    before = {
        f"{name}_before": np.add.reduceat(np.append(days[name].to_numpy(), 0), windows)[::2]
        for name in _ADDED
    }
    about = points.select("id", "rated")
    sums = days.with_columns(**before).join(about, on="id", maintain_order="left")
    rising = pl.when(pl.col("rising_before") > 0).then("rising_before")
    mean = pl.col("s1_before") / LOG_PARTS / rising
    square = pl.col("s2_before") / LOG_PARTS / rising
    variance = pl.max_horizontal(square - mean * mean, 0.0)
    spread = pl.max_horizontal(SIGMAS * variance.sqrt(), math.log(LEAST_RATIO))
    believed = pl.when(pl.col("rising_before") >= LEAST_RISING).then((mean + spread).exp())
    spoken = pl.col("n_before") - pl.col("n") >= LEAST_READINGS
    n, still = (
        pl.col(f"{name}_before") - pl.when(spoken).then(name).otherwise(0)
        for name in ("n", "still")
    )
    bound = pl.coalesce(pl.col("rated") * RATED_MARGIN, believed, MOST)
    told = sums.with_columns(
        bound=pl.min_horizontal(bound, MOST),
        typical=mean.exp(),
        rarely_still=(n >= LEAST_READINGS) & (still < RARELY_STILL * n),
    )
    wrong = (
        (pl.col("highest") > pl.col("bound"))
        | (pl.col("lowest") < 0)
        | (pl.col("doubled") > 0)
        | ((pl.col("still") > 0) & pl.col("rarely_still"))
    )
    return told.select(
        "id",
        "day",
        "bound",
        "typical",
        "rarely_still",
        wrong=wrong.fill_null(False),
        reaches=local_day_of(pl.col("earliest")),
    )


def after(before: ir.Table, rows: ir.Table, key: str) -> ir.Table:
    """Put what is settled before what was derived, in place of what both have."""
    return before.union(rows.anti_join(before, ["id", key]))
