"""CSV files of the pathway commands: cells as text with their rows, problems with their columns."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from tanfeng.errors import Problem

#: Headings in Chinese -> the column they mean.
_ALIASES = {
    "年份": "year",
    "年": "year",
    "月份": "month",
    "排放量": "emission",
    "补值": "filled",
    "初步": "provisional",
    "覆盖率": "coverage",
    "不确定度": "uncertainty",
    "统计范围": "membership",
    "发布": "published",
    "部门": "sector",
    "行业": "sector",
    "品种": "fuel",
    "因子": "factor",
    "数值": "value",
}


def read_csv(file: Path) -> tuple[pl.DataFrame, list[str]]:
    """Return a CSV file as text with ``source_row``, and its headings in order.

    Raises
    ------
    DataError
        If it is no text, a heading stands twice or is empty, or a row has too many cells.
    """
    import polars as pl

    from tanfeng.errors import DataError, Problem

    def problem(code: str, zh: str, en: str, row: int | None = None, value: str = "") -> Problem:
        return Problem(code, "error", zh, en, row=row, value=value)

    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    if "\0" in text or "\ufffd" in text:
        wrong = ("这不是 UTF-8 或 GBK 编码的 CSV 文件", "this is no CSV file in UTF-8 or GBK")
        raise DataError([problem("Y011", *wrong)])
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), start=1)
        if any(cell.strip() for cell in row)
    ]
    if not rows:
        raise DataError([problem("Y011", "文件是空的", "the file is empty")])
    headings = [_ALIASES.get(cell, cell) for cell in rows[0][1]]
    while headings and not headings[-1]:
        headings.pop()
    found = [
        problem(
            "Y012",
            f"列名“{name}”为空或重复，请改正表头",
            f"the heading {name!r} is empty or stands twice; correct the first row",
            rows[0][0],
            name,
        )
        for name in sorted({name for name in headings if not name or headings.count(name) > 1})
    ]
    width = len(headings)
    found += [
        problem(
            "Y013",
            f"有 {len(cells)} 格，表头只有 {width} 列；数字中不要用逗号",
            f"{len(cells)} cells under {width} headings; write numbers without commas",
            number,
        )
        for number, cells in rows[1:]
        if any(cells[width:])
    ]
    if found:
        raise DataError(found)
    columns = {
        name: pl.Series(name, [cells[k] if k < len(cells) else "" for _n, cells in rows[1:]],
                        dtype=pl.String)
        for k, name in enumerate(headings)
    }  # fmt: skip
    numbers = pl.Series("source_row", [number for number, _cells in rows[1:]], dtype=pl.Int64)
    return pl.DataFrame({**columns, "source_row": numbers}), headings


def placed(problems: Iterable[Problem], headings: list[str]) -> list[Problem]:
    """Give problems the letter of the column they speak of, as a spreadsheet shows it."""
    return [
        replace(one, column=_letter(headings.index(one.heading)))
        if one.heading in headings
        else one
        for one in problems
    ]


def _letter(column: int) -> str:
    text, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
