"""Sessions: when they end, where a person is signed in, accounts that look shared, kept logs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tanfeng.console.core import audit, services, sessions, shared
from tanfeng.console.core.models import AuditEvent, OpenSession
from tanfeng.console.core.views.my_account import browser_of

PASSWORD = "correct horse 1"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36"
)


def _sign_in(name="city", address="10.0.0.1", agent=CHROME):
    client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=agent)
    assert client.post(reverse("sign-in"), {"username": name, "password": PASSWORD})["Location"]
    return client


def _shift(client, **seconds):
    session = client.session
    for key, back in seconds.items():
        session[key] -= back
    session.save()


# Their end


def test_a_session_nobody_uses_ends(city, settings):
    client = _sign_in()
    _shift(client, seen=settings.SESSION_IDLE_S - 5)
    assert client.get("/account/").status_code == 200
    assert client.session["seen"] >= int(time.time()) - 5  # used again: the clock starts anew
    _shift(client, seen=settings.SESSION_IDLE_S)
    assert client.get("/account/")["Location"].startswith(reverse("sign-in"))
    assert "30" in client.get(reverse("sign-in")).content.decode()
    assert AuditEvent.objects.get(action="sign-out").detail == {"reason": "idle"}
    assert not OpenSession.objects.exists()


def test_a_busy_session_ends_too(city, settings):
    client = _sign_in()
    _shift(client, started=settings.SESSION_COOKIE_AGE)
    assert client.get("/api/v1/runs").status_code == 401
    assert AuditEvent.objects.get(action="sign-out").detail == {"reason": "age"}


def test_a_session_that_knows_no_times_ends(city):
    client = _sign_in()
    session = client.session
    del session["started"]
    session.save()
    assert client.get("/account/").status_code == 302


def test_the_time_last_seen_is_not_written_at_every_request(city):
    client = _sign_in()
    seen = OpenSession.objects.get().seen_at
    client.get("/account/")
    assert OpenSession.objects.get().seen_at == seen
    _shift(client, seen=61)
    client.get("/account/")
    assert OpenSession.objects.get().seen_at > seen


def test_signing_in_gives_a_new_key_and_sweeps_old_rows(city):
    client = Client()
    client.get(reverse("sign-in"))
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key
    old = timezone.now() - timedelta(days=2)
    OpenSession.objects.create(session_key="x", user=city, started_at=old, seen_at=old)
    Session.objects.create(session_key="y", session_data="", expire_date=old)
    client.post(reverse("sign-in"), {"username": "city", "password": PASSWORD})
    assert client.session.session_key != session.session_key
    assert "planted" not in client.session
    assert [row.user for row in OpenSession.objects.all()] == [city]
    assert not Session.objects.filter(session_key="y").exists()


def test_cookies_are_for_this_site_and_not_for_scripts(city):
    client = Client()
    client.get(reverse("sign-in"))
    client.post(reverse("sign-in"), {"username": "city", "password": PASSWORD})
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("TANFENG_HTTPS", "1", "assert s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and"
         " s.SESSION_COOKIE_NAME.startswith('__Host-') and s.SECURE_HSTS_SECONDS"),
        ("TANFENG_IDLE_MINUTES", "15", "assert s.SESSION_IDLE_S == 900"),
        ("TANFENG_SESSION_HOURS", "4", "assert s.SESSION_COOKIE_AGE == 14400"),
        ("TANFENG_TWO_FACTOR", "government", "assert s.TWO_FACTOR == 'government'"),
        ("TANFENG_SEPARATE_DUTIES", "1", "assert s.SEPARATE_DUTIES"),
    ],
)  # fmt: skip
def test_settings_come_from_the_environment(tmp_path, name, value, code):
    done = _settings(tmp_path, name, value, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("TANFENG_TWO_FACTOR", "yes"), ("TANFENG_IDLE_MINUTES", "0"),
     ("TANFENG_IDLE_MINUTES", "half an hour"), ("TANFENG_SESSION_HOURS", "-1")],
)  # fmt: skip
def test_a_setting_nobody_understands_stops_the_start(tmp_path, name, value):
    done = _settings(tmp_path, name, value, "")
    assert done.returncode != 0
    assert f"{name} is {value!r}" in done.stderr


def _settings(home, name, value, code):
    environment = {**os.environ, "TANFENG_HOME": str(home), name: value}
    return subprocess.run(
        [sys.executable, "-c", f"import tanfeng.console.settings as s\n{code}"],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip


# One's own account


def test_the_page_lists_own_sessions_and_sign_ins(city, firm_a):
    _sign_in("firm-a", "10.9.9.9")
    office, home = _sign_in(address="10.0.0.1"), _sign_in(address="10.0.0.2")
    Client(REMOTE_ADDR="10.6.6.6").post(
        reverse("sign-in"), {"username": "city", "password": "guess"}
    )
    page = office.get(reverse("my-account")).content.decode()
    for address in ("10.0.0.1", "10.0.0.2", "10.6.6.6"):
        assert address in page
    assert "10.9.9.9" not in page
    assert "Chrome · Windows" in page
    row = OpenSession.objects.get(address="10.0.0.2")
    office.post(reverse("session-end", args=(row.pk,)))
    assert home.get("/account/").status_code == 302
    assert office.get("/account/").status_code == 200
    event = AuditEvent.objects.get(action="session.end")
    assert event.detail == {"address": "10.0.0.2"}


def test_everywhere_else_at_once(city):
    here, there, elsewhere = _sign_in(), _sign_in(), _sign_in()
    here.post(reverse("sessions-end"))
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == elsewhere.get("/account/").status_code == 302
    here.post(reverse("sessions-end"))  # nothing left to end, nothing to write down
    assert AuditEvent.objects.filter(action="session.end").count() == 1


def test_sessions_of_others_are_not_there_and_the_own_one_is_signed_out_of(city, firm_a):
    city_client, firm = _sign_in(), _sign_in("firm-a")
    own = OpenSession.objects.get(user=city)
    assert firm.post(reverse("session-end", args=(own.pk,))).status_code == 404
    assert city_client.post(reverse("session-end", args=(own.pk,))).status_code == 403
    assert OpenSession.objects.count() == 2


def test_a_new_password_signs_out_everywhere_else(city):
    here, there = _sign_in(), _sign_in()
    key = here.session.session_key
    good = "stone river lantern 9"
    strong = {"old_password": PASSWORD, "new_password1": good, "new_password2": good}
    assert here.post(reverse("password"), strong).status_code == 302
    assert here.get("/account/").status_code == 200
    assert here.session.session_key != key
    assert there.get("/account/").status_code == 302
    assert [row.session_key for row in sessions.of(city)] == [here.session.session_key]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome · Windows"),
        ("Mozilla/5.0 (iPhone; CPU) AppleWebKit MicroMessenger/8.0 Safari/6", "WeChat · iPhone"),
        ("Mozilla/5.0 (X11; Linux) Gecko Firefox/130.0", "Firefox · Linux"),
        ("curl/8.0", "curl/8.0"),
        ("", ""),
    ],
)
def test_a_browser_in_two_words(agent, name):
    assert browser_of(agent) == name


# Shared accounts


def _from(user, *addresses):
    for address in addresses:
        _sign_in(user.username, address)


def test_an_account_from_many_addresses_is_a_finding(firm_a, firm_b, admin_user, client_for):
    _from(firm_a, *(f"10.0.0.{n}" for n in range(1, 5)), "10.0.0.1", "10.0.0.2")
    assert not shared.findings()
    _from(firm_b, "10.1.0.1")
    _from(firm_a, "10.0.0.5", "10.0.0.6")
    (finding,) = shared.findings()
    assert (finding.user, finding.addresses) == (firm_a, 5)
    admin = client_for(admin_user)
    page = admin.get(reverse("accounts")).content.decode()
    seen = reverse("account-shared-seen", args=(firm_a.pk,))
    assert seen in page
    admin.post(seen)
    assert not shared.findings()
    assert seen not in admin.get(reverse("accounts")).content.decode()
    assert AuditEvent.objects.get(action="account.shared-seen").username == "admin"


def test_what_was_looked_into_comes_back_when_it_happens_again(
    firm_a, admin_user, monkeypatch, settings
):
    settings.SHARED_ADDRESSES = 2
    _from(firm_a, "10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert AuditEvent.objects.filter(action="account.shared").count() == 1  # one a day
    shared.looked_into(firm_a, by=admin_user)
    later = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr(timezone, "now", lambda: later)
    _from(firm_a, "10.0.0.1")
    assert not shared.findings()  # yesterday's addresses no longer count
    _from(firm_a, "10.0.0.2")
    assert len(shared.findings()) == 1


def test_addresses_of_one_ipv6_network_are_one_place(firm_a, settings):
    settings.SHARED_ADDRESSES = 2
    _from(firm_a, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9")
    assert shared.places(firm_a) == 1
    _from(firm_a, "2001:db8:1:3::1")
    assert shared.places(firm_a) == 2
    assert shared.place("::ffff:10.0.0.1") == shared.place("10.0.0.1") == "10.0.0.1"
    assert shared.place("") == ""


def test_only_who_keeps_accounts_closes_a_finding(firm_a, city):
    with pytest.raises(PermissionDenied):
        shared.looked_into(firm_a, by=city)


# Logs are kept


def test_nothing_sweeps_the_log(city, settings):
    """Events of seven months ago outlive every housekeeping; the law wants six months."""
    event = AuditEvent(
        at=timezone.now() - timedelta(days=214), action="sign-in", username="city",
        previous_hash=audit.GENESIS, hash="",
    )  # fmt: skip
    event.hash = audit.digest(event)
    event.save()
    _sign_in()
    services.set_active(city, False, by=None)
    assert AuditEvent.objects.filter(pk=event.pk).exists()
    assert audit.verify().intact


def test_no_model_takes_events_with_it_when_it_goes():
    """A person, or anything else, that events name cannot be deleted away together with them."""
    event = apps.get_model("core", "AuditEvent")
    keys = [field for field in event._meta.get_fields() if field.many_to_one]
    assert [(field.name, field.remote_field.on_delete.__name__) for field in keys] == [
        ("user", "PROTECT")
    ]
