"""Write-ahead segments: files in which accepted batches wait, each record with its own checksum.

A process writes into a segment of its own, ``<name>.open``. Whoever stores readings away takes the
file's lock, renames it to ``<name>.sealed`` and lets go; the writer finds its file gone and begins
another. A process that was killed needs no taking over: its lock fell with it. What it was writing
in that moment fails its checksum and is dropped; nobody was told it had been kept.

::

    segment = "TFWAL001" rows:u64 record*
    record  = "TFR1" head:u32 body:u32 crc32:u32 | {"batch", "received", "rows"} | Arrow stream

``rows`` in the head of a file is a count for back-pressure and nothing else relies on it.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import polars as pl

from tanfeng.metering._files import sync_folder
from tanfeng.metering.frames import READINGS, TIME

OPEN, SEALED = ".open", ".sealed"
_FILE = struct.Struct("<8sQ")
_RECORD = struct.Struct("<4sIII")
_FILE_MAGIC, _MAGIC = b"TFWAL001", b"TFR1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A writer begins another file after so many bytes, so that one is read in one go.
SEGMENT_BYTES = 64 * 2**20
#: Pause between two tries for a lock. [s]
_PAUSE_S = 0.005
#: What stands in the Arrow stream; batch and received are the same for the whole record.
_BODY = [name for name in READINGS if name not in ("received", "batch")]


@dataclass(frozen=True, slots=True)
class Record:
    """One accepted batch.

    Parameters
    ----------
    batch : str
    received : datetime
    rows : int
    body : bytes
        Its readings as an Arrow stream.
    """

    batch: str
    received: datetime
    rows: int
    body: bytes

    def frame(self) -> pl.DataFrame:
        """Return the readings, ``frames.READINGS``."""
        return (
            pl.read_ipc_stream(BytesIO(self.body))
            .with_columns(received=pl.lit(self.received, TIME), batch=pl.lit(self.batch))
            .select(*READINGS)
        )


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a segment held.

    Parameters
    ----------
    records : tuple of Record
    torn : int
        Bytes at its end that belong to no whole record. [B]
    damaged : bool
        Whole records follow bytes that are none: the disk changed what it had kept.
    """

    records: tuple[Record, ...]
    torn: int
    damaged: bool


def packed(frame: pl.DataFrame, batch: str, received: datetime) -> bytes:
    """Return a batch as the bytes of one record."""
    moment = (received - _EPOCH) // timedelta(microseconds=1)
    head = json.dumps({"batch": batch, "received": moment, "rows": frame.height}).encode()
    body = BytesIO()
    frame.select(_BODY).write_ipc_stream(body)
    content = head + body.getvalue()
    sizes = len(head), len(content) - len(head)
    return _RECORD.pack(_MAGIC, *sizes, zlib.crc32(content)) + content


def recovered(path: Path) -> Recovered:
    """Read every whole record of a segment."""
    content = path.read_bytes()
    records: list[Record] = []
    at, torn, damaged = _FILE.size, 0, False
    while at < len(content):
        found = _record(content, at)
        if found is None:
            following = content.find(_MAGIC, at + 1)
            torn += (following if following > 0 else len(content)) - at
            at = following if following > 0 else len(content)
            continue
        damaged = damaged or torn > 0
        record, at = found
        records.append(record)
    return Recovered(tuple(records), torn, damaged)


def _record(content: bytes, at: int) -> tuple[Record, int] | None:
    begin = at + _RECORD.size
    if begin > len(content):
        return None
    magic, head, body, crc = _RECORD.unpack_from(content, at)
    end = begin + head + body
    if magic != _MAGIC or end > len(content) or zlib.crc32(content[begin:end]) != crc:
        return None
    about = json.loads(content[begin : begin + head])
    received = _EPOCH + timedelta(microseconds=about["received"])
    record = Record(about["batch"], received, about["rows"], content[begin + head : end])
    return record, end


class Segment:
    """The file one process writes into.

    Parameters
    ----------
    folder : Path
        Of the intake.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{uuid4().hex}{OPEN}"
        self.written = _FILE.size
        self._rows = 0
        self._synced = 0
        self._file = -1
        self._file = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        _write_at(self._file, _FILE.pack(_FILE_MAGIC, 0), 0)
        sync_folder(folder)

    def write(self, record: bytes, rows: int, *, tries: int) -> bool:
        """Put a record at the end, not yet synced.

        Returns
        -------
        bool
            False if the file was taken away to be stored: begin another.

        Raises
        ------
        OSError
            If the disk refuses; the file is as it was.
        """
        with locked(self._file, tries):
            if not self._stands():
                return False
            try:
                _write_at(self._file, record, self.written)
                _write_at(self._file, _FILE.pack(_FILE_MAGIC, self._rows + rows), 0)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._file, self.written)
                raise
            self._rows += rows
            self.written += len(record)
        return True

    def sync(self, until: int) -> None:
        """Return when everything before an offset is on the disk."""
        if self._synced >= until:
            return
        reached = self.written
        os.fsync(self._file)
        self._synced = reached

    def _stands(self) -> bool:
        try:
            return self.path.stat().st_ino == os.fstat(self._file).st_ino
        except FileNotFoundError:
            return False

    def __del__(self, _close: Callable[[int], None] = os.close) -> None:
        """Let go of the file when no thread waits for its sync any more."""
        # At the end of the interpreter the name of the module is gone before the segment is.
        if self._file >= 0:
            _close(self._file)


def seal(path: Path, *, tries: int) -> Path | None:
    """Take a segment away from its writer; None if it is gone or the writer holds it too long."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        with locked(file, tries):
            return path.rename(path.with_suffix(SEALED))
    except (TimeoutError, FileNotFoundError):
        return None
    finally:
        os.close(file)


def rows_in(path: Path) -> int:
    """Return the count in the head of a segment, 0 where the file is gone or has none."""
    try:
        with path.open("rb") as file:
            head = file.read(_FILE.size)
    except FileNotFoundError:
        return 0
    if len(head) < _FILE.size:
        return 0
    rows: int = _FILE.unpack(head)[1]
    return rows


@contextmanager
def locked(file: int, tries: int) -> Iterator[None]:
    """Hold the lock of an open file.

    Raises
    ------
    TimeoutError
        If another holds it after that many tries, five milliseconds apart.
    """
    for left in range(tries, -1, -1):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if left == 0:
                raise TimeoutError("another process holds the file") from None
            time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def tries_in(wait_s: float) -> int:
    """Return how many tries for a lock a waiting time may last, given in seconds."""
    return max(0, int(wait_s / _PAUSE_S))


def _write_at(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        count = os.pwrite(file, view, offset)
        view, offset = view[count:], offset + count
