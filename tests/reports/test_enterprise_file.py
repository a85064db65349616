"""The file of an enterprise says what is known, and what is not."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import polars as pl
import pytest
from docx import Document as open_word

from tanfeng.errors import ModelError
from tanfeng.reports import EnterpriseFile, enterprise_file, to_pdf, to_word
from tanfeng.reports.charts import Series, grouped_columns
from tanfeng.reports.document import Chart, Figures, Heading, Paragraph, Table
from tanfeng.reports.enterprise_file import YEAR_COLUMNS, no_years


def _years(*rows):
    return pl.DataFrame(rows, schema=no_years().schema, orient="row")


@pytest.fixture
def file():
    return EnterpriseFile(
        name="演示甲玻璃有限公司",
        credit_code="91359999MADEM00015",
        issuer="演示 · 市工信局",
        issued_on="2026年2月1日",
        demo=True,
        facts=(("行业代码", "3041 平板玻璃制造"), ("联系人", ""), ("地址", "测试路1号")),
        lists=(("绿色工厂名单", "闽工信〔2025〕1号（测试） 第一批", "2025-03-01", ""),),
        as_of="2026-01-31",
        run="2",
        years=_years(
            # year, equivalent, calorific, direct, indirect, total, there, due, confidence
            (2024, 10_000.0, 8_000.0, 12_000.0, 8_000.0, 20_000.0, 12, 12, "confirmed"),
            (2025, 9_000.0, None, 11_000.0, 4_000.0, 15_000.0, 12, 12, "recalled"),
        ),
        gaps=(),
        due="2025-12",
        problems=(("库存不符", "2025-03"),),
    )


def _text(document):
    parts = [document.title, document.subtitle]
    for block in document.blocks:
        if isinstance(block, Table):
            parts += [block.caption, *(cell for row in (block.head, *block.rows) for cell in row)]
        elif isinstance(block, Figures):
            parts += [text for item in block.items for text in item]
        elif isinstance(block, Chart):
            parts.append(block.caption)
        else:
            parts.append(block.text)
    return "\n".join(parts)


def test_the_newest_year_stands_first_with_its_change(file):
    (figures,) = [b for b in enterprise_file(file).blocks if isinstance(b, Figures)]
    # 15 000 / 20 000 - 1 = -25.0 %; 9 000 / 10 000 - 1 = -10.0 %; nothing known of calorific.
    assert [item[2] for item in figures.items] == [
        "比上年 \u221225.0%",
        "比上年 \u221210.0%",
        "比上年 —",
    ]
    assert figures.items[2][1] == "—"


def test_a_year_of_other_months_is_not_compared(file):
    short = file.years.with_columns(months_reported=pl.Series([12, 6], dtype=pl.Int64))
    (figures,) = [
        b for b in enterprise_file(replace(file, years=short)).blocks if isinstance(b, Figures)
    ]
    assert figures.items[0][2] == "比上年 —"


def test_unverified_years_are_marked_and_gaps_told(file):
    text = _text(enterprise_file(file))
    assert "待核实" in text
    assert "应报至2025-12，没有缺月。" in text
    gaps = _text(enterprise_file(replace(file, gaps=("2025-03", "2025-04"))))
    assert "缺2个月：2025-03、2025-04" in gaps
    assert "不再应报" in _text(enterprise_file(replace(file, due="")))


def test_what_nobody_knows_is_said_and_is_never_zero(file):
    bare = replace(file, years=no_years(), gaps=None, run="", as_of="", lists=(), problems=())
    document = enterprise_file(bare)
    text = _text(document)
    for said in (
        "尚无已发布的核算结果",
        "尚无月报记录",
        "尚未核算，未检查",
        "不在官方名单内",
        "未填",
    ):
        assert said in text
    assert not [b for b in document.blocks if isinstance(b, Figures | Chart)]
    assert "\n0\n" not in text


def test_what_a_firm_sells_hangs_under_the_line(file):
    seller = file.years.with_columns(emission_indirect_tco2=pl.Series([-100.0, -200.0]))
    charts = [
        b for b in enterprise_file(replace(file, years=seller)).blocks if isinstance(b, Chart)
    ]
    assert len(charts) == 2
    # 600 of its own less 100 sold stand over the column; the part sold is drawn.
    assert charts[0].svg.count('fill="#5f7fc0"') == 3  # two years and the legend


def test_columns_side_by_side_leave_no_data_out():
    svg = grouped_columns(
        ["2024"], [Series("a", "#111", (10.0,)), Series("b", "#222", (None,))], unit="t"
    )
    # One column, two marks of the legend, and a dash where nothing is known.
    assert svg.count("<rect") == 3
    assert ">—<" in svg


def test_both_prints_open_and_carry_the_mark(file):
    document = enterprise_file(file)
    assert document.mark.startswith("演示数据")
    assert [b.text[0] for b in document.blocks if isinstance(b, Heading)] == list("一二三四五六七")
    assert to_pdf(document).startswith(b"%PDF-")
    word = open_word(BytesIO(to_word(document)))
    assert len(word.inline_shapes) == 2
    assert "（盖章处）" in [p.text for p in word.paragraphs]


def test_english_is_complete(file):
    english = replace(
        file,
        language="en",
        name="Demo",
        facts=(("Contact", ""),),
        lists=(),
        problems=(),
        issuer="X",
    )
    text = _text(enterprise_file(english)).replace("待核实", "").replace("一企一档", "")
    assert not [c for c in text if "\u4e00" <= c <= "\u9fff"]
    assert any(
        isinstance(b, Paragraph) and "unverified" in b.text for b in enterprise_file(english).blocks
    )


def test_a_yearly_table_without_its_columns_is_refused(file):
    with pytest.raises(ModelError, match="years lacks confidence"):
        replace(file, years=file.years.select(YEAR_COLUMNS[:-1]))
