"""The empty workbook of a sector method: what it is, one sheet per stream, laboratory values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tanfeng.sheets._book import Book
from tanfeng.sheets._source import letter
from tanfeng.sheets._writer import drop_downs, form_sheet
from tanfeng.sheets.method_forms import (
    CANDIDATE_SHEET,
    GUIDE_SHEET,
    LIST_SHEET,
    SURE,
    UNIT_SHEET,
    UNVERIFIED,
    candidate_form,
    inputs_of,
    label,
    named,
    sheet_names,
    stream_form,
    units,
)
from tanfeng.sheets.method_units import unit_form

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Method, Stream
    from tanfeng.sheets.forms import Form

#: What the cover sheet writes before the key of the method, so that a reader can tell it.
METHOD_LABEL = ("方法代码", "Method")
_SCOPES = {
    "direct": ("直接排放", "direct"),
    "electricity": ("电力", "electricity"),
    "heat": ("热力", "heat"),
}


def method_template(method: Method, *, lang: str = "zh") -> bytes:
    """Return the empty workbook of a method.

    Parameters
    ----------
    method : Method
        The method.
    lang : {"zh", "en"}
        Language of headings, notes and lists.

    Returns
    -------
    bytes
        An .xlsx with a cover sheet, one sheet per stream in the order of the report, one for the
        output of the units where the text asks for it, one for laboratory values and one with the
        lists; :func:`tanfeng.sheets.method_rows.read_method`
        reads it back.
    """
    book = Book(lang)
    _cover(book, method)
    lists = _Lists(book.lang)
    names = sheet_names(method, book.lang)
    for stream in method.streams:
        form = stream_form(method, stream, book.lang)
        _form(book, form, names[stream.key], lists, tuple(_notes(form, stream, book.lang)), stream)
    if method.per_unit:
        form = unit_form(method)
        note = form.note_en if book.lang == "en" else form.note_zh
        _form(book, form, UNIT_SHEET[book.lang == "en"], lists, (form.basis, note))
    form = candidate_form(method, book.lang)
    note = form.note_en if book.lang == "en" else form.note_zh
    _form(book, form, CANDIDATE_SHEET[book.lang == "en"], lists, (note,))
    lists.write(book)
    return book.finish()


def _form(
    book: Book,
    form: Form,
    name: str,
    lists: _Lists,
    notes: Sequence[str],
    stream: Stream | None = None,
) -> None:
    sheet, first = form_sheet(book, form, name=name, notes=notes)
    ranges = {}
    for column in form.columns:
        choices = ("是", "否") if column.kind == "bool" else column.choices
        if column.key == "unit_zh" and stream is not None:
            choices = units(stream)
        if choices:
            ranges[column.key] = lists.range(choices)
    drop_downs(sheet, form, first + 1, ranges)


def _notes(form: Form, stream: Stream, lang: str) -> Iterator[str]:
    """Yield what stands above the table of a stream: document, how to fill, sampling."""
    english = lang == "en"
    yield form.basis
    yield form.note_en if english else form.note_zh
    inputs = inputs_of(stream)
    for asked in stream.sampling:
        rule = asked.rule_en if english else asked.rule_zh
        if rule:
            mark = "" if asked.confidence in SURE else UNVERIFIED[english]
            yield f"{label(inputs[asked.column][0], lang)} — {rule}{mark}"


class _Lists:
    """The drop-down lists of a workbook, each distinct one once."""

    def __init__(self, lang: str) -> None:
        self._name = LIST_SHEET[lang == "en"]
        self._known: dict[tuple[str, ...], int] = {}

    def range(self, choices: Sequence[str]) -> str:
        """Return the range a list will stand in."""
        place = letter(self._known.setdefault(tuple(choices), len(self._known)))
        return f"='{self._name}'!${place}$2:${place}${len(choices) + 1}"

    def write(self, book: Book) -> None:
        """Write the sheet of the lists."""
        sheet = book.sheet(self._name)
        book.put(sheet, 0, 0, self._name, "note")
        for choices, column in self._known.items():
            book.column(sheet, 1, column, list(choices), "text")
            sheet.set_column(column, column, 24)


# ------------------------------------------------------------------------------ cover


def _cover(book: Book, method: Method) -> None:
    english = book.lang == "en"
    sheet = book.sheet(GUIDE_SHEET[english])
    book.put(sheet, 0, 0, method.title_en if english else method.title_zh, "title")
    row = 1
    for line in _facts(method, english):
        book.put(sheet, row, 0, line, "plain")
        row += 1
    row = _streams(book, sheet, method, row + 1)
    doubts = method.doubts_en if english else method.doubts_zh
    if doubts:
        row += 2
        title = "Not confirmed (待核实, unverified)" if english else "未能核实之处（待核实）"
        book.put(sheet, row, 0, title, "head")
    for doubt in doubts:
        row += 1
        book.put(sheet, row, 0, f"· {doubt}", "plain")
    for i, width in enumerate((30, 40, 44, 12, 28, 12)):
        sheet.set_column(i, i, width)


def _facts(method: Method, english: bool) -> Iterator[str]:
    until = method.valid_to or ("open" if english else "现行")
    since = method.valid_from or "…"
    if english:
        yield f"{METHOD_LABEL[1]}: {method.key}"
        yield f"Document: {method.number}, edition {method.edition}; data from {since} to {until}"
        yield f"Boundary: {method.boundary_en}"
        if method.market:
            yield "National market: the total takes direct emissions and what the text names."
        yield "Fill in the sheets of the streams you have; leave the others empty."
        yield "Leave a cell empty when there is no data; 0 means zero. Percent as percent: 98."
        yield "Laboratory values with their dates stand on the sheet 'Laboratory values'."
        yield "The row marked Example is not read. Keep the names of the sheets."
        return
    yield f"{METHOD_LABEL[0]}：{method.key}"
    yield f"文件编号：{method.number}，版次 {method.edition}；适用数据 {since} 至 {until}"
    yield f"核算边界：{method.boundary_zh}"
    if method.market:
        yield "全国碳市场文本：总量只计直接排放和文本规定计入的部分。"
    yield "有哪种排放源就填哪张表，没有的留空；请不要改工作表名称。"
    yield "没有数据请留空，0 表示确实为零；百分数按百分数填写（98，不填 0.98）。"
    yield "实测、计算、供应商数值连同采样和检测日期填在“参数检测”表。"
    yield "数值可写 1,234 或 1.2万，期间可写 2024、2024-03 或 2024年3月；标有“示例”的行不读取。"


def _streams(book: Book, sheet: Any, method: Method, row: int) -> int:
    english = book.lang == "en"
    heads = (
        ("Stream", "Ways of computing", "Clause and equation", "Formula", "Parameters to measure")
        if english
        else ("排放源（工作表）", "计算方式", "条款与公式", "公式核实", "要求实测的参数")
    )
    for i, text in enumerate((*heads, "Scope" if english else "范围")):
        book.put(sheet, row, i, text, "head")
    names = sheet_names(method, book.lang)
    for stream in method.streams:
        row += 1
        inputs = inputs_of(stream)
        equation = f"({stream.equation.strip('()')})" if stream.equation else ""
        cells = (
            names[stream.key],
            ("; " if english else "；").join(named(stream.kinds, book.lang)),
            " ".join(filter(None, (stream.clause, equation)))
            or ("not seen" if english else "未见"),
            ("verified" if english else "已核实") if stream.confidence in SURE else "待核实",
            ", ".join(
                label(held[0], book.lang)
                for column, held in inputs.items()
                if column in stream.measured
            ),
            _SCOPES[stream.scope][english],
        )
        for i, text in enumerate(cells):
            book.put(sheet, row, i, text, "wrapped")
    return row
