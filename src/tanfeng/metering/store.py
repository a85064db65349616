"""The readings store: everything meters ever said, when they said it and when it became known.

A Delta table (:mod:`tanfeng.metering._delta`) in the home folder or on an object store. Many
writers append at once; a batch that comes twice is kept once; a correction is one more row, and of
a point and time the row received last holds. What was known on a day is a question, not a copy.

Times are arguments: nothing here reads a clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.metering import _backends
from tanfeng.metering._delta import Log, Mark, Overtaken
from tanfeng.metering._files import DataFile, Folder, pieces
from tanfeng.metering._readings import by_month, holding, instant, one_per_batch, readings_frame
from tanfeng.metering.frames import READINGS

if TYPE_CHECKING:
    import ibis

#: How often an append that was overtaken under another name is tried again.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch.

    Parameters
    ----------
    rows : int
        Rows this call added; 0 where the batch was there already.
    already : bool
        The batch had come before.
    version : int
        A version of the table that holds the batch.
    months : tuple of str
        Partitions that got files.
    """

    rows: int
    already: bool
    version: int
    months: tuple[str, ...] = ()


class Store:
    """The readings of one home.

    Parameters
    ----------
    path : str or Path
        Folder of this machine, or URL of an object store (``s3://...``, ``az://...``). The table
        is made at the first append.
    storage_options : dict of str to str, optional
        Address and keys of the object store, as ``deltalake`` names them.

    Notes
    -----
    An object may be used by one thread at a time; any number of objects and processes may use one
    table. After a fork make a new one: the libraries underneath keep threads.
    """

    def __init__(self, path: str | Path, storage_options: dict[str, str] | None = None) -> None:
        uri = str(path) if "://" in str(path) else str(Path(path).absolute())
        self._folder = Folder(uri, storage_options)
        self._log = Log(self._folder)

    @property
    def uri(self) -> str:
        """Absolute path or URL of the table."""
        return self._folder.uri

    def version(self) -> int:
        """Return the newest version of the table; -1 where nothing was appended yet."""
        return self._log.version()

    def append(self, readings: pl.DataFrame, *, batch: str) -> Appended:
        """Add readings; the same batch twice is once, whoever sends it.

        Parameters
        ----------
        readings : polars.DataFrame
            Columns of ``frames.READINGS``; ``batch`` may be absent and is written over,
            ``quality`` and ``source`` may be absent. A batch that states one point and time twice
            is taken at its last row.
        batch : str
            Name of the delivery. A name is remembered for 400 days from its latest ``received``.

        Returns
        -------
        Appended

        Raises
        ------
        ReadingsRefused
            If the frame is no table of readings; nothing was added.
        StoreBusy
            If other writers were faster many times over; nothing was added.
        """
        frame = one_per_batch(readings_frame(readings, batch=batch))
        known = frame["received"].max()
        assert known is None or isinstance(known, datetime)  # noqa: S101 - narrows a union
        mark = Mark(f"batch/{hashlib.sha256(batch.encode()).hexdigest()[:32]}", 1, known)
        return self.append_once(frame, mark)

    def append_once(self, frame: pl.DataFrame, mark: Mark) -> Appended:
        """Add a frame of readings under a name and number that are committed once.

        Parameters
        ----------
        frame : polars.DataFrame
            ``frames.READINGS`` as ``one_per_batch`` leaves it.
        mark : Mark
            Nothing is added if the name already stands at the number or above.

        Returns
        -------
        Appended
        """
        if frame.is_empty():
            return Appended(0, already=False, version=self.version())
        if self._log.number(mark.name) >= mark.number:
            return Appended(0, already=True, version=self._log.version())
        self._log.made()
        added: list[DataFile] = []
        try:
            for month, rows in by_month(frame):
                added.extend(self._folder.write(piece, month) for piece in pieces(rows))
            version = self._log.commit(added, mark)
        except Overtaken:
            self._folder.discard(added)
            return Appended(0, already=True, version=self._log.version())
        months = tuple(sorted({file.month for file in added}))
        return Appended(frame.height, already=False, version=version, months=months)

    def number(self, name: str) -> int:
        """Return the last number committed under a name, 0 where there is none."""
        return self._log.number(name)

    def settle(self) -> None:
        """Make the newest commits, whoever made them, last through a power cut."""
        self._log.settle()

    def files(
        self,
        points: Collection[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> tuple[str, ...]:
        """Return the parquet files that may hold readings of a window.

        Parameters
        ----------
        points : collection of str, optional
            All points where absent.
        start, end : datetime, optional
            ``start <= time < end``; open where absent.

        Returns
        -------
        tuple of str
            Absolute paths or URLs. They stay readable for seven days after a compaction.
        """
        return tuple(self._folder.full(file.path) for file in self._needed(points, start, end))

    def _needed(
        self,
        points: Collection[str] | None,
        start: datetime | None,
        end: datetime | None,
        known_on: datetime | None = None,
    ) -> list[DataFile]:
        start = instant("start", start) if start is not None else None
        end = instant("end", end) if end is not None else None
        return list(self._log.index().needed(points, start, end, known_on))

    def table(
        self,
        con: ibis.BaseBackend,
        points: Collection[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        known_on: date | datetime | None = None,
    ) -> ibis.Table:
        """Return the raw rows of a window as a table of an Ibis backend.

        Parameters
        ----------
        con : ibis backend
            DuckDB here, PySpark on a cluster.
        points, start, end
            As in :meth:`files`.
        known_on : date or datetime, optional
            Only rows received until then; a day counts to its end on the city's clock.

        Returns
        -------
        ibis.Table
            Columns of ``frames.READINGS``, every row that ever came: of a point and time the
            greatest (received, batch) holds.
        """
        known = instant("known_on", known_on) if known_on is not None else None
        files = self._needed(points, start, end, known)
        return _backends.window(con, self._folder, files, points, start, end, known)

    def readings(
        self,
        points: Collection[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        known_on: date | datetime | None = None,
    ) -> pl.DataFrame:
        """Return the readings that hold in a window.

        Parameters
        ----------
        points, start, end, known_on
            As in :meth:`table`.

        Returns
        -------
        polars.DataFrame
            ``frames.READINGS``, one row per point and time, sorted by both.
        """
        return holding(self._raw(points, start, end, known_on).collect())

    def _raw(
        self,
        points: Collection[str] | None,
        start: datetime | None,
        end: datetime | None,
        known_on: date | datetime | None = None,
    ) -> pl.LazyFrame:
        known = instant("known_on", known_on) if known_on is not None else None
        files = self._needed(points, start, end, known)
        if not files:
            return pl.LazyFrame(schema=READINGS)
        rows = self._folder.scan([self._folder.full(file.path) for file in files])
        conditions: list[Any] = []
        if points is not None:
            conditions.append(_among(sorted(set(points))))
        if start is not None:
            conditions.append(pl.col("time") >= start)
        if end is not None:
            conditions.append(pl.col("time") < end)
        if known is not None:
            conditions.append(pl.col("received") <= known)
        return rows.filter(*conditions) if conditions else rows


def _among(points: list[str]) -> pl.Expr:
    if len(points) == 1:
        return pl.col("point") == points[0]
    if not points:
        return pl.lit(value=False)
    reach = pl.col("point").is_between(pl.lit(points[0]), pl.lit(points[-1]))
    return pl.col("point").is_in(points) & reach
