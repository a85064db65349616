"""The yearly notices as a calendar: what they move, and what no notice is known for."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import date
from importlib import resources

import pytest

from tanfeng.metering import workdays


def test_the_table_is_the_one_its_digest_names():
    tables = resources.files("tanfeng.metering") / "tables"
    about = tomllib.loads((tables / "workday_notices.toml").read_text("utf-8"))["digest"]
    content = (tables / "workday_notices.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == about["sha256"]
    assert len(workdays.notices()) == about["rows"]


def test_every_row_names_its_notice_and_where_it_was_read():
    for row in workdays.notices():
        assert row.document.startswith("国办发明电〔")
        assert row.source.startswith("http")
        assert row.first <= row.last


def test_made_up_days_are_weekends_and_no_day_is_both():
    made_up = [row for row in workdays.notices() if not row.is_off]
    assert all(row.first == row.last and row.first.weekday() >= 5 for row in made_up)
    calendar = workdays.published()
    assert not calendar.holidays & calendar.made_up


@pytest.mark.parametrize(
    ("year", "off", "made_up"),
    # Days off and made-up days by the notice: 2025 is 1 + 8 + 3 + 5 + 3 + 8 and 2 + 1 + 2.
    [
        (2020, 1 + 10 + 3 + 5 + 3 + 8, 1 + 2 + 1 + 2),  # 1 February was off after all
        (2021, 3 + 7 + 3 + 5 + 3 + 3 + 7, 7),
        (2022, 3 + 7 + 3 + 5 + 3 + 3 + 7, 2 + 1 + 2 + 2),
        (2023, 3 + 7 + 1 + 5 + 3 + 8, 2 + 2 + 1 + 2),
        (2024, 1 + 8 + 3 + 5 + 1 + 3 + 7, 2 + 1 + 2 + 1 + 2),
        (2025, 1 + 8 + 3 + 5 + 3 + 8, 2 + 1 + 2),
        (2026, 3 + 9 + 3 + 5 + 3 + 3 + 7, 1 + 2 + 1 + 2),
    ],
)
def test_a_year_has_the_days_its_notice_counts(year, off, made_up):
    rows = [row for row in workdays.notices() if row.year == year]
    assert sum(len(row.days) for row in rows if row.is_off) == off
    assert sum(len(row.days) for row in rows if not row.is_off) == made_up


@pytest.mark.parametrize(
    ("year", "working"),
    # 2024: 366 days, 104 of them weekends (52 Saturdays and Sundays each): 262 weekdays, 11 of
    # them paid holidays when those that fall on weekends are made up; 251. 2025 has two more: 248
    # of 261. 2026 has 261 weekdays and 13 days: 248.
    [(2024, 251), (2025, 248), (2026, 248)],
)
def test_a_year_works_as_many_days_as_the_law_leaves(year, working):
    calendar = workdays.published()
    assert calendar.table(date(year, 1, 1), date(year, 12, 31))["number"][-1] == working


def test_a_term_over_the_national_day_of_2026():
    calendar = workdays.published()
    # 30 September + 3 working days: 1 to 7 October off, so 8, 9 and the made-up Saturday 10.
    assert calendar.deadline(date(2026, 9, 30), 3) == date(2026, 10, 10)


def test_a_year_without_a_notice_says_so():
    calendar = workdays.published()
    assert calendar.covers(date(2020, 1, 1), date(2026, 12, 31))
    assert not calendar.covers(date(2026, 12, 1), date(2027, 1, 5))
    assert not calendar.covers(date(2019, 12, 31), date(2020, 1, 1))
