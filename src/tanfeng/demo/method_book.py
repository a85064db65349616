"""A workbook of a method with a few rows of one stream, as a person hands it in."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from xlsxwriter import Workbook

from tanfeng.accounting.methods import METHODS
from tanfeng.sheets.method_forms import sheet_names, stream_form


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
    out = BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(sheet_names(method, "zh")[stream])
        for column, one in enumerate(form.columns):
            sheet.write_string(0, column, one.heading("zh"))
            for number, row in enumerate(rows, start=1):
                if one.key in row:
                    sheet.write(number, column, row[one.key])
    return out.getvalue()
