"""What the pages of this room share: states of a point and of a verification, in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.metering.models import Meter
from tanfeng.metering.frames import BAD, BY_HAND, GOOD, UNCERTAIN

#: A point that sent nothing for this long is silent, not late.
SILENT = timedelta(hours=24)
#: State of a point -> words and kind of its pill.
STATES: dict[str, tuple[str | Promise, str]] = {
    "fresh": (pgettext_lazy("point", "on time"), "good"),
    "late": (pgettext_lazy("point", "late"), "late"),
    "silent": (pgettext_lazy("point", "silent"), "bad"),
    "never": (pgettext_lazy("point", "nothing yet"), "muted"),
    "virtual": (pgettext_lazy("point", "computed"), "note"),
}
#: Days until a verification ends -> words of the filter.
DUE: dict[str, Promise] = {
    "over": _("expired"),
    "30": _("within 30 days"),
    "60": _("within 60 days"),
    "90": _("within 90 days"),
    "none": _("not entered"),
}
QUALITIES: dict[int, tuple[str | Promise, str]] = {
    GOOD: (pgettext_lazy("reading", "good"), "good"),
    UNCERTAIN: (pgettext_lazy("reading", "uncertain"), "late"),
    BAD: (pgettext_lazy("reading", "bad, not used"), "bad"),
    BY_HAND: (pgettext_lazy("reading", "read by hand"), "note"),
}


def state_of(meter: Meter, now: datetime) -> str:
    """Return the state of a point; ``of_state`` is the same as a condition."""
    if meter.expression:
        return "virtual"
    if meter.last_time is None or meter.late_after is None:
        return "never"
    if meter.late_after >= now:
        return "fresh"
    return "late" if meter.last_time >= now - SILENT else "silent"


def of_state(key: str, now: datetime) -> Q:
    """Return the condition of a state."""
    late = Q(late_after__lt=now, last_time__isnull=False)
    return {
        "fresh": Q(late_after__gte=now, last_time__isnull=False),
        "late": late & Q(last_time__gte=now - SILENT),
        "silent": late & Q(last_time__lt=now - SILENT),
        "never": Q(last_time__isnull=True, expression=""),
        "virtual": ~Q(expression=""),
    }[key]


def due_condition(key: str, today: date) -> Q:
    """Return the condition that a verification ends within some days, or has ended."""
    if key == "none":
        return Q(valid_until__isnull=True)
    if key == "over":
        return Q(valid_until__lt=today)
    return Q(valid_until__gte=today, valid_until__lte=today + timedelta(days=int(key)))


def due_pill(valid_until: date | None, today: date) -> tuple[str | Promise, str]:
    """Return how long a verification still holds, and the kind of its pill."""
    if valid_until is None:
        return DUE["none"], "muted"
    left = (valid_until - today).days
    if left < 0:
        return DUE["over"], "bad"
    for days in ("30", "60", "90"):
        if left <= int(days):
            return DUE[days], "bad" if days == "30" else "late"
    return "", ""
