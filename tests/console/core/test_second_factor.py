"""The second step: codes by the clock, recovery codes, what wrong ones cost, lost devices."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tanfeng.console.core import services, sessions, two_factor
from tanfeng.console.core.models import AuditEvent, OpenSession, RecoveryCode, User

PASSWORD = "correct horse 1"
#: The shared secret of RFC 6238, appendix B: the ASCII digits 1 to 0, twice, in base 32.
RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def clock(monkeypatch):
    """Let the test say what time it is. [s since 1970]"""
    now = {"time": 1_111_111_109.0}
    monkeypatch.setattr(two_factor.time, "time", lambda: now["time"])
    return now


def _enrol(user, secret=RFC):
    user.totp_secret = two_factor._encrypt(secret)
    user.save()
    return [code.replace("-", "") for code in two_factor._new_codes(user)]


def _code(at, secret=RFC):
    return pyotp.TOTP(secret).generate_otp(int(at) // 30)


def _first_step(name="city"):
    client = Client()
    answer = client.post(reverse("sign-in"), {"username": name, "password": PASSWORD})
    assert answer["Location"] == reverse("sign-in-code"), answer["Location"]
    return client


def _type(client, text):
    return client.post(reverse("sign-in-code"), {"code": text})


# Codes


@pytest.mark.parametrize(
    ("at", "code"),
    # RFC 6238, appendix B, SHA-1: eight digits are printed, apps show the last six of them.
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
     (2000000000, "279037")],
)  # fmt: skip
@pytest.mark.same_queries
def test_codes_are_those_of_the_standard(city, clock, at, code):
    _enrol(city)
    clock["time"] = float(at)
    assert two_factor.take(city, code) == "code"


def test_a_code_counts_once_and_older_ones_no_more(city, clock):
    _enrol(city)
    now = clock["time"]
    assert two_factor.take(city, _code(now)) == "code"
    assert two_factor.take(city, _code(now)) == ""
    assert two_factor.take(city, _code(now - 30)) == ""
    clock["time"] = now + 30
    assert two_factor.take(city, _code(now)) == ""
    assert two_factor.take(city, _code(now + 30)) == "code"


@pytest.mark.parametrize(("off", "kind"), [(-60, ""), (-30, "code"), (30, "code"), (60, "")])
def test_a_clock_may_be_half_a_minute_off(city, clock, off, kind):
    _enrol(city)
    assert two_factor.take(city, _code(clock["time"] + off)) == kind


@pytest.mark.parametrize("typed", ["08 18 04", " 081804 ", "081-804", "０８１８０４"])
def test_codes_as_people_type_them(city, clock, typed):
    _enrol(city)
    assert two_factor.take(city, typed) == "code"


@pytest.mark.parametrize("typed", ["", "0", "81804", "0818040", "abcdef", "🙂", "\x00", "٠٨١٨٠٣"])
@pytest.mark.same_queries
def test_what_is_no_code_is_refused(city, clock, typed):
    _enrol(city)
    assert two_factor.take(city, typed) == ""


def test_a_recovery_code_counts_once(city, clock):
    codes = _enrol(city)
    assert len(codes) == 10
    shown = f"{codes[0][:4]}-{codes[0][4:8]}-{codes[0][8:]}".upper()
    assert two_factor.take(city, shown) == "recovery"
    assert two_factor.take(city, shown) == ""
    assert city.recovery_codes.count() == 9


def test_a_recovery_code_is_one_persons(city, firm_a, clock):
    codes = _enrol(city)
    _enrol(firm_a)
    assert two_factor.take(firm_a, codes[0]) == ""


def test_the_database_alone_gives_nothing_away(city, settings, clock):
    codes = _enrol(city)
    row = str(User.objects.filter(pk=city.pk).values().get())
    row += str(list(RecoveryCode.objects.values()))
    assert RFC not in row
    assert not any(code in row for code in codes)
    settings.SECRET_KEY = "the secret of another house"
    assert two_factor.take(city, _code(clock["time"])) == ""
    assert two_factor.take(city, codes[0]) == ""


# Signing in


def test_the_second_step_opens_the_house(city, clock):
    _enrol(city)
    client = _first_step()
    key = client.session.session_key
    assert client.get("/jobs/").status_code == 302
    assert client.get("/api/v1/organisations").status_code == 401
    assert "city" in client.get(reverse("sign-in-code")).content.decode()
    assert _type(client, _code(clock["time"]))["Location"] == "/"
    assert client.get("/jobs/").status_code == 200
    assert client.get("/api/v1/runs").status_code == 200
    assert client.session.session_key != key
    assert AuditEvent.objects.get(action="sign-in").detail == {"how": "password+code"}


def test_the_second_step_leads_where_the_person_wanted(city, clock):
    _enrol(city)
    client = Client()
    asked = {"username": "city", "password": PASSWORD, "next": "/jobs/"}
    client.post(reverse("sign-in"), asked)
    assert _type(client, _code(clock["time"]))["Location"] == "/jobs/"


def test_no_second_step_without_the_first(client, city, clock):
    _enrol(city)
    assert client.get(reverse("sign-in-code"))["Location"] == reverse("sign-in")
    assert _type(client, _code(clock["time"]))["Location"] == reverse("sign-in")
    assert client.get("/jobs/").status_code == 302


def test_the_first_step_holds_for_five_minutes(city, clock):
    _enrol(city)
    client = _first_step()
    clock["time"] += 301
    assert _type(client, _code(clock["time"]))["Location"] == reverse("sign-in")


@pytest.mark.parametrize("change", ["password", "active", "factor"])
def test_the_first_step_is_taken_back_by_what_happens_between(city, admin_user, clock, change):
    _enrol(city)
    client = _first_step()
    if change == "password":
        services.reset_password(city, by=admin_user)
    elif change == "active":
        services.set_active(city, False, by=admin_user)
    else:
        services.reset_second_factor(city, by=admin_user)
    assert _type(client, _code(clock["time"]))["Location"] == reverse("sign-in")


def test_wrong_codes_lock_the_name_and_address_like_wrong_passwords(city, clock):
    _enrol(city)
    client = _first_step()
    for _try in range(4):
        assert _type(client, "000000").status_code == 200
    assert _type(client, "000000").status_code == 429
    assert _type(client, _code(clock["time"])).status_code == 429
    answer = Client().post(reverse("sign-in"), {"username": "city", "password": PASSWORD})
    assert answer.status_code == 429
    assert AuditEvent.objects.filter(action="sign-in.code-failed").count() == 5
    assert AuditEvent.objects.filter(action="sign-in.locked").exists()


def test_many_addresses_do_not_help_to_guess(city, clock, monkeypatch):
    """Ten wrong codes from anywhere stop the second step for an hour; then one is taken again."""
    codes = _enrol(city)
    for _try in range(10):
        assert two_factor.take(city, "000000") == ""
    assert two_factor.take(city, _code(clock["time"])) == ""
    assert two_factor.take(city, codes[0]) == ""
    client = _first_step()
    assert "notice bad" in client.get(reverse("sign-in-code")).content.decode()
    User.objects.update(totp_failed_at=timezone.now() - timedelta(minutes=61))
    assert two_factor.take(city, "000000") == ""
    city.refresh_from_db()
    assert city.totp_failures == 1
    assert two_factor.take(city, _code(clock["time"])) == "code"
    city.refresh_from_db()
    assert city.totp_failures == 0


def test_switched_off_nobody_is_asked(city, settings, client_for):
    _enrol(city)
    settings.TWO_FACTOR = "off"
    client = Client()
    answer = client.post(reverse("sign-in"), {"username": "city", "password": PASSWORD})
    assert answer["Location"] == "/"
    assert client.get("/jobs/").status_code == 200
    assert client.get(reverse("second-factor")).status_code == 404


# Enrolling and taking away


def _key_of(page):
    return re.search(r'data-copy="([A-Z2-7]{32})"', page.content.decode())[1]


def _enrol_by_page(client):
    page = client.get(reverse("second-factor"))
    secret = _key_of(page)
    assert _key_of(client.get(reverse("second-factor"))) == secret  # the same on a second look
    answer = client.post(reverse("second-factor"), {"code": pyotp.TOTP(secret).now()})
    assert answer["Location"] == reverse("recovery-codes")
    return secret


def test_enrolling_shows_the_codes_until_they_are_kept(city, client_for):
    client, elsewhere = client_for(city), client_for(city)
    page = client.get(reverse("second-factor")).content.decode()
    assert "<svg" in page
    assert " style=" not in page
    assert "http" not in re.search(r"<svg.*?</svg>", page, re.S)[0].replace(
        "http://www.w3.org/2000/svg", ""
    )
    secret = _enrol_by_page(client)
    assert elsewhere.get("/jobs/").status_code == 302
    assert client.get("/jobs/").status_code == 200
    page = client.get(reverse("recovery-codes")).content.decode()
    codes = re.findall(r"<li>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</li>", page)
    assert len(set(codes)) == 10
    file = client.get(reverse("recovery-codes-file"))
    assert "attachment" in file["Content-Disposition"]
    assert all(code in file.content.decode() for code in codes)
    assert not any(code in str(client.session.items()) for code in codes)
    client.post(reverse("recovery-codes"))
    assert client.get(reverse("recovery-codes")).status_code == 302
    assert client.get(reverse("recovery-codes-file")).status_code == 404
    assert two_factor.take(city, codes[3]) == "recovery"
    events = str(list(AuditEvent.objects.values()))
    assert secret not in events
    assert not any(code in events for code in codes)


def test_codes_nobody_noted_are_shown_ten_minutes(city, client_for, monkeypatch):
    client = client_for(city)
    _enrol_by_page(client)
    session = client.session
    session["codes_at"] -= 601
    session.save()
    assert client.get(reverse("recovery-codes-file")).status_code == 404
    assert client.get(reverse("recovery-codes")).status_code == 302


def test_a_wrong_code_enrols_nothing(city, client_for):
    client = client_for(city)
    client.get(reverse("second-factor"))
    page = client.post(reverse("second-factor"), {"code": "000000"})
    assert page.context["form"].errors
    city.refresh_from_db()
    assert not city.totp_secret


def test_a_factor_is_not_replaced_unseen(city, client_for):
    client = client_for(city)
    _enrol_by_page(client)
    with pytest.raises(PermissionDenied):
        two_factor.enrol(city, RFC, pyotp.TOTP(RFC).now(), request=None)
    page = client.get(reverse("second-factor")).content.decode()
    assert "data-copy" not in page


@pytest.mark.parametrize("name", ["second-factor-remove", "recovery-codes-new"])
def test_the_password_is_asked_before_it_changes(city, client_for, name):
    client = client_for(city)
    _enrol_by_page(client)
    before = set(RecoveryCode.objects.values_list("digest", flat=True))
    page = client.post(reverse(name), {"password": "wrong"})
    assert page.context["form"].errors
    city.refresh_from_db()
    assert city.totp_secret
    assert AuditEvent.objects.filter(action="sign-in.failed", username="city").exists()
    assert set(RecoveryCode.objects.values_list("digest", flat=True)) == before
    assert client.post(reverse(name), {"password": PASSWORD}).status_code == 302
    after = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert not after & before
    city.refresh_from_db()
    assert bool(city.totp_secret) == (name == "recovery-codes-new")
    action = "second-factor.codes" if city.totp_secret else "second-factor.remove"
    assert AuditEvent.objects.filter(action=action, username="city").count() == 1


def test_without_a_factor_there_is_nothing_to_remove(city, client_for):
    client = client_for(city)
    for name in ("second-factor-remove", "recovery-codes-new"):
        answer = client.post(reverse(name), {"password": PASSWORD})
        assert answer["Location"] == reverse("second-factor")
    assert client.get(reverse("recovery-codes")).status_code == 302


def test_an_administrator_resets_a_lost_device(city, admin_user, client_for):
    signed_in = client_for(city)
    _enrol_by_page(signed_in)
    admin = client_for(admin_user)
    url = reverse("account-factor-reset", args=(city.pk,))
    assert url in admin.get(reverse("account", args=(city.pk,))).content.decode()
    admin.post(url)
    assert signed_in.get("/jobs/").status_code == 302
    city.refresh_from_db()
    assert not city.totp_secret
    assert not RecoveryCode.objects.filter(user=city).exists()
    event = AuditEvent.objects.get(action="second-factor.reset")
    assert (event.username, event.object_id) == ("admin", str(city.pk))


def test_nobody_else_resets_a_device_and_nobody_the_own_in_this_way(city, firm_a, admin_user):
    _enrol(firm_a)
    for by, of in ((city, firm_a), (admin_user, admin_user)):
        with pytest.raises(PermissionDenied):
            services.reset_second_factor(of, by=by)
    with pytest.raises(PermissionDenied):
        two_factor.remove(firm_a, by=city)
    services.reset_second_factor(firm_a, by=None)  # the command line
    firm_a.refresh_from_db()
    assert not firm_a.totp_secret


# Where it is due


@pytest.mark.parametrize(
    ("who", "due"),
    [("city", True), ("county_officer_a", True), ("admin_user", True), ("park_user", False),
     ("firm_a", False), ("verifier", False)],
)  # fmt: skip
def test_who_must_enrol(request, client_for, settings, who, due):
    settings.TWO_FACTOR = "government"
    user = request.getfixturevalue(who)
    client = client_for(user)
    assert client.get("/account/").status_code == (302 if due else 200)
    assert client.get("/api/v1/runs").status_code == (403 if due else 200)
    if due:
        _enrol_by_page(client)
        assert client.get("/account/").status_code == 200
        client.post(reverse("second-factor-remove"), {"password": PASSWORD})
        assert client.get("/account/")["Location"] == reverse("second-factor")


def test_an_own_password_comes_before_the_factor(city, client_for, settings, admin_user):
    settings.TWO_FACTOR = "government"
    password = services.reset_password(city, by=admin_user)
    client = Client()
    client.post(reverse("sign-in"), {"username": "city", "password": password})
    assert client.get("/jobs/")["Location"] == reverse("password")
    assert client.get(reverse("second-factor"))["Location"] == reverse("password")
    good = "stone river lantern 9"
    strong = {"old_password": password, "new_password1": good, "new_password2": good}
    assert client.post(reverse("password"), strong).status_code == 302
    assert client.get("/jobs/")["Location"] == reverse("second-factor")


def test_a_session_without_the_second_step_is_nobodys(city, client_for):
    client = client_for(city)
    _enrol(city)
    assert client.get("/jobs/")["Location"].startswith(reverse("sign-in"))
    assert not OpenSession.objects.filter(user=city).exists()
    assert not sessions.of(city)
