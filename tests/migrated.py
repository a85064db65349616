"""An empty database of SQLite with every migration applied, made once and kept.

To apply them takes twelve CPU seconds, and every process of a test run, and many a home a test
opens, would begin with that. The file lies in ``build`` under the digest of the migrations.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import django

from cli_process import environment

ROOT = Path(__file__).resolve().parents[1]
_MIGRATE = """
import sys
from pathlib import Path
from tanfeng.cli._database import migrate
from tanfeng.cli._home import open_home
open_home(Path(sys.argv[1]), must_exist=False)
migrate()
"""


def _digest() -> str:
    console = ROOT / "src" / "tanfeng" / "console"
    made_of = [*console.rglob("migrations/*.py"), console / "core" / "append_only.py"]
    told = hashlib.sha256(django.__version__.encode())
    for path in sorted(made_of):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def database() -> Path:
    """Return the file; the first of all processes to ask makes it."""
    kept = ROOT / "build" / "tests" / f"migrated-{_digest()}.sqlite3"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make(kept)
    return kept


def _make(kept: Path) -> None:
    home = kept.with_suffix(".home")
    shutil.rmtree(home, ignore_errors=True)  # of a run that was stopped
    done = subprocess.run(
        [sys.executable, "-c", _MIGRATE, str(home)],
        capture_output=True,
        text=True,
        env=environment(measured=False),
    )
    assert done.returncode == 0, done.stderr
    (home / "tanfeng.sqlite3").rename(kept)
    shutil.rmtree(home)


def home(folder: Path) -> Path:
    """Put a migrated, empty database into a folder, which is made, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(database(), folder / "tanfeng.sqlite3")
    return folder
