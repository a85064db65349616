"""What was due: by the calendar, and only as far as the city has collected."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from django.test import RequestFactory

from console.accounting.conftest import KNOWN, electricity, fuel
from tanfeng.console.accounting import brief, due, enterprise_panels, figures, services, todo
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.periods import Period

YEARS_LATER = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def _day(*parts):
    return datetime(*parts, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        (_day(2024, 3, 15), Period(2024, 1)),  # February may come on the 15th itself
        (_day(2024, 3, 16), Period(2024, 2)),
        (_day(2024, 1, 15), Period(2023, 11)),
        (_day(2024, 1, 16), Period(2023, 12)),
        # 17:00 UTC of the 15th is the 16th in the city.
        (datetime(2024, 3, 15, 17, 0, tzinfo=UTC), Period(2024, 2)),
    ],
)
def test_a_month_closes_on_its_day(moment, last):
    assert due.closed(moment) == last


def test_the_city_may_set_its_own_day(settings):
    settings.REPORT_DUE_DAY = 5
    assert due.closed(_day(2024, 3, 6)) == Period(2024, 2)


def test_months_due_of_a_year():
    last = Period(2024, 3)
    assert [due.months_due(year, last) for year in (2023, 2024, 2025)] == [12, 3, 0]
    assert due.months_due(2024, None) == 0


def test_the_last_month_collected_is_anybody_s():
    months = pl.DataFrame({"year": [2023, 2024, 2024, 2025], "months": [0xFFF, 0b1, 0b100, 0]})
    assert due.collected_in(months) == Period(2024, 3)
    assert due.collected_in(months.head(0)) is None


@pytest.fixture
def stopped(city, batch_a, batch_b, org_a, org_b):
    """A reports January to March 2024, B January only; a run is computed years later."""
    EnergyRecord.objects.bulk_create(
        [
            *(electricity(batch_a, org_a, 2024, month, 100.0, month) for month in (1, 2, 3)),
            fuel(batch_b, org_b, 2024, 1, "coke", 1000.0, 9),
        ]
    )
    assert KNOWN < YEARS_LATER
    made = services.compute_run(city, years=(2024, 2025, 2026), title="Stopped", as_of=YEARS_LATER)
    return services.publish_run(city, made)


def test_every_page_counts_the_same_gaps_of_a_city_that_stopped(
    stopped, city, county_officer_b, org_b
):
    # Two enterprises, three months each were collected: 6 due, 4 there, B lacks two.
    found = figures.overview_data(city, year=2024)
    (row,) = found.coverage.filter(pl.col("year") == 2024).to_dicts()
    assert (row["months_expected"], row["months_reported"]) == (6, 4)
    assert found.coverage.filter(pl.col("year") > 2024).height == 0
    county = figures.overview_data(county_officer_b, year=2024)
    (row,) = county.coverage.filter(pl.col("year") == 2024).to_dicts()
    assert (row["months_expected"], row["months_reported"]) == (3, 1)
    document = brief.brief_data(county_officer_b, year=2024)
    assert document.completeness["months_expected"] == 3
    request = RequestFactory().get("/")
    request.user = county_officer_b
    page = enterprise_panels.calendar(request, org_b)
    assert (page["missing"], page["due"]) == (2, "2024-03")
    assert [year["year"] for year in page["years"]] == [2024]


def test_a_city_that_stopped_is_told_once(stopped, city, firm_a):
    def texts(user):
        return [one.text for one in todo.todo_list(user, figures.overview_data(user, year=2024))]

    assert any("2024-03" in text and "2026-10" in text for text in texts(city))
    assert not any("2026-10" in text for text in texts(firm_a))
