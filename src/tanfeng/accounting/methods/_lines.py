"""Lay out what the steps computed as lines, all of them at once: many small tables cost most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng.trace import CONFIDENCES, FACTOR_COLUMNS, INPUT_COLUMNS, LINE_SCHEMA

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Column of the heads -> column of the lines that is taken from it.
_HEAD = {
    "org_code": "org_code",
    "year": "year",
    "month": "month",
    "item": "item_key",
    "activity_id": "activity_id",
    "tier": "tier",
}


class Written(NamedTuple):
    """What one step computed, a value per row it was computed for.

    Parameters
    ----------
    quantity : str
        What it gives.
    formulas : list of str
        Key of its formula in every slot of the kind.
    slots : array of integers, shape (n,)
        Slot of every row, of those of the kind.
    heads : array of integers, shape (n,)
        Place of every row among the heads.
    values : array, shape (n,)
        The values, in the unit ``quantity`` names.
    ranks : array of integers, shape (n,)
        Place in ``trace.CONFIDENCES`` of the weakest factor, behind the last where there is none.
    inputs : list of array, shape (n,)
        Values of the inputs.
    factors : list of array of integers, shape (n,)
        Numbers of the factors the inputs came from, 0 for none.
    """

    quantity: str
    formulas: list[str]
    slots: NDArray[np.integer]
    heads: NDArray[np.intp]
    values: NDArray[np.float64]
    ranks: NDArray[np.uint8]
    inputs: list[NDArray[np.float64]]
    factors: list[NDArray[np.uint32]]


def lines_of(written: Sequence[Written], heads: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return the lines of all steps with the columns of ``trace.LINE_SCHEMA``.

    Parameters
    ----------
    written : sequence of Written
        What the steps computed, in order.
    heads : polars.DataFrame
        The rows of the form without their values.
    most : int
        The highest number of a factor.
    """
    if not written:
        return pl.DataFrame(schema=LINE_SCHEMA)
    counts = [len(one.heads) for one in written]
    before = np.cumsum([0, *(len(one.formulas) for one in written)])
    formulas = [one.slots + first for one, first in zip(written, before[:-1], strict=True)]
    taken = heads[list(_HEAD)][np.concatenate([one.heads for one in written])]
    columns = {
        "line": pl.Series(np.arange(1, taken.height + 1, dtype=np.uint32)),
        "quantity": _words(
            [one.quantity for one in written], np.repeat(range(len(counts)), counts)
        ),
        "formula": _words(
            [key for one in written for key in one.formulas], np.concatenate(formulas)
        ),
        "confidence": _words([*CONFIDENCES, None], np.concatenate([one.ranks for one in written])),
        "value": pl.Series(np.concatenate([one.values for one in written])),
        **{_HEAD[name]: taken[name] for name in _HEAD},
    }
    numbers = pl.Series([None, *range(1, most + 1)], dtype=pl.UInt32())
    for place, (x, f) in enumerate(zip(INPUT_COLUMNS, FACTOR_COLUMNS, strict=True)):
        values = [
            one.inputs[place] if place < len(one.inputs) else np.full(count, np.nan)
            for one, count in zip(written, counts, strict=True)
        ]
        columns[x] = pl.Series(np.concatenate(values), nan_to_null=True)
        factors = [
            one.factors[place] if place < len(one.factors) else np.zeros(count, dtype=np.uint32)
            for one, count in zip(written, counts, strict=True)
        ]
        columns[f] = numbers[np.concatenate(factors)]
    return pl.DataFrame([columns[name].alias(name) for name in LINE_SCHEMA])


def _words(texts: Sequence[str | None], places: NDArray[np.integer]) -> pl.Series:
    return pl.Series(texts, dtype=pl.Categorical())[places]
