"""The console on PostgreSQL: the very tests of its pages and services that pass on SQLite.

Of the doors it walks what asks the database: who is shown what. Fences, tokens and the two steps
of signing in stand before any query and are walked once, on SQLite. Nor is a page of what the
package ships drawn for each of its rows: where the cases of a test ask the database the same, the
mark ``same_queries`` says so, and one of them runs.

``tests/services/with_postgres`` starts a server of its own and names it in ``DATABASE_URL``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOORS = "tests/contracts/test_doors.py"
URL = os.environ.get("DATABASE_URL", "")


def test_the_same_tests_pass():
    if not URL.startswith("postgres"):
        pytest.skip("no PostgreSQL here: run tests/services/with_postgres pytest tests/services")
    # Two processes, each with a database of its own, migrated once and shared by both rooms.
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-n", "2", "--dist", "worksteal", "--durations=25", "--database-only"),
            # Of those who may not see firm B, one office and one firm: their limits are queries.
            *("-k", "not is_seen_by_others or county_a or firm_a", "tests/console"),
            f"{DOORS}::test_nothing_of_firm_b_is_seen_by_others",
            f"{DOORS}::test_the_door_opens_for_those_who_may",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    sys.stdout.write(done.stdout[-4_000:])
