"""The log grows, tells the truth and cannot be changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import append_only, audit
from tanfeng.console.core.models import AuditEvent
from tanfeng.errors import ModelError


def _tamper(sql, *parameters):
    """Change the table past the console, as somebody who owns the database could."""
    append_only.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
    append_only.install(connection)


@pytest.fixture
def three(city):
    return [audit.record("export.test", user=city, number=number) for number in range(3)]


def test_an_event_carries_who_what_and_the_hash_before_it(city, org_a, rf):
    request = rf.get("/")
    request.user = city
    request.META["REMOTE_ADDR"] = "10.0.0.7"
    first = audit.record("organisation.read", request=request, thing=org_a, rows=2)
    second = audit.record("sign-out", user=city)
    assert (first.username, first.role, first.address) == ("city", "city", "10.0.0.7")
    assert (first.object_type, first.object_id) == ("archive.organisation", str(org_a.pk))
    assert first.place_code == org_a.place_id
    assert first.detail == {"rows": 2}
    assert second.previous_hash == first.hash
    assert AuditEvent.objects.earliest("id").previous_hash == audit.GENESIS


def test_whatever_is_recorded_comes_back_as_it_was_hashed(city):
    audit.record(
        "export.test",
        user=city,
        share=0.1,
        huge=1e300,
        broken=float("nan"),
        text="a\x00b \\u0000 \udc80",
        day=timezone.localdate(),
        nested={"b": [1.5, {"a": None}]},
    )
    event = AuditEvent.objects.get()
    assert event.detail["share"] == "0.1"
    assert event.detail["text"] == "ab \\u0000 ?"
    assert audit.verify().intact


def test_the_county_of_an_enterprise_and_of_a_park_reads_what_they_did(firm_a, park_user, org_a):
    for user in (firm_a, park_user):
        assert audit.record("sign-out", user=user).place_code == org_a.place_id
    org_a.delete()
    assert audit.record("sign-out", user=firm_a).place_code == ""


def test_a_name_that_does_not_exist_is_kept_as_typed(db):
    event = audit.record("sign-in.failed", username="nobody\x00")
    assert (event.user, event.username, event.address) == (None, "nobody", "")


def test_reading_another_enterprise_is_an_event_and_reading_the_own_is_not(
    rf, firm_a, county_officer_a, org_a
):
    for user in (firm_a, county_officer_a):
        request = rf.get("/")
        request.user = user
        audit.read_of(request, org_a)
    assert [event.username for event in AuditEvent.objects.all()] == ["county-a"]


def test_an_untouched_chain_is_whole(three):
    seen = []
    report = audit.verify(seen.append)
    assert report.intact
    assert report.events == 3
    assert report.last_hash == three[-1].hash
    assert seen == []  # told every 2,000 events only


def test_progress_is_told(city, monkeypatch, three):
    monkeypatch.setattr(audit, "TOLD_EVERY", 1)
    seen = []
    audit.verify(seen.append)
    assert seen == [1 / 3, 2 / 3, 1.0]


def test_a_changed_event_breaks_the_chain_at_its_place(three):
    _tamper("UPDATE core_auditevent SET action = 'x' WHERE id = %s", three[1].pk)
    report = audit.verify()
    assert [(one.event_id, one.reason) for one in report.breaks] == [(three[1].pk, "content")]


def test_a_removed_event_breaks_the_chain_after_it(three):
    _tamper("DELETE FROM core_auditevent WHERE id = %s", three[1].pk)
    assert [(one.event_id, one.reason) for one in audit.verify().breaks] == [
        (three[2].pk, "previous")
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_auditevent SET action = 'x'",
        "DELETE FROM core_auditevent",
    ],
)
def test_the_database_refuses_to_change_or_delete(three, sql):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert AuditEvent.objects.count() == 3


def test_the_database_refuses_to_replace(three):
    event = three[1]
    event._state.adding = True
    with pytest.raises(DatabaseError), transaction.atomic():
        event.save(force_insert=True)


def test_insert_or_replace_is_refused_too(three):
    if connection.vendor != "sqlite":
        return  # PostgreSQL has no such statement
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT OR REPLACE INTO core_auditevent SELECT * FROM core_auditevent WHERE id = %s",
            [three[0].pk],
        )


def test_the_model_refuses_before_the_database_does(three):
    event = three[0]
    event.action = "x"
    for attempt in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="x"),
    ):
        with pytest.raises(ModelError, match="append-only"):
            attempt()


def test_missing_triggers_are_noticed(db):
    assert append_only.missing(connection) == set()
    append_only.remove(connection)
    assert len(append_only.missing(connection)) >= 2
    append_only.install(connection)


def test_signing_in_out_and_failing_are_events(client, city):
    for password in ("wrong", "correct horse 1"):
        client.post(reverse("sign-in"), {"username": "city", "password": password})
    client.post(reverse("sign-out"))
    assert list(AuditEvent.objects.order_by("id").values_list("action", "username")) == [
        ("sign-in.failed", "city"),
        ("sign-in", "city"),
        ("sign-out", "city"),
    ]
    assert "wrong" not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_a_session_that_ended_already_has_nobody_to_name(client, db):
    client.post(reverse("sign-out"))
    assert not AuditEvent.objects.exists()


def test_five_failures_lock_out_and_say_so(client, city):
    for _attempt in range(5):
        answer = client.post(reverse("sign-in"), {"username": "city", "password": "wrong"})
    assert answer.status_code == 429
    assert "core/locked.html" in [template.name for template in answer.templates]
    right = client.post(reverse("sign-in"), {"username": "city", "password": "correct horse 1"})
    assert right.status_code == 429
    assert AuditEvent.objects.filter(action="sign-in.locked", username="city").exists()


def test_a_refusal_is_an_event(client_for, firm_a, org_a):
    client_for(firm_a).get(reverse("audit"))
    event = AuditEvent.objects.get(action="refused")
    assert event.username == "firm-a"
    assert event.detail == {"method": "GET", "path": "/audit/", "reason": "audit.read"}


def test_a_try_at_a_foreign_row_is_an_event_though_it_looks_like_404(client_for, firm_a, firm_b):
    from tanfeng.console.core.models import Job

    job = Job.objects.create(kind="x", title="x", user=firm_b, scope=firm_b.scope_key)
    answer = client_for(firm_a).get(reverse("job", args=(job.pk,)))
    assert answer.status_code == 404
    assert AuditEvent.objects.filter(action="refused", username="firm-a").count() == 1
    client_for(firm_a).get("/jobs/00000000-0000-0000-0000-000000000000/")
    assert AuditEvent.objects.filter(action="refused").count() == 1


def test_a_missing_token_is_a_refusal(city):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse("sign-in"), {"username": "city", "password": "x"})
    assert answer.status_code == 403
    assert AuditEvent.objects.get(action="refused").detail["path"] == "/sign-in/"


# The page


@pytest.fixture
def events(city, county_officer_b, org_a, org_b):
    audit.record("organisation.read", user=city, thing=org_a)
    audit.record("organisation.read", user=city, thing=org_b)
    audit.record("import.commit", user=county_officer_b, thing=org_b)


def _shown(client, **query):
    page = client.get(reverse("audit"), query)
    events = [(one.action, one.object_label) for one in page.context["page_obj"]]
    return [one for one in events if one[0] != "sign-in"]


def test_a_county_reads_the_events_of_its_county_only(events, client_for, county_officer_a, org_a):
    page = client_for(county_officer_a).get(reverse("audit"))
    assert _shown(client_for(county_officer_a)) == [("organisation.read", org_a.name)]
    assert page.context["may_verify"] is False
    answer = client_for(county_officer_a).post(reverse("audit-verify"))
    assert answer.status_code == 403


def test_filters(events, client_for, admin_user, org_a, org_b):
    client = client_for(admin_user)
    both = [("organisation.read", org_b.name), ("organisation.read", org_a.name)]
    assert _shown(client, user="city") == both
    assert _shown(client, action="import") == [("import.commit", org_b.name)]
    assert _shown(client, object=org_a.name[:4]) == [both[1]]
    assert _shown(client, object=str(org_a.pk), county=org_a.place_id) == [both[1]]
    today = timezone.localdate()
    assert len(_shown(client, since=today.isoformat(), until=today.isoformat())) == 3
    assert _shown(client, until=(today - timedelta(days=1)).isoformat()) == []
    assert _shown(client, since=(today + timedelta(days=1)).isoformat()) == []
    assert len(_shown(client, since="no date")) == 3


def test_enterprises_parks_and_verifiers_read_nothing(client_for, firm_a, park_user, verifier):
    for user in (firm_a, park_user, verifier):
        assert client_for(user).get(reverse("audit")).status_code == 403


def test_the_button_walks_the_chain_and_the_page_says_when(events, client_for, admin_user):
    client = client_for(admin_user)
    job = client.post(reverse("audit-verify"), follow=True).context["job"]
    assert job.result["intact"] is True
    assert job.result["events"] == 4  # the three and the administrator's sign-in
    last = AuditEvent.objects.first()
    _tamper("UPDATE core_auditevent SET action = 'x' WHERE id = %s", last.pk)
    job = client.post(reverse("audit-verify"), follow=True).context["job"]
    assert job.result["intact"] is False
    page = client.get(reverse("audit"))
    assert 'class="notice bad"' in page.content.decode()


def test_the_log_is_exported_and_the_export_is_an_event(events, client_for, admin_user):
    answer = client_for(admin_user).get(reverse("audit"), {"export": "xlsx", "user": "city"})
    assert answer.content[:2] == b"PK"
    event = AuditEvent.objects.get(action="export.audit")
    assert event.detail["rows"] == 2


@pytest.mark.django_db(transaction=True)
def test_tests_that_commit_clean_up_after_themselves(city):
    audit.record("export.test", user=city)


def test_detail_pages_of_organisations_carry_their_county(city, org_a):
    version = Organisation.objects.get(pk=org_a.pk)
    assert audit.record("x", user=city, thing=version).place_code == org_a.place_id
