"""What the first page reminds of: surrenders that are late or near, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng.console.accounting.todo import Todo
from tanfeng.console.core import rights
from tanfeng.console.core.figures import plain
from tanfeng.console.core.models import User
from tanfeng.console.registers.market.models import Position

#: Days before a deadline from which it is a reminder.
NEAR_DAYS = 60


def remind(user: User) -> Iterator[Todo]:
    """Return what waits in the carbon market within the person's scope."""
    today = timezone.localdate()
    late = Q(is_settled=False, due_on__lt=today)
    near = Q(is_settled=False, due_on__range=(today, today + timedelta(days=NEAR_DAYS)))
    sums = (
        rights.visible(user, Position)
        .order_by()
        .aggregate(
            late=Count("pk", filter=late),
            late_t=Sum("open_t", filter=late),
            near=Count("pk", filter=near),
            near_t=Sum("open_t", filter=near),
        )
    )
    page = reverse("market")
    if sums["late"]:
        text = ngettext(
            "%(count)s account is past its surrender deadline",
            "%(count)s accounts are past their surrender deadline",
            sums["late"],
        ) % {"count": sums["late"]}
        yield Todo("bad", _("Surrender"), text, f"{page}?surrender=overdue", _open(sums["late_t"]))
    if sums["near"]:
        text = ngettext(
            "%(count)s account has to surrender within %(days)d days",
            "%(count)s accounts have to surrender within %(days)d days",
            sums["near"],
        ) % {"count": sums["near"], "days": NEAR_DAYS}
        url = reverse("market-calendar")
        yield Todo("late", _("Surrender"), text, f"{url}?surrender=open", _open(sums["near_t"]))


def _open(tonnes: float | None) -> str:
    if tonnes is None:
        return ""
    return _("%(open)s t still to surrender") % {"open": plain(tonnes)}
