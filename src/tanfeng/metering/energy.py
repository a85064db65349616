"""Energy of each point per period: what is known, how well, and what is missing.

A period in which nothing is known has a row, without an amount: no data is not zero.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl
from ibis.expr import types as ir

from tanfeng.metering._counts import parts_known, worth_of
from tanfeng.metering._engines import fetch
from tanfeng.metering._mend import CODE, RULES
from tanfeng.metering._rows import LOCAL_S
from tanfeng.metering.derive import PERIODS, Derived, deriving, reach, sums
from tanfeng.metering.frames import CORRECTIONS, SLOTS, meter_units

#: What one can ask for. Months are those of the city's calendar.
BY = (*PERIODS, "month")

#: Rules whose amount departs from the bare difference of two registers.
_CORRECTING = ("rollover", "reset", "jump")


def point_energy(
    readings: ir.Table,
    points: pl.DataFrame,
    devices: pl.DataFrame,
    *,
    by: str,
    start: datetime | None = None,
    end: datetime | None = None,
    known_on: datetime | None = None,
) -> pl.DataFrame:
    """Compute what flowed through each point in each period.

    Parameters
    ----------
    readings : ibis Table
        :data:`~tanfeng.metering.frames.READINGS`. To judge the first days fairly give it some
        sixteen days more than is asked for.
    points, devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.POINTS` and ``DEVICES``, the versions that hold.
    by : {"15min", "hour", "day", "month"}
        Length of a period, on the city's clock.
    start, end : datetime, optional
        Periods that begin at or after ``start`` and before ``end``; left out: from the first
        reading of a point to the last reading of any.
    known_on : datetime, optional
        Use only what had been received by then.

    Returns
    -------
    polars.DataFrame
        ``point``, ``start``, ``amount``, ``measured``, ``estimated`` [base unit], ``unit``,
        ``quality``, ``completeness`` (share of the period that is known) [1], ``rule``. Sorted by
        point and start.
    """
    if by not in BY:
        raise ValueError(f"{by!r} is no period: one of {', '.join(BY)}")
    with deriving(readings, points, devices, known_on=known_on) as derived:
        backend = readings.get_backend()
        summed = fetch(sums(derived, by="day" if by == "month" else by), backend)
        reached = fetch(reach(derived), backend)
    grid = _grid(reached, by, start, end)
    if by == "month":
        summed = _months(summed)
    rows = grid.join(summed, on=["id", "start"], how="left", maintain_order="left")
    units = {unit: about.base_unit for unit, about in meter_units().items()}
    about = points.select("point", unit=pl.col("unit").replace_strict(units))
    known_s, length_s = pl.col("known_s").fill_null(0), pl.col("length_s")
    return rows.join(about, on="point", how="left", maintain_order="left").select(
        "point",
        pl.from_epoch("start", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
        *parts_known(known_s),
        "unit",
        *worth_of(known_s, length_s),
        pl.col("code")
        .fill_null(CODE["silent"])
        .replace_strict(dict(enumerate(RULES)), return_dtype=pl.String)
        .alias("rule"),
    )


def slots(energy: pl.DataFrame) -> pl.DataFrame:
    """Bring energy by the quarter hour into the shape of :data:`~tanfeng.metering.frames.SLOTS`."""
    return energy.select(SLOTS.names())


def corrections(derived: Derived) -> pl.DataFrame:
    """List everything by which the sum of the slots departs from register end minus start.

    The change of a meter is not in the list: it stands in the register of devices.

    Parameters
    ----------
    derived : Derived
        From :func:`tanfeng.metering.derive.deriving`.

    Returns
    -------
    polars.DataFrame
        :data:`~tanfeng.metering.frames.CORRECTIONS`.
    """
    if derived.mended is None:
        return CORRECTIONS.to_frame()
    mended = derived.mended
    rows = mended.filter(mended.code.isin([CODE[rule] for rule in _CORRECTING]))
    rows = rows.join(derived.points.select("id", "point"), "id")
    found = fetch(
        rows.select("point", "to_ts", "code", amount=rows.amount.fill_null(0.0) - rows.plain),
        derived.shop.backend,
    )
    return found.sort("point", "to_ts").select(
        "point",
        pl.from_epoch("to_ts", "s")
        .dt.cast_time_unit("us")
        .dt.replace_time_zone("UTC")
        .alias("time"),
        pl.col("code").replace_strict(dict(enumerate(RULES)), return_dtype=pl.String).alias("rule"),
        "amount",
    )


def _local(seconds: pl.Expr) -> pl.Expr:
    return pl.from_epoch(seconds + LOCAL_S, "s")


def _grid(
    reach: pl.DataFrame, by: str, start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    """Lay out every period of every point, with its length in seconds."""
    every = {"15min": "15m", "hour": "1h", "day": "1d", "month": "1mo"}[by]
    last = reach["last"].max() if end is None else int(end.timestamp())
    first = pl.col("first") if start is None else pl.max_horizontal("first", int(start.timestamp()))
    if last is None:
        return pl.DataFrame(
            schema={"id": pl.Int32, "point": pl.String, "start": pl.Int64, "length_s": pl.Int64}
        )
    spans = reach.sort("point").select(
        "id", "point", first=_local(first).dt.truncate(every), last=_local(pl.lit(last))
    )
    rows = (
        spans.filter(pl.col("first") < pl.col("last"))
        .with_columns(start=pl.datetime_ranges("first", "last", every, closed="left"))
        .explode("start", empty_as_null=False)
    )
    begin = pl.col("start").dt.epoch("s")
    return rows.select(
        "id",
        "point",
        start=begin - LOCAL_S,
        length_s=pl.col("start").dt.offset_by(every).dt.epoch("s") - begin,
    )


def _months(days: pl.DataFrame) -> pl.DataFrame:
    month = _local(pl.col("start")).dt.truncate("1mo").dt.epoch("s") - LOCAL_S
    known = pl.col("known_s") > 0
    return days.group_by("id", month.alias("start")).agg(
        pl.col("amount").filter(known).sum(),
        pl.col("measured").sum(),
        pl.col("known_s").sum(),
        pl.col("measured_s").sum(),
        pl.col("code").max(),
    )
