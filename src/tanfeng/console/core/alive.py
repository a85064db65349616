"""Which processes are still there: each holds a lock on a file of its own.

A process number can be given out again and means nothing in the next container; a lock on an
open file ends with the process that holds it, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path

from django.conf import settings

_own: dict[int, tuple[str, int]] = {}


def own_name() -> str:
    """Return the name of this process, taking its lock on first use."""
    pid = os.getpid()
    if pid not in _own:
        name = uuid.uuid4().hex
        Path(settings.WORKERS).mkdir(parents=True, exist_ok=True)
        handle = os.open(_path(name), os.O_WRONLY | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # A fork would inherit the entry of its parent; the number of the process tells them apart.
        _own[pid] = (name, handle)
    return _own[pid][0]


def is_alive(name: str) -> bool:
    """Tell whether the process of that name still holds its lock; sweep the file if not."""
    path = _path(name)
    if not name or not path.is_file():
        return False
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    path.unlink(missing_ok=True)
    return False


def _path(name: str) -> Path:
    return Path(settings.WORKERS) / f"{Path(name).name}.lock"
