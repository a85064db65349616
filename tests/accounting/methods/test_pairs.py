"""Rows of two accounts paired by their keys, against a pairing by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.accounting.methods import _pairs
from tanfeng.accounting.methods._frames import PAIR_KEYS, REFUSED_SCHEMA
from tanfeng.errors import ModelError

#: A row is its number and its month; months come often, so that keys repeat.
ROWS = st.dictionaries(st.integers(1, 40), st.integers(1, 4), max_size=25)


def keyed(rows):
    frame = pl.DataFrame(
        {
            "org_code": "E1",
            "unit": None,
            "year": 2024,
            "month": [rows[number] for number in sorted(rows)],
            "stream": "fuel",
            "item": "coal",
        },
        schema=dict(REFUSED_SCHEMA),
    )
    return _pairs.Keyed(np.array(sorted(rows), dtype=np.int64), frame.select(PAIR_KEYS))


def by_hand(a, b):
    """The nth row of a key with the nth row of this key, every row of a first."""
    months_a, months_b = ([rows[number] for number in sorted(rows)] for rows in (a, b))
    pairs, used = [], set()
    for place, month in enumerate(months_a):
        nth = months_a[:place].count(month)
        same = [other for other, found in enumerate(months_b) if found == month]
        pairs.append((place, same[nth] if nth < len(same) else -1))
        used.add(pairs[-1][1])
    return pairs + [(-1, place) for place in range(len(months_b)) if place not in used]


@given(ROWS, ROWS)
def test_rows_are_paired_as_by_hand(a, b):
    row_a, row_b = _pairs.paired(keyed(a), keyed(b))
    assert list(zip(row_a.tolist(), row_b.tolist(), strict=True)) == by_hand(a, b)


@given(ROWS, st.sets(st.integers(1, 40)))
def test_the_later_account_lacks_some_rows(a, gone):
    b = {number: month for number, month in a.items() if number not in gone}
    row_a, row_b = _pairs.paired(keyed(a), keyed(b))
    assert list(zip(row_a.tolist(), row_b.tolist(), strict=True)) == by_hand(a, b)


def test_two_keys_of_one_number_are_refused(monkeypatch):
    monkeypatch.setattr(
        _pairs, "_one_number", lambda codes: np.zeros(len(codes[0]), dtype=np.uint64)
    )
    with pytest.raises(ModelError, match="share one hash"):
        _pairs.paired(keyed({1: 1, 2: 2}), keyed({3: 3, 4: 4}))
