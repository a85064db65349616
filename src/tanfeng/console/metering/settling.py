"""Moving what was accepted into the store, telling the records the newest readings, deriving.

A thread of every serving process does so every few seconds; one of them at a time flushes, and one
derives what came, for a few seconds at most, so that what is pushed meanwhile is not kept waiting.
The newest reading of a point is kept with its meter, so that no list asks the store: it follows
the store's own log of changes, whatever way the readings came in.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

import polars as pl
from django.db import close_old_connections, connection, connections, transaction
from django.utils import timezone

from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.metering import engine, publishing
from tanfeng.console.metering.models import Mark, Meter
from tanfeng.metering._faults import StoreBusy
from tanfeng.metering.store import ChangesForgotten

#: How often a process looks whether readings wait. [s]
EVERY_S = 5.0
#: Longest time it derives before it looks again; a part that was begun is ended. [s]
DERIVE_S = 2.0
#: Pause while there is more to derive. [s]
_SOON_S = 0.2
_MARK = "latest"
_log = logging.getLogger(__name__)


def settle() -> int:
    """Store what waits, follow the store, publish what is stale; return the points followed."""
    engine.intake().flush()
    publishing.publish_stale()
    return follow()


def follow() -> int:
    """Write the newest reading of every point that got readings since the last look."""
    store = engine.store()
    mark, _made = Mark.objects.get_or_create(name=_MARK, defaults={"number": -1})
    version = store.version()
    if version <= mark.number:
        return 0
    try:
        changed = store.changes(mark.number)
    except ChangesForgotten:
        changed = store.changes(-1)
    points = changed["point"].unique().to_list()
    if points:
        write_latest(store.latest(points))
    Mark.objects.filter(pk=mark.pk, number__lt=version).update(number=version)
    return len(points)


def derive(most_s: float = DERIVE_S) -> int:
    """Derive the energy of what came, for so long at most; return how many entries are left."""
    until = time.monotonic() + most_s
    try:
        done = engine.settled().advance(
            now=timezone.now(), wait=False, go_on=lambda _left: time.monotonic() < until
        )
    except StoreBusy:  # another process is at it
        return 0
    return done.left


def write_latest(latest: pl.DataFrame) -> None:
    """Keep the newest reading of each point with its meter; an older one changes nothing.

    Parameters
    ----------
    latest : polars.DataFrame
        ``point``, ``time``, ``value``, ``quality``; one row per point.
    """
    newest = {row["point"]: row for row in latest.iter_rows(named=True)}
    table = Meter._meta.db_table
    sql = (
        f"UPDATE {table} SET last_time = %s, last_value = %s, last_quality = %s, "  # noqa: S608
        "late_after = %s WHERE id = %s AND (last_time IS NULL OR last_time <= %s)"
    )
    moment = connection.ops.adapt_datetimefield_value
    for part in chunks(sorted(newest), CHUNK):
        rows: list[tuple[Any, ...]] = []
        known = Meter.objects.filter(point__in=part).order_by()
        for pk, point, interval_s in known.values_list("pk", "point", "interval_s"):
            one = newest[point]
            late = one["time"] + timedelta(seconds=2 * interval_s)
            at = moment(one["time"])
            rows.append((at, one["value"], one["quality"], moment(late), pk, at))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, rows)


class Settler:
    """A thread that settles until it is stopped."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s, self._stop = every_s, threading.Event()
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)

    def start(self) -> Settler:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Settle once more and end."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        left = 0
        while not self._stop.wait(_SOON_S if left else self._every_s):
            left = self._once()
        self._once(most_s=0.0)
        connections.close_all()

    @staticmethod
    def _once(most_s: float = DERIVE_S) -> int:
        close_old_connections()
        try:
            if publishing.has_work():
                settle()
            if engine.settled().behind():
                return derive(most_s)
        except Exception:  # the next look tries again; what was accepted waits on the disk
            _log.exception("readings wait to be stored or derived")
        return 0
