"""Importers that look at one row after the other: what they share is the walk.

A form whose rows each ask for one thing is examined row by row; what is wrong is placed in the
file, and a file with an error is written not at all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import polars as pl

from tanfeng.console.core.importer import Checked, Columns, Importer, Texts
from tanfeng.console.core.models import Batch, User
from tanfeng.errors import DataError, Problem, Severity

Row = Mapping[str, Any]
#: Rule, severity, field, and what its words name.
Found = tuple[str, Severity, str, Mapping[str, Any]]
T = TypeVar("T")


@dataclass(slots=True)
class Examined(Generic[T]):
    """A row of a file.

    Parameters
    ----------
    row : mapping
        As the form reads it.
    wanted : object, optional
        What it asks for; None where it cannot be said.
    kind : str
        ``added``, ``replaced``, ``unchanged``; empty for a row that cannot be taken.
    found : list of Found
        What is wrong with it, or worth knowing.
    """

    row: Row
    wanted: T | None = None
    kind: str = ""
    found: list[Found] = field(default_factory=list)


class RowImporter(Importer, Generic[T]):
    """Checks and writes a form row by row."""

    #: Rule -> its words.
    texts: ClassVar[Mapping[str, Texts]]

    @abstractmethod
    def examined(self, frame: pl.DataFrame, user: User) -> Iterator[Examined[T]]:
        """Yield every row with what it asks for and what is wrong with it."""

    @abstractmethod
    def write(
        self, rows: Sequence[Examined[T]], batch: Batch, user: User, at: datetime
    ) -> Mapping[str, int] | None:
        """Write rows without an error; return the counts where they differ from the kinds'."""

    def check(self, frame: pl.DataFrame, columns: Columns, user: User) -> Checked:
        """Check every row against what is on record."""
        rows = list(self.examined(frame, user))
        return Checked([one for row in rows for one in self._told(row, columns)], _counts(rows))

    def commit(self, frame: pl.DataFrame, batch: Batch, user: User, at: datetime) -> dict[str, int]:
        """Write every row, asking for the rights again."""
        columns = Columns(batch.sheet, batch.columns)
        rows = list(self.examined(frame, user))
        told = (one for row in rows for one in self._told(row, columns))
        if refused := [one for one in told if one.severity == "error"]:
            raise DataError(refused)
        return dict(self.write(rows, batch, user, at) or _counts(rows))

    def _told(self, one: Examined[T], columns: Columns) -> Iterator[Problem]:
        for rule, severity, name, words in one.found:
            value = one.row.get(name)
            shown = f"{value:.12g}" if isinstance(value, float) else value
            row = {**one.row, name: shown}
            yield columns.told(self.texts, rule, severity, row, name, **words)


def _counts(rows: Sequence[Examined[Any]]) -> dict[str, int]:
    counts = {"added": 0, "replaced": 0, "unchanged": 0}
    for one in rows:
        if one.kind:
            counts[one.kind] += 1
    return counts
