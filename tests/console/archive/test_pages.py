"""The enterprise list, the one-page file and the known plants, for every kind of user."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone
from docx import Document as open_word

from tanfeng.console.archive import listing, panels
from tanfeng.console.archive.listing import Filters, Rows
from tanfeng.console.archive.models import (
    Membership,
    OfficialList,
    Organisation,
    OrganisationVersion,
    Plant,
)
from tanfeng.console.archive.search import find
from tanfeng.console.core import lists
from tanfeng.console.core.models import AuditEvent


def _page(client, url):
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def _cells(response):
    assert response.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.fixture
def key_users(db):
    return OfficialList.objects.create(key="key-users", name_zh="重点用能单位", name_en="Key users")


def test_the_list_holds_what_the_role_may_see(
    client_for, org_a, org_b, city, county_officer_a, park_user, firm_b, verifier, admin_user
):
    both, a, b = {org_a.name, org_b.name}, {org_a.name}, {org_b.name}
    for user, expected in (
        (city, both),
        (admin_user, set()),
        (county_officer_a, a),
        (park_user, a),
        (verifier, a),
        (firm_b, b),
    ):
        text = _page(client_for(user), "/enterprises/")
        assert {name for name in both if name in text} == expected, user
        cells = _cells(client_for(user).get("/enterprises/?export=xlsx"))
        assert {row[1] for row in cells} & both == expected, user


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=玻璃", "A"),
        ("q=91359999MADEM0002", "B"),
        ("q=nothing", ""),
        ("place=350181", "A"),
        ("sector=steel", "B"),
        ("sector=nonsense", "AB"),
        ("park=park-a", "A"),
        ("list=key-users", "A"),
        ("sort=name", "AB"),
        ("sort=-code", "BA"),
        ("page=99", "AB"),
    ],
)
def test_filters_and_order(client_for, city, org_a, org_b, key_users, query, names):
    Membership.objects.create(
        official_list=key_users, organisation=org_a, valid_from=timezone.localdate()
    )
    text = _page(client_for(city), f"/enterprises/?{query}")
    places = {"A": text.find(org_a.name), "B": text.find(org_b.name)}
    found = sorted((at, name) for name, at in places.items() if at >= 0)
    assert sorted(name for _at, name in found) == sorted(names)
    if query == "sort=-code":
        assert [name for _at, name in found] == ["B", "A"]


def test_a_list_entry_that_ended_does_not_count(client_for, city, org_a, key_users):
    yesterday = timezone.localdate() - timedelta(days=1)
    Membership.objects.create(
        official_list=key_users,
        organisation=org_a,
        valid_from=yesterday - timedelta(days=9),
        valid_to=yesterday,
    )
    assert org_a.name not in _page(client_for(city), "/enterprises/?list=key-users")


def test_a_name_that_is_markup_stays_text(client_for, city, county_a):
    Organisation.objects.create(
        credit_code="91359999MADEM00999",
        name="<b>=1+1</b>",
        industry_code="3041",
        sector="building",
        place=county_a,
    )
    client = client_for(city)
    text = _page(client, "/enterprises/")
    assert "<b>=1+1" not in text
    assert "&lt;b&gt;=1+1" in text
    assert "&lt;b&gt;" in _page(client, "/enterprises/91359999MADEM00999/")
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/enterprises/?export=xlsx").content))
    assert all(cell.data_type != "f" for row in sheet.worksheets[0].iter_rows() for cell in row)


def test_the_one_page_file_shows_facts_lists_and_changes(client_for, city, org_a, key_users):
    Membership.objects.create(
        official_list=key_users, organisation=org_a, valid_from=timezone.localdate()
    )
    OrganisationVersion.objects.create(
        organisation=org_a, changes={"name": ["演示旧名", org_a.name]}, changed_by=city
    )
    client = client_for(city)
    text = _page(client, reverse("enterprise", args=[org_a.credit_code]))
    for words in ("3041", "重点用能单位", "演示旧名", "福清市", "甲园区"):
        assert words in text
    assert AuditEvent.objects.filter(action="organisation.read", object_id=str(org_a.pk)).exists()
    cells = _cells(client.get(reverse("enterprise", args=[org_a.credit_code]) + "?export=xlsx"))
    flat = [value for row in cells for value in row]
    assert org_a.credit_code in flat
    assert "重点用能单位" in flat
    assert AuditEvent.objects.filter(action="export.organisation").exists()


@pytest.mark.parametrize("who", ["firm_b", "county_officer_b"])
def test_another_s_file_is_not_there(request, client_for, org_a, who):
    client = client_for(request.getfixturevalue(who))
    url = reverse("enterprise", args=[org_a.credit_code])
    for address in (url, f"{url}?export=xlsx", f"{url}?year=2024"):
        assert client.get(address).status_code == 404


def test_known_plants_come_with_their_source(client_for, firm_a, county_a):
    Plant.objects.create(
        name="Test power station",
        name_zh="测试电厂",
        kind="coal",
        capacity=600.0,
        capacity_unit="MW",
        status="operating",
        place=county_a,
        source="A tracker, 2023",
    )
    client = client_for(firm_a)
    text = _page(client, "/plants/?kind=coal&q=test")
    assert "测试电厂" in text
    assert "A tracker, 2023" in text
    assert "在运" in text
    assert "测试电厂" not in _page(client, "/plants/?kind=steel")
    assert any("测试电厂" in row for row in _cells(client.get("/plants/?export=xlsx")))


def test_a_panel_is_registered_once(monkeypatch):
    monkeypatch.setattr(panels, "_panels", [])
    panel = panels.Panel("x", 2, "x.html", lambda _request, _organisation: {})
    panels.add(panel)
    panels.add(panels.Panel("y", 1, "y.html", lambda _request, _organisation: {}))
    assert [one.key for one in panels.panels()] == ["y", "x"]
    with pytest.raises(ValueError, match="twice"):
        panels.add(panel)


def test_rows_are_cut_where_asked(city, county_a):
    Organisation.objects.bulk_create(
        Organisation(
            credit_code=f"9135{n:014d}",
            name=f"演示{n:03d}",
            industry_code="3041",
            sector="building",
            place=county_a,
        )
        for n in range(60)
    )
    rows = Rows(city, Filters(), None, "name")
    assert rows.count() == len(rows) == 60
    assert [row.name for row in rows[25:28]] == ["演示025", "演示026", "演示027"]
    assert [row.name for row in rows.iterator()][-1] == "演示059"
    assert [row.name for row in Rows(city, Filters(), None, "-name")[0:1]] == ["演示059"]


def _many(count, place):
    Organisation.objects.bulk_create(
        Organisation(
            credit_code=f"9135{n:014d}",
            name=f"演示{n:03d}厂",
            former_names="" if n % 2 else f"老牌{n:03d}ABc",
            industry_code="3041",
            sector="building",
            place=place,
        )
        for n in range(count)
    )


def test_a_far_page_opens(client_for, city, county_a, monkeypatch):
    _many(30, county_a)
    client = client_for(city)
    monkeypatch.setattr(lists, "LONG", 1)
    text = _page(client, "/enterprises/?sort=code&page=2")
    assert "演示025厂" in text
    assert "演示024厂" not in text


@pytest.mark.parametrize("few", [0, 500])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("示007", ["007"]),
        ("牌004aB", ["004"]),
        ("9135" + "0" * 12 + "11", ["011"]),
        ("0" * 12 + "11", []),
        ("演%", []),
        ("00_", []),
    ],
)
def test_a_search_finds_a_part_of_a_name_and_the_beginning_of_a_code(
    city, county_a, county_officer_b, monkeypatch, text, found, few
):
    _many(12, county_a)
    monkeypatch.setattr(listing, "FEW", few)
    rows = Rows(city, Filters(text=text), None, "code")
    assert [row.name for row in rows.iterator()] == [f"演示{number}厂" for number in found]
    assert rows.count() == len(found)
    assert Rows(county_officer_b, Filters(text=text), None, "code").count() == 0
    assert [hit.title for hit in find(city, text, 8)] == [f"演示{number}厂" for number in found]
    assert find(county_officer_b, text, 8) == []


def test_a_changed_name_is_found(city, org_a):
    Organisation.objects.filter(pk=org_a.pk).update(name="改名化纤有限公司")
    assert [hit.title for hit in find(city, "名化", 8)] == ["改名化纤有限公司"]
    assert find(city, "甲玻璃", 8) == []


def test_without_figures_the_list_says_nothing_of_them(client_for, city, org_a):
    text = _page(client_for(city), "/enterprises/?completeness=gaps&year=2024")
    assert org_a.name in text
    assert not re.search(r"<th[^>]*>\s*<a[^>]*sort=emission", text)


def test_lists_count_what_the_role_may_see(
    client_for, city, county_officer_b, org_a, org_b, key_users
):
    today = timezone.localdate()
    for one, last in ((org_a, None), (org_b, today - timedelta(days=1))):
        Membership.objects.create(
            official_list=key_users,
            organisation=one,
            valid_from=today - timedelta(days=30),
            valid_to=last,
            issue="第二批",
        )
    assert ">1<" in _page(client_for(city), "/lists/")
    text = _page(client_for(city), "/lists/key-users/")
    assert org_a.name in text
    assert org_b.name not in text
    ever = _page(client_for(city), "/lists/key-users/?shown=all")
    assert org_b.name in ever
    other = _page(client_for(county_officer_b), "/lists/key-users/?shown=all")
    assert org_a.name not in other
    assert org_b.name in other
    cells = _cells(client_for(county_officer_b).get("/lists/key-users/?shown=all&export=xlsx"))
    assert org_a.name not in str(cells)
    assert "第二批" in str(cells)


def test_the_file_leaves_as_word_and_pdf_and_the_log_knows(client_for, city, org_a, firm_b):
    url = f"/enterprises/{org_a.credit_code}/"
    word = client_for(city).get(f"{url}?format=docx")
    assert word["Content-Type"].endswith("wordprocessingml.document")
    opened = open_word(io.BytesIO(word.content))
    texts = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
    assert "未填" in texts  # what is not known says so
    body = "\n".join(paragraph.text for paragraph in opened.paragraphs)
    assert "尚无已发布的核算结果" in body
    assert "尚无月报记录，没有按零处理" in body
    assert client_for(city).get(f"{url}?format=pdf").content.startswith(b"%PDF-")
    events = AuditEvent.objects.filter(action="export.organisation")
    assert [event.detail["kind"] for event in events.order_by("pk")] == ["docx", "pdf"]
    assert client_for(firm_b).get(f"{url}?format=docx").status_code == 404
    assert events.count() == 2
