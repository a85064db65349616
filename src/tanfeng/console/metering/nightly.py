"""The night's tidying: readings laid out by point, small files of kept energy put together.

Every serving process looks now and then; one of them wins the night's mark and tidies. What is
pushed, derived and read meanwhile goes on.
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


def claim(now: datetime) -> bool:
    """Take the night's work, once among all processes, in the one hour the setting names."""
    local = now.astimezone(LOCAL)
    if local.hour != settings.TIDY_HOUR or engine.store().version() < 0:
        return False
    day = local.date().toordinal()
    Mark.objects.get_or_create(name=_MARK, defaults={"number": -1})
    return bool(Mark.objects.filter(name=_MARK, number__lt=day).update(number=day))


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
    """Tidy when the night's work is due and nobody took it."""
    if claim(timezone.now()):
        tidy()


def rounds() -> Rounds:
    """Return the thread that looks."""
    return Rounds("tidy", look, EVERY_S)
