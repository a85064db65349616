"""The uploaded file back, with what is wrong marked where it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from tanfeng.errors import Problem
from tanfeng.sheets._book import Book
from tanfeng.sheets._guard import Limits
from tanfeng.sheets._source import Grid, Source, index, open_source
from tanfeng.sheets.result import ReadResult

#: More comments make a file slow to open; the list has every finding anyway.
_MOST_COMMENTS = 3000
_GRAVE = {"error": 0, "warning": 1, "info": 2}
_WORDS = {
    "zh": {
        "list": "问题清单",
        "sheet": "工作表",
        "head": ("级别", "单元格", "行", "列", "列名", "现值", "问题", "怎么办", "可能是", "规则"),
        "error": "错误",
        "warning": "提醒",
        "info": "提示",
        "summary": "{0} 个错误，{1} 个提醒，{2} 个提示。请改正标红的单元格后重新上传。",
        "likely": "可能是: ",
    },
    "en": {
        "list": "Problems",
        "sheet": "Sheet",
        "head": (
            "Level",
            "Cell",
            "Row",
            "Column",
            "Heading",
            "Value",
            "Problem",
            "What to do",
            "Probably",
            "Rule",
        ),
        "error": "error",
        "warning": "warning",
        "info": "info",
        "summary": "{0} errors, {1} warnings, {2} infos. Correct the red cells and upload again.",
        "likely": "Probably: ",
    },
}


def annotate(
    content: bytes,
    filename: str,
    result: ReadResult | Sequence[ReadResult],
    *,
    lang: str = "zh",
    stamp: str = "",
) -> bytes:
    """Return the uploaded file as a workbook with the findings marked.

    Parameters
    ----------
    content, filename
        The file as it was uploaded.
    result : ReadResult or sequence of ReadResult
        What reading it gave, one sheet or several.
    lang : {"zh", "en"}
        Language of comments and list.
    stamp : str
        Who took the file out and when; above the list and below every printed page.

    Returns
    -------
    bytes
        An .xlsx: the same sheets with values, merged cells and widths; bad cells coloured, with
        a comment each; a sheet that lists every finding.

    Raises
    ------
    DataError
        If the file cannot be opened.
    """
    source = open_source(content, filename, Limits(max_bytes=max(len(content), 1)))
    book = Book(lang)
    words = _WORDS[book.lang]
    results = [result] if isinstance(result, ReadResult) else list(result)
    by_sheet = {one.sheet: one for one in results}
    for grid in _ordered(source, by_sheet):
        sheet = book.sheet(grid.name or "Sheet1")
        read = by_sheet.get(grid.name)
        marks = _marks(read.problems, grid) if read else {}
        header = set(read.header_rows) if read else set()
        _copy(book, sheet, grid, marks, {row - 1 for row in header}, words)
        if stamp:
            book.printed_foot(sheet, stamp)
    _list(book, results, words, stamp)
    return book.finish()


def _ordered(source: Source, read: Container[str]) -> list[Grid]:
    visible = [grid for grid in source.grids if grid.state == "visible" and grid.rows]
    return sorted(visible, key=lambda grid: grid.name not in read)


def _marks(problems: Iterable[Problem], grid: Grid) -> dict[tuple[int, int], list[Problem]]:
    """Return the findings by cell; one about a whole row stands at its first filled cell."""
    marks: dict[tuple[int, int], list[Problem]] = {}
    for problem in problems:
        if problem.row is None or problem.row > len(grid.rows):
            continue
        row = problem.row - 1
        filled = (i for i, cell in enumerate(grid.rows[row]) if cell != "")
        column = index(problem.column) if problem.column else next(filled, 0)
        marks.setdefault((row, column), []).append(problem)
    return marks


def _copy(
    book: Book,
    sheet: Any,
    grid: Grid,
    found: Mapping[tuple[int, int], list[Problem]],
    header: set[int],
    words: Mapping[str, Any],
) -> None:
    for column, width in grid.widths.items():
        sheet.set_column(column, column, min(max(width, 4), 80))
    anchors = _merges(book, sheet, grid, header)
    marks: dict[tuple[int, int], list[Problem]] = {}
    for at, problems in found.items():
        marks.setdefault(anchors.get(at, at), []).extend(problems)
    for row, cells in enumerate(grid.rows):
        styles = ("head",) if row in header else ("plain",)
        for column, cell in enumerate(cells):
            at = (row, column)
            if at in marks:
                worst = min(marks[at], key=lambda p: _GRAVE[p.severity]).severity
                book.put(sheet, row, column, _value(cell), *styles, worst)
            elif cell != "" and at not in anchors:
                book.put(sheet, row, column, _value(cell), *styles)
    told = 0
    for (row, column), problems in sorted(marks.items()):
        grave = [problem for problem in problems if problem.severity != "info"]
        if grave and told < _MOST_COMMENTS:
            told += 1
            text = "\n".join(_comment(problem, book.lang, words) for problem in grave)
            sheet.write_comment(row, column, text[:2000], {"x_scale": 2, "y_scale": 1.5})


def _value(cell: object) -> object:
    if isinstance(cell, dt.time | dt.timedelta):
        return str(cell)
    return cell


def _merges(
    book: Book, sheet: Any, grid: Grid, header: set[int]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Merge what was merged and write it; return every merged cell with its first one."""
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    for top, left, bottom, right in grid.merges:
        area = [(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)]
        if len(area) < 2 or any(cell in anchors for cell in area):
            continue  # overlapping ranges are refused by every spreadsheet program
        anchors.update(dict.fromkeys(area, (top, left)))
        style = "head" if top in header else "plain"
        sheet.merge_range(top, left, bottom, right, "", book.style(style))
        book.put(sheet, top, left, _value(grid.rows[top][left]), style)
    return anchors


