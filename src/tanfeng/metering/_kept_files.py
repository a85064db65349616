"""Tables that are kept on disk beside their source: written in small runs, read as one.

A table has keys. Of rows with one key the run written last holds, or, where a table adds up, their
sum does. A commit writes its runs and then replaces ``kept.json``, which lists the runs that count:
who reads follows the list and needs no lock, who writes holds one that falls with its process. A
process killed on the way leaves files nobody lists. Runs that lie over each other are merged when
there are many; what a merge replaced is deleted some commits later, because somebody may be
reading it. What is made anew from nothing lies in a folder of its own, with a list of its own, and
takes the place of the other when it is done.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from tanfeng.metering._faults import StoreBusy, StoreError
from tanfeng.metering._files import sync_folder
from tanfeng.metering._register_files import replace

_KEPT, _ANEW, _LAYOUT = "kept", "anew", 1
#: Runs over one range before they are merged, and the rows of a merged file at most.
_MANY, _FILE_ROWS = 12, 4_000_000
#: A run of more rows than this multiple of all newer ones is left out of a merge.
_FAR_LARGER = 4
#: More rows than that are merged when somebody asks for it, not in passing.
_IN_PASSING = 6_000_000
#: Files that were replaced are deleted after so many commits.
_LATER = 20
_TRIES = 20
_FORMAT: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "row_group_size": 16_384,  # who reads some points decodes little beside them
    "statistics": True,
}
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Table:
    """What is kept under one name.

    Parameters
    ----------
    schema : polars.Schema
    keys : tuple of str
        Columns that tell rows apart, whole numbers; rows of a file are sorted by them.
    adds : bool
        Rows of one key add up; else the one written last holds.
    """

    schema: pl.Schema
    keys: tuple[str, ...]
    adds: bool = False

    def merged(self, whole: pl.DataFrame) -> pl.DataFrame:
        """Put rows of several runs together; they stand in the order they were written."""
        if not self.adds:
            return whole.unique(list(self.keys), keep="last", maintain_order=False)
        rest = [name for name in self.schema if name not in self.keys]
        return whole.group_by(self.keys).agg(pl.col(rest).sum())


@dataclass(frozen=True, slots=True)
class Run:
    """One file: its name, rows, and the least and greatest first key in it."""

    file: str
    rows: int
    low: int
    high: int


class Gone(Exception):
    """A file was merged into another while it was read; look again."""


class Look:
    """What was kept at a moment; it does not change.

    Parameters
    ----------
    folder : Path
    listed : dict
        Content of the list.
    tables : mapping of str to Table
    """

    def __init__(self, folder: Path, listed: dict[str, Any], tables: Mapping[str, Table]) -> None:
        self.base: str = listed["base"]
        self._folder, self._tables = folder / self.base, tables
        self.number: int = listed["number"]
        self.mark: dict[str, Any] = listed["mark"]
        self.runs: dict[str, dict[str, list[Run]]] = {
            name: {part: [Run(*run) for run in runs] for part, runs in parts.items()}
            for name, parts in listed["tables"].items()
        }
        self.doomed: list[tuple[int, str]] = [(at, name) for at, name in listed["doomed"]]
        #: Whatever a reader wants to keep as long as this moment lasts.
        self.memory: dict[str, Any] = {}

    def parts(self, table: str) -> list[str]:
        """Return the parts a table has."""
        return sorted(self.runs.get(table, {}))

    def rows(self, table: str, part: str | None = None) -> int:
        """Return how many rows its files hold, those that were overtaken included."""
        parts = self.runs.get(table, {})
        some = parts.values() if part is None else [parts.get(part, [])]
        return sum(run.rows for runs in some for run in runs)

    def read(
        self,
        table: str,
        parts: Collection[str] | None = None,
        keys: Collection[int] | None = None,
        where: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """Return rows that hold.

        Parameters
        ----------
        table : str
        parts : collection of str, optional
            All where absent.
        keys : collection of int, optional
            Values of the first key; all where absent.
        where : polars.Expr, optional
            A condition on the other keys.

        Raises
        ------
        Gone
            If a file is not there any more.
        """
        kind = self._tables[table]
        found = []
        for part in self.parts(table) if parts is None else sorted(set(parts)):
            runs = _needed(self.runs.get(table, {}).get(part, []), keys)
            if runs:
                rows = self.rows_of(table, runs, keys, where)
                found.append(kind.merged(rows) if len(runs) > 1 else rows)
        return pl.concat([kind.schema.to_frame(), *found])

    def rows_of(
        self,
        table: str,
        runs: Sequence[Run],
        keys: Collection[int] | None,
        where: pl.Expr | None,
    ) -> pl.DataFrame:
        """Return the rows of some runs of a table in the order of the runs, as :meth:`read`."""
        # One question for all: each costs as much as reading an hour of two thousand points.
        rows = pl.scan_parquet([self._folder / table / run.file for run in runs])
        if keys is not None:
            rows = rows.filter(_among(self._tables[table].keys[0], keys))
        if where is not None:
            rows = rows.filter(where)
        try:
            return rows.collect()
        except FileNotFoundError as error:
            raise Gone(f"{self._folder / table}: {error}") from error


def _among(name: str, keys: Collection[int]) -> pl.Expr:
    """Tell whether a key is one of some; there is one at least."""
    low, high = min(keys), max(keys)
    reach = pl.col(name).is_between(low, high)
    if high - low + 1 == len(set(keys)):
        return reach
    return reach & pl.col(name).is_in(pl.Series(list(keys), dtype=pl.Int32).implode())


def _needed(runs: Sequence[Run], keys: Collection[int] | None) -> list[Run]:
    if keys is None:
        return list(runs)
    if not keys:
        return []
    low, high = min(keys), max(keys)
    return [run for run in runs if run.low <= high and run.high >= low]


class Files:
    """Kept tables in a folder.

    Parameters
    ----------
    folder : Path
        Made at the first commit.
    tables : mapping of str to Table
    anew_of : Files, optional
        What these are to take the place of; without it they are those that are read.
    """

    def __init__(
        self, folder: Path, tables: Mapping[str, Table], anew_of: Files | None = None
    ) -> None:
        self.folder, self._tables = folder, tables
        self._name, self._base = (_KEPT, "") if anew_of is None else (_ANEW, anew_of.next_base())
        self._last: tuple[tuple[int, int, int], Look] | None = None

    @property
    def list(self) -> Path:
        """The list of the runs that count."""
        return self.folder / f"{self._name}.json"

    def next_base(self) -> str:
        """Return the folder of what is made anew after these."""
        look = self.look()
        return f"g{int(look.base[1:] or 0) + 1 if look is not None else 1}"

    def empty(self) -> Look:
        """Return what is kept before anything is."""
        none: dict[str, Any] = {"number": 0, "mark": {}, "tables": {}, "doomed": []}
        return Look(self.folder, {"base": self._base, **none}, self._tables)

    def look(self) -> Look | None:
        """Return what is kept now; None where nothing was kept yet."""
        path = self.list
        try:
            about = path.stat()
            seen = (about.st_ino, about.st_mtime_ns, about.st_size)
            if self._last is not None and self._last[0] == seen:
                return self._last[1]
            listed = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        if listed["layout"] != _LAYOUT:
            return None
        found = Look(self.folder, listed, self._tables)
        self._last = (seen, found)
        return found

    def reading(self, read: Callable[[Look], _Read]) -> _Read | None:
        """Read from one moment, again if its files were merged meanwhile; None: nothing kept."""
        for _try in range(_TRIES):
            look = self.look()
            if look is None:
                return None
            try:
                return read(look)
            except Gone:
                self._last = None
        raise StoreError(
            f"{self.folder} lists files that are not there; run tanfeng meter refresh --all",
            f"{self.folder} 所列文件缺失；请运行 tanfeng meter refresh --all",
        )

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[Writer]:
        """Be the one who writes.

        Raises
        ------
        StoreBusy
            If another is and ``wait`` is false.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{self._name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                raise StoreBusy(
                    f"{self.folder}: another process is deriving energy; try again later",
                    f"{self.folder}：另一个进程正在推算能耗，请稍后再试",
                ) from error
            yield Writer(self, self._tables)

    def take(self, anew: Files) -> None:
        """Read from now on what was made anew, and delete what was read."""
        with self.writing():
            old = self.look()
            anew.list.replace(self.list)
            sync_folder(self.folder)
            for name in self._tables if old is not None else ():
                shutil.rmtree(self.folder / (old.base if old else "") / name, ignore_errors=True)


class Writer:
    """Whoever holds the lock.

    Parameters
    ----------
    files : Files
    tables : mapping of str to Table
    """

    def __init__(self, files: Files, tables: Mapping[str, Table]) -> None:
        self._files, self._tables = files, tables
        self.look = files.look() or files.empty()

    def commit(
        self,
        rows: Mapping[tuple[str, str], pl.DataFrame],
        mark: Mapping[str, Any] | None = None,
        anew: Collection[str] = (),
    ) -> None:
        """Add rows and change the mark, whole or not at all.

        Parameters
        ----------
        rows : mapping of (str, str) to polars.DataFrame
            Rows by table and part.
        mark : mapping, optional
            What stands beside the tables; as it was where absent.
        anew : collection of str
            Tables of which only these rows shall stay.
        """
        number = self.look.number + 1
        runs = {name: {p: list(r) for p, r in ps.items()} for name, ps in self.look.runs.items()}
        doomed: list[tuple[int, str]] = []
        for name in anew:
            gone = [run for some in runs.pop(name, {}).values() for run in some]
            doomed += [(number, f"{name}/{run.file}") for run in gone]
        for at, ((name, part), frame) in enumerate(rows.items()):
            if frame.is_empty():
                continue
            written = self._written(name, part, frame, f"{number:08d}-{at}")
            mine = runs.setdefault(name, {}).setdefault(part, [])
            mine.extend(written)
            doomed += self._thinned(name, part, mine, number, _IN_PASSING)
        self._replace(number, runs, mark if mark is not None else self.look.mark, doomed)

    def compact(self) -> int:
        """Merge every part whose runs lie over each other, and clear what nobody lists."""
        merged = 0
        for name, parts in self.look.runs.items():
            for part in parts:
                runs = {n: {p: list(r) for p, r in ps.items()} for n, ps in self.look.runs.items()}
                number = self.look.number + 1
                gone = self._thinned(name, part, runs[name][part], number, None)
                if gone:
                    merged += 1
                    self._replace(number, runs, self.look.mark, gone)
        self._clear()
        return merged

    def _thinned(
        self, name: str, part: str, runs: list[Run], number: int, most: int | None
    ) -> list[tuple[int, str]]:
        """Merge the newest runs of a part where many lie over each other."""
        chosen = _crowded(runs) if most is not None else _over_another(runs)
        if not chosen or (most is not None and sum(runs[n].rows for n in chosen) > most):
            return []
        kind = self._tables[name]
        old = [runs[n] for n in chosen]
        made: list[Run] = []
        for turn, (low, high) in enumerate(_ranges(old)):
            within = pl.col(kind.keys[0]).is_between(low, high)
            frame = kind.merged(self.look.rows_of(name, old, None, within))
            made += self._written(name, part, frame, f"{number:08d}-m{part}-{turn}")
        runs[chosen[-1] : chosen[-1] + 1] = made
        for n in reversed(chosen[:-1]):
            del runs[n]
        return [(number, f"{name}/{run.file}") for run in old]

    def _written(self, name: str, part: str, frame: pl.DataFrame, stem: str) -> list[Run]:
        kind = self._tables[name]
        folder = self._files.folder / self.look.base / name
        folder.mkdir(parents=True, exist_ok=True)
        ordered = frame.select(pl.col(c).cast(t) for c, t in kind.schema.items()).sort(kind.keys)
        made = []
        for at, begin in enumerate(range(0, ordered.height, _FILE_ROWS)):
            piece = ordered.slice(begin, _FILE_ROWS)
            file = f"{part}-{stem}-{at}.parquet"
            path = folder / file
            with path.open("wb") as handle:
                piece.write_parquet(handle, **_FORMAT)
                handle.flush()
                os.fsync(handle.fileno())
            first = piece[kind.keys[0]]
            made.append(Run(file, piece.height, int(first[0]), int(first[-1])))
        sync_folder(folder)
        return made

    def _replace(
        self,
        number: int,
        runs: Mapping[str, Mapping[str, Sequence[Run]]],
        mark: Mapping[str, Any],
        doomed: Sequence[tuple[int, str]],
    ) -> None:
        waiting = [*self.look.doomed, *doomed]
        over = [name for at, name in waiting if at < number - _LATER]
        listed = {
            "layout": _LAYOUT,
            "base": self.look.base,
            "number": number,
            "mark": dict(mark),
            "doomed": [one for one in waiting if one[0] >= number - _LATER],
            "tables": {
                name: {p: [[r.file, r.rows, r.low, r.high] for r in some] for p, some in ps.items()}
                for name, ps in runs.items()
            },
        }
        replace(self._files.list, json.dumps(listed).encode())
        for name in over:
            (self._files.folder / self.look.base / name).unlink(missing_ok=True)
        self.look = Look(self._files.folder, json.loads(json.dumps(listed)), self._tables)

    def _clear(self) -> None:
        """Delete files nobody lists: those of writers that were killed."""
        listed = {
            f"{n}/{r.file}" for n, ps in self.look.runs.items() for s in ps.values() for r in s
        }
        listed |= {name for _at, name in self.look.doomed}
        for name in self._tables:
            for path in sorted((self._files.folder / self.look.base / name).glob("*.parquet")):
                if f"{name}/{path.name}" not in listed:
                    path.unlink(missing_ok=True)


def _over_another(runs: Sequence[Run]) -> list[int]:
    """Return the places of all runs if any two lie over each other."""
    ordered = sorted(runs, key=lambda run: (run.low, run.high))
    over = any(one.high >= two.low for one, two in itertools.pairwise(ordered))
    return list(range(len(runs))) if over else []


def _crowded(runs: Sequence[Run]) -> list[int]:
    """Return the places of the newest runs that shall become one; none where there are few.

    Whatever lies over a run that is merged and is newer than it must be merged, too, or an older
    row would come to stand before a newer one.
    """
    newest = runs[-1]
    low, high = newest.low, newest.high
    over = [n for n, run in enumerate(runs) if run.low <= high and run.high >= low]
    if len(over) < _MANY:
        return []
    chosen, rows = [over[-1]], newest.rows
    for n in reversed(over[:-1]):
        if len(chosen) >= _MANY // 2 and runs[n].rows > _FAR_LARGER * rows:
            break
        chosen.append(n)
        rows += runs[n].rows
    while True:
        low = min(runs[n].low for n in chosen)
        high = max(runs[n].high for n in chosen)
        oldest = min(chosen)
        all_ = [n for n in range(oldest, len(runs)) if runs[n].low <= high and runs[n].high >= low]
        if len(all_) == len(chosen):
            return sorted(chosen)
        chosen = all_


def _ranges(runs: Sequence[Run]) -> list[tuple[int, int]]:
    """Cut the first key so that about a file's rows lie in a range."""
    low, high = min(run.low for run in runs), max(run.high for run in runs)
    pieces = max(1, -(-sum(run.rows for run in runs) // _FILE_ROWS))
    step = max(1, -(-(high - low + 1) // pieces))
    return [(at, min(at + step - 1, high)) for at in range(low, high + 1, step)]
