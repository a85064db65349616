"""The folder of a demonstration city: built beside its place, renamed when it is whole.

Knows no Django; the command line calls it before the settings are read.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

#: What a fresh home may hold without counting as data.
_DATABASE = "tanfeng.sqlite3"
_SECRET = "secret.key"  # noqa: S105 - a file name
_OWNER = "building.pid"


class Busy(RuntimeError):
    """Another process builds the same home."""


def has_data(home: Path) -> bool:
    """Tell whether the home's own database holds an account or an enterprise.

    Parameters
    ----------
    home : Path
        Folder; need not exist.
    """
    database = home / _DATABASE
    if not database.is_file():
        return False
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for table in ("core_user", "archive_organisation"):
            try:
                found = connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608
            except sqlite3.OperationalError:
                continue
            if found:
                return True
    return False


@contextmanager
def building(home: Path) -> Iterator[Path]:
    """Give a folder to build in; it takes the place of the home when the block ends well.

    Parameters
    ----------
    home : Path
        Where the home is to be; what it holds without data (a secret) is kept.

    Raises
    ------
    Busy
        If another process is building it.
    """
    home = home.resolve()
    draft = home.with_name(f".{home.name}.building")
    _claim(draft)
    try:
        secret = home / _SECRET
        if secret.is_file():
            shutil.copy2(secret, draft / _SECRET)
        yield draft
        (draft / _OWNER).unlink()
        _replace(draft, home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _claim(draft: Path) -> None:
    """Make the draft folder, clearing what a killed builder left."""
    owner = draft / _OWNER
    if draft.exists():
        if owner.is_file() and _alive(owner.read_text()):
            raise Busy(str(draft))
        shutil.rmtree(draft)
    draft.mkdir(parents=True, mode=0o700)
    owner.write_text(str(os.getpid()))


def _alive(text: str) -> bool:
    try:
        os.kill(int(text), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _replace(draft: Path, home: Path) -> None:
    """Put the draft where the home is; a home without data makes room."""
    if home.exists():
        old = home.with_name(f".{home.name}.before")
        shutil.rmtree(old, ignore_errors=True)
        home.rename(old)
        draft.rename(home)
        shutil.rmtree(old, ignore_errors=True)
    else:
        draft.rename(home)
