"""The one question: role by role, row by row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from tanfeng.console.archive.models import Assignment, Organisation
from tanfeng.console.core import audit, permissions, rights
from tanfeng.console.core.models import AuditEvent, Batch, Job, Role, Subject, User

EVERYBODY = (
    "city",
    "county_officer_a",
    "county_officer_b",
    "park_user",
    "firm_a",
    "firm_b",
    "verifier",
    "admin_user",
)


@pytest.fixture
def people(request):
    return {name: request.getfixturevalue(name) for name in EVERYBODY}


def _batch(user, *codes, status=Batch.Status.COMMITTED):
    batch = Batch.objects.create(
        file_name="f.xlsx",
        size_bytes=1,
        uploaded_by=user,
        scope=user.scope_key,
        status=status,
        form_key="monthly_energy",
    )
    Subject.objects.bulk_create([Subject(batch=batch, org_code=code) for code in codes])
    return batch


def _seen_by(people, model, row):
    return {name for name, user in people.items() if rights.visible(user, model).filter(pk=row.pk)}


def test_organisations_are_seen_inside_the_scope(people, org_a, org_b):
    assert _seen_by(people, Organisation, org_a) == {
        "city",
        "county_officer_a",
        "park_user",
        "firm_a",
        "verifier",
    }
    assert _seen_by(people, Organisation, org_b) == {
        "city",
        "county_officer_b",
        "firm_b",
    }


def test_a_confirmed_upload_is_seen_where_all_its_enterprises_are(people, org_a, org_b, city):
    one = _batch(city, org_a.credit_code)
    both = _batch(city, org_a.credit_code, org_b.credit_code)
    nobody = _batch(city)
    assert _seen_by(people, Batch, one) == {
        "city",
        "county_officer_a",
        "park_user",
        "firm_a",
        "verifier",
    }
    assert _seen_by(people, Batch, both) == {"city"}
    assert _seen_by(people, Batch, nobody) == {"city"}


def test_an_unconfirmed_upload_is_its_offices_and_the_citys(people, org_a, firm_a):
    draft = _batch(firm_a, org_a.credit_code, status=Batch.Status.PREVIEW)
    assert _seen_by(people, Batch, draft) == {"city", "firm_a"}


def test_who_may_handle_and_undo_an_upload(people, org_a, firm_a):
    draft = _batch(firm_a, org_a.credit_code, status=Batch.Status.PREVIEW)
    for action in ("change", "commit"):
        may = {name for name, user in people.items() if rights.can(user, action, draft)}
        assert may == {"city", "firm_a"}
    done = _batch(firm_a, org_a.credit_code)
    may = {name for name, user in people.items() if rights.can(user, "undo", done)}
    assert may == {"city", "county_officer_a", "firm_a"}
    by_class = {name for name, user in people.items() if rights.can(user, "commit", Batch)}
    assert by_class == {"city", "county_officer_a", "county_officer_b", "firm_a", "firm_b"}


def test_what_waits_for_whom(people, org_a, firm_a, county_officer_a):
    drafts = [
        _batch(user, org_a.credit_code, status=Batch.Status.PREVIEW)
        for user in (firm_a, county_officer_a)
    ]
    _batch(firm_a, org_a.credit_code)
    waiting = {name: set(permissions.awaiting(user)) for name, user in people.items()}
    expected = {name: set() for name in people}
    expected |= {"city": set(drafts), "firm_a": {drafts[0]}, "county_officer_a": {drafts[1]}}
    assert waiting == expected
    for name, user in people.items():
        assert all(rights.can(user, "commit", one) for one in waiting[name])
    firm_a.is_active = False
    assert not permissions.awaiting(firm_a)


def test_an_enterprise_does_not_undo_what_its_county_handed_in(org_a, county_officer_a, firm_a):
    batch = _batch(county_officer_a, org_a.credit_code)
    assert rights.can(firm_a, "view", batch)
    assert not rights.can(firm_a, "undo", batch)


def test_uploads_stay_behind_when_the_scope_changes(org_b, firm_a):
    draft = _batch(firm_a, status=Batch.Status.PREVIEW)
    firm_a.org_code = org_b.credit_code
    firm_a.save()
    assert not rights.visible(firm_a, Batch).filter(pk=draft.pk)


def test_an_account_without_the_scope_its_role_needs_sees_nothing(org_a, city):
    _batch(city, org_a.credit_code)
    for role in (Role.COUNTY, Role.PARK, Role.ENTERPRISE):
        lost = User.objects.create_user(f"lost-{role}", role=role)
        other = User.objects.create_user(f"lost-too-{role}", role=role)
        _batch(other)  # the scope keys of the two are equal, and empty
        assert not rights.visible(lost, Batch)
        assert not rights.visible(lost, Organisation)
        assert not rights.can(lost, "view", Batch)
        assert not rights.visible_codes(lost)


def test_jobs_are_seen_by_their_owner_while_the_scope_holds(people, firm_a, org_b):
    job = Job.objects.create(kind="x", title="x", user=firm_a, scope=firm_a.scope_key)
    assert _seen_by(people, Job, job) == {"firm_a", "city", "admin_user"}
    may = {name for name, user in people.items() if rights.can(user, "cancel", job)}
    assert may == {"firm_a", "city", "admin_user"}
    assert [n for n, user in people.items() if rights.can(user, "traceback", job)] == ["admin_user"]
    firm_a.org_code = org_b.credit_code
    assert not rights.can(firm_a, "view", job)


def test_only_administrators_keep_accounts(people, firm_b):
    assert _seen_by(people, User, firm_b) == {"firm_b", "admin_user"}
    assert [n for n, user in people.items() if rights.can(user, "change", firm_b)] == ["admin_user"]


def test_the_file_of_a_job_is_its_owners_and_the_citys(people, firm_a):
    """An administrator sees that a job ran; what it wrote down of an enterprise is not for them."""
    job = Job.objects.create(
        kind="x", title="x", user=firm_a, scope=firm_a.scope_key, codes=[firm_a.org_code]
    )
    assert {n for n, user in people.items() if rights.can(user, "download", job)} == {
        "firm_a",
        "city",
    }
    job.codes = None  # it speaks of the whole city
    assert [n for n, user in people.items() if rights.can(user, "download", job)] == ["city"]


@pytest.mark.parametrize(
    ("separate", "duty", "home"),
    [
        (False, "", "accounts"),
        (True, "", "my-account"),
        (True, "security", "accounts"),
        (True, "audit", "audit"),
        (True, "system", "jobs"),
    ],
)
def test_an_administrator_starts_where_the_duty_is(
    separate, duty, home, admin_user, client_for, settings
):
    settings.SEPARATE_DUTIES = separate
    User.objects.filter(pk=admin_user.pk).update(duty=duty)
    page = client_for(User.objects.get(pk=admin_user.pk)).get(reverse("my-account"))
    assert f'class="brand" href="{reverse(home)}"' in page.content.decode()


def test_everybody_else_starts_at_the_overview(people, client_for):
    for name, user in people.items():
        if name != "admin_user":
            page = client_for(user).get(reverse("my-account")).content.decode()
            assert f'class="brand" href="{reverse("overview")}"' in page


DUTIES = ("jobs", "traceback", "accounts.manage", "audit.read", "audit.verify", "library.load")


@pytest.mark.parametrize(
    ("separate", "duty", "may"),
    [
        (False, "", set(DUTIES)),
        (True, "", set()),
        *(
            (separate, duty, may)
            for separate in (False, True)
            for duty, may in (
                ("system", {"jobs", "traceback", "library.load"}),
                ("security", {"accounts.manage"}),
                ("audit", {"audit.read", "audit.verify"}),
            )
        ),
    ],
)
def test_the_three_duties_of_administrators(admin_user, firm_a, settings, separate, duty, may):
    settings.SEPARATE_DUTIES = separate
    admin_user.duty = duty
    job = Job.objects.create(kind="x", title="x", user=firm_a, scope=firm_a.scope_key)
    done = {name for name in DUTIES if "." in name and rights.can(admin_user, name)}
    done |= {"jobs"} if job in rights.visible(admin_user, Job) else set()
    done |= {"traceback"} if rights.can(admin_user, "traceback", job) else set()
    assert done == may
    assert (firm_a in rights.visible(admin_user, User)) == ("accounts.manage" in may)
    audit.record("organisation.read", user=firm_a)
    assert rights.visible(admin_user, AuditEvent).exists() == ("audit.read" in may)


def test_a_duty_gives_nothing_to_other_roles(city, firm_a):
    firm_a.duty = city.duty = "security"
    assert not rights.can(firm_a, "accounts.manage")
    assert not rights.can(city, "accounts.manage")


def test_everybody_reads_the_own_sign_ins_and_no_other_events(firm_a, firm_b):
    own = audit.record("sign-in", user=firm_a)
    tried = audit.record("sign-in.failed", username=firm_a.username)
    audit.record("sign-in", user=firm_b)
    audit.record("organisation.read", user=firm_a)
    assert set(rights.visible(firm_a, AuditEvent)) == {own, tried}


def test_actions_without_a_row(people):
    who = {
        name: {person for person, user in people.items() if rights.can(user, name)}
        for name in ("audit.read", "audit.verify", "accounts.manage", "import.upload", "unheard.of")
    }
    counties = {"county_officer_a", "county_officer_b"}
    assert who == {
        "audit.read": {"city", "admin_user"} | counties,
        "audit.verify": {"city", "admin_user"},
        "accounts.manage": {"admin_user"},
        "import.upload": {"city", "firm_a", "firm_b"} | counties,
        "unheard.of": set(),
    }


def test_a_verifier_sees_an_enterprise_only_while_assigned(verifier, org_a, org_b):
    today = timezone.localdate()
    Assignment.objects.all().delete()
    Assignment.objects.create(
        verifier=verifier,
        organisation=org_a,
        valid_from=today - timedelta(days=9),
        valid_to=today - timedelta(days=1),
    )
    Assignment.objects.create(
        verifier=verifier, organisation=org_b, valid_from=today, valid_to=today
    )
    assert list(rights.visible(verifier, Organisation)) == [org_b]


def test_nobody_else_is_let_in(org_a, city):
    anonymous = AnonymousUser()
    city.is_active = False
    for user in (anonymous, city):
        assert not rights.visible(user, Organisation)
        assert not rights.can(user, "view", org_a)
        assert not rights.can(user, "audit.read")
        assert not rights.visible_codes(user)


def test_a_model_without_a_rule_says_no(city, db):
    session = Session.objects.create(session_key="k", session_data="", expire_date=timezone.now())
    assert not rights.visible(city, Session)
    assert not rights.can(city, "view", session)
    assert not rights.can(city, "view", Session)
    assert Session in rights.internal_models()
    assert Batch in rights.registered_models()


def test_a_row_that_is_not_stored_has_no_scope_to_ask(city):
    with pytest.raises(ValueError, match="stored row"):
        rights.can(city, "change", Organisation(credit_code="x"))


def test_codes_of_everybody(people, org_a, org_b):
    codes = {
        name: None if (found := rights.visible_codes(user)) is None else {code for (code,) in found}
        for name, user in people.items()
    }
    a, b = {org_a.credit_code}, {org_b.credit_code}
    assert codes == {
        "city": None,
        "admin_user": set(),
        "county_officer_a": a,
        "county_officer_b": b,
        "park_user": a,
        "firm_a": a,
        "firm_b": b,
        "verifier": a,
    }


def test_without_an_archive_nobody_has_codes(city, monkeypatch):
    monkeypatch.setattr(rights, "_codes", [])
    assert not rights.visible_codes(city)


def test_a_foreign_row_and_no_row_look_the_same(firm_a, org_a, org_b):
    assert rights.get_visible(firm_a, Organisation, pk=org_a.pk) == org_a
    with pytest.raises(Http404) as foreign:
        rights.get_visible(firm_a, Organisation, pk=org_b.pk)
    with pytest.raises(Http404) as nothing:
        rights.get_visible(firm_a, Organisation, pk=0)
    assert isinstance(foreign.value, rights.NotVisible)
    assert not isinstance(nothing.value, rights.NotVisible)


def test_require_raises_what_becomes_403(firm_a, org_b, city):
    rights.require(city, "audit.read")
    with pytest.raises(PermissionDenied):
        rights.require(firm_a, "change", org_b)
    with pytest.raises(PermissionDenied):
        rights.require(firm_a, "audit.read")


def test_is_role_asks_the_role_alone(city, firm_a):
    test = rights.is_role(Role.CITY)
    assert test(city, None)
    assert not test(firm_a, None)
