"""Triggers that let a table grow and nothing else, in SQLite and in PostgreSQL.

They stop every program that speaks to the database with the console's rights, the console
included. Who owns the database can still drop them; then a hash chain or a digest tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "core_auditevent"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A table whose rows stay as they were written.

    Parameters
    ----------
    table : str
        Its name in the database.
    message : str
        What who tries to change it reads.
    unique : tuple of str
        Columns no two rows share: what comes with one of theirs would replace a row.
    """

    table: str
    message: str
    unique: tuple[str, ...] = ("id",)

    def triggers(self, vendor: str) -> Mapping[str, str]:
        """Return name and moment of each trigger."""
        table = self.table
        if vendor == "postgresql":
            return {
                f"{table}_no_change": f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW",
                f"{table}_no_truncate": f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
            }
        same = " OR ".join(
            f"NEW.{name} IN (SELECT {name} FROM {table})"  # noqa: S608  # the names are ours
            for name in self.unique
        )
        return {
            f"{table}_no_update": f"BEFORE UPDATE ON {table}",
            f"{table}_no_delete": f"BEFORE DELETE ON {table}",
            # INSERT OR REPLACE would delete without asking the trigger above.
            f"{table}_no_replace": f"BEFORE INSERT ON {table} WHEN {same}",
        }


#: Every guarded table; rooms add theirs when they start.
TABLES = [Guarded(TABLE, "audit events are append-only", ("id", "hash"))]


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of every table that is there, replacing older ones of the same name."""
    remove(connection)
    with connection.cursor() as cursor:
        for one in _present(connection):
            told = f"SELECT RAISE(ABORT, '{one.message}');"
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {one.table}_refuse() RETURNS trigger "
                    f"LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{one.message}'; END $$"
                )
            for name, when in one.triggers(connection.vendor).items():
                does = (
                    f"EXECUTE FUNCTION {one.table}_refuse()"
                    if connection.vendor == "postgresql"
                    else f"BEGIN {told} END"
                )
                cursor.execute(f"CREATE TRIGGER {name} {when} {does}")


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers; only a migration that rebuilds a table, or a test, has reason to."""
    with connection.cursor() as cursor:
        for one in _present(connection):
            on = f" ON {one.table}" if connection.vendor == "postgresql" else ""
            for name in one.triggers(connection.vendor):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the triggers that should be there and are not."""
    query = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    wanted = {name for one in TABLES for name in one.triggers(connection.vendor)}
    with connection.cursor() as cursor:
        cursor.execute(query)
        return wanted - {row[0] for row in cursor.fetchall()}


def _present(connection: BaseDatabaseWrapper) -> Iterator[Guarded]:
    """Yield the tables that are made already: migrations of the first come before the others."""
    there = set(connection.introspection.table_names())
    yield from (one for one in TABLES if one.table in there)
