"""``tanfeng backup`` and ``tanfeng restore``: a home folder as one file, and back.

The file is a zip with a manifest of digests. It holds the database, the uploaded files, the frozen
runs, the register and the readings of metering and the secret; what can be made again (uploads as
they were parsed, results of jobs) is left out. The console may go on running: the database is
copied in one piece first, and files it speaks of are written before it and never changed. What
gateways just sent is copied before the table it goes to, and the log of that table before its data:
a batch may then be in both, which counts once, and no file is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from tanfeng import __version__
from tanfeng.cli._database import migrate, usable
from tanfeng.cli._home import FINDINGS, fail, open_home
from tanfeng.cli._lang import InLang, Lang

DATABASE = "tanfeng.sqlite3"
MANIFEST = "manifest.json"
#: Layout of the file; a later one is refused instead of guessed.
LAYOUT = 1
_CHUNK = 1 << 20
#: Files of metering that are locks, half-written, or remember what was sent to save a look.
_PASSING = re.compile(r"^\.|\.lock$|\.tmp$|\.sqlite")
_WRONG_USE = 2
_WORDS = {
    "packed": (
        "已备份到 {0}：{1} 个文件，{2:.1f} MB；审计日志 {3} 条，末条哈希 {4}",
        "Backed up to {0}: {1} files, {2:.1f} MB; {3} audit events, last hash {4}",
    ),
    "note": (
        "请把末条哈希另存他处；备份含密钥与企业数据，请加密保管。",
        "Note the last hash elsewhere; the file holds secrets and enterprise data: keep it safe.",
    ),
    "postgresql": (
        '数据库在 PostgreSQL，不在此文件内。请先运行：pg_dump --format=custom "$DATABASE_URL"',
        "The database is in PostgreSQL and not in this file. Before this, run: "
        'pg_dump --format=custom "$DATABASE_URL"',
    ),
    "restored": (
        "已恢复到 {0}：{1} 个文件，摘要全部相符",
        "Restored to {0}: {1} files, every digest as noted",
    ),
    "checked": (
        "{0} 可以恢复：{1} 个文件，摘要全部相符；未保留任何内容",
        "{0} can be restored: {1} files, every digest as noted; nothing was kept",
    ),
    "chain": (
        "审计日志 {0} 条，哈希链完整，末条与备份时相同：{1}",
        "{0} audit events, the chain is whole and ends as it did then: {1}",
    ),
    "broken": (
        "审计日志在备份之前已被改动，断点：{0}",
        "The audit log had been tampered with before the backup; broken at: {0}",
    ),
    "there": (
        "{0} 已存在；备份从不覆盖已有文件",
        "{0} is there already; a backup never overwrites another",
    ),
    "no_folder": ("{0} 不是目录", "{0} is not a folder"),
    "unwritten": ("{0} 无法写入：{1}", "{0} could not be written: {1}"),
    "not_empty": (
        "{0} 不是空目录；备份须恢复到新目录",
        "{0} is not empty; a backup is restored into a new folder",
    ),
    "own_database": (
        "已设置 DATABASE_URL，但备份自带数据库；请先取消该变量",
        "DATABASE_URL is set, but the backup holds its own database; unset it",
    ),
    "later": ("{0} 由更新的版本（{1}）写成", "{0} was written by a later version ({1})"),
    "no_file": ("没有文件 {0}", "there is no file {0}"),
    "not_whole": ("{0} 不是完整的备份：{1}", "{0} is no whole backup: {1}"),
    "leads_out": (
        "{0} 含有指向目录之外的路径：{1}",
        "{0} holds a path that leads out of the folder: {1}",
    ),
    "damaged": (
        "{0} 已损坏：{1} 与备份时不一致",
        "{0} is damaged: {1} is not what was backed up",
    ),
    "damaged_database": ("{0} 中的数据库已损坏：{1}", "the database in {0} is damaged: {1}"),
    "log_differs": (
        "{0} 中审计日志的末条与备份时不一致",
        "the audit log in {0} does not end as it did when the backup was made",
    ),
}


def backup(
    file: Annotated[Path, typer.Argument(help="File to write; must not exist.")],
    home: Annotated[Path, typer.Option(help="Home folder of the console.")] = Path("tanfeng-home"),
    lang: InLang = Lang.ZH,
) -> None:
    """Write database, uploads and runs of a home folder into one file."""
    if file.exists():
        fail(*_told("there", file), _WRONG_USE)
    if not file.parent.is_dir():
        fail(*_told("no_folder", file.parent), _WRONG_USE)
    folder = open_home(home)
    from django.db import connection

    from tanfeng.console.core import audit

    embedded = connection.vendor == "sqlite"
    with usable():
        head = audit.record("backup.make", file=file.name)
    partial = file.with_name(f".{file.name}.partial")
    try:
        manifest = _pack(folder, partial, embedded, head.hash)
        # A link fails when the file has appeared meanwhile; a rename would overwrite it.
        os.link(partial, file)
    except FileExistsError:
        fail(*_told("there", file), _WRONG_USE)
    except (OSError, sqlite3.Error) as error:
        fail(*_told("unwritten", file, error))
    finally:
        partial.unlink(missing_ok=True)
    log = manifest["audit"]
    size = file.stat().st_size / 1e6
    _say(lang, "packed", file, len(manifest["files"]), size, log["events"], log["last_hash"])
    _say(lang, "note")
    if not embedded:
        _say(lang, "postgresql")


def restore(
    file: Annotated[Path, typer.Argument(help="File written by tanfeng backup.")],
    home: Annotated[Path, typer.Option(help="Folder to make; must be empty or not exist.")],
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Restore beside it, verify, and keep nothing.")
    ] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Make a home folder from a backup and verify it: digests, database, audit log."""
    home = home.resolve()
    if not check_only and home.exists() and (not home.is_dir() or any(home.iterdir())):
        fail(*_told("not_empty", home), _WRONG_USE)
    with _draft_beside(home) as draft:
        manifest = _unpack(file, draft)
        embedded = manifest["database"] == "sqlite"
        if embedded and os.environ.get("DATABASE_URL"):
            fail(*_told("own_database"), _WRONG_USE)
        breaks = _verified(draft, manifest, file) if embedded else []
        if not check_only:
            if home.exists():
                home.rmdir()
            draft.rename(home)
    count = len(manifest["files"])
    _say(lang, "checked" if check_only else "restored", file if check_only else home, count)
    if not embedded:
        _say(lang, "postgresql")
    elif breaks:
        _say(lang, "broken", ", ".join(map(str, breaks)))
        raise typer.Exit(FINDINGS)
    else:
        _say(lang, "chain", manifest["audit"]["events"], manifest["audit"]["last_hash"])


