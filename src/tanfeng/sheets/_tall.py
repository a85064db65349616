"""Long tables: the rows of a sheet written as whole columns of text.

xlsxwriter takes some eight microseconds per cell. For tables of thousands of rows it writes the
heading and the first row, which fixes every format; the rows below are put together column by
column and added to the part of the sheet. The result is the same workbook.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

#: Shorter tables are not worth the second packing.
TALL = 2000
_EXCEL_EPOCH = pl.date(1899, 12, 30)
#: Control characters, and texts that look like their escapes, need care cell by cell.
_ODD = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{FFFE}\x{FFFF}]|_x[0-9a-fA-F]{4}_"
_CELL = re.compile(r'<c r="([A-Z]+)\d+"(?: s="(\d+)")?')


@dataclass(slots=True)
class Deferred:
    """Rows to be added to a sheet.

    Parameters
    ----------
    part : str
        Path of the sheet in the workbook.
    first : int
        Row of the first of them, counted from 1; the row above holds the formats.
    columns : list of polars.Series
        Numbers, texts and dates, in the order of the sheet.
    """

    part: str
    first: int
    columns: list[pl.Series]


def as_series(values: Sequence[object] | pl.Series, words: tuple[str, str]) -> pl.Series | None:
    """Return a column as numbers, texts or dates; None when it mixes kinds.

    Parameters
    ----------
    values : sequence or polars.Series
        The column.
    words : tuple of str
        What true and false are written as.
    """
    try:
        series = values if isinstance(values, pl.Series) else pl.Series(values, strict=True)
    except (TypeError, ValueError, pl.exceptions.PolarsError):
        return None
    if series.dtype == pl.Null:
        return series.cast(pl.String)
    if series.dtype == pl.Boolean:
        return series.replace_strict({True: words[0], False: words[1]}, return_dtype=pl.String)
    if series.dtype.is_numeric():
        floats = series.cast(pl.Float64)
        return floats.to_frame("v").select(pl.when(pl.col("v").is_finite()).then("v")).to_series()
    if series.dtype in (pl.Categorical, pl.Enum):
        return series.cast(pl.String)
    return series if series.dtype in (pl.String, pl.Date) else None


def odd(series: pl.Series, starts: Sequence[str]) -> bool:
    """Tell whether any text starts like a formula or holds what XML cannot."""
    if series.dtype != pl.String:
        return False
    first = "".join(re.escape(start) for start in starts)
    return bool(series.str.contains(f"^[{first}]|{_ODD}").any())


def add(content: bytes, deferred: Sequence[Deferred]) -> bytes:
    """Return the workbook with the deferred rows in their sheets."""
    waiting = {one.part: one for one in deferred}
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as target,
    ):
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename in waiting:
                data = _grown(data.decode("utf-8"), waiting[entry.filename]).encode("utf-8")
            target.writestr(
                zipfile.ZipInfo(entry.filename, entry.date_time), data, zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def _grown(xml: str, deferred: Deferred) -> str:
    end = xml.index("</sheetData>")
    last = xml[xml.rindex("<row ", 0, end) : end]
    styles = dict(_CELL.findall(last))
    frame = pl.DataFrame({f"c{i}": series for i, series in enumerate(deferred.columns)})
    numbered = frame.with_row_index("row", offset=deferred.first)
    cells = [
        _cell(f"c{i}", series.dtype, letters, styles.get(letters, ""))
        for i, (series, letters) in enumerate(zip(deferred.columns, styles, strict=True))
    ]
    row = pl.concat_str([pl.lit('<row r="'), "row", pl.lit('">'), *cells, pl.lit("</row>")])
    rows: str = numbered.select(row.str.join("")).item()
    bottom = deferred.first + frame.height - 1
    size = re.search(r'<dimension ref="([A-Z]+\d+):([A-Z]+)\d+"/>', xml)
    head = xml[:end]
    if size:
        head = head.replace(size[0], f'<dimension ref="{size[1]}:{size[2]}{bottom}"/>', 1)
    return head + rows + xml[end:]


def _cell(name: str, dtype: pl.DataType, letters: str, style: str) -> pl.Expr:
    value = pl.col(name)
    shape = f' s="{style}"' if style else ""
    start = [pl.lit(f'<c r="{letters}'), pl.col("row").cast(pl.String)]
    if dtype == pl.String:
        shown = value.str.slice(0, 32767)
        for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            shown = shown.str.replace_all(plain, escaped, literal=True)
        opening = f'"{shape} t="inlineStr"><is><t xml:space="preserve">'
        cell = pl.concat_str([*start, pl.lit(opening), shown, pl.lit("</t></is></c>")])
        return pl.when(value.is_not_null() & (value != "")).then(cell).otherwise(pl.lit(""))
    if dtype == pl.Date:
        value = (value - _EXCEL_EPOCH).dt.total_days()
    text = value.cast(pl.String).str.strip_suffix(".0")
    cell = pl.concat_str([*start, pl.lit(f'"{shape}><v>'), text, pl.lit("</v></c>")])
    return pl.when(pl.col(name).is_not_null()).then(cell).otherwise(pl.lit(""))
