"""Print a document as Word; it stays editable, since a bureau always changes a sentence."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from docx import Document as new_word
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from tanfeng.reports import document as d
from tanfeng.reports.pdf import svg_to_png

#: Fonts of official documents; Word falls back by itself where one is missing.
BODY_FONT, HEADING_FONT, LATIN_FONT = "仿宋", "黑体", "Times New Roman"
#: Width between the margins. [cm]
_LINE_CM = 15.8
BRAND, SOFT = RGBColor(0x0F, 0x6B, 0x4F), RGBColor(0x55, 0x63, 0x5B)


def to_word(document: d.Document) -> bytes:
    """Return the document as .docx with head, page numbers and a place for the stamp."""
    word = new_word()
    _page(word, document)
    _line(word, document.title, size=20, bold=True, centre=True, font=HEADING_FONT)
    _line(word, document.subtitle, size=11, centre=True, colour=SOFT)
    _line(word, f"{document.issuer}\u3000\u3000{document.issued_on}", size=10.5, colour=SOFT)
    for block in document.blocks:
        _WRITERS[type(block)](word, block, document.language)
    _line(word, "")
    stamp = "（盖章处）" if document.language == "zh" else "(place of the stamp)"
    for text in (document.issuer, document.issued_on, stamp):
        _line(word, text, size=12).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    out = BytesIO()
    word.save(out)
    return out.getvalue()


def _page(word: Any, document: d.Document) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.6)
    section.top_margin, section.bottom_margin = Cm(2.8), Cm(2.4)
    word.core_properties.title = document.title
    word.core_properties.author = document.issuer
    head = section.header.paragraphs[0]
    _run(head, f"{document.title}\u3000{document.mark}".strip(), size=9, colour=SOFT)
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    before, between, after = (
        ("第 ", " 页 共 ", " 页") if document.language == "zh" else ("", " / ", "")
    )
    _run(foot, before, size=9)
    _field(foot, "PAGE")
    _run(foot, between, size=9)
    _field(foot, "NUMPAGES")
    _run(foot, after, size=9)
    if document.stamp:
        word.core_properties.comments = document.stamp
        taken = section.footer.add_paragraph()
        taken.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(taken, document.stamp, size=8, colour=SOFT)


def _run(
    paragraph: Any,
    text: str,
    *,
    size: float = 12,
    bold: bool = False,
    colour: RGBColor | None = None,
    font: str = BODY_FONT,
) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, LATIN_FONT
    # Without the East Asian font Word sets Chinese in the theme's face.
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)
    if colour is not None:
        run.font.color.rgb = colour


def _line(word: Any, text: str, *, centre: bool = False, **style: Any) -> Any:
    paragraph = word.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(4)
    if centre:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, text, **style)
    return paragraph


def _field(paragraph: Any, code: str) -> None:
    """Add a field Word fills in itself, such as the page number."""
    for kind, text in (("begin", ""), ("", code), ("end", "")):
        run = paragraph.add_run()
        run.font.size = Pt(9)
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._element.append(element)


def _heading(word: Any, block: d.Heading, _language: str) -> None:
    paragraph = word.add_heading(level=1)
    _run(paragraph, block.text, size=15, bold=True, colour=BRAND, font=HEADING_FONT)


def _paragraph(word: Any, block: d.Paragraph, language: str) -> None:
    size = 9.5 if block.note else 12
    paragraph = _line(word, block.text, size=size, colour=SOFT if block.note else None)
    if language == "zh" and not block.note:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    paragraph.paragraph_format.line_spacing = 1.5 if not block.note else 1.2


def _figures(word: Any, block: d.Figures, _language: str) -> None:
    table = word.add_table(rows=1, cols=len(block.items), style="Table Grid")
    for cell, (label, value, remark) in zip(table.rows[0].cells, block.items, strict=True):
        _run(cell.paragraphs[0], label, size=9.5, colour=SOFT)
        _run(cell.add_paragraph(), value, size=16, bold=True)
        _run(cell.add_paragraph(), remark, size=9, colour=SOFT)
    _line(word, "")


def _table(word: Any, block: d.Table, _language: str) -> None:
    _line(
        word, block.caption, size=11, bold=True, centre=True
    ).paragraph_format.keep_with_next = True
    table = word.add_table(rows=1, cols=len(block.head), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    repeat = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    if block.widths:
        table.autofit = False
        for column, width in zip(table.columns, block.widths, strict=True):
            column.width = Cm(_LINE_CM * width / sum(block.widths))
    last = len(block.rows) - 1
    rows = [table.rows[0].cells, *(table.add_row().cells for _ in block.rows)]
    for number, (cells, texts) in enumerate(zip(rows, (block.head, *block.rows), strict=True)):
        bold = number == 0 or (block.total and number - 1 == last)
        for column, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            paragraph = cell.paragraphs[0]
            if block.widths:
                cell.width = Cm(_LINE_CM * block.widths[column] / sum(block.widths))
            if column >= block.text_columns:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            _run(paragraph, text, size=9.5, bold=bold)
    _line(word, "")


def _chart(word: Any, block: d.Chart, _language: str) -> None:
    _line(
        word, block.caption, size=11, bold=True, centre=True
    ).paragraph_format.keep_with_next = True
    picture = word.add_picture(BytesIO(svg_to_png(block.svg)), width=Cm(15.6))
    picture._inline.docPr.set("descr", block.alternative)


_WRITERS: dict[type[d.Block], Any] = {
    d.Heading: _heading,
    d.Paragraph: _paragraph,
    d.Figures: _figures,
    d.Table: _table,
    d.Chart: _chart,
}
