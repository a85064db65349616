"""Tables kept in runs: read as one, merged, and found again when a run was merged meanwhile."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tanfeng.metering import _kept_files
from tanfeng.metering._faults import StoreError
from tanfeng.metering._kept_files import Files, Gone, Table

_SCHEMA = pl.Schema({"id": pl.Int32, "slot": pl.Int32, "amount": pl.Float64})
TABLES = {
    "last": Table(_SCHEMA, ("id", "slot")),
    "sums": Table(pl.Schema({"id": pl.Int32, "n": pl.Int64}), ("id",), adds=True),
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(_kept_files, "_LATER", 3)
    return Files(tmp_path, TABLES)


def rows(*ids, amount=1.0):
    return pl.DataFrame(
        {"id": ids, "slot": [0] * len(ids), "amount": [amount] * len(ids)}, schema=_SCHEMA
    )


def sums(*ids):
    return pl.DataFrame({"id": ids, "n": [1] * len(ids)}, schema=TABLES["sums"].schema)


def committed(files, times, first=0):
    """Write a run of each table so many times, over each other."""
    with files.writing() as writer:
        for n in range(first, first + times):
            new = {("last", "a"): rows(1, 2, 3, amount=float(n)), ("sums", "a"): sums(1, 3)}
            writer.commit(new, {"n": n})


def test_the_last_written_holds_or_all_add_up(files):
    committed(files, 3)
    look = files.look()
    assert look.mark == {"n": 2}
    assert look.rows("last") == look.rows("last", "a") == 9
    assert look.read("last", keys=[1, 3]).sort("id").equals(rows(1, 3, amount=2.0))
    assert look.read("last", keys=[]).is_empty()
    assert look.read("sums").sort("id").rows() == [(1, 3), (3, 3)]
    assert look.read("sums", ["a"], [1], pl.col("n") > 5).is_empty()
    assert look.parts("nothing yet") == []


def test_crowded_runs_are_merged_and_what_they_replaced_goes_later(files, tmp_path):
    committed(files, 11)
    assert len(files.look().runs["last"]["a"]) == 11
    committed(files, 1, first=11)
    assert [run.rows for run in files.look().runs["last"]["a"]] == [3]
    assert files.look().read("last")["amount"].unique().to_list() == [11.0]
    assert files.look().read("sums").sort("id").rows() == [(1, 12), (3, 12)]
    assert (tmp_path / "last" / "a-00000001-0-0.parquet").exists()  # somebody may be reading it
    committed(files, 6, first=12)
    assert not (tmp_path / "last" / "a-00000001-0-0.parquet").exists()
    assert files.look().read("last")["amount"].unique().to_list() == [17.0]


def test_a_long_run_is_left_out_of_a_merge(files):
    with files.writing() as writer:
        writer.commit({("last", "a"): rows(*range(200), amount=-1.0)})
    committed(files, 11)
    assert [run.rows for run in files.look().runs["last"]["a"]] == [200, 3]
    found = files.look().read("last").sort("id")
    assert found["amount"].to_list() == [-1.0, *[10.0] * 3, *[-1.0] * 196]
    with files.writing() as writer:
        assert writer.compact() == 2  # the sums, too
    assert [run.rows for run in files.look().runs["last"]["a"]] == [200]
    assert files.look().read("last").sort("id").equals(found)


def test_what_lies_over_a_merged_run_is_merged_with_it(files):
    """8 and 12 lie over 3 and 8, which lies over 1 to 3: left out, an older row would hold."""
    committed(files, 6)
    with files.writing() as writer:
        writer.commit({("last", "a"): rows(3, 8, amount=-1.0)})
        writer.commit({("last", "a"): rows(8, 12, amount=-2.0)})
    committed(files, 5, first=6)
    assert [run.rows for run in files.look().runs["last"]["a"]] == [5]
    found = dict(files.look().read("last").select("id", "amount").iter_rows())
    assert found == {1: 10.0, 2: 10.0, 3: 10.0, 8: -2.0, 12: -2.0}


def test_runs_beside_each_other_are_not_merged(files):
    with files.writing() as writer:
        for n in range(13):
            writer.commit({("last", "a"): rows(2 * n, 2 * n + 1)})
        assert writer.compact() == 0
    assert len(files.look().runs["last"]["a"]) == 13
    assert files.look().read("last", keys=[4])["id"].to_list() == [4]


def test_a_reader_looks_again_when_a_run_is_gone(files, tmp_path):
    committed(files, 2)
    old = files.look()
    asked = []

    def read(look):
        asked.append(look.number)
        if len(asked) == 1:  # merged and deleted while it reads
            committed(files, 16, first=2)
            with files.writing() as writer:
                writer.compact()
        return look.read("last")["amount"].unique().to_list()

    assert files.reading(read) == [17.0]
    assert len(asked) == 2
    with pytest.raises(Gone):
        old.read("last")
    for path in (tmp_path / "last").iterdir():
        path.unlink()
    with pytest.raises(StoreError, match="meter refresh --all"):
        files.reading(lambda look: look.read("last"))


def test_nothing_is_read_where_nothing_is_kept_or_another_layout(files, tmp_path):
    assert files.reading(lambda look: look.read("last")) is None
    committed(files, 1)
    listed = json.loads(files.list.read_bytes())
    files.list.write_text(json.dumps(listed | {"layout": 99}))
    assert files.reading(lambda look: look.read("last")) is None
    assert files.list == tmp_path / "kept.json"


def test_what_nobody_lists_is_deleted(files, tmp_path):
    committed(files, 1)
    (tmp_path / "last" / "of-a-killed-writer.parquet").touch()
    with files.writing() as writer:
        writer.compact()
    assert [path.name for path in (tmp_path / "last").iterdir()] == ["a-00000001-0-0.parquet"]
