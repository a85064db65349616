"""What reading a form gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl

from tanfeng.errors import Problem
from tanfeng.sheets._cells import clean
from tanfeng.sheets.forms import Form


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A worksheet of the file.

    Parameters
    ----------
    name, state : str
        Name; ``visible``, ``hidden`` or ``veryHidden``.
    role : str
        ``read``; ``table`` (holds a form, but was not read this time); ``other`` (no form);
        ``blank`` (its form is not filled in); ``empty``; ``ignore`` (hidden).
    form : str
        Key of the form it holds, empty for none.
    """

    name: str
    state: str
    role: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of the file and the field it fills.

    Parameters
    ----------
    letter, heading : str
        Place and heading, parts of a merged heading joined by a slash.
    field : str
        Field it fills.
    factor : float or None
        Factor from the unit in the file; None for text and where the row's unit decides.
    unit : str
        Unit the heading or the line above the table names.
    also : tuple of str
        Further fields filled from the same cells.
    how : str
        ``exact``, ``synonym`` or ``mapping`` (a person said so).
    """

    letter: str
    heading: str
    field: str
    factor: float | None = None
    unit: str = ""
    also: tuple[str, ...] = ()
    how: str = "exact"


@dataclass(frozen=True, slots=True)
class UnmappedColumn:
    """A column nobody asked for, or one whose meaning a person must say.

    Parameters
    ----------
    letter, heading : str
        Place and heading.
    candidates : tuple of str
        Fields it may mean, the most alike first.
    samples : tuple of str
        The first values under it.
    """

    letter: str
    heading: str
    candidates: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadResult:
    """A form as it was read: its values, where they stood, and every problem at once.

    Parameters
    ----------
    form : Form or None
        The form, None when it was not recognised.
    sheet : str
        Name of the worksheet read.
    sheets : tuple of SheetInfo
        All worksheets of the file.
    filename, encoding, delimiter : str
        The file; encoding and delimiter of a text file.
    title_rows, header_rows : tuple of int
        Row numbers counted from 1.
    columns : tuple of MappedColumn
        Columns that fill a field.
    unmapped : tuple of UnmappedColumn
        Columns that do not.
    missing : tuple of str
        Required fields without a column.
    head : mapping
        What stands above and below the table.
    frame : polars.DataFrame
        One row per data row, typed by the form, ``source_row`` first; bad rows included.
    bad_rows : frozenset of int
        Rows with an error.
    repeated : frozenset of int
        Rows that say again what a row above them said.
    skipped : tuple of (int, str)
        Rows that are no data, with the reason.
    problems : tuple of Problem
        Every finding, file-wide ones first, then by row. Of one kind in one column at most
        10,000 errors, 5,000 warnings and 200 infos; a line says how many more there are.
    counts : mapping
        Severity -> number of findings, listed or not.
    """

    form: Form | None
    sheet: str
    sheets: tuple[SheetInfo, ...]
    filename: str
    encoding: str = ""
    delimiter: str = ""
    title_rows: tuple[int, ...] = ()
    header_rows: tuple[int, ...] = ()
    columns: tuple[MappedColumn, ...] = ()
    unmapped: tuple[UnmappedColumn, ...] = ()
    missing: tuple[str, ...] = ()
    head: Mapping[str, object] = field(default_factory=dict)
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    bad_rows: frozenset[int] = frozenset()
    repeated: frozenset[int] = frozenset()
    skipped: tuple[tuple[int, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    cells: tuple[list[Any], ...] = field(default=(), repr=False)

    @property
    def errors(self) -> int:
        """Number of errors."""
        return self.counts.get("error", 0)

    @property
    def warnings(self) -> int:
        """Number of warnings."""
        return self.counts.get("warning", 0)

    @property
    def infos(self) -> int:
        """Number of infos."""
        return self.counts.get("info", 0)

    @property
    def ok(self) -> bool:
        """True when there is a form, no error about the whole file, and something to import."""
        whole = any(p.severity == "error" and p.row is None for p in self.problems)
        return self.form is not None and not whole and self.accepted.height > 0

    @cached_property
    def accepted(self) -> pl.DataFrame:
        """Rows to import.

        Without bad rows, without energy rows that hold no number at all, without parts that do
        not add up to the row they are part of, and each repeated row once. Empty when the file
        itself has an error.
        """
        frame = self.frame
        if self.form is None or any(p.severity == "error" and p.row is None for p in self.problems):
            return frame.clear()
        bad = pl.Series("bad", sorted(self.bad_rows | self.repeated), dtype=pl.Int64)
        keep = ~pl.col("source_row").is_in(bad.implode())
        measures = [c.key for c in self.form.columns if c.numeric and not c.key.startswith("coef_")]
        if self.form.has_items and measures:
            keep &= pl.any_horizontal(pl.col(measures).is_not_null())
        if "is_counted" in frame.columns:
            keep &= pl.col("is_counted")
        return frame.filter(keep)

    @property
    def first_data_row(self) -> int | None:
        """First row of data, counted from 1."""
        return self.frame["source_row"][0] if self.frame.height else None

    @property
    def last_data_row(self) -> int | None:
        """Last row of data, counted from 1."""
        return self.frame["source_row"][-1] if self.frame.height else None

    @property
    def grid(self) -> list[list[str]]:
        """The sheet as text; row 1 of the file is the first of the list."""
        return self.preview(1, len(self.cells))

    def preview(self, first: int = 1, last: int = 200) -> list[list[str]]:
        """Return some rows of the sheet as text, both ends included and counted from 1."""
        return [[clean(cell) for cell in row] for row in self.cells[max(first, 1) - 1 : last]]

    @cached_property
    def _by_row(self) -> dict[int | None, list[Problem]]:
        found: dict[int | None, list[Problem]] = {}
        for problem in self.problems:
            found.setdefault(problem.row, []).append(problem)
        return found

    def problems_at(self, row: int | None) -> tuple[Problem, ...]:
        """Return the findings about one row; None for the whole file."""
        return tuple(self._by_row.get(row, ()))
