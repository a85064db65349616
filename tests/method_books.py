"""Fill in the template of a method the way a person does: into the cells of the file."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from openpyxl import load_workbook

from tanfeng.accounting.methods import METHODS
from tanfeng.sheets.method_forms import (
    CANDIDATE_SHEET,
    UNIT_SHEET,
    candidate_form,
    sheet_names,
    stream_form,
)
from tanfeng.sheets.method_template import method_template
from tanfeng.sheets.method_units import unit_form

CODE, FIRM = "91359999MA2XN0001F", "演示甲厂"


@cache
def _template(key, lang):
    return method_template(METHODS[key], lang=lang)


class MethodBook:
    """A template that is being filled in; rows are given by field of the form."""

    def __init__(self, method, *, lang="zh"):
        self.method, self.lang = method, lang
        self.book = load_workbook(BytesIO(_template(method.key, lang)))
        self.names = sheet_names(method, lang)
        self._places = {}  # sheet -> column of every field, next free row

    def add(self, stream, **cells):
        """Write a row of a stream and return its number."""
        form = stream_form(self.method, self.method.stream(stream), self.lang)
        return self._write(self.names[stream], form, cells)

    def tested(self, **cells):
        """Write a laboratory value and return its row."""
        form = candidate_form(self.method, self.lang)
        return self._write(CANDIDATE_SHEET[self.lang == "en"], form, cells)

    def produced(self, **cells):
        """Write what a unit put out and return its row."""
        return self._write(UNIT_SHEET[self.lang == "en"], unit_form(self.method), cells)

    def cell(self, stream, field, row):
        """Return the cell of a field of a stream's sheet."""
        form = stream_form(self.method, self.method.stream(stream), self.lang)
        name = self.names[stream]
        return self.book[name].cell(row, self._place(name, form)[0][field])

    def _place(self, name, form):
        if name in self._places:
            return self._places[name]
        sheet, first = self.book[name], form.columns[0].heading(self.lang)
        rows = {str(sheet.cell(row, 1).value).rstrip("*"): row for row in range(1, 30)}
        head = rows[first]
        headings = {
            str(sheet.cell(head, i).value).rstrip("*"): i for i in range(1, sheet.max_column + 1)
        }
        columns = {column.key: headings[column.heading(self.lang)] for column in form.columns}
        self._places[name] = (columns, [head + 2])  # below the example
        return self._places[name]

    def _write(self, name, form, cells):
        columns, free = self._place(name, form)
        row = free[0]
        for field, value in {"credit_code": CODE, "org_name": FIRM, **cells}.items():
            self.book[name].cell(row, columns[field]).value = value
        free[0] += 1
        return row

    def content(self):
        """Return the file."""
        out = BytesIO()
        self.book.save(out)
        return out.getvalue()
