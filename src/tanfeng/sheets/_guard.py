"""The door: what a file really is, and whether it may come in at all.

Nothing is parsed before it passed here. A zipped workbook is unpacked by us, part by part, with
a cap on every byte, and packed again without compression: the parser of the workbook sees exactly
what was checked, and pictures, macros and links never reach it.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Literal

from tanfeng.sheets import _ole
from tanfeng.sheets._findings import refusal

MEBI = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What is accepted at most.

    Parameters
    ----------
    max_bytes : int
        Size of the file. [B]
    max_unpacked_bytes : int
        Size of all parts of a zipped workbook together. [B]
    max_ratio : float
        Unpacked size over file size, from 32 MiB unpacked upwards.
    max_entries : int
        Parts of a zipped workbook.
    max_rows, max_columns, max_cells : int
        Extent of a sheet.
    """

    max_bytes: int = 20 * MEBI
    max_unpacked_bytes: int = 256 * MEBI
    max_ratio: float = 200
    max_entries: int = 2000
    max_rows: int = 200_000
    max_columns: int = 300
    max_cells: int = 5_000_000


@dataclass(slots=True)
class Admitted:
    """A file that passed the door.

    Parameters
    ----------
    kind : {"xlsx", "xls", "text"}
        What it is, whatever its name says.
    content : bytes
        Clean container for the parser, or the text as bytes.
    parts : dict
        Parts of a zipped workbook by path.
    binary : BinaryBook or None
        Records of an old workbook.
    """

    kind: Literal["xlsx", "xls", "text"]
    content: bytes
    parts: dict[str, bytes] = field(default_factory=dict)
    binary: _ole.BinaryBook | None = None


_MAGIC = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"{\\rtf", "RTF"),
)


def admit(content: bytes, limits: Limits) -> Admitted:
    """Tell what a file is and make it safe to parse.

    Raises
    ------
    DataError
        If it is refused; the problem says why and what to do.
    """
    if not content.strip(b"\0 \r\n\t"):
        raise refusal("U009")
    if len(content) > limits.max_bytes:
        raise refusal("U001", value=_size(len(content)), limit=_size(limits.max_bytes))
    for magic, name in _MAGIC:
        if content.startswith(magic):
            raise refusal("U005", value=name)
    if content.startswith(b"PK"):
        return _zipped(content, limits)
    if content.startswith(_ole.MAGIC):
        return _binary(content)
    start = content[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<head", b"<meta")):
        raise refusal("U005", value="HTML / XML")
    return Admitted("text", content)


def _size(number: int) -> str:
    return f"{number / MEBI:.1f} MB"


def _binary(content: bytes) -> Admitted:
    try:
        container = _ole.Container(content)
        names = container.names
        if names & {"EncryptedPackage", "EncryptionInfo"}:
            raise refusal("U004")
        if names & {"_VBA_PROJECT_CUR", "Macros", "VBA", "_VBA_PROJECT"}:
            raise refusal("U003", value="VBA")
        stream = next(
            (name for name in ("Workbook", "Book", "WORKBOOK", "BOOK") if name in names), ""
        )
        if not stream:
            raise refusal("U005", value="Word / WPS" if "WordDocument" in names else "OLE")
        book = _ole.inspect(container.stream(stream))
    except _ole.Broken as error:
        raise refusal("U006", value=f"xls, {error}") from None
    if book.encrypted:
        raise refusal("U004")
    if book.macro_sheets:
        raise refusal("U003", value="Excel 4.0")
    return Admitted("xls", _ole.wrap(book.stream), binary=book)


def _zipped(content: bytes, limits: Limits) -> Admitted:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        raise refusal("U006", value="xlsx, zip") from None
    if len(entries) > limits.max_entries:
        raise refusal("U002", value=f"{len(entries)} > {limits.max_entries}")
    _refuse_by_name(entries)
    parts: dict[str, bytes] = {}
    left = limits.max_unpacked_bytes
    for entry in entries:
        name = entry.filename
        if not name.lower().endswith((".xml", ".rels")):
            continue
        if name in parts:
            raise refusal("U006", value=f"xlsx, {name[:80]}")
        parts[name] = _unpacked(content, entry, left)
        left -= len(parts[name])
    unpacked = limits.max_unpacked_bytes - left
    if unpacked > 32 * MEBI and unpacked > limits.max_ratio * len(content):
        raise refusal("U002", value=_size(unpacked))
    _refuse_by_content(parts)
    return Admitted("xlsx", _packed(parts), parts=parts)


def _refuse_by_name(entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename.lower() for entry in entries}
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise refusal("U004")
    if any(name.rsplit("/", 1)[-1].startswith("vbaproject") for name in names):
        raise refusal("U003", value="vbaProject.bin")
    if any(name.startswith("xl/macrosheets/") for name in names):
        raise refusal("U003", value="Excel 4.0")
    if "xl/workbook.bin" in names:
        raise refusal("U005", value=".xlsb")
    if "xl/workbook.xml" not in names:
        known = {
            "word/document.xml": ".docx",
            "ppt/presentation.xml": ".pptx",
            "content.xml": ".ods",
        }
        kind = next((kind for name, kind in known.items() if name in names), "zip")
        raise refusal("U005", value=kind)


def _unpacked(content: bytes, entry: zipfile.ZipInfo, left: int) -> bytes:
    """Inflate one part from the bytes themselves; what the headers claim must be true."""
    start = entry.header_offset
    head = content[start : start + 30]
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise refusal("U006", value="xlsx, zip")
    begin = (
        start + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    )
    packed = memoryview(content)[begin : begin + entry.compress_size]
    if entry.file_size > left:
        raise refusal("U002", value=_size(entry.file_size))
    if entry.compress_type == zipfile.ZIP_STORED:
        data = bytes(packed)
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        inflater = zlib.decompressobj(-15)
        try:
            data = inflater.decompress(packed, left + 1)
        except zlib.error:
            raise refusal("U006", value="xlsx, zip") from None
        if len(data) > left:
            raise refusal("U002", value=f"> {_size(left)}")
    else:
        raise refusal("U006", value="xlsx, zip")
    if len(data) != entry.file_size:
        raise refusal("U006", value="xlsx, zip")
    return data


def _refuse_by_content(parts: dict[str, bytes]) -> None:
    types = parts.get("[Content_Types].xml", b"")
    if b"macroEnabled" in types or b"vbaProject" in types:
        raise refusal("U003", value="macroEnabled")
    for name, data in parts.items():
        if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:64]:
            raise refusal("U006", value=f"xlsx, {name[:80]}")
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise refusal("U006", value=f"xlsx, {name[:80]}, DOCTYPE")


def _packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()
