"""The Delta log of the store: what it holds at a version, and commits many writers make at once.

Every write is one commit that adds files, or swaps some for others. Two guards stand in it as
*application transactions*, pairs of a name and a number of which Delta keeps the last:

- a batch commits under its own name, so of two writers with the same batch one fails;
- whoever swaps files of a month commits under the name of the month, so two compactions that
  started from the same files cannot both succeed. Delta takes any commit in append mode for a blind
  one and would let them.

Delta's own retries settle everything else: an append never waits for a compaction.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tanfeng.metering._faults import StoreBusy, StoreError
from tanfeng.metering._files import DataFile, FileIndex, Folder, sync_folder
from tanfeng.metering.frames import READINGS

if TYPE_CHECKING:
    from deltalake import DeltaTable

#: How often a commit is tried again when others were faster.
_RETRIES = 100
#: Newest log entries a settling makes sure of.
_SETTLED = 50
#: How long the log remembers a batch, deleted files and its own entries.
BATCH_DAYS, FILE_DAYS, LOG_DAYS = 400, 7, 30
_CONFIGURATION = {
    "delta.setTransactionRetentionDuration": f"interval {BATCH_DAYS} days",
    "delta.deletedFileRetentionDuration": f"interval {FILE_DAYS} days",
    "delta.logRetentionDuration": f"interval {LOG_DAYS} days",
    "delta.dataSkippingStatsColumns": "point,time,received",
}
_CONFLICT = re.compile("concurrent|conflict|version.*already exist", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """An application transaction: a name, its new number, and when it may be forgotten from.

    Parameters
    ----------
    name : str
        Of a batch, an intake folder or a month.
    number : int
        Greater than the one before.
    known : datetime, optional
        The log may forget the name ``BATCH_DAYS`` after; never without it.
    """

    name: str
    number: int
    known: datetime | None = None


class Overtaken(Exception):
    """Another writer committed under the same name first."""


class Log:
    """The Delta log of one table.

    Parameters
    ----------
    folder : Folder
        Where the table lies.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._table: DeltaTable | None = None
        self._index: tuple[int, FileIndex] | None = None

    def current(self) -> DeltaTable | None:
        """Return the table at its newest version, or None where none was made yet."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        folder = self._folder
        if self._table is None and folder.local and not Path(folder.uri, "_delta_log").is_dir():
            return None
        try:
            if self._table is None:
                self._table = DeltaTable(folder.uri, storage_options=folder.storage_options)
            else:
                self._table.update_incremental()
        except TableNotFoundError:
            return None
        except DeltaError as error:
            why = _first_line(error)
            raise StoreError(
                f"the log of the readings store {folder.uri} cannot be read: {why}. "
                "See that the disk answers; restore the store from a backup if the log is broken",
                f"读数库 {folder.uri} 的日志无法读取：{why}。请检查磁盘；若日志已损坏请从备份恢复",
            ) from error
        return self._table

    def made(self) -> DeltaTable:
        """Return the table, making it where none was."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        table = self.current()
        if table is not None:
            return table
        if self._folder.local:
            Path(self._folder.uri).mkdir(parents=True, exist_ok=True)
        try:
            DeltaTable.create(
                self._folder.uri,
                _schema(),
                mode="ignore",
                partition_by=["month"],
                name="readings",
                configuration=_CONFIGURATION,
                storage_options=self._folder.storage_options,
            )
        except DeltaError as error:
            # Another process may have made it in the same moment; then it is there now.
            table = self.current()
            if table is None:
                raise StoreError(
                    f"the readings store {self._folder.uri} cannot be made: {_first_line(error)}",
                    f"无法建立读数库 {self._folder.uri}：{_first_line(error)}",
                ) from error
        table = self.current()
        if table is None:
            raise StoreError(
                f"the readings store {self._folder.uri} was made and cannot be found",
                f"读数库 {self._folder.uri} 建立后未找到",
            )
        self._synced(-1, table)
        return table

    def version(self) -> int:
        """Return the newest version, -1 where there is no table."""
        table = self.current()
        return -1 if table is None else table.version()

    def index(self) -> FileIndex:
        """Return the files of the newest version."""
        table = self.current()
        if table is None:
            return FileIndex(())
        if self._index is None or self._index[0] != table.version():
            self._index = (table.version(), FileIndex(_data_files(table)))
        return self._index[1]

    def number(self, name: str) -> int:
        """Return the last number committed under a name, 0 where there is none."""
        table = self.current()
        return 0 if table is None else table.transaction_version(name) or 0

    def commit(
        self,
        added: Collection[DataFile],
        mark: Mark,
        *,
        removed: Collection[DataFile] = (),
        removed_ms: int = 0,
        changes: bool = True,
        note: dict[str, Any] | None = None,
    ) -> int:
        """Add files, and take others out, in one commit.

        Parameters
        ----------
        added, removed : collection of DataFile
            Files that lie in the folder already.
        mark : Mark
            The name this commit is made under.
        removed_ms : int
            When the files go. [ms since 1970]
        changes : bool
            False where the same rows stand in other files than before.
        note : dict, optional
            Kept beside the commit.

        Returns
        -------
        int
            A version that holds the commit.

        Raises
        ------
        Overtaken
            If another writer committed under the name since this log was last read.
        StoreBusy
            If others were faster every time.
        """
        from deltalake import CommitProperties, Transaction
        from deltalake.exceptions import DeltaError
        from deltalake.transaction import AddAction, RemoveAction

        table = self.made()
        before = table.version()
        if (table.transaction_version(mark.name) or 0) >= mark.number:
            raise Overtaken(mark.name)
        adds = [
            AddAction(f.path, f.size, {"month": f.month}, f.modified_ms, changes, f.stats())
            for f in added
        ]
        takes = [
            RemoveAction(f.path, changes, removed_ms, f.size, {"month": f.month}) for f in removed
        ]
        forgotten_from = None if mark.known is None else int(mark.known.timestamp() * 1000)
        try:
            table.create_write_transaction(
                [*adds, *takes],
                "append",
                _schema(),
                ["month"],
                commit_properties=CommitProperties(
                    custom_metadata=note,
                    max_commit_retries=_RETRIES,
                    app_transactions=[Transaction(mark.name, mark.number, forgotten_from)],
                ),
            )
        except DeltaError as error:
            table.update_incremental()
            if (table.transaction_version(mark.name) or 0) >= mark.number:
                raise Overtaken(mark.name) from error
            if _CONFLICT.search(str(error)):
                raise StoreBusy(
                    f"{self._folder.uri}: others kept committing; try again ({_first_line(error)})",
                    f"{self._folder.uri}：其他写入一直抢先提交，请重试（{_first_line(error)}）",
                ) from error
            raise StoreError(
                f"{self._folder.uri}: the commit failed: {_first_line(error)}",
                f"{self._folder.uri}：提交失败：{_first_line(error)}",
            ) from error
        table.update_incremental()
        self._synced(before, table)
        return table.version()

    def settle(self) -> None:
        """Make the newest entries of the log last through a power cut, whoever wrote them."""
        table = self.current()
        if table is not None:
            self._synced(table.version() - _SETTLED, table)

    def _synced(self, before: int, table: DeltaTable) -> None:
        """Make the log entries since a version last through a power cut."""
        if not self._folder.local:
            return
        entries = Path(self._folder.uri, "_delta_log")
        for version in range(max(0, before + 1), table.version() + 1):
            path = entries / f"{version:020d}.json"
            if path.exists():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        sync_folder(entries)


def _first_line(error: Exception) -> str:
    """Leave out the stack of the library's own language."""
    return str(error).partition("\n")[0]


def _schema() -> Any:
    return pl.DataFrame(schema={**READINGS, "month": pl.String}).to_arrow().schema


def _data_files(table: DeltaTable) -> list[DataFile]:
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    if actions.is_empty():
        return []
    return [
        DataFile(*row)
        for row in actions.select(
            "path",
            "partition.month",
            "num_records",
            "size_bytes",
            "modification_time",
            "min.point",
            "max.point",
            "min.time",
            "max.time",
            "min.received",
            "max.received",
        ).iter_rows()
    ]
