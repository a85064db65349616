"""No door shows firm B to anybody who may not see it, and no door is unknown to this test."""

from __future__ import annotations

import importlib.util
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import URLPattern, get_resolver, reverse

from doors_kit import INSIDERS, OUTSIDERS, Door, leaked, readable
from doors_world import NAME_B, two_firms
from tanfeng.console.accounting import figures, frozen
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import AuditEvent, Job, User
from tanfeng.console.library.models import FactorOverride

#: Every parameter a page or route of the console might take, pointed at firm B.
BY_CODE = (
    "org={code}&org_code={code}&credit_code={code}&organisation={code}&q={code}&place={place}"
    "&county={place}&sector=steel&year=2024&month=3&item=electricity&item_key=electricity"
    "&quantity=energy_calorific_tce&object={code}&view=list&rows=place&by=org&run={run}"
)
BY_NAME = "q={name}&object={name}&name={name}&user=firm-b&year=2024"


def _declared() -> dict[str, Door]:
    doors: dict[str, Door] = {}
    for path in sorted((Path(__file__).parents[1] / "console").rglob("doors.py")):
        spec = importlib.util.spec_from_file_location(f"doors_{path.parent.name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        doors.update(module.DOORS)
    return doors


def _addresses(patterns=None, namespace=""):
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _addresses(pattern.url_patterns, inner)


DOORS = _declared()
pytestmark = pytest.mark.django_db


def test_every_address_is_declared_and_every_declaration_is_an_address():
    addresses = list(_addresses())
    assert sorted(addresses) == sorted(set(addresses)), "two addresses share a name"
    assert set(addresses) == set(DOORS), "declare new addresses in tests/console/<app>/doors.py"


def test_every_model_has_a_rule_or_a_reason_why_no_door_hands_it_out():
    known = set(rights.registered_models()) | set(rights.internal_models())
    missing = {model._meta.label for model in apps.get_models()} - {m._meta.label for m in known}
    assert not missing, "register a rule in permissions.py, or register_internal with the reason"


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """Build the world once; tests only look at it, and what they post must change nothing."""
    folder = tmp_path_factory.mktemp("doors")
    frozen._opened.cache_clear()
    figures._year_figures.cache_clear()
    with (
        override_settings(RUNS=folder / "runs"),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        yield two_firms()
        transaction.set_rollback(True)


# The walk


@pytest.fixture(scope="module")
def sessions(world, django_db_blocker):
    """Sign everybody in once; every walk starts with the cookies of that."""
    cookies = {}
    with django_db_blocker.unblock():
        for role, user in world.users.items():
            client = Client()
            if user is not None:
                client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            cookies[role] = client.cookies
    return cookies


@pytest.fixture
def client_of(sessions):
    """Return what makes a browser of somebody who signed in."""

    def made(role):
        client = Client(raise_request_exception=False)
        client.cookies.load(sessions[role].output(header="", sep=";"))
        return client

    return made


def _url(name, door, world):
    return reverse(name, kwargs=dict(door.at(world)) if door.at else None)


#: Tables a refusal may write to: the log, and what Django keeps of sessions and failed sign-ins.
UNWATCHED = re.compile(r"core_auditevent|django_session|axes_\w+")


@contextmanager
def _nothing_written():
    """See every statement that reaches the database: none may write, but to the log."""
    written = []

    def watch(execute, sql, params, many, context):
        # Savepoints alone change nothing; whatever else is no question, a trigger too, does.
        verb, *words = sql.replace('"', "").split()
        reads = verb in ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "EXPLAIN")
        into = words[1] if verb in ("INSERT", "DELETE") else words[0] if words else ""
        seen = sql.startswith('UPDATE "core_opensession" SET "seen_at"')  # once a minute
        if not (reads or seen or UNWATCHED.fullmatch(into)):
            written.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    assert not written


CASES = [(name, role) for name in sorted(DOORS) for role in sorted(OUTSIDERS - DOORS[name].keepers)]


@pytest.mark.parametrize(("name", "role"), CASES, ids=lambda part: str(part))
def test_nothing_of_firm_b_is_seen_by_others(world, client_of, name, role):
    door, client = DOORS[name], client_of(role)
    url = _url(name, door, world)
    about_b = door.at is not None and not door.common
    queries = ["", "export=xlsx", BY_CODE, BY_NAME, f"{BY_CODE}&export=xlsx"]
    for query in queries:
        asked = query.format(
            code=world.code_b, place=world.place_b, name=NAME_B, run=world.run.number
        )
        answer = client.get(f"{url}?{asked}", headers={"HX-Request": "true"} if query else None)
        if role == "anonymous" and not door.open:
            assert answer.status_code in (302, 401), answer.status_code
            continue
        if not door.get:
            assert answer.status_code in (403, 404, 405)
        elif about_b and role not in door.seen_by:
            assert answer.status_code in (403, 404), f"{query} answered {answer.status_code}"
        else:
            assert answer.status_code < 500, f"{query} broke the page"
        # What the person typed may be repeated; it is no news.
        told = {str(value) for value in door.at(world).values()} if door.at else set()
        told |= {world.code_b} if query.startswith(BY_CODE) else set()
        told |= {NAME_B, "机密"} if query == BY_NAME else set()
        found = leaked(_body(answer), world.secrets - told)
        assert not found, f"{url}?{asked} shows {found} to {role}"


def _body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_watch_sees_what_is_written(world):
    """Otherwise the walks below prove nothing."""
    with pytest.raises(AssertionError), _nothing_written():
        User.objects.filter(pk=world.users["city"].pk).update(display_name="x")
    with pytest.raises(AssertionError), _nothing_written():
        type(world.session_b).objects.filter(pk=world.session_b.pk).delete()
    with _nothing_written():
        audit.record("organisation.read", user=world.users["city"], thing=world.org_b)


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name, role in CASES if DOORS[name].post is not None],
    ids=lambda part: str(part),
)
def test_nothing_of_firm_b_is_changed_by_others(world, client_of, name, role):
    door, client = DOORS[name], client_of(role)
    fields = door.post(world) if callable(door.post) else door.post
    with _nothing_written():
        answer = client.post(_url(name, door, world), dict(fields))
    assert answer.status_code in ((302, 401) if role == "anonymous" else (403, 404))
    # The address itself may be repeated, as in the walk above.
    told = {str(value) for value in door.at(world).values()} if door.at else set()
    assert not leaked(answer.content, world.secrets - told)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (name, role)
        for name, door in sorted(DOORS.items())
        if door.at and door.get
        for role in sorted(INSIDERS if door.common else door.seen_by)
    ],
    ids=lambda part: str(part),
)
def test_the_door_opens_for_those_who_may(world, client_of, name, role):
    """A walk that finds every door locked proves nothing."""
    answer = client_of(role).get(_url(name, DOORS[name], world))
    assert answer.status_code in (200, 302), answer.status_code


