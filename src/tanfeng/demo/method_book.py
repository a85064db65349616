"""The template of a method, filled in by field as a person does, for a demonstration account."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from tanfeng.accounting.methods import METHODS
from tanfeng.sheets.method_forms import sheet_names, stream_form
from tanfeng.sheets.method_template import method_template

#: Rows from the headings to the first one to fill in; the example lies between.
_BELOW = 2
_LOOKED_AT = 30


def filled(method_key: str, stream: str, rows: list[dict[str, Any]]) -> bytes:
    """Return the workbook of a method with some rows of one stream.

    Parameters
    ----------
    method_key : str
        Key of the method.
    stream : str
        Key of the stream the rows are of.
    rows : list of dict
        Field of the form -> value.
    """
    method = METHODS[method_key]
    form = stream_form(method, method.stream(stream), "zh")
    book = load_workbook(BytesIO(method_template(method, lang="zh")))
    sheet = book[sheet_names(method, "zh")[stream]]
    first = form.columns[0].heading("zh")
    head = next(row for row in range(1, _LOOKED_AT) if _text(sheet.cell(row, 1).value) == first)
    places = {_text(sheet.cell(head, i).value): i for i in range(1, sheet.max_column + 1)}
    for number, row in enumerate(rows):
        for column in form.columns:
            if column.key in row:
                cell = sheet.cell(head + _BELOW + number, places[column.heading("zh")])
                cell.value = row[column.key]
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _text(value: object) -> str:
    """Return a heading without the mark of what must be filled in."""
    return str(value).rstrip("*")
