"""Bring the database of an opened home to this version."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tanfeng.cli._home import fail, open_home
from tanfeng.cli._lang import Lang, pick, speak, spoken


@contextmanager
def usable() -> Iterator[None]:
    """End the process with a sentence when the database cannot be reached or is refused."""
    from django.db import Error

    try:
        yield
    except Error as error:
        told = str(error).strip()
        fail(f"数据库无法使用：{told}", f"the database cannot be used: {told}")


def migrate() -> None:
    """Bring the database to this version, and see that what is frozen is guarded."""
    from django.core.management import call_command
    from django.db import connection, connections

    from tanfeng.console.core import append_only

    with usable():
        call_command("migrate", verbosity=0, interactive=False)
        unguarded = append_only.missing(connection)
    if unguarded:
        names = ", ".join(sorted(unguarded))
        told = pick(
            f"数据库缺少触发器 {names}：曾被人删除，现已重新安装；请在审计日志页面核验哈希链",
            f"the database lacks its triggers {names}: somebody removed them; they are installed "
            "again, verify the chain on the page of the log",
        )
        sys.stderr.write(f"tanfeng: {told}\n")
        append_only.install(connection)
    connections.close_all()


def migrate_apart(home: Path) -> None:
    """Do the same in a process of its own, for a program that forks afterwards.

    A step of the migration uses polars, and the threads of polars do not survive a fork: every
    page with a figure would wait for ever.
    """
    child = get_context("spawn").Process(target=_open_and_migrate, args=(home, spoken()))
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(child.exitcode)


def _open_and_migrate(home: Path, lang: Lang) -> None:
    speak(lang)
    open_home(home, must_exist=False)
    migrate()
