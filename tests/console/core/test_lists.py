"""Lists: sort, pages, export in the request and in the background, search, side bar."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation

from tanfeng.console.core import audit, lists, navigation, rights, search
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import AuditEvent, Batch, Job, Role, User
from tanfeng.console.core.permissions import awaiting

COLUMNS = (
    Column("username", "account", sort="username"),
    Column("department", "department", sort="department"),
    Column("last_login", "last sign-in", sort="last_login"),
    Column("secret", "not sortable", value=lambda user: user.pk),
)


@pytest.fixture
def listing(rf, admin_user):
    for number in range(30):
        User.objects.create_user(
            f"user-{number:02d}", role=Role.CITY, department="" if number % 2 else "科"
        )

    def make(**query):
        request = rf.get("/", query)
        request.user = admin_user
        rows = User.objects.filter(username__startswith="user-").order_by("pk")
        return Listing(
            request, rows, name="test", title="账户", columns=COLUMNS, default_sort="-username"
        )

    return make


def _names(listing):
    return [user.username for user in listing.page]


def test_pages_of_twenty_five(listing):
    assert len(_names(listing())) == 25
    assert _names(listing(page="2")) == [f"user-{n:02d}" for n in (4, 3, 2, 1, 0)]
    assert listing(page="99").page.number == 2
    assert listing(page="x").page.number == 1
    assert listing().total == 30


def test_a_far_page_is_found_by_its_keys_and_shows_the_same(listing, monkeypatch):
    near = [_names(listing(page="2")), _names(listing(page="2", sort="last_login"))]
    monkeypatch.setattr(lists, "LONG", 1)
    assert [_names(listing(page="2")), _names(listing(page="2", sort="last_login"))] == near


def test_sorting_by_declared_columns_only(listing):
    assert _names(listing())[0] == "user-29"
    assert _names(listing(sort="username"))[0] == "user-00"
    for strange in ("secret", "password", "user__password", "-", "?"):
        assert _names(listing(sort=strange)) == _names(listing())  # the list's own order


def test_rows_without_a_value_come_last_either_way(listing):
    from django.utils import timezone

    User.objects.filter(username="user-07").update(last_login=timezone.now())
    assert _names(listing(sort="last_login"))[0] == "user-07"
    assert _names(listing(sort="-last_login"))[0] == "user-07"


def test_the_export_has_all_rows_in_the_order_shown(listing, admin_user):
    answer = listing(sort="username", export="xlsx", page="2").export()
    values = list(openpyxl.load_workbook(BytesIO(answer.content)).active.values)
    names = [row[0] for row in values if row[0] and str(row[0]).startswith("user-")]
    assert names == [f"user-{number:02d}" for number in range(30)]
    assert "%E8%B4%A6%E6%88%B7.xlsx" in answer["Content-Disposition"]
    event = AuditEvent.objects.get(action="export.test")
    assert event.detail["rows"] == 30


def test_cells_of_an_export():
    class Row:
        text, yes, number, nothing = "=cmd()", True, 1.25, None
        place = None

    columns = [Column(name, name) for name in ("text", "yes", "number", "nothing", "place__name")]
    with translation.override("en"):
        assert [lists._cell(one.of(Row)) for one in columns] == ["=cmd()", "yes", 1.25, None, None]
        assert lists._cell(Role.CITY) == "city"
        assert lists._cell(object).startswith("<class")


def test_a_long_list_is_exported_in_the_background(
    client_for, admin_user, monkeypatch, settings, db
):
    for number in range(3):
        User.objects.create_user(f"user-{number}", role=Role.CITY)
    monkeypatch.setattr(lists, "EXPORT_IN_REQUEST", 1)
    client = client_for(admin_user)
    page = client.get(reverse("accounts"), {"export": "xlsx", "role": "city"}, follow=True)
    job = page.context["job"]
    assert job.status == Job.Status.DONE, job.traceback
    content = client.get(reverse("job-file", args=(job.pk,))).content
    values = list(openpyxl.load_workbook(BytesIO(content)).active.values)
    names = {row[0] for row in values if row[0]}
    assert {"user-0", "user-1", "user-2"} <= names
    assert "admin" not in names
    assert AuditEvent.objects.get(action="export.accounts").username == "admin"
    monkeypatch.setattr(lists, "EXPORT_LIMIT", 2)
    answer = client.get(reverse("accounts"), {"export": "xlsx"})
    assert answer.status_code == 400


# Search


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.setattr(search, "_sources", [])


def test_search_asks_every_source_in_order_and_shows_what_was_found(sources, client_for, city):
    asked = []

    def find(user, text, limit):
        asked.append((user.username, text, limit))
        return [search.Hit("甲", "note", "/x/")]

    search.register(search.Source(20, "second", find))
    search.register(search.Source(10, "first", find))
    search.register(search.Source(30, "nothing", lambda *_: []))
    page = client_for(city).get(reverse("search"), {"q": "  钢\x00  铁 "})
    assert [label for label, _hits in page.context["groups"]] == ["first", "second"]
    assert page.context["count"] == 2
    assert asked == [("city", "钢 铁", search.LIMIT)] * 2
    assert 'href="/x/"' in page.content.decode()


def test_search_says_when_it_stopped_and_when_nothing_was_found(sources, client_for, city):
    hits = [search.Hit(str(number), "", "/x/") for number in range(search.LIMIT)]
    search.register(
        search.Source(1, "x", lambda _user, text, _limit: hits if text == "many" else [])
    )
    client = client_for(city)
    client.cookies["django_language"] = "en"
    assert (
        "the first 8; a longer word"
        in client.get(reverse("search"), {"q": "many"}).content.decode()
    )
    assert (
        "Nothing found for “none”" in client.get(reverse("search"), {"q": "none"}).content.decode()
    )


def test_a_single_letter_finds_nothing(sources, client_for, city):
    search.register(search.Source(1, "x", lambda *_: pytest.fail("asked")))
    for text in ("", "a", "  "):
        assert client_for(city).get(reverse("search"), {"q": text}).context["groups"] == []


def test_only_own_enterprises_are_found(client_for, firm_a, county_officer_b, org_a, org_b):
    def found(user, text):
        page = client_for(user).get(reverse("search"), {"q": text})
        return {hit.title for _label, hits in page.context["groups"] for hit in hits}

    assert org_a.name in found(firm_a, "演示")
    assert org_b.name not in found(firm_a, "演示")
    assert org_b.name in found(county_officer_b, org_b.credit_code[:12])
    assert found(county_officer_b, org_a.credit_code) == set()


# Side bar


def test_the_side_bar_shows_what_a_person_may_open(client_for, city, firm_a, admin_user, rf):
    def urls(user):
        request = rf.get("/audit/")
        request.user = user
        return {
            entry.url: entry.active
            for _label, entries in navigation.groups_for(request)
            for entry in entries
        }

    assert urls(admin_user)["/audit/"] is True
    assert urls(admin_user)["/accounts/"] is False
    assert "/accounts/" not in urls(city)
    assert "/audit/" not in urls(firm_a)
    assert "/uploads/" in urls(firm_a)


def test_a_page_in_no_group_is_a_mistake():
    with pytest.raises(ValueError, match="navigation group"):
        navigation.add(navigation.Page("nowhere", 1, "x", "jobs", "job"))


def _counted_rows(statistics):
    """Let SQLite count rows; nothing but this reads what it found, so a test may tell it more."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'core_batch'")
        for index, counts in statistics.items():
            cursor.execute(
                "INSERT INTO sqlite_stat1 VALUES ('core_batch', %s, %s)", [index, counts]
            )
        cursor.execute("ANALYZE sqlite_master")  # reads the statistics anew


