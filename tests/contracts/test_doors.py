"""No door shows firm B to anybody who may not see it, and no door is unknown to this test."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from budget_world import quota_of
from doors_kit import INSIDERS, OUTSIDERS, Door, World, leaked, readable
from form_files import energy, workbook
from market_world import market_of
from method_books import MethodBook
from mrv_world import carbon_year
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import figures, frozen, lines, method_services
from tanfeng.console.accounting import services as accounting
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord, Total
from tanfeng.console.archive.models import (
    Assignment,
    Membership,
    OfficialList,
    Organisation,
    OrganisationVersion,
    Park,
    Place,
)
from tanfeng.console.core import audit, rights, storage
from tanfeng.console.core.models import AuditEvent, Batch, Job, OpenSession, Role, Subject, User
from tanfeng.console.library.models import Document, FactorOverride
from tanfeng.console.plan import services as plan
from tanfeng.errors import Problem

CODE_A, CODE_B = "91359999MADEM00015", "91359999MADEM00028"
NAME_B = "机密乙钢铁有限公司"
KNOWN = datetime(2025, 2, 1, 4, 0, tzinfo=UTC)
#: What firm B uses every month; the sums of it must not show either. [1e4 kWh]
MONTHLY_B, MONTHLY_A = 7654.321, 1000.0
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


# The two firms


def _batch(user, code, name):
    batch = Batch.objects.create(
        form_key="monthly_energy",
        file_name=name,
        sha256=storage.keep(workbook("monthly_energy", [energy(code, "2024-03", MONTHLY_B)])),
        size_bytes=10,
        columns={"consumption_total_qty": "K"},
        status=Batch.Status.COMMITTED,
        rows_read=12,
        rows_good=12,
        outcome={"added": 12, "replaced": 0, "unchanged": 0},
        uploaded_by=user,
        scope=user.scope_key,
        committed_by=user,
        committed_at=KNOWN,
        problems=[
            asdict(Problem("E020", "warning", f"{code} 机密问题", f"{code} secret finding", row=3))
        ],
        warnings=1,
    )
    Subject.objects.create(batch=batch, org_code=code)
    return batch


def _records(batch, organisation, monthly, remark):
    EnergyRecord.objects.bulk_create(
        EnergyRecord(
            organisation=organisation,
            year=year,
            month=month,
            item_key="electricity",
            purchase_qty=monthly,
            consumption_total_qty=monthly,
            tier="measured",
            remark=remark,
            batch=batch,
            source_row=2 + month,
            known_from=KNOWN,
        )
        for year in (2023, 2024)
        for month in range(1, 13)
    )
    OutputRecord.objects.create(
        organisation=organisation,
        year=2024,
        month=3,
        product_name=f"{remark}产品",
        unit="吨",
        output_qty=monthly * 3,
        batch=batch,
        source_row=3,
        known_from=KNOWN,
    )


def _people(place_a, place_b, park_a):
    def user(name, role, **scope):
        return User.objects.create_user(name, password="correct horse 1", role=role, **scope)

    return {
        "city": user("city", Role.CITY),
        "admin": user("admin", Role.ADMIN),
        "county_a": user("county-a", Role.COUNTY, place_code=place_a.code),
        "county_b": user("county-b", Role.COUNTY, place_code=place_b.code),
        "park_a": user("park-a", Role.PARK, park_code=park_a.code),
        "firm_a": user("firm-a", Role.ENTERPRISE, org_code=CODE_A),
        "firm_b": user("firm-b", Role.ENTERPRISE, org_code=CODE_B),
        "verifier_a": user("verifier-a", Role.VERIFIER),
        "anonymous": None,
    }


def _firms(place_a, place_b, park_a):
    common = {"is_demo": True, "legal_person": "某"}
    first = Organisation.objects.create(
        credit_code=CODE_A, name="公开甲玻璃有限公司", industry_code="3041", sector="building",
        place=place_a, park=park_a, **common,
    )  # fmt: skip
    second = Organisation.objects.create(
        credit_code=CODE_B, name=NAME_B, industry_code="3120", sector="steel", place=place_b,
        address="机密路一号", permit_no="机密许可证", **common,
    )  # fmt: skip
    return first, second


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
        yield _world()
        transaction.set_rollback(True)


def _world() -> World:
    place_a = Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)
    place_b = Place.objects.create(
        code="350112", name_zh="长乐区", name_en="Changle", order=2, tile_x=1
    )
    park_a = Park.objects.create(code="park-a", name_zh="甲园区", place=place_a)
    users = _people(place_a, place_b, park_a)
    org_a, org_b = _firms(place_a, place_b, park_a)
    city, firm_b = users["city"], users["firm_b"]
    Assignment.objects.create(
        verifier=users["verifier_a"], organisation=org_a, valid_from=date(2024, 1, 1)
    )
    lists = OfficialList.objects.create(key="key-users", name_zh="重点用能单位", name_en="Key")
    Membership.objects.create(official_list=lists, organisation=org_b, valid_from=date(2024, 1, 1))
    OrganisationVersion.objects.create(
        organisation=org_b, changes={"permit_no": ["机密旧证", "机密许可证"]}, changed_by=city
    )
    batch_a = _batch(users["firm_a"], CODE_A, "公开甲.xlsx")
    batch_b = _batch(firm_b, CODE_B, "机密乙.xlsx")
    _records(batch_a, org_a, MONTHLY_A, "公开")
    _records(batch_b, org_b, MONTHLY_B, "机密备注")
    run = accounting.compute_run(city, years=(2023, 2024), title="Run", as_of=KNOWN)
    run = accounting.publish_run(city, run)
    job_b = Job.objects.create(
        kind="core.export", title="机密任务", user=firm_b, scope=firm_b.scope_key,
        status=Job.Status.DONE, result={"name": NAME_B}, result_name="机密结果.xlsx",
        codes=[CODE_B],
    )  # fmt: skip
    (folder := settings.RESULTS / str(job_b.pk)).mkdir(parents=True, exist_ok=True)
    (folder / "result").write_text(NAME_B)
    job_b.result_file = f"{job_b.pk}/result"
    job_b.save()
    audit.record("organisation.read", user=city, thing=org_b)
    method_b = _method_account(firm_b, org_b)
    plan.load_plan()
    return World(
        users=users,
        code_a=CODE_A,
        code_b=CODE_B,
        place_b=place_b.code,
        secrets=_secrets(org_a, org_b, run, method_b),
        things={
            "org_b": org_b,
            "batch_b": batch_b,
            "job_b": job_b,
            "run": run,
            "method_b": method_b,
            "record_b": EnergyRecord.objects.filter(organisation=org_b).first(),
            "line_b": _line_of(run, city),
            "document": _document(),
            "session_b": OpenSession.objects.create(
                # A session that is open: an old one would be swept when somebody signs in.
                session_key="b" * 32,
                user=firm_b,
                started_at=timezone.now(),
                seen_at=timezone.now(),
            ),
            "override": _override(city),
            **quota_of(org_b, city, MONTHLY_B),
            **carbon_year(org_b, firm_b, city, f"{NAME_B}机密", MONTHLY_B),
            **market_of(org_b, firm_b, city, f"{NAME_B}机密", MONTHLY_B),
        },
    )


def _method_account(user, organisation):
    """Account 7 654.321 t of limestone of B by the method of steel."""
    book = MethodBook(METHODS["gb_t_32151_5_2015"])
    book.add(
        "flux", period="2023", item="石灰石", used_qty=MONTHLY_B, credit_code=CODE_B,
        org_name=NAME_B,
    )  # fmt: skip
    return method_services.account(
        user, organisation, book.content(), "机密工作簿.xlsx", method_key=book.method.key, year=2023
    )


def _secrets(org_a, org_b, run, method_b):
    """Return names, codes and remarks of B, its monthly and yearly numbers, and sums with A's."""
    words = {CODE_B, NAME_B, "机密", "secret finding", "7654.3", "7654"}
    words.add(f"{method_b.emission_total_tco2e:.1f}")
    numbers = set()
    for field in Total._meta.concrete_fields:
        if not field.name.endswith(("_tce", "_tco2")):
            continue
        for month in (0, 3):
            of = {
                total.organisation_id: getattr(total, field.name) or 0.0
                for total in Total.objects.filter(run=run, year=2024, month=month)
            }
            numbers |= {of.get(org_b.pk, 0.0), of.get(org_a.pk, 0.0) + of.get(org_b.pk, 0.0)}
    # Five digits and more cannot be there by chance.
    return frozenset(words | {f"{number:.0f}" for number in numbers if number >= 10_000})


