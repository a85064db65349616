"""The two steps of signing in. Between them the person is nobody: no door opens."""

from __future__ import annotations

import time
from typing import Final

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_lockout_response
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.crypto import constant_time_compare

from tanfeng.console.core import two_factor
from tanfeng.console.core.models import User
from tanfeng.console.core.navigation import home_of

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
#: Key of the session between the steps.
PENDING: Final = "sign-in"
#: How long the second step may take. [s]
PENDING_S: Final = 300
#: Key of the session: how the first step was taken, ``password`` or ``oidc``.
HOW: Final = "how"


def first_step(
    request: HttpRequest, user: User, *, how: str, next_url: str, strong: bool = False
) -> HttpResponse:
    """Sign a person in whose first step was right, or lead to the second.

    Parameters
    ----------
    how : str
        ``password`` or ``oidc``.
    next_url : str
        Where to go afterwards; checked by the caller.
    strong : bool
        The sign-on provider vouches that it asked for more than one factor.
    """
    request.session.flush()
    if two_factor.is_enrolled(user) and not strong:
        request.session[PENDING] = {
            "user": user.pk,
            "hash": user.get_session_auth_hash(),
            "at": int(time.time()),
            "how": how,
            "next": next_url,
        }
        return redirect("sign-in-code")
    return _enter(request, user, how=how, mark="provider" if strong else "", next_url=next_url)


def waiting(request: HttpRequest) -> User | None:
    """Return whose second step this session waits for; nobody when it took too long."""
    pending = request.session.get(PENDING)
    if not pending or time.time() - pending["at"] > PENDING_S:
        request.session.pop(PENDING, None)
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    # A password changed in between takes the right first step back.
    if user is None or not constant_time_compare(pending["hash"], user.get_session_auth_hash()):
        return None
    return user if two_factor.is_enrolled(user) else None


def second_step(request: HttpRequest, user: User, text: str) -> HttpResponse | None:
    """Take the second step: the way in, or the lock-out page, or None for a wrong code."""
    credentials = {"username": user.username, "step": "code"}
    if not AxesProxyHandler.is_allowed(request, credentials):
        locked: HttpResponse = get_lockout_response(request, credentials=credentials)
        return locked
    kind = two_factor.take(user, text)
    if not kind:
        user_login_failed.send(sender=__name__, credentials=credentials, request=request)
        return None
    pending = request.session.pop(PENDING)
    return _enter(request, user, how=pending["how"], mark=kind, next_url=pending["next"])


def _enter(request: HttpRequest, user: User, *, how: str, mark: str, next_url: str) -> HttpResponse:
    request.session[HOW] = how
    request.session[two_factor.MARK] = mark
    login(request, user, backend=BACKEND)
    nowhere = next_url == resolve_url(settings.LOGIN_REDIRECT_URL)
    return redirect(home_of(user) if nowhere else next_url)
