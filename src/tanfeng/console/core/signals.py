"""Signing in and out, failing to and being locked out: audit events, and sessions kept."""

from __future__ import annotations

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from tanfeng.console.core import audit, sessions, shared
from tanfeng.console.core.models import User


@receiver(user_logged_in, dispatch_uid="audit-sign-in")
def signed_in(request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    """Record who signed in and how, keep the session, and watch for a shared account."""
    session = getattr(request, "session", None)
    steps = [session.get("how", ""), session.get("second_factor", "")] if session else []
    told: dict[str, Any] = {"how": "+".join(step for step in steps if step)} if any(steps) else {}
    audit.record("sign-in", user=user, request=request, **told)
    if request is not None and session is not None:
        sessions.opened(request, user)
    shared.watch(user, request)


@receiver(user_logged_out, dispatch_uid="audit-sign-out")
def signed_out(request: HttpRequest | None, user: User | None, **_kwargs: Any) -> None:
    """Record who signed out; a session that had ended already has nobody to name."""
    if request is not None and hasattr(request, "session"):
        sessions.closed(request.session.session_key)
    if user is not None:
        reason = getattr(request, "sign_out_reason", "")
        told: dict[str, Any] = {"reason": reason} if reason else {}
        audit.record("sign-out", user=user, request=request, **told)


@receiver(user_login_failed, dispatch_uid="audit-sign-in-failed")
def failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Record the name tried; never the password or the code."""
    action = "sign-in.code-failed" if credentials.get("step") == "code" else "sign-in.failed"
    audit.record(action, request=request, username=str(credentials.get("username", "")))


@receiver(user_locked_out, dispatch_uid="audit-locked")
def locked(request: HttpRequest, username: str, **_kwargs: Any) -> None:
    """Record that a name and address are locked out for a while, and by which wider limit."""
    limit = getattr(request, "wide_lock", "")
    told: dict[str, Any] = {"reason": f"many-{limit}"} if limit else {}
    audit.record("sign-in.locked", request=request, username=username or "", **told)