def _say(lang: Lang, key: str, *values: object) -> None:
    typer.echo(_told(key, *values)[lang == Lang.EN])


def _told(key: str, *values: object) -> tuple[str, str]:
    zh, en = _WORDS[key]
    return zh.format(*values), en.format(*values)


# Packing


def _pack(home: Path, target: Path, embedded: bool, last_hash: str) -> dict[str, Any]:
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    files: dict[str, dict[str, Any]] = {}
    with (
        os.fdopen(handle, "w+b") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive,
    ):
        if embedded:
            with _snapshot(home, target.parent) as copy:
                log = _head_of(copy)
                files[DATABASE] = _add(archive, DATABASE, copy)
        else:
            log = {"events": _count_events(), "last_hash": last_hash}
        for path in _kept_files(home):
            name = path.relative_to(home).as_posix()
            with suppress(FileNotFoundError):  # what was sent has reached the table meanwhile
                files[name] = _add(archive, name, path)
        manifest = {
            "layout": LAYOUT,
            "version": __version__,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": "sqlite" if embedded else "postgresql",
            "audit": log,
            "files": files,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
    return manifest


@contextmanager
def _snapshot(home: Path, beside: Path) -> Iterator[Path]:
    """Copy the database in one piece while others may be writing to it."""
    with tempfile.TemporaryDirectory(dir=beside, prefix=".tanfeng-") as folder:
        copy = Path(folder) / DATABASE
        with (
            closing(sqlite3.connect(home / DATABASE, timeout=30)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        yield copy


def _head_of(database: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(database)) as copy:
        events, last = copy.execute(
            "SELECT count(*), (SELECT hash FROM core_auditevent ORDER BY id DESC LIMIT 1) "
            "FROM core_auditevent"
        ).fetchone()
    return {"events": events, "last_hash": last}


def _count_events() -> int:
    from tanfeng.console.core.models import AuditEvent

    return AuditEvent.objects.count()


def _kept_files(home: Path) -> Iterator[Path]:
    """Yield what cannot be made again, without the database and files half-written."""
    for path in sorted(home.iterdir()):
        if path.is_file() and not path.is_symlink() and ".sqlite3" not in path.name:
            yield path
    for path in sorted((home / "uploads").rglob("*")):
        if len(path.name) == 64 and path.is_file():
            yield path
    for path in sorted((home / "runs").rglob("*")):
        if path.is_file() and _is_finished(path.relative_to(home / "runs")):
            yield path
    # In this order: what was sent, the register, the log of the table, its data. What is kept of
    # derived energy follows from them and is made again.
    derived = home / "metering" / "slots"
    for path in sorted((home / "metering").rglob("*")):
        if path.is_file() and not _PASSING.search(path.name) and derived not in path.parents:
            yield path


def _is_finished(path: Path) -> bool:
    """Tell whether a file of ``runs`` lies in the numbered folder of a run or method account."""
    first, *rest = path.parts
    return (rest[0] if first == "methods" and rest else first).isdigit()


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as target:
        return _copied(source, target)


def _copied(source: IO[bytes], target: IO[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
        size += len(chunk)
    return {"sha256": digest.hexdigest(), "bytes": size}


# Unpacking


@contextmanager
def _draft_beside(home: Path) -> Iterator[Path]:
    """Give a folder to restore into; whatever is left of it when something fails is removed."""
    if not home.parent.is_dir():
        fail(*_told("no_folder", home.parent), _WRONG_USE)
    draft = Path(tempfile.mkdtemp(dir=home.parent, prefix=f".{home.name}.restoring-"))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _unpack(file: Path, draft: Path) -> dict[str, Any]:
    """Write every file the manifest lists, and no other; each must be what was packed."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
            if manifest["layout"] != LAYOUT:
                fail(*_told("later", file, manifest["version"]))
            for name, noted in manifest["files"].items():
                _write_one(archive, name, noted, draft, file)
    except FileNotFoundError:
        fail(*_told("no_file", file), _WRONG_USE)
    except (zipfile.BadZipFile, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        fail(*_told("not_whole", file, error))
    return manifest


def _write_one(
    archive: zipfile.ZipFile, name: str, noted: dict[str, Any], draft: Path, file: Path
) -> None:
    path = (draft / name).resolve()
    if not path.is_relative_to(draft.resolve()):
        fail(*_told("leads_out", file, name))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with archive.open(name) as source, os.fdopen(handle, "wb") as target:
        copied = _copied(source, target)
    if copied != noted:
        fail(*_told("damaged", file, name))


def _verified(draft: Path, manifest: dict[str, Any], file: Path) -> list[int]:
    """Open the restored database, bring it to this version and walk the audit chain."""
    with closing(sqlite3.connect(draft / DATABASE)) as database:
        found = database.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        fail(*_told("damaged_database", file, found))
    if _head_of(draft / DATABASE) != manifest["audit"]:
        fail(*_told("log_differs", file))
    open_home(draft)
    migrate()
    from django.db import connection, connections

    from tanfeng.console.core import audit

    report = audit.verify()
    audit.record("backup.restore", file=file.name, events=report.events)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    return [one.event_id for one in report.breaks]
