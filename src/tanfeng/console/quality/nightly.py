"""Judging each day once it is over, and again what late readings touch."""

from __future__ import annotations

import time

from django.utils import timezone

from tanfeng.console.core.rounds import Rounds
from tanfeng.console.metering import engine
from tanfeng.console.quality import judging

#: How often it is looked whether a day is over. [s]
EVERY_S = 60.0
#: What late readings touch is judged again no more often than this. [s]
LATE_EVERY_S = 600.0


class Watch:
    """Looks whether days are to be judged."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def rounds(self) -> Rounds:
        """Return the thread that looks."""
        return Rounds("judge", self.look, EVERY_S)

    def look(self) -> None:
        """Judge if a day is over, or if something was touched and the last look is long ago."""
        now = timezone.now()
        mark = judging.mark_of()
        over = mark is None or (mark.last_day or now.date()) < judging.last_over(now)
        if not over and time.monotonic() - self._last < LATE_EVERY_S:
            return
        if (engine.folder() / "readings").is_dir() and judging.is_due(now):
            # Before the work: what fails is tried again no sooner than what succeeds.
            self._last = time.monotonic()
            judging.run(now)
