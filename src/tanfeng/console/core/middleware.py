"""Two fences around every request: the content policy and the sign-in."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

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
#: The only paths open to a person who is not signed in.
OPEN_PREFIXES = ("/sign-in/", "/static/", "/language/", "/healthz")


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


def sign_in_required(get_response: Handler) -> Handler:
    """Send everybody to the sign-in page first; no view can forget to ask."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated or request.path.startswith(OPEN_PREFIXES):
            return get_response(request)
        if request.path.startswith("/api/"):
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())

    return handle
