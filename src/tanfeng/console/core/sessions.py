"""Sessions: when they end by themselves, where a person is signed in, ending one from afar."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core.models import OpenSession, User

#: The time a session was last seen is written no more often than this. [s]
TOUCH_S: Final = 60
#: Keys of the session: when it began and when it was last used. [s since 1970]
STARTED: Final = "started"
SEEN: Final = "seen"


def opened(request: HttpRequest, user: User) -> None:
    """Write down that a person signed in with this session; sweep what has ended."""
    session = request.session
    now = timezone.now()
    session[STARTED] = session[SEEN] = int(now.timestamp())
    session.save()
    OpenSession.objects.filter(started_at__lt=now - _longest()).delete()
    Session.objects.filter(expire_date__lt=now).delete()
    OpenSession.objects.update_or_create(
        session_key=session.session_key,
        defaults={
            "user": user,
            "address": request.META.get("REMOTE_ADDR", "")[:45],
            "agent": request.META.get("HTTP_USER_AGENT", "").replace("\x00", "")[:200],
            "started_at": now,
            "seen_at": now,
        },
    )


def closed(session_key: str | None) -> None:
    """Forget a session that ends."""
    OpenSession.objects.filter(session_key=session_key or "").delete()


def moved(old_key: str | None, new_key: str | None) -> None:
    """Follow a session that was given a new key."""
    OpenSession.objects.filter(session_key=old_key or "").update(session_key=new_key)


def ended_by(request: HttpRequest) -> str:
    """Return why this session is over, empty when it is not: ``idle`` or ``age``."""
    now = int(time.time())
    started, seen = request.session.get(STARTED), request.session.get(SEEN)
    if started is None or seen is None:
        return "age"  # it was begun by a version that kept no times
    if now - started >= settings.SESSION_COOKIE_AGE:
        return "age"
    return "idle" if now - seen >= settings.SESSION_IDLE_S else ""


def touch(request: HttpRequest) -> None:
    """Write down that the session is in use, once a minute."""
    now = int(time.time())
    if now - request.session[SEEN] >= TOUCH_S:
        request.session[SEEN] = now
        key = request.session.session_key
        OpenSession.objects.filter(session_key=key).update(seen_at=timezone.now())


def of(user: User) -> QuerySet[OpenSession]:
    """Return the sessions a person is signed in with now."""
    now = timezone.now()
    idle = timedelta(seconds=settings.SESSION_IDLE_S + TOUCH_S)
    return OpenSession.objects.filter(
        user=user, seen_at__gt=now - idle, started_at__gt=now - _longest()
    )


def end(row: OpenSession) -> None:
    """End one session: the next request with it meets the sign-in page."""
    Session.objects.filter(session_key=row.session_key).delete()
    row.delete()


def end_all(user: User, *, keep: str | None = None) -> int:
    """End every session of a person but one; return how many there were."""
    rows = OpenSession.objects.filter(user=user).exclude(session_key=keep or "")
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)


def _longest() -> timedelta:
    return timedelta(seconds=settings.SESSION_COOKIE_AGE)
