"""Taking readings in so that what was acknowledged is never lost and never doubled.

``accept`` returns when the batch is on the disk in a write-ahead segment
(:mod:`tanfeng.metering._segments`); ``flush`` moves segments into the store. Any number of
processes and threads accept at once, and any of them may flush; one flush runs at a time.

How a flush survives being killed anywhere: it writes a plan that names the segments and a number,
commits their readings to Delta under that number, notes the batches, deletes the segments, deletes
the plan. Whoever comes next finishes the plan it finds; whether its commit was made, the Delta log
itself says.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from tanfeng.metering._batches import Batches
from tanfeng.metering._delta import Mark
from tanfeng.metering._faults import (
    IntakeError,
    IntakeFailed,
    IntakeFull,
    StoreBusy,
    StoreError,
)
from tanfeng.metering._files import sync_folder
from tanfeng.metering._readings import readings_frame
from tanfeng.metering._segments import (
    OPEN,
    SEALED,
    SEGMENT_BYTES,
    Record,
    Segment,
    locked,
    packed,
    recovered,
    rows_in,
    seal,
    tries_in,
)
from tanfeng.metering.store import Store

__all__ = [
    "Flushed",
    "Intake",
    "IntakeError",
    "IntakeFailed",
    "IntakeFull",
    "Receipt",
    "StoreBusy",
]

_PLAN, _BATCHES = "flush.json", "batches.sqlite"
_AGAIN = "the batch was not acknowledged, send it again", "本批未确认，请重发"
_WAITS = "what was accepted waits there, flush again", "已接收的读数仍在该处，请重新入库"
#: A plan takes segments up to about so many rows, so that memory stays small.
_PLAN_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch; it survives a kill from now on.

    Parameters
    ----------
    rows : int
        Readings accepted; 0 where the batch is known to be here already.
    already : bool
        The batch had come before. A batch another process accepted and nobody flushed yet is not
        recognised here but at the flush; it is stored once all the same.
    """

    rows: int
    already: bool


@dataclass(frozen=True, slots=True)
class Flushed:
    """What a flush moved.

    Parameters
    ----------
    rows, batches : int
        Stored by this call.
    repeated : int
        Batches that had been stored, or waited, already.
    torn : int
        Bytes of records a killed writer did not finish; they were never acknowledged. [B]
    damaged : tuple of str
        Segments in which the disk changed what it had kept; every whole record was stored and the
        file is kept under this name.
    busy : int
        Segments whose writer held them too long; the next flush takes them.
    months : tuple of str
        Partitions that got files.
    """

    rows: int = 0
    batches: int = 0
    repeated: int = 0
    torn: int = 0
    damaged: tuple[str, ...] = ()
    busy: int = 0
    months: tuple[str, ...] = ()


