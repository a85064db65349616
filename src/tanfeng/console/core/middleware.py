"""The fences around every request: address, size, content policy, sign-in, refusals."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from tanfeng.console.core import audit, sessions, two_factor
from tanfeng.console.core.models import User
from tanfeng.console.core.rights import NotVisible

Handler = Callable[[HttpRequest], HttpResponse]

#: Nothing inline, nothing from elsewhere; one policy for every page.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
#: The only paths open to a person who is not signed in; readings ask for a key of their own.
OPEN_PREFIXES = ("/sign-in/", "/static/", "/language/", "/healthz", "/api/v1/readings")
#: What a person with a password chosen by somebody else may still open.
PASSWORD_PREFIXES = (*OPEN_PREFIXES, "/password/", "/sign-out/")
#: What a person who must enrol a second factor may still open.
ENROL_PREFIXES = (*PASSWORD_PREFIXES, "/account/two-factor/")


def client_address(get_response: Handler) -> Handler:
    """Behind a trusted proxy take the address it saw; else nobody could be told apart.

    The proxy appends the address of its own peer, so only the last entry is trustworthy.
    """

    def handle(request: HttpRequest) -> HttpResponse:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if settings.TRUSTED_PROXY and forwarded:
            request.META["REMOTE_ADDR"] = forwarded.rsplit(",", 1)[-1].strip()
        return get_response(request)

    return handle


def content_security_policy(get_response: Handler) -> Handler:
    """Send the policy, and keep pages with data out of shared caches."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        if not request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return handle


def limit_body(get_response: Handler) -> Handler:
    """Refuse a request whose body is larger than any form may be, before a byte of it is read."""

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) <= settings.BODY_LIMIT_BYTES:
            return get_response(request)
        context = {"limit_mib": settings.UPLOAD_LIMIT_BYTES // 2**20}
        return render(request, "core/too-large.html", context, status=413)

    return handle


def session_limits(get_response: Handler) -> Handler:
    """End a session that was not used for a while, and every session after its longest time."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            reason = sessions.ended_by(request)
            if reason:
                request.sign_out_reason = reason  # type: ignore[attr-defined]
                logout(request)
                request.session["ended"] = reason
            else:
                sessions.touch(request)
        return get_response(request)

    return handle


def sign_in_required(get_response: Handler) -> Handler:
    """Send everybody to the sign-in page first; no view can forget to ask."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated or request.path.startswith(OPEN_PREFIXES):
            return get_response(request)
        if request.path.startswith("/api/"):
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())

    return handle


def own_password_required(get_response: Handler) -> Handler:
    """Let a person whose password somebody else chose do nothing but choose an own one."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        must = isinstance(user, User) and user.must_change_password
        if not must or request.path.startswith(PASSWORD_PREFIXES):
            return get_response(request)
        if request.path.startswith("/api/"):
            return HttpResponse(status=403)
        return redirect(reverse("password"))

    return handle


def second_factor_required(get_response: Handler) -> Handler:
    """Let nobody in half: not without the second step, and not without a factor that is due."""

    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or request.path.startswith(OPEN_PREFIXES):
            return get_response(request)
        taken = request.session.get(two_factor.MARK, "")
        if two_factor.is_enrolled(user):
            if taken:
                return get_response(request)
            logout(request)
            return _turned_away(request, 401) or redirect_to_login(request.get_full_path())
        due = two_factor.is_required(user) and taken != "provider"
        if not due or request.path.startswith(ENROL_PREFIXES):
            return get_response(request)
        return _turned_away(request, 403) or redirect(reverse("second-factor"))

    return handle


def _turned_away(request: HttpRequest, status: int) -> HttpResponse | None:
    """Return the bare answer a program is given in place of a page."""
    return HttpResponse(status=status) if request.path.startswith("/api/") else None


class RecordRefusals:
    """Record every no of the rights function, and every try at a row that is not visible."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and record a refusal the view did not raise itself, such as a missing token."""
        response = self.get_response(request)
        if response.status_code == 403 and not hasattr(request, "refusal"):
            self._record(request, response.reason_phrase)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Record the reason while it is still known; the answer is Django's."""
        if isinstance(exception, PermissionDenied | NotVisible):
            self._record(request, str(exception))

    @staticmethod
    def _record(request: HttpRequest, reason: str) -> None:
        request.refusal = reason  # type: ignore[attr-defined]
        audit.record(
            "refused",
            request=request,
            method=request.method,
            path=request.path[:300],
            reason=reason[:300],
        )
