"""Dates and periods as people write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng.sheets._dates import from_cell


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2025年1月", "2025-01"),
        ("2025.2", "2025-02"),
        ("2025.10", "2025-10"),
        ("２０２５年３月", "2025-03"),
        ("2025 年 3 月", "2025-03"),
        ("2025年三月", "2025-03"),
        ("2025年十二月", "2025-12"),
        ("2025-04", "2025-04"),
        ("2025/4", "2025-04"),
        ("202506", "2025-06"),
        (202506.0, "2025-06"),
        (2025.3, "2025-03"),
        (2025.12, "2025-12"),
        ("20250601", "2025-06-01"),
        ("2008/3/15", "2008-03-15"),
        ("2025年3月1日", "2025-03-01"),
        ("2025-03-01 00:00:00", "2025-03-01"),
        ("2025年6月底", "2025-06"),
        ("2025", "2025"),
        ("2025年", "2025"),
        (2025, "2025"),
        (dt.date(2025, 3, 18), "2025-03-18"),
        (dt.datetime(2025, 3, 18, 12, 30), "2025-03-18"),
        ("3月", "2024-03"),
        ("3月份", "2024-03"),
    ],
)
def test_dates(cell, text):
    found = from_cell(cell, year=2024)
    assert (found.text, found.how) == (text, "plain")


@pytest.mark.parametrize("cell", [45778, 45778.0, "45778", 45778.5])
def test_excel_serials(cell):
    # 45778 days after 1899-12-30 is 2025-05-01.
    assert dt.date(1899, 12, 30) + dt.timedelta(days=45778) == dt.date(2025, 5, 1)
    assert from_cell(cell).text == "2025-05-01"
    assert from_cell(cell).how == "serial"


@pytest.mark.parametrize(
    "cell",
    [
        "2025.13",
        "2025.0",
        "2025-00",
        "2025.02.30",
        "至今",
        "长期",
        "月",
        "",
        "1850.3",
        True,
        "99999",
    ],
)
def test_no_dates(cell):
    assert from_cell(cell).how == "bad"


def test_a_month_needs_a_year():
    assert from_cell("3月").how == "bad"
    assert from_cell("1-6月").how == "bad"


def test_october_may_have_lost_its_zero():
    found = from_cell(2025.1)
    assert (found.text, found.how) == ("2025-01", "guess")
    assert from_cell("2025.1").how == "plain"  # as text nobody dropped anything


@pytest.mark.parametrize(
    ("cell", "text"), [("25年3月", "2025-03"), ("25.3", "2025-03"), ("'25-03", "2025-03")]
)
def test_two_digit_years_are_a_slip(cell, text):
    found = from_cell(cell)
    assert (found.text, found.how) == (text, "slip")


@pytest.mark.parametrize(
    ("cell", "last", "first"),
    [
        ("2025年1—6月", "2025-06", 1),
        ("1-6月", "2024-06", 1),
        ("2025.1-3月", "2025-03", 1),
        ("2025年第一季度", "2025-03", 1),
        ("2025年3季度", "2025-09", 7),
        ("2025Q4", "2025-12", 10),
        ("2025年上半年", "2025-06", 1),
        ("2025年下半年", "2025-12", 7),
    ],
)
def test_spans(cell, last, first):
    found = from_cell(cell, year=2024)
    assert (found.text, found.how, found.first_month) == (last, "span", first)


@settings(deadline=None)
@given(st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)))
def test_every_spelling_of_a_day_is_that_day(day):
    for text in (
        day.isoformat(),
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
    ):
        assert from_cell(text).text == day.isoformat()
    serial = (day - dt.date(1899, 12, 30)).days
    assert from_cell(float(serial)).text == day.isoformat()


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.none()))
def test_anything_is_answered(cell):
    found = from_cell(cell)
    assert found.how in {"plain", "serial", "guess", "span", "slip", "bad"}
    assert (found.text == "") == (found.how == "bad" or (found.how == "slip" and found.text == ""))
