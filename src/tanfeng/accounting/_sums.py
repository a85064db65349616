"""Sums that come out the same to the last bit on every run.

A multi-threaded group-by adds floating numbers in whatever order its threads meet them, so the
last digits of a total differ from run to run. A frozen figure must not do that: here rows are added
one after the other in the order they stand in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Largest look-up table laid out instead of sorting. [entries]
_TABLE = 50_000_000


def grouped(
    frame: pl.DataFrame, by: Sequence[str], weights: Mapping[str, NDArray[np.float64]]
) -> pl.DataFrame:
    """Add arrays up by group, in row order.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n, ...)
        Holds the columns of ``by``: text, category or integer, null being a group of its own.
    by : sequence of str
        Columns that make a group; none gives one group, or none over no rows.
    weights : mapping of str to array, shape (n,)
        Name of a sum -> what is added up.

    Returns
    -------
    polars.DataFrame
        One row per group, in the order groups first occur: the columns of ``by``, the sums, and
        ``rows``.
    """
    number, first = numbered(frame, by)
    size = len(first)
    sums = {
        name: np.bincount(number, weights=weight, minlength=size)[:size]
        for name, weight in weights.items()
    }
    rows = np.bincount(number, minlength=size)[:size].astype(np.int64)
    return (
        frame.select(by)[first].with_columns(
            *(pl.Series(name, values) for name, values in sums.items()), pl.Series("rows", rows)
        )
        if by
        else pl.DataFrame({**sums, "rows": rows})
    )


def numbered(frame: pl.DataFrame, by: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the group of each row and the first row of each group, groups in that order.

    Parameters
    ----------
    frame : polars.DataFrame, shape (n, ...)
        Holds the columns of ``by``.
    by : sequence of str
        Columns that make a group.

    Returns
    -------
    array, shape (n,), and array, shape (groups,)
    """
    number = np.zeros(frame.height, dtype=np.int64)
    size = min(frame.height, 1)
    for name in by:
        column = frame[name]
        if column.dtype == pl.String:
            column = column.cast(pl.Categorical)
        code = column.to_physical().cast(pl.Int64).fill_null(-1).to_numpy() + 1
        low, high = int(code.min(initial=0)), int(code.max(initial=0))
        number = number * (high - low + 1) + (code - low)
        number, size = _dense(number, size * (high - low + 1))
    first = np.empty(size, dtype=np.int64)
    first[number[::-1]] = np.arange(frame.height - 1, -1, -1)
    order = np.argsort(first, kind="stable")
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size)
    return place[number], first[order]


def _dense(number: NDArray[np.int64], span: int) -> tuple[NDArray[np.int64], int]:
    """Renumber 0, 1, 2 ... without holes."""
    if span > _TABLE:
        found, dense = np.unique(number, return_inverse=True)
        return dense.astype(np.int64), len(found)
    present = np.zeros(span, dtype=bool)
    present[number] = True
    place = np.cumsum(present) - 1
    return place[number], int(present.sum())
