"""Keeping the store in order: merging files, dropping months, clearing, what changed."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import deltalake
import polars as pl
import pytest

from metering import engines
from metering.readings_kit import NOON, at, count, quarter_hours, rows, told
from tanfeng.metering import _delta, _tidy
from tanfeng.metering._faults import ChangesForgotten, RetentionRefused, StoreBusy, StoreError
from tanfeng.metering._files import DataFile
from tanfeng.metering.store import Compacted, Store

#: Ibis 12 asks DuckDB 2 under a name it is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "readings")


def minute_by_minute(store, times, points=("a", "b")):
    for number in range(times):
        frame = rows([(point, number, number) for point in points], received=number)
        store.append(frame, batch=f"minute{number}")


def test_sixteen_small_files_become_one(store):
    minute_by_minute(store, 15)
    assert store.compact() == ()
    store.append(rows([("a", 15, 15), ("b", 15, 15)], received=15), batch="minute15")
    before = store.readings()
    assert store.compact() == (Compacted("2026-10", 16, 1),)
    assert len(store.files()) == 1
    assert store.readings().equals(before)
    assert store.compact() == ()
    found = pl.read_parquet(store.files()[0])
    assert found.equals(found.sort("point", "time"))
    assert found.height == 32


def test_a_size_class_takes_the_smaller_ones_along():
    def file(name, rows_):
        return DataFile(name, "2026-10", rows_, 1, 1, "a", "b", NOON, NOON, NOON, NOON)

    small = [file(f"s{n}", 10) for n in range(3)]
    middle = [file(f"m{n}", 20_000) for n in range(16)]
    large = [file(f"l{n}", 3_000_000) for n in range(20)]
    assert _tidy.crowded(small + large) == []
    assert set(_tidy.crowded(large + middle + small)) == {*small, *middle}


def test_a_settled_month_has_no_point_in_two_files(store, monkeypatch):
    monkeypatch.setattr(_tidy, "FILE_ROWS", 20)
    points = [f"p{number}" for number in range(9)]
    for number in range(4):
        frame = quarter_hours(points, 2, received=number).with_columns(
            time=pl.col("time") + pl.duration(hours=number)
        )
        store.append(frame, batch=str(number))
    before = store.readings()
    assert len(store.files(["p4"])) == 4
    done = store.compact(["2026-10"], settle=True)
    assert [one.month for one in done] == ["2026-10"]
    assert len(store.files(["p4"])) == 1
    assert store.readings().equals(before)
    assert store.compact(["2026-10"], settle=True) == ()
    ranges = [pl.read_parquet(path)["point"].unique().to_list() for path in store.files()]
    assert sorted(len(one) for one in ranges) == [1, 2, 2, 2, 2]


def test_a_point_that_fills_more_than_a_file_is_cut(store, monkeypatch):
    monkeypatch.setattr(_tidy, "FILE_ROWS", 8)
    monkeypatch.setattr(_tidy.pieces, "__defaults__", (8,))
    minute_by_minute(store, 20)
    before = store.readings()
    store.compact(settle=True)
    assert len(store.files()) == 6
    assert len(store.files(["a"])) == 3
    assert store.readings().equals(before)
    assert store.compact(settle=True) == ()


def test_rows_equal_in_every_column_become_one(store, monkeypatch):
    monkeypatch.setattr(Store, "number", lambda *_: 0)
    frame = rows([("a", 0, 1), ("a", 15, 2)])
    store.append(frame, batch="x")
    # The same rows under another mark, as a restored backup may bring them.
    again = frame.with_columns(batch=pl.lit("x"))
    store.append_once(again, _delta.Mark("restored", 1))
    assert count(store.table(engines.con())) == 4
    assert store.readings().height == 2
    store.compact(settle=True)
    assert count(store.table(engines.con())) == 2


def test_a_correction_and_what_it_corrects_both_stay(store):
    store.append(rows([("a", 0, 1)], received=0), batch="x")
    store.append(rows([("a", 0, 2)], received=5), batch="y")
    store.compact(settle=True)
    assert told(store.readings()) == [("a", at(0), 2)]
    assert told(store.readings(known_on=at(4))) == [("a", at(0), 1)]


def test_an_append_during_a_compaction_is_kept(store, monkeypatch):
    minute_by_minute(store, 16)
    commit = _delta.Log.commit

    def slow(log, *given, **named):
        if named.get("removed"):
            Store(store.uri).append(rows([("c", 0, 1)]), batch="meanwhile")
        return commit(log, *given, **named)

    monkeypatch.setattr(_delta.Log, "commit", slow)
    store.compact()
    assert store.readings().height == 33
    assert len(store.files()) == 2


def test_two_compactions_of_the_same_files_double_nothing(store, monkeypatch):
    """The slower one sees that it was overtaken, throws its files away and has nothing to do."""
    minute_by_minute(store, 16)
    commit = _delta.Log.commit
    first = []

    def slow(log, *given, **named):
        if not first:
            first.append(True)
            assert Store(store.uri).compact() == (Compacted("2026-10", 16, 1),)
        return commit(log, *given, **named)

    monkeypatch.setattr(_delta.Log, "commit", slow)
    assert store.compact() == ()
    assert count(store.table(engines.con())) == 32
    assert len(list(Path(store.uri).rglob("*.parquet"))) == 17


def test_compactions_in_the_same_moment_double_nothing(store):
    minute_by_minute(store, 20)
    before = store.readings()
    gate = threading.Barrier(4)

    def work():
        own = Store(store.uri)
        gate.wait(10)
        own.compact(settle=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert count(store.table(engines.con())) == 40
    assert store.readings().equals(before)


def test_who_is_overtaken_each_time_is_told(store, monkeypatch):
    minute_by_minute(store, 16)

    def overtaken(*_given, **_named):
        raise _delta.Overtaken(tried=False)

    monkeypatch.setattr(_delta.Log, "commit", overtaken)
    with pytest.raises(StoreBusy, match="others kept rewriting the files of 2026-10"):
        store.compact()
    with pytest.raises(StoreBusy, match="others kept rewriting the files of 2026-10"):
        store.retain(date(2027, 1, 1), now=datetime(2031, 1, 1, tzinfo=UTC))
    assert len(list(Path(store.uri).rglob("*.parquet"))) == 16


def test_latest_is_the_last_time_of_each_point_and_the_row_that_holds(store):
    store.append(quarter_hours(["a", "b"], 30), batch="x")  # into November
    store.append(rows([("b", 15 * 29, 99)], received=600), batch="correction")
    store.append(rows([("c", 0, 5)]), batch="y")
    assert told(store.latest()) == [("a", at(435), 29), ("b", at(435), 99), ("c", at(0), 5)]
    assert told(store.latest(["b"])) == [("b", at(435), 99)]
    assert told(store.latest(["c", "z"])) == [("c", at(0), 5)]
    assert told(store.latest(since=at(1))) == [("a", at(435), 29), ("b", at(435), 99)]
    assert store.latest(since=at(436)).is_empty()


def test_changes_are_windows_of_the_points_that_got_rows(store):
    assert store.changes(-1).is_empty()
    store.append(quarter_hours(["a", "b"], 30), batch="x")
    seen = store.version()
    assert store.changes(-1).rows() == [("a", at(0), at(435), at(0)), ("b", at(0), at(435), at(0))]
    assert store.changes(seen).is_empty()
    store.append(rows([("b", 30, 7), ("b", 60, 8)], received=500), batch="y")
    store.append(rows([("b", 45, 7), ("c", 0, 1)], received=510), batch="z")
    told_ = [("b", at(30), at(60), at(510)), ("c", at(0), at(0), at(510))]
    assert store.changes(seen).rows() == told_
    store.compact(settle=True)
    assert store.changes(seen).rows() == told_
    assert store.changes(store.version() - 1).is_empty()


def test_changes_through_a_url(tmp_path):
    store = Store(f"file://{tmp_path}/far")
    store.append(rows([("a", 0, 1)]), batch="x")
    seen = store.version()
    store.append(rows([("b", 0, 1)]), batch="y")
    assert store.changes(seen)["point"].to_list() == ["b"]
    assert store.compact(settle=True) == (Compacted("2026-10", 2, 1),)
    deltalake.DeltaTable(store.uri).create_checkpoint()
    Path(tmp_path, "far", "_delta_log", f"{seen + 1:020d}.json").unlink()
    with pytest.raises(ChangesForgotten):
        Store(store.uri).changes(seen)


def test_a_checkpoint_of_the_log_forgets_nothing(store):
    minute_by_minute(store, 3)
    store.compact(settle=True)
    deltalake.DeltaTable(store.uri).create_checkpoint()
    again = Store(store.uri)
    assert again.append(rows([("a", 0, 9)]), batch="minute1").already
    assert again.files(["a"]) == store.files(["a"])
    assert again.files(["b2"]) == ()
    assert again.changes(1)["last"].to_list() == [at(2), at(2)]
    assert again.number("month/2026-10") == 1


def test_a_broken_log_is_told_with_what_to_do(store):
    store.append(rows([("a", 0, 1)]), batch="x")
    Path(store.uri, "_delta_log", f"{1:020d}.json").write_text("{broken")
    with pytest.raises(StoreError, match=r"log of the readings store .* cannot be read.*backup"):
        Store(store.uri).readings()


def test_changes_that_were_cleared_away_are_not_guessed(store):
    store.append(rows([("a", 0, 1)]), batch="x")
    seen = store.version()
    store.append(rows([("b", 0, 1)]), batch="y")
    store.compact(settle=True)
    for path in Path(store.uri, "month=2026-10").iterdir():
        if str(path) not in store.files():
            path.unlink()
    with pytest.raises(ChangesForgotten, match=r"since version 1 is no longer known .*version=-1"):
        store.changes(seen)
    assert store.changes(-1)["point"].to_list() == ["a", "b"]


NOW = datetime(2029, 11, 15, tzinfo=UTC)


def test_a_month_goes_when_asked_and_three_years_old(store):
    store.append(quarter_hours(["a"], 30), batch="x")  # October and November 2026
    assert store.retain(date(2026, 10, 31), now=NOW) == ()
    assert store.retain(date(2026, 11, 1), now=NOW) == ("2026-10",)
    assert store.retain(date(2026, 11, 1), now=NOW) == ()
    assert not store._drop("2026-10", NOW)  # another dropped it in the meantime
    assert store.readings()["time"].min() == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert len(list(Path(store.uri).rglob("*.parquet"))) == 2


def test_readings_younger_than_three_years_stay_unless_that_is_said(store):
    store.append(quarter_hours(["a"], 4), batch="x")
    store.append(rows([("a", 60 * 24, 1)]), batch="y")
    with pytest.raises(RetentionRefused, match=r"3 years: 2026-12-01 is later than 2026-11-15"):
        store.retain(date(2026, 12, 1), now=NOW)
    assert store.readings().height == 5
    dropped = store.retain(date(2026, 12, 1), now=NOW, even_younger=True)
    assert dropped == ("2026-10", "2026-11")
    assert store.readings().is_empty()


def test_a_leap_day_three_years_ago_is_the_28th(store):
    now = datetime(2028, 2, 29, tzinfo=UTC)
    assert store.retain(datetime(2025, 2, 28, tzinfo=UTC), now=now) == ()
    with pytest.raises(RetentionRefused):
        store.retain(datetime(2025, 3, 1, tzinfo=UTC), now=now)


def test_clearing_takes_what_nobody_reads_any_more(store):
    assert store.clear() == 0
    minute_by_minute(store, 16)
    old = store.files()
    store.compact()
    orphan = Path(store.uri, "month=2026-10", "killed.parquet")
    orphan.write_bytes(b"half a file")
    assert store.clear() == 0
    assert orphan.exists()
    assert all(Path(path).exists() for path in old)
    _age(store, days=8)
    os.utime(orphan, (0, 0))
    before = store.readings()
    assert Store(store.uri).clear() == 17
    assert store.readings().equals(before)
    assert [str(p) for p in Path(store.uri).rglob("*.parquet")] == list(store.files())


def _age(store, days):
    """Let the last compaction lie some days back."""
    entry = max(Path(store.uri, "_delta_log").glob("*.json"))
    lines = [json.loads(line) for line in entry.read_text().splitlines()]
    for line in lines:
        if "remove" in line:
            ago = datetime.now(UTC) - timedelta(days=days)
            line["remove"]["deletionTimestamp"] = int(ago.timestamp() * 1000)
    entry.write_text("\n".join(json.dumps(line) for line in lines))


def test_files_are_kept_for_a_week_at_least(store):
    with pytest.raises(StoreError, match="kept for 7 days at least, 6 is too few"):
        store.clear(keep_days=6)


def test_a_reader_goes_on_with_the_files_it_was_given(store):
    minute_by_minute(store, 16)
    held = store.files()
    store.compact()
    store.clear()
    assert pl.read_parquet(held, hive_partitioning=False).height == 32


def test_asking_for_a_table_leaves_nothing_behind_in_the_backend(store):
    con = ibis.duckdb.connect()
    store.append(rows([("P'1", 0, 1)]), batch="a")
    for _time in range(3):
        assert con.to_polars(store.table(con, ["P'1"]))["value"].to_list() == [1.0]
    assert con.raw_sql("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchone() == (0,)
    assert con.raw_sql("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
