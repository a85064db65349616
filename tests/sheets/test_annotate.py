"""The uploaded file back with its findings marked."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import openpyxl
import pytest

from tanfeng import sheets

SAMPLES = sorted((Path(__file__).parent / "samples").glob("0*"))
RED, AMBER, BLUE = "FFF8D7D3", "FFFBEBC8", "FFDCE9F7"


def marked(content, result, **options):
    made = sheets.annotate(content, "upload", result, **options)
    return openpyxl.load_workbook(io.BytesIO(made))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_come_back_recognisable(path):
    content = path.read_bytes()
    result = sheets.read(content, path.name, today=dt.date(2026, 11, 22))
    book = marked(content, result)
    page = book.worksheets[0]
    assert book.sheetnames[-1] == "问题清单"
    for row, cells in enumerate(result.cells, 1):
        for column, cell in enumerate(cells, 1):
            value = page.cell(row, column).value
            if isinstance(cell, dt.date):
                value = value.date()
            if isinstance(cell, str) and "\n" not in cell:
                assert (value or "") == cell or value is None, (row, column)
            elif not isinstance(cell, str):
                assert value == cell
    for problem in result.problems:
        if problem.row and problem.column and problem.severity == "error":
            fill = page[problem.cell].fill.fgColor.rgb
            assert fill == RED, problem.cell
            assert problem.message_zh in page[problem.cell].comment.text
    listed = book["问题清单"]
    assert listed.max_row == 4 + len(result.problems)
    assert f"{result.errors} 个错误" in listed["A2"].value


def test_merges_and_widths_are_kept():
    content = (SAMPLES[0]).read_bytes()
    result = sheets.read(content, "x", today=dt.date(2026, 11, 22))
    page = marked(content, result).worksheets[0]
    merged = {str(area) for area in page.merged_cells.ranges}
    assert {"A1:N1", "E4:F4", "A4:A5"} <= merged
    assert page.column_dimensions["O"].width == pytest.approx(13.0, abs=0.8)


def test_colours_and_comments(bench):
    rows = [
        bench.energy(),
        bench.energy(period="2025-04", feedstock_qty=101, purchase_qty="1００"),
        bench.coal(closing_stock_qty=40),
    ]
    content = bench.workbook(bench.filled("monthly_energy", *rows))
    result = bench.read(content)
    page = marked(content, result).worksheets[0]
    letters = {c.field: c.letter for c in result.columns}
    assert page[f"{letters['feedstock_qty']}3"].fill.fgColor.rgb == RED
    assert page[f"{letters['purchase_qty']}3"].fill.fgColor.rgb == BLUE
    assert page[f"{letters['purchase_qty']}3"].comment is None  # infos are only coloured
    assert page["A4"].fill.fgColor.rgb == AMBER  # a whole row is marked at its first cell
    assert "差额" in page["A4"].comment.text
    assert page["A2"].fill.fgColor.rgb == "00000000"


def test_english_and_suggestions(bench):
    content = bench.workbook(bench.filled("monthly_energy", bench.energy(period="25.3")))
    result = bench.read(content)
    book = marked(content, result, lang="en")
    assert "Probably: 2025-03" in book.worksheets[0]["C2"].comment.text
    listed = book["Problems"]
    assert listed["I5"].value == "2025-03"
    assert listed["B5"].value == "C2"


def test_dangerous_cells_stay_text(bench):
    content = bench.workbook(bench.filled("monthly_energy", bench.energy(remark="=1+1")))
    result = bench.read(content)
    page = marked(content, result).worksheets[0]
    cell = page.cell(2, len(result.columns))
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)


def test_hidden_sheets_stay_out_and_others_come_along(bench):
    rows = bench.filled(
        "monthly_wide", {"period": "2025-03", "electricity_1e4kwh": 1, "output_t": 1}
    )
    content = bench.workbook([["封面", True]], sheet="封面", more=[("表", rows)])
    result = bench.read(content)
    book = marked(content, result)
    assert book.sheetnames == ["表", "封面", "问题清单"]
    assert book["封面"]["B1"].value == "是"


def test_many_findings_stay_quick_to_open(bench, monkeypatch):
    from tanfeng.sheets import _annotate

    monkeypatch.setattr(_annotate, "_MOST_COMMENTS", 3)
    rows = [bench.energy(period=f"2025-{i:02d}", feedstock_qty=101 + i) for i in range(1, 9)]
    content = bench.workbook(bench.filled("monthly_energy", *rows))
    page = marked(content, bench.read(content)).worksheets[0]
    assert sum(cell.comment is not None for row in page.iter_rows() for cell in row) == 3


def test_overlapping_merges_do_no_harm(bench):
    from tanfeng.sheets import _annotate
    from tanfeng.sheets._book import Book
    from tanfeng.sheets._source import Grid

    grid = Grid(
        "x", rows=[["a", "b"], ["c", "d"]], merges=[(0, 0, 1, 0), (0, 0, 0, 1), (1, 1, 1, 1)]
    )
    book = Book()
    assert _annotate._merges(book, book.sheet("x"), grid, set()) == {
        (0, 0): (0, 0),
        (1, 0): (0, 0),
    }
    assert book.finish()
