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
from tanfeng.metering._changes import CHANGES, appended, by_point
from tanfeng.metering._delta import FILE_DAYS, Log, Mark, Overtaken
from tanfeng.metering._faults import (
    ChangesForgotten,
    ReadingsRefused,
    RetentionRefused,
    StoreBusy,
    StoreError,
)
from tanfeng.metering._files import DataFile, Folder, pieces
from tanfeng.metering._readings import (
    by_month,
    day_start,
    holding,
    instant,
    month_span,
    one_per_batch,
    readings_frame,
    years_before,
)
from tanfeng.metering._tidy import crowded, rewritten, unsettled
from tanfeng.metering.frames import READINGS

if TYPE_CHECKING:
    import ibis

__all__ = [
    "KEEP_YEARS",
    "Appended",
    "ChangesForgotten",
    "Compacted",
    "ReadingsRefused",
    "RetentionRefused",
    "Store",
    "StoreBusy",
    "StoreError",
]

#: How often a compaction that was overtaken is planned again.
_TRIES = 5
#: Readings are not dropped before they are so old. [a]
KEEP_YEARS = 3


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


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of the files of a month.

    Parameters
    ----------
    month : str
    files_before, files_after : int
    """

    month: str
    files_before: int
    files_after: int


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

    def begin(self) -> datetime | None:
        """Return the beginning of the oldest month there are readings of."""
        months = [file.month for file in self._log.index().files]
        return month_span(min(months))[0] if months else None

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
        StoreError
            If the disk refuses or the log cannot be read.
        """
        frame = readings_frame(readings, batch=batch)
        known = frame["received"].max()
        assert known is None or isinstance(known, datetime)  # noqa: S101 - narrows a union
        mark = Mark(f"batch/{hashlib.sha256(batch.encode()).hexdigest()[:32]}", 1, known)
        return self.append_once(frame, mark)

    def append_once(self, frame: pl.DataFrame, mark: Mark) -> Appended:
        """Add a frame of readings under a name and number that are committed once.

        Parameters
        ----------
        frame : polars.DataFrame
            ``frames.READINGS``; of rows equal in point, time, received and batch the last counts.
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
                ordered = one_per_batch(rows)
                added.extend(self._folder.write(piece, month) for piece in pieces(ordered))
            version = self._log.commit(added, mark)
        except Overtaken as before:
            self._discard(added, before)
            return Appended(0, already=True, version=self._log.version())
        months = tuple(sorted({file.month for file in added}))
        rows_added = sum(file.rows for file in added)
        return Appended(rows_added, already=False, version=version, months=months)

    def _discard(self, written: list[DataFile], overtaken: Overtaken) -> None:
        if not overtaken.tried:
            self._folder.discard(written)

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

    def raw(
        self, points: Collection[str] | None = None, start: datetime | None = None
    ) -> pl.DataFrame:
        """Return every row that ever came of a window, in no order.

        Parameters
        ----------
        points, start
            As in :meth:`files`.

        Returns
        -------
        polars.DataFrame
            ``frames.READINGS``.
        """
        return self._raw(points, start, None).collect()

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

    def latest(
        self, points: Collection[str] | None = None, *, since: datetime | None = None
    ) -> pl.DataFrame:
        """Return the last reading of each point.

        Parameters
        ----------
        points : collection of str, optional
            All points where absent.
        since : datetime, optional
            Look no further back; points silent for longer are left out. Without it, and without
            points, every month is looked through.

        Returns
        -------
        polars.DataFrame
            ``frames.READINGS``, one row per point, sorted.
        """
        wanted = None if points is None else set(points)
        months = sorted({file.month for file in self._needed(wanted, since, None)}, reverse=True)
        found: list[pl.DataFrame] = []
        for month in months:
            if wanted is not None and not wanted:
                break
            start, end = month_span(month)
            rows = self._raw(wanted, max(start, since) if since else start, end)
            seen = pl.concat([one.select("point") for one in found]) if found else None
            if seen is not None and wanted is None:
                rows = rows.join(seen.lazy(), on="point", how="anti")
            last = rows.group_by("point").agg(pl.col("time").max())
            held = rows.join(last, on=["point", "time"], how="semi").collect(engine="streaming")
            found.append(holding(held))
            if wanted is not None:
                wanted -= set(found[-1]["point"])
        return pl.concat([pl.DataFrame(schema=READINGS), *found]).sort("point")

    def changes(self, since_version: int) -> pl.DataFrame:
        """Return which points got rows after a version, and where in time.

        Parameters
        ----------
        since_version : int
            What :meth:`version` said before the last look; -1 asks for everything.

        Returns
        -------
        polars.DataFrame
            One row per point, sorted: ``point``, ``first`` and ``last`` time of its new rows, and
            ``received``, when the last of them came. Compaction changes nothing.

        Raises
        ------
        ChangesForgotten
            If files that old were cleared away; ask with -1.
        """
        version = self._log.version()
        if since_version >= version:
            return pl.DataFrame(schema=CHANGES)
        if since_version < 0:
            return by_point(self._raw(None, None, None))
        files = appended(self._folder, since_version, version)
        if not files:
            return pl.DataFrame(schema=CHANGES)
        return by_point(self._folder.scan([self._folder.full(path) for path in files]))

    def compact(
        self, months: Collection[str] | None = None, *, settle: bool = False
    ) -> tuple[Compacted, ...]:
        """Merge small files, a month at a time; readers and writers go on meanwhile.

        Parameters
        ----------
        months : collection of str, optional
            Partitions such as ``2026-11``; all where absent.
        settle : bool
            Lay a month out whole: every file rewritten, sorted by point. Once a night; a month
            that is laid out already is left alone. Without it only crowds of small files are
            merged, which is cheap at any time.

        Returns
        -------
        tuple of Compacted
            One per month that was touched.

        Raises
        ------
        StoreBusy
            If other compactions were faster each time; what is done stays done.
        """
        known = {file.month for file in self._log.index().files}
        chosen = known if months is None else known & set(months)
        done = (self._compact_month(month, settle=settle) for month in sorted(chosen))
        return tuple(one for one in done if one is not None)

    def _compact_month(self, month: str, *, settle: bool) -> Compacted | None:
        for _ in range(_TRIES):
            mark = Mark(f"month/{month}", self._log.number(f"month/{month}") + 1)
            files = [file for file in self._log.index().files if file.month == month]
            old = unsettled(files) if settle else crowded(files)
            if not old:
                return None
            new: list[DataFile] = []
            try:
                new.extend(rewritten(self._folder, month, old))
                now = max(file.modified_ms for file in new)
                self._log.commit(new, mark, removed=old, removed_ms=now, changes=False)
            except Overtaken as before:
                self._discard(new, before)
                continue
            return Compacted(month, len(files), len(files) - len(old) + len(new))
        raise StoreBusy(
            f"{self.uri}: others kept rewriting the files of {month}; compact again later",
            f"{self.uri}：{month} 的文件一直被其他任务改写，请稍后再整理",
        )

    def retain(
        self, before: date | datetime, *, now: datetime, even_younger: bool = False
    ) -> tuple[str, ...]:
        """Drop the months that ended before a day; nothing is ever dropped unasked.

        Parameters
        ----------
        before : date or datetime
            A month goes when all of it lies before; a month that reaches beyond it stays whole.
        now : datetime
            The present.
        even_younger : bool
            Go on although readings younger than three years would be lost.

        Returns
        -------
        tuple of str
            Months that were dropped. Their files can be read for seven days more.

        Raises
        ------
        RetentionRefused
            If ``before`` lies less than three years back.
        """
        moment = before if isinstance(before, datetime) else day_start(before)
        moment, now = instant("before", moment), instant("now", now)
        oldest = years_before(now, KEEP_YEARS)
        if moment > oldest and not even_younger:
            raise RetentionRefused(
                f"readings are kept for {KEEP_YEARS} years: {before} is later than "
                f"{oldest:%Y-%m-%d}. Choose an earlier day, or say explicitly that younger "
                "readings may be lost",
                f"读数至少保存 {KEEP_YEARS} 年：{before} 晚于 {oldest:%Y-%m-%d}。"
                "请选择更早的日期，或明确表示可以删除较新的读数",
            )
        months = sorted({file.month for file in self._log.index().files})
        over = [month for month in months if month_span(month)[1] <= moment]
        return tuple(month for month in over if self._drop(month, now))

    def _drop(self, month: str, now: datetime) -> bool:
        for _ in range(_TRIES):
            mark = Mark(f"month/{month}", self._log.number(f"month/{month}") + 1)
            files = [file for file in self._log.index().files if file.month == month]
            if not files:
                return False
            try:
                self._log.commit((), mark, removed=files, removed_ms=int(now.timestamp() * 1000))
            except Overtaken:
                continue
            return True
        raise StoreBusy(
            f"{self.uri}: others kept rewriting the files of {month}; try again later",
            f"{self.uri}：{month} 的文件一直被其他任务改写，请稍后再试",
        )

    def clear(self, *, keep_days: int = FILE_DAYS) -> int:
        """Delete files no version of the last days needs, and those of writers that were killed.

        Parameters
        ----------
        keep_days : int
            Seven at least: a reader that began before a compaction still reads the old files, and
            :meth:`changes` looks back through them. [d]

        Returns
        -------
        int
            Files deleted.

        Raises
        ------
        StoreError
            If fewer days are asked for.
        """
        if keep_days < FILE_DAYS:
            raise StoreError(
                f"files are kept for {FILE_DAYS} days at least, {keep_days} is too few: "
                "a running reader may need them",
                f"旧文件至少保留 {FILE_DAYS} 天，{keep_days} 天太短：正在读取的任务可能仍需要",
            )
        table = self._log.current()
        if table is None:
            return 0
        return len(table.vacuum(retention_hours=24 * keep_days, dry_run=False, full=True))


def _among(points: list[str]) -> pl.Expr:
    if len(points) == 1:
        return pl.col("point") == points[0]
    reach = pl.col("point").is_between(pl.lit(points[0]), pl.lit(points[-1]))
    return pl.col("point").is_in(points) & reach
