"""Fixtures for every test."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

import migrated
from cli_process import made_once, run

# A busy machine is no failure: examples have no deadline.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

#: Where the material beside the project lies; its data is read in place and never committed.
SHARED = Path(os.environ.get("TANFENG_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of the material beside the project; required in CI, else a skip."""
    if not (SHARED / "data").is_dir():
        if os.environ.get("CI"):
            pytest.fail("the data beside the project is missing; set TANFENG_SHARED")
        pytest.skip("the data beside the project is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """Let the database that Django is about to migrate be migrated: nothing is left to apply."""
    from django.db import connection

    if connection.vendor != "sqlite":
        settings = connection.settings_dict["TEST"]
        settings["TEMPLATE"] = migrated.template(os.environ["DATABASE_URL"])
        yield
        return
    name = connection.creation._get_test_db_name()
    with (
        closing(sqlite3.connect(name, uri=True)) as opened,  # it lasts as long as one has it open
        closing(sqlite3.connect(migrated.database())) as kept,
    ):
        kept.backup(opened)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Let tests that commit empty the audit table afterwards, past the triggers that forbid it."""
    from django.core.management.commands.flush import Command
    from django.db import connections

    from tanfeng.console.core import append_only

    handle = Command.handle

    def flush(self: Command, **options: object) -> None:
        connection = connections[str(options["database"])]
        append_only.remove(connection)
        handle(self, **options)
        append_only.install(connection)

    Command.handle = flush  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def boss_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with one administrator, ``boss``, to be copied: a database takes seconds.

    What the command said, the password among it, stands in the file ``said`` beside it.
    """

    def make(folder: Path) -> None:
        done = run("user", "add", "boss", "--home", str(migrated.home(folder)))
        assert done.returncode == 0, done.stderr
        folder.with_name("said").write_text(done.stdout, encoding="utf-8")

    return made_once(tmp_path_factory, "boss-home", make)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests on another database server leave out what asks no database."""
    parser.addoption(
        "--database-only", action="store_true", help="run only the tests that use the database"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that use the database when only those are wanted, each as often as it asks."""
    if not config.getoption("--database-only"):
        return
    kept, once = [], set()
    for item in items:
        test = (item.path, getattr(item, "originalname", None))
        if _uses_database(item) and test not in once:
            kept.append(item)
            if item.get_closest_marker("same_queries"):
                once.add(test)
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def _uses_database(item: pytest.Item) -> bool:
    named = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    asks = bool(named) or item.get_closest_marker("django_db") is not None
    return asks and item.get_closest_marker("of_sqlite") is None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI a skipped test is a test that was not made to run: say so and fail."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped and os.environ.get("CI"):
        terminalreporter.write_line(f"{len(skipped)} skipped; CI allows none", red=True)
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED
