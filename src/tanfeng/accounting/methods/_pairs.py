"""Pair the rows of two accounts by what they are, not by their numbers."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng.accounting.methods._frames import PAIR_KEYS
from tanfeng.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: An odd number without pattern; one number for a key is built and spread with it.
_SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)
#: Buckets of keys: 2 to this power. [bit]
_BITS = np.uint64(22)


class Keyed(NamedTuple):
    """The rows of an account, ascending by number.

    Parameters
    ----------
    numbers : array of integers, shape (n,)
        Their numbers.
    keys : polars.DataFrame
        The columns of ``PAIR_KEYS``, of the types of ``ROW_SCHEMA``.
    """

    numbers: NDArray[np.int64]
    keys: pl.DataFrame


def paired(a: Keyed, b: Keyed) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair rows of equal keys, those of one key in their order.

    Parameters
    ----------
    a, b : Keyed
        The rows of the earlier and the later account.

    Returns
    -------
    tuple of array
        Row of a and row of b of every pair, -1 where there is none: every row of a in its order,
        then those only b has.

    Raises
    ------
    ModelError
        If two keys cannot be told apart by one number.

    Notes
    -----
    Rows of one number and one key are taken for a pair first, which is nearly all of them. Both
    sides ascend, so such pairs stand in the order of their key, as long as all its rows are
    paired; keys with a row left over are paired anew, by sorting.
    """
    rows = np.arange(len(a.numbers))
    if a.keys.equals(b.keys):
        return rows, rows
    codes_a, codes_b = _codes(a.keys), _codes(b.keys)
    guess = np.searchsorted(a.numbers, b.numbers)
    there = np.flatnonzero(guess < len(rows))
    there = there[a.numbers[guess[there]] == b.numbers[there]]
    there = there[_alike(codes_a, codes_b, guess[there], there)]
    found = np.full(len(rows), -1)
    found[guess[there]] = there
    _pair_left_over(found, codes_a, codes_b)
    alone = np.ones(len(b.numbers), dtype=np.bool_)
    alone[found[found >= 0]] = False
    only_b = np.flatnonzero(alone)
    return np.append(rows, np.full(len(only_b), -1)), np.append(found, only_b)


def _codes(keys: pl.DataFrame) -> list[NDArray[np.int32]]:
    """Return every column as numbers."""
    plain = keys.select(
        pl.col(name).to_physical().cast(pl.Int32).fill_null(-1) for name in PAIR_KEYS
    )
    return [column.to_numpy() for column in plain]


def _alike(
    codes_a: list[NDArray[np.int32]],
    codes_b: list[NDArray[np.int32]],
    rows_a: NDArray[np.intp],
    rows_b: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Tell which rows have one key."""
    same = (a[rows_a] == b[rows_b] for a, b in zip(codes_a, codes_b, strict=True))
    return reduce(np.logical_and, same)


def _pair_left_over(
    found: NDArray[np.intp], codes_a: list[NDArray[np.int32]], codes_b: list[NDArray[np.int32]]
) -> None:
    """Pair the rows of every key that has a row without partner anew, in place."""
    key_a, key_b = _one_number(codes_a), _one_number(codes_b)
    bucket_a, bucket_b = _bucket(key_a), _bucket(key_b)
    without = np.ones(len(key_b), dtype=np.bool_)
    without[found[found >= 0]] = False
    asked = np.zeros(1 << int(_BITS), dtype=np.bool_)
    asked[bucket_a[found < 0]] = True
    asked[bucket_b[without]] = True
    rows_a, rows_b = np.flatnonzero(asked[bucket_a]), np.flatnonzero(asked[bucket_b])
    found[rows_a] = -1
    order_a, sorted_a, _nth = _by_key(key_a[rows_a])
    order_b, sorted_b, nth = _by_key(key_b[rows_b])
    place = np.searchsorted(sorted_a, sorted_b) + nth
    there = place < len(rows_a)
    there[there] = sorted_a[place[there]] == sorted_b[there]
    pair_a, pair_b = rows_a[order_a[place[there]]], rows_b[order_b[there]]
    if not _alike(codes_a, codes_b, pair_a, pair_b).all():
        raise ModelError("rows of different keys share one hash; take the difference in parts")
    found[pair_a] = pair_b


def _one_number(codes: list[NDArray[np.int32]]) -> NDArray[np.uint64]:
    """Return one number for every key; two keys hardly ever share one."""
    key = np.zeros(len(codes[0]), dtype=np.uint64)
    for code in codes:
        key *= _SPREAD
        key += code.view(np.uint32)
    return key


def _bucket(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return key * _SPREAD >> (np.uint64(64) - _BITS)


def _by_key(
    keys: NDArray[np.uint64],
) -> tuple[NDArray[np.intp], NDArray[np.uint64], NDArray[np.intp]]:
    """Sort rows by one number for their key; six columns are sorted far slower.

    Returns
    -------
    tuple of array
        The rows in this order, those of one key in their own; the numbers; which of its key each
        row is, from 0.
    """
    order = np.argsort(keys)
    ascending = keys[order]
    starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[: len(order)])
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    # Places behind the number of their key, sorted as one: a tenth of the time of a stable sort.
    packed = np.sort(group << 32 | order)
    return packed & 0xFFFF_FFFF, ascending, np.arange(len(order)) - starts[group]
