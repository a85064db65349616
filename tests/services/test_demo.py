"""The demonstration city on PostgreSQL: whole in one transaction, never beside other data."""

import os
import signal
import subprocess
import sys
import time

import psycopg

COMMAND = (sys.executable, "-c", "from tanfeng.cli import main; main()")


def _environment(address):
    dropped = ("TANFENG_HOME", "DJANGO_SETTINGS_MODULE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return kept | {"DATABASE_URL": address}


def _demo(address, home, *more):
    return subprocess.run(
        [*COMMAND, "demo", "--home", str(home), *more],
        capture_output=True,
        text=True,
        env=_environment(address),
    )


def _count(address, table):
    with psycopg.connect(address) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_the_city_stands_in_the_server_and_is_not_built_twice(empty_database, tmp_path):
    home = tmp_path / "home"
    done = _demo(empty_database, home, "--enterprises", "20", "--years", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _count(empty_database, "archive_organisation") == 20
    assert _count(empty_database, "accounting_run") == 2
    assert (home / "runs" / "2" / "lines.parquet").is_file()
    assert not (home / "tanfeng.sqlite3").exists()
    kept = _demo(empty_database, tmp_path / "other", "--if-empty")
    assert kept.returncode == 0
    assert _demo(empty_database, tmp_path / "other").returncode == 2
    assert _count(empty_database, "archive_organisation") == 20


def test_stopped_half_way_the_server_has_no_city(migrated_database, tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "demo", "--home", str(tmp_path / "home"), "--enterprises", "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_environment(migrated_database),
    )
    # The first upload kept on disk says that counties and accounts are written.
    for _attempt in range(1200):
        if (tmp_path / ".home.building" / "uploads").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    try:
        said, _nothing = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert list(tmp_path.iterdir()) == []
    for table in ("archive_organisation", "archive_place", "core_batch"):
        assert _count(migrated_database, table) == 0


def test_a_server_that_is_not_there_is_said_in_words(tmp_path):
    done = _demo("postgres://nobody@127.0.0.1:1/none", tmp_path / "home", "--lang", "en")
    assert done.returncode == 1
    assert "the database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
