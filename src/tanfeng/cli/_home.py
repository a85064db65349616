"""Open a home folder for a command: point the console's settings at it and start Django."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from tanfeng.cli._lang import pick

#: Exit code of findings, see ``tanfeng.cli``.
FINDINGS = 1


def fail(zh: str, en: str, code: int = FINDINGS) -> NoReturn:
    """Say what is wrong, in the language that is spoken, and end the process."""
    sys.stderr.write(f"tanfeng: {pick(zh, en)}\n")
    sys.exit(code)


def open_home(home: Path, *, must_exist: bool = True) -> Path:
    """Set Django up for a home folder.

    Parameters
    ----------
    home : Path
        Folder of database, uploads, runs and secret.
    must_exist : bool
        Whether a folder without a database is refused; PostgreSQL needs none.

    Returns
    -------
    Path
        The folder, absolute.
    """
    home = home.resolve()
    address = os.environ.get("DATABASE_URL", "")
    if address.startswith("postgres") and find_spec("psycopg") is None:
        fail(
            "使用 PostgreSQL 需再安装一个组件：pip install 'tanfeng[postgres]'",
            "PostgreSQL needs one more part; install it with: pip install 'tanfeng[postgres]'",
        )
    if must_exist and not address and not (home / "tanfeng.sqlite3").exists():
        fail(
            f"{home} 中没有数据库；可用以下命令建立：tanfeng demo --home {home}",
            f"{home} holds no database; make one with: tanfeng demo --home {home}",
        )
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        fail(
            f"{home} 不能用作数据目录：{error.strerror}",
            f"{home} cannot be used as home folder: {error.strerror}",
        )
    if not os.access(home, os.W_OK):
        fail(f"{home} 不可写", f"{home} cannot be written to")
    os.environ["TANFENG_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanfeng.console.settings")
    import django

    django.setup()
    return home
