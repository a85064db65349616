"""Cells of a sheet, and where they are."""

from __future__ import annotations


def letter(column: int) -> str:
    """Return the letters of a column counted from 0: ``A`` for 0, ``AA`` for 26."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def text(cell: object) -> str:
    """Return a cell as its author sees it: 2020, not 2020.0; empty for nothing."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
