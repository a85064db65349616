"""Single sign-on by OpenID Connect: code flow with PKCE, state and nonce.

The provider says who somebody is; what the person may do is in the account here and nowhere
else. An account is found by its name at single sign-on, which an administrator has written down;
nothing is created and no right comes from outside. No request leaves unless an issuer is named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import OAuth
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from joserfc.errors import JoseError

from tanfeng.console.core.models import User
from tanfeng.errors import AccessError

#: Signatures that are believed: made with a key the provider alone holds.
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"}
)
#: How long the provider may take to answer. [s]
TIMEOUT_S: Final = 10
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SignOnRefused(AccessError):
    """The provider could not be asked, or what it said does not hold."""


def is_on() -> bool:
    """Tell whether a provider is named."""
    return bool(settings.OIDC["issuer"])


def start(request: HttpRequest, back: str) -> HttpResponse:
    """Lead to the provider; ``back`` is the address it leads back to."""
    try:
        answer: HttpResponse = _client().authorize_redirect(request, back)
    except _FAILURES as error:
        raise SignOnRefused(f"the sign-on provider cannot be used: {error}") from error
    return answer


def finish(request: HttpRequest) -> dict[str, Any]:
    """Return what the provider says about the person, its signature and purpose checked.

    Raises
    ------
    SignOnRefused
        If the person said no, the answer does not belong to this session, or the token does not
        hold: signature, issuer, audience, time or nonce.
    """
    try:
        token = _client().authorize_access_token(
            request,
            claims_options={
                "iss": {"essential": True, "value": settings.OIDC["issuer"]},
                "aud": {"essential": True, "value": settings.OIDC["client_id"]},
            },
        )
    except _FAILURES as error:
        raise SignOnRefused(f"the sign-on provider's answer does not hold: {error}") from error
    said = token.get("userinfo")
    if not said:
        raise SignOnRefused("the sign-on provider's answer holds no identity")
    return dict(said)


def account_of(said: dict[str, Any]) -> User | None:
    """Return the account whose name at single sign-on the provider gave; nobody else's."""
    name = said.get(settings.OIDC["claim"])
    if not isinstance(name, str) or not name.strip():
        return None
    return User.objects.filter(sso_name=name, is_active=True).first()


def is_strong(said: dict[str, Any]) -> bool:
    """Tell whether the provider says it asked for more than one factor (RFC 8176)."""
    methods = said.get("amr")
    return isinstance(methods, list) and "mfa" in methods


_FAILURES = (
    AuthlibBaseError, JoseError, OSError, RuntimeError, ValueError, KeyError, TypeError,
)  # fmt: skip


def _client() -> Any:
    """Return a client that has just read the provider's own description; sign-ins are rare."""
    issuer = settings.OIDC["issuer"]
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ImproperlyConfigured("TANFENG_OIDC_ISSUER must begin with https://")
    client = OAuth().register(
        "provider",
        client_id=settings.OIDC["client_id"],
        client_secret=_secret(),
        server_metadata_url=issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_S,
        },
    )
    described = client.load_server_metadata()
    if described.get("issuer") != issuer:
        raise SignOnRefused(f"the provider calls itself {described.get('issuer')!r}, not {issuer}")
    offered = described.get("id_token_signing_alg_values_supported") or ["RS256"]
    believed = sorted(ALGORITHMS & set(offered))
    if not believed:  # an empty list would mean the library's own choice
        raise SignOnRefused(f"the provider signs with {', '.join(offered)} only")
    described["id_token_signing_alg_values_supported"] = believed
    return client


def _secret() -> str:
    path = settings.OIDC["secret_file"]
    return Path(path).read_text().strip() if path else ""
