"""Figures of a scope: sums, changes over the same months, completeness, order of lists."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from console.accounting.conftest import AS_OF, electricity, fuel
from tanfeng.accounting import completeness
from tanfeng.console.accounting import activity, figures, frozen, measures, services
from tanfeng.console.accounting.enterprise_figures import PublishedFigures
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.accounting.todo import todo_list
from tanfeng.console.archive.listing import Filters, Rows
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import Batch

#: Fujian's factor of 2022, the newest on 31 March 2025. [tCO2 per 10^4 kWh]
EF = 4.092


def test_scopes_are_named_and_cut(run, city, county_officer_a, park_user, firm_b, verifier):
    named = {
        user.username: (scope.kind, scope.name)
        for user in (city, county_officer_a, park_user, firm_b, verifier)
        for scope in (figures.scope_of(user),)
    }
    assert named["county-a"] == ("place", "福清市")
    assert named["park"] == ("park", "甲园区")
    assert named["firm-b"] == ("enterprise", "演示乙钢铁有限公司")
    assert named["verifier"][0] == "assigned"
    assert named["city"][0] == "city"


def test_the_overview_is_the_sum_over_the_scope(run, city, county_officer_a, firm_b):
    both = figures.overview_data(city, year=2024)
    a = figures.overview_data(county_officer_a, year=2024)
    b = figures.overview_data(firm_b, year=2024)
    for key in ("emission_total_tco2", "energy_calorific_tce", "energy_equivalent_tce"):
        assert both.headline[key] == pytest.approx(a.headline[key] + b.headline[key])
    # Firm A in 2023: 1200 x 10^4 kWh; the county's change is of the county alone.
    assert a.headline["emission_tco2_last_year"] == pytest.approx(1200 * EF)
    # Nothing is known of firm B in 2023: no change can be stated.
    assert b.headline["emission_tco2_last_year"] is None
    assert b.headline["emission_tco2_change"] is None


def test_only_steady_reporters_count_like_for_like(run, city):
    found = figures.overview_data(city, year=2024)
    # Firm A is complete in both years; its change is the diesel: 50 t against 1200 x EF.
    a = found.by_org.filter(pl.col("org_code") == "91359999MADEM00015")
    now, before = (
        a.filter(pl.col("year") == year)["emission_tco2"].item() for year in (2024, 2023)
    )
    assert before == pytest.approx(1200 * EF)
    assert found.like_for_like_change == pytest.approx(now / before - 1)
    # The plain change is far larger, because firm B joined.
    assert found.headline["emission_tco2_change"] > 1


def test_a_year_that_is_not_over_is_compared_with_the_same_months(city, records, batch_a, org_a):
    EnergyRecord.objects.bulk_create(
        electricity(batch_a, org_a, 2025, month, 110.0, 60 + month) for month in (1, 2)
    )
    made = services.compute_run(city, years=(2023, 2024, 2025), title="x", as_of=AS_OF)
    run = services.publish_run(city, made)
    found = figures.overview_data(city, year=2025, run=run)
    assert found.period_months == 2
    assert found.headline["emission_tco2"] == pytest.approx(220 * EF)
    # January and February 2024: 200 x EF, 50 t of diesel (January), 2 000 t of coke of firm B.
    before = found.by_org.filter(pl.col("year") == 2024)
    a = before.filter(pl.col("org_code") == org_a.credit_code)["emission_electricity_tco2"].item()
    assert a == pytest.approx(200 * EF)
    assert found.headline["emission_tco2_last_year"] == pytest.approx(before["emission_tco2"].sum())
    # Without a year named, the newest whole one is shown.
    assert figures.overview_data(city, run=run).year == 2024


def test_boundary_and_basis_change_the_figure(run, firm_a):
    total = figures.overview_data(firm_a, year=2023)
    direct = figures.overview_data(firm_a, year=2023, boundary="direct")
    fossil = figures.overview_data(firm_a, year=2023, basis="fossil")
    assert total.headline["emission_tco2"] == pytest.approx(1200 * EF)
    assert direct.headline["emission_tco2"] is None  # no line speaks of fuel
    factor = figures.electricity_factor(run, 2023, "fossil")["value"]
    assert fossil.headline["emission_tco2"] == pytest.approx(12_000 * factor)


def test_breakdowns_add_up_to_the_total(run, city):
    for measure in measures.MEASURES:
        whole = figures.breakdown(city, run, by=("year",), measure=measure)
        for by in figures.KEYS:
            parts = figures.breakdown(city, run, by=(by, "year"), measure=measure)
            sums = parts.group_by("year").agg(measures.summed("value")).sort("year")
            assert sums["value"].to_list() == pytest.approx(whole["value"].to_list()), (measure, by)


def test_parts_are_shares_of_what_is_there(run, city):
    row = figures.breakdown(city, run, by=("year",), measure="energy_calorific_tce").row(
        1, named=True
    )
    shares = measures.shares(row)
    # 2024: measured 1474.8, reported 72.855 + 10 685.4 = 10 758.255, in all 12 233.055 tce.
    assert shares["measured_share"] == pytest.approx(1474.8 / 12_233.055)
    assert shares["reported_share"] == pytest.approx(10_758.255 / 12_233.055)
    assert sum(shares[f"{tier}_share"] for tier in measures.TIERS) == pytest.approx(1)
    assert measures.shares({})["measured_share"] is None


def test_power_sold_to_others_never_lifts_a_share_above_one(city, records, batch_b, org_b):
    # Firm B sells 5000 x 10^4 kWh it made itself: verified factor, negative line.
    row = electricity(batch_b, org_b, 2024, 1, None, 70, transfer_out_qty=5000.0)
    row.purchase_qty, row.own_production_qty, row.consumption_total_qty = 0.0, 6000.0, 1000.0
    row.save()
    run = services.compute_run(city, years=(2023, 2024), title="x", as_of=AS_OF)
    for by in ("org_code", "sector"):
        frame = figures.breakdown(city, run, by=(by,), measure="emission_total_tco2")
        for one in frame.to_dicts():
            share = measures.shares(one)["unverified_share"]
            assert share is None or 0 <= share <= 1


def test_completeness_is_the_engine_s(run, org_a, org_b):
    rows = activity.read((2023, 2024), AS_OF)
    due = pl.DataFrame(
        [
            {"org_code": org.credit_code, "year": year, "month": month}
            for org, years in ((org_a, (2023, 2024)), (org_b, (2024,)))
            for year in years
            for month in range(1, 13)
        ]
    )
    theirs = completeness(rows, due).select(
        "org_code", "year", "expected_months", "reported_months"
    )
    ours = (
        frozen.opened(run)
        .coverage.filter(pl.col("months_expected") > 0)
        .select("org_code", "year", "months_expected", "months_reported")
    )
    assert sorted(ours.rows()) == sorted(theirs.rows())


def test_a_month_is_due_on_its_day_of_the_next(city, records, org_a, org_b):
    rows = activity.read((2024,), AS_OF)
    middle = datetime(2024, 3, 31, 15, 0, tzinfo=UTC)  # 23:00 of 31 March in Fuzhou

    def cover(known, moment):
        found = activity.coverage(known, (2024,), moment)
        return found.filter(pl.col("org_code") == org_a.credit_code).row(0, named=True)

    # January and February are due, March is not; what came early still counts as due.
    a = cover(rows, middle)
    assert a["months_expected"] == a["months_reported"] == 12
    only_january = rows.filter((pl.col("org_code") != org_a.credit_code) | (pl.col("month") == 1))
    a = cover(only_january, middle)
    assert (a["months_reported"], a["months_expected"]) == (1, 2)
    assert list(activity.months_of(a["months"])) == [1]
    # On 15 March February may still come.
    a = cover(only_january, datetime(2024, 3, 15, 4, 0, tzinfo=UTC))
    assert (a["months_reported"], a["months_expected"]) == (1, 1)


def test_a_month_nobody_reported_is_nobody_s_gap(city, records, org_a, org_b):
    rows = activity.read((2024,), AS_OF)
    # B reports up to March, A in January; then the whole city falls silent.
    a_code = org_a.credit_code
    silent = rows.filter(
        pl.col("month") <= pl.when(pl.col("org_code") == a_code).then(1).otherwise(3)
    )
    cover = activity.coverage(silent, (2024, 2025), AS_OF).sort("year")
    a = cover.filter(pl.col("org_code") == a_code)
    assert a["months_expected"].to_list() == [3, 0]
    assert a["months_reported"].to_list() == [1, 0]


def test_a_closed_firm_owes_nothing(city, records, org_b):
    Organisation.objects.filter(pk=org_b.pk).update(active=False)
    cover = activity.coverage(activity.read((2024,), AS_OF), (2024,), AS_OF)
    row = cover.filter(pl.col("org_code") == org_b.credit_code).row(0, named=True)
    assert row["months_expected"] == row["months_reported"] == 11


def test_a_row_of_the_whole_year_stands_for_its_months(city, batch_b, org_b):
    fuel(batch_b, org_b, 2024, 0, "coke", 12.0, 5).save()
    cover = activity.coverage(activity.read((2024,), AS_OF), (2024,), AS_OF)
    row = cover.filter(pl.col("org_code") == org_b.credit_code).row(0, named=True)
    assert (row["months_reported"], row["months"]) == (12, activity.WHOLE_YEAR)


def _names(user, sort="-emission_tco2", **query):
    kept = PublishedFigures(user)
    completeness_asked = query.get("completeness", "")
    reporting = None
    if completeness_asked:
        reporting = kept.complete(2024, complete=completeness_asked == "full")
    filters = Filters(year=2024, completeness=completeness_asked, reporting=reporting)
    return [row.name for row in Rows(user, filters, kept, sort)[0:25]]


def test_the_list_is_ranked_by_the_figures_with_the_silent_last(run, city, org_a, org_b, county_a):
    silent = Organisation.objects.create(
        credit_code="91359999MADEM00777",
        name="演示丙",
        industry_code="3041",
        sector="other",
        place=county_a,
    )
    # Firm B burned 11 000 t of coke, far more than firm A's power and diesel.
    assert _names(city) == [org_b.name, org_a.name, silent.name]
    assert _names(city, "emission_tco2") == [org_a.name, org_b.name, silent.name]
    assert _names(city, "-energy_tce")[0] == org_b.name
    assert _names(city, completeness="full") == [org_a.name]
    assert _names(city, completeness="gaps") == [org_b.name, silent.name]


def test_values_of_the_list_open_their_lines(run, city, org_a):
    kept = PublishedFigures(city)
    values = kept.values([org_a.pk], 2024)[org_a.pk]
    assert values["months"] == "12 / 12"
    assert values["emission_change"] == pytest.approx(values["emission_tco2"] / (1200 * EF) - 1)
    assert org_a.credit_code in kept.columns[0].url(org_a.credit_code, 2024)


def test_the_list_of_what_to_do_tells_what_is_there(city, records, batch_a, org_a, org_b):
    EnergyRecord.objects.filter(organisation=org_b, month=3).update(closing_stock_qty=80.0)
    strange = electricity(batch_a, org_a, 2024, 2, 5.0, 60)
    strange.item_key = "other_fuel"
    strange.save()
    made = services.compute_run(city, years=(2023, 2024), title="x", as_of=AS_OF)
    run = services.publish_run(city, made)
    later = electricity(
        batch_a, org_a, 2024, 5, 7.0, 61, known_from=datetime(2025, 5, 1, tzinfo=UTC)
    )
    later.item_key = "heat"
    later.save()
    found = todo_list(city, figures.overview_data(city, year=2024, run=run))
    urls = " ".join(one.url for one in found)
    assert [one.kind for one in found] == sorted(
        (one.kind for one in found), key=["bad", "late", "note"].index
    )
    assert "severity=error" in urls
    assert "code=stock_open" in urls
    assert "completeness=gaps" in urls
    assert "/runs/" in [one.url for one in found]
    assert "confidence=unverified" in urls


def test_uploads_that_wait_come_with_what_is_wrong(client_for, run, city, batch_a, batch_b):
    Batch.objects.filter(pk=batch_a.pk).update(status=Batch.Status.PREVIEW, errors=3)
    Batch.objects.filter(pk=batch_b.pk).update(status=Batch.Status.REFUSED)
    found = {one.url: one.kind for one in todo_list(city, None)}
    assert found["/uploads/?status=preview"] == "bad"
    assert found["/uploads/?status=refused"] == "bad"
    Batch.objects.update(status=Batch.Status.PREVIEW, errors=0)
    assert [one.kind for one in todo_list(city, None) if "uploads" in one.url] == ["late"]
