"""An empty database with every migration applied, made once and copied.

To apply them takes twelve CPU seconds, and every process of a test run, and many a home a test
opens, would begin with that. Of SQLite it is kept, with a home around it, in ``build`` under the
digest of what makes it; of PostgreSQL it stays on the server as long as that lives.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

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
    house = ROOT / "src" / "tanfeng"
    made_by = [house / "cli" / "_home.py", house / "cli" / "_database.py"]
    made_by += [*house.rglob("migrations/*.py"), house / "console" / "core" / "append_only.py"]
    made_by.append(house / "console" / "quality" / "apps.py")
    told = hashlib.sha256(django.__version__.encode())
    for path in sorted(made_by):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def _kept() -> Path:
    """Return the home that is kept; the first of all processes to ask makes it."""
    kept = ROOT / "build" / "tests" / f"migrated-{_digest()}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _make(kept)
    return kept


def _make(kept: Path) -> None:
    draft = kept.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)  # of a run that was stopped
    _migrate(draft)
    draft.rename(kept)


def _migrate(folder: Path, **variables: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MIGRATE, str(folder)],
        capture_output=True,
        text=True,
        env=environment(measured=False) | variables,
    )
    assert done.returncode == 0, done.stderr


def database() -> Path:
    """Return the database that is kept."""
    return _kept() / "tanfeng.sqlite3"


def home(folder: Path) -> Path:
    """Make a home with a migrated, empty database, and return it."""
    return shutil.copytree(_kept(), folder)


def template(server: str) -> str:
    """Return the name of the migrated database on a server of PostgreSQL, a template for others.

    The first of all processes to ask makes it.
    """
    import psycopg

    name, draft = "tanfeng_migrated", "tanfeng_draft"
    with psycopg.connect(server, autocommit=True) as connection, TemporaryDirectory() as folder:
        connection.execute("SELECT pg_advisory_lock(1)")  # until the connection ends
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            connection.execute(f"DROP DATABASE IF EXISTS {draft}")  # of a run that was stopped
            connection.execute(f"CREATE DATABASE {draft}")
            _migrate(Path(folder, "home"), DATABASE_URL=f"{server.rsplit('/', 1)[0]}/{draft}")
            connection.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
    return name
