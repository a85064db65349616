"""Small workbooks made on the spot, and the day the tests are read on."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
import xlsxwriter

from tanfeng import sheets

TODAY = dt.date(2026, 1, 31)
CODE, OTHER = "91359999MADEM00015", "91359999MADEM00028"


def workbook(rows, *, sheet="表", merges=(), hidden_rows=(), hidden_columns=(), more=()):
    """Return an .xlsx with the rows; ``more`` are further sheets as (name, rows)."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, content in ((sheet, rows), *more):
            page = book.add_worksheet(name)
            for top, left, bottom, right in merges if name == sheet else ():
                page.merge_range(top, left, bottom, right, "")
            for row, cells in enumerate(content):
                for column, cell in enumerate(cells):
                    if isinstance(cell, str) and cell:
                        page.write_string(row, column, cell)
                    elif isinstance(cell, dt.date):
                        page.write_datetime(row, column, cell, day)
                    elif cell is not None and cell != "":
                        page.write(row, column, cell)
            for row in hidden_rows if name == sheet else ():
                page.set_row(row, None, None, {"hidden": True})
            for column in hidden_columns if name == sheet else ():
                page.set_column(column, column, None, None, {"hidden": True})
    return buffer.getvalue()


def text_file(rows, *, encoding="utf-8", delimiter=","):
    """Return the rows as a text file."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode(encoding)


def filled(form, *rows):
    """Return header and rows of a form; each row names only the fields it fills."""
    found = sheets.form(form)
    used = [name for name in found.fields if any(name in row for row in rows)]
    head = [found.column(name).heading() for name in used]
    return [head, *([row.get(name) for name in used] for row in rows)]


def energy(**fields):
    """Return a clean row of the monthly form, changed as told; None empties a field."""
    row = {
        "credit_code": CODE,
        "org_name": "演示甲公司",
        "period": "2025-03",
        "energy_name": "电力",
        "unit_zh": "万千瓦时",
        "purchase_qty": 100,
        "purchase_amount_kcny": 630,
        "consumption_total_qty": 100,
        "coef_used_tce": 1.229,
    } | fields
    return {name: value for name, value in row.items() if value is not None}


def coal(**fields):
    """Return a clean row of raw coal: 20 + 100 - 90 = 30 t in stock, 800 CNY/t."""
    return energy(
        **{
            "energy_name": "原煤",
            "unit_zh": "吨",
            "opening_stock_qty": 20,
            "purchase_qty": 100,
            "purchase_amount_kcny": 80,
            "consumption_total_qty": 90,
            "closing_stock_qty": 30,
            "coef_used_tce": 0.7143,
        }
        | fields
    )


class Bench:
    """What the tests of this room work with."""

    today = TODAY
    code, other = CODE, OTHER
    workbook = staticmethod(workbook)
    text_file = staticmethod(text_file)
    filled = staticmethod(filled)
    energy = staticmethod(energy)
    coal = staticmethod(coal)

    @staticmethod
    def read(content, **options):
        """Read a file as of the day of the tests."""
        return sheets.read(content, "upload", **{"today": TODAY, **options})

    def read_rows(self, form, *rows, **options):
        """Read rows of a form from a workbook: header in row 1, data from row 2."""
        return self.read(workbook(filled(form, *rows)), **options)

    def energy_rows(self, *rows, **options):
        """Read rows of the monthly form."""
        return self.read_rows("monthly_energy", *rows, **options)

    @staticmethod
    def told(result, *rules):
        """Return cell, rule and severity of findings, of the rules named or of all but infos."""
        return [
            (problem.cell, problem.rule, problem.severity)
            for problem in result.problems
            if (problem.rule in rules if rules else problem.severity != "info")
        ]


@pytest.fixture
def bench():
    return Bench()
