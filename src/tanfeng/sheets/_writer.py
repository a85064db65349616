"""Templates, forms written back, and lists: everything that leaves as a workbook."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.sheets._book import Book
from tanfeng.sheets._identity import industry_classes
from tanfeng.sheets._items import Item, items
from tanfeng.sheets._numbers import show
from tanfeng.sheets.forms import UNIT_NAMES, Column, Form
from tanfeng.sheets.forms import form as form_of

_GUIDE = {"zh": "填报说明", "en": "Guide"}
_EXAMPLE = {"zh": "示例", "en": "Example"}
_TOTAL_ITEM = "total"
#: Head block of forms that state the enterprise above the table.
_HEAD_LABELS = {
    "credit_code": ("统一社会信用代码", "Unified credit code"),
    "org_name": ("单位详细名称", "Enterprise name"),
    "period": ("报告期", "Period"),
}
_PREPARED_ROWS = 1000
#: A longer list stands in the drop-down alone.
_MOST_CHOICES_TOLD = 15


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list export.

    Parameters
    ----------
    key : str
        Column of the frame, or key of the mappings.
    heading_zh, heading_en : str
        Heading; empty uses the key.
    unit : str
        Unit shown behind the heading.
    places : int or None
        Decimals shown; None shows as many as there are, up to four.
    width : int or None
        Width in characters; None follows the content.
    """

    key: str
    heading_zh: str = ""
    heading_en: str = ""
    unit: str = ""
    places: int | None = None
    width: int | None = None

    def heading(self, lang: str) -> str:
        """Return the heading with its unit."""
        text = (self.heading_en if lang == "en" else self.heading_zh) or self.heading_zh or self.key
        unit = UNIT_NAMES.get(self.unit, (self.unit, self.unit))[lang == "en"]
        return f"{text} ({unit})" if unit else text


def _form(form: Form | str) -> Form:
    return form_of(form) if isinstance(form, str) else form


# ------------------------------------------------------------------------------ template


def template(form: Form | str, *, lang: str = "zh", items: Sequence[str] | None = None) -> bytes:
    """Return the empty workbook of a form.

    Parameters
    ----------
    form : Form or str
        The form.
    lang : {"zh", "en"}
        Language of headings and notes.
    items : sequence of str, optional
        Energy items to choose from or to print rows for; without it those of form 205-1.

    Returns
    -------
    bytes
        An .xlsx with headings, units, notes per column, drop-downs, one example row the reader
        skips, and a sheet that explains.
    """
    found = _form(form)
    book = Book(lang)
    offered = _offered(items)
    guide_notes = [found.note_en if lang == "en" else found.note_zh]
    sheet, first = form_sheet(book, found)
    start = first + 1
    if found.layout == "grid":
        start = _grid_rows(book, sheet, found, start, offered)
    elif items is not None and found.has_items:
        _item_rows(book, sheet, found, start, offered)
    lists = _guide(book, found, [note for note in guide_notes if note], offered)
    drop_downs(sheet, found, first + 1, lists)
    return book.finish()


def form_sheet(
    book: Book, form: Form, *, name: str = "", notes: Sequence[str] = ()
) -> tuple[Any, int]:
    """Write the empty sheet of a form; return it and the row of its example.

    Parameters
    ----------
    book : Book
        The workbook.
    form : Form
        The form.
    name : str
        Name of the sheet; empty for the name of the form.
    notes : sequence of str
        Lines between title and table.
    """
    title = form.name(book.lang)
    sheet = book.sheet(name or title)
    first = _header(book, sheet, form, title=title, demo=False, as_of="", head={}, notes=notes)
    _notes_on_headings(book, sheet, form, first)
    _example(book, sheet, form, first)
    return sheet, first


