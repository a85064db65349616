"""The bulletin of a month: ranking, change, what is frozen, and who reads which line."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from io import BytesIO

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from quality_world import NOW, point
from tanfeng.console.core import rights
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.quality import bulletin_document, bulletins
from tanfeng.console.quality.models import (
    Bulletin,
    BulletinLine,
    Judgement,
    MonthQuality,
    Outage,
)
from tanfeng.errors import DataError

pytestmark = pytest.mark.django_db
SAID = {"addressed": "各县（市、区）工信局", "copied": "市发改委", "remark": "请逾期单位尽快修复。"}


def month(kind, node, text, connectivity, score, **owner):
    return MonthQuality.objects.create(
        kind=kind, node=node, month=text, connectivity=connectivity, score=score, due=100,
        completeness=connectivity, judged_weight=80, points=2, **owner,
    )  # fmt: skip


@pytest.fixture
def judged(firm_a, org_a, org_b, county_a, county_b):
    """January and February of two enterprises: A fell behind B, and has a repair overdue."""
    for text, a, b in (("2026-01", (1.0, 99.0), (0.8, 90.0)), ("2026-02", (0.75, 88.0), (0.9, 95))):
        month("city", "city", text, (a[0] + b[0]) / 2, 90.0)
        for org, place, (share, score) in ((org_a, county_a, a), (org_b, county_b, b)):
            month("enterprise", org.credit_code, text, share, score, organisation=org)
            month("county", place.code, text, share, score, place=place)
    Judgement.objects.create(pk=1, last_day=date(2026, 3, 10), judged_at=NOW, version=7)
    Outage.objects.create(
        organisation=org_a, meter=point(firm_a, org_a), first=date(2026, 2, 25),
        last=date(2026, 3, 10), days_down=14, working_days=10, deadline=date(2026, 3, 2),
        state="overdue",
    )  # fmt: skip


def by_node(found, kind="enterprise"):
    return {one.organisation_id or one.place_id: one for one in found.of(kind)}


def test_ranks_changes_and_repairs_are_counted(judged, city, org_a, org_b, county_a):
    found = bulletins.draft(city, "2026-02")
    assert found.whole.connectivity == pytest.approx(0.825)
    assert found.whole.rank is None, "one alone has no rank"
    a, b = (by_node(found)[org.pk] for org in (org_a, org_b))
    assert (a.rank, a.was_rank, a.ranked, a.risen) == (2, 1, 2, -1)
    assert (b.rank, b.was_rank, b.risen) == (1, 2, 1)
    assert a.connectivity_gained == pytest.approx(-0.25)
    assert b.score_gained == pytest.approx(5.0)
    assert b.completeness_gained == pytest.approx(0.1)
    assert (a.outages, a.overdue, a.was_overdue, b.outages) == (1, 1, 0, 0)
    assert by_node(found, "county")[county_a.code].overdue == 1
    assert found.whole.overdue == 1
    assert [one.title for one in found.of("enterprise")] == [org_b.name, org_a.name]


def test_the_same_figures_have_the_same_rank_and_no_figure_has_none(judged, city, org_a, org_b):
    rows = MonthQuality.objects.filter(month="2026-02", kind="enterprise")
    rows.filter(organisation=org_a).update(connectivity=0.90004, score=95.04)
    assert {one.rank for one in bulletins.draft(city, "2026-02").of("enterprise")} == {1}
    rows.filter(organisation=org_a).update(connectivity=None)
    assert by_node(bulletins.draft(city, "2026-02"))[org_a.pk].rank is None


def test_what_was_issued_does_not_change(judged, city, org_a):
    made = bulletins.issue(city, "2026-02", SAID, at=NOW)
    assert (made.number, made.place, made.judged_to, made.version) == (
        "TB-2026-0001", None, date(2026, 3, 10), 7,
    )  # fmt: skip
    assert made.limits["repair_days"] == {"value": 3, "confidence": "single"}
    MonthQuality.objects.update(connectivity=0.123, score=1.0)
    line = made.lines.get(organisation=org_a)
    assert (line.connectivity, line.score, line.rank) == (0.75, 88.0, 2)
    assert bulletins.digest(list(made.lines.order_by("pk"))) == made.sha256
    event = AuditEvent.objects.get(action="quality.issue")
    assert event.detail["sha256"] == made.sha256


def test_nobody_changes_what_was_issued_past_the_console(judged, city):
    made = bulletins.issue(city, "2026-02", SAID, at=NOW)
    line = made.lines.first()
    attempts = [
        lambda: Bulletin.objects.filter(pk=made.pk).update(addressed="别人"),
        lambda: made.lines.update(score=100.0),
        lambda: BulletinLine.objects.filter(pk=line.pk).delete(),
        made.delete,
        line.save,
    ]
    if connection.vendor == "sqlite":
        for table in ("quality_bulletin", "quality_bulletinline"):
            again = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
            attempts.append(partial(connection.cursor().execute, again))
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
            attempt()
    made.refresh_from_db()
    assert bulletins.digest(list(made.lines.order_by("pk"))) == made.sha256
    again = bulletins.issue(city, "2026-02", {**SAID, "reason": "迟到数据"}, at=NOW)
    assert again.replaces == made


def test_issuing_again_needs_a_reason_and_replaces(judged, city):
    first = bulletins.issue(city, "2026-02", SAID, at=NOW)
    with pytest.raises(DataError) as error:
        bulletins.issue(city, "2026-02", SAID, at=NOW)
    assert [one.heading for one in error.value.problems] == ["reason"]
    again = bulletins.issue(city, "2026-02", {**SAID, "reason": "迟到数据"}, at=NOW)
    assert (again.replaces, again.number) == (first, "TB-2026-0002")
    assert bulletins.standing("2026-02", None) == again


def test_a_month_that_is_not_judged_whole_is_not_issued(judged, city):
    month("city", "city", "2026-03", 1.0, 100.0)
    for text, count in (("2026-03", 2), ("2025-06", 2)):
        with pytest.raises(DataError) as error:
            bulletins.issue(city, text, {"addressed": " "}, at=NOW)
        assert len(error.value.problems) == count
    assert not Bulletin.objects.exists()


def test_a_county_issues_its_own_and_nobody_else_issues(
    judged, county_officer_a, county_a, org_a, firm_a, verifier, park_user
):
    made = bulletins.issue(county_officer_a, "2026-02", SAID, at=NOW)
    assert made.place == county_a
    assert {(one.kind, one.title) for one in made.lines.all()} == {
        ("county", str(county_a)), ("enterprise", org_a.name),
    }  # fmt: skip
    for user in (firm_a, verifier, park_user):
        with pytest.raises(PermissionDenied):
            bulletins.issue(user, "2026-02", SAID, at=NOW)


def test_each_sees_its_own_lines(
    judged, city, county_officer_a, firm_a, firm_b, admin_user, org_a, county_a, client_for
):
    made = bulletins.issue(city, "2026-02", SAID, at=NOW)

    def seen(user):
        return {one.title for one in rights.visible(user, BulletinLine)}

    assert seen(firm_a) == {org_a.name}
    assert seen(county_officer_a) == {org_a.name, str(county_a)}
    assert len(seen(city)) == 5
    assert not rights.visible(admin_user, Bulletin).exists()
    of_b = bulletins.issue(county_officer_a, "2026-02", SAID, at=NOW)
    url = reverse("quality-bulletin", args=[of_b.pk])
    assert client_for(firm_b).get(url).status_code == 404
    page = client_for(firm_a).get(reverse("quality-bulletin", args=[made.pk]))
    assert "2/2" in page.content.decode()
    assert "降 1 位" in page.content.decode()
    assert "待核实" in page.content.decode()


def test_it_leaves_as_workbook_pdf_and_word_with_the_lines_of_whoever_takes_it(
    judged, city, firm_a, org_a, org_b, client_for
):
    made = bulletins.issue(city, "2026-02", SAID, at=NOW)
    url = reverse("quality-bulletin", args=[made.pk])
    for user, names in ((city, {org_a.name, org_b.name}), (firm_a, {org_a.name})):
        answer = client_for(user).get(f"{url}?export=xlsx")
        sheet = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
        told = {cell for row in sheet.iter_rows(values_only=True) for cell in row}
        assert {org_a.name, org_b.name} & told == names
    assert client_for(firm_a).get(f"{url}?export=pdf").content.startswith(b"%PDF")
    word = client_for(city).get(f"{url}?export=docx")
    assert word.content.startswith(b"PK")
    assert AuditEvent.objects.filter(action="export.bulletin").count() == 4
    texts = [
        one.text
        for one in bulletin_document._blocks(made, list(made.lines.all()), "zh")
        if hasattr(one, "text")
    ]
    assert texts[0] == "主送：各县（市、区）工信局"
    assert any("待核实" in one for one in texts)
    assert texts[-1] == "抄送：市发改委"


def test_the_pages_issue_and_list(judged, city, firm_a, client_for):
    client, url = client_for(city), reverse("quality-bulletin-new")
    page = client.get(url)
    assert "2026-02" in page.content.decode()
    assert page.context["form"].initial["addressed"], "the counties that have a line"
    assert client.post(f"{url}?month=2026-02", {"addressed": ""}).status_code == 422
    answer = client.post(f"{url}?month=2026-02", SAID)
    made = Bulletin.objects.get()
    assert answer.url == reverse("quality-bulletin", args=[made.pk])
    again = client.post(f"{url}?month=2026-02", SAID)
    assert again.status_code == 422
    assert "TB-" in again.content.decode()
    assert client_for(firm_a).get(url).status_code == 403
    listed = client_for(firm_a).get(reverse("quality-bulletins"))
    assert made.number in listed.content.decode()
    assert client.get(f"{reverse('quality-bulletins')}?export=xlsx").content.startswith(b"PK")


def test_nothing_judged_is_no_month_to_issue(city, client_for):
    page = client_for(city).get(reverse("quality-bulletin-new"))
    assert "还没有全月评价完的月份" in page.content.decode()
    Judgement.objects.create(
        pk=1, last_day=date(2026, 3, 10), judged_at=datetime.now().astimezone()
    )
    assert client_for(city).get(reverse("quality-bulletin-new")).status_code == 200
