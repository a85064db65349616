"""Several people freeze, correct and state at once on PostgreSQL, where they truly run at once."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from race_checks import PROGRAM, whole

_NAME = "method_race"


@pytest.fixture
def address():
    """Give a database of this test alone."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_NAME}")
    yield f"{server.rsplit('/', 1)[0]}/{_NAME}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {_NAME} WITH (FORCE)")


def test_four_people_at_one_method_account(address, tmp_path):
    dropped = ("TANFENG_HOME", "DJANGO_SETTINGS_MODULE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path / "home")],
        capture_output=True,
        text=True,
        env={**kept, "DATABASE_URL": address, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    whole(done.stdout)
    assert not Path(tmp_path / "home" / "tanfeng.sqlite3").exists()
