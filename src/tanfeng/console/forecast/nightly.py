"""The night's work: once a day, after the last readings of the day before have come.

Every serving process looks now and then; one of them wins the day's mark and computes.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from django.db import close_old_connections, connections
from django.utils import timezone

from tanfeng.console.forecast import services
from tanfeng.console.metering.models import Mark, Meter
from tanfeng.periods import LOCAL

#: Hour of the day from which on the night's work is due, on the city's clock.
HOUR = 2
#: How often a process looks whether it is due. [s]
EVERY_S = 300.0
_MARK = "forecast"
_log = logging.getLogger(__name__)


def claim(now: datetime) -> bool:
    """Take the day's work, once among all processes; nothing to do is nothing to take."""
    local = now.astimezone(LOCAL)
    if local.hour < HOUR or not Meter.objects.filter(last_time__isnull=False).exists():
        return False
    day = local.date().toordinal()
    Mark.objects.get_or_create(name=_MARK, defaults={"number": -1})
    return bool(Mark.objects.filter(name=_MARK, number__lt=day).update(number=day))


class Nightly:
    """A thread that forecasts every night until it is stopped."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s, self._stop = every_s, threading.Event()
        self._thread = threading.Thread(target=self._run, name="forecasts", daemon=True)

    def start(self) -> Nightly:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Look no more; work that is under way ends with the process and is done again."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            close_old_connections()
            try:
                if claim(timezone.now()):
                    services.compute_all()
            except Exception:  # tomorrow is another night; the pages show the older forecast
                _log.exception("forecasts were not computed")
            finally:
                connections.close_all()
