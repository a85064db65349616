"""Accounting periods."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.periods import FIRST_YEAR, LAST_YEAR, LOCAL, Period

YEARS = st.integers(FIRST_YEAR, LAST_YEAR)
DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
PERIODS = st.one_of(
    st.builds(Period, YEARS),
    st.builds(Period, YEARS, st.integers(1, 12)),
    st.builds(lambda y, q: Period(y, quarter=q), YEARS, st.integers(1, 4)),
    DAYS.map(lambda day: Period(day.year, day.month, day.day)),
)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("2024-Q4", date(2024, 10, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28)),
        ("2024-03-05", date(2024, 3, 5), date(2024, 3, 5)),
    ],
)
def test_a_period_runs_from_its_first_to_its_last_day(text: str, start: date, end: date) -> None:
    period = Period.parse(text)
    assert (period.start, period.end, str(period)) == (start, end, text)


@given(PERIODS)
def test_the_text_of_a_period_reads_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(PERIODS, PERIODS)
def test_text_sorts_as_time_within_one_kind(one: Period, other: Period) -> None:
    if len(str(one)) == len(str(other)) and bool(one.quarter) == bool(other.quarter):
        assert (str(one) < str(other)) == (one.start < other.start)


@given(PERIODS)
def test_a_period_contains_itself_and_its_year_contains_it(period: Period) -> None:
    assert period.contains(period)
    assert Period(period.year).contains(period)


@given(DAYS)
def test_a_day_lies_in_one_month_and_one_quarter(day: date) -> None:
    point = Period(day.year, day.month, day.day)
    assert [m for m in Period(day.year).months() if m.contains(point)] == [
        Period(day.year, day.month)
    ]
    quarters = [Period(day.year, quarter=q) for q in range(1, 5)]
    assert sum(q.contains(point) for q in quarters) == 1


def test_a_month_does_not_contain_its_quarter() -> None:
    assert not Period(2024, 3).contains(Period(2024, quarter=1))
    assert not Period(2024, 1).contains(Period(2024, 2))


def test_months_of_year_quarter_month_and_day() -> None:
    assert [str(m) for m in Period(2024).months()][::11] == ["2024-01", "2024-12"]
    assert [str(m) for m in Period(2024, quarter=2).months()] == ["2024-04", "2024-05", "2024-06"]
    assert Period(2024, 7).months() == [Period(2024, 7)]
    assert Period(2024, 7, 9).months() == [Period(2024, 7)]


@given(PERIODS)
def test_the_year_before_is_the_same_kind_one_year_earlier(period: Period) -> None:
    if period.year > FIRST_YEAR:
        before = period.year_before()
        assert (before.year, before.month, before.quarter) == (
            period.year - 1,
            period.month,
            period.quarter,
        )
        leap = (period.month, period.day) == (2, 29)
        assert before.day == (28 if leap else period.day)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "24",
        "2024-13",
        "2024-00",
        "2024-3",
        "2024-Q5",
        "2024-02-30",
        "2024/03",
        "1989",
        "2061",
        "2024-Q1-05",
        " 2024",
        "2024-03-00",
        "2024-03-00x",
    ],
)
def test_what_is_no_period_either_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|month|year|day"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((1989,), "outside 1990 to 2060"),
        ((2024, 13), "month 13"),
        ((2024, 0, 0, 5), "quarter 5"),
        ((2024, 1, 0, 1), "quarter has no month"),
        ((2024, 0, 1, 1), "quarter has no month"),
        ((2023, 2, 29), "day"),
        ((2024, 0, 5), "month"),
    ],
)
def test_parts_that_are_not_on_the_calendar_are_refused(parts: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Period(*parts)


def test_local_time_is_eight_hours_ahead_all_year() -> None:
    for month in (1, 7):
        assert datetime(2024, month, 1, tzinfo=LOCAL).utcoffset() == timedelta(hours=8)
