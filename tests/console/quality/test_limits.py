"""Limits the city sets: from which month, by what document, and what is judged by them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from quality_world import BEGIN, NOW, TODAY, point, send
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.metering import engine
from tanfeng.console.quality import judging, limits, limits_in_force
from tanfeng.console.quality.models import LimitChange, MonthQuality, Outage
from tanfeng.console.quality.views import common
from tanfeng.errors import DataError
from tanfeng.metering import limit_changes

pytestmark = pytest.mark.django_db
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
SAID = {"value": 0.5, "valid_from": MARCH, "document": "市工信局通知", "clause": "第三条"}


def test_a_change_holds_from_its_month_and_the_newest_wins(city):
    limits.set_limit(city, "connected_min", SAID)
    limits.set_limit(city, "connected_min", {**SAID, "value": 0.7, "valid_from": APRIL})
    on = limits_in_force.changed_on
    assert on(date(2026, 2, 28)) == {}
    assert on(date(2026, 3, 31)) == {"connected_min": 0.5}
    assert on(APRIL) == {"connected_min": 0.7}
    limits.set_limit(city, "connected_min", {**SAID, "value": 0.6})
    assert on(MARCH) == {"connected_min": 0.6}
    old = LimitChange.objects.get(value=0.5)
    assert (old.withdrawn_by, old.withdrawn_reason) == (city, "市工信局通知")
    events = AuditEvent.objects.filter(action="quality.limit").order_by("pk")
    assert [(one.detail["before"], one.detail["after"]) for one in events] == [
        ("0.9", "0.5"), ("0.5", "0.7"), ("0.5", "0.6"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "changes", "field"),
    [
        ("weight_completeness", {}, "rule"),
        ("connected_min", {"value": 1.2}, "value"),
        ("connected_min", {"valid_from": date(2026, 3, 2)}, "valid_from"),
        ("connected_min", {"document": " "}, "document"),
        ("repair_days", {"value": 2.5}, "value"),
        ("rated_factor", {"value": 0.9}, "value"),
        ("late_max", {"value": 0}, "value"),
    ],
)
def test_what_cannot_be_a_limit_is_refused(city, rule, changes, field):
    with pytest.raises(DataError) as error:
        limits.set_limit(city, rule, {**SAID, **changes})
    assert [one.heading for one in error.value.problems] == [field]


def test_what_holds_lies_beside_the_readings(city, django_capture_on_commit_callbacks):
    """The command judges by the same limits, without a database."""
    path = engine.folder() / "quality" / limit_changes.FILE
    with django_capture_on_commit_callbacks(execute=True):
        change = limits.set_limit(city, "residual_sigma", {**SAID, "value": 3.5})
    (told,) = limit_changes.read(path)
    assert (told.rule, told.value, told.valid_from) == ("residual_sigma", 3.5, MARCH)
    assert (told.document, told.clause) == ("市工信局通知", "第三条")
    with django_capture_on_commit_callbacks(execute=True):
        limits.withdraw_limit(city, change, "误录")
    assert limit_changes.read(path) == ()


def test_only_the_city_sets(county_officer_a, firm_a):
    for user in (county_officer_a, firm_a):
        with pytest.raises(PermissionDenied):
            limits.set_limit(user, "connected_min", SAID)


def test_a_source_nobody_read_is_to_be_verified(city):
    assert common.rule("repair_days", MARCH)["confidence"] == "single"
    limits.set_limit(city, "repair_days", {**SAID, "value": 5.0})
    told = common.rule("repair_days", MARCH)
    assert (told["value"], told["source"], told["confidence"]) == (
        5.0, "市工信局通知 第三条", "single",
    )  # fmt: skip
    change = limits.set_limit(city, "repair_days", {**SAID, "value": 5.0, "checked": True})
    assert common.rule("repair_days", MARCH)["confidence"] == "confirmed"
    assert common.rule("repair_days", date(2026, 2, 1))["value"] == 3
    with pytest.raises(DataError):
        limits.withdraw_limit(city, change, " ")
    limits.withdraw_limit(city, change, "误录")
    assert common.rule("repair_days", MARCH)["value"] == 3
    with pytest.raises(DataError):
        limits.withdraw_limit(city, change, "误录")


def test_days_are_judged_by_the_limits_of_their_month(
    city, firm_a, org_a, django_capture_on_commit_callbacks
):
    """A day on which half came is connected where half is enough."""
    point(firm_a, org_a)
    last = TODAY - timedelta(days=1)
    send(["P-1"], end=BEGIN + timedelta(days=8))
    # 9 March: its first 60 % alone; 10 March nothing
    start = BEGIN + timedelta(days=8)
    send(["P-1"], start, start + timedelta(hours=14), batch="b2")
    judging.run(NOW)
    month = MonthQuality.objects.get(kind="enterprise", month="2026-03")
    assert (month.days_due, month.days_connected) == (10, 8)
    assert Outage.objects.get(stands=True).first == date(2026, 3, 9)
    with django_capture_on_commit_callbacks() as queued:
        limits.set_limit(city, "connected_min", SAID)
    assert len(queued) == 2, "what was judged since is judged again in the background"
    judging.run(NOW, again=judging.Span(MARCH, last))
    month.refresh_from_db()
    assert month.days_connected == 9
    assert Outage.objects.get(stands=True).first == last


def test_the_page_shows_sets_and_withdraws(city, county_officer_a, client_for):
    client, url = client_for(city), reverse("quality-limits")
    page = client.get(url).content.decode()
    assert "故障修复期限" in page
    assert "待核实" in page
    form = {"rule": "repair_days", "value": "2", "valid_from": "2026-03-01", "document": "通知"}
    assert client.post(url, {**form, "valid_from": "2026-03-02"}).status_code == 422
    assert client.post(url, form).status_code == 302
    change = LimitChange.objects.get()
    assert (change.value, change.checked, change.created_by) == (2.0, False, city)
    other = client_for(county_officer_a)
    seen = other.get(url)
    assert "通知" in seen.content.decode()
    assert seen.context["form"] is None
    assert other.post(url, form).status_code == 403
    client.post(url, {"do": "withdraw", "change": change.pk, "reason": ""})
    change.refresh_from_db()
    assert change.withdrawn_at is None
    client.post(url, {"do": "withdraw", "change": change.pk, "reason": "误录"})
    change.refresh_from_db()
    assert change.withdrawn_reason == "误录"
    assert client.get(f"{url}?export=xlsx").content.startswith(b"PK")
