"""Sums with the slots behind them: what is missing, how complete, how far to be trusted."""

from __future__ import annotations

import polars as pl

from tanfeng.metering.frames import QUALITY

#: What is added up of slots, and the slots counted beside it.
SUMS = ("amount", "measured")
KNOWN = ("slots_measured", "slots_estimated")
COUNTS = ("slots_due", *KNOWN)


def wholly_known() -> pl.Expr:
    """Tell whether a slot is known from its start to its end."""
    return pl.col("quality").is_in(["measured", "estimated"])


def judged(frame: pl.DataFrame) -> pl.DataFrame:
    """Say of sums how much of them is known.

    Parameters
    ----------
    frame : polars.DataFrame
        Holds ``amount``, ``measured`` (null where nothing is known), ``slots_due`` (more than 0),
        ``slots_measured``, ``slots_estimated``.

    Returns
    -------
    polars.DataFrame
        With ``estimated``, ``slots_missing``, ``completeness`` and ``quality``.
    """
    known = pl.sum_horizontal(KNOWN)
    word = (
        pl.when(pl.col("amount").is_null())
        .then(pl.lit("missing"))
        .when(known < pl.col("slots_due"))
        .then(pl.lit("partial"))
        .when(pl.col("slots_estimated") > 0)
        .then(pl.lit("estimated"))
        .otherwise(pl.lit("measured"))
    )
    return frame.with_columns(
        estimated=pl.col("amount") - pl.col("measured"),
        slots_missing=pl.col("slots_due") - known,
        completeness=known / pl.col("slots_due"),
        quality=word.cast(QUALITY),
    )


def parts_known(known_s: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return ``amount``, ``measured`` and ``estimated`` of rows, null where nothing is known.

    Parameters
    ----------
    known_s : polars.Expr
        How much of the period is known. [s]

    Returns
    -------
    tuple of polars.Expr
    """
    sure, some = pl.col("measured").fill_null(0.0), known_s > 0
    return (
        pl.when(some).then("amount").alias("amount"),
        pl.when(some).then(sure).alias("measured"),
        pl.when(some).then(pl.col("amount") - sure).alias("estimated"),
    )


def worth_of(known_s: pl.Expr, length_s: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return ``quality`` and ``completeness`` of rows that hold ``measured_s``.

    Parameters
    ----------
    known_s, length_s : polars.Expr
        How much of the period is known, and its length. [s]

    Returns
    -------
    tuple of polars.Expr
    """
    quality = (
        pl.when(known_s == 0)
        .then(pl.lit("missing"))
        .when(known_s < length_s)
        .then(pl.lit("partial"))
        .when(pl.col("measured_s") < known_s)
        .then(pl.lit("estimated"))
        .otherwise(pl.lit("measured"))
    )
    return quality.cast(QUALITY).alias("quality"), (known_s / length_s).alias("completeness")