def drop_downs(sheet: Any, form: Form, first: int, lists: Mapping[str, str]) -> None:
    """Let the cells of some columns be chosen from a range: field -> range."""
    for i, column in enumerate(form.columns):
        if column.key in lists:
            source = {"validate": "list", "source": lists[column.key]}
            sheet.data_validation(first, i, first + _PREPARED_ROWS - 1, i, source)


def _offered(keys: Sequence[str] | None) -> list[Item]:
    known = items()
    for key in keys or ():
        if key not in known:
            raise ModelError(f"there is no energy item {key!r}")
    if keys is not None:
        return [known[key] for key in keys]
    return [item for item in known.values() if item.printed and item.key != _TOTAL_ITEM]


def _header(
    book: Book,
    sheet: Any,
    form: Form,
    *,
    title: str,
    demo: bool,
    as_of: str,
    head: Mapping[str, str],
    notes: Sequence[str] = (),
) -> int:
    """Write everything above the data; return the first row of data."""
    row = book.heading(sheet, title, demo=demo, as_of=as_of, notes=notes)
    if form.layout == "grid" or head:
        row = _head_block(book, sheet, form, row, head)
    grouped = _grouped(form)
    leaf = row + 1 if grouped else row
    for i, column in enumerate(form.columns):
        text = column.heading(book.lang) + ("*" if column.required == "key" else "")
        if grouped and not column.group_zh:
            sheet.merge_range(row, i, leaf, i, text, book.style("head"))
        else:
            book.put(sheet, leaf, i, text, "head")
        sheet.set_column(i, i, _width(column, text), book.style(_shape(column)))
    if grouped:
        _groups(book, sheet, form, row)
    sheet.set_row(leaf, 32)
    sheet.freeze_panes(leaf + 1, 1)
    return leaf + 1


def _grouped(form: Form) -> bool:
    """Tell whether the form is printed with a row of group headings."""
    return form.layout == "grid" and any(column.group_zh for column in form.columns)


def _head_block(book: Book, sheet: Any, form: Form, row: int, head: Mapping[str, str]) -> int:
    english = book.lang == "en"
    for key, names in _HEAD_LABELS.items():
        if key in form.fields and key not in head:
            continue
        book.put(sheet, row, 0, f"{names[english]}：{head.get(key, '')}", "note")
        row += 1
    for key, value in head.items():
        if key not in _HEAD_LABELS:
            label = next((label for label, name in form.head.items() if name == key), key)
            book.put(sheet, row, 0, f"{label}：{value}", "note")
            row += 1
    return row


def _groups(book: Book, sheet: Any, form: Form, row: int) -> None:
    columns = form.columns
    start = 0
    while start < len(columns):
        group = columns[start].group_zh
        end = start
        while end + 1 < len(columns) and columns[end + 1].group_zh == group:
            end += 1
        if group and end > start:
            sheet.merge_range(row, start, row, end, group, book.style("head"))
        elif group:
            book.put(sheet, row, start, group, "head")
        start = end + 1


def _shape(column: Column) -> str:
    if column.kind == "int":
        return "int"
    if "CNY" in column.unit:
        return "money"
    if column.key.startswith("coef_"):
        return "coefficient"
    return "decimal" if column.numeric else "text"


def _width(column: Column, heading: str) -> float:
    wide = {"credit_code": 22, "item": 18}.get(column.kind, 0)
    if column.key in ("org_name", "project_name", "address", "remark", "main_content"):
        wide = 28
    return max(wide, 10, min(_columns_wide(heading) / 2 + 4, 24))


