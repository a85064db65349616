"""Sums that do not depend on the order of their terms, on any engine.

Floating numbers add up differently in another order, and neither DuckDB nor Spark nor a group-by
on several threads keeps one. A figure recomputed for one late hour must equal the figure
recomputed from all, to the last bit. So a number is cut in two whole numbers before it is added:
``high`` counts 2**-10 of its unit, ``low`` counts 2**-50 of what is left. Whole numbers add up
exactly in any order; the sum becomes a floating number once, at the end.

Cutting rounds each term to 2**-50 (9e-16) of its unit, which is below the last bit of any number of
8 or more. ``high`` holds sums to 9e15 units, ``low`` holds 8 million terms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

#: Steps of the two whole numbers: parts of a unit, and parts of such a part.
HIGH, LOW = 2.0**10, 2.0**40


def cut(table: ir.Table, names: Sequence[str]) -> ir.Table:
    """Cut columns of an Ibis table: ``x`` becomes ``x_high`` and ``x_low``, whole numbers.

    Parameters
    ----------
    table : ibis.Table
        Holds the columns as double; null stays null.
    names : sequence of str
        Columns to cut.

    Returns
    -------
    ibis.Table
        With the new columns beside the old.
    """
    scaled = table.mutate(**{f"{name}_scaled": table[name] * HIGH for name in names})
    coarse = scaled.mutate(**{f"{name}_high": scaled[f"{name}_scaled"].floor() for name in names})
    return coarse.mutate(
        **{
            f"{name}_low": ((coarse[f"{name}_scaled"] - coarse[f"{name}_high"]) * LOW + 0.5).floor()
            for name in names
        }
    )


def added(table: ir.Table, names: Sequence[str]) -> dict[str, ir.Value]:
    """Return the sums of cut columns, for an aggregation."""
    parts = [f"{name}_{part}" for name in names for part in ("high", "low")]
    return {part: table[part].sum().cast("int64") for part in parts}


def whole_column(high: ir.IntegerColumn, low: ir.IntegerColumn) -> ir.FloatingValue:
    """Put sums of an Ibis table together again, as :func:`whole` does those of a frame."""
    rest = low % int(LOW)  # a sum of parts is never below zero
    carry = (low - rest) / LOW
    return (high.cast("float64") + carry) / HIGH + rest.cast("float64") / (HIGH * LOW)


def cut_array(terms: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut an array in two of whole numbers."""
    scaled = terms * HIGH
    high = np.floor(scaled)
    low = np.floor((scaled - high) * LOW + 0.5)
    return high.astype(np.int64), low.astype(np.int64)


def cut_frame(names: Sequence[str]) -> list[pl.Expr]:
    """Return the expressions that cut columns of a polars frame."""
    parts = []
    for name in names:
        scaled = pl.col(name) * HIGH
        high = scaled.floor()
        parts.append(high.cast(pl.Int64).alias(f"{name}_high"))
        parts.append(((scaled - high) * LOW + 0.5).floor().cast(pl.Int64).alias(f"{name}_low"))
    return parts


def added_frame(names: Sequence[str]) -> list[pl.Expr]:
    """Return the sums of cut columns, for a group-by."""
    return [pl.col(f"{name}_high", f"{name}_low").sum() for name in names]


def whole(name: str) -> pl.Expr:
    """Put a sum together again: one floating number, rounded once."""
    high, low = pl.col(f"{name}_high"), pl.col(f"{name}_low")
    carry = low // int(LOW)  # rounds down, so the rest is not negative
    rest = low - carry * int(LOW)
    return ((high + carry).cast(pl.Float64) / HIGH + rest.cast(pl.Float64) / (HIGH * LOW)).alias(
        name
    )


def added_rows(terms: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    """Add blocks of rows of an array up, the same to the last bit in any order.

    Parameters
    ----------
    terms : array, shape (n, m)
        Numbers, or NaN.
    first : array of int, shape (k,)
        First row of each block.

    Returns
    -------
    array, shape (k, m)
        Sums; NaN where a term is.
    """
    wrong = np.logical_or.reduceat(np.isnan(terms), first, axis=0)
    scaled = np.nan_to_num(terms, nan=0.0) * HIGH
    floor = np.floor(scaled)
    rest = np.floor((scaled - floor) * LOW + 0.5).astype(np.int64)
    high = np.add.reduceat(floor.astype(np.int64), first, axis=0)
    low = np.add.reduceat(rest, first, axis=0)
    carry = low // int(LOW)
    sums = (high + carry) / HIGH + (low - carry * int(LOW)) / (HIGH * LOW)
    return np.where(wrong, np.nan, sums)


def total(frame: pl.DataFrame, by: Sequence[str], names: Sequence[str]) -> pl.DataFrame:
    """Add columns of a frame up by group, the same to the last bit in any order.

    Parameters
    ----------
    frame : polars.DataFrame
        Holds ``by`` and the columns; a null adds nothing.
    by : sequence of str
        What makes a group.
    names : sequence of str
        Floating columns to add up. Other numeric columns are left out.

    Returns
    -------
    polars.DataFrame
        ``by`` and the sums; the sum of nothing but nulls is null.
    """
    known = [pl.col(name).count().alias(f"{name}_known") for name in names]
    return (
        frame.lazy()
        .select(*by, *names, *cut_frame(names))
        .group_by(by)
        .agg(*added_frame(names), *known)
        .select(*by, *(pl.when(pl.col(f"{n}_known") > 0).then(whole(n)).alias(n) for n in names))
        .collect()
    )
