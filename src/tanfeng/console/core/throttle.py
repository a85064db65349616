"""Limits on wrong passwords beyond one name at one address.

django-axes locks a name at an address after a few wrong tries. Two further limits stop whoever
spreads the tries: one account tried from many addresses, and one address that tries many accounts.
Both count the audit log of the last hour.

Nobody can shut a rival out with them: where an account has signed in within the last thirty days,
it goes on signing in whatever others try; only places the account never used are refused. And one
address adds no more to the count of an account than its own lock lets through.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone

from tanfeng.console.core import shared
from tanfeng.console.core.models import AuditEvent

WINDOW: Final = timedelta(hours=1)
#: How long a place counts as the account's own after a sign-in there.
KNOWN_FOR: Final = timedelta(days=30)
#: Wrong tries for one account, over all addresses, that close it to places it never used.
ACCOUNT_TRIES: Final = 20
#: Wrong tries from one address, over all names, that close it to accounts never used there.
ADDRESS_TRIES: Final = 40
FAILED: Final = ("sign-in.failed", "sign-in.code-failed")


class Handler(AxesDatabaseHandler):  # type: ignore[misc]
    """The lock of django-axes with the two wider limits."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Tell whether the next try is refused unseen."""
        if super().is_locked(request, credentials):
            return True
        name = get_client_username(request, credentials) or ""
        request.wide_lock = exceeded(name, request.META.get("REMOTE_ADDR", ""))  # type: ignore[attr-defined]
        return bool(request.wide_lock)  # type: ignore[attr-defined]


def exceeded(name: str, address: str) -> str:
    """Return which limit refuses a name at an address: ``account``, ``address`` or none."""
    here = shared.place(address)
    of_account: dict[str, int] = defaultdict(int)
    of_address: dict[str, int] = defaultdict(int)
    tries = (
        AuditEvent.objects.filter(action__in=FAILED, at__gte=timezone.now() - WINDOW)
        .order_by()
        .values_list("username", "address")
        .annotate(tries=Count("pk"))
    )
    for tried, source, count in tries:
        place = shared.place(source)
        if tried == name:
            of_account[place] += count
        if place == here:
            of_address[tried] += count
    if _sum(of_account) >= ACCOUNT_TRIES:
        limit = "account"
    elif _sum(of_address) >= ADDRESS_TRIES:
        limit = "address"
    else:
        return ""
    return "" if here in _own_places(name) else limit


def _sum(tries: dict[str, int]) -> int:
    """Add up tries, of each name or place no more than its own lock lets through."""
    return sum(min(count, settings.AXES_FAILURE_LIMIT) for count in tries.values())


def _own_places(name: str) -> set[str]:
    since = timezone.now() - KNOWN_FOR
    rows = AuditEvent.objects.filter(username=name, action="sign-in", at__gte=since).order_by()
    return {shared.place(one) for one in rows.values_list("address", flat=True).distinct()}
