"""The brief says what it was given, in both languages and both file kinds."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from io import BytesIO

import polars as pl
import pytest
from docx import Document as open_word

from tanfeng.errors import ModelError
from tanfeng.reports import CityBrief, city_brief, to_pdf, to_word
from tanfeng.reports.document import Chart, Figures, Heading, Table

SECTORS = ["钢铁", "建材 <b>&"]


def _frame(names, emission, previous):
    return pl.DataFrame(
        {
            "name": names,
            "energy_calorific_tce": [e / 2 for e in emission],
            "energy_equivalent_tce": [e * 0.8 for e in emission],
            "emission_total_tco2": emission,
            "previous_energy_equivalent_tce": [None if p is None else p * 0.8 for p in previous],
            "previous_emission_total_tco2": previous,
        },
        schema_overrides={
            "previous_energy_equivalent_tce": pl.Float64,
            "previous_emission_total_tco2": pl.Float64,
        },
    )


@pytest.fixture
def brief():
    # 2024: 1 200 000 + 300 000 = 1 500 000 t; 2023: 1 000 000 + 400 000 = 1 400 000 t; +7.1 %.
    by_sector = _frame(SECTORS, [1_200_000.0, 300_000.0], [1_000_000.0, 400_000.0])
    return CityBrief(
        scope="福州市",
        year=2024,
        issuer="演示 · 市工信局",
        issued_on="2025年4月1日",
        as_of="2025-03-31",
        run="2",
        basis="福建省平均 2023（0.4211）",
        demo=True,
        totals={
            "energy_calorific_tce": 750_000.0,
            "energy_equivalent_tce": 1_200_000.0,
            "emission_direct_tco2": 900_000.0,
            "emission_indirect_tco2": 600_000.0,
            "emission_total_tco2": 1_500_000.0,
        },
        previous={"energy_equivalent_tce": 1_120_000.0, "emission_total_tco2": 1_400_000.0},
        by_sector=by_sector,
        by_county=_frame(["长乐区", "闽清县"], [1_500_000.0, 0.0], [1_400_000.0, None]),
        top=_frame(["演示钢铁01"], [750_000.0], [700_000.0]),
        history=pl.DataFrame(
            {
                "year": [2023, 2024, 2023, 2024],
                "sector": [SECTORS[0], SECTORS[0], SECTORS[1], SECTORS[1]],
                "colour": ["#0f6b4f", "#0f6b4f", "#d0a03a", "#d0a03a"],
                "emission_total_tco2": [1e6, 1.2e6, 4e5, 3e5],
            }
        ),
        completeness={
            "organisations": 4,
            "organisations_reporting": 3,
            "months_expected": 48,
            "months_reported": 36,
            "measured_tce": 600_000.0,
            "reported_tce": 150_000.0,
            "estimated_tce": 0.0,
        },
        problems=[("电力疑似按万千瓦时填报", 2, "演示钢铁01 2024-03")],
        factors=pl.DataFrame(
            {
                "name": ["福建电力 2023", "烟煤低位发热量"],
                "value": [0.4211, 23.204],
                "unit": ["kgCO2/kWh", "GJ/t"],
                "document": ["公告2025年第47号", "发改办气候〔2015〕1722号"],
                "confidence": ["confirmed", "single"],
            }
        ),
        formulas=pl.DataFrame(
            {
                "name": ["燃料燃烧", "电力化石口径", "核对过的"],
                "document": ["发改办气候〔2015〕1722号", "公告2025年第47号", "公告2025年第47号"],
                "clause": ["公式（2）", "", "附件1"],
                "confidence": ["recalled", "", "confirmed"],
            }
        ),
    )


def _texts(document):
    for block in document.blocks:
        if isinstance(block, Table):
            yield from (cell for row in (block.head, *block.rows) for cell in row)
        elif isinstance(block, Figures):
            yield from (text for item in block.items for text in item)
        elif isinstance(block, Chart):
            yield block.caption
        else:
            yield block.text


def test_the_headline_is_the_sum_with_its_change(brief):
    text = " ".join(_texts(city_brief(brief)))
    # 1 500 000 / 1 400 000 - 1 = 7.142... %
    assert "150.00万吨，比上年+7.1%" in text
    assert "电力热力 60.00" in text
    # 1 200 000 / 1 120 000 - 1 = 7.142... %
    assert "120.00万吨标准煤，比上年+7.1%" in text


def test_sections_are_numbered_in_order(brief):
    headings = [b.text for b in city_brief(brief).blocks if isinstance(b, Heading)]
    assert [h[0] for h in headings] == list("一二三四五六七")


def test_tables_end_in_the_total_and_keep_no_data_apart_from_zero(brief):
    tables = {b.caption[:2]: b for b in city_brief(brief).blocks if isinstance(b, Table)}
    counties = tables["表3"]
    # 闽清 emitted nothing this year and sent nothing last year: 0.00 now, no change to state.
    assert counties.rows[1] == ("闽清县", "0.00", "—", "0.00", "0.00", "—", "0.0%")
    assert counties.rows[-1][0] == "合计"
    assert counties.rows[-1][4] == "150.00"
    assert counties.total


def test_missing_forms_are_told_and_unverified_factors_marked(brief):
    text = " ".join(_texts(city_brief(brief)))
    assert "应报48份企业月报，缺12份" in text
    assert "其中1项待核实" in text
    assert "75.0%" in text  # 36 of 48


def test_a_clause_is_marked_until_somebody_checked_it(brief):
    tables = {b.caption[:2]: b for b in city_brief(brief).blocks if isinstance(b, Table)}
    assert [row[2:] for row in tables["表8"].rows] == [
        ("公式（2）", "待核实"),
        ("未见原文", "待核实"),
        ("附件1", "已核对"),
    ]


def test_english_is_complete(brief):
    document = city_brief(replace(brief, language="en", scope="Fuzhou"))
    text = document.title + " ".join(_texts(document))
    data = (
        "电力疑似按万千瓦时填报 演示钢铁01 长乐区 闽清县 钢铁 建材 福建电力 烟煤低位发热量 "
        "公告2025年第47号 发改办气候〔2015〕1722号 福建省平均 待核实 "
        "燃料燃烧 电力化石口径 核对过的 公式（2） 附件1"
    )
    left = text
    for word in data.split():
        left = left.replace(word, "")
    assert not [c for c in left if "\u4e00" <= c <= "\u9fff"]


def test_pdf_embeds_the_font_and_marks_demo_data(brief):
    pdf = to_pdf(city_brief(brief))
    assert pdf.startswith(b"%PDF-")
    assert b"NotoSansSC" in pdf
    assert city_brief(brief).mark.startswith("演示数据")
    assert city_brief(replace(brief, demo=False)).mark == ""


def test_word_opens_with_tables_charts_and_page_fields(brief):
    data = to_word(city_brief(brief))
    word = open_word(BytesIO(data))
    assert word.core_properties.title.startswith("福州市")
    assert len(word.inline_shapes) == 2
    assert "演示数据" in word.sections[0].header.paragraphs[0].text
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    assert "建材 <b>&" in cells
    with zipfile.ZipFile(BytesIO(data)) as package:
        assert "NUMPAGES" in package.read("word/footer1.xml").decode()


def test_nothing_found_is_said_in_words(brief):
    assert "未发现需要处理的问题。" in list(_texts(city_brief(replace(brief, problems=()))))


def test_a_breakdown_without_its_columns_is_refused(brief):
    with pytest.raises(ModelError, match="by_county lacks emission_total_tco2"):
        replace(brief, by_county=brief.by_county.drop("emission_total_tco2"))
