"""The append-only audit chain: every event carries a hash over itself and the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import connection, models, transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core.models import AuditEvent, User

#: Hash before the first event.
GENESIS = "0" * 64
_LOCK = 0x7A6E_6665  # advisory lock number of the chain in PostgreSQL


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """An event whose hash or predecessor does not fit."""

    event_id: int
    reason: str


def record(
    action: str,
    *,
    user: User | None = None,
    request: HttpRequest | None = None,
    thing: models.Model | None = None,
    username: str = "",
    place_code: str = "",
    **detail: Any,
) -> AuditEvent:
    """Append an event.

    Parameters
    ----------
    action : str
        What was done, for example ``import.commit`` or ``organisation.read``.
    user : User, optional
        Who did it; taken from the request when not given.
    request : HttpRequest, optional
        Where it came from.
    thing : Model, optional
        The object it was done to.
    username : str
        Name typed by somebody who could not sign in.
    place_code : str
        County the event concerns, so that a county may read its own events.
    detail
        Facts worth keeping; JSON values only.
    """
    if user is None and request is not None and isinstance(request.user, User):
        user = request.user
    event = AuditEvent(
        at=timezone.now(),
        user=user,
        username=user.username if user else username[:150],
        role=user.role if user else "",
        address=request.META.get("REMOTE_ADDR", "") if request else "",
        action=action,
        object_type=thing._meta.label_lower if thing is not None else "",
        object_id=str(thing.pk) if thing is not None else "",
        object_label=str(thing)[:200] if thing is not None else "",
        place_code=place_code,
        detail=json.loads(json.dumps(detail, ensure_ascii=False, default=str)),
    )
    with transaction.atomic():
        _lock()
        last = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first()
        event.previous_hash = last or GENESIS
        event.hash = digest(event)
        event.save(force_insert=True)
    return event


def digest(event: AuditEvent) -> str:
    """Return the SHA-256 over the event's facts and the hash before it."""
    facts = [
        event.previous_hash,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.user_id,
        event.username,
        event.role,
        event.address,
        event.action,
        event.object_type,
        event.object_id,
        event.object_label,
        event.place_code,
        event.detail,
    ]
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify() -> Iterator[ChainBreak]:
    """Walk the chain from its start and yield every place where it is broken."""
    expected = GENESIS
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        if event.previous_hash != expected:
            yield ChainBreak(event.pk, "previous")
        if digest(event) != event.hash:
            yield ChainBreak(event.pk, "content")
        expected = event.hash


def _lock() -> None:
    """Let one writer append at a time; SQLite's immediate transaction does so by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