@pytest.mark.parametrize("name", ["enterprises", "api:organisations", "audit", "uploads"])
def test_the_secrets_are_really_there(world, client_of, name):
    """The same search finds firm B where it may be found."""
    answer = client_of("city").get(_url(name, DOORS[name], world))
    assert leaked(answer.content, world.secrets), readable(answer.content)[:500]


#: Files that carry no stamp: an empty form holds nothing, the others leave as they were kept.
UNSTAMPED = {"form-template", "method-template", "upload-file", "job-file"}
UNSTAMPED |= {name for name in DOORS if name.endswith("-evidence")}


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if door.get))
def test_every_file_that_leaves_says_who_took_it_and_stands_in_the_log(world, client_of, name):
    """A list found outside leads to the event of its export, and that to the person."""
    role = "admin" if name.startswith("account") else "city"
    answer = client_of(role).get(f"{_url(name, DOORS[name], world)}?export=xlsx")
    if not answer.get("Content-Disposition", "").startswith("attachment") or name in UNSTAMPED:
        return
    event = AuditEvent.objects.latest("id")
    assert event.username == world.users[role].username
    assert event.action.startswith(("export.", "import.marked"))
    if event.action.startswith("export."):
        assert event.detail["rows"] >= 0
    stamp = f"导出人 {event.username} · "
    assert leaked(answer.content, frozenset({stamp})), name
    assert leaked(answer.content, frozenset({f"审计日志第 {event.pk} 号"})), name


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_the_brief_says_who_took_it(client_of, kind):
    answer = client_of("city").get(f"{reverse('report-city')}?format={kind}")
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.username) == ("export.brief", "city")
    assert leaked(answer.content, frozenset({f"审计日志第 {event.pk} 号"}))


#: Text that would run, close an attribute, or end a script, if a page took it for markup.
MARKUP = "<img src=x onerror=alert(1)>\"'</script><b>"


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if door.get))
def test_no_page_takes_a_name_for_markup(world, client_of, name):
    """Names of enterprises, accounts, files, jobs, runs; remarks; and words of the address."""
    type(world.org_b).objects.update(name=MARKUP, former_names=MARKUP, address=MARKUP)
    User.objects.update(display_name=MARKUP, department=MARKUP)
    type(world.batch_b).objects.update(file_name=MARKUP, sheet=MARKUP, fixes=[
        {"cell": "K3", "original": MARKUP, "value": MARKUP, "rule": MARKUP, "by": MARKUP, "at": ""}
    ])  # fmt: skip
    Job.objects.update(title=MARKUP, message=MARKUP, error=MARKUP, result={MARKUP: MARKUP})
    EnergyRecord.objects.update(remark=MARKUP)
    type(world.run).objects.update(title=MARKUP)
    FactorOverride.objects.update(document=MARKUP, note=MARKUP)
    audit.record(MARKUP[:40], username=MARKUP, **{MARKUP: MARKUP})
    asked = "&".join(f"{key}={quote(MARKUP)}" for key in ("q", "object", "user", "place", "sort"))
    for query in ("", asked):
        role = "admin" if name.startswith("account") else "city"
        answer = client_of(role).get(f"{_url(name, DOORS[name], world)}?{query}")
        assert answer.status_code < 500
        if answer.get("Content-Type", "").startswith("text/html"):
            text = answer.content.decode()
            assert "<img src=x" not in text
            assert "'</script><b>" not in text


