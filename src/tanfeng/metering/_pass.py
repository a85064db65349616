"""The one pass over slots: what is known of each source in each period.

Over a table it is an Ibis expression, over a frame polars. Both cut every term before they add
(:mod:`tanfeng.metering._exact`), so they agree to the last bit. What is estimated of a term is
added up beside the term; what is measured is the difference, and most slots have nothing to cut.
A slot known in part gives its part to the sum and counts as missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.metering import _exact
from tanfeng.metering._calendar import period_start
from tanfeng.metering._counts import KNOWN, SUMS
from tanfeng.metering.frames import SLOT_S

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from tanfeng.metering._calendar import By

_KEYS = ["source", "number"]
_TERMS = ("amount", "guess")


def known(
    slots: pl.DataFrame | ir.Table,
    counted: pl.DataFrame,
    calendar: pl.DataFrame,
) -> pl.DataFrame:
    """Add the known slots up.

    Parameters
    ----------
    slots : polars.DataFrame or ibis.Table
        With the columns of ``frames.SLOTS``.
    counted : polars.DataFrame
        point, source, sign.
    calendar : polars.DataFrame
        start (of every slot of the window, in order), number (of its period).

    Returns
    -------
    polars.DataFrame
        source, number, amount, measured, slots_measured, slots_estimated; nothing known is no row.
    """
    if isinstance(slots, pl.DataFrame):
        return _together(_of_frame(slots, counted, calendar))
    return _together(_of_table(slots, counted, calendar))


def known_of_sums(
    sums: pl.DataFrame, counted: pl.DataFrame, calendar: pl.DataFrame, by: By
) -> pl.DataFrame:
    """Add sums of points up that were made before, as :func:`known` does with slots.

    Parameters
    ----------
    sums : polars.DataFrame
        point, start, amount, measured, slots_measured, slots_estimated.
    counted, calendar
        As of :func:`known`.
    by : {"15min", "hour", "day", "month"}
        Length of the periods of ``calendar``.
    """
    periods = calendar.select("number", at="period").unique()
    starts = sums.select("start").unique().with_columns(at=period_start(by, pl.col("start")))
    numbers = starts.join(periods, on="at").select("start", "number")
    return _together(
        sums.lazy()
        .select("start", "amount", "measured", *KNOWN, *_placed(sums["point"], counted))
        .filter(pl.col("amount").is_not_null() & pl.col("source").is_not_null())
        .join(numbers.lazy(), on="start")
        .select(
            *_KEYS,
            *KNOWN,
            amount=pl.col("amount") * pl.col("sign"),
            guess=(pl.col("amount") - pl.col("measured")) * pl.col("sign"),
        )
        .select(*_KEYS, *KNOWN, *_exact.cut_frame(_TERMS))
        .group_by(_KEYS)
        .agg(pl.col(KNOWN).sum(), *_exact.added_frame(_TERMS))
        .collect()
    )


def _together(parts: pl.DataFrame) -> pl.DataFrame:
    """Put the sums together: what is measured is what is not a guess."""
    rest = [
        (pl.col(f"amount_{part}") - pl.col(f"guess_{part}")).alias(f"measured_{part}")
        for part in ("high", "low")
    ]
    return parts.with_columns(rest).select(
        pl.col(_KEYS).cast(pl.Int32),
        *(_exact.whole(name) for name in SUMS),
        *(pl.col(name).cast(pl.Int64) for name in KNOWN),
    )


def _placed(points: pl.Series, counted: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return source and sign of each row, null where its point does not count.

    Rows of a point mostly stand together: a point is looked up once per run of its rows.
    """
    runs = points.rle().struct.unnest()
    placed = runs.join(
        counted, left_on="value", right_on="point", how="left", maintain_order="left"
    )
    row = pl.Series(np.repeat(np.arange(placed.height, dtype=np.uint32), placed["len"].to_numpy()))
    return placed["source"].gather(row), placed["sign"].gather(row)


def _of_frame(slots: pl.DataFrame, counted: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    first = calendar["start"].to_physical()[0]
    place = (pl.col("start").to_physical() - first) // (SLOT_S * 1_000_000)
    rows = (
        slots.lazy()
        .select(
            "amount",
            "measured",
            *_placed(slots["point"], counted),
            is_measured=pl.col("quality") == "measured",
            is_estimated=pl.col("quality") == "estimated",
            place=place,
        )
        .filter(
            pl.col("source").is_not_null()
            & pl.col("amount").is_not_null()
            & pl.col("place").is_between(0, calendar.height - 1)
        )
        .select(
            "source",
            "is_measured",
            "is_estimated",
            number=pl.lit(calendar["number"]).gather(pl.col("place")),
            amount=pl.col("amount") * pl.col("sign"),
            guess=(pl.col("amount") - pl.col("measured")) * pl.col("sign"),
        )
    )
    found = rows.collect()
    sums = (
        found.select(*_KEYS, "is_measured", "is_estimated", *_exact.cut_frame(["amount"]))
        .group_by(_KEYS)
        .agg(
            *_exact.added_frame(["amount"]),
            slots_measured=pl.col("is_measured").sum(),
            slots_estimated=pl.col("is_estimated").sum(),
        )
    )
    guesses = (
        found.filter(~pl.col("is_measured"))
        .select(*_KEYS, *_exact.cut_frame(["guess"]))
        .group_by(_KEYS)
        .agg(_exact.added_frame(["guess"]))
    )
    return sums.join(guesses, on=_KEYS, how="left").with_columns(
        pl.col("guess_high", "guess_low").fill_null(0)
    )


def _of_table(slots: ir.Table, counted: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    import ibis

    from tanfeng.metering._engines import beside, fetch

    backend = slots.get_backend()
    table = slots.select("point", "start", "amount", "measured", "quality")
    rows = (
        table.filter(table.amount.notnull())
        .join(beside(backend, calendar.select("start", "number")), "start")
        .join(beside(backend, counted), "point")
    )
    measured = rows.quality == "measured"
    signed = rows.select(
        *_KEYS,
        amount=rows.amount * rows.sign,
        guess=ibis.ifelse(measured, 0.0, (rows.amount - rows.measured) * rows.sign),
        is_measured=measured.cast("int64"),
        is_estimated=(rows.quality == "estimated").cast("int64"),
    )
    parts = _exact.cut(signed, _TERMS)
    summed = parts.group_by(_KEYS).aggregate(
        **_exact.added(parts, _TERMS),
        slots_measured=parts.is_measured.sum().cast("int64"),
        slots_estimated=parts.is_estimated.sum().cast("int64"),
    )
    return fetch(summed, backend)