def _columns_wide(text: str) -> int:
    """Return the width of a text, a Chinese character counting twice."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _note(column: Column, lang: str) -> str:
    """Return what a person should write into a column."""
    english = lang == "en"
    parts = [column.note_en if english else column.note_zh]
    if column.required == "key":
        parts.append("Required" if english else "必填")
    if 0 < len(column.choices) <= _MOST_CHOICES_TOLD:
        parts.append(("Choose: " if english else "可选: ") + "/".join(column.choices))
    if column.kind == "bool":
        parts.append("是/否")
    if column.unit in UNIT_NAMES:
        parts.append(("Unit: " if english else "单位: ") + UNIT_NAMES[column.unit][english])
    elif column.unit == "item unit":
        parts.append("In the statistical unit of the item" if english else "单位: 该品种的计量单位")
    if column.kind == "date":
        parts.append("Such as 2025-03-01" if english else "如 2025-03-01")
    if column.low is not None and column.high is not None:
        parts.append(f"{show(column.low)}~{show(column.high)}")
    return ("; " if english else "；").join(part for part in parts if part)


def _notes_on_headings(book: Book, sheet: Any, form: Form, first: int) -> None:
    for i, column in enumerate(form.columns):
        note = _note(column, book.lang)
        # A heading over both header rows is one merged cell; its note belongs to the upper one.
        row = first - 2 if _grouped(form) and not column.group_zh else first - 1
        if note:
            sheet.write_comment(row, i, note, {"x_scale": 1.6, "font_size": 9})


def _example(book: Book, sheet: Any, form: Form, row: int) -> None:
    word = _EXAMPLE[book.lang]
    for i, column in enumerate(form.columns):
        text = column.example
        if i == 0:
            text = f"{word}: {text}" if text else word
        number = column.numeric and i > 0 and text
        book.put(sheet, row, i, float(text) if number else text, _shape(column), "example")


def _grid_rows(book: Book, sheet: Any, form: Form, row: int, offered: Sequence[Item]) -> int:
    row = _item_rows(book, sheet, form, row, offered)
    total = items()[_TOTAL_ITEM]
    for i, column in enumerate(form.columns):
        value = {"energy_name": total.name_zh, "unit_zh": total.unit_zh, "energy_code": total.code}
        book.put(sheet, row, i, value.get(column.key), "text")
    return row + 1


def _item_rows(book: Book, sheet: Any, form: Form, row: int, offered: Sequence[Item]) -> int:
    for item in offered:
        printed: dict[str, object] = {
            "energy_name": item.name_zh,
            "unit_zh": item.unit_zh,
            "energy_code": item.code,
            "coef_reference_tce": item.reference,
        }
        for i, column in enumerate(form.columns):
            if printed.get(column.key) not in (None, ""):
                book.put(sheet, row, i, printed[column.key], _shape(column))
        row += 1
    return row


def _guide(book: Book, form: Form, notes: Sequence[str], offered: Sequence[Item]) -> dict[str, str]:
    """Write the sheet that explains; return the ranges of the drop-down lists on it."""
    english = book.lang == "en"
    name = _GUIDE[book.lang]
    sheet = book.sheet(name)
    book.put(sheet, 0, 0, f"{form.name(book.lang)} {name}", "title")
    row = 1
    for note in [*notes, form.basis, *_general(english)]:
        if note:
            book.put(sheet, row, 0, note, "plain")
            row += 1
    row += 1
    heads = ("Heading", "What to write", "Required") if english else ("列名", "怎么填", "必填")
    for i, text in enumerate(heads):
        book.put(sheet, row, i, text, "head")
    for column in form.columns:
        row += 1
        yes = {"key": "yes" if english else "是"}.get(column.required, "")
        for i, text in enumerate((column.heading(book.lang), _note(column, book.lang), yes)):
            book.put(sheet, row, i, text, "wrapped")
    for i, width in enumerate((26, 70, 8)):
        sheet.set_column(i, i, width)
    return _lists(book, sheet, name, form, offered)


def _general(english: bool) -> tuple[str, ...]:
    if english:
        return (
            "Leave a cell empty when there is no data; 0 means zero. Total rows are recomputed, "
            "not imported.",
            "Numbers such as 1,234 or 1.2万 and months such as 2025.3 or 2025年3月 are understood.",
            "The row marked Example is not read.",
        )
    return (
        "没有数据请留空, 0 表示确实为零; 合计行重新计算, 不导入。",
        "数值可写 1,234 或 1.2万, 月份可写 2025.3 或 2025年3月。",
        "标有“示例”的行不读取。",
    )


def _lists(
    book: Book, sheet: Any, name: str, form: Form, offered: Sequence[Item]
) -> dict[str, str]:
    found: dict[str, str] = {}
    place = 5
    for column in form.columns:
        choices: Sequence[str] = column.choices
        if column.kind == "bool":
            choices = ("是", "否")
        elif column.kind == "item" and form.layout != "grid":
            choices = [item.name_zh for item in offered]
        elif column.key == "unit_zh" and form.has_items:
            choices = list(dict.fromkeys(item.unit_zh for item in offered))
        elif column.kind == "industry_code":
            choices = list(industry_classes())
        if not choices:
            continue
        book.put(sheet, 0, place, column.heading(book.lang), "head")
        book.column(sheet, 1, place, list(choices), "text")
        letters = _letters(place)
        found[column.key] = f"='{name}'!${letters}$2:${letters}${len(choices) + 1}"
        place += 1
    return found


def _letters(column: int) -> str:
    from tanfeng.sheets._source import letter

    return letter(column)


# ------------------------------------------------------------------------------ written forms


def write(
    form: Form | str,
    frame: pl.DataFrame,
    *,
    lang: str = "zh",
    demo: bool = False,
    as_of: str = "",
    head: Mapping[str, str] | None = None,
) -> bytes:
    """Write a form with its data, in the shape of its template.

    Parameters
    ----------
    form : Form or str
        The form.
    frame : polars.DataFrame
        Fields of the form; missing ones stay empty, others are left out. [units of the fields]
    lang : {"zh", "en"}
        Language of the headings.
    demo : bool
        Mark the file as demonstration data.
    as_of : str
        Date the data was known, as shown.
    head : mapping, optional
        Fields of the head block, such as ``credit_code``, ``org_name``, ``period``.

    Returns
    -------
    bytes
        An .xlsx that :func:`tanfeng.sheets.read` gives back equal, to the 15 digits a workbook
        keeps of a number.
    """
    found = _form(form)
    book = Book(lang)
    sheet = book.sheet(found.name(lang))
    first = _header(
        book, sheet, found, title=found.name(lang), demo=demo, as_of=as_of, head=head or {}
    )
    columns = [(_shown(found, column, frame), (_shape(column),)) for column in found.columns]
    book.columns(sheet, first, columns)
    sheet.autofilter(first - 1, 0, max(first - 1, first + frame.height - 1), len(found.columns) - 1)
    return book.finish()


def _shown(form: Form, column: Column, frame: pl.DataFrame) -> pl.Series:
    if column.key not in frame.columns:
        return pl.Series([None] * frame.height, dtype=column.dtype)
    values = frame[column.key]
    if column.kind == "bool":
        # The reader knows 是 and 否 whatever the language of the headings.
        return values.replace_strict({True: "是", False: "否"}, return_dtype=pl.String)
    if column.key == "unit_zh":
        return pl.Series(_units(form, frame), dtype=pl.String)
    return values


def _units(form: Form, frame: pl.DataFrame) -> list[str | None]:
    """Return the unit the quantities are in, whatever the first file had printed."""
    written = frame["unit_zh"].to_list()
    if form.has_items and "item_key" in frame.columns:
        keys = frame["item_key"].to_list()
        return [
            items()[key].unit_zh if key in items() else text
            for key, text in zip(keys, written, strict=True)
        ]
    if "unit" in frame.columns:
        units = frame["unit"].to_list()
        return [
            UNIT_NAMES[unit][0] if unit in UNIT_NAMES else unit or text
            for unit, text in zip(units, written, strict=True)
        ]
    return list(written)


# ------------------------------------------------------------------------------ lists

Rows = pl.DataFrame | Sequence[Mapping[str, object]] | Sequence[Sequence[object]]


def table_workbook(
    title: str,
    columns: Sequence[ListColumn | str],
    frame: Rows,
    *,
    lang: str = "zh",
    demo: bool = False,
    as_of: str = "",
    notes: Sequence[str] = (),
    stamp: str = "",
) -> bytes:
    """Write any list as a workbook.

    Parameters
    ----------
    title : str
        Stands in the first row and names the sheet.
    columns : sequence of ListColumn or str
        What to show, in order; a plain key is its own heading.
    frame : polars.DataFrame, sequence of mappings or sequence of rows
        The data; rows are in the order of ``columns``.
    lang : {"zh", "en"}
        Language of headings.
    demo : bool
        Mark the file as demonstration data.
    as_of : str
        Date the data was known, as shown.
    notes : sequence of str
        Lines between title and table.
    stamp : str
        Who took the list out and when; stands above the table and below every printed page.

    Returns
    -------
    bytes
        An .xlsx; texts stay texts, whatever they start with.
    """
    one = ListTable(title, columns, frame, notes=notes)
    return tables_workbook([one], lang=lang, demo=demo, as_of=as_of, stamp=stamp)


@dataclass(frozen=True, slots=True)
class ListTable:
    """One of the lists of a workbook; see :func:`table_workbook` for its parts.

    ``sheet`` names the worksheet where the title is too long for it.
    """

    title: str
    columns: Sequence[ListColumn | str]
    frame: Rows
    notes: Sequence[str] = ()
    sheet: str = ""


def tables_workbook(
    tables: Sequence[ListTable],
    *,
    lang: str = "zh",
    demo: bool = False,
    as_of: str = "",
    stamp: str = "",
) -> bytes:
    """Write several lists as one workbook, a sheet each; see :func:`table_workbook`."""
    book = Book(lang)
    for table in tables:
        _table(book, table, demo=demo, as_of=as_of, stamp=stamp)
    return book.finish()


def _table(book: Book, table: ListTable, *, demo: bool, as_of: str, stamp: str) -> None:
    shown = [c if isinstance(c, ListColumn) else ListColumn(c) for c in table.columns]
    sheet = book.sheet(table.sheet or table.title)
    first = book.heading(sheet, table.title, demo=demo, as_of=as_of, notes=table.notes, stamp=stamp)
    data = _columns(shown, table.frame)
    height = max((len(values) for values in data), default=0)
    shapes = [(_list_shape(values), *_places(c)) for c, values in zip(shown, data, strict=True)]
    book.columns(sheet, first + 1, list(zip(data, shapes, strict=True)))
    for i, (column, values) in enumerate(zip(shown, data, strict=True)):
        heading = column.heading(book.lang)
        book.put(sheet, first, i, heading, "head")
        sample = [_columns_wide(str(value)) for value in values[:200] if value is not None]
        widest = max([_columns_wide(heading), *sample])
        sheet.set_column(i, i, column.width or min(max(widest + 3, 9), 48))
    sheet.freeze_panes(first + 1, 0)
    if shown:
        sheet.autofilter(first, 0, first + height, len(shown) - 1)


def _columns(shown: Sequence[ListColumn], frame: Rows) -> list[Sequence[Any] | pl.Series]:
    if isinstance(frame, pl.DataFrame):
        return [frame[column.key] for column in shown]
    return [
        [row.get(c.key) if isinstance(row, Mapping) else row[i] for row in frame]
        for i, c in enumerate(shown)
    ]


def _list_shape(values: Sequence[Any] | pl.Series) -> str:
    first = next((value for value in values if value is not None and value != ""), "")
    if isinstance(first, bool | str):
        return "plain"
    return "int" if isinstance(first, int) else "decimal"


def _places(column: ListColumn) -> tuple[str, ...]:
    if column.places is None:
        return ()
    return ("#,##0" + ("." + "0" * column.places if column.places else ""),)
