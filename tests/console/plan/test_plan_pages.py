"""Targets and tasks as pages: filters, both languages, export, and no invented progress."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from tanfeng.console.core import search
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.plan.models import Target, Task, Unit

pytestmark = pytest.mark.django_db
LANGUAGES = ("zh-hans", "en")


@pytest.fixture
def today(monkeypatch):
    """Set the day the pages think it is."""

    def to(day):
        monkeypatch.setattr(timezone, "localdate", lambda *_a, **_k: day)

    to(date(2026, 3, 1))
    return to


@pytest.fixture
def page(client_for, city):
    """Return the text of a page in a language."""
    client = client_for(city)

    def get(url, lang="zh-hans", status=200):
        client.cookies["django_language"] = lang
        response = client.get(url)
        assert response.status_code == status, url
        return response.content.decode()

    return get


def keys(text):
    """Return the targets a list shows, in order."""
    import re

    return re.findall(r'<a href="/targets/(T\d\d)/">T\d\d</a>', text)


def cells(client, url):
    book = openpyxl.load_workbook(BytesIO(client.get(url).content))
    return [[cell for cell in row if cell is not None] for row in book.active.values]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("number", range(1, 64))
@pytest.mark.same_queries
def test_every_target_has_a_page(page, today, number, lang):
    target = Target.objects.get(key=f"T{number:02d}")
    text = page(reverse("target", args=(target.key,)), lang)
    assert (target.indicator_en if lang == "en" else target.indicator_zh) in text.replace(
        "&#x27;", "'"
    ).replace("&quot;", '"')
    assert ("待市双碳办指定" if lang == "zh-hans" else "to be assigned by the city") in text
    assert ("进度引擎未启用" if lang == "zh-hans" else "Progress engine not in use") in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "clause", ["2.1.1", "2.2.5", "2.4.2", "3.1.0", "3.1.6", "4.4", "5.1", "5.2", "5.3"]
)
@pytest.mark.same_queries
def test_tasks_have_pages(page, clause, lang):
    task = Task.objects.get(clause=clause)
    text = page(reverse("task", args=(clause,)), lang)
    assert (task.title_en if lang == "en" else task.title_zh) in text
    for target in Target.objects.filter(clause=clause):
        assert reverse("target", args=(target.key,)) in text


def test_unknown_targets_and_tasks_are_not_there(page):
    page("/targets/T64/", status=404)
    page("/tasks/9.9.9/", status=404)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("url", ["/targets/", "/tasks/", "/tasks/?view=matrix"])
def test_lists_render(page, url, lang, today):
    assert page(url, lang)


def test_the_headline_counts(page, today):
    assert "共 63 项目标，其中定量 17 项；13 项已到期，待结算" in page("/targets/")
    today(date(2025, 12, 31))
    assert "0 项已到期，待结算" in page("/targets/")
    today(date(2031, 1, 1))
    # 13 targets of 2025 and 24 of 2030 are over.
    assert "37 项已到期，待结算" in page("/targets/")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=scope_threshold", ["T52"]),
        ("kind=derived", ["T43", "T44"]),
        ("clause=2.2.5", ["T10", "T11", "T12", "T13"]),
        ("comparator=gt", ["T31"]),
        ("year=2025&comparator=batch", ["T39"]),
        ("state=closed&clause=3.1.2", ["T27", "T28", "T29"]),
        ("state=open&clause=3.1.2", ["T30"]),
        ("q=变压器 占比", ["T13"]),
        ("q=transformer share", ["T13"]),
        ("q=nothing like this", []),
        ("clause=2.2.5&kind=quantified", ["T10", "T13"]),
        ("unit=abc&clause=2.2.2", ["T52"]),
        ("clause=2.2.5&sort=-key", ["T13", "T12", "T11", "T10"]),
    ],
)
def test_filters_of_the_target_list(page, today, query, expected):
    assert keys(page(f"/targets/?{query}")) == expected


def test_targets_of_a_unit(page, today):
    unit = Unit.objects.get(name_zh="市供销社")
    # The cooperative is named in clause 2.4.2 alone, which states five targets.
    assert keys(page(f"/targets/?unit={unit.pk}")) == ["T19", "T20", "T21", "T22", "T23"]


def test_kinds_are_counted_under_the_other_filters(page, today):
    text = page("/targets/?clause=2.2.5")
    assert "全部 4" in text
    assert "定量 2" in text
    assert "长期规则 2" in text
    assert "定性 0" in text


def test_ambiguities_and_reference_figures_stand_on_the_page(page, today):
    assert "正好30%不算达到" in page("/targets/T31/")
    text = page("/targets/T14/", "en")
    assert "they are no progress of this target" in text
    assert "456" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sector=chain-leader enterprises", {"2.3.2"}),
        ("capability=C22", {"2.2.2", "2.2.5", "3.2.2"}),
        ("q=中小企业", {"2.3.4"}),
        ("q=SMEs", {"2.3.4"}),
    ],
)
def test_filters_of_the_task_list(page, query, expected):
    text = page(f"/tasks/?{query}")
    assert {
        clause
        for clause in Task.objects.values_list("clause", flat=True)
        if f'href="/tasks/{clause}/"' in text
    } == expected


def test_the_matrix_marks_every_unit_the_plan_names(page):
    text = page("/tasks/?view=matrix")
    # 38+42+26+23+11+9+1+3+2+1+2+2+2+1+1+1+2+2+44+44 mentions, one mark each.
    assert text.count('role="img">●') == 257


def test_target_export_follows_the_filters(client_for, city, today):
    client = client_for(city)
    rows = cells(client, "/targets/?clause=2.2.5&kind=quantified&export=xlsx")
    shown = [row for row in rows if row and str(row[0]).startswith("T1")]
    assert [row[:3] for row in shown] == [
        ["T10", "新增高效节能电机占比", "不低于 70%"],
        ["T13", "新增高效节能变压器占比", "不低于 80%"],
    ]
    assert all("待市双碳办指定" in row for row in shown)
    event = AuditEvent.objects.get(action="export.targets")
    assert event.detail["rows"] == 2


def test_task_exports(client_for, city):
    client = client_for(city)
    rows = cells(client, "/tasks/?export=xlsx")
    assert sum(1 for row in rows if row and str(row[0])[:2] in {"2.", "3.", "4.", "5."}) == 45
    matrix = cells(client, "/tasks/?view=matrix&export=xlsx")
    assert sum(row.count("●") for row in matrix) == 257


def test_everybody_signed_in_reads_the_plan(
    client, client_for, city, county_officer_a, park_user, firm_a, verifier, admin_user
):
    for user in (city, county_officer_a, park_user, firm_a, verifier, admin_user):
        for url in ("/targets/", "/targets/T10/", "/tasks/", "/tasks/2.2.5/"):
            assert client_for(user).get(url).status_code == 200
    assert client.get("/targets/").status_code == 302


def test_nobody_writes_to_the_pages(client_for, city):
    for url in ("/targets/", "/targets/T10/", "/tasks/", "/tasks/2.2.5/"):
        assert client_for(city).post(url).status_code == 405


def test_lists_ask_few_questions(client_for, city, django_assert_max_num_queries):
    client = client_for(city)
    for url in ("/targets/", "/tasks/", "/tasks/?view=matrix"):
        client.get(url)
        with django_assert_max_num_queries(22):
            client.get(url)


def test_the_search_box_finds_targets_and_tasks(city):
    found = {label: [hit.url for hit in hits] for label, hits in search.search(city, "电机")}
    assert ["/targets/T10/"] in found.values()
    hits = [hit.url for _label, some in search.search(city, "2.2.5") for hit in some]
    assert "/tasks/2.2.5/" in hits
