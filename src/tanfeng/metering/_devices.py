"""Meters hung and taken down, as marks in the series and as spans of time."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

_NEVER = 2**40  # far past any reading [s]


class Hung(NamedTuple):
    """The meters of points whose meter was changed, from :func:`device_tables`."""

    marks: pl.DataFrame
    spans: pl.DataFrame


def device_tables(points: pl.DataFrame, devices: pl.DataFrame) -> Hung:
    """List the registers shown at each change, and which device served when.

    Parameters
    ----------
    points : polars.DataFrame
        From :func:`tanfeng.metering._rows.point_table`.
    devices : polars.DataFrame
        :data:`~tanfeng.metering.frames.DEVICES`.

    Returns
    -------
    marks : polars.DataFrame
        ``id``, ``ats`` [s], ``value``, ``device`` (number), ``device_scale``, ``device_modulus``:
        the opening register of each meter but the first, the closing one where known.
    spans : polars.DataFrame
        ``id``, ``device``, ``from_ts``, ``to_ts`` [s], ``device_scale``, ``device_modulus``.
    """
    known = (
        devices.join(points.select("id", "point", "factor"), on="point")
        .sort("id", "installed")
        .with_columns(
            device=pl.int_range(pl.len()).over("id").cast(pl.Int64),
            from_ts=pl.col("installed").dt.epoch("s"),
            to_ts=pl.col("removed").dt.epoch("s").fill_null(_NEVER),
            device_scale=pl.col("multiplier") * pl.col("factor"),
            device_modulus=10.0 ** pl.col("digits").cast(pl.Float64),
        )
    )
    about = ("device", "device_scale", "device_modulus")
    # What went through before the first reading of a point was never ours to measure.
    opened = known.filter(pl.col("device") > 0).select(
        "id", pl.col("from_ts").alias("ats"), pl.col("opening").alias("value"), *about
    )
    closed = known.filter(pl.col("closing").is_not_null() & pl.col("removed").is_not_null()).select(
        "id", pl.col("to_ts").alias("ats"), pl.col("closing").alias("value"), *about
    )
    marks = pl.concat([opened, closed]).filter(pl.col("value").is_not_null())
    return Hung(marks, known.select("id", "from_ts", "to_ts", *about))