@pytest.mark.parametrize("name", sorted(DOORS))
def test_every_kind_of_answer_carries_the_fences(world, client_of, name):
    """Pages, refusals, files and JSON: the policy, no sniffing, no frame, no shared cache."""
    for role in ("city", "firm_a", "anonymous"):
        for answer in (
            client_of(role).get(_url(name, DOORS[name], world)),
            client_of(role).get(f"{_url(name, DOORS[name], world)}?export=xlsx"),
            client_of(role).delete(_url(name, DOORS[name], world)),
        ):
            assert "default-src 'none'" in answer["Content-Security-Policy"]
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["X-Frame-Options"] == "DENY"
            assert "no-store" in answer["Cache-Control"]
            assert answer["Referrer-Policy"] == "same-origin"
            assert "ETag" not in answer
            if answer.status_code == 200 and "attachment" not in answer.get(
                "Content-Disposition", ""
            ):
                assert answer["Content-Type"].split(";")[0] in (
                    "text/html", "application/json", "image/svg+xml", "image/png",
                )  # fmt: skip


@pytest.mark.parametrize("name", sorted(DOORS))
def test_no_other_method_changes_or_shows_anything(world, client_of, name):
    client = client_of("firm_a")
    with _nothing_written():
        for method in ("put", "patch", "delete", "options", "trace"):
            answer = getattr(client, method)(_url(name, DOORS[name], world))
            assert not leaked(_body(answer), world.secrets)
            assert answer.status_code < 500


@pytest.mark.parametrize(
    "name", sorted(name for name, door in DOORS.items() if door.post is not None or not door.get)
)
def test_every_form_wants_its_token(world, name):
    """What changes something is refused when it comes from another site, before any right."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["city"], backend="django.contrib.auth.backends.ModelBackend")
    with _nothing_written():
        answer = client.post(_url(name, DOORS[name], world), {}, HTTP_ORIGIN="https://evil.example")
    assert answer.status_code == 403


# Half signed in


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if not door.open))
def test_no_door_opens_between_the_two_steps(world, name):
    """The password was right and the code is still to come: nobody is there yet."""
    url, user = _url(name, DOORS[name], world), world.users["city"]
    client = Client(raise_request_exception=False)
    with _with_factor(user):
        signing_in = {"username": "city", "password": "correct horse 1"}
        assert client.post(reverse("sign-in"), signing_in)["Location"] == reverse("sign-in-code")
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code in (302, 401)
            assert answer.headers.get("Location", reverse("sign-in")).startswith(reverse("sign-in"))
        # Nor does a session that skipped the second step by a mistake of the program.
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        answer = client.get(url)
        assert answer.status_code in (302, 401)
        assert answer.headers.get("Location", reverse("sign-in")).startswith(reverse("sign-in"))


#: Where a person may go who has yet to enrol the factor the role needs.
ENROLLING = ("/account/two-factor/", "/password/", "/sign-out/")


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if not door.open))
@pytest.mark.parametrize("role", ["city", "county_b", "admin"])
def test_no_door_opens_before_a_factor_that_is_due(world, client_of, name, role):
    url = _url(name, DOORS[name], world)
    if url.startswith(ENROLLING):
        return
    with override_settings(TWO_FACTOR="government"):
        client = client_of(role)
        for answer in (client.get(url), client.post(url)):
            if url.startswith("/api/"):
                assert answer.status_code == 403
            else:
                assert answer.headers["Location"] == reverse("second-factor")


@contextmanager
def _with_factor(user):
    user.totp_secret = "sealed"
    user.save(update_fields=["totp_secret"])
    yield
    user.totp_secret = ""
    user.save(update_fields=["totp_secret"])


#: What leads on to another page, or says no more of a firm than the state of a job or an account.
UNLOGGED = frozenset({"job", "job-progress", "trace-record", "upload-mapping"})


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, door in DOORS.items()
        if door.at and door.get and not door.common and "city" in door.seen_by
    ),
)
def test_every_look_at_a_firm_by_somebody_else_stands_in_the_log(world, client_of, name):
    client = client_of("city")
    last = AuditEvent.objects.latest("id").pk
    answer = client.get(_url(name, DOORS[name], world))
    events = AuditEvent.objects.filter(pk__gt=last)
    if name in UNLOGGED:
        assert not leaked(_body(answer), world.secrets - {"机密", NAME_B})
    else:
        assert answer.status_code == 200
        assert [event.username for event in events] == ["city"]
        assert events[0].object_id
