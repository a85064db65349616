"""The door: what may come in, and in which words the rest is refused."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng import sheets
from tanfeng.errors import DataError
from tanfeng.sheets import _ole
from tanfeng.sheets._guard import Limits, admit


def refused(content, **limits):
    with pytest.raises(DataError) as caught:
        admit(content, Limits(**limits))
    (problem,) = caught.value.problems
    assert problem.severity == "error"
    assert problem.message_zh
    assert problem.message_en
    assert problem.remedy_zh
    assert problem.remedy_en
    return problem.rule


def parts_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def xlsx(bench):
    return bench.workbook([["月份", "用电量(kWh)", "产量(吨)"], ["2025-01", 100, 5]])


@pytest.fixture
def xls():
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("表一")
    for i, text in enumerate(["月份", "用电量(kWh)", "产量(吨)"]):
        page.write(0, i, text)
    for i, cell in enumerate(["2025-01", 1000, 5]):
        page.write(1, i, cell)
    page.row(1).hidden = True
    page.col(2).hidden = True
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# ------------------------------------------------------------------------------ sizes


@pytest.mark.parametrize("content", [b"", b"   \r\n", b"\0" * 100])
def test_nothing(content):
    assert refused(content) == "U009"


def test_too_large():
    assert refused(b"a,b\n" * 300_000, max_bytes=1 << 20) == "U001"


def test_default_limit_is_20_megabytes():
    assert Limits().max_bytes == 20 * 1024 * 1024


def test_zip_bomb_by_size(xlsx):
    parts = parts_of(xlsx)
    parts["xl/worksheets/sheet1.xml"] += b" " * (40 << 20)
    bomb = zipped(parts)
    assert len(bomb) < 100_000
    assert refused(bomb, max_unpacked_bytes=20 << 20) == "U002"


def test_zip_bomb_by_ratio(xlsx):
    parts = parts_of(xlsx)
    parts["xl/worksheets/sheet1.xml"] += b" " * (40 << 20)
    assert refused(zipped(parts)) == "U002"


def test_zip_bomb_by_number_of_entries(xlsx):
    parts = parts_of(xlsx) | {f"xl/media/{i}.xml": b"" for i in range(50)}
    assert refused(zipped(parts), max_entries=40) == "U002"


def test_zip_bomb_whose_header_lies(xlsx):
    """The directory says 10 bytes, the stream unpacks to 8 MiB."""
    parts = parts_of(xlsx)
    parts["xl/evil.xml"] = b" " * (8 << 20)
    content = bytearray(zipped(parts))
    entry = content.rfind(b"xl/evil.xml") - 46
    assert content[entry : entry + 4] == b"PK\x01\x02"
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    assert refused(bytes(content)) == "U006"
    assert refused(bytes(content), max_unpacked_bytes=1 << 20) == "U002"


def test_two_parts_of_one_name(xlsx):
    buffer = io.BytesIO(xlsx)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    assert refused(buffer.getvalue()) == "U006"


def test_what_was_checked_is_what_is_parsed(xlsx):
    parts = parts_of(xlsx)
    content = zipped(parts | {"xl/media/photo.png": b"\x89PNG", "docProps/app.xml": b"<a/>"})
    clean = parts_of(admit(content, Limits()).content)
    assert "xl/media/photo.png" not in clean
    assert clean["xl/workbook.xml"] == parts["xl/workbook.xml"]


# ------------------------------------------------------------------------------ kinds


@pytest.mark.parametrize(
    ("magic", "name"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"Rar!\x1a", "RAR"),
        (b"7z\xbc\xaf", "7z"),
        (b"<html><table><tr><td>1", "HTML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "XML"),
    ],
)
def test_other_kinds_are_named(magic, name):
    with pytest.raises(DataError) as caught:
        admit(magic + b"x" * 100, Limits())
    assert caught.value.problems[0].rule == "U005"
    assert name in caught.value.problems[0].message_zh


def test_binary_that_is_nothing():
    with pytest.raises(DataError) as caught:
        sheets.read(b"\x01\x02abc" * 50, "x.csv", today=dt.date(2026, 1, 1))
    assert caught.value.problems[0].rule == "U005"


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ({"xl/vbaProject.bin": b"x"}, "U003"),
        ({"xl/macrosheets/sheet1.xml": b"<a/>"}, "U003"),
        ({"[Content_Types].xml": b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"}, "U003"),
        ({"xl/workbook.bin": b"x"}, "U005"),
        ({"xl/workbook.xml": b"\xff\xfe<\0"}, "U006"),
        ({"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'}, "U006"),
        ({"xl/workbook.xml": b"<broken"}, "U006"),
    ],
    ids=["macros", "excel 4 macros", "xlsm", "xlsb", "utf-16", "entities", "broken"],
)
def test_workbooks_that_are_refused(bench, xlsx, extra, rule):
    with pytest.raises(DataError) as caught:
        bench.read(zipped(parts_of(xlsx) | extra))
    assert caught.value.problems[0].rule == rule


@pytest.mark.parametrize(
    ("name", "kind"),
    [("word/document.xml", ".docx"), ("content.xml", ".ods"), ("readme.txt", "zip")],
)
def test_other_zips(name, kind):
    with pytest.raises(DataError) as caught:
        admit(zipped({name: b"<a/>"}), Limits())
    assert caught.value.problems[0].rule == "U005"
    assert kind in caught.value.problems[0].message_en


def test_encrypted_zip(xlsx):
    content = bytearray(xlsx)
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    assert refused(bytes(content)) == "U004"


def test_broken_zip(xlsx):
    assert refused(xlsx[:200]) == "U006"
    assert refused(b"PK\x03\x04" + b"\0" * 60) == "U006"


def test_compression_nobody_uses(xlsx):
    assert refused(zipped(parts_of(xlsx), zipfile.ZIP_BZIP2)) == "U006"


def test_deflate_that_is_broken(xlsx):
    content = bytearray(xlsx)
    at = content.find(b"PK\x03\x04")
    start = at + 30 + int.from_bytes(content[at + 26 : at + 28], "little")
    content[start : start + 4] = b"\xff\xff\xff\xff"
    assert refused(bytes(content)) == "U006"


# ------------------------------------------------------------------------------ extents


def sheet_xml(cells):
    rows = "".join(
        f'<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>' for column, row in cells
    )
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
        f'2006/main"><sheetData>{rows}</sheetData></worksheet>'
    ).encode()


@pytest.mark.parametrize(
    "cells",
    [[("A", 1), ("XFD", 1048576)], [("A", 1), ("A", 300000)], [("A", 1), ("KN", 99999)]],
    ids=["far corner", "too many rows", "too many cells"],
)
def test_stray_cells_far_away(bench, xlsx, cells):
    content = zipped(parts_of(xlsx) | {"xl/worksheets/sheet1.xml": sheet_xml(cells)})
    with pytest.raises(DataError) as caught:
        bench.read(content)
    assert caught.value.problems[0].rule == "U007"


def test_limits_are_arguments(bench, xlsx):
    text = bench.text_file([["月份", "用电量(kWh)", "产量(吨)"], *[["2025-01", "1", "2"]] * 20])
    for content, limit in (
        (xlsx, {"max_columns": 2}),
        (xlsx, {"max_rows": 1}),
        (text, {"max_rows": 10}),
        (text, {"max_columns": 2}),
        (text, {"max_cells": 30}),
    ):
        with pytest.raises(DataError) as caught:
            bench.read(content, limits=sheets.Limits(**limit))
        assert caught.value.problems[0].rule == "U007"


def test_merged_ranges_that_overlap(bench, xlsx):
    parts = parts_of(xlsx)
    ranges = b"".join(b'<mergeCell ref="A1:C2"/>' for _ in range(3))
    name = "xl/worksheets/sheet1.xml"
    merged = b"</sheetData><mergeCells>" + ranges + b"</mergeCells>"
    parts[name] = parts[name].replace(b"</sheetData>", merged)
    with pytest.raises(DataError) as caught:
        bench.read(zipped(parts))
    assert caught.value.problems[0].rule == "U006"


# ------------------------------------------------------------------------------ old workbooks


def test_old_workbook_is_read(bench, xls):
    result = bench.read(xls)
    assert result.form.key == "monthly_wide"
    assert result.frame["electricity_1e4kwh"].to_list() == [0.1]  # 1000 kWh
    assert bench.told(result, "S012") == [("C", "S012", "info"), ("2", "S012", "info")]


def test_wrapped_stream_is_the_same_workbook(xls):
    stream = _ole.Container(xls).stream("Workbook")
    again = _ole.Container(_ole.wrap(stream))
    assert again.stream("Workbook")[: len(stream)] == stream
    large = stream + bytes(9_000_000)  # more than 109 sectors of the table
    assert _ole.Container(_ole.wrap(large)).stream("Workbook") == large


def test_errors_in_old_workbooks():
    def record(kind, data):
        return struct.pack("<HH", kind, len(data)) + data

    sheet = record(0x809, struct.pack("<HH", 0x600, 0x10)) + record(
        0x205, struct.pack("<HHHBB", 3, 1, 0, 0x17, 1)
    )
    formula = struct.pack("<HHH", 4, 2, 0) + b"\x02\0\x07\0\0\0\xff\xff" + bytes(6)
    sheet += record(0x6, formula) + record(0xBD, struct.pack("<HH", 5, 0) + bytes(12) + b"\x09\0")
    sheet += record(0xA, b"")
    head = record(0x809, struct.pack("<HH", 0x600, 0x05))
    at = len(head) + 4 + 8 + 4
    book = head + record(0x85, struct.pack("<IBB", at, 0, 0) + b"\0\0") + record(0xA, b"")
    found = _ole.inspect(book + sheet)
    assert found.sheets[0].errors == {(3, 1): "#REF!", (4, 2): "#DIV/0!"}
    assert (found.sheets[0].rows, found.sheets[0].columns) == (6, 10)


def stream_with(kind, data):
    head = struct.pack("<HHHH", 0x809, 4, 0x600, 0x05)
    return head + struct.pack("<HH", kind, len(data)) + data + struct.pack("<HH", 0xA, 0)


@pytest.mark.parametrize(
    ("stream", "rule"),
    [
        (stream_with(0x2F, b"\0" * 6), "U004"),
        (stream_with(0x85, struct.pack("<IBB", 8, 0, 1) + b"\0\0"), "U003"),
        (stream_with(0xFC, struct.pack("<II", 1, 0x7FFFFFFF)), "U006"),
        (b"no workbook at all", "U006"),
    ],
    ids=["password", "excel 4 macros", "string table that lies", "no stream"],
)
def test_old_workbooks_that_are_refused(stream, rule):
    assert refused(_ole.wrap(stream)) == rule


def renamed(content, old, new):
    name = old.encode("utf-16-le")
    at = content.find(name)
    length = struct.pack("<H", 2 * len(new) + 2)
    entry = new.encode("utf-16-le").ljust(64, b"\0") + length
    return content[:at] + entry + content[at + 66 :]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("EncryptedPackage", "U004"),
        ("_VBA_PROJECT_CUR", "U003"),
        ("WordDocument", "U005"),
        ("Contents", "U005"),
    ],
)
def test_other_compound_files(xls, name, rule):
    assert refused(renamed(xls, "Workbook", name)) == rule


def test_circular_chains_end(xls):
    content = bytearray(_ole.wrap(_ole.Container(xls).stream("Workbook")))
    table = struct.unpack_from("<I", content, 76)[0]
    struct.pack_into("<I", content, 512 * (table + 1), 0)  # sector 0 follows sector 0
    assert refused(bytes(content)) == "U006"
    for at, value in ((48, 99999), (30, 3), (60, 99999)):
        twisted = bytearray(xls)
        struct.pack_into("<H" if at == 30 else "<I", twisted, at, value)
        assert refused(bytes(twisted)) == "U006"
    assert refused(xls[:400]) == "U006"


def test_short_streams_live_in_the_mini_stream():
    """A stream below 4096 bytes lies in pieces of 64 bytes."""
    text = bytes(range(200))
    fat = [0xFFFFFFFE, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFE] + [0xFFFFFFFF] * 124
    mini = [1, 2, 3, 0xFFFFFFFE] + [0xFFFFFFFF] * 124
    header = bytearray(_ole.wrap(b"x" * 4096)[:512])
    struct.pack_into("<I", header, 48, 0)
    struct.pack_into("<I", header, 60, 3)
    struct.pack_into("<I", header, 76, 2)
    root = _ole._entry("Root Entry", 5, 1, 512, child=1) + _ole._entry("Workbook", 2, 0, 200)
    content = bytes(header) + root.ljust(512, b"\0") + text.ljust(512, b"\0")
    content += struct.pack("<128I", *fat) + struct.pack("<128I", *mini)
    container = _ole.Container(content)
    assert container.stream("Workbook") == text
    with pytest.raises(_ole.Broken):
        container.stream("Missing")


# ------------------------------------------------------------------------------ anything at all


def read_or_refused(content):
    """Return the result or the problems; anything else raised fails the test."""
    try:
        return sheets.read(content, "upload", today=dt.date(2026, 1, 1))
    except DataError as error:
        return error.problems


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(content):
    assert read_or_refused(content)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_workbooks_are_read_or_refused(data):
    samples = sorted((Path(__file__).parent / "samples").glob("0*"))
    content = bytearray(data.draw(st.sampled_from(samples)).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert read_or_refused(bytes(content))


def test_inflated_size_is_what_counts():
    """zlib is asked for one byte more than is left, never for everything."""
    data = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = data.compress(b"\0" * (64 << 20)) + data.flush()
    assert len(zlib.decompressobj(-15).decompress(packed, 1001)) == 1001
