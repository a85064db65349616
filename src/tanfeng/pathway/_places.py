"""Cells of a sheet, and where they are."""

from __future__ import annotations

from collections.abc import Mapping

from tanfeng.errors import Problem

#: What is wrong and what to do, in Chinese and English: zh, en, remedy zh, remedy en.
Said = tuple[str, str, str, str]


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


def finding(
    rules: Mapping[str, Said],
    rule: str,
    value: object,
    told: Mapping[str, object],
    *,
    sheet: str = "",
    row: int | None = None,
    column: str = "",
    heading: str = "",
) -> Problem:
    """Return an error about a place; ``value`` is what stands there, ``told`` what else is said."""
    zh, en, remedy_zh, remedy_en = (text.format(value=value, **told) for text in rules[rule])
    return Problem(
        rule,
        "error",
        zh,
        en,
        remedy_zh,
        remedy_en,
        sheet=sheet,
        row=row,
        column=column,
        heading=heading,
        value=str(value),
    )