def _line_of(run, city):
    for number in range(1, run.line_count + 1):
        if lines.one(city, run, number).organisation.credit_code == CODE_B:
            return number
    raise AssertionError("firm B has no line")


def _document():
    return Document.objects.first() or Document.objects.create(number="GB/T 1", title_zh="文件")


def _override(city):
    return FactorOverride.objects.create(
        table="energy_items",
        row_id="electricity",
        value=1.229,
        unit="tce/1e4 kWh",
        document="x",
        verified_on=date(2024, 1, 1),
        created_by=city,
    )


# The walk


def _client(world, role):
    client = Client(raise_request_exception=False)
    if world.users[role] is not None:
        client.force_login(world.users[role], backend="django.contrib.auth.backends.ModelBackend")
    return client


def _url(name, door, world):
    return reverse(name, kwargs=dict(door.at(world)) if door.at else None)


def _state():
    """Return a digest of everything that is kept, without the log and what Django keeps."""
    digest = hashlib.sha256()
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        if model is AuditEvent or model._meta.app_label in ("sessions", "axes"):
            continue
        rows = model._default_manager.order_by("pk").values()
        text = json.dumps([
            {key: value for key, value in row.items() if key != "last_login"} for row in rows
        ], default=str)  # fmt: skip
        digest.update(text.encode())
    return digest.hexdigest()


CASES = [(name, role) for name in sorted(DOORS) for role in sorted(OUTSIDERS - DOORS[name].keepers)]