class Intake:
    """The door readings come in through.

    Parameters
    ----------
    folder : str or Path
        Of the write-ahead segments, on a disk of this machine; made where it is absent.
    store : Store
        Where a flush puts the readings.
    limit_rows : int
        Most readings that may wait, over all processes.
    flush_every_s : float
        How often somebody flushes; what a sender that is turned away is told to wait. [s]
    seen_days : int
        A batch that comes again within so many days is recognised; later it is a new one.
    wait_s : float
        Longest wait for a lock. [s]

    Notes
    -----
    Names of batches are one name space: put the gateway in front of its own numbers. Threads may
    share an object. After a fork accept goes on with a segment of its own, while the store must be
    opened anew.
    """

    def __init__(
        self,
        folder: str | Path,
        store: Store,
        *,
        limit_rows: int = 5_000_000,
        flush_every_s: float = 60.0,
        seen_days: int = 35,
        wait_s: float = 10.0,
    ) -> None:
        self._folder = Path(folder)
        self._store = store
        self._limit_rows = limit_rows
        self._flush_every_s = flush_every_s
        self._seen_days = seen_days
        self._wait_s = wait_s
        with self._told():
            self._folder.mkdir(parents=True, exist_ok=True)
        self._begin()

    def _begin(self) -> None:
        """Forget what belonged to another process."""
        self._pid = os.getpid()
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._segment: Segment | None = None
        self._batches: Batches | None = None
        self._mine: set[str] = set()
        self._before: set[str] = set()
        self._counted_rows = 0
        self._own_since = self._limit_rows  # so that the first batch counts what waits

    def _here(self) -> None:
        """Begin anew in a forked child: two processes must not write into one segment."""
        if self._pid != os.getpid():
            self._begin()

    def accept(self, readings: pl.DataFrame, *, batch: str, received: datetime) -> Receipt:
        """Keep a batch; when this returns, it is on the disk.

        Parameters
        ----------
        readings : polars.DataFrame
            ``point``, ``time``, ``value`` and, if they are known, ``quality`` and ``source``.
        batch : str
            Name of the delivery, the same when it is sent again.
        received : datetime
            When it came.

        Returns
        -------
        Receipt

        Raises
        ------
        ReadingsRefused
            If the frame is no table of readings.
        IntakeFull
            If too much waits; ``retry_after_s`` says when to come back.
        IntakeFailed
            If the disk refuses. In each case nothing was acknowledged: send the batch again.
        """
        given = readings.drop("batch", "received", strict=False)
        frame = readings_frame(given, batch=batch, received=received)
        self._here()
        with self._told():
            with self._writing:
                if batch in self._mine or batch in self._before or batch in self._seen():
                    return Receipt(0, already=True)
                self._room(frame.height)
                segment, until = self._write(packed(frame, batch, received), frame.height)
            with self._syncing:
                try:
                    segment.sync(until)
                except OSError:
                    self._abandon(segment)
                    raise
        with self._writing:
            self._mine.add(batch)
        return Receipt(frame.height, already=False)

    def _write(self, record: bytes, rows: int) -> tuple[Segment, int]:
        """Put a record into this process's segment, or into a new one."""
        while True:
            segment = self._segment
            if segment is None or segment.written > SEGMENT_BYTES:
                segment = self._segment = Segment(self._folder)
                self._mine, self._before = set(), self._mine
            try:
                if segment.write(record, rows, tries=tries_in(self._wait_s)):
                    self._own_since += rows
                    return segment, segment.written
            except OSError:
                self._segment = None
                raise
            self._segment = None

    def _abandon(self, segment: Segment) -> None:
        """Write no more into a file the disk would not keep."""
        with self._writing:
            if self._segment is segment:
                self._segment = None

    def _room(self, rows: int) -> None:
        """Refuse a batch while too much waits; others' rows are counted now and then."""
        if self._own_since * 100 >= self._limit_rows or self._full(rows):
            self._counted_rows, self._own_since = self.waiting(), 0
        if self._full(rows):
            retry = max(1, math.ceil(self._flush_every_s))
            raise IntakeFull(
                f"{self._folder}: {self._counted_rows} readings wait to be stored and at most "
                f"{self._limit_rows} may; send the batch again in {retry} s. If this goes on, "
                "see that the flush runs",
                f"{self._folder}：已有 {self._counted_rows} 条读数等待入库，"
                f"上限 {self._limit_rows}；请在 {retry} 秒后重发。"
                "若持续出现，请检查入库任务是否运行",
                retry_after_s=retry,
            )

    def _full(self, rows: int) -> bool:
        waiting = self._counted_rows + self._own_since
        # A batch above the limit is let in when nothing waits: it would never get in otherwise.
        return waiting > 0 and waiting + rows > self._limit_rows

    def waiting(self) -> int:
        """Return how many readings wait to be stored, over all processes."""
        return sum(rows_in(path) for path in self._paths(OPEN, SEALED))

    def _paths(self, *suffixes: str) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if path.suffix in suffixes)

    def _seen(self) -> Batches:
        if self._batches is None:
            self._batches = Batches(
                self._folder / _BATCHES, days=self._seen_days, wait_s=self._wait_s
            )
        return self._batches

    def replay(self) -> Flushed:
        """Store what an earlier process accepted and did not flush; call it at the start."""
        return self.flush()

    def flush(self, *, tidy: bool = True) -> Flushed:
        """Move everything accepted so far into the store, once.

        Parameters
        ----------
        tidy : bool
            Merge small files of the months that got some, when there are many.

        Returns
        -------
        Flushed

        Raises
        ------
        StoreBusy
            If another flush runs for longer than ``wait_s``.
        IntakeFailed, StoreError
            If the disk or the store refuses; what was accepted stays where it is.
        """
        self._here()
        with self._told(*_WAITS), self._alone():
            done: list[Flushed] = []
            if (self._folder / _PLAN).exists():
                done.append(self._carry_out())
            opened = self._paths(OPEN)
            tries = tries_in(self._wait_s)
            busy = sum(seal(path, tries=tries) is None and path.exists() for path in opened)
            sync_folder(self._folder)
            for paths in _portions(self._paths(SEALED)):
                self._plan(paths)
                done.append(self._carry_out())
        flushed = _sum(done, busy)
        if tidy and flushed.months:
            # What was accepted is stored; what keeps files from being merged keeps until next time.
            with suppress(StoreError):
                self._store.compact(flushed.months)
        return flushed

    def _plan(self, paths: Sequence[Path]) -> None:
        name = self._name()
        plan = {
            "name": name,
            "number": self._store.number(name) + 1,
            "segments": [path.name for path in paths],
        }
        _write_whole(self._folder / _PLAN, json.dumps(plan))

    def _carry_out(self) -> Flushed:
        """Store the segments of the plan, unless that was done, and clear them away."""
        path = self._folder / _PLAN
        plan = json.loads(path.read_text(encoding="utf-8"))
        paths = [self._folder / name for name in plan["segments"]]
        found = {path: recovered(path) for path in paths if path.exists()}
        records = sorted(
            (record for segment in found.values() for record in segment.records),
            key=lambda record: record.received,
        )
        mark = Mark(plan["name"], plan["number"])
        fresh: dict[str, Record] = {}
        months: tuple[str, ...] = ()
        committed = self._store.number(mark.name) >= mark.number
        if committed:
            self._store.settle()
        else:
            for record in records:
                if record.batch not in fresh and record.batch not in self._seen():
                    fresh[record.batch] = record
            if any(record.rows for record in fresh.values()):
                frame = pl.concat([record.frame() for record in fresh.values()])
                months = self._store.append_once(frame, mark).months
        self._seen().add((record.batch, record.received) for record in records)
        damaged = [path for path, segment in found.items() if segment.damaged]
        for one in found:
            if one in damaged:
                one.rename(one.with_suffix(".damaged"))
            else:
                one.unlink()
        path.unlink()
        sync_folder(self._folder)
        return Flushed(
            rows=sum(record.rows for record in fresh.values()),
            batches=len(fresh),
            repeated=0 if committed else len(records) - len(fresh),
            torn=sum(segment.torn for segment in found.values()),
            damaged=tuple(str(one.with_suffix(".damaged")) for one in damaged),
            months=months,
        )

    def _name(self) -> str:
        """Return the name flushes of this folder commit under.

        It is bound to the folder itself, so that a copied home has a name of its own.
        """
        path = self._folder / "name.json"
        folder = self._folder.stat().st_ino
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["folder"] == folder:
                return str(known["name"])
        name = f"intake/{uuid4().hex}"
        _write_whole(path, json.dumps({"name": name, "folder": folder}))
        return name

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one flush of this folder run at a time."""
        file = os.open(self._folder / "flush.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            with locked(file, tries_in(self._wait_s)):
                yield
        except TimeoutError:
            raise StoreBusy(
                f"{self._folder}: another flush has been running for {self._wait_s} s; "
                "try again when it is done",
                f"{self._folder}：另一入库任务已运行 {self._wait_s} 秒，请稍后重试",
            ) from None
        finally:
            os.close(file)

    @contextmanager
    def _told(self, en: str = _AGAIN[0], zh: str = _AGAIN[1]) -> Iterator[None]:
        """Say of what the disk refuses where it was and what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise IntakeFailed(
                f"{self._folder / _BATCHES}: {error}. If the file is broken, move it away: batches "
                "sent again are then stored twice, and still read once",
                f"{self._folder / _BATCHES}：{error}。若文件已损坏请移走："
                "此后重发的批次会重复入库，读取时仍只计一次",
            ) from error
        except OSError as error:
            raise IntakeFailed(
                f"{self._folder}: the disk refuses ({error}). Free or mend it; {en}",
                f"{self._folder}：磁盘拒绝写入（{error}）。请清理或修复磁盘；{zh}",
            ) from error


def _portions(paths: Sequence[Path]) -> Iterator[list[Path]]:
    portion: list[Path] = []
    rows = 0
    for path in paths:
        if portion and rows + rows_in(path) > _PLAN_ROWS:
            yield portion
            portion, rows = [], 0
        portion.append(path)
        rows += rows_in(path)
    if portion:
        yield portion


def _sum(parts: Sequence[Flushed], busy: int) -> Flushed:
    return Flushed(
        rows=sum(part.rows for part in parts),
        batches=sum(part.batches for part in parts),
        repeated=sum(part.repeated for part in parts),
        torn=sum(part.torn for part in parts),
        damaged=tuple(name for part in parts for name in part.damaged),
        busy=busy,
        months=tuple(sorted({month for part in parts for month in part.months})),
    )


def _write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
