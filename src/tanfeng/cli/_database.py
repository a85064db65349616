"""Bring the database of an opened home to this version."""

from __future__ import annotations

import sys

from tanfeng.cli._home import fail


def migrate() -> None:
    """Bring the database to this version, and see that the audit log is guarded."""
    from django.core.management import call_command
    from django.db import Error, connection, connections

    from tanfeng.console.core import append_only

    try:
        call_command("migrate", verbosity=0, interactive=False)
        unguarded = append_only.missing(connection)
    except Error as error:
        fail(f"the database cannot be used: {str(error).strip()}")
    if unguarded:
        sys.stderr.write(
            f"tanfeng: the audit log lacks its triggers {', '.join(sorted(unguarded))}: somebody "
            "removed them; they are installed again, verify the chain on the page of the log\n"
        )
        append_only.install(connection)
    connections.close_all()
