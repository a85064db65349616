"""Tries spread over addresses or accounts are stopped, and nobody's own office is shut by them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from tanfeng.console.core import audit, throttle
from tanfeng.console.core.models import AuditEvent

OFFICE, STRANGE = "192.0.2.10", "203.0.113.77"


def _event(action, name, address, *, ago=timedelta(0)):
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    now = timezone.now() - ago
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now)
        audit.record(action, request=request, username=name)


def _fail(name, address, times=1, **more):
    for _time in range(times):
        _event("sign-in.failed", name, address, **more)


def _enter(address, name="city", password="correct horse 1"):
    return Client(REMOTE_ADDR=address).post(
        reverse("sign-in"), {"username": name, "password": password}
    )


def test_an_account_tried_from_many_addresses_opens_only_where_it_was_used(city):
    _event("sign-in", "city", OFFICE, ago=timedelta(days=3))
    for number in range(4):  # 4 addresses of 5 tries: 20
        _fail("city", f"198.51.100.{number}", 5)
    answer = _enter(STRANGE)
    assert answer.status_code == 429
    assert "近30天登录过的网络地址" in answer.content.decode()
    event = AuditEvent.objects.filter(action="sign-in.locked").latest("id")
    assert (event.username, event.detail) == ("city", {"reason": "many-account"})
    assert _enter(OFFICE).status_code == 302


def test_it_is_over_an_hour_later(city):
    for number in range(4):
        _fail("city", f"198.51.100.{number}", 5, ago=timedelta(minutes=61))
    assert _enter(STRANGE).status_code == 302


def test_one_address_alone_never_closes_an_account_elsewhere(city):
    _fail("city", STRANGE, 60)
    assert _enter("198.51.100.1").status_code == 302


def test_an_address_that_tries_many_accounts(city, county_officer_a):
    for number in range(40):
        _fail(f"name-{number}", STRANGE)
    assert _enter(STRANGE).status_code == 429
    assert throttle.exceeded("county-a", STRANGE) == "address"
    assert throttle.exceeded("county-a", OFFICE) == ""
    # A colleague of the same office who signed in there before is not touched by it.
    _event("sign-in", "county-a", STRANGE, ago=timedelta(days=29))
    assert _enter(STRANGE, "county-a").status_code == 302
    assert throttle.exceeded("city", STRANGE) == "address"


def test_a_sign_in_of_long_ago_makes_no_place_one_s_own(city):
    _event("sign-in", "city", OFFICE, ago=timedelta(days=31))
    for number in range(4):
        _fail("city", f"198.51.100.{number}", 5)
    assert throttle.exceeded("city", OFFICE) == "account"


def test_addresses_of_one_line_count_as_one(db):
    """The /64 of IPv6 is one line: whoever has it has 2^64 addresses."""
    for number in range(40):
        _fail(f"name-{number}", f"2001:db8:0:1::{number + 1:x}")
    assert throttle.exceeded("city", "2001:db8:0:1::ffff") == "address"
    assert throttle.exceeded("city", "2001:db8:0:2::1") == ""


def test_what_was_typed_stays_out_of_the_table_of_tries(settings):
    assert {"username", "code"} <= set(settings.AXES_SENSITIVE_PARAMETERS)
