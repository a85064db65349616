"""Grids of cells out of workbooks and text files, with what the parser would lose.

python-calamine gives the values. From the parts of the workbook itself come hidden rows and
columns, widths, formula errors (the parser shows them as empty) and formulas without a stored
result.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from xml.etree import ElementTree as ET

import python_calamine

from tanfeng.sheets._findings import refusal
from tanfeng.sheets._guard import Admitted, Limits, admit
from tanfeng.sheets._ole import uncalculated

#: What a cell may hold after reading: text, number, bool, date, datetime, time, timedelta.
Cell = Any
Row = list[Cell]

_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_REL = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
# Every repetition is bounded: these run over what a stranger sent.
_ERROR = re.compile(
    rb"""<(?:\w{1,20}:)?c\b([^>]{0,300})>"""
    rb"""(?:<(?:\w{1,20}:)?f[^>]{0,300}(?:/>|>[^<]{0,9000}</(?:\w{1,20}:)?f>))?"""
    rb"""\s{0,9}<(?:\w{1,20}:)?v>([^<]{0,20})<"""
)
_UNCALCULATED = re.compile(
    rb"""<(?:\w{1,20}:)?c\b([^>]{0,300})>"""
    rb"""<(?:\w{1,20}:)?f[^>]{0,300}?(?:/>|>([^<]{0,500})</(?:\w{1,20}:)?f>)"""
    rb"""(?:<(?:\w{1,20}:)?v\s{0,9}/>|<(?:\w{1,20}:)?v></(?:\w{1,20}:)?v>)?</(?:\w{1,20}:)?c>"""
)
_ADDRESS = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"<(?:\w{1,20}:)?row\b([^>]{0,600})>")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_ROW_NUMBER = re.compile(rb"""\br=["'](\d{1,7})["']""")
_COL = re.compile(rb"<(?:\w{1,20}:)?col\b([^>]{0,300})>")
_ATTRIBUTE = re.compile(rb"""(\w{1,20})=["']([^"']{0,40})["']""")
_FAR = re.compile(rb"""\br\s*=\s*["']\s*(?:([A-Za-z]{2,})(\d+)|[A-Za-z]?(\d{6,}))""")
_ANY_ROW = re.compile(rb"""\br\s*=\s*["']\s*[A-Za-z]*(\d{1,12})""")


@dataclass(slots=True)
class Grid:
    """One worksheet, rows and columns counted from 0.

    Parameters
    ----------
    name : str
        Name of the sheet, empty for a text file.
    state : str
        ``visible``, ``hidden`` or ``veryHidden``.
    rows : list of list
        Cells; empty cells are ``""``. Every row has the same length.
    merges : list
        Merged ranges as first row, first column, last row, last column.
    hidden_rows, hidden_columns : set of int
        What a person does not see.
    widths : dict
        Column -> width in characters, where the file states one.
    text : bool
        True for text files, where every number is text by nature.
    """

    name: str = ""
    state: str = "visible"
    rows: list[Row] = field(default_factory=list)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    widths: dict[int, float] = field(default_factory=dict)
    text: bool = False

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0]) if self.rows else 0


@dataclass(slots=True)
class Source:
    """An uploaded file as grids."""

    filename: str
    kind: str
    grids: list[Grid]
    encoding: str = ""
    delimiter: str = ""


