"""First pass over the readings: each beside its neighbours, and what is usual for its point.

One window over all rows is the whole cost of it. What needs more than a neighbour is done for the
few days where something is wrong (:mod:`tanfeng.metering._mend`). Times are whole seconds since
1970 in UTC from here on: no meter's clock is better.
"""

from __future__ import annotations

import math

import ibis
import polars as pl
from ibis.expr import types as ir

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
#: A point that stands still in fewer of its readings than this share does not stand still.
RARELY_STILL = 0.05


@ibis.udf.scalar.builtin(name="epoch_us")
def _epoch_us(time: ibis.dtype("timestamp('UTC', 6)")) -> int:  # type: ignore[valid-type]
    """Microseconds since 1970, as DuckDB names it."""


@ibis.udf.scalar.builtin(name="unix_micros")
def _unix_micros(time: ibis.dtype("timestamp('UTC', 6)")) -> int:  # type: ignore[valid-type]
    """Microseconds since 1970, as Spark names it."""


#: Ibis' own epoch_seconds goes through text on DuckDB and costs as much as the window itself.
_MICROSECONDS = {"duckdb": _epoch_us, "pyspark": _unix_micros}


def seconds(time: ir.TimestampValue, backend: str) -> ir.IntegerValue:
    """Whole seconds since 1970 of an instant, on the named backend."""
    return _MICROSECONDS[backend](time) // 1_000_000


def local_day(at: ir.IntegerValue) -> ir.IntegerValue:
    """Number of the local day an instant lies in, counted from 1970-01-01."""
    return (at + LOCAL_S) // DAY_S


def point_table(points: pl.DataFrame, devices: pl.DataFrame) -> pl.DataFrame:
    """What the derivation has to know of each point, under a small number instead of its name.

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


def usable(readings: ir.Table, points: ir.Table, known_s: int | None) -> ir.Table:
    """Readings that may be used: not called bad, known by then, of a point the register knows.

    Returns
    -------
    ibis Table
        ``id``, ``ats`` [s], ``value``, ``received``, ``batch``.
    """
    backend = readings.get_backend().name
    rows = readings.filter(readings.quality != BAD)
    if known_s is not None:
        rows = rows.filter(seconds(rows.received, backend) <= known_s)
    joined = rows.join(points.select("id", "point"), "point")
    return joined.select("id", "value", "received", "batch", ats=seconds(joined.time, backend))


def beside(rows: ir.Table) -> ir.Table:
    """Each reading with the one before it and the time of the one after.

    Of readings with one time the order is arbitrary here: they are mended later, all together.

    Returns
    -------
    ibis Table
        ``id``, ``ats``, ``value``, ``tp``, ``p`` (time and value before), ``tn`` (time after).
    """
    rows = rows.select("id", "ats", "value")
    window = ibis.window(group_by="id", order_by="ats")
    return rows.mutate(
        p=rows.value.lag().over(window),
        tp=rows.ats.lag().over(window),
        tn=rows.ats.lead().over(window),
    )


def with_rate(rows: ir.Table, points: ir.Table) -> ir.Table:
    """Rows of :func:`beside` with their point, local ``day`` and ``rate`` [base unit/h]."""
    rows = rows.join(points.drop("point", "factor"), "id")
    since = (rows.ats - rows.tp).nullif(0)
    return rows.mutate(
        day=local_day(rows.ats),
        rate=ibis.cases(
            (rows.kind == REGISTER, (rows.value - rows.p) * rows.scale * HOUR_S / since),
            (rows.kind == AMOUNT, rows.value * rows.scale * HOUR_S / rows.interval_s),
            else_=rows.value * rows.scale,
        ),
    )


def usual(rated_rows: ir.Table) -> ir.Table:
    """What is usual for a point on a day, from that day and the fourteen before.

    The logarithms of the rates give a mean and a spread that a single wild value hardly moves,
    while a plant that truly starts up soon widens the spread by itself.

    Returns
    -------
    ibis Table
        ``id``, ``day``, ``bound`` [base unit/h] (null: too little is known), ``typical`` [base
        unit/h] (geometric mean of the rates above zero), ``rarely_still``.
    """
    rising = rated_rows.rate > 0
    log = ibis.ifelse(rising, rated_rows.rate, None).ln()
    days = (
        rated_rows.mutate(log=log)
        .group_by("id", "day")
        .agg(
            rated=rated_rows.rated.max(),
            n=rated_rows.rate.count(),
            still=(rated_rows.rate == 0).sum(),
            rising=rising.sum(),
            s1=log.sum(),
            s2=(log * log).sum(),
        )
    )
    window = ibis.range_window(group_by="id", order_by="day", preceding=REFERENCE_DAYS, following=0)
    sums = days.select(
        "id",
        "day",
        "rated",
        **{name: days[name].sum().over(window) for name in ("n", "still", "rising", "s1", "s2")},
    )
    mean = sums.s1 / sums.rising
    variance = ibis.greatest(sums.s2 / sums.rising - mean * mean, 0.0)
    believed = (mean + ibis.greatest(SIGMAS * variance.sqrt(), math.log(LEAST_RATIO))).exp()
    return sums.select(
        "id",
        "day",
        bound=ibis.coalesce(
            sums.rated * RATED_MARGIN, ibis.ifelse(sums.rising >= LEAST_RISING, believed, None)
        ),
        typical=mean.exp(),
        rarely_still=(sums.n >= LEAST_READINGS) & (sums.still < RARELY_STILL * sums.n),
    )
