"""What people do with outages, filings and alerts: who may, what must be said, what is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from quality_world import NOW, TODAY, point, quality_of
from tanfeng.console.core import rights
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.quality import machines, reminders, services
from tanfeng.console.quality.models import Alert, Evidence, Filing, MonthQuality, Outage, Step
from tanfeng.errors import DataError

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FAULT = {"kind": "fault", "starts_on": TODAY - DAY, "ends_on": TODAY, "reason": "电源损坏"}


@pytest.fixture
def meter_a(firm_a, org_a):
    return point(firm_a, org_a)


@pytest.fixture
def world(firm_a, org_a, city, meter_a):
    return quality_of(org_a, meter_a, firm_a, city)


def rules(error):
    return [one.heading for one in error.value.problems]


def test_filings_are_numbered_by_year(firm_a, org_a, meter_a):
    later = NOW.replace(year=2027)
    numbers = [
        services.file_outage(
            firm_a, org_a, [meter_a], {**FAULT, "starts_on": at.date(), "ends_on": None}, at=at
        ).number
        for at in (NOW, NOW, later)
    ]
    assert numbers == ["GZ-2026-0001", "GZ-2026-0002", "GZ-2027-0001"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_on": TODAY - 2 * DAY}, "ends_on"),
        ({"starts_on": date(2024, 1, 1)}, "starts_on"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_a_filing_that_cannot_be_is_refused(firm_a, org_a, meter_a, changes, field):
    with pytest.raises(DataError) as error:
        services.file_outage(firm_a, org_a, [meter_a], {**FAULT, **changes}, at=NOW)
    assert rules(error) == [field]
    assert not Filing.objects.exists()


def test_a_filing_names_points_of_its_enterprise(firm_a, firm_b, org_a, org_b, meter_a):
    other = point(firm_b, org_b, "Q-1")
    for meters in ([], [other]):
        with pytest.raises(DataError) as error:
            services.file_outage(firm_a, org_a, meters, FAULT, at=NOW)
        assert rules(error) == ["meters"]


def test_nobody_files_for_another(firm_b, county_officer_a, verifier, org_a, meter_a):
    with pytest.raises(Http404):
        services.file_outage(firm_b, org_a, [meter_a], FAULT, at=NOW)
    for user in (county_officer_a, verifier):
        with pytest.raises(PermissionDenied):
            services.file_outage(user, org_a, [meter_a], FAULT, at=NOW)


def test_who_files_does_not_accept(city, org_a, meter_a, county_officer_a):
    filing = services.file_outage(city, org_a, [meter_a], FAULT, at=NOW)
    with pytest.raises(PermissionDenied):
        services.take(city, machines.FILING, filing, "accept_filing", at=NOW)
    services.take(county_officer_a, machines.FILING, filing, "accept_filing", at=NOW)
    filing.refresh_from_db()
    assert (filing.state, filing.accepted_at) == ("accepted", NOW)


@pytest.mark.parametrize("kind", ["stop", "change"])
def test_taking_a_point_away_needs_the_city(firm_a, org_a, meter_a, county_officer_a, city, kind):
    filing = services.file_outage(firm_a, org_a, [meter_a], {**FAULT, "kind": kind}, at=NOW)
    with pytest.raises(PermissionDenied):
        services.take(county_officer_a, machines.FILING, filing, "accept_filing", at=NOW)
    services.take(city, machines.FILING, filing, "accept_filing", at=NOW)


def test_a_filing_sent_back_says_why_and_comes_again(world, city, firm_a):
    filing = world["outage_filing"]
    with pytest.raises(DataError):
        services.take(city, machines.FILING, filing, "return_filing", at=NOW)
    services.take(city, machines.FILING, filing, "return_filing", {"remark": "附照片"}, at=NOW)
    services.take(firm_a, machines.FILING, filing, "file_again", at=NOW)
    steps = Step.objects.filter(machine="filing").order_by("pk").values_list("action", "after")
    assert list(steps) == [("enter", "filed"), ("return_filing", "returned"),
                           ("file_again", "filed")]  # fmt: skip
    assert AuditEvent.objects.filter(action="quality.return_filing", user=city).exists()


def test_a_repair_is_confirmed_once_with_its_photograph(world, firm_a, county_officer_a):
    outage = world["outage"]
    with pytest.raises(PermissionDenied):
        services.confirm_repair(county_officer_a, outage, "x", at=NOW)
    with pytest.raises(DataError):
        services.confirm_repair(firm_a, outage, "  ", at=NOW)
    picture = ("表.jpg", b"\xff\xd8\xff\xe0 picture")
    services.confirm_repair(firm_a, outage, "换电源", photograph=picture, at=NOW)
    outage.refresh_from_db()
    assert (outage.cause, outage.confirmed_by, outage.state) == ("换电源", firm_a, "open")
    assert Evidence.objects.get(outage=outage).file_name == "表.jpg"
    with pytest.raises(DataError):
        services.confirm_repair(firm_a, outage, "again", at=NOW)


def test_a_file_that_is_not_what_it_says_is_refused(world, firm_a):
    with pytest.raises(DataError):
        services.attach(firm_a, world["outage_filing"], "a.pdf", b"MZ", at=NOW)


def test_an_alert_goes_from_new_over_an_order_to_its_end(world, city, firm_a, county_officer_a):
    alert = world["alert"]

    def take(user, key, **values):
        services.take(user, machines.ALERT, alert, key, values, at=NOW)
        alert.refresh_from_db()
        return alert.state

    assert take(county_officer_a, "acknowledge") == "acknowledged"
    with pytest.raises(DataError):
        take(city, "order", remark="查")
    assert take(city, "order", remark="查", due_on=TODAY + DAY) == "ordered"
    assert (alert.order_no, alert.due_on) == ("GD-2026-0001", TODAY + DAY)
    with pytest.raises(PermissionDenied):
        take(city, "answer_order", remark="x")
    assert take(firm_a, "answer_order", remark="已换") == "answered"
    assert take(city, "order_again", remark="照片", due_on=TODAY + 2 * DAY) == "ordered"
    assert alert.order_no == "GD-2026-0001"
    take(firm_a, "answer_order", remark="照片已传")
    with pytest.raises(PermissionDenied):
        take(firm_a, "close_alert", remark="x")
    assert take(city, "close_alert", remark="核实") == "closed"
    assert Step.objects.filter(machine="alert", thing=alert.pk).count() == 6


def test_an_alert_of_nobody_cannot_be_ordered(world, city):
    Alert.objects.update(organisation=None)
    with pytest.raises(DataError):
        services.take(
            city, machines.ALERT, world["alert"], "order", {"remark": "x", "due_on": TODAY}
        )


def test_many_are_acknowledged_and_the_rest_is_counted(world, city):
    alert = world["alert"]
    assert services.acknowledge(city, [alert, alert]) == (1, 1)


def test_who_sees_what(world, city, firm_a, firm_b, county_officer_a, county_officer_b, verifier,
                       park_user, admin_user, county_a):  # fmt: skip
    MonthQuality.objects.create(kind="county", node=county_a.code, place=county_a, month="2026-03")
    MonthQuality.objects.create(kind="city", node="city", month="2026-03")
    seen = {
        user.username: (
            rights.visible(user, MonthQuality).count(),
            *(rights.visible(user, model).count() for model in (Outage, Filing, Alert, Evidence)),
        )
        for user in (city, firm_a, firm_b, county_officer_a, county_officer_b, verifier, park_user,
                     admin_user)
    }  # fmt: skip
    own, none = (1, 1, 1, 1, 1), (0, 0, 0, 0, 0)
    assert seen[city.username] == (3, 1, 1, 1, 1)
    assert seen[county_officer_a.username] == (2, 1, 1, 1, 1), "and the sum of its county"
    assert seen[firm_a.username] == seen[verifier.username] == seen[park_user.username] == own
    assert seen[firm_b.username] == seen[county_officer_b.username] == none
    assert seen[admin_user.username] == none


def test_the_mark_counts_what_waits_for_the_person(world, city, firm_a, park_user):
    assert [reminders.waiting(user) for user in (city, firm_a, park_user)] == [1, 0, 0]
    services.take(
        city, machines.ALERT, world["alert"], "order", {"remark": "x", "due_on": TODAY}, at=NOW
    )
    assert [reminders.waiting(user) for user in (city, firm_a, park_user)] == [0, 1, 0]


def test_the_first_page_reminds(world, city, firm_a):
    Outage.objects.update(state="overdue")
    services.take(
        city, machines.ALERT, world["alert"], "order", {"remark": "x", "due_on": TODAY}, at=NOW
    )
    told = {user: [one.url for one in reminders.remind(user)] for user in (city, firm_a)}
    assert told[city] == ["/quality/outages/?state=overdue", "/quality/filings/?state=filed"]
    assert told[firm_a] == ["/quality/outages/?state=overdue", "/alerts/?state=ordered"]
