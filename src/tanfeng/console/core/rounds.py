"""Threads of the serving process that look now and then whether there is something to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import close_old_connections, connections

_log = logging.getLogger(__name__)


class Rounds:
    """A thread that looks every so often until it is stopped.

    Parameters
    ----------
    name : str
        Of the thread.
    look : callable
        Looks and does what is due. What it raises is logged, and it is asked again: nothing it
        does may be half-written.
    every_s : float
        How often. [s]
    """

    def __init__(self, name: str, look: Callable[[], object], every_s: float) -> None:
        self._look, self._every_s = look, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> Rounds:
        """Begin."""
        self._thread.start()
        return self

    def stop(self, patience_s: float = 1.0) -> None:
        """Look no more; what is under way after so long ends with the process."""
        self._stop.set()
        self._thread.join(timeout=patience_s)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            close_old_connections()
            try:
                self._look()
            except Exception:
                _log.exception("%s: the next round tries again", self._thread.name)
            finally:
                connections.close_all()
