"""Which rows are data: totals, notes, repeated headers and examples are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tanfeng.sheets._headings import half_width
from tanfeng.sheets._items import MEMO, by_name, items
from tanfeng.sheets._layout import Header, is_label, is_repeat, label_kind
from tanfeng.sheets._source import Cell, Grid


@dataclass(slots=True)
class Rows:
    """The rows below a header, counted from 0.

    Parameters
    ----------
    data : list of int
        Rows of data.
    skipped : list of (int, str)
        Rows that are none, with the reason.
    totals : list of (int, str, int)
        Total and subtotal rows with the number of data rows before them.
    notes_from : int or None
        First row of the notes below the table.
    """

    data: list[int] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    totals: list[tuple[int, str, int]] = field(default_factory=list)
    notes_from: int | None = None

    def note_rows(self) -> list[int]:
        """Return the rows of notes."""
        return [row for row, reason in self.skipped if reason == "note"]


def sort_rows(grid: Grid, header: Header, columns: dict[int, str]) -> Rows:
    """Tell data from what only looks like it.

    Parameters
    ----------
    grid : Grid
        The sheet.
    header : Header
        Its header.
    columns : dict
        Column -> field, for the columns that fill one.
    """
    found = Rows()
    sorter = _Sorter(header, columns)
    last = len(grid.rows)
    while last > header.data_start and not any(_filled(cell) for cell in grid.rows[last - 1]):
        last -= 1
    notes = False
    for number in range(header.data_start, last):
        row = grid.rows[number]
        kind = sorter.kind(row)
        if notes and (kind == "repeat_header" or (not kind and sorter.looks_like_data(row))):
            notes = False
        if kind == "note" and not notes:
            notes = True
            if found.notes_from is None:
                found.notes_from = number
        if notes and kind != "blank":
            found.skipped.append((number, "note"))
        elif kind:
            found.skipped.append((number, kind))
            if kind in ("total", "subtotal"):
                found.totals.append((number, kind, len(found.data)))
        else:
            found.data.append(number)
    return found


def _filled(cell: Cell) -> bool:
    return cell != "" and cell is not None and not (isinstance(cell, str) and not cell.strip())


class _Sorter:
    """Kinds of rows by their labels, each distinct label understood once."""

    def __init__(self, header: Header, columns: dict[int, str]) -> None:
        self._header = header
        self._kinds: dict[str, str] = {}
        self._leaves = {half_width(part) for path in header.paths for part in path}
        form = header.form
        kinds = {column.key: column.kind for column in form.columns} if form else {}
        self._items = [i for i, key in columns.items() if kinds.get(key) == "item"]
        names = ("product_name", "waste_name", "equipment_name", "project_name")
        self._labels = self._items + [i for i, key in columns.items() if key in names]
        self._mapped = sorted(columns)
        # A form of printed indicators prints its parts as rows of their own.
        self._of_which = bool(form) and not self._items and "indicator_name" not in kinds

    def kind(self, row: Sequence[Cell]) -> str:
        """Return blank, total, subtotal, of_which, note, example, repeat_header or nothing."""
        labels: list[str] = []
        seen = 0
        for cell in row:
            if cell.__class__ is float or _filled(cell):
                seen += 1
                if isinstance(cell, str):
                    labels.append(cell)
                if seen == 2:
                    break
        if not seen:
            return "blank"
        labels += [row[i] for i in self._labels if isinstance(row[i], str) and row[i]]
        for label in labels:
            kind = self._kinds.get(label)
            if kind is None:
                kind = self._kinds[label] = self._label(label)
            if kind == "repeat?":
                kind = "repeat_header" if is_repeat(row, self._header) else ""
            if kind == "note" and label is not labels[0]:
                kind = ""
            if kind:
                return kind
        return ""

    def _label(self, label: str) -> str:
        if label.isascii() and label.isalnum() and not label.startswith("Ex"):
            return ""
        bare = half_width(label)
        if bare in self._leaves:
            return "repeat?"
        kind = label_kind(label)
        if not kind and bare.startswith(("其中", "#")):
            item = items().get(by_name(label)) if self._items else None
            whole = item is not None and not item.parent and item.key not in MEMO
            if self._of_which or whole:
                return "of_which"
        return kind or ("note" if is_label(label) else "")

    def looks_like_data(self, row: Sequence[Cell]) -> bool:
        """Tell whether a row under the notes is data after all."""
        filled = sum(_filled(row[i]) for i in self._mapped)
        return filled >= max(3, (len(self._mapped) + 1) // 2)
