"""A home is there whole or not at all."""

import os
import sqlite3
from contextlib import closing

import pytest

from tanfeng.demo.home import Busy, building, has_data


def _database(folder, *tables):
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "tanfeng.sqlite3")) as connection:
        for table in ("core_user", "archive_organisation"):
            connection.execute(f"CREATE TABLE {table} (id)")
        for table in tables:
            connection.execute(f"INSERT INTO {table} VALUES (1)")
        connection.commit()


def test_what_counts_as_data(tmp_path):
    home = tmp_path / "home"
    assert not has_data(home)
    home.mkdir()
    assert not has_data(home)
    (home / "tanfeng.sqlite3").touch()
    assert not has_data(home)
    (home / "tanfeng.sqlite3").unlink()
    _database(home)
    assert not has_data(home)


@pytest.mark.parametrize("table", ["core_user", "archive_organisation"])
def test_an_account_or_an_enterprise_is_data(tmp_path, table):
    _database(tmp_path / "home", table)
    assert has_data(tmp_path / "home")


def test_the_draft_takes_the_place_of_the_home(tmp_path):
    home = tmp_path / "home"
    with building(home) as draft:
        assert not home.exists()
        (draft / "x").write_text("1")
    assert (home / "x").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert [path.name for path in home.iterdir()] == ["x"]


def test_a_secret_that_is_there_stays(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret.key").write_text("s")
    with building(home) as draft:
        assert (draft / "secret.key").read_text() == "s"
    assert (home / "secret.key").read_text() == "s"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_stopped_half_way_nothing_is_there(tmp_path, error):
    home = tmp_path / "home"

    def stop(draft):
        (draft / "x").write_text("1")
        raise error

    with pytest.raises(error), building(home) as draft:
        stop(draft)
    assert list(tmp_path.iterdir()) == []


def test_stopped_half_way_what_was_there_stays(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret.key").write_text("s")
    with pytest.raises(KeyboardInterrupt), building(home):
        raise KeyboardInterrupt
    assert [path.name for path in home.iterdir()] == ["secret.key"]


def test_two_builders_do_not_meet(tmp_path):
    home = tmp_path / "home"
    with building(home) as draft:
        with pytest.raises(Busy), building(home):
            pass
        assert draft.is_dir()


def test_what_a_killed_builder_left_is_cleared(tmp_path):
    home = tmp_path / "home"
    draft = tmp_path / ".home.building"
    draft.mkdir()
    # No process has this number: Linux counts to 2^22.
    (draft / "building.pid").write_text(str(2**22 + 1))
    (draft / "half").write_text("1")
    with building(home) as fresh:
        assert (fresh / "building.pid").read_text() == str(os.getpid())
        assert not (fresh / "half").exists()
    assert home.is_dir()
