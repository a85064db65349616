"""Databases on the server ``DATABASE_URL`` names, each of one test alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import migrated


@contextmanager
def _database(test: str, like: str = "template1") -> Iterator[str]:
    import psycopg

    server, name = os.environ["DATABASE_URL"], f"of_{test}"[:60]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    yield f"{server.rsplit('/', 1)[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a database without any table."""
    with _database(request.node.name) as address:
        yield address


@pytest.fixture
def migrated_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a database with every migration applied."""
    template = migrated.template(os.environ["DATABASE_URL"])
    with _database(request.node.name, template) as address:
        yield address
