"""Spans of time a page is asked for."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.http import QueryDict

from tanfeng.console.energy import comparison, windows
from tanfeng.console.energy.windows import Span
from tanfeng.periods import LOCAL

NOW = datetime(2026, 11, 22, 21, 37, tzinfo=LOCAL)


def _asked(text, prefix=""):
    found = windows.asked(QueryDict(text), NOW, prefix)
    return found and (found.first, found.last)


def test_usual_is_this_month_up_to_yesterday():
    assert windows.usual(NOW).words == "2026-11-01 – 2026-11-21"
    # On the first of a month, the month before.
    first = NOW.replace(month=12, day=1)
    assert windows.usual(first).words == "2026-11-01 – 2026-11-30"


def test_a_span_ends_with_the_last_quarter_hour_that_is_over():
    span = Span(date(2026, 11, 1), date(2026, 11, 30), NOW)
    assert span.end == datetime(2026, 11, 22, 21, 30, tzinfo=LOCAL)
    assert Span(date(2026, 11, 1), date(2026, 11, 2), NOW).end == datetime(
        2026, 11, 3, tzinfo=LOCAL
    )
    assert Span(date(2026, 11, 23), date(2026, 11, 24), NOW).is_ahead
    assert not span.is_ahead


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from=2026-03-05&to=2026-03-07", (date(2026, 3, 5), date(2026, 3, 7))),
        ("month=2026-03", (date(2026, 3, 1), date(2026, 3, 31))),
        ("month=2026-11", (date(2026, 11, 1), date(2026, 11, 21))),
        ("month=2027-01", (date(2027, 1, 1), date(2027, 1, 1))),
        ("from=2026-03-07&to=2026-03-05", None),
        ("from=2026-13-01&to=x", None),
        ("from=0001-01-01&to=9999-12-31", None),
        ("", None),
        # 2026-11-21 less 365 days.
        ("from=2020-01-01&to=2026-11-21", (date(2025, 11, 21), date(2026, 11, 21))),
    ],
)
def test_what_a_query_asks_for(text, found):
    assert _asked(text) == found


def test_a_second_span_has_a_prefix():
    assert _asked("other_month=2026-02", "other_") == (date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("first", "last", "basis", "base"),
    [
        ("2026-11-01", "2026-11-21", "month", "2026-10-01 – 2026-10-21"),
        ("2026-11-01", "2026-11-21", "year", "2025-11-01 – 2025-11-21"),
        ("2026-11-08", "2026-11-21", "span", "2026-10-25 – 2026-11-07"),
        # A whole month is held against a whole month, however long.
        ("2026-02-01", "2026-02-28", "month", "2026-01-01 – 2026-01-31"),
        ("2026-03-01", "2026-03-31", "month", "2026-02-01 – 2026-02-28"),
        ("2024-02-01", "2024-02-29", "year", "2023-02-01 – 2023-02-28"),
        ("2026-03-30", "2026-03-30", "month", "2026-02-28"),
        ("2026-01-05", "2026-01-06", "month", "2025-12-05 – 2025-12-06"),
    ],
)
def test_what_a_span_is_compared_with(first, last, basis, base):
    span = Span(date.fromisoformat(first), date.fromisoformat(last), NOW)
    assert comparison.base_of(span, basis).words == base


def test_the_spans_beside_one():
    assert windows.beside("day", date(2026, 3, 1), -1) == date(2026, 2, 28)
    assert windows.beside("month", date(2026, 3, 15), -1) == date(2026, 2, 1)
    assert windows.beside("month", date(2026, 12, 15), 1) == date(2027, 1, 1)
    assert windows.beside("year", date(2026, 3, 15), 1) == date(2027, 1, 1)
    assert windows.of_kind("year", date(2026, 3, 15), NOW).words == "2026-01-01 – 2026-12-31"
    assert windows.of_kind("day", date(2026, 3, 15), NOW).words == "2026-03-15"
