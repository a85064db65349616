"""A thread of the serving process that judges each day once it is over, and what is touched."""

from __future__ import annotations

import logging
import threading
import time

from django.db import close_old_connections, connections
from django.utils import timezone

from tanfeng.console.quality import judging

#: How often it looks whether a day is over. [s]
EVERY_S = 60.0
#: What late readings touch is judged again no more often than this. [s]
LATE_EVERY_S = 600.0
_log = logging.getLogger(__name__)


class Nightly:
    """A thread that judges until it is stopped."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s, self._stop = every_s, threading.Event()
        self._last = float("-inf")
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)

    def start(self) -> Nightly:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End; what is being judged is judged again by the next."""
        self._stop.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self.look()
        connections.close_all()

    def look(self) -> None:
        """Judge if a day is over, or if something was touched and the last look is long ago."""
        close_old_connections()
        try:
            now = timezone.now()
            mark = judging.mark_of()
            over = mark is None or (mark.last_day or now.date()) < judging.last_over(now)
            if not over and time.monotonic() - self._last < LATE_EVERY_S:
                return
            if judging.is_due(now):
                self._last = time.monotonic()
                judging.run(now)
        except Exception:  # the next look tries again; nothing was half-written
            self._last = time.monotonic()
            _log.exception("days wait to be judged")