def letter(column: int) -> str:
    """Return the letters of a column counted from 0: 0 is A, 26 is AA."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def index(letters: str) -> int:
    """Return the column counted from 0 of its letters."""
    number = 0
    for character in letters.upper():
        number = number * 26 + ord(character) - 64
    return number - 1


def open_source(content: bytes, filename: str, limits: Limits) -> Source:
    """Read a file into grids.

    Raises
    ------
    DataError
        If the file is refused or cannot be read.
    """
    admitted = admit(content, limits)
    if admitted.kind == "text":
        return _text(admitted.content, filename, limits)
    return _workbook(admitted, filename, limits)


def _workbook(admitted: Admitted, filename: str, limits: Limits) -> Source:
    extras = list(_xlsx_extras(admitted, limits)) if admitted.kind == "xlsx" else []
    for sheet in admitted.binary.sheets if admitted.binary else ():
        _check_extent(sheet.rows, sheet.columns, limits)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(admitted.content))
        grids = [_grid(book, meta) for meta in book.sheets_metadata]
    except python_calamine.PasswordError:
        raise refusal("U004") from None
    except MemoryError:
        raise refusal("U007", value="memory", limit="") from None
    except BaseException as error:  # the parser's panics are no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        raise refusal("U006", value=f"{admitted.kind}, {type(error).__name__}") from None
    for i, grid in enumerate(grids):
        merged = sum((b - t + 1) * (r - c + 1) for t, c, b, r in grid.merges)
        if merged > len(grid.rows) * grid.width:  # overlapping ranges, and loops without end
            raise refusal("U006", value=f"{admitted.kind}, merged cells")
        if admitted.kind == "xlsx" and i < len(extras):
            _add_xlsx(grid, extras[i])
        elif admitted.binary and i < len(admitted.binary.sheets):
            sheet = admitted.binary.sheets[i]
            grid.hidden_rows, grid.hidden_columns = sheet.hidden_rows, sheet.hidden_columns
            grid.widths = sheet.widths
            _put(grid, {**uncalculated(sheet), **sheet.errors})
        _check_extent(len(grid.rows), grid.width, limits)
    return Source(filename, admitted.kind, grids)


_STATES = {"Visible": "visible", "Hidden": "hidden", "VeryHidden": "veryHidden"}


def _grid(book: python_calamine.CalamineWorkbook, meta: python_calamine.SheetMetadata) -> Grid:
    state = _STATES.get(str(meta.visible).rsplit(".", 1)[-1], "visible")
    if "WorkSheet" not in str(meta.typ):
        return Grid(meta.name, state)
    sheet = book.get_sheet_by_name(meta.name)
    grid = Grid(meta.name, state, sheet.to_python(skip_empty_area=False))
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top < len(grid.rows) and left < grid.width:
            ends = min(bottom, len(grid.rows) - 1), min(right, grid.width - 1)
            grid.merges.append((top, left, *ends))
    return grid


def _check_extent(rows: int, columns: int, limits: Limits) -> None:
    for number, limit, zh in (
        (rows, limits.max_rows, "行"),
        (columns, limits.max_columns, "列"),
        (rows * columns, limits.max_cells, "格"),
    ):
        if number > limit:
            raise refusal("U007", value=f"{number} {zh}", limit=f"{limit} {zh}")


def _xlsx_extras(admitted: Admitted, limits: Limits) -> Iterator[bytes]:
    """Yield the part of every sheet in workbook order, its extent checked."""
    parts = admitted.parts
    try:
        # Safe: parts with a DOCTYPE were refused at the door, so there are no entities.
        book = ET.fromstring(parts["xl/workbook.xml"])  # noqa: S314
        links = ET.fromstring(parts["xl/_rels/workbook.xml.rels"])  # noqa: S314
    except (ET.ParseError, KeyError):
        raise refusal("U006", value="xlsx, workbook.xml") from None
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in (node for node in book.iter() if node.tag.endswith("}sheet")):
        target = targets.get(sheet.get(_REL) or sheet.get(_STRICT_REL)) or ""
        path = target[1:] if target.startswith("/") else f"xl/{target}"
        data = parts.get(path, b"")
        _check_far(data, limits)
        yield data


def _check_far(data: bytes, limits: Limits) -> None:
    """Refuse stray cells far away before the parser makes room for everything in between."""
    rows = columns = 0
    for letters, number, long_number in _FAR.findall(data):
        if letters:
            columns = max(columns, index(letters[:8].decode()) + 1)
        rows = max(rows, int((number or long_number)[:12]))
    if columns > 50:
        rows = max((int(number) for number in _ANY_ROW.findall(data)), default=rows)
    _check_extent(rows, columns, limits)


def _add_xlsx(grid: Grid, data: bytes) -> None:
    _put(grid, dict(_errors(data)))
    if b"<f" in data or b":f" in data:
        formulas = (_placed(match) for match in _UNCALCULATED.finditer(data))
        _put(grid, {at: f"={text}" for at, text in formulas if at})
    for match in _ROW.finditer(data) if b"hidden" in data else ():
        number = _ROW_NUMBER.search(match[1])
        if number and _HIDDEN.search(match[1]):
            grid.hidden_rows.add(int(number[1]) - 1)
    head = data[: data.find(b"<sheetData")] if b"<sheetData" in data else b""
    for match in _COL.finditer(head):
        found = dict(_ATTRIBUTE.findall(match[1]))
        first, last = (int(found.get(name, b"1")[:7]) for name in (b"min", b"max"))
        for column in range(first - 1, min(last, grid.width)):
            if found.get(b"hidden") in (b"1", b"true"):
                grid.hidden_columns.add(column)
            if b"width" in found:
                grid.widths[column] = float(found[b"width"])


def _errors(data: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the cells whose type says error, from the few places that say so."""
    for mark in (b't="e"', b"t='e'"):
        at = data.find(mark)
        while at >= 0:
            match = _ERROR.match(data, data.rfind(b"<", max(0, at - 300), at))
            place, text = _placed(match) if match else (None, "")
            if place:
                yield place, text
            at = data.find(mark, at + 5)


