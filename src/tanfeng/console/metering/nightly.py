"""The night's tidying: readings laid out by point, small files of kept energy put together.

Every serving process looks now and then; one of them takes the lock and tidies, and marks the day
when it is done: one that was killed at it is followed by another in the same hour. What is pushed,
derived and read meanwhile goes on.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from tanfeng.console.core import audit
from tanfeng.console.core.rounds import Rounds
from tanfeng.console.metering import engine
from tanfeng.console.metering.models import Mark
from tanfeng.periods import LOCAL

#: How often a process looks whether it is due. [s]
EVERY_S = 300.0
_MARK = "tidy"
_LOCK = ".tidying"


def is_due(now: datetime) -> bool:
    """Tell whether it is the hour the setting names and the day's work is not done."""
    local = now.astimezone(LOCAL)
    if local.hour != settings.TIDY_HOUR or engine.store().version() < 0:
        return False
    return not Mark.objects.filter(name=_MARK, number__gte=local.date().toordinal()).exists()


def tidy() -> None:
    """Lay out the months that got readings, put kept energy together, delete what is over.

    The audit log has how many ``months`` were laid out, files ``deleted`` and parts of ``energy``
    put together.
    """
    store, kept = engine.store(), engine.settled()
    months = len(store.compact(settle=True))
    deleted = store.clear()
    energy = kept.compact() if kept.as_of() is not None else 0
    audit.record("meter.tidy", months=months, deleted=deleted, energy=energy)


def look() -> None:
    """Tidy when the day's work is due and nobody is at it; it is done when it has ended."""
    now = timezone.now()
    if not is_due(now):
        return
    with engine.alone(_LOCK) as alone:
        if alone and is_due(now):
            tidy()
            day = now.astimezone(LOCAL).date().toordinal()
            Mark.objects.update_or_create(name=_MARK, defaults={"number": day})


def rounds() -> Rounds:
    """Return the thread that looks."""
    return Rounds("tidy", look, EVERY_S)
