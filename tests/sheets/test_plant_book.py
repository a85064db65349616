"""Plants as a workbook: what is written reads back, what is wrong is told by its cell."""

from __future__ import annotations

import io

import polars as pl
import pytest
from openpyxl import load_workbook

from tanfeng.errors import DataError
from tanfeng.pathway.plants import FACILITIES, OPTIONS, Limits, Outlook
from tanfeng.sheets.plant_book import PlantBook, read_plants, write_plants

BOOK = PlantBook(
    pl.DataFrame(
        [("mill", "steel", "bf", 2028, None), ("kiln", "glass", "oil", None, 2029)],
        schema=FACILITIES,
        orient="row",
    ),
    pl.DataFrame(
        [
            ("mill", "bf", None, 0.0, 120e3, 10, 100e3, 2000.0, 0.0, 1000.0, 1000.0, False),
            ("mill", "eaf", 2027, 400e3, 300e3, 10, 160e3, 500.25, 9.5, 1000.0, 1000.0, True),
            ("kiln", "oil", None, 0.0, 0.0, 10, 50e3, 600.0, 0.0, 50.0, 50.0, True),
        ],
        schema=OPTIONS,
        orient="row",
    ),
    (2026, 2029),
    Outlook(
        discount_rate=0.06,
        activity={("steel", 2027): 1.1},
        grid_tco2_per_mwh=dict.fromkeys(range(2026, 2030), 0.4),
        carbon_price_cny_per_t={2029: 80.0},
    ),
    Limits(
        cap_tco2={2029: 1500.0},
        budget_cny={2027: 1e6},
        peak_year=2027,
        demand_t={("steel", 2029): 900.0},
        replacement_ratio={"steel": 1.25},
        suspended=frozenset({"glass"}),
    ),
)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_written_reads_back(lang):
    back = read_plants(write_plants(BOOK, lang=lang, demo=True), "x.xlsx")
    assert back.facilities.equals(BOOK.facilities)
    assert back.options.equals(BOOK.options)
    assert (back.years, back.outlook, back.limits) == (BOOK.years, BOOK.outlook, BOOK.limits)


def test_the_template_says_what_has_to_be_filled_in():
    with pytest.raises(DataError) as refused:
        read_plants(write_plants(), "x.xlsx")
    told = [(one.rule, one.sheet, one.value) for one in refused.value.problems]
    assert told == [
        ("Y432", "设施", "设施"), ("Y432", "选项", "选项"),
        ("Y424", "限制", ""), ("Y424", "限制", ""), ("Y424", "限制", ""),
    ]  # fmt: skip


def _changed(change):
    book = load_workbook(io.BytesIO(write_plants(BOOK)))
    change(book)
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(DataError) as refused:
        read_plants(file.getvalue(), "x.xlsx")
    return refused.value.problems


def _head(sheet):
    """Return the row of the headings, and the column of each."""
    for row in sheet.iter_rows():
        named = {cell.value: cell.column for cell in row if cell.value}
        if {"设施", "选项"} <= named.keys() or {"设施", "产品"} <= named.keys() or "类别" in named:
            return row[0].row, named
    raise AssertionError(sheet.title)


def test_every_bad_cell_is_told_by_its_address():
    def change(book):
        top, at = _head(book["设施"])
        book["设施"].cell(top + 1, at["大修年"], "明年")
        book["设施"].cell(top + 2, at["产品"]).value = None
        book["设施"].cell(top + 2, at["现状选项"], "coal")
        top, at = _head(book["选项"])
        for name, value in (
            ("改造投资 (元)", "很多"), ("年直接排放 (tCO2)", -1), ("寿命 (年)", 2.5),
            ("达到基准水平", "也许"), ("年产量 (t)", None),
        ):  # fmt: skip
            book["选项"].cell(top + 1, at[name]).value = value
        book["选项"].cell(top + 3, at["设施"], "nobody")

    told = _changed(change)
    assert [(one.rule, one.sheet, one.value) for one in told] == [
        ("Y426", "设施", "明年"), ("Y424", "设施", ""),
        ("Y425", "选项", "很多"), ("Y425", "选项", "2.5"), ("Y431", "选项", "-1"),
        ("Y424", "选项", ""), ("Y429", "选项", "也许"),
        ("Y434", "限制", "glass"), ("Y405", "设施", "coal"), ("Y404", "选项", "nobody"),
    ]  # fmt: skip
    assert all(one.row and one.remedy_zh and one.remedy_en for one in told)
    assert all(one.column and one.heading for one in told[:8])


def test_limits_that_cannot_be_are_told():
    rows = (
        ("魔法", None, None, 1, None), ("排放上限", None, 2050, 1, "tCO2"),
        ("排放上限", None, 2029, 1, None), ("最低产量", None, None, 1, "万t"),
        ("达峰年", None, None, 2050, None), (None, "steel", None, None, None),
    )  # fmt: skip

    def change(book):
        for row in rows:
            book["限制"].append(row)

    told = [(one.rule, one.value) for one in _changed(change)]
    assert told == [
        ("Y424", ""), ("Y427", "魔法"), ("Y430", "排放上限 2029"), ("Y424", ""), ("Y424", ""),
        ("Y428", "万t"), ("Y430", "达峰年"), ("Y433", "2050"), ("Y433", "2050"),
    ]  # fmt: skip


def test_years_and_grid_factors_have_to_fit():
    def change(book):
        sheet = book["限制"]
        for row in sheet.iter_rows():
            if row[0].value == "起始年":
                row[3].value = 2025

    assert [(one.rule, one.value) for one in _changed(change)] == [("Y409", "2025")]

    def without(book):
        sheet = book["限制"]
        for row in sheet.iter_rows():
            if row[0].value == "起始年":
                row[0].value = row[3].value = row[4].value = None

    assert [(one.rule, one.value) for one in _changed(without)] == [("Y432", "起始年")]


def test_sheets_and_headings_that_are_not_there():
    def change(book):
        del book["限制"]
        top, at = _head(book["选项"])
        book["选项"].cell(top, at["改造投资 (元)"], "改造投资 (万元)")
        top, at = _head(book["设施"])
        book["设施"].cell(top, 7, "产品")

    assert [(one.rule, one.value) for one in _changed(change)] == [
        ("Y421", "限制"),
        ("Y423", "产品"),
        ("Y422", "改造投资 (元)"),
        ("Y423", "改造投资 (万元)"),
    ]
