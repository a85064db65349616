"""A workbook being written: formats, safe cells, title rows."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Sequence
from typing import Any

import polars as pl
import xlsxwriter

from tanfeng.sheets import _tall

#: Cells that start so would become formulas when the file is saved as text and opened again.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 32767
#: Characters of a stamp below a printed page.
_FOOT = 150
_PROPERTIES = {"created": dt.datetime(2000, 1, 1), "author": "Tanfeng"}

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DEMO = {"zh": "演示数据", "en": "Demonstration data"}
YES_NO = {"zh": ("是", "否"), "en": ("yes", "no")}
AS_OF = {"zh": "数据截至 {0}", "en": "Data as of {0}"}

_FONT = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
_LINE = {"border": 1, "border_color": "#C9D2CC"}
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {**_FONT, "font_size": 14, "bold": True, "font_color": "#0F6B4F"},
    "note": {**_FONT, "font_color": "#55635B"},
    "wrapped": {**_FONT, "text_wrap": True, "valign": "top"},
    "demo": {**_FONT, "bold": True, "font_color": "#C0392B"},
    "head": {
        **_FONT,
        **_LINE,
        "bold": True,
        "bg_color": "#E5F1EC",
        "align": "center",
        "text_wrap": True,
    },
    "text": {**_FONT, "num_format": "@"},
    "plain": {**_FONT},
    "int": {**_FONT, "num_format": "#,##0"},
    "decimal": {**_FONT, "num_format": "#,##0.00##"},
    "money": {**_FONT, "num_format": "#,##0.00"},
    "coefficient": {**_FONT, "num_format": "0.0000"},
    "date": {**_FONT, "num_format": "yyyy-mm-dd"},
    "moment": {**_FONT, "num_format": "yyyy-mm-dd hh:mm"},
    "example": {**_FONT, "italic": True, "font_color": "#8A968F", "bg_color": "#F6F7F5"},
    "error": {**_FONT, **_LINE, "bg_color": "#F8D7D3"},
    "warning": {**_FONT, **_LINE, "bg_color": "#FBEBC8"},
    "info": {**_FONT, "bg_color": "#DCE9F7"},
}


def sheet_name(name: str, taken: set[str]) -> str:
    """Return a name a spreadsheet program accepts and nobody has taken yet, and take it."""
    bare = re.sub(r"[\[\]:*?/\\']", " ", name).strip()[:28].strip() or "Sheet"
    unique, number = bare, 2
    while unique.lower() in taken:
        unique, number = f"{bare} {number}", number + 1
    taken.add(unique.lower())
    return unique


class Book:
    """A workbook in memory with our formats.

    Parameters
    ----------
    lang : {"zh", "en"}
        Language of the words the book adds itself.
    """

    def __init__(self, lang: str = "zh") -> None:
        self.lang = "en" if lang == "en" else "zh"
        self._buffer = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._buffer,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        # Same input, same bytes: the file carries no clock.
        self._book.set_properties(_PROPERTIES)
        self._formats: dict[tuple[str, ...], Any] = {}
        self._names: set[str] = set()
        self._deferred: list[_tall.Deferred] = []

    def sheet(self, name: str) -> Any:
        """Add a worksheet under a name a spreadsheet program accepts."""
        return self._book.add_worksheet(sheet_name(name, self._names))

    def style(self, *names: str) -> Any:
        """Return a format, later names over earlier ones."""
        if names not in self._formats:
            merged: dict[str, Any] = {}
            for name in names:
                merged |= _FORMATS.get(name) or _own_format(name)
            self._formats[names] = self._book.add_format(merged)
        return self._formats[names]

    def put(self, sheet: Any, row: int, column: int, value: object, *style: str) -> None:
        """Write one value: text always as text, no data as an empty cell."""
        if value is None or value == "":
            sheet.write_blank(row, column, None, self.style(*style))
        elif isinstance(value, str):
            self.text(sheet, row, column, value, *style)
        elif isinstance(value, bool):
            word = YES_NO[self.lang][0 if value else 1]
            sheet.write_string(row, column, word, self.style(*style))
        elif isinstance(value, dt.datetime):
            naive = value.replace(tzinfo=None)
            sheet.write_datetime(row, column, naive, self.style(*style, "moment"))
        elif isinstance(value, dt.date):
            sheet.write_datetime(row, column, value, self.style(*style, "date"))
        elif isinstance(value, int | float) and math.isfinite(value):
            sheet.write_number(row, column, value, self.style(*style))
        elif not isinstance(value, float):
            self.text(sheet, row, column, str(value), *style)

    def text(self, sheet: Any, row: int, column: int, value: str, *style: str) -> None:
        """Write text; what looks like a formula is marked as text for good."""
        if value.startswith(DANGEROUS):
            style = (*style, "quoted")
        sheet.write_string(row, column, value[:_LONGEST], self.style(*style))

    def column(
        self, sheet: Any, first: int, column: int, values: Sequence[object], *style: str
    ) -> None:
        """Write a column of values downwards; the quick way for long tables."""
        shape = self.style(*style) if style else None
        number, string = sheet.write_number, sheet.write_string
        for row, value in enumerate(values, first):
            kind = value.__class__
            if value is None:
                continue
            if kind is float and math.isfinite(value):  # type: ignore[arg-type]
                number(row, column, value, shape)
            elif kind is str and value and not value.startswith(DANGEROUS):  # type: ignore[attr-defined]
                string(row, column, value[:_LONGEST], shape)  # type: ignore[index]
            elif value != "":
                self.put(sheet, row, column, value, *style)

    def columns(
        self,
        sheet: Any,
        first: int,
        columns: Sequence[tuple[Sequence[Any] | pl.Series, tuple[str, ...]]],
    ) -> None:
        """Write columns side by side from column A on, the quick way where they are long."""
        words = YES_NO[self.lang]
        height = max((len(values) for values, _ in columns), default=0)
        series = [_tall.as_series(values, words) for values, _ in columns]
        short = height < _tall.TALL or any(len(values) != height for values, _ in columns)
        if short or any(one is None or _tall.odd(one, DANGEROUS) for one in series):
            for i, (values, style) in enumerate(columns):
                listed = values.to_list() if isinstance(values, pl.Series) else values
                self.column(sheet, first, i, listed, *style)
            return
        tall = [one for one in series if one is not None]
        for i, (one, (_, style)) in enumerate(zip(tall, columns, strict=True)):
            dated = ("date",) if one.dtype == pl.Date else ()
            self.put(sheet, first, i, one[0], *style, *dated)
        part = f"xl/worksheets/sheet{sheet.index + 1}.xml"
        self._deferred.append(_tall.Deferred(part, first + 2, [one[1:] for one in tall]))

    def heading(
        self,
        sheet: Any,
        title: str,
        *,
        demo: bool,
        as_of: str,
        notes: Sequence[str] = (),
        stamp: str = "",
    ) -> int:
        """Write title, mark of demonstration data, as-of line and notes; return the next row.

        A stamp that says who took the file out stands beside the day, on every printed page and
        in the properties of the file.
        """
        mark = DEMO[self.lang]
        self.put(
            sheet,
            0,
            0,
            f"{title}  【{mark}】" if demo else title,
            "demo" if demo else "title",
            "title",
        )
        sheet.set_row(0, 24)
        row = 1
        known = [AS_OF[self.lang].format(as_of)] if as_of else []
        first = "    ".join([*known, stamp]) if stamp else "".join(known)
        for line in [*filter(None, [first]), *notes]:
            self.put(sheet, row, 0, line, "note")
            row += 1
        if demo:
            sheet.set_header(f"&C{mark}")
        if demo or stamp:
            self.printed_foot(sheet, stamp, mark if demo else "")
        return row

    def printed_foot(self, sheet: Any, stamp: str, mark: str = "") -> None:
        """Put the stamp, a mark and the page number below every printed page."""
        # "&" begins a code in a footer, and a footer holds 255 characters.
        left = f"&L{stamp.replace('&', '&&')[:_FOOT]}" if stamp else ""
        sheet.set_footer(f"{left}{f'&C{mark}' if mark else ''}&R&P / &N")
        if stamp:
            self._book.set_properties({**_PROPERTIES, "comments": stamp})

    def finish(self) -> bytes:
        """Close the book and return the file."""
        self._book.close()
        content = self._buffer.getvalue()
        return _tall.add(content, self._deferred) if self._deferred else content


def _own_format(name: str) -> dict[str, Any]:
    """Return formats made on demand: ``quoted``, or ``0.000`` for three decimals."""
    if name == "quoted":
        return {"quote_prefix": True}
    return {"num_format": name}
