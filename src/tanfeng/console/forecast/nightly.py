"""The night's work: once a day, after the last readings of the day before have come.

Every serving process looks now and then; one of them wins the day's mark and computes.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tanfeng.console.core.rounds import Rounds
from tanfeng.console.forecast import services
from tanfeng.console.metering.models import Mark, Meter
from tanfeng.periods import LOCAL

#: Hour of the day from which on the night's work is due, on the city's clock.
HOUR = 2
#: How often a process looks whether it is due. [s]
EVERY_S = 300.0
_MARK = "forecast"


def claim(now: datetime) -> bool:
    """Take the day's work, once among all processes; nothing to do is nothing to take."""
    local = now.astimezone(LOCAL)
    if local.hour < HOUR or not Meter.objects.filter(last_time__isnull=False).exists():
        return False
    day = local.date().toordinal()
    Mark.objects.get_or_create(name=_MARK, defaults={"number": -1})
    return bool(Mark.objects.filter(name=_MARK, number__lt=day).update(number=day))


def look() -> None:
    """Forecast when the day's work is due and nobody took it."""
    if claim(timezone.now()):
        services.compute_all()


def rounds() -> Rounds:
    """Return the thread that looks."""
    return Rounds("forecasts", look, EVERY_S)
