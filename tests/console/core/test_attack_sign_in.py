"""Guessing at the door: neither another spelling nor a made-up address gives more tries."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from tanfeng.console.core.models import AuditEvent


def _try(client, name="city", password="wrong", **more):
    return client.post(reverse("sign-in"), {"username": name, "password": password}, **more)


@pytest.mark.parametrize(
    "spelling",
    [
        lambda number: ("city", {"HTTP_X_FORWARDED_FOR": f"10.0.0.{number}"}),
        lambda number: ("city", {"HTTP_X_REAL_IP": f"10.0.0.{number}"}),
        lambda number: ("city", {"HTTP_USER_AGENT": f"browser {number}"}),
        lambda number: (("ｃｉｔｙ", "city", "cｉty", " city", "city ")[number % 5], {}),
    ],
    ids=["forwarded", "real-ip", "agent", "full width and spaces"],
)
def test_the_lock_holds_however_the_try_is_dressed(city, spelling):
    for number in range(5):
        name, more = spelling(number)
        _try(Client(), name, **more)
    name, more = spelling(6)
    answer = _try(Client(), name, "correct horse 1", **more)
    assert answer.status_code != 302
    assert AuditEvent.objects.filter(action="sign-in.locked").exists()


def test_another_case_is_another_name_and_never_this_account(city):
    for name in ("City", "CITY", "cıty"):
        assert _try(Client(), name, "correct horse 1").status_code != 302


def test_a_name_that_exists_and_one_that_does_not_look_alike(city):
    answers = [_try(Client(), name) for name in ("city", "nobody", "system", "city\x00", "x" * 500)]
    assert {answer.status_code for answer in answers} == {200}
    texts = {
        tuple(answer.context["form"].non_field_errors())
        for answer in answers[:3]
    }  # fmt: skip
    assert len(texts) == 1


def test_the_session_before_is_not_the_session_after(city):
    """Whoever planted a session key in a browser does not own the session that signs in."""
    client = Client()
    client.get(reverse("sign-in"))
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    _try(client, "city", "correct horse 1")
    assert client.cookies["sessionid"].value != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(city, settings):
    client = Client()
    _try(client, "city", "correct horse 1")
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert settings.SESSION_COOKIE_SECURE == settings.HTTPS


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https:evil.example", "/\\evil.example", "javascript:alert(1)",
     "https://testserver@evil.example/", "\thttps://evil.example"],
)  # fmt: skip
@pytest.mark.same_queries
def test_next_never_leads_out(city, target):
    answer = Client().post(
        reverse("sign-in"),
        {"username": "city", "password": "correct horse 1", "next": target},
    )
    assert answer["Location"] == reverse("overview")


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver:80@evil"])
def test_a_host_nobody_configured_is_answered_with_nothing(db, host):
    answer = Client(raise_request_exception=False).get(reverse("sign-in"), HTTP_HOST=host)
    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()
    assert "default-src 'none'" in answer["Content-Security-Policy"]
