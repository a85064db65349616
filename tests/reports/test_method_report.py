"""The report of a method: workbook and Word skeleton say what the lines say."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
from openpyxl import load_workbook

from method_books import CODE, FIRM, MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.reports import to_pdf, to_word
from tanfeng.reports.document import NO_DATA, Heading, Paragraph, Table
from tanfeng.reports.method_document import method_document
from tanfeng.reports.method_report import method_workbook
from tanfeng.sheets.method_account import account_workbook

STEEL = METHODS["gb_t_32151_5_2015"]
TODAY = dt.date(2026, 6, 30)


@pytest.fixture
def answer():
    book = MethodBook(STEEL)
    book.add("fuel", period="2023", item="烟煤", used_qty=1000, part="一号炉")
    book.add("flux", period="2023-02", item="石灰石", used_qty=500)
    book.add("electrode", period="2023", item="石墨电极")
    coal = {"stream": "化石燃料燃烧", "item": "烟煤", "parameter": "低位发热量 NCV"}
    book.tested(**coal, period="2023", value=22.1, source="实测", evidence="报告 1")
    book.tested(**coal, period="2023", value=21.0, source="供应商")
    return account_workbook(book.content(), "甲厂.xlsx", STEEL, year=2023, today=TODAY)


def sheets_of(content):
    book = load_workbook(BytesIO(content))
    return {
        sheet.title: [
            [c for c in row if c is not None] for row in sheet.iter_rows(values_only=True)
        ]
        for sheet in book
    }


def test_the_workbook_has_every_part(answer):
    found = sheets_of(method_workbook(answer))
    assert list(found) == [
        "排放量汇总",
        "化石燃料燃烧",
        "熔剂消耗",
        "计算过程",
        "所用缺省值",
        "缺口",
        "参数选用",
        "问题清单",
        "核查重点",
        "方法待核实事项",
    ]
    summary = [row for row in found["排放量汇总"] if row and row[0] == CODE]
    assert [row[2] for row in summary[:7]] == [one.name_zh for one in STEEL.streams]
    assert summary[1][-1] == pytest.approx(220)
    coal = next(row for row in found["化石燃料燃烧"] if row and row[0] == CODE)
    assert coal[1:4] == ["一号炉", "2023", "烟煤"]
    assert "实测" in coal
    assert any(str(cell).startswith("缺省 fuels/") and "待核实" in cell for cell in coal)
    assert any("44 / 12" in str(cell) for row in found["计算过程"] for cell in row)
    assert any("附录二" in str(cell) for row in found["所用缺省值"] for cell in row)
    assert [row[-1] for row in found["缺口"] if row and row[0] == "错误"] == ["F016"]
    rules = [row[-1] for row in found["参数选用"]]
    assert "有级别更高的来源（实测、计算、供应商）" in rules
    told = [row for row in found["核查重点"] if row and row[0] in ("错误", "提示")]
    # Errors first: a row that is not counted, then the supplier's value beside the tested one.
    assert told[0][1:] == ["电极消耗", "电极消耗 6", "缺少消耗量 FC，该行未计入"]
    assert told[-1][1] == "化石燃料燃烧"
    assert "的候选值 21.0 未采用：有级别更高的来源" in told[-1][-1]
    assert "公式编号凭记忆，条款号未见原文。" in [row[0] for row in found["方法待核实事项"] if row]


def test_english_and_the_mark_of_demonstration_data(answer):
    found = sheets_of(method_workbook(answer, lang="en", demo=True))
    assert "fuel combustion" in found
    assert "Demonstration data" in found["Emissions"][0][0]


def test_the_document_follows_the_official_order(answer):
    document = method_document(answer, issued_on=TODAY)
    assert [block.text for block in document.blocks if isinstance(block, Heading)] == [
        "一、报告主体基本情况",
        "二、核算边界",
        "三、排放源",
        "四、活动数据及来源",
        "五、排放因子和计算系数及来源",
        "六、温室气体排放量",
        "七、数据质量控制计划",
        "八、待核实事项和缺口",
    ]
    assert document.title == f"{FIRM}2023年度温室气体排放报告"
    tables = {block.caption: block for block in document.blocks if isinstance(block, Table)}
    emissions = tables[f"{FIRM}温室气体排放量"]
    rows = {row[0]: row[-1] for row in emissions.rows}
    assert rows["熔剂消耗"] == "220.00"
    assert rows["电极消耗"] == NO_DATA
    assert emissions.total
    plan = tables["数据质量控制计划"]
    assert plan.rows[0][:3] == ("化石燃料燃烧", "消耗量 FC", "要求实测")
    notes = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert any("没有按零处理" in text for text in notes)
    assert any("F016" in text for text in notes)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_prints(answer, lang):
    document = method_document(answer, issued_on=TODAY, lang=lang, demo=True)
    assert to_word(document)[:2] == b"PK"
    assert to_pdf(document)[:4] == b"%PDF"


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda one: one.key)
def test_every_method_has_its_report(method):
    book = MethodBook(method)
    stream = method.streams[0]
    year = max(2023, int(method.valid_from[:4] or 2000) + 1)
    kind, item = stream.kinds[0], stream.items[0].name_zh
    amounts = {c: 1.0 for c, one in kind.inputs.items() if one.extensive}
    book.add(stream.key, period=str(year), item=item, **amounts)
    answer = account_workbook(
        book.content(), "x.xlsx", method, year=year, today=dt.date(2027, 1, 9)
    )
    for lang in ("zh", "en"):
        assert method_workbook(answer, lang=lang)[:2] == b"PK"
        document = method_document(answer, issued_on=TODAY, lang=lang)
        assert len([b for b in document.blocks if isinstance(b, Heading)]) == 8


def test_a_power_facility_reports_the_results_of_its_units():
    power = METHODS["mee_2022_power"]
    book = MethodBook(power)
    book.add("oil_gas", period="2023", part="#1", item="柴油", used_qty=50)
    book.produced(period="2023", part="#1", generation_mwh=1000, heat_supplied_gj=0)
    answer = account_workbook(book.content(), "热电.xlsx", power, year=2023, today=TODAY)
    rows = [row for row in sheets_of(method_workbook(answer))["机组结果"] if row and row[0] == CODE]
    # 50 t x 42.652 x 0.0202 x 0.98 x 44/12 = 154.7955 t over 1000 MWh; no heat is supplied
    assert rows[-1][1:4] == ["#1", "2023", "发电碳排放强度"]
    assert rows[-1][4] == pytest.approx(154.7955 / 1000, abs=5e-8)
    assert rows[-1][5:7] == ["tCO2/MWh", "S_fd = E_fd / W_fd"]
    assert rows[-1][-1] == "待核实"
    document = method_document(answer, issued_on=TODAY)
    assert "七、机组结果" in [one.text for one in document.blocks if isinstance(one, Heading)]
    tables = [one for one in document.blocks if isinstance(one, Table)]
    shown = next(one for one in tables if one.caption.endswith("供热比、强度和负荷率"))
    assert shown.rows[-1][3:5] == ("0.154795", "tCO2/MWh")
