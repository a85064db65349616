"""The intake: acknowledged is kept, sent twice is once, the disk's no is passed on."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import threading
from datetime import timedelta

import polars as pl
import pytest

from metering.readings_kit import NOON, at, quarter_hours, rows, told
from tanfeng.metering import _segments
from tanfeng.metering._faults import IntakeFailed, IntakeFull, ReadingsRefused, StoreBusy
from tanfeng.metering.frames import READINGS
from tanfeng.metering.intake import Flushed, Intake, Receipt
from tanfeng.metering.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "readings")


@pytest.fixture
def intake(tmp_path, store):
    return Intake(tmp_path / "intake", store)


def again(intake, store, **options):
    """Return what a process started later would hold."""
    return Intake(intake._folder, Store(store.uri), **options)


def segments(intake):
    return sorted(p.name for p in intake._folder.iterdir() if p.suffix in (".open", ".sealed"))


def test_accepted_waits_and_flushed_is_stored(intake, store):
    receipt = intake.accept(rows([("a", 0, 1), ("b", 0, 2)]), batch="x", received=at(1))
    assert receipt == Receipt(rows=2, already=False)
    assert store.readings().is_empty()
    assert intake.waiting() == 2
    assert intake.flush() == Flushed(rows=2, batches=1, months=("2026-10",))
    assert store.readings().row(0) == ("a", at(0), 1.0, 0, "gateway", at(1), "x")
    assert intake.waiting() == 0
    assert segments(intake) == []
    assert intake.flush() == Flushed()


def test_what_a_gateway_need_not_say_is_filled_in(intake, store):
    intake.accept(rows([("a", 0, 1)]).select("point", "time", "value"), batch="x", received=at(1))
    intake.flush()
    assert store.readings().row(0) == ("a", at(0), 1.0, 0, "", at(1), "x")


def test_a_later_process_takes_over_what_waits(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(1))
    assert again(intake, store).replay().rows == 1
    assert told(store.readings()) == [("a", at(0), 1)]


def test_the_writer_goes_on_after_its_segment_was_taken(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(1))
    again(intake, store).flush()
    intake.accept(rows([("a", 15, 2)]), batch="y", received=at(2))
    assert len(segments(intake)) == 1
    assert again(intake, store).flush().rows == 1
    assert told(store.readings()) == [("a", at(0), 1), ("a", at(15), 2)]


def test_sent_again_is_once_while_it_waits_and_after(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(1))
    assert intake.accept(rows([("a", 0, 1)]), batch="x", received=at(2)).already
    intake.flush()
    assert intake.accept(rows([("a", 0, 1)]), batch="x", received=at(3)) == Receipt(0, already=True)
    assert again(intake, store).accept(rows([("a", 0, 1)]), batch="x", received=at(4)).already
    assert intake.flush() == Flushed()


def test_sent_again_through_another_process_is_found_at_the_flush(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(1))
    other = again(intake, store)
    assert not other.accept(rows([("a", 0, 9)]), batch="x", received=at(2)).already
    done = other.flush()
    assert (done.rows, done.batches, done.repeated) == (1, 1, 1)
    assert told(store.readings()) == [("a", at(0), 1)]


def test_a_batch_is_forgotten_after_the_stated_days(intake, store):
    short = again(intake, store, seen_days=2)
    short.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    short.flush()
    short.accept(rows([("a", 15, 1)]), batch="y", received=NOON + timedelta(days=2))
    short.flush()
    fresh = again(intake, store)
    assert fresh.accept(rows([("a", 0, 1)]), batch="x", received=at(9)).already
    short.accept(rows([("a", 30, 1)]), batch="z", received=NOON + timedelta(days=2, seconds=1))
    short.flush()
    assert not again(intake, store).accept(rows([("a", 0, 1)]), batch="x", received=at(9)).already


def test_an_empty_batch_is_acknowledged_and_makes_no_version(intake, store):
    assert intake.accept(rows([]), batch="x", received=at(1)).rows == 0
    assert intake.flush() == Flushed(batches=1)
    assert store.version() == -1
    assert intake.accept(rows([("a", 0, 1)]), batch="x", received=at(1)).already


def test_a_frame_that_is_none_is_refused_and_not_written(intake):
    with pytest.raises(ReadingsRefused):
        intake.accept(rows([("", 0, 1)]), batch="x", received=at(1))
    assert segments(intake) == []


def test_too_much_waiting_is_refused_with_when_to_come_back(intake, store):
    small = again(intake, store, limit_rows=10, flush_every_s=2.5)
    small.accept(quarter_hours(["a"], 6), batch="x", received=at(0))
    with pytest.raises(IntakeFull, match=r"6 readings wait .* at most 10 may.* in 3 s") as caught:
        small.accept(quarter_hours(["b"], 6), batch="y", received=at(0))
    assert caught.value.retry_after_s == 3
    assert small.accept(quarter_hours(["b"], 4), batch="z", received=at(0)).rows == 4
    other = again(intake, store, limit_rows=10)
    with pytest.raises(IntakeFull):
        other.accept(quarter_hours(["b"], 1), batch="y", received=at(0))
    other.flush()
    assert small.accept(quarter_hours(["b"], 6), batch="y", received=at(0)).rows == 6


def test_a_batch_above_the_limit_gets_in_when_nothing_waits(intake, store):
    small = again(intake, store, limit_rows=10)
    assert small.accept(quarter_hours(["a"], 20), batch="x", received=at(0)).rows == 20


def test_a_torn_tail_is_dropped_and_the_rest_kept(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    size = (intake._folder / segments(intake)[0]).stat().st_size
    intake.accept(rows([("a", 15, 2)]), batch="y", received=at(0))
    path = intake._folder / segments(intake)[0]
    whole = path.read_bytes()
    for cut in (size + 1, size + 9, size + 20, len(whole) - 1):
        path.write_bytes(whole[:cut])
        found = _segments.recovered(path)
        assert [record.batch for record in found.records] == ["x"]
        assert (found.torn, found.damaged) == (cut - size, False)
    done = again(intake, store).flush()
    assert (done.batches, done.torn, done.damaged) == (1, len(whole) - 1 - size, ())


def test_a_file_cut_in_its_head_holds_nothing(intake, store):
    (intake._folder / "cut.open").write_bytes(b"TFWAL")
    assert intake.waiting() == 0
    assert intake.flush() == Flushed()
    assert segments(intake) == []


def test_a_damaged_segment_gives_its_whole_records_and_is_kept(intake, store):
    for number in range(3):
        intake.accept(rows([("a", number, number)]), batch=f"b{number}", received=at(0))
    path = intake._folder / segments(intake)[0]
    content = bytearray(path.read_bytes())
    second = content.index(b"TFR1", content.index(b"TFR1") + 1)
    content[second + 40] ^= 0xFF
    path.write_bytes(content)
    done = again(intake, store).flush()
    assert (done.batches, len(done.damaged)) == (2, 1)
    assert done.torn > 0
    assert told(store.readings()) == [("a", at(0), 0), ("a", at(2), 2)]
    assert (intake._folder / done.damaged[0]).read_bytes() == bytes(content)


@pytest.mark.parametrize("step", ["number", "append_once", "add", "unlink"])
def test_a_flush_that_dies_at_any_step_is_finished_once(intake, store, monkeypatch, step):
    """The step after which the process dies, from the plan to the last deletion."""

    class Died(Exception):
        pass

    def dies(owner, name, after):
        done = getattr(owner, name)

        def run(*given, **named):
            result = done(*given, **named) if after else None
            raise Died from None
            return result

        monkeypatch.setattr(owner, name, run)

    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    intake.accept(rows([("b", 0, 1)]), batch="y", received=at(0))
    owners = {"number": Store, "append_once": Store}
    if step == "add":
        dies(type(intake._seen()), "add", after=True)
    elif step == "unlink":
        dies(type(intake._folder), "unlink", after=True)
    else:
        dies(owners[step], step, after=step == "append_once")
    with pytest.raises(Died):
        intake.flush()
    monkeypatch.undo()
    done = again(intake, store).flush()
    assert done.repeated == 0
    assert done.rows == (2 if step == "number" else 0)
    assert store.readings().height == 2
    assert store.number(intake._name()) == 1
    assert segments(intake) == []
    assert again(intake, store).accept(rows([("a", 0, 1)]), batch="x", received=at(5)).already


def test_a_copied_folder_commits_under_a_name_of_its_own(intake, store, tmp_path):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    intake.flush()
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in intake._folder.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    other = Intake(copied, Store(store.uri))
    other.accept(rows([("b", 0, 1)]), batch="y", received=at(0))
    assert other.flush().rows == 1
    assert other._name() != intake._name()
    intake.accept(rows([("c", 0, 1)]), batch="z", received=at(0))
    assert intake.flush().rows == 1
    assert store.readings().height == 3


def test_a_full_disk_is_told_and_the_segment_stays_readable(intake, store, monkeypatch):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    write = os.pwrite

    def half(file, content, offset):
        if offset > 16 and len(content) > 100:
            return write(file, bytes(content[:100]), offset)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(IntakeFailed, match=r"No space left.*not acknowledged, send it again"):
        intake.accept(rows([("a", 15, 2)]), batch="y", received=at(0))
    monkeypatch.undo()
    assert not intake.accept(rows([("a", 15, 3)]), batch="y", received=at(0)).already
    assert again(intake, store).flush().torn == 0
    assert told(store.readings()) == [("a", at(0), 1), ("a", at(15), 3)]


def test_what_could_not_be_synced_is_not_acknowledged_and_sent_again_is_once(
    intake, store, monkeypatch
):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))

    def fails(file):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(IntakeFailed, match="Input/output"):
        intake.accept(rows([("a", 15, 2)]), batch="y", received=at(1))
    monkeypatch.undo()
    assert not intake.accept(rows([("a", 15, 2)]), batch="y", received=at(2)).already
    assert len(segments(intake)) == 2
    assert again(intake, store).flush().repeated == 1
    assert store.readings().height == 2


def test_a_limit_of_the_operating_system_is_a_full_disk_too(intake, store):
    context = multiprocessing.get_context("spawn")
    told_back = context.Queue()
    child = context.Process(
        target=_write_until_refused, args=(intake._folder, store.uri, told_back)
    )
    child.start()
    accepted = told_back.get(timeout=30)
    child.join(30)
    assert child.exitcode == 0
    assert accepted > 1
    assert intake.replay().batches == accepted


def _write_until_refused(folder, uri, told_back):
    intake = Intake(folder, Store(uri))
    intake.accept(quarter_hours(["a"], 100), batch="first", received=at(0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
    accepted = 1
    try:
        while accepted < 100:
            frame = quarter_hours([f"p{accepted}"], 100)
            intake.accept(frame, batch=str(accepted), received=at(0))
            accepted += 1
    except IntakeFailed:
        told_back.put(accepted)


def test_a_broken_list_of_batches_says_what_to_do(intake, store):
    (intake._folder / "batches.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(IntakeFailed, match=r"batches\.sqlite: file is not a database.*move it"):
        intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))


def test_a_folder_nobody_can_make_is_told(tmp_path, store):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(IntakeFailed, match="Not a directory"):
        Intake(tmp_path / "file" / "intake", store)


def test_a_second_flush_does_not_wait_forever(intake, store):
    with intake._alone(), pytest.raises(StoreBusy, match=r"another flush .* 0\.05 s"):
        again(intake, store, wait_s=0.05).flush()


def test_a_segment_its_writer_holds_is_left_for_the_next_flush(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    path = intake._folder / segments(intake)[0]
    with path.open("rb") as held, _segments.locked(held.fileno(), 0):
        assert again(intake, store, wait_s=0.02).flush() == Flushed(busy=1)
        hurried = again(intake, store, wait_s=0.02)
        hurried.accept(rows([("b", 0, 1)]), batch="y", received=at(0))
    assert again(intake, store).flush().batches == 2


def test_a_writer_whose_segment_is_held_too_long_is_told(intake, store):
    hurried = again(intake, store, wait_s=0.02)
    hurried.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    path = intake._folder / segments(intake)[0]
    told_it = pytest.raises(IntakeFailed, match="another process holds the file")
    with path.open("rb") as held, _segments.locked(held.fileno(), 0), told_it:
        hurried.accept(rows([("b", 0, 1)]), batch="y", received=at(0))
    assert hurried.accept(rows([("b", 0, 1)]), batch="y", received=at(0)).rows == 1


def test_a_large_segment_is_followed_by_another(intake, store, monkeypatch):
    monkeypatch.setattr("tanfeng.metering.intake.SEGMENT_BYTES", 1000)
    monkeypatch.setattr("tanfeng.metering.intake._PLAN_ROWS", 100)
    for number in range(4):
        intake.accept(quarter_hours(["a"], 40, received=number), batch=str(number), received=at(0))
    assert len(segments(intake)) == 4
    done = intake.flush()
    assert (done.rows, done.batches) == (160, 4)
    assert store.version() == 2  # the table, then two plans of two segments


def test_threads_share_an_intake(intake, store):
    def work(name):
        for number in range(20):
            intake.accept(rows([(name, number, 1)]), batch=f"{name}{number}", received=at(0))

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(segments(intake)) == 1
    assert intake.flush().batches == 120


def test_a_forked_child_writes_a_segment_of_its_own(intake, store):
    intake.accept(rows([("a", 0, 1)]), batch="x", received=at(0))
    record = _segments.packed(rows([("b", 0, 1)]), "y", at(0))  # polars does not survive a fork
    pid = os.fork()
    if pid == 0:
        try:
            intake._here()
            segment, until = intake._write(record, 1)
            segment.sync(until)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    intake.accept(rows([("a", 15, 2)]), batch="z", received=at(0))
    assert len(segments(intake)) == 2
    assert intake.flush().batches == 3


def test_a_batch_of_the_intake_keeps_one_row_of_each_point_and_time(intake, store):
    intake.accept(rows([("a", 0, 1), ("a", 0, 2)]), batch="x", received=at(0))
    intake.flush()
    assert told(store.readings()) == [("a", at(0), 2)]
    assert pl.scan_delta(store.uri).select(pl.len()).collect().item() == 1


def test_a_segment_keeps_every_column(intake):
    frame = rows([("计量点一", 0, 1.5)], quality=3)
    record = _segments.packed(frame, "批次", at(7))
    path = intake._folder / "one.open"
    path.write_bytes(b"TFWAL001" + bytes(8) + record)
    (found,) = _segments.recovered(path).records
    assert found.frame().schema == READINGS
    assert found.frame().row(0) == ("计量点一", at(0), 1.5, 3, "gateway", at(7), "批次")
