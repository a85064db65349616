"""Single sign-on: who the provider says somebody is, and what is not believed."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.urls import reverse
from joserfc.jwk import OctKey, RSAKey

import oidc_provider
from tanfeng.console.core import oidc, services
from tanfeng.console.core.models import AuditEvent, User


@pytest.fixture
def provider(settings, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(f"{oidc_provider.SECRET}\n")
    with oidc_provider.running() as running:
        settings.OIDC = {
            "issuer": running.issuer,
            "client_id": oidc_provider.CLIENT,
            "secret_file": str(secret),
            "claim": "sub",
            "label": "闽政通",
        }
        yield running


@pytest.fixture
def linked(city):
    city.sso_name = "person-1"
    city.save()
    return city


def _there(client, query=""):
    """Press the button and let the provider say yes; return the way back."""
    answer = client.get(reverse("sign-in-oidc") + query)
    assert answer.status_code == 302, answer.content.decode()
    return {k: v[0] for k, v in parse_qs(urlsplit(answer["Location"]).query).items()}


def _sign_in(client, provider, query=""):
    back = provider.authorize(_there(client, query))
    return client.get(back.removeprefix("http://testserver"))


def test_without_an_issuer_there_is_no_button_and_no_door(client, db):
    assert not oidc.is_on()
    assert reverse("sign-in-oidc") not in client.get(reverse("sign-in")).content.decode()
    assert client.get(reverse("sign-in-oidc")).status_code == 404
    assert client.get(reverse("sign-in-oidc-back")).status_code == 404


def test_an_account_with_the_name_is_signed_in(client, provider, linked):
    assert "闽政通" in client.get(reverse("sign-in")).content.decode()
    answer = _sign_in(client, provider, "?next=/jobs/")
    assert answer["Location"] == "/jobs/"
    assert client.get("/jobs/").wsgi_request.user == linked
    event = AuditEvent.objects.get(action="sign-in")
    assert (event.username, event.detail) == ("city", {"how": "oidc"})


def test_nobody_is_led_out_of_the_house(client, provider, linked):
    assert _sign_in(client, provider, "?next=https://evil.example/")["Location"] == "/"


def test_the_claim_is_the_administrators_choice(client, provider, linked, settings):
    settings.OIDC = {**settings.OIDC, "claim": "employee"}
    provider.subject, provider.claims = "somebody-else", {"employee": "person-1"}
    assert _sign_in(client, provider).status_code == 302


def test_nothing_is_created_and_no_right_comes_from_outside(client, provider, city):
    provider.claims = {"role": "admin", "is_superuser": True, "preferred_username": "city"}
    answer = _sign_in(client, provider)
    assert answer.status_code == 403
    assert "person-1" in answer.content.decode()
    assert User.objects.count() == 1
    assert "_auth_user_id" not in client.session
    assert AuditEvent.objects.get(action="sign-in.sso-failed").username == "person-1"


@pytest.mark.parametrize("name", ["", None, 7, ["person-1"], {"a": "person-1"}])
def test_a_claim_that_is_no_name_finds_nobody(provider, linked, name):
    assert oidc.account_of({"sub": name}) is None


def test_an_account_switched_off_stays_outside(client, provider, linked):
    linked.is_active = False
    linked.save()
    assert _sign_in(client, provider).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"nonce": "not ours"},
        {"exp": int(time.time()) - 3600},
        {"sub": None},
    ],
    ids=lambda claims: next(iter(claims)),
)
@pytest.mark.same_queries
def test_a_token_for_something_else_is_refused(client, provider, linked, claims):
    provider.claims = claims
    assert _sign_in(client, provider).status_code == 403
    assert client.get("/jobs/").status_code == 302


def test_a_token_signed_by_somebody_else_is_refused(client, provider, linked):
    provider.shown_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert _sign_in(client, provider).status_code == 403


def test_a_token_signed_with_the_shared_secret_is_refused(client, provider, linked):
    """A provider that offers only a symmetric signature is not believed."""
    provider.algorithm = "HS256"
    provider.key = OctKey.import_key(oidc_provider.SECRET * 2, {"kid": "one"})
    assert client.get(reverse("sign-in-oidc")).status_code == 502


def test_a_symmetric_signature_is_refused_beside_good_ones_too(client, provider, linked):
    back = provider.authorize(_there(client)).removeprefix("http://testserver")
    provider.algorithm = "HS256"
    provider.offered = ["RS256", "HS256"]
    provider.key = OctKey.import_key(oidc_provider.SECRET * 2, {"kid": "one"})
    assert client.get(back).status_code == 403


def test_an_answer_without_identity_is_refused(client, provider, linked):
    provider.identity = False
    assert _sign_in(client, provider).status_code == 403


def test_an_answer_to_another_browser_is_refused(client, provider, linked):
    """State and verifier live in the session that began."""
    back = provider.authorize(_there(client))
    other = type(client)()
    assert other.get(back.removeprefix("http://testserver")).status_code == 403
    assert other.get("/jobs/").status_code == 302


def test_an_answer_counts_once(client, provider, linked):
    back = provider.authorize(_there(client)).removeprefix("http://testserver")
    assert client.get(back).status_code == 302
    assert type(client)().get(back).status_code == 403
    assert client.get(back).status_code == 403


def test_the_person_may_say_no(client, provider, linked):
    asked = _there(client)
    back = f"{reverse('sign-in-oidc-back')}?error=access_denied&state={asked['state']}"
    assert client.get(back).status_code == 403


def test_a_provider_that_is_away_says_so(client, provider, linked, settings):
    settings.OIDC = {**settings.OIDC, "issuer": "http://127.0.0.1:9"}
    answer = client.get(reverse("sign-in-oidc"))
    assert answer.status_code == 502
    assert reverse("sign-in") in answer.content.decode()


def test_a_provider_that_calls_itself_otherwise_is_not_asked(client, provider, settings, db):
    settings.OIDC = {**settings.OIDC, "issuer": f"{provider.issuer}/"}
    assert client.get(reverse("sign-in-oidc")).status_code == 502


def test_only_the_loopback_may_do_without_tls(client, settings, db):
    settings.OIDC = {**settings.OIDC, "issuer": "http://sso.example.gov.cn"}
    with pytest.raises(ImproperlyConfigured, match="https"):
        client.get(reverse("sign-in-oidc"))


def test_the_name_belongs_to_one_account(admin_user, linked, county_officer_a, provider):
    with pytest.raises(ValidationError):
        services.change_account(county_officer_a, by=admin_user, sso_name="person-1")
    county_officer_a.refresh_from_db()
    services.change_account(county_officer_a, by=admin_user, sso_name="person-2")
    assert AuditEvent.objects.get(action="account.change").detail["changes"] == {
        "sso_name": ["", "person-2"]
    }


def test_the_second_step_is_asked_unless_the_provider_vouches(client, provider, linked):
    linked.totp_secret = "sealed"
    linked.save()
    assert _sign_in(client, provider)["Location"] == reverse("sign-in-code")
    assert client.get("/jobs/").status_code == 302
    provider.claims = {"amr": ["pwd", "mfa"]}
    assert _sign_in(client, provider)["Location"] == "/"
    assert client.get("/jobs/").status_code == 200


def test_where_a_factor_is_due_a_vouching_provider_is_enough(client, provider, linked, settings):
    settings.TWO_FACTOR = "government"
    _sign_in(client, provider)
    assert client.get("/jobs/")["Location"] == reverse("second-factor")
    provider.claims = {"amr": ["mfa"]}
    _sign_in(type(client)(), provider)
    vouched = type(client)()
    _sign_in(vouched, provider)
    assert vouched.get("/jobs/").status_code == 200