@pytest.mark.parametrize(("name", "role"), CASES, ids=lambda part: str(part))
def test_nothing_of_firm_b_is_seen_by_others(world, name, role):
    door, client = DOORS[name], _client(world, role)
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


@pytest.mark.parametrize(
    ("name", "role"),
    [(name, role) for name, role in CASES if DOORS[name].post is not None],
    ids=lambda part: str(part),
)
def test_nothing_of_firm_b_is_changed_by_others(world, name, role):
    door, client = DOORS[name], _client(world, role)
    before = _state()
    fields = door.post(world) if callable(door.post) else door.post
    answer = client.post(_url(name, door, world), dict(fields))
    assert answer.status_code in ((302, 401) if role == "anonymous" else (403, 404))
    # The address itself may be repeated, as in the walk above.
    told = {str(value) for value in door.at(world).values()} if door.at else set()
    assert not leaked(answer.content, world.secrets - told)
    assert _state() == before


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
def test_the_door_opens_for_those_who_may(world, name, role):
    """A walk that finds every door locked proves nothing."""
    answer = _client(world, role).get(_url(name, DOORS[name], world))
    assert answer.status_code in (200, 302), answer.status_code


@pytest.mark.parametrize("name", ["enterprises", "api:organisations", "audit", "uploads"])
def test_the_secrets_are_really_there(world, name):
    """The same search finds firm B where it may be found."""
    answer = _client(world, "city").get(_url(name, DOORS[name], world))
    assert leaked(answer.content, world.secrets), readable(answer.content)[:500]


#: Files that carry no stamp: an empty form holds nothing, the others leave as they were kept.
UNSTAMPED = {"form-template", "method-template", "upload-file", "job-file"}
UNSTAMPED |= {name for name in DOORS if name.endswith("-evidence")}


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if door.get))
def test_every_file_that_leaves_says_who_took_it_and_stands_in_the_log(world, name):
    """A list found outside leads to the event of its export, and that to the person."""
    role = "admin" if name.startswith("account") else "city"
    answer = _client(world, role).get(f"{_url(name, DOORS[name], world)}?export=xlsx")
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
def test_the_brief_says_who_took_it(world, kind):
    answer = _client(world, "city").get(f"{reverse('report-city')}?format={kind}")
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.username) == ("export.brief", "city")
    assert leaked(answer.content, frozenset({f"审计日志第 {event.pk} 号"}))


#: Text that would run, close an attribute, or end a script, if a page took it for markup.
MARKUP = "<img src=x onerror=alert(1)>\"'</script><b>"


@pytest.mark.parametrize("name", sorted(name for name, door in DOORS.items() if door.get))
def test_no_page_takes_a_name_for_markup(world, name):
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
        answer = _client(world, role).get(f"{_url(name, DOORS[name], world)}?{query}")
        assert answer.status_code < 500
        if answer.get("Content-Type", "").startswith("text/html"):
            text = answer.content.decode()
            assert "<img src=x" not in text
            assert "'</script><b>" not in text


@pytest.mark.parametrize("name", sorted(DOORS))
def test_every_kind_of_answer_carries_the_fences(world, name):
    """Pages, refusals, files and JSON: the policy, no sniffing, no frame, no shared cache."""
    for role in ("city", "firm_a", "anonymous"):
        for answer in (
            _client(world, role).get(_url(name, DOORS[name], world)),
            _client(world, role).get(f"{_url(name, DOORS[name], world)}?export=xlsx"),
            _client(world, role).delete(_url(name, DOORS[name], world)),
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
def test_no_other_method_changes_or_shows_anything(world, name):
    # Signing in writes down the session; what is compared is what stands after that.
    client = _client(world, "firm_a")
    before = _state()
    for method in ("put", "patch", "delete", "options", "trace"):
        answer = getattr(client, method)(_url(name, DOORS[name], world))
        assert not leaked(_body(answer), world.secrets)
        assert answer.status_code < 500
    assert _state() == before


@pytest.mark.parametrize(
    "name", sorted(name for name, door in DOORS.items() if door.post is not None or not door.get)
)
def test_every_form_wants_its_token(world, name):
    """What changes something is refused when it comes from another site, before any right."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.users["city"], backend="django.contrib.auth.backends.ModelBackend")
    before = _state()
    answer = client.post(_url(name, DOORS[name], world), {}, HTTP_ORIGIN="https://evil.example")
    assert answer.status_code == 403
    assert _state() == before


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
def test_no_door_opens_before_a_factor_that_is_due(world, name, role):
    url = _url(name, DOORS[name], world)
    if url.startswith(ENROLLING):
        return
    with override_settings(TWO_FACTOR="government"):
        client = _client(world, role)
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
def test_every_look_at_a_firm_by_somebody_else_stands_in_the_log(world, name):
    client = _client(world, "city")
    last = AuditEvent.objects.latest("id").pk
    answer = client.get(_url(name, DOORS[name], world))
    events = AuditEvent.objects.filter(pk__gt=last)
    if name in UNLOGGED:
        assert not leaked(_body(answer), world.secrets - {"机密", NAME_B})
    else:
        assert answer.status_code == 200
        assert [event.username for event in events] == ["city"]
        assert events[0].object_id
