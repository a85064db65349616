"""Signing in and out, failing to and being locked out are audit events."""

from __future__ import annotations

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from tanfeng.console.core import audit
from tanfeng.console.core.models import User


@receiver(user_logged_in, dispatch_uid="audit-sign-in")
def signed_in(request: HttpRequest | None, user: User, **_kwargs: Any) -> None:
    """Record who signed in."""
    audit.record("sign-in", user=user, request=request)


@receiver(user_logged_out, dispatch_uid="audit-sign-out")
def signed_out(request: HttpRequest | None, user: User | None, **_kwargs: Any) -> None:
    """Record who signed out; a session that had ended already has nobody to name."""
    if user is not None:
        audit.record("sign-out", user=user, request=request)


@receiver(user_login_failed, dispatch_uid="audit-sign-in-failed")
def failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Record the name tried; never the password."""
    audit.record("sign-in.failed", request=request, username=str(credentials.get("username", "")))


@receiver(user_locked_out, dispatch_uid="audit-locked")
def locked(request: HttpRequest, username: str, **_kwargs: Any) -> None:
    """Record that a name and address are locked out for a while."""
    audit.record("sign-in.locked", request=request, username=username or "")
