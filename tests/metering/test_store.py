"""The readings store: appending once, what holds, what was known, which files are opened."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, date, datetime, timedelta

import deltalake
import ibis
import polars as pl
import pytest

from metering import engines
from metering.readings_kit import NOON, at, count, quarter_hours, rows, told
from tanfeng.metering._delta import Log
from tanfeng.metering._faults import ReadingsRefused, StoreBusy, StoreError
from tanfeng.metering.frames import READINGS
from tanfeng.metering.store import Appended, Store

#: Ibis 12 asks DuckDB 2 under a name it is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "readings")


def test_nothing_stands_before_the_first_append(store, tmp_path):
    assert store.version() == -1
    assert store.files() == ()
    assert store.readings().schema == READINGS
    assert count(store.table(engines.con())) == 0
    assert not (tmp_path / "readings").exists()


def test_what_is_appended_is_read_sorted_with_every_column(store):
    done = store.append(rows([("b", 15, 2), ("a", 30, 4), ("a", 0, 3)], received=1), batch="x")
    assert done == Appended(rows=3, already=False, version=1, months=("2026-10",))
    found = store.readings()
    assert found.schema == READINGS
    assert told(found) == [("a", at(0), 3), ("a", at(30), 4), ("b", at(15), 2)]
    assert found.row(0) == ("a", at(0), 3.0, 0, "gateway", at(1), "x")


def test_the_same_batch_twice_is_once(store):
    first = store.append(rows([("a", 0, 1)]), batch="x")
    again = store.append(rows([("a", 0, 1)], received=9), batch="x")
    assert again == Appended(rows=0, already=True, version=first.version)
    assert store.append(rows([("a", 15, 2)]), batch="y").rows == 1
    assert count(store.table(engines.con())) == 2


def test_another_object_and_a_fresh_one_know_the_batch(store, tmp_path):
    other = Store(tmp_path / "readings")
    assert other.version() == -1
    store.append(rows([("a", 0, 1)]), batch="x")
    assert other.append(rows([("a", 0, 1)]), batch="x").already
    assert Store(tmp_path / "readings").append(rows([("a", 0, 1)]), batch="x").already


def test_of_one_point_and_time_the_row_received_last_holds(store):
    store.append(rows([("a", 0, 1), ("a", 15, 2)], received=20), batch="first")
    store.append(rows([("a", 15, 2.5)], received=40), batch="correction")
    store.append(rows([("a", 15, 9)], received=30), batch="came late")
    assert told(store.readings()) == [("a", at(0), 1), ("a", at(15), 2.5)]


def test_received_at_once_the_greater_batch_holds(store):
    store.append(rows([("a", 0, 2)], received=5), batch="b2")
    store.append(rows([("a", 0, 1)], received=5), batch="b1")
    assert told(store.readings()) == [("a", at(0), 2)]


def test_a_batch_that_says_two_things_is_taken_at_its_last_row(store):
    assert store.append(rows([("a", 0, 7), ("a", 0, 5)]), batch="x").rows == 1
    assert told(store.readings()) == [("a", at(0), 5)]


def test_known_on_leaves_out_what_came_later(store):
    store.append(rows([("a", 0, 1)], received=0), batch="first")
    # 5 hours after noon UTC it is 01:00 of 1 November on the city's clock.
    store.append(rows([("a", 0, 2), ("a", 15, 3)], received=300), batch="second")
    assert told(store.readings(known_on=date(2026, 10, 31))) == [("a", at(0), 1)]
    assert told(store.readings(known_on=at(299))) == [("a", at(0), 1)]
    assert told(store.readings(known_on=at(300))) == [("a", at(0), 2), ("a", at(15), 3)]
    assert store.readings(known_on=at(-1)).is_empty()
    raw = store.table(engines.con(), known_on=date(2026, 10, 31))
    assert count(raw) == 1


def test_a_window_has_its_start_and_not_its_end(store):
    store.append(quarter_hours(["a", "b"], 8), batch="x")
    window = {"points": ["a"], "start": at(15), "end": at(45)}
    assert told(store.readings(**window)) == [("a", at(15), 1), ("a", at(30), 2)]
    raw = store.table(engines.con(), **window).order_by("time")
    assert told(engines.fetch(raw)) == told(store.readings(**window))
    assert engines.fetch(raw).schema == READINGS


def test_the_times_of_a_table_name_their_zone(store):
    store.append(quarter_hours(["a"], 2), batch="x")
    raw = store.table(engines.con())
    assert raw.schema()["time"].timezone == raw.schema()["received"].timezone == "UTC"


def test_many_points_are_joined_not_listed(store):
    points = [f"p{number:03d}" for number in range(300)]
    store.append(quarter_hours(points, 2), batch="x")
    raw = store.table(engines.con(), points=points[::2])
    assert count(raw) == 300
    assert store.readings(points=points[::2]).height == 300


def test_months_are_those_of_the_city_and_only_needed_files_are_opened(store):
    store.append(quarter_hours(["a"], 32), batch="x")  # noon to 19:45 UTC: 20:00 to 03:45 local
    store.append(quarter_hours(["k", "m"], 4), batch="y")
    months = [path.split("/")[-2] for path in store.files(["a"])]
    assert months == ["month=2026-10", "month=2026-11"]
    assert len(store.files()) == 3
    assert len(store.files(["l"])) == 1  # between k and m: only opening tells
    assert store.files(["z"]) == ()
    midnight = datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert [path.split("/")[-2] for path in store.files(start=midnight)] == ["month=2026-11"]
    assert len(store.files(["a"], end=midnight)) == 1
    assert store.files(end=NOON) == ()


def test_files_hold_nothing_from_before_they_were_received(store):
    store.append(rows([("a", 0, 1)], received=10), batch="x")
    assert store.readings(known_on=at(9)).is_empty()
    assert store.readings(known_on=at(10)).height == 1


def test_other_readers_of_delta_see_the_same_rows(store):
    store.append(quarter_hours(["a", "b"], 40), batch="x")
    table = deltalake.DeltaTable(store.uri)
    assert table.to_pyarrow_table().num_rows == 80
    assert set(table.to_pyarrow_table(columns=["month"])["month"].to_pylist()) == {
        "2026-10",
        "2026-11",
    }
    assert table.metadata().partition_columns == ["month"]


def test_a_url_goes_through_the_object_store(tmp_path):
    store = Store(f"file://{tmp_path}/far")
    store.append(quarter_hours(["a", "b"], 20), batch="x")
    assert store.append(quarter_hours(["a"], 20), batch="x").already
    assert all(path.startswith("file://") for path in store.files())
    assert store.readings(["a"]).height == 20
    assert count(store.table(engines.con(), ["a"], start=at(30))) == 18


def test_a_commit_whose_answer_was_lost_keeps_its_files(store, monkeypatch):
    store.append(rows([("a", 0, 1)]), batch="x")
    commit = deltalake.DeltaTable.create_write_transaction

    def answer_lost(*given, **named):
        commit(*given, **named)
        raise deltalake.exceptions.DeltaError("connection reset")

    monkeypatch.setattr(deltalake.DeltaTable, "create_write_transaction", answer_lost)
    assert store.append(rows([("b", 0, 2)]), batch="y").already
    monkeypatch.undo()
    assert told(store.readings()) == [("a", at(0), 1), ("b", at(0), 2)]


@pytest.mark.parametrize(
    ("why", "raised", "says"),
    [
        ("Failed to commit: conflict with a winner", StoreBusy, "others kept committing"),
        ("the disk is gone", StoreError, "the commit failed: the disk is gone"),
    ],
)
def test_a_commit_that_fails_adds_nothing(store, monkeypatch, why, raised, says):
    store.append(rows([("a", 0, 1)]), batch="x")

    def fails(*_given, **_named):
        raise deltalake.exceptions.CommitFailedError(why)

    monkeypatch.setattr(deltalake.DeltaTable, "create_write_transaction", fails)
    with pytest.raises(raised, match=says):
        store.append(rows([("b", 0, 2)]), batch="y")
    monkeypatch.undo()
    assert not store.append(rows([("b", 0, 2)]), batch="y").already


def test_a_table_that_cannot_be_made_is_told(store, monkeypatch):
    def fails(*_given, **_named):
        raise deltalake.exceptions.DeltaError("no bucket\nstack")

    monkeypatch.setattr(deltalake.DeltaTable, "create", fails)
    with pytest.raises(StoreError, match=r"readings cannot be made: no bucket$"):
        store.append(rows([("a", 0, 1)]), batch="x")


def test_a_table_two_processes_make_at_once_is_one(store, monkeypatch):
    create = deltalake.DeltaTable.create

    def late(*given, **named):
        create(*given, **named)
        raise deltalake.exceptions.DeltaError("the table exists")

    monkeypatch.setattr(deltalake.DeltaTable, "create", late)
    assert store.append(rows([("a", 0, 1)]), batch="x").rows == 1


def test_a_batch_that_comes_between_check_and_commit_is_once(tmp_path, monkeypatch):
    for path in (tmp_path / "near", f"file://{tmp_path}/far"):
        store = Store(path)
        store.append(rows([("a", 0, 1)]), batch="x")
        monkeypatch.setattr(Log, "number", lambda *_: 0)
        assert store.append(rows([("a", 0, 1)]), batch="x").already
        monkeypatch.undo()
        assert store.readings().height == 1
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_no_points_are_no_readings(store):
    store.append(rows([("a", 0, 1)]), batch="x")
    assert store.readings([]).is_empty()
    assert store.latest([]).is_empty()
    assert count(store.table(engines.con(), [])) == 0


def test_an_engine_that_cannot_open_the_files_is_named(store):
    store.append(rows([("a", 0, 1)]), batch="x")
    with pytest.raises(StoreError, match=r"cannot be opened with polars; use one of duckdb"):
        store.table(ibis.polars.connect())


class Spark:
    """What the store asks of a Spark session and of its Ibis backend; a cluster tests the rest."""

    name = "pyspark"

    def __init__(self):
        self.asked = []
        self._session = self.read = self

    def option(self, *given):
        self.asked.append(given)
        return self

    def parquet(self, *files):
        self.files = files
        return self

    def createOrReplaceTempView(self, name):
        self.view = name

    def table(self, name):
        assert name == self.view
        return ibis.memtable(pl.read_parquet(list(self.files), hive_partitioning=False))


def test_spark_reads_the_same_few_files(store):
    store.append(quarter_hours(["a", "b"], 32), batch="x")
    spark = Spark()
    found = store.table(spark, ["a"], end=at(60)).order_by("time")
    # Without file:// a cluster looks in its own file system.
    wanted = tuple(f"file://{path}" for path in store.files(["a"], end=at(60)))
    assert spark.files == wanted
    assert spark.asked == [("recursiveFileLookup", "true")]
    assert ibis.duckdb.connect().to_polars(found).height == 4


def test_columns_may_be_left_out_or_narrower(store):
    frame = rows([("a", 0, 1)]).drop("quality", "source")
    frame = frame.with_columns(
        value=pl.lit(1, pl.Int32), time=pl.col("time").dt.convert_time_zone("Asia/Shanghai")
    )
    store.append(frame, batch="x")
    assert store.readings().row(0) == ("a", at(0), 1.0, 0, "", at(0), "x")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop("value"), r"missing: value; unknown: none"),
        (lambda f: f.with_columns(unit=pl.lit("kWh")), r"missing: none; unknown: unit"),
        (lambda f: f.with_columns(pl.col("time").dt.replace_time_zone(None)), r"not a time with"),
        (lambda f: f.with_columns(time=pl.lit("2026")), r"column time is String"),
        (lambda f: f.with_columns(value=pl.lit("x")), r"wrong type"),
        (lambda f: f.with_columns(value=pl.lit(None)), r"1 rows are no readings, .* row 1 \(poi"),
        (lambda f: f.with_columns(value=pl.lit(float("nan"))), r"value=nan, .*mend it"),
        (lambda f: f.with_columns(point=pl.lit("")), r"needs a point"),
        (lambda f: f.with_columns(time=pl.col("time").dt.offset_by("-50y")), r"1990 to 2060"),
        (lambda f: f.with_columns(time=pl.col("time").dt.offset_by("50y")), r"1990 to 2060"),
        (lambda f: f.with_columns(quality=pl.lit(None)), r"quality=None"),
    ],
)
def test_a_frame_that_is_no_table_of_readings_is_refused_whole(store, change, says):
    with pytest.raises(ReadingsRefused, match=says) as caught:
        store.append(change(rows([("a", 0, 1)])), batch="x")
    assert caught.value.message("zh") != str(caught.value)
    assert store.version() == -1


def test_a_batch_has_a_name_and_an_instant_its_zone(store):
    with pytest.raises(ReadingsRefused, match="batch is empty"):
        store.append(rows([("a", 0, 1)]), batch="")
    with pytest.raises(ReadingsRefused, match="no time zone"):
        store.readings(start=NOON.replace(tzinfo=None))


def test_an_empty_batch_makes_no_version(store):
    assert store.append(rows([]), batch="x") == Appended(0, already=False, version=-1)


def _append_many(uri, name, names, gate):
    gate.wait(30)
    store = Store(uri)
    for batch in names:
        store.append(quarter_hours([f"{batch}"], 2, received=int(name)), batch=batch)


def test_writers_at_once_lose_nothing_and_double_nothing(store):
    """Three processes append five batches each of their own and five that all of them have."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(3)
    shared = [f"shared{number}" for number in range(5)]
    work = [
        context.Process(
            target=_append_many,
            args=(
                store.uri,
                str(number),
                [*shared, *(f"own{number}-{n}" for n in range(5))],
                gate,
            ),
        )
        for number in range(3)
    ]
    for process in work:
        process.start()
    for process in work:
        process.join(60)
        assert process.exitcode == 0
    raw = engines.fetch(store.table(engines.con()))
    assert raw.height == 2 * (5 + 3 * 5)
    assert raw.group_by("point", "time").len()["len"].max() == 1


def test_a_name_is_remembered_for_400_days_from_when_its_rows_were_received(store):
    long_ago = datetime.now(UTC) - timedelta(days=401)
    frame = rows([("a", 0, 1)]).with_columns(received=pl.lit(long_ago, READINGS["received"]))
    store.append(frame, batch="x")
    assert not store.append(frame, batch="x").already
    assert store.readings().height == 1
