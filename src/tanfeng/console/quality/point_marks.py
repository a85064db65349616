"""What this room knows of a point's time: days without data, filings, work orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tanfeng.console.core import rights
from tanfeng.console.core.models import User
from tanfeng.console.metering.models import Meter
from tanfeng.console.metering.zoom import Mark
from tanfeng.console.quality import machines
from tanfeng.console.quality.models import Alert, Filing, Outage, ProductionChange, Step
from tanfeng.console.quality.production_states import spans_of
from tanfeng.metering.judged import midnight

_DAY = timedelta(days=1)


def marks(user: User, meter: Meter, start: datetime, end: datetime) -> Iterable[Mark]:
    """Yield what happened to a meter in a window, as far as a person may see it.

    Parameters
    ----------
    user : User
    meter : Meter
    start, end : datetime
        ``start <= t < end``, aware.
    """
    first, last = (timezone.localtime(at).date() for at in (start, end))
    yield from _outages(user, meter, first, last)
    yield from _filings(user, meter, first, last, end)
    yield from _orders(user, meter, start, end)
    yield from _still(user, meter, start, end)


def _outages(user: User, meter: Meter, first: date, last: date) -> Iterator[Mark]:
    seen = rights.visible(user, Outage).filter(meter=meter, stands=True)
    for one in seen.filter(first__lte=last, last__gte=first):
        words = _("without data: %s") % one.get_state_display()
        url = reverse("outage", args=[one.pk])
        yield Mark(midnight(one.first), words, midnight(one.last + _DAY), "bad", url)


def _filings(user: User, meter: Meter, first: date, last: date, end: datetime) -> Iterator[Mark]:
    seen = rights.visible(user, Filing).filter(meters=meter).exclude(state="withdrawn")
    for one in seen.filter(starts_on__lte=last):
        if one.ends_on and one.ends_on < first:
            continue
        words = _("%(number)s %(kind)s: %(state)s") % {
            "number": one.number,
            "kind": one.get_kind_display(),
            "state": machines.FILING.state(one.state).label,
        }
        until = midnight(one.ends_on + _DAY) if one.ends_on else end
        yield Mark(
            midnight(one.starts_on), words, until, "note",
            reverse("outage-filing", args=[one.pk]),
        )  # fmt: skip


def _still(user: User, meter: Meter, start: datetime, end: datetime) -> Iterator[Mark]:
    """Yield when the process of a meter stood still, by what the enterprise told."""
    url = reverse("quality-production", args=[meter.organisation.credit_code])
    seen = rights.visible(user, ProductionChange)
    for change, until in spans_of(meter, seen):
        if not change.producing and change.since < end and (until is None or until > start):
            words = _("standing still: %s") % (change.reason or change.about)
            yield Mark(change.since, words, until or end, "muted", url)


def _orders(user: User, meter: Meter, start: datetime, end: datetime) -> Iterator[Mark]:
    """Yield work orders from the day they were given to the day they were closed."""
    ordered = {
        one.pk: one for one in rights.visible(user, Alert).filter(meter=meter).exclude(order_no="")
    }
    given: dict[int, datetime] = {}
    closed: dict[int, datetime] = {}
    steps = rights.visible(user, Step).filter(machine="alert", thing__in=ordered)
    for thing, action, after, at in steps.order_by("at").values_list(
        "thing", "action", "after", "at"
    ):
        if action == "order":
            given.setdefault(thing, at)
        if after == "closed":
            closed[thing] = at
    for pk, at in given.items():
        alert = ordered[pk]
        until = closed.get(pk, end) if alert.state == "closed" else max(end, at)
        words = _("work order %(number)s, due %(due)s: %(state)s") % {
            "number": alert.order_no,
            "due": alert.due_on,
            "state": machines.ALERT.state(alert.state).label,
        }
        if at < end and until > start:
            yield Mark(at, words, until, "late", reverse("alert", args=[pk]))
