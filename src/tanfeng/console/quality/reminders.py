"""What the side bar and the first page tell of alerts, work orders and outages."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng.console.accounting.todo import Todo
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.quality.models import Alert, Filing, Outage

#: More is shown as "99+": the mark is counted on every page.
MOST = 100


def waiting(user: User) -> int:
    """Return how many alerts wait for this person, up to :data:`MOST`."""
    state = "ordered" if user.role == Role.ENTERPRISE else "open"
    if user.role in (Role.PARK, Role.VERIFIER):
        return 0
    rows = rights.visible(user, Alert).filter(state=state)
    if state == "open":  # what a cause explains is not counted beside it
        rows = rows.filter(is_root=True)
    return rows.order_by().values("pk")[:MOST].count()


def remind(user: User) -> Iterator[Todo]:
    """Return what waits in the quality of data within the person's scope."""
    today = timezone.localdate()
    outages = rights.visible(user, Outage).filter(stands=True, state="overdue").order_by()
    if count := outages.count():
        text = ngettext(
            "%(count)s point was not repaired in time and nothing was filed",
            "%(count)s points were not repaired in time and nothing was filed",
            count,
        ) % {"count": count}
        yield Todo("bad", _("Data quality"), text, f"{reverse('outages')}?state=overdue")
    if user.role == Role.ENTERPRISE:
        orders = rights.visible(user, Alert).filter(state="ordered")
        late, count = orders.filter(due_on__lt=today).count(), orders.count()
        if count:
            text = ngettext(
                "%(count)s work order waits for your answer",
                "%(count)s work orders wait for your answer",
                count,
            ) % {"count": count}
            url = f"{reverse('alerts')}?state=ordered"
            yield Todo("bad" if late else "late", _("Alerts"), text, url)
    elif rights.can(user, "accept_filing", Filing):
        count = rights.visible(user, Filing).filter(state="filed").count()
        if count:
            text = ngettext(
                "%(count)s outage filing waits to be accepted",
                "%(count)s outage filings wait to be accepted",
                count,
            ) % {"count": count}
            url = f"{reverse('outage-filings')}?state=filed"
            yield Todo("late", _("Data quality"), text, url)
