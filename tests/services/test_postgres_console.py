"""The console on PostgreSQL: the very tests that pass on SQLite, doors included.

``tests/services/with_postgres`` starts a server of its own and names it in ``DATABASE_URL``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
URL = os.environ.get("DATABASE_URL", "")


def test_the_same_tests_pass():
    if not URL.startswith("postgres"):
        pytest.skip("no PostgreSQL here: run tests/services/with_postgres pytest tests/services")
    # Two processes, each with a database of its own, migrated once and shared by both rooms.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-n", "2", "--dist", "worksteal", "--durations=25"),
            *("tests/console", "tests/contracts/test_doors.py"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    sys.stdout.write(done.stdout[-4_000:])
