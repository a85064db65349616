"""Sums with the slots behind them: what is missing, how complete, how far to be trusted."""

from __future__ import annotations

import polars as pl

from tanfeng.metering.frames import QUALITY

#: What is added up of slots, and the slots counted beside it.
SUMS = ("amount", "measured")
KNOWN = ("slots_measured", "slots_estimated")
COUNTS = ("slots_due", *KNOWN)


def judged(frame: pl.DataFrame) -> pl.DataFrame:
    """Say of sums how much of them is known.

    Parameters
    ----------
    frame : polars.DataFrame
        Holds ``amount``, ``measured``, ``slots_due`` (more than 0), ``slots_measured``,
        ``slots_estimated``.

    Returns
    -------
    polars.DataFrame
        With ``estimated``, ``slots_missing``, ``completeness`` and ``quality``; where nothing is
        known, the sums are null.
    """
    known = pl.sum_horizontal(KNOWN)
    word = (
        pl.when(known == 0)
        .then(pl.lit("missing"))
        .when(known < pl.col("slots_due"))
        .then(pl.lit("partial"))
        .when(pl.col("slots_estimated") > 0)
        .then(pl.lit("estimated"))
        .otherwise(pl.lit("measured"))
    )
    return frame.with_columns(pl.when(known > 0).then(pl.col(SUMS))).with_columns(
        estimated=pl.col("amount") - pl.col("measured"),
        slots_missing=pl.col("slots_due") - known,
        completeness=known / pl.col("slots_due"),
        quality=word.cast(QUALITY),
    )
