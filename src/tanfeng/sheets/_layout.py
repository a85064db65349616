"""Where the table is: header rows under title rows, the columns, and what each row is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tanfeng.sheets._head import label_field, pairs
from tanfeng.sheets._headings import Match, fold, half_width, match_all
from tanfeng.sheets._numbers import PLAIN
from tanfeng.sheets._source import Cell, Grid
from tanfeng.sheets._tables import tokens
from tanfeng.sheets.forms import Form

#: A header lies within the first rows of a sheet.
SEARCHED = 40
DEEPEST = 3
#: Characters of a heading at most; longer texts are notes.
LONGEST_HEADING = 80
_BRACKETED = re.compile(r"[(（][^()（）]*[)）]")
_YEAR_FIRST = re.compile(r"(?:19|20)\d\d年")
_UNIT_LABELS = frozenset({"单位", "计量单位", "金额单位"})
_INDEX_WORDS = frozenset("甲乙丙丁戊己庚辛")
_TOTAL = re.compile(
    r"(?:全年|全部|全市|全厂|全省|全区|全县|本月|本年|本期|本页|累计|上半年|下半年|"
    r"\d{1,2}[-~—至]\d{1,2}月|第?[一二三四]季度|[ⅠⅡⅢⅣ])?(?P<word>合计|总计|小计|分计)"
)


@dataclass(slots=True)
class Header:
    """A header found in a grid, rows and columns counted from 0."""

    form: Form | None
    first: int
    depth: int
    paths: list[tuple[str, ...]]
    matches: dict[int, Match] = field(default_factory=dict)
    index_row: int | None = None
    score: float = 0.0

    @property
    def last(self) -> int:
        """Last row of the header itself."""
        return self.first + self.depth - 1

    @property
    def data_start(self) -> int:
        """First row below the header and its row of column numbers."""
        return (self.last if self.index_row is None else self.index_row) + 1

    def heading(self, column: int) -> str:
        """Return the heading of a column as printed, parts joined by a slash."""
        return "/".join(re.sub(r"\s*\n\s*", "", part).strip() for part in self.paths[column])


def find_header(
    grid: Grid, forms: Iterable[Form], mapping: Mapping[int, str] | None = None
) -> Header:
    """Return the best header of a grid; its form is None when none fits.

    Parameters
    ----------
    grid : Grid
        The sheet.
    forms : iterable of Form
        Forms to compare with.
    mapping : mapping, optional
        Column -> field given by a person; it counts for the form it fits.
    """
    covers = _merge_cover(grid)
    listed = list(forms)
    best = Header(None, _first_table_row(grid), 1, [])
    if len(listed) == 1:
        best.score = -math.inf  # a form that was named is taken with whatever fits
    for first in range(min(SEARCHED, len(grid.rows))):
        for depth in range(1, DEEPEST + 1):
            block = grid.rows[first : first + depth]
            if len(block) < depth or not all(_may_be_header(row) for row in block):
                break
            paths = _paths(grid, first, depth, covers)
            for form in listed:
                header = Header(form, first, depth, paths, match_all(form, paths))
                header.score = _score(header)
                if header.matches and header.score > best.score:
                    best = header
    if best.form is None:
        if best.first < len(grid.rows):
            best.paths = _paths(grid, best.first, 1, covers)
        best.form = listed[0] if len(listed) == 1 else None
    else:
        _extend_upwards(grid, best, covers)
    if best.last + 1 < len(grid.rows) and _is_index_row(grid.rows[best.last + 1]):
        best.index_row = best.last + 1
    return best


def fits(header: Header, head: Mapping[str, object]) -> bool:
    """Tell whether a header is close enough to its form to be taken for it without asking."""
    form = header.form
    if form is None or len(header.matches) < 3:
        return False
    found = {match.field for match in header.matches.values()} | set(head)
    named = sum(1 for path in header.paths if path)
    keys = [key for key in form.required if key in found or _stands_in(key, found)]
    return 2 * len(keys) >= len(form.required) and 2 * len(header.matches) >= named


def _stands_in(key: str, found: set[str]) -> bool:
    return key == "energy_name" and "energy_code" in found


def _score(header: Header) -> float:
    form = header.form
    if form is None:
        return 0.0
    found = {match.field for match in header.matches.values()}
    exact = sum(match.how == "exact" for match in header.matches.values())
    missed = sum(1 for path in header.paths if path) - len(header.matches)
    keys = sum(key in found for key in form.required)
    absent = len(form.required) - keys
    return len(found) + 0.1 * exact + keys - absent - 0.3 * missed - 0.01 * header.depth


def _merge_cover(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """Cell inside a merged range near the top -> its first cell."""
    cover: dict[tuple[int, int], tuple[int, int]] = {}
    for top, left, bottom, right in grid.merges:
        if top >= SEARCHED + DEEPEST:
            continue
        for row in range(top, min(bottom, SEARCHED + DEEPEST) + 1):
            for column in range(left, min(right, grid.width - 1) + 1):
                cover[row, column] = (top, left)
    return cover


def _may_be_header(row: Sequence[Cell]) -> bool:
    cells = [cell for cell in row if cell != ""]
    if not cells or not all(
        isinstance(cell, str) and len(cell) <= LONGEST_HEADING for cell in cells
    ):
        return False
    texts = [half_width(cell) for cell in cells]
    if all(text in _INDEX_WORDS for text in texts):
        return False
    return not any(
        not text or PLAIN.fullmatch(text) or _YEAR_FIRST.match(text) or is_label(cell)
        for text, cell in zip(texts, cells, strict=True)
    )


def is_label(cell: str) -> bool:
    """Tell a cell of the head block, such as 填表人：甲, from a heading that holds a colon."""
    outside = _BRACKETED.sub("", cell)
    if not re.search("[:：]", outside):
        return False
    return any(
        label_field(label) or fold(label)[0] in _UNIT_LABELS for label, _, _ in pairs([outside])
    )


def _first_table_row(grid: Grid) -> int:
    """Return the first row with several texts: where a person would look for the header."""
    for i, row in enumerate(grid.rows[:SEARCHED]):
        if sum(isinstance(cell, str) and cell.strip() != "" for cell in row) >= 3:
            return i
    return 0


def _paths(
    grid: Grid, first: int, depth: int, covers: Mapping[tuple[int, int], tuple[int, int]]
) -> list[tuple[str, ...]]:
    """Return the heading of every column from the top cell to the leaf."""
    rows = range(first, first + depth)
    texts = [[_at(grid, row, column, covers) for column in range(grid.width)] for row in rows]
    leaf = texts[-1]
    for level, row in enumerate(texts[:-1]):
        for column in range(1, grid.width):
            if row[column] or not leaf[column] or (first + level, column) in covers:
                continue
            left = row[column - 1]
            if left and leaf[column - 1] and leaf[column - 1] != left:
                row[column] = left
    paths = []
    for column in range(grid.width):
        path = dict.fromkeys(row[column] for row in texts if row[column])
        paths.append(tuple(path))
    return paths


def _at(
    grid: Grid, row: int, column: int, covers: Mapping[tuple[int, int], tuple[int, int]]
) -> str:
    row, column = covers.get((row, column), (row, column))
    cell = grid.rows[row][column]
    return cell.strip() if isinstance(cell, str) else ""


def _extend_upwards(
    grid: Grid, header: Header, covers: Mapping[tuple[int, int], tuple[int, int]]
) -> None:
    """Take the rows of group headings above, if there are some."""
    form = header.form
    while form and header.depth < DEEPEST and header.first > 0:
        tops = [
            covers.get((header.first, column), (header.first, 0))[0] for column in range(grid.width)
        ]
        merged = min(tops, default=header.first) < header.first
        if not merged and not _may_be_groups(grid.rows[header.first - 1]):
            return
        paths = _paths(grid, header.first - 1, header.depth + 1, covers)
        matches = match_all(form, paths)
        if len(matches) < len(header.matches):
            return
        header.first, header.depth = header.first - 1, header.depth + 1
        header.paths, header.matches = paths, matches


def _may_be_groups(row: Sequence[Cell]) -> bool:
    """Tell a row of group headings from a title and from labels with their values."""
    texts = [cell for cell in row if cell != ""]
    return len(texts) >= 2 and _may_be_header(row) and not any(map(label_field, texts))


def _is_index_row(row: Sequence[Cell]) -> bool:
    """Recognise 甲 乙 丙 1 2 3 under the header."""
    cells = [half_width(str(int(c) if isinstance(c, float) else c)) for c in row if c != ""]
    if len(cells) < 3 or not all(c in _INDEX_WORDS or c.isdecimal() for c in cells):
        return False
    numbers = [int(c) for c in cells if c.isdecimal()]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True


# --------------------------------------------------------------------------- kinds of rows


def label_kind(text: str) -> str:
    """Return what a label cell makes of its row: total, subtotal, note, example or nothing."""
    bare = half_width(text)
    if not bare:
        return ""
    if bare.startswith(("示例", "例:", "Example", "EXAMPLE")):
        return "example"
    if match := _TOTAL.fullmatch(re.sub(r"[:：()（）\[\]]", "", bare)):
        return "total" if match["word"] in {"合计", "总计"} else "subtotal"
    words = tokens()
    if bare in words["total"]:
        return "total"
    if bare in words["subtotal"]:
        return "subtotal"
    if bare in words["of_which"]:
        return "of_which"
    if _is_note(bare, words):
        return "note"
    return ""


def _is_note(bare: str, words: Mapping[str, frozenset[str]]) -> bool:
    for kind, following in (("note", ":：1一(①、."), ("signature", ":：(")):
        for token in words[kind]:
            word = half_width(token).rstrip(":")
            if bare.startswith(word) and bare[len(word) : len(word) + 1] in following:
                return True  # the empty string, too, lies in every text
    return False


def is_repeat(row: Sequence[Cell], header: Header) -> bool:
    """Tell whether a row repeats the header, as after a page break."""
    leaves = [fold(path[-1])[0] if path else "" for path in header.paths]
    cells = [(i, fold(cell)[0]) for i, cell in enumerate(row) if isinstance(cell, str) and cell]
    if len(cells) < 2 or any(not isinstance(cell, str) for cell in row):
        return False
    tops = [{fold(part)[0] for part in path} for path in header.paths]
    same = sum(text != "" and (text == leaves[i] or text in tops[i]) for i, text in cells)
    return same >= max(2, 0.6 * len(cells))
