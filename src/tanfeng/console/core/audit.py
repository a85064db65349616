"""The append-only audit chain: every event carries a hash over itself and the one before.

Call :func:`record` last in a transaction: the chain lets one writer append at a time, and whoever
holds it while waiting for another lock makes everybody wait. Personal data does not belong into
``detail``; numbers in it are kept as text, so that every database gives back what was hashed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.db import connection, models, transaction
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core import scopes
from tanfeng.console.core.models import AuditEvent, Job, User

#: Hash before the first event.
GENESIS = "0" * 64
#: Kind of the job that walks the chain and notes its last hash.
VERIFY = "core.verify-audit"
#: Events between two words on how far a verification is.
TOLD_EVERY = 2000
_LOCK = 0x7A6E_6665  # advisory lock number of the chain in PostgreSQL


#: Kind of a break -> what it says of its event, in Chinese and English.
BREAKS: dict[str, tuple[str, str]] = {
    "previous": ("与前一事件不衔接", "does not follow the one before"),
    "content": ("内容被改动", "was changed"),
    "cut": ("及其前的最新事件被删去", "and the newest before it were cut off"),
    "rewritten": (
        "所在的日志被整体改写：以前校验时记下的末条哈希已不在",
        "ends a log written anew: the last hash an earlier verification noted is gone",
    ),
}


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """An event whose hash or predecessor does not fit; ``reason`` is one of ``BREAKS``."""

    event_id: int
    reason: str

    def told(self, lang: str = "zh") -> str:
        """Return number and kind of the break as a sentence."""
        zh, en = BREAKS[self.reason]
        return f"event {self.event_id} {en}" if lang == "en" else f"第 {self.event_id} 号事件{zh}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a walk over the chain found; note ``last_hash`` elsewhere to notice a cut tail."""

    events: int
    last_hash: str
    breaks: tuple[ChainBreak, ...]

    @property
    def intact(self) -> bool:
        """Tell whether every link holds."""
        return not self.breaks


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
        County the event concerns, so that a county may read its own events. When it is not
        given, the county of the object or of its organisation, else that of the user.
    detail
        Facts worth keeping; JSON values only.
    """
    if user is None and request is not None:
        signed_in = getattr(request, "user", None)
        user = signed_in if isinstance(signed_in, User) else None
    event = AuditEvent(
        at=timezone.now(),
        user=user,
        username=user.username if user else _clean(username)[:150],
        role=user.role if user else "",
        address=request.META.get("REMOTE_ADDR", "")[:45] if request else "",
        action=action,
        object_type=thing._meta.label_lower if thing is not None else "",
        object_id=str(thing.pk) if thing is not None else "",
        object_label=_clean(str(thing))[:200] if thing is not None else "",
        place_code=place_code or _place_of(thing) or (scopes.place_of(user) if user else ""),
        detail=_plain(detail),
    )
    with transaction.atomic():
        _lock()
        last = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first()
        event.previous_hash = last or GENESIS
        event.hash = digest(event)
        event.save(force_insert=True)
    return event


def read_of(request: HttpRequest, thing: models.Model, action: str = "organisation.read") -> None:
    """Record that somebody opened the detail of an enterprise that is not the person's own."""
    owner = getattr(thing, "organisation", thing)
    own_code = getattr(request.user, "org_code", "")
    if not own_code or getattr(owner, "credit_code", None) != own_code:
        record(action, request=request, thing=thing)


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


def verify(progress: Callable[[float], object] | None = None) -> Report:
    """Walk the chain from its start and report every place where it is broken.

    Cutting off the newest events leaves a shorter chain that is whole, and whoever owns the
    database can write a whole new one. Three notes taken elsewhere tell: the number the database
    gives the next event (SQLite), the last hash of every verification before this one, and the
    last hash of every backup, which a person compares.

    Parameters
    ----------
    progress : callable, optional
        Told the share done from time to time. [1]
    """
    total = AuditEvent.objects.count()
    expected, events, breaks = GENESIS, 0, []
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        events += 1
        if event.previous_hash != expected:
            breaks.append(ChainBreak(event.pk, "previous"))
        if digest(event) != event.hash:
            breaks.append(ChainBreak(event.pk, "content"))
        expected = event.hash
        if progress is not None and events % TOLD_EVERY == 0:
            progress(events / max(total, events))
    return Report(events, expected, (*breaks, *_cut_off()))


def _cut_off() -> list[ChainBreak]:
    """Return what shows that events were there which are gone, or were other ones."""
    found = []
    last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = %s", [AuditEvent._meta.db_table]
            )
            given = cursor.fetchone()
        if given is not None and given[0] > last:
            found.append(ChainBreak(given[0], "cut"))
    noted = Job.objects.filter(kind=VERIFY, status=Job.Status.DONE).order_by("created_at")
    for result in noted.values_list("result", flat=True):
        head = result.get("last_hash", GENESIS)
        if head != GENESIS and not AuditEvent.objects.filter(hash=head).exists():
            found.append(ChainBreak(last, "rewritten"))
            break
    return found


def _clean(text: str) -> str:
    """Drop what no PostgreSQL text can hold: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:
    """Return what every database gives back unchanged: no floats, no NUL."""
    if isinstance(value, dict):
        return {_clean(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int):
        return value
    return _clean(value if isinstance(value, str) else str(value))


def _place_of(thing: models.Model | None) -> str:
    """Return the county code an object carries itself or through its organisation."""
    owner = getattr(thing, "organisation", thing)
    return str(getattr(owner, "place_id", None) or getattr(owner, "place_code", None) or "")


def _lock() -> None:
    """Let one writer append at a time; SQLite's immediate transaction does so by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
