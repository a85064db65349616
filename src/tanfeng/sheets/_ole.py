"""Old binary workbooks: look inside before anything else does.

A compound file is a small file system. We walk it with bounds and cycle checks of our own, take
out the one stream that holds the workbook, look at its records (macros, encryption, size, errors,
hidden rows) and wrap that stream into a fresh compound file. The parser of the workbook then sees
only what was checked here.

References
----------
.. [1] MS-CFB, compound file binary format: header, FAT, directory, mini stream.
.. [2] MS-XLS, records BOF, BOUNDSHEET8, ROW, COLINFO, FORMULA, BOOLERR, FILEPASS, SST.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")
_FREE, _END, _FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_LAST_SECTOR = 0xFFFFFFFA

_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
#: Records that hold one cell: row and column are their first two words.
_CELLS = frozenset({0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6, 0x0001, 0x0003})
_RUNS = frozenset({0x00BD, 0x00BE})  # MULRK, MULBLANK: row, first column ... last column


class Broken(Exception):
    """The container is not what it claims to be."""


@dataclass(slots=True)
class BinarySheet:
    """What the records of one sheet say beside its values."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    #: Formulas whose stored result is empty, and whether any formula has a result at all.
    unanswered: set[tuple[int, int]] = field(default_factory=set)
    calculated: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    widths: dict[int, float] = field(default_factory=dict)
    rows: int = 0
    columns: int = 0


@dataclass(slots=True)
class BinaryBook:
    """A workbook stream after inspection."""

    stream: bytes
    encrypted: bool = False
    macro_sheets: bool = False
    sheets: list[BinarySheet] = field(default_factory=list)


class Container:
    """The directory and streams of a compound file."""

    def __init__(self, content: bytes) -> None:
        if len(content) < 512 or content[:8] != MAGIC:
            raise Broken("no compound file")
        self._content = content
        shift = struct.unpack_from("<H", content, 30)[0]
        if shift not in (9, 12):
            raise Broken("sector size")
        self._size = 1 << shift
        self._fat = self._read_fat()
        first_directory, first_mini = (struct.unpack_from("<I", content, at)[0] for at in (48, 60))
        self.entries = list(self._read_directory(self._chain(first_directory)))
        self._mini_fat = _words(self._chain(first_mini) if first_mini <= _LAST_SECTOR else b"")
        self.names = frozenset(name for name, *_ in self.entries)

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if number > _LAST_SECTOR or start >= len(self._content):
            raise Broken("sector outside the file")
        return self._content[start : start + self._size]

    def _read_fat(self) -> tuple[int, ...]:
        difat = list(struct.unpack_from("<109I", self._content, 76))
        following = struct.unpack_from("<I", self._content, 68)[0]
        seen: set[int] = set()
        while following <= _LAST_SECTOR:
            if following in seen:
                raise Broken("circular table")
            seen.add(following)
            words = _words(self._sector(following))
            difat += words[:-1]
            following = words[-1] if words else _END
        sectors = [number for number in difat if number <= _LAST_SECTOR]
        if len(sectors) > len(self._content) // self._size + 1:
            raise Broken("more table than file")
        return _words(b"".join(self._sector(number) for number in sectors))

    def _chain(self, first: int) -> bytes:
        parts: list[bytes] = []
        seen: set[int] = set()
        number = first
        while number <= _LAST_SECTOR:
            if number in seen or number >= len(self._fat):
                raise Broken("circular or cut chain")
            seen.add(number)
            parts.append(self._sector(number))
            number = self._fat[number]
        return b"".join(parts)

    def _read_directory(self, data: bytes) -> Iterator[tuple[str, int, int, int]]:
        for at in range(0, len(data) - 127, 128):
            length, kind = struct.unpack_from("<HB", data, at + 64)
            if kind not in (1, 2, 5) or not 2 <= length <= 64:
                continue
            name = data[at : at + length - 2].decode("utf-16-le", "replace")
            first, size = struct.unpack_from("<II", data, at + 116)
            yield name, kind, first, size

    def stream(self, name: str) -> bytes:
        """Return a stream by its name.

        Raises
        ------
        Broken
            If there is no such stream or its chain is cut.
        """
        cutoff = struct.unpack_from("<I", self._content, 56)[0]
        for found, kind, first, size in self.entries:
            if found == name and kind == 2:
                if size > len(self._content):
                    raise Broken("stream longer than the file")
                data = self._chain(first) if size >= cutoff else self._mini(first)
                return data[:size]
        raise Broken(f"no stream {name}")

    def _mini(self, first: int) -> bytes:
        root = next((entry for entry in self.entries if entry[1] == 5), None)
        if root is None:
            raise Broken("no root")
        store = self._chain(root[2])
        parts: list[bytes] = []
        seen: set[int] = set()
        number = first
        while number <= _LAST_SECTOR:
            if number in seen or number >= len(self._mini_fat):
                raise Broken("circular or cut chain")
            seen.add(number)
            parts.append(store[number * 64 : number * 64 + 64])
            number = self._mini_fat[number]
        return b"".join(parts)


