"""Several people freeze, correct and state at once on SQLite, which lets one write at a time."""

from __future__ import annotations

import subprocess
import sys

import migrated
from cli_process import environment
from race_checks import PROGRAM, whole


def test_four_people_at_one_method_account(tmp_path):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(migrated.home(tmp_path / "home"))],
        capture_output=True,
        text=True,
        env={**environment(measured=False), "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    whole(done.stdout)
