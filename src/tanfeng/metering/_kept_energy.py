"""Energy of each point per period from what is kept, as :mod:`tanfeng.metering.energy` has it."""

from __future__ import annotations

import polars as pl

from tanfeng.metering import _exact
from tanfeng.metering import _kept_terms as kt
from tanfeng.metering._calendar import STEPS, instant, local
from tanfeng.metering._counts import parts_known, worth_of
from tanfeng.metering._kept_files import Look
from tanfeng.metering._kept_read import slots_between
from tanfeng.metering._mend import CODE
from tanfeng.metering.frames import SLOT_S, meter_units

#: Points whose quarter hours are read together.
_POINTS = 500


def of_points(
    look: Look,
    known: pl.DataFrame,
    points: pl.DataFrame,
    by: str,
    low: int | None,
    high: int | None,
) -> pl.DataFrame:
    """Return what flowed through points in each period.

    Parameters
    ----------
    look : Look
    known : polars.DataFrame
        Rows of the table of points that are asked for.
    points : polars.DataFrame
        ``frames.POINTS``.
    by : {"15min", "hour", "day", "month"}
        Length of a period.
    low, high : int or None
        First quarter hour and the one after the last; from the first of a point to the last of
        any where absent.

    Returns
    -------
    polars.DataFrame
        Columns of :func:`tanfeng.metering.energy.point_energy`, by point and start.
    """
    known = known.filter(pl.col("first").is_not_null()).sort("point")
    parts = [
        _summed(slots_between(look, some["id"].to_list(), low, high), by)
        for some in known.iter_slices(_POINTS)
    ]
    summed = pl.concat([one for one, _last in parts]) if parts else None
    if summed is None:
        return _named(_summed(slots_between(look, [], 0, 0), by)[0], known, points)
    last = high if high is not None else max(at for _one, at in parts)
    first = pl.col("first") if low is None else pl.max_horizontal("first", pl.lit(low, pl.Int32))
    spans = known.with_columns(begin=_local(first).dt.truncate(STEPS[by]), end=_local(pl.lit(last)))
    grid = (
        spans.filter(pl.col("begin") < pl.col("end"))
        .select("id", pl.datetime_ranges("begin", "end", STEPS[by], closed="left").alias("at"))
        .explode("at", empty_as_null=False)
    )
    return _named(grid.join(summed, on=["id", "at"], how="left"), known, points, by)


def _local(slot: pl.Expr) -> pl.Expr:
    micros = (slot.cast(pl.Int64) + kt.AHEAD) * (SLOT_S * 1_000_000)
    return micros.cast(pl.Datetime("us"))


def _summed(rows: pl.DataFrame, by: str) -> tuple[pl.DataFrame, int]:
    """Add quarter hours up; return the sums and the quarter hour after the last."""
    last = rows["slot"].max()
    at = local(kt.time("slot")).dt.truncate(STEPS[by])
    rows = rows.with_columns(at=at)
    some = pl.col("known_s") > 0
    known = rows.with_columns(
        pl.when(some).then(name).alias(name) for name in ("amount", "measured")
    )
    sums = _exact.total(known, ["id", "at"], ["amount", "measured"])
    rest = rows.group_by("id", "at").agg(
        pl.col("known_s", "measured_s").sum(), pl.col("code").max()
    )
    return sums.join(rest, on=["id", "at"]), last + 1 if isinstance(last, int) else 0


def _named(
    rows: pl.DataFrame, known: pl.DataFrame, points: pl.DataFrame, by: str = "hour"
) -> pl.DataFrame:
    """Give the sums names, units and what they are worth."""
    units = {unit: about.base_unit for unit, about in meter_units().items()}
    about = points.select("point", unit=pl.col("unit").replace_strict(units))
    known_s = pl.col("known_s").fill_null(0)
    begin = pl.col("at")
    length_s = (begin.dt.offset_by(STEPS[by]) - begin).dt.total_seconds()
    return (
        rows.join(known.select("id", "point"), on="id")
        .join(about, on="point", how="left")
        .sort("point", "at")
        .select(
            "point",
            instant(begin).alias("start"),
            *parts_known(known_s),
            "unit",
            *worth_of(known_s, length_s),
            pl.col("code")
            .fill_null(CODE["silent"])
            .replace_strict(kt.RULE_OF, return_dtype=pl.String)
            .alias("rule"),
        )
    )