def _words(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _records(stream: bytes, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield kind, offset of the data and length of every record."""
    at = start
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if at + 4 + length > len(stream):
            return
        yield kind, at + 4, length
        at += 4 + length


def inspect(stream: bytes) -> BinaryBook:
    """Look at the records of a workbook stream.

    Raises
    ------
    Broken
        If it does not start as a workbook does, or its string table claims more than it holds.
    """
    if len(stream) < 8 or stream[1] not in (0x00, 0x02, 0x04, 0x08) or stream[0] != 0x09:
        raise Broken("no workbook stream")
    book = BinaryBook(stream)
    starts: list[int] = []
    for kind, at, length in _records(stream):
        if kind == 0x002F:
            book.encrypted = True
            return book
        if kind == 0x0085 and length >= 6:
            start, _state, sort = struct.unpack_from("<IBB", stream, at)
            starts.append(start)
            book.macro_sheets |= sort in (1, 6)
        elif kind == 0x00FC and length >= 8:
            total, unique = struct.unpack_from("<II", stream, at)
            if max(total, unique) > len(stream):
                raise Broken("string table longer than the file")
        elif kind == 0x000A:
            break
    book.sheets = [_sheet(stream, start) for start in starts[:1000]]
    return book


def _sheet(stream: bytes, start: int) -> BinarySheet:
    sheet = BinarySheet()
    depth = 0
    for kind, at, length in _records(stream, start):
        if kind in (0x0809, 0x0409, 0x0209, 0x0009):
            depth += 1
        elif kind == 0x000A:
            depth -= 1
            if depth <= 0:
                break
        elif depth == 1 and length >= 6:
            _record(sheet, stream, kind, at, length)
    return sheet


def _record(sheet: BinarySheet, stream: bytes, kind: int, at: int, length: int) -> None:
    if kind in _CELLS or kind in _RUNS:
        row, first = struct.unpack_from("<HH", stream, at)
        last = first
        if kind in _RUNS:
            last = max(first, struct.unpack_from("<H", stream, at + length - 2)[0])
        sheet.rows = max(sheet.rows, row + 1)
        sheet.columns = max(sheet.columns, last + 1)
        if kind == 0x0205 and length >= 8 and stream[at + 7] == 1:
            sheet.errors[row, first] = _ERRORS.get(stream[at + 6], "#N/A")
        elif kind == 0x0006 and length >= 14:
            _formula(sheet, stream, at, (row, first))
    elif kind == 0x0208 and length >= 16:
        row, options = struct.unpack_from("<H10xI", stream, at)
        if options & 0x20:
            sheet.hidden_rows.add(row)
    elif kind == 0x007D and length >= 10:
        first, last, width, _style, options = struct.unpack_from("<5H", stream, at)
        for column in range(first, min(last, 255) + 1):
            sheet.widths[column] = width / 256
            if options & 1:
                sheet.hidden_columns.add(column)


def _formula(sheet: BinarySheet, stream: bytes, at: int, place: tuple[int, int]) -> None:
    """Take down what a formula left as its result: an error, nothing, or something."""
    special = stream[at + 12 : at + 14] == b"\xff\xff"
    if special and stream[at + 6] == 2:
        sheet.errors[place] = _ERRORS.get(stream[at + 8], "#N/A")
    elif special and stream[at + 6] == 3:
        sheet.unanswered.add(place)
        return
    sheet.calculated = True


def uncalculated(sheet: BinarySheet) -> dict[tuple[int, int], str]:
    """Return formulas nobody calculated, as a text where their result should stand.

    An empty result may be meant (``=IF(A1="","",A1)``): it is taken so where any other formula of
    the sheet has a result. The formula itself is not read.
    """
    return {} if sheet.calculated else dict.fromkeys(sheet.unanswered, "=")


def wrap(stream: bytes) -> bytes:
    """Return a compound file that holds the stream as ``Workbook`` and nothing else."""
    size = 512
    stream += bytes(max(0, 4096 - len(stream)))  # short streams would live in the mini stream
    sectors = -(-len(stream) // size)
    # FAT sectors must describe themselves too; one sector describes 128.
    tables = 1
    while tables * 128 < sectors + 1 + tables:
        tables += 1
    extra = -(-max(0, tables - 109) // 127)
    while tables * 128 < sectors + 1 + tables + extra:
        tables += 1
        extra = -(-max(0, tables - 109) // 127)
    first_table = sectors + 1
    first_extra = first_table + tables
    fat = [*range(1, sectors), _END, _END] + [_FAT_SECTOR] * tables + [_FAT_SECTOR - 1] * extra
    fat += [_FREE] * (tables * 128 - len(fat))
    numbers = list(range(first_table, first_table + tables))
    header = MAGIC + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIII", 0, tables, sectors, 0)
    header += struct.pack("<IIII", 4096, _END, 0, first_extra if extra else _END)
    header += struct.pack("<I109I", extra, *(numbers + [_FREE] * 109)[:109])
    body = stream + bytes(sectors * size - len(stream))
    body += _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, 0, len(stream))
    body += bytes(256) + struct.pack(f"<{len(fat)}I", *fat)
    rest = numbers[109:]
    for i in range(extra):
        chunk = rest[i * 127 : i * 127 + 127]
        following = first_extra + i + 1 if i + 1 < extra else _END
        body += struct.pack("<128I", *(chunk + [_FREE] * (127 - len(chunk))), following)
    return header + body


def _entry(name: str, kind: int, first: int, size: int, child: int = _FREE) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    entry = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
    entry += struct.pack("<III", _FREE, _FREE, child) + bytes(36)
    return entry + struct.pack("<III", first, size, 0)
