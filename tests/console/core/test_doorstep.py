"""Signing in, the fences around every request, error pages, language, health."""

from __future__ import annotations

import pytest
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from tanfeng.console.core import middleware
from tanfeng.console.core.views import errors


def test_signing_in_leads_where_the_person_wanted(client, city):
    page = client.get(reverse("jobs"))
    assert page["Location"] == "/sign-in/?next=/jobs/"
    sign_in = {"username": "city", "password": "correct horse 1", "next": "/jobs/"}
    assert client.post(reverse("sign-in"), sign_in)["Location"] == "/jobs/"
    assert client.get(reverse("sign-in")).status_code == 302  # signed in already


def test_nobody_is_led_out_of_the_house(client, city):
    sign_in = {"username": "city", "password": "correct horse 1", "next": "https://evil.example/"}
    assert client.post(reverse("sign-in"), sign_in)["Location"] == reverse("overview")
    answer = client.post(
        reverse("set-language"), {"language": "en", "next": "https://evil.example/"}
    )
    assert "evil" not in answer["Location"]


def test_a_wrong_password_says_so_and_no_more(client, city):
    page = client.post(reverse("sign-in"), {"username": "city", "password": "wrong"})
    nobody = client.post(reverse("sign-in"), {"username": "nobody", "password": "wrong"})
    assert page.context["form"].non_field_errors() == nobody.context["form"].non_field_errors()


def test_signing_out_is_a_form_not_a_link(client_for, city):
    client = client_for(city)
    assert client.get(reverse("sign-out")).status_code == 405
    assert client.post(reverse("sign-out"))["Location"] == reverse("sign-in")
    assert client.get(reverse("jobs")).status_code == 302


def test_only_a_few_doors_are_open(client, db):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get(reverse("sign-in")).status_code == 200
    assert client.get("/api/v1/organisations").status_code == 401
    assert client.get("/nonsense/").status_code == 302  # not even that it is not there


def test_every_answer_carries_the_policy(client, client_for, city):
    for answer in (client.get(reverse("sign-in")), client_for(city).get(reverse("jobs"))):
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert (
            answer["Cache-Control"] == "private, no-store" or "no-store" in answer["Cache-Control"]
        )
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_pages_carry_nothing_inline(client, client_for, city, admin_user):
    pages = [client.get(reverse("sign-in"))]
    pages += [
        client_for(admin_user).get(reverse(name))
        for name in ("jobs", "audit", "accounts", "account-new", "uploads", "password", "search")
    ]
    pages.append(client_for(city).get(reverse("upload-new")))
    for page in pages:
        text = page.content.decode()
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text


def test_a_request_that_is_too_large_is_refused_before_it_is_read(client_for, city, settings):
    client = client_for(city)
    settings.BODY_LIMIT_BYTES = 100
    answer = client.post(reverse("upload-new"), {"form_key": "x" * 200})
    assert answer.status_code == 413
    assert "20 MiB" in answer.content.decode()
    strange = RequestFactory().post("/", CONTENT_LENGTH="-5")
    assert middleware.limit_body(lambda _request: None)(strange).status_code == 413


def test_behind_a_trusted_proxy_the_last_address_counts(settings):
    seen = []

    def handler(request):
        seen.append(request.META["REMOTE_ADDR"])

    headers = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 10.1.2.3"}
    for trusted in (True, False):
        settings.TRUSTED_PROXY = trusted
        middleware.client_address(handler)(RequestFactory().get("/", **headers))
    assert seen == ["10.1.2.3", "127.0.0.1"]


def test_the_language_is_switched_and_kept(client_for, city):
    client = client_for(city)
    assert "没有" in client.get(reverse("jobs")).content.decode()
    client.post(reverse("set-language"), {"language": "en", "next": "/jobs/"})
    assert "No job is under way" in client.get(reverse("jobs")).content.decode()


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (errors.bad_request, 400),
        (errors.forbidden, 403),
        (errors.not_found, 404),
        (errors.server_error, 500),
        (errors.csrf_failure, 403),
    ],
)
def test_error_pages_say_what_to_do_next(view, status, rf):
    answer = view(rf.get("/"))
    text = answer.content.decode()
    assert answer.status_code == status
    assert 'href="/"' in text


def test_errors_reach_their_pages(client_for, city, admin_user, monkeypatch, settings):
    client = client_for(city)
    client.raise_request_exception = False
    assert "core/404.html" in [one.name for one in client.get("/nonsense/").templates]
    assert "core/403.html" in [one.name for one in client.get(reverse("accounts")).templates]

    def refuse(*_args, **_kwargs):
        raise BadRequest("no")

    def break_(*_args, **_kwargs):
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr("tanfeng.console.core.views.jobs.Listing", refuse)
    assert "core/400.html" in [one.name for one in client.get(reverse("jobs")).templates]
    monkeypatch.setattr("tanfeng.console.core.views.jobs.Listing", break_)
    broken = client.get(reverse("jobs"))
    assert broken.status_code == 500
    assert "secret inside" not in broken.content.decode()


def test_a_form_from_elsewhere_is_refused(city):
    client = Client(enforce_csrf_checks=True)
    client.force_login(city, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(reverse("upload-new"), {})
    assert answer.status_code == 403
    assert "core/csrf.html" in [one.name for one in answer.templates]
