"""What is kept of a carbon year is what counting it live would say, after every kind of write."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mrv_world import FILED, carbon_year, plan_of
from tanfeng.console.core.models import Batch, Role, User
from tanfeng.console.registers.mrv import importers, machines, months, services, tallies
from tanfeng.console.registers.mrv.models import EmissionReport, MonthlyFiling, Tally
from tanfeng.demo.mrv import pdf

VALUES = {"value": 100.0, "unit": "t"}


@pytest.fixture
def world(org_a, firm_a, city):
    return carbon_year(org_a, firm_a, city)


def _agrees(user) -> Tally:
    """Compare every tally with what is counted live; return that of the first year."""
    tallies.settle()
    today = timezone.localdate()
    for report in EmissionReport.objects.select_related("organisation", "tally"):
        row = report.tally
        live = months.findings(user, [report])
        counted = dict(live.group_by("rule").len().iter_rows())
        assert tallies.by_rule(row, today) == counted
        assert row.found == live.height
        risks = months.risks(user, [report])
        assert row.score == pytest.approx(risks["points"].sum())
        assert tallies.reasons(row, today) == list(
            risks.select("rule", "count", "points").iter_rows()
        )
        filed = MonthlyFiling.objects.filter(report=report, known_to=None)
        assert row.filed == len(set(filed.values_list("month", flat=True)))
        assert row.to_review == filed.filter(state="entered").count()
    return Tally.objects.order_by("pk")[0]


def test_every_write_is_counted(world, org_a, firm_a, city):
    report = world["mrv_report"]
    row = _agrees(city)
    # One value filed late and not reviewed; the visit is under way; one finding is open.
    assert (row.filed, row.unreviewed, row.open_findings) == (1, 1, 1)
    assert row.has_plan
    assert row.visited
    # Eleven months of 2024 are missing, of which six count: 6 x 5; the open finding 5.
    assert row.counts.get("M05") is None
    assert tallies.by_rule(row, timezone.localdate())["M05"] == 11
    assert row.score >= 35
    services.file_month(firm_a, report, 2, "coal_use_t", {**VALUES, "invoice_value": 150.0})
    assert _agrees(city).counts["M04"] == 1
    reviewer = User.objects.create_user("reviews", role=Role.ENTERPRISE, org_code=org_a.credit_code)
    services.take(reviewer, machines.FILING, MonthlyFiling.objects.get(month=2), "review")
    assert _agrees(city).to_review == 1
    finding = world["mrv_finding"]
    services.attach(firm_a, report, pdf("x"), "说明.pdf", {"kind": "other"}, finding=finding)
    services.take(firm_a, machines.FINDING, finding, "answer", {"answer": "改了"})
    finding.refresh_from_db()
    services.take(city, machines.FINDING, finding, "accept_correction")
    assert _agrees(city).open_findings == 0


def test_equal_values_are_followed_into_the_next_year(org_a, firm_a, city):
    plan_of(org_a, firm_a, city, begun=date(2023, 1, 1))
    first = services.open_year(firm_a, org_a, 2023)
    second = services.open_year(firm_a, org_a, 2024)
    for month in range(1, 12):
        services.file_month(firm_a, first, month, "coal_use_t", VALUES, at=FILED)
    services.file_month(firm_a, second, 1, "coal_use_t", VALUES, at=FILED)
    _agrees(city)
    assert "M03" not in second.tally.counts
    # The twelfth month closes the gap: thirteen equal months in a row end in January 2024.
    services.file_month(firm_a, first, 12, "coal_use_t", VALUES, at=FILED)
    _agrees(city)
    second.tally.refresh_from_db()
    assert second.tally.counts["M03"] == 1


def test_a_file_handed_in_by_two_is_told_to_who_sees_both(
    client_for, world, org_b, firm_a, firm_b, city, county_officer_a
):
    report = services.open_year(firm_b, org_b, 2024)
    plan_of(org_b, firm_b, city)
    filing = services.file_month(firm_b, report, 1, "coal_use_t", VALUES, at=FILED)
    services.attach(firm_b, report, pdf("one"), "同一.pdf", {"kind": "invoice"}, filing=filing)
    _agrees(city)
    own = Tally.objects.get(report=world["mrv_report"])
    assert own.counts["M08"] == 1
    assert own.shared == 1
    assert not tallies.in_part(city, EmissionReport.objects.all())
    for user, told in (
        (city, own.found),
        (firm_a, own.found - 1),
        (county_officer_a, own.found - 1),
    ):
        page = client_for(user).get(reverse("mrv"))
        shown = {one["code"]: one["found"] for one in page.context["rows"]}
        assert shown[world["mrv_report"].organisation.credit_code] == told
    seen = client_for(county_officer_a).get(reverse("mrv-selection")).context["rows"][0]
    # 8 points less: the county does not see the other enterprise.
    assert seen["report"].score == own.score - 8
    live = months.risks(county_officer_a, [seen["report"]])
    assert "M08" not in live["rule"].to_list()
    # The other takes its file away from the months: it corrects the filing.
    services.file_month(firm_b, report, 1, "coal_use_t", {**VALUES, "remark": "重报"})
    _agrees(city)
    own.refresh_from_db()
    assert own.shared == 0


def test_time_alone_changes_what_fell_due_and_nothing_is_checked_again(
    org_a, firm_a, city, monkeypatch
):
    today = timezone.localdate()
    plan_of(org_a, firm_a, city, begun=date(today.year, 1, 1))
    services.open_year(firm_a, org_a, today.year)
    row = _agrees(city)
    day = row.good_until
    assert day is not None
    before = row.found
    monkeypatch.setattr(months, "examined", None)
    assert tallies.settle(day) == 0
    row.refresh_from_db()
    assert row.found == before  # on the day itself it is not late
    tallies.settle(day + timedelta(days=1))
    row.refresh_from_db()
    assert row.found == before + 1
    assert row.good_until is None or row.good_until > day


def test_a_batch_taken_back_is_counted(world, firm_a, city):
    batch = Batch.objects.create(
        file_name="x.xlsx", sha256="1" * 64, size_bytes=1, uploaded_by=city
    )
    services.file_month(firm_a, world["mrv_report"], 3, "coal_use_t", VALUES, batch=batch)
    assert _agrees(city).filed == 2
    importers.FilingImporter().undo(batch, city, timezone.now())
    assert _agrees(city).filed == 1


def test_a_former_name_clears_a_document(client_for, world, org_a, firm_a, city):
    report = world["mrv_report"]
    filing = services.file_month(firm_a, report, 4, "coal_use_t", VALUES)
    services.attach(
        firm_a, report, pdf("old"), "旧.pdf", {"kind": "invoice", "stated_name": "旧名有限公司"},
        filing=filing,
    )  # fmt: skip
    assert _agrees(city).counts["M09"] == 1
    org_a.former_names = "旧名有限公司"
    org_a.save()
    page = client_for(city).get(reverse("mrv"))
    assert page.status_code == 200
    assert "M09" not in _agrees(city).counts


def test_a_list_asks_no_more_for_more_years(client_for, world, org_a, firm_a, city):
    client = client_for(city)

    def asked(address):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    for address in (reverse("mrv"), reverse("mrv-selection")):
        few = asked(address)
        for year in range(2010, 2020):
            services.open_year(firm_a, org_a, year)
        assert asked(address) <= few
