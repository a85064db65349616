"""Several people freeze, correct and state at once on PostgreSQL, where they truly run at once."""

import os
import subprocess
import sys
from pathlib import Path

from race_checks import PROGRAM, whole


def test_four_people_at_one_method_account(migrated_database, tmp_path):
    dropped = ("TANFENG_HOME", "DJANGO_SETTINGS_MODULE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path / "home")],
        capture_output=True,
        text=True,
        env={**kept, "DATABASE_URL": migrated_database, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    whole(done.stdout)
    assert not Path(tmp_path / "home" / "tanfeng.sqlite3").exists()
