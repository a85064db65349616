"""A copy of the database for work that is thrown away, so that nobody waits for it.

SQLite lets one connection write at a time. What writes only to roll back would keep everybody
else from writing for as long as it takes; in a copy it stands in nobody's way.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections

#: SQLite's name of a database without a name: private, its file is gone when it is closed.
_NAMELESS = "file:"


def makes_others_wait() -> bool:
    """Tell whether a long transaction, begun now, would keep everybody else from writing.

    Inside a transaction they wait already, and the file cannot be copied.
    """
    return connection.vendor == "sqlite" and not connection.in_atomic_block


@contextmanager
def copied() -> Iterator[None]:
    """Let this thread work in a copy of the SQLite database as it is now, then drop the copy.

    Everything the thread asks of the database inside the block it asks of the copy. The copy is
    one reading of the file; others go on writing meanwhile, and what they write is not seen.
    """
    own = connections[DEFAULT_DB_ALIAS]
    own.ensure_connection()
    settings = copy.deepcopy(own.settings_dict)
    settings["NAME"] = _NAMELESS
    # Nobody else can open it and it outlives nothing: no log, no waiting for the disk.
    settings["OPTIONS"] |= {"init_command": "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"}
    other = type(own)(settings, DEFAULT_DB_ALIAS)
    try:
        other.ensure_connection()
        own.connection.backup(other.connection)
        connections[DEFAULT_DB_ALIAS] = other
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = own
        other.close()
