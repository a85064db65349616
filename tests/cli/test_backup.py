"""A home folder goes into one file and comes back whole, or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import datetime

import polars as pl
import pytest

from cli_process import run as _run
from tanfeng.gateway.simulate import simulate
from tanfeng.metering.intake import Intake
from tanfeng.metering.register import Register
from tanfeng.metering.store import Store
from tanfeng.periods import LOCAL

UPLOAD = "ab" * 32


@pytest.fixture(scope="module")
def home(tmp_path_factory, boss_home):
    folder = shutil.copytree(boss_home, tmp_path_factory.mktemp("backup") / "home")
    (folder / "uploads" / "ab").mkdir(parents=True)
    (folder / "uploads" / "ab" / UPLOAD).write_bytes(b"a form")
    (folder / "uploads" / "ab" / "tmp1234").write_bytes(b"half a form")
    (folder / "runs" / "1").mkdir(parents=True)
    (folder / "runs" / "1" / "lines.parquet").write_bytes(b"lines")
    (folder / "runs" / "methods" / "2").mkdir(parents=True)
    (folder / "runs" / "methods" / "2" / "workbook").write_bytes(b"a method account")
    (folder / "runs" / "draft-1").mkdir()
    (folder / "runs" / "draft-1" / "lines.parquet").write_bytes(b"half a run")
    (folder / "parsed").mkdir()
    (folder / "parsed" / "again").write_bytes(b"can be made again")
    return folder


@pytest.fixture(scope="module")
def packed(home):
    file = home.with_name("city.zip")
    done = _run("backup", str(file), "--home", str(home), "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "audit events, last hash" in done.stdout
    return file


def _restore(file, target, *more):
    return _run("restore", str(file), "--home", str(target), "--lang", "en", *more)


def _again(file, target, change):
    """Write a backup again after ``change(name, content)``, every digest made to fit."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        for name in list(manifest["files"]):
            content = change(name, old.read(name))
            digest = hashlib.sha256(content).hexdigest()
            manifest["files"][name] = {"sha256": digest, "bytes": len(content)}
            new.writestr(name, content)
        new.writestr("manifest.json", json.dumps(manifest))
    return target


def _with_sql(folder, *statements):
    """Return a change that runs statements in the database of a backup, past its triggers."""

    def change(name, content):
        if name != "tanfeng.sqlite3":
            return content
        path = folder / "tampered.sqlite3"
        path.write_bytes(content)
        with closing(sqlite3.connect(path)) as database:
            triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (trigger,) in triggers.fetchall():
                database.execute(f"DROP TRIGGER {trigger}")
            for statement in statements:
                database.execute(statement)
            database.commit()
        return path.read_bytes()

    return change


def test_what_is_kept_comes_back_and_what_can_be_made_again_does_not(home, packed, tmp_path):
    assert packed.stat().st_mode & 0o077 == 0, "a backup is its owner's alone"
    target = tmp_path / "new"
    done = _restore(packed, target)
    assert done.returncode == 0, done.stderr
    assert "the chain is whole" in done.stdout
    kept = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()} - {
        "tanfeng.sqlite3-wal",
        "tanfeng.sqlite3-shm",
    }
    assert kept == {
        "secret.key", "tanfeng.sqlite3", "runs/1/lines.parquet", "runs/methods/2/workbook",
        f"uploads/ab/{UPLOAD}",
    }  # fmt: skip
    for name in kept - {"tanfeng.sqlite3"}:
        assert (target / name).read_bytes() == (home / name).read_bytes()
    users = _run("user", "list", "--json", "--home", str(target))
    assert [row["username"] for row in json.loads(users.stdout)] == ["boss"]
    with closing(sqlite3.connect(target / "tanfeng.sqlite3")) as database:
        actions = database.execute("SELECT action FROM core_auditevent ORDER BY id").fetchall()
    # Both deeds stand in the log of the restored home; the first is what the backup ends with.
    assert [row[0] for row in actions] == ["account.create", "backup.make", "backup.restore"]