def _placed(match: re.Match[bytes]) -> tuple[tuple[int, int] | None, str]:
    address = _ADDRESS.search(match[1])
    text = (match[2] or b"").decode("utf-8", "replace")
    if address is None:
        return None, text
    return (int(address[2]) - 1, index(address[1].decode())), text


def _put(grid: Grid, texts: dict[tuple[int, int], str]) -> None:
    """Write texts into cells the parser left empty; their extent was checked before."""
    if not texts:
        return
    width = max(grid.width, 1 + max(column for _, column in texts))
    for _ in range(len(grid.rows), 1 + max(row for row, _ in texts)):
        grid.rows.append([])
    for cells in grid.rows:
        cells.extend([""] * (width - len(cells)))
    for (row, column), text in texts.items():
        if grid.rows[row][column] == "":
            grid.rows[row][column] = text


def _text(content: bytes, filename: str, limits: Limits) -> Source:
    text, encoding = _decoded(content)
    # Tabs and line ends aside, control characters mean that this is no text at all.
    if re.search(r"[\x00-\x08\x0b\x0e-\x1f]", text):
        raise refusal("U005", value="binary")
    delimiter = _delimiter(text)
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)  # counted while reading
            if len(rows) > limits.max_rows:
                _check_extent(len(rows), len(row), limits)
    except csv.Error as error:
        raise refusal("U006", value=f"csv, {error}") from None
    width = max(map(len, rows), default=0)
    _check_extent(len(rows), width, limits)
    for row in rows:
        row.extend([""] * (width - len(row)))
    grid = Grid(rows=rows, text=True)
    return Source(filename, "csv", [grid], encoding, delimiter)


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    else:
        candidates = ["utf-8", "gbk", "gb18030"]
    for encoding in candidates:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise refusal("U006", value="encoding")


def _delimiter(text: str) -> str:
    """Return the separator that stands most often in a usual line."""
    if match := re.match(r"sep=([,;\t])\r?\n", text):
        return match[1]
    lines = [re.sub(r'"[^"]*"', "", line) for line in text[:65536].splitlines() if line.strip()]
    counts = {mark: median([line.count(mark) for line in lines[:60]] or [0]) for mark in ",\t;"}
    best = max(counts, key=lambda mark: counts[mark])
    if counts[best] > 0:
        return best
    totals = {mark: sum(line.count(mark) for line in lines[:60]) for mark in ",\t;"}
    return max(totals, key=lambda mark: totals[mark])