#: As ``ANALYZE`` writes it: rows, and how many share the first column, the first two ...
_ONE_OFFICE = "100000 100000 100000 20000 1 1"


@pytest.fixture(params=["none", "one office", "many offices"])
def statistics(request, db):
    """Of 100,000 files: none, nearly all handed in by one office, or by 3,000."""
    if request.param == "none":
        yield
        return
    of_office = _ONE_OFFICE if request.param == "one office" else "100000 34 34 15 1 1"
    told = {
        "batch_of_office": of_office,
        "batch_of_org": "100000 34 11 11 1 1",
        "batch_files": "100000 1 1",
        "batch_files_by_status": "100000 20000 1 1",
        "batch_counted": "100000 100000 100000",
    }
    _counted_rows(told)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_stat1")
        cursor.execute("ANALYZE sqlite_master")


@pytest.mark.of_sqlite
def test_the_uploads_of_an_office_are_found_by_whole_indexes(county_officer_a, statistics):
    """A partial index, or one for the sheet alone, makes SQLite read every file instead."""
    rows = rights.visible(county_officer_a, Batch).filter(book=None)
    for asked in (rows.order_by("-uploaded_at", "pk").values_list("pk", flat=True), rows):
        plan = asked.explain()
        assert "MULTI-INDEX OR" in plan
        assert "SEARCH core_batch USING INDEX batch_of_office" in plan
        assert "SEARCH core_batch USING INDEX batch_of_org" in plan
        assert "SCAN core_batch" not in plan


@pytest.mark.of_sqlite
def test_files_that_wait_are_counted_from_an_index(county_officer_a):
    plan = awaiting(county_officer_a).values_list("pk", flat=True).explain()
    assert "USING COVERING INDEX batch_of_office" in plan


def test_a_long_log_shows_an_officer_the_own_county_and_nothing_else(
    client_for, county_officer_a, monkeypatch
):
    for number in range(30):
        for place in ("350181", "350112"):
            audit.record("organisation.read", place_code=place, number=number, county=place)
    client = client_for(county_officer_a)
    short = client.get("/audit/").context["page_obj"]
    monkeypatch.setattr(lists, "LONG", 1)
    long = client.get("/audit/").context["page_obj"]
    assert [event.pk for event in long] == [event.pk for event in short]
    assert {event.place_code for event in long} == {"350181"}
