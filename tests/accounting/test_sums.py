"""Sums by group that are the same to the last bit on every run."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.accounting import _sums
from tanfeng.accounting._sums import grouped


def test_groups_stand_in_the_order_they_first_occur() -> None:
    frame = pl.DataFrame({"a": ["y", "x", "y", None], "b": [1, 2, 1, 2]})
    result = grouped(frame, ["a", "b"], {"v": np.array([1.0, 2.0, 4.0, 8.0])})
    assert result.rows() == [("y", 1, 5.0, 2), ("x", 2, 2.0, 1), (None, 2, 8.0, 1)]


def test_without_keys_there_is_one_group_or_none() -> None:
    frame = pl.DataFrame({"a": [1, 2]})
    assert grouped(frame, [], {"v": np.array([1.0, 2.0])}).rows() == [(3.0, 2)]
    assert grouped(frame.clear(), [], {"v": np.array([])}).height == 0
    assert grouped(frame.clear(), ["a"], {}).height == 0


KEYS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.integers(-3, 3), st.booleans()),
    min_size=1,
    max_size=40,
)


@pytest.mark.parametrize("table", [0, 1_000_000])
@given(rows=KEYS)
def test_any_grouping_agrees_with_a_dictionary(table: int, rows: list[tuple]) -> None:
    weight = np.arange(len(rows), dtype=float)
    expected: dict[tuple, float] = {}
    for key, value in zip(rows, weight, strict=True):
        expected[key] = expected.get(key, 0.0) + value
    frame = pl.DataFrame(rows, schema=["a", "b", "c"], orient="row")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sums, "_TABLE", table)
        result = grouped(frame, ["a", "b", "c"], {"v": weight})
    assert {row[:3]: row[3] for row in result.iter_rows()} == expected
    assert result["rows"].sum() == len(rows)


def test_the_last_bit_does_not_move_between_runs() -> None:
    generator = np.random.default_rng(2024)
    weight = generator.random(500_000) * 1e6
    frame = pl.DataFrame({"k": generator.integers(0, 7, 500_000).astype(str)})
    chunked = pl.concat([frame[i : i + 50_000] for i in range(0, 500_000, 50_000)], rechunk=False)
    once = grouped(chunked, ["k"], {"v": weight})
    for _ in range(5):
        assert grouped(chunked, ["k"], {"v": weight}).equals(once)
