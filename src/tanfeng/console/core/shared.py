"""Accounts that look shared: signed in from many addresses within a day.

A password passed round in a chat group shows as sign-ins of one account from many places. The
sign-in that reaches the threshold writes an event ``account.shared``; it stands as a finding on
the accounts page until an administrator has looked into it.

People behind one office line share an address and are not found; a person who travels may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import AuditEvent, User

WINDOW: Final = timedelta(hours=24)
FOUND: Final = "account.shared"
SEEN: Final = "account.shared-seen"


@dataclass(frozen=True, slots=True)
class Finding:
    """An account nobody has looked into since it looked shared."""

    user: User
    at: datetime
    addresses: int


def place(address: str) -> str:
    """Return what tells one place from another: an IPv4 address, the /64 of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)


def places(user: User) -> int:
    """Count the places an account signed in from within the last 24 hours."""
    since = timezone.now() - WINDOW
    rows = AuditEvent.objects.filter(user=user, action="sign-in", at__gte=since).order_by()
    return len({place(one) for one in rows.values_list("address", flat=True).distinct()})


def watch(user: User, request: HttpRequest | None) -> None:
    """Write a finding when the account was just used from too many places; one a day will do."""
    count = places(user)
    if count < settings.SHARED_ADDRESSES:
        return
    since = timezone.now() - WINDOW
    rows = AuditEvent.objects.filter(object_type=_label(), object_id=str(user.pk), at__gte=since)
    if not rows.filter(action=FOUND).exists():
        audit.record(FOUND, user=user, request=request, thing=user, addresses=count)


def findings() -> list[Finding]:
    """Return what no administrator has looked into yet, newest first."""
    found = _newest(FOUND)
    seen = _newest(SEEN)
    open_ids = [pk for pk, event in found.items() if event > seen.get(pk, 0)]
    users = User.objects.in_bulk([int(pk) for pk in open_ids])
    events = AuditEvent.objects.in_bulk([found[pk] for pk in open_ids])
    rows = [
        Finding(users[int(pk)], events[found[pk]].at, events[found[pk]].detail["addresses"])
        for pk in open_ids
    ]
    return sorted(rows, key=lambda row: row.at, reverse=True)


def looked_into(user: User, *, by: User, request: HttpRequest | None = None) -> None:
    """Write down that an administrator looked into the finding."""
    rights.require(by, "accounts.manage")
    audit.record(SEEN, user=by, request=request, thing=user)


def _newest(action: str) -> dict[str, int]:
    rows = AuditEvent.objects.filter(action=action, object_type=_label()).order_by()
    return dict(rows.values_list("object_id").annotate(newest=Max("id")))


def _label() -> str:
    return User._meta.label_lower