def test_readings_come_back_stored_or_not_yet(home, tmp_path):
    metered = shutil.copytree(home, tmp_path / "metered")
    folder = metered / "metering"
    simulated = simulate(2, start=datetime(2026, 3, 2, tzinfo=LOCAL), days=1, seed=1)
    early = pl.col("time") < simulated.readings["time"].median()
    store = Store(folder / "readings")
    store.append(simulated.readings.filter(early), batch="early")
    Register(folder).put(points=simulated.points)
    waiting = simulated.readings.filter(~early)
    received = waiting["received"].max()
    Intake(folder / "intake", store).accept(waiting, batch="late", received=received)
    file, target = tmp_path / "metered.zip", tmp_path / "again"
    assert _run("backup", str(file), "--home", str(metered)).returncode == 0
    assert _restore(file, target).returncode == 0
    assert Register(target / "metering").points().height == 2
    again = Store(target / "metering" / "readings")
    assert again.readings().equals(store.readings())
    Intake(target / "metering" / "intake", again).replay()
    assert again.readings().height == simulated.readings.height


def test_checking_keeps_nothing(packed, tmp_path):
    done = _restore(packed, tmp_path / "new", "--check-only")
    assert (done.returncode, list(tmp_path.iterdir())) == (0, []), done.stderr
    assert "nothing was kept" in done.stdout


def test_nothing_is_overwritten(home, packed, tmp_path):
    before = packed.read_bytes()
    done = _run("backup", str(packed), "--home", str(home), "--lang", "en")
    assert done.returncode == 2
    assert "never overwrites" in done.stderr
    assert packed.read_bytes() == before
    (tmp_path / "note.txt").write_text("mine")
    done = _restore(packed, tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_damaged_file_is_refused_and_leaves_nothing(packed, tmp_path):
    damaged, target = tmp_path / "damaged.zip", tmp_path / "new"
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(damaged, "w") as new:
        for name in old.namelist():
            content = b"another form" if UPLOAD in name else old.read(name)
            new.writestr(name, content)
    done = _restore(damaged, target)
    assert done.returncode == 1
    assert "is not what was backed up" in done.stderr
    cut = tmp_path / "cut.zip"
    cut.write_bytes(packed.read_bytes()[:2000])
    done = _restore(cut, target)
    assert "is no whole backup" in done.stderr
    assert "no file" in _restore(tmp_path / "none.zip", target).stderr
    assert {path.name for path in tmp_path.iterdir()} == {"damaged.zip", "cut.zip"}


def test_a_path_that_leads_out_is_refused(packed, tmp_path):
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(evil, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        content = b"x"
        manifest["files"] = {
            "../out.txt": {"sha256": hashlib.sha256(content).hexdigest(), "bytes": 1}
        }
        new.writestr("../out.txt", content)
        new.writestr("manifest.json", json.dumps(manifest))
    done = _restore(evil, tmp_path / "new")
    assert done.returncode == 1
    assert "leads out of the folder" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_a_log_cut_short_before_packing_again_is_noticed(packed, tmp_path):
    cut = _with_sql(tmp_path, "DELETE FROM core_auditevent WHERE action = 'backup.make'")
    again = _again(packed, tmp_path / "again.zip", cut)
    done = _restore(again, tmp_path / "new")
    assert done.returncode == 1
    assert "does not end as it did" in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_log_changed_before_the_backup_is_told_and_the_home_stands(packed, tmp_path):
    change = _with_sql(
        tmp_path, "UPDATE core_auditevent SET detail = '{}' WHERE action = 'account.create'"
    )
    again = _again(packed, tmp_path / "again.zip", change)
    done = _restore(again, tmp_path / "new")
    assert done.returncode == 1
    assert "broken at: 1" in done.stdout
    assert (tmp_path / "new" / "tanfeng.sqlite3").is_file()


def test_a_home_that_is_none_is_not_backed_up(tmp_path):
    done = _run(
        "backup", str(tmp_path / "city.zip"), "--home", str(tmp_path / "none"), "--lang", "en"
    )
    assert done.returncode == 1
    assert "holds no database" in done.stderr
    done = _run("backup", str(tmp_path / "no" / "city.zip"), "--home", str(tmp_path))
    assert done.returncode == 2


def test_rows_written_while_it_is_packed_are_in_whole_or_not_at_all(home, tmp_path):
    """A writer that has not committed yet is not in the copy; the copy itself stays sound."""
    busy = tmp_path / "busy"
    shutil.copytree(home, busy)
    with closing(sqlite3.connect(busy / "tanfeng.sqlite3")) as other:
        other.execute("CREATE TABLE half (n INTEGER)")
        other.commit()
        other.execute("BEGIN")
        other.execute("SELECT * FROM half").fetchall()  # a reader with an open transaction
        done = _run("backup", str(tmp_path / "b.zip"), "--home", str(busy))
        assert done.returncode == 0, done.stderr
    assert _restore(tmp_path / "b.zip", tmp_path / "new", "--check-only").returncode == 0
