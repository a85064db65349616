"""The year from its months: worked by hand, and what must hold of any year."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.accounting import _forecast
from tanfeng.errors import ModelError

NONE = np.full((1, 12), np.nan)


def months(*values: float) -> np.ndarray:
    """Return a year whose first months are known."""
    return np.array([[*values, *[np.nan] * (12 - len(values))]])


@pytest.mark.parametrize(
    ("freedom", "level", "t"),
    [(1, 0.95, 12.706), (2, 0.95, 4.303), (3, 0.9, 2.353), (5, 0.95, 2.571), (11, 0.95, 2.201)],
)
def test_students_t_of_the_printed_table(freedom, level, t):
    assert _forecast._student(freedom, level) == pytest.approx(t, abs=5e-4)


def test_even_split_and_its_interval():
    # 90, 110, 100: T = 300 / (3/12) = 1200, each month expected 100.
    # sigma^2 = (10^2 + 10^2 + 0) / (1/12) / 2 = 1200; sigma = 34.641
    # half = t(2, 90 %) 2.91999 * 34.641 * sqrt(0.75 / 0.25) = 2.91999 * 34.641 * 1.73205 = 175.20
    done = _forecast.year_end(months(90.0, 110.0, 100.0), NONE, level=0.9)
    assert done.method == ["even_split"]
    assert (done.to_date[0], done.total[0]) == pytest.approx((300.0, 1200.0))
    assert (done.low[0], done.high[0]) == pytest.approx((1024.80, 1375.20), abs=0.01)


def test_shares_of_last_year():
    # Last year 200, 200 and ten months of 60: total 1000, shares 0.2, 0.2, ten times 0.06.
    # Two months 210 and 230: T = 440 / 0.4 = 1100, expected 220 each.
    # sigma^2 = (10^2 / 0.2 + 10^2 / 0.2) / 1 = 1000; sigma = 31.623
    # half = t(1, 90 %) 6.31375 * 31.623 * sqrt(0.6 / 0.4) = 6.31375 * 31.623 * 1.224745 = 244.53
    last = np.array([[200.0, 200.0, *[60.0] * 10]])
    done = _forecast.year_end(months(210.0, 230.0), last, level=0.9)
    assert done.method == ["shares_of_last_year"]
    assert done.total[0] == pytest.approx(1100.0)
    assert (done.low[0], done.high[0]) == pytest.approx((855.47, 1344.53), abs=0.01)


def test_one_month_has_no_interval_and_no_month_no_forecast():
    one = _forecast.year_end(months(100.0), NONE, level=0.9)
    assert one.total[0] == pytest.approx(1200.0)
    assert np.isnan([one.high[0]]).all()
    none = _forecast.year_end(NONE, NONE, level=0.9)
    assert none.method == ["none"]
    assert np.isnan([none.to_date[0], none.total[0], none.low[0], none.high[0]]).all()


def test_a_year_with_a_standstill_gives_no_shares():
    last = np.array([[0.0, *[100.0] * 11]])
    assert _forecast.year_end(months(50.0), last, level=0.9).method == ["even_split"]


def test_a_month_left_out_is_told_and_not_zero():
    actual = months(100.0, np.nan, 100.0)
    done = _forecast.year_end(actual, NONE, level=0.9)
    assert (done.known[0], done.gaps[0]) == (2, 1)
    assert done.total[0] == pytest.approx(1200.0)  # 200 / (2/12), not 200 / (3/12)


def test_bad_level_month_and_repeat():
    with pytest.raises(ModelError, match=r"90 % is 0\.9"):
        _forecast.year_end(NONE, NONE, level=90.0)
    frame = pl.DataFrame(
        {"org_code": ["A", "A"], "year": [2024, 2024], "month": [1, 1], "x": [1, 2]}
    )
    groups = pl.DataFrame({"org_code": ["A"]})
    with pytest.raises(ModelError, match="twice"):
        _forecast.months_of(frame, groups, ["org_code"], 2024, "x")
    with pytest.raises(ModelError, match="1 to 12"):
        _forecast.months_of(frame.with_columns(month=0), groups, ["org_code"], 2024, "x")


YEAR = st.lists(st.floats(1.0, 1e6), min_size=12, max_size=12)


@given(YEAR, st.integers(1, 12))
def test_a_year_that_repeats_the_last_is_forecast_without_scatter(year, known):
    last = np.array([year])
    actual = np.where(np.arange(12) < known, last * 1.1, np.nan)
    done = _forecast.year_end(actual, last, level=0.9)
    assert done.total[0] == pytest.approx(1.1 * last.sum(), rel=1e-9)
    if known > 1:
        assert done.high[0] == pytest.approx(done.total[0], rel=1e-6)


@given(YEAR, YEAR, st.integers(2, 11))
def test_doubling_doubles_and_the_year_is_never_below_what_is_used(year, last, known):
    actual = np.where(np.arange(12) < known, np.array([year]), np.nan)
    once = _forecast.year_end(actual, np.array([last]), level=0.9)
    twice = _forecast.year_end(2 * actual, np.array([last]), level=0.9)
    assert twice.total[0] == pytest.approx(2 * once.total[0], rel=1e-9)
    assert twice.high[0] == pytest.approx(2 * once.high[0], rel=1e-9)
    assert once.to_date[0] <= once.low[0] <= once.total[0] * (1 + 1e-12)
    assert once.total[0] <= once.high[0] * (1 + 1e-12)
