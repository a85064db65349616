"""Rows of the register on disk: a list of files, replaced as one, so that a change is whole or not.

Every change writes one Parquet file per table it touches and then replaces ``register.json``, which
lists the files that count. Who reads follows the list and needs no lock; who writes holds one. A
process killed on the way leaves a file nobody lists, which the next change writes over. Small files
are put together when there are many; no row is ever changed or lost.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from tanfeng.errors import ModelError

_LIST = "register.json"
#: Files of one table before they are put together.
_MANY = 32
#: How often a reader begins again when the files it was reading are put together.
_TRIES = 20


class Files:
    """The files of the register in a folder.

    Parameters
    ----------
    folder : Path
        Made when something is first written.
    tables : mapping of str to polars.Schema
        Columns of each table on disk, ``put`` (number of the change) among them.
    """

    def __init__(self, folder: Path, tables: Mapping[str, pl.Schema]) -> None:
        self.folder = folder
        self._tables = tables

    def rows(self) -> dict[str, pl.DataFrame]:
        """Return every row of every table, all of the same moment."""
        for _attempt in range(_TRIES):
            listed = self._listed()
            try:
                return {name: self._read(name, listed["tables"][name]) for name in self._tables}
            except FileNotFoundError:  # put together meanwhile; the list is new
                continue
        raise ModelError(
            f"the register in {self.folder} lists files that are not there; restore a backup",
            f"{self.folder} 中的计量点登记所列文件缺失；请从备份恢复",
        )

    def number(self) -> int:
        """Return the number of the newest change, 0 before the first."""
        return int(self._listed()["last"])

    @contextmanager
    def changing(self) -> Iterator[Callable[[Mapping[str, pl.DataFrame]], None]]:
        """Hold the register alone; yields what writes a change."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "register.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._write

    def _write(self, added: Mapping[str, pl.DataFrame]) -> None:
        listed = self._listed()
        number = listed["last"] + 1
        old: list[Path] = []
        for name, frame in added.items():
            files = listed["tables"][name]
            rows = frame.with_columns(put=pl.lit(number, pl.Int64))
            if len(files) >= _MANY:
                rows = pl.concat([self._read(name, files), rows.select(list(self._tables[name]))])
                old += [self.folder / name / file for file in files]
                files.clear()
            files.append(self._store(name, rows.select(list(self._tables[name])), number))
        listed["last"] = number
        replace(self.folder / _LIST, json.dumps(listed, indent=1).encode())
        for path in old:
            path.unlink(missing_ok=True)

    def _listed(self) -> dict[str, Any]:
        try:
            listed: dict[str, Any] = json.loads((self.folder / _LIST).read_bytes())
        except FileNotFoundError:
            listed = {"last": 0, "tables": {}}
        for name in self._tables:
            listed["tables"].setdefault(name, [])
        return listed

    def _read(self, name: str, files: list[str]) -> pl.DataFrame:
        if not files:
            return pl.DataFrame(schema=self._tables[name])
        paths = [self.folder / name / file for file in files]
        schema = self._tables[name]
        return pl.concat([_whole(pl.read_parquet(path.read_bytes()), schema) for path in paths])

    def _store(self, name: str, rows: pl.DataFrame, number: int) -> str:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        path = folder / f"{number:08d}.parquet"
        part = path.with_suffix(".part")
        rows.write_parquet(part)
        _settle(part, path)
        return path.name


def _whole(rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Give rows the columns that were not there yet when they were written."""
    lacking = [pl.lit(None, kind).alias(c) for c, kind in schema.items() if c not in rows.columns]
    return rows.with_columns(lacking).select(list(schema))


def replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole, or as it was, whenever the machine stops."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    _settle(part, path)


def _settle(part: Path, path: Path) -> None:
    with part.open("rb+") as handle:
        os.fsync(handle.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
