"""The parquet files of the store: written, described for the log, found again without opening.

A file belongs to one local month and is sorted by point and time. Its first and last point, first
and last time and last time of receipt stand in the Delta log, so that a question opens only the
files that may answer it; inside a file the row groups are small enough that one point reads one
or two of them.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from tanfeng.metering._readings import month_of

#: Rows of a row group: one point's month is 2,976 rows of 15 minutes.
GROUP_ROWS = 65_536
#: Most rows of one file; a whole month of the city is some hundred of them.
FILE_ROWS = 4_000_000
_FORMAT: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "row_group_size": GROUP_ROWS,
    "statistics": True,
}
_STATED = ("point", "time", "received")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One parquet file the log speaks of.

    Parameters
    ----------
    path : str
        Relative to the table.
    month : str
        Its partition.
    rows, size : int
        Rows, and bytes.
    modified_ms : int
        When the storage says it was written. [ms since 1970]
    first_point, last_point : str
    first_time, last_time, last_received : datetime
        What the rows reach over.
    """

    path: str
    month: str
    rows: int
    size: int
    modified_ms: int
    first_point: str
    last_point: str
    first_time: datetime
    last_time: datetime
    first_received: datetime
    last_received: datetime

    def stats(self) -> str:
        """Return the statistics as the Delta log wants them."""
        return json.dumps(
            {
                "numRecords": self.rows,
                "minValues": {
                    "point": self.first_point,
                    "time": _iso(self.first_time),
                    "received": _iso(self.first_received),
                },
                "maxValues": {
                    "point": self.last_point,
                    "time": _iso(self.last_time),
                    "received": _iso(self.last_received),
                },
                "nullCount": dict.fromkeys(_STATED, 0),
            },
            ensure_ascii=False,
        )


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class FileIndex:
    """The files one version of the table holds, and which of them a question needs.

    Parameters
    ----------
    files : collection of DataFile
        Of one version.
    """

    def __init__(self, files: Collection[DataFile]) -> None:
        self.files = tuple(
            sorted(files, key=lambda file: (file.month, file.first_point, file.path))
        )

    def needed(
        self,
        points: Collection[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        known_on: datetime | None = None,
    ) -> Iterator[DataFile]:
        """Yield the files that may hold a reading of these points in ``start <= time < end``."""
        wanted = None if points is None else sorted(points)
        first_month = month_of(start) if start else ""
        last_month = month_of(end) if end else "9"
        for file in self.files:
            if (
                first_month <= file.month <= last_month
                and (start is None or file.last_time >= start)
                and (end is None or file.first_time < end)
                and (known_on is None or file.first_received <= known_on)
                and (wanted is None or _between(wanted, file))
            ):
                yield file


def _between(points: list[str], file: DataFile) -> bool:
    at = bisect_left(points, file.first_point)
    return at < len(points) and points[at] <= file.last_point


class Folder:
    """Where the files lie: a folder of this machine, or an object store behind a URL.

    Parameters
    ----------
    uri : str
        Absolute path, or URL.
    storage_options : mapping, optional
        Keys and addresses of the object store, as ``deltalake`` wants them.
    """

    def __init__(self, uri: str, storage_options: dict[str, str] | None = None) -> None:
        self.uri = uri.rstrip("/")
        self.storage_options = storage_options
        self.local = "://" not in uri

    def full(self, relative: str) -> str:
        """Return the absolute path or URL of a file."""
        return f"{self.uri}/{relative}"

    def scan(self, files: Collection[str]) -> pl.LazyFrame:
        """Return the rows of some files, lazily."""
        return pl.scan_parquet(
            list(files), storage_options=self.storage_options, hive_partitioning=False
        )

    def write(self, frame: pl.DataFrame, month: str) -> DataFile:
        """Write a sorted frame of one month as one file, on disk before it returns."""
        path = f"month={month}/{uuid4().hex}.parquet"
        if self.local:
            size, modified_ms = self._write_here(frame, Path(self.full(path)))
        else:
            size, modified_ms = self._write_there(frame, path)
        edges = frame.select(
            pl.col("point").first().alias("first_point"),
            pl.col("point").last().alias("last_point"),
            pl.col("time").min().alias("first_time"),
            pl.col("time").max().alias("last_time"),
            pl.col("received").min().alias("first_received"),
            pl.col("received").max().alias("last_received"),
        ).row(0, named=True)
        return DataFile(path, month, frame.height, size, modified_ms, **edges)

    def _write_here(self, frame: pl.DataFrame, path: Path) -> tuple[int, int]:
        made = not path.parent.is_dir()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            frame.write_parquet(file, **_FORMAT)
            file.flush()
            os.fsync(file.fileno())
            about = os.fstat(file.fileno())
        sync_folder(path.parent)
        if made:
            sync_folder(path.parent.parent)
        return about.st_size, about.st_mtime_ns // 1_000_000

    def _write_there(self, frame: pl.DataFrame, path: str) -> tuple[int, int]:
        frame.write_parquet(self.full(path), storage_options=self.storage_options, **_FORMAT)
        about = self._files().get_file_info([path])[0]
        return about.size, about.mtime_ns // 1_000_000

    def read(self, path: str) -> bytes | None:
        """Return the content of a small file, None where it is not there."""
        try:
            if self.local:
                return Path(self.full(path)).read_bytes()
            with self._files().open_input_file(path) as file:
                content: bytes = file.read()
                return content
        except FileNotFoundError:
            return None

    def has(self, path: str) -> bool:
        """Tell whether a file is there."""
        if self.local:
            return Path(self.full(path)).exists()
        return bool(self._files().get_file_info([path])[0].is_file)

    def discard(self, files: Collection[DataFile]) -> None:
        """Delete files that were written and not committed."""
        for file in files:
            if self.local:
                Path(self.full(file.path)).unlink(missing_ok=True)
            else:
                self._files().delete_file(file.path)

    def dataset(self, files: Collection[DataFile]) -> Any:
        """Return a pyarrow dataset over some files, for engines that cannot open the URL."""
        from pyarrow import dataset

        paths = [file.path for file in files]
        return dataset.dataset(paths, filesystem=self._files(), format="parquet")

    def _files(self) -> Any:
        from deltalake.fs import DeltaStorageHandler
        from pyarrow import fs

        return fs.PyFileSystem(DeltaStorageHandler(self.uri, self.storage_options))


def pieces(frame: pl.DataFrame, rows: int = FILE_ROWS) -> list[pl.DataFrame]:
    """Cut a sorted frame into files of about the same number of rows."""
    count = max(1, -(-frame.height // rows))
    each = -(-frame.height // count)
    return [frame.slice(at, each) for at in range(0, frame.height, each or 1)]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