def _comment(problem: Problem, lang: str, words: Mapping[str, Any]) -> str:
    parts = [f"[{words[problem.severity]}] {problem.message(lang)}", problem.remedy(lang)]
    if problem.suggestion:
        parts.append(f"{words['likely']}{problem.suggestion}")
    return "\n".join(part for part in parts if part)


def _list(book: Book, results: Sequence[ReadResult], words: Mapping[str, Any], stamp: str) -> None:
    sheet = book.sheet(words["list"])
    counts = tuple(
        sum(getattr(one, kind) for one in results) for kind in ("errors", "warnings", "infos")
    )
    book.put(sheet, 0, 0, words["list"], "title")
    book.put(sheet, 1, 0, words["summary"].format(*counts), "note")
    if stamp:
        book.put(sheet, 2, 0, stamp, "note")
        book.printed_foot(sheet, stamp)
    found = [problem for one in results for problem in one.problems]
    problems = sorted(found, key=lambda p: (_GRAVE[p.severity], p.row or 0, p.column))
    lang = book.lang
    values: list[list[object]] = [
        [words[p.severity] for p in problems],
        [p.cell for p in problems],
        [None if p.row is None else float(p.row) for p in problems],
        [p.column for p in problems],
        [p.heading for p in problems],
        [p.value for p in problems],
        [p.message(lang) for p in problems],
        [p.remedy(lang) for p in problems],
        [p.suggestion for p in problems],
        [p.rule for p in problems],
    ]
    widths, heads = [8, 8, 6, 6, 22, 18, 70, 50, 14, 8], [*words["head"]]
    if len(results) > 1:
        values.insert(1, [p.sheet for p in problems])
        widths.insert(1, 14)
        heads.insert(1, words["sheet"])
    for i, (head, column, width) in enumerate(zip(heads, values, widths, strict=True)):
        book.put(sheet, 3, i, head, "head")
        book.column(sheet, 4, i, column, "int" if head == words["head"][2] else "plain")
        sheet.set_column(i, i, width)
    sheet.freeze_panes(4, 0)
    sheet.autofilter(3, 0, 3 + max(len(problems), 1), len(widths) - 1)
