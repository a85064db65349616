"""How often something happened in the running minute, counted over all processes of a machine.

A door that several worker processes serve may not let each of them count for itself: the limit
would be as many times higher. The counts lie in one small file all of them have in memory, with a
lock of the system around each look; nothing waits for a disk, and a restart begins anew. Where the
file cannot be used, or more names come in a minute than it has room for, a process counts for
itself: a limit that is too wide is better than a door that is shut.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

#: Names that have room in one minute, and places tried for one of them.
PLACES, TRIED = 8_192, 64
_MINUTE_S = 60
#: Key of the name, minute, count, and whether it was too much.
_PLACE = struct.Struct("<QQQQ")
_log = logging.getLogger(__name__)


class Throttle:
    """Counts of the running minute.

    Parameters
    ----------
    path : callable
        Tells where the file is; asked at every look, so that it may move.
    clock : callable
        The present. [s]
    """

    def __init__(self, path: Callable[[], Path], *, clock: Callable[[], float] = time.time) -> None:
        self._where, self._clock = path, clock
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._file = -1
        self._shared: mmap.mmap | None = None
        self._own: dict[str, tuple[int, int, bool]] = {}

    def over(self, name: str, most: int, amount: int = 1) -> bool:
        """Count something and tell whether it is now more than may be in a minute."""
        minute = self._minute()
        with self._locked() as shared:
            at = None if shared is None else _place(shared, name, minute)
            if shared is None or at is None:
                return self._over_alone(name, most, amount, minute)
            key, then, count, full = _PLACE.unpack_from(shared, at)
            if (key, then) != (_key(name), minute):
                count, full = 0, 0
            count += amount
            is_over: bool = count > most
            _PLACE.pack_into(shared, at, _key(name), minute, count, int(full or is_over))
            return is_over

    def full(self, name: str) -> bool:
        """Tell whether something was found to be too much in this minute."""
        minute = self._minute()
        with self._locked() as shared:
            at = None if shared is None else _place(shared, name, minute)
            if shared is None or at is None:
                then, _count, full = self._own.get(name, (-1, 0, False))
                return full and then == minute
            key, then, _count, full = _PLACE.unpack_from(shared, at)
            return bool(full) and (key, then) == (_key(name), minute)

    def wait(self) -> str:
        """Return the seconds until the next minute."""
        return str(_MINUTE_S - int(self._clock() % _MINUTE_S))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    def _minute(self) -> int:
        return int(self._clock() // _MINUTE_S)

    def _over_alone(self, name: str, most: int, amount: int, minute: int) -> bool:
        if len(self._own) > PLACES:
            self._own = {key: one for key, one in self._own.items() if one[0] == minute}
        then, count, full = self._own.get(name, (minute, 0, False))
        if then != minute:
            count, full = 0, False
        count += amount
        self._own[name] = minute, count, full or count > most
        return count > most

    @contextlib.contextmanager
    def _locked(self) -> Iterator[mmap.mmap | None]:
        """Hold the counts against every thread and process; None where there is no file."""
        with self._lock:
            shared = self._opened()
            if shared is None:
                yield None
                return
            # Locks of this kind are a process's own, also of one that was forked from another.
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield shared
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _opened(self) -> mmap.mmap | None:
        path = self._where()
        if path == self._path:
            return self._shared
        self._let_go()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            size = PLACES * _PLACE.size
            if os.fstat(self._file).st_size < size:
                os.ftruncate(self._file, size)
            self._shared = mmap.mmap(self._file, size)
        except (OSError, ValueError):
            _log.exception("limits are counted by each process for itself")
        return self._shared

    def _let_go(self) -> None:
        if self._shared is not None:
            self._shared.close()
        if self._file >= 0:
            os.close(self._file)
        self._path, self._file, self._shared = None, -1, None


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") | 1


def _place(shared: mmap.mmap, name: str, minute: int) -> int | None:
    """Return where a name is counted: its place, else the first whose minute is over."""
    key, free = _key(name), None
    for step in range(TRIED):
        at = (key + step) % PLACES * _PLACE.size
        found, then = struct.unpack_from("<QQ", shared, at)
        if found == key:
            return at
        if then != minute and free is None:
            free = at
        if found == 0:
            break
    return free
