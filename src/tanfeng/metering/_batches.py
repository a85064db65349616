"""Which batches were stored: a small table beside the segments, kept for some days."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from tanfeng.metering._segments import locked, tries_in

_MADE = """
CREATE TABLE IF NOT EXISTS batches (key BLOB PRIMARY KEY, received INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batches_received ON batches (received);
"""


class Batches:
    """Batches of an intake that are in the store.

    Parameters
    ----------
    path : Path
        SQLite file, made where it is absent.
    days : int
        A batch is forgotten so long after the newest one was received.
    wait_s : float
        Longest wait for another process. [s]
    """

    def __init__(self, path: Path, *, days: int, wait_s: float) -> None:
        self.path = path
        self._days = days
        # Several processes that make one file in the same moment are refused without a wait.
        lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            with locked(lock, tries_in(wait_s)):
                self._db = sqlite3.connect(
                    path, timeout=wait_s, isolation_level=None, check_same_thread=False
                )
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_MADE)
        finally:
            os.close(lock)

    def __contains__(self, batch: str) -> bool:
        with closing(
            self._db.execute("SELECT 1 FROM batches WHERE key = ?", (_key(batch),))
        ) as one:
            return one.fetchone() is not None

    def add(self, batches: Iterable[tuple[str, datetime]]) -> None:
        """Remember batches with when they were received, and forget those out of the window."""
        rows = [(_key(batch), int(received.timestamp())) for batch, received in batches]
        if not rows:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT OR IGNORE INTO batches VALUES (?, ?)", rows)
            (newest,) = self._db.execute("SELECT max(received) FROM batches").fetchone()
            oldest = newest - int(timedelta(days=self._days).total_seconds())
            self._db.execute("DELETE FROM batches WHERE received < ?", (oldest,))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise


def _key(batch: str) -> bytes:
    return hashlib.blake2b(batch.encode(), digest_size=16).digest()
