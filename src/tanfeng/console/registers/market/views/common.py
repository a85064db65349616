"""What the pages of this register share: the person, the words of errors, states of surrender."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.registers.market.models import Position

#: State of the surrender -> words and kind of its pill.
STATES: Mapping[str, tuple[str | Promise, str]] = {
    "overdue": (pgettext_lazy("surrender", "overdue"), "bad"),
    "open": (pgettext_lazy("surrender", "to surrender"), "late"),
    "undated": (pgettext_lazy("surrender", "no deadline known"), "muted"),
    "settled": (pgettext_lazy("surrender", "settled"), "good"),
}
#: How a year's emission was foreseen -> words.
FORECASTS: Mapping[str, Promise] = {
    "verified": _("the verified emission"),
    "whole_year": _("one figure of the whole year, no months"),
    "complete": _("all twelve months known"),
    "shares_of_last_year": _("by the shares the months had last year"),
    "even_split": _("every month alike, last year's months not being whole"),
    "none": _("no month known, nothing foreseen"),
}
BASES: Mapping[str, Promise] = {
    "rule": _("by the plan of the sector and year"),
    "allocated": _("as issued to the account"),
    "": _("no allowance known"),
}


def surrender_state(is_settled: bool, due_on: date | None, today: date) -> str:
    """Return the state of a surrender; only the day of the reader is not kept with the account."""
    if is_settled:
        return "settled"
    if due_on is None:
        return "undated"
    return "overdue" if due_on < today else "open"


def state_of(row: Position) -> tuple[str, str]:
    """Return the words of an account's surrender as of today, and the kind of its pill."""
    return pill(surrender_state(row.is_settled, row.due_on, timezone.localdate()))


def of_state(key: str, today: date) -> Q:
    """Return the condition of a state of the surrender, as ``surrender_state`` tells it."""
    if key == "settled":
        return Q(is_settled=True)
    due = {"undated": Q(due_on__isnull=True), "overdue": Q(due_on__lt=today)}
    return Q(is_settled=False) & due.get(key, Q(due_on__gte=today))


def pill(key: str) -> tuple[str, str]:
    """Return the words of a state and the kind of its pill."""
    words, kind = STATES[key]
    return str(words), kind
