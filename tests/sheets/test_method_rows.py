"""A template of every method is filled in, read back and computed as the rows themselves are."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import pytest
from openpyxl import load_workbook

from method_books import CODE, FIRM, MethodBook
from method_rows import by_row, every, year_of
from tanfeng import sheets
from tanfeng.accounting import methods
from tanfeng.accounting.methods import METHODS
from tanfeng.errors import DataError
from tanfeng.sheets.method_rows import read_method
from tanfeng.sheets.method_template import method_template
from tanfeng.sheets.method_ways import fitting

TODAY = dt.date(2027, 1, 31)
STEEL = METHODS["gb_t_32151_5_2015"]


def read(book, *, year=None):
    return read_method(book.content(), "甲厂.xlsx", book.method, today=TODAY, year=year)


def computed(found):
    return methods.account(
        found.frames, [found.method], as_of=dt.date(2026, 6, 30), candidates=found.candidates
    )


def told(found, *severities):
    wanted = severities or ("error", "warning")
    return [(one.rule, one.sheet, one.cell) for one in found.problems if one.severity in wanted]


def name(thing, lang):
    return thing.name_en if lang == "en" else thing.name_zh


def fill(book, method, year):
    """Write a row for every stream, kind and material; return what was written by its place."""
    written, seen = {}, set()
    for given in every(method):
        stream = method.stream(given["stream"])
        kind = stream.kind(given["kind"])
        item = next(one for one in stream.items if one.key == given["item"])
        mark = (stream.key, kind.key, item.unit)
        if book.lang == "en" and mark in seen:
            continue  # the materials are the same list; once in Chinese is enough
        seen.add(mark)
        values = {k: v for k, v in given.items() if k not in ("stream", "kind", "item")}
        cells = {"period": str(year), "item": name(item, book.lang)}
        if len(stream.kinds) > 1:
            cells["kind"] = name(kind, book.lang)
        row = book.add(stream.key, **cells, **values)
        written[book.names[stream.key], row] = (stream.key, kind.key, item.key, values)
    return written


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("method", METHODS.values(), ids=lambda one: one.key)
def test_what_was_written_is_read_back_and_computed(method, lang):
    book, year = MethodBook(method, lang=lang), year_of(method)
    written = fill(book, method, year)
    found = read(book, year=year)
    assert told(found) == []
    back = {}
    for kind, frame in found.frames.items():
        for row in frame.iter_rows(named=True):
            inputs = [c for c in frame.columns if c not in methods.ROW_SCHEMA]
            # a workbook keeps 15 digits of a number
            values = {c: pytest.approx(row[c], rel=1e-14) for c in inputs if row[c] is not None}
            back[found.place(row["activity_id"])] = (row["stream"], kind, row["item"], values)
            assert (row["org_code"], row["year"], row["month"]) == (CODE, year, 0)
    assert written == back
    account = computed(found)
    assert account.gaps.is_empty()
    assert all(value is not None for value in by_row(account))
    assert found.names == {CODE: FIRM}


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda one: one.key)
def test_an_untouched_template_holds_nothing_and_is_no_fault(method):
    for lang in ("zh", "en"):
        content = method_template(method, lang=lang)
        found = read_method(content, "空表.xlsx", method, today=TODAY)
        assert told(found) == []
        assert found.frames == {}
        assert content == method_template(method, lang=lang), "no clock in the file"


def test_every_line_can_be_told_by_its_cell():
    book = MethodBook(STEEL)
    row = book.add("flux", period="2023年", item="石灰石", used_qty=1000)
    found = read(book, year=2023)
    (number,) = computed(found).lines["activity_id"].unique().to_list()
    assert found.place(number) == ("熔剂消耗", row)
    letter, heading = found.cell(number, "used_qty")
    assert f"{letter}{row}" == book.cell("flux", "used_qty", row).coordinate
    assert heading == "消耗量 FC(吨)"


def test_messy_cells_are_read_as_a_person_means_them():
    book = MethodBook(STEEL)
    book.add("fuel", period="2023.3", item=" 天然气 ", used_qty="1,234.5", data_source="计量")
    book.add("fuel", period="2023-04", item="天然气", used_qty="1.2万", credit_code=None)
    book.add("fuel", period=202305, item="烟煤", used_qty="500公斤", ncv_gj="—")
    book.add("electricity", period="2023年", item="电力", purchased_mwh="5万千瓦时")
    found = read(book, year=2023)
    assert told(found) == []
    rows = {row["month"]: row for row in found.frames["fuel"].iter_rows(named=True)}
    assert rows[3]["used_qty"] == 1234.5
    assert rows[3]["tier"] == "measured"
    assert rows[4]["used_qty"] == 12000
    assert rows[4]["org_code"] == CODE  # taken from the row above
    assert rows[5]["used_qty"] == 0.5  # t
    assert rows[5]["ncv_gj"] is None
    assert found.frames["electricity"]["purchased_mwh"].to_list() == [50.0]  # 5e4 kWh


def test_another_unit_of_the_amount_is_converted_or_refused():
    book = MethodBook(STEEL)
    book.add("fuel", period="2023", item="天然气", unit_zh="立方米", used_qty=50000)
    wrong = book.add("fuel", period="2023", item="烟煤", unit_zh="立方米", used_qty=5)
    both = book.add("fuel", period="2023", item="烟煤", unit_zh="公斤", used_qty=5, ncv_gj=20.9)
    found = read(book, year=2023)
    assert found.frames["fuel"]["used_qty"].to_list() == [5.0]  # 1e4 Nm3
    sheet = book.names["fuel"]
    assert told(found) == [
        ("X005", sheet, book.cell("fuel", "unit_zh", wrong).coordinate),
        ("F007", sheet, book.cell("fuel", "ncv_gj", both).coordinate),
    ]


def test_a_wrong_material_is_told_with_its_cell_and_kept_out():
    book = MethodBook(STEEL)
    row = book.add("flux", period="2023", item="金子", used_qty=5)
    book.add("flux", period="2023", item="白云石", used_qty=7)
    found = read(book, year=2023)
    assert found.frames["material"]["item"].to_list() == ["dolomite"]
    (problem,) = [one for one in found.problems if one.severity == "error"]
    assert (problem.rule, problem.cell) == ("X003", book.cell("flux", "item", row).coordinate)
    assert "石灰石" in problem.message_zh


def test_a_material_that_cannot_be_computed_this_way_is_told_with_its_cell():
    book = MethodBook(STEEL)
    row = book.add(
        "fuel",
        period="2023",
        item="烟煤",
        kind="气体燃料燃烧（组分法）",
        used_qty=5,
        ch4_vol_pct=90,
    )
    found = read(book, year=2023)
    with pytest.raises(DataError) as error:
        computed(found)
    (problem,) = [found.located(one) for one in error.value.problems]
    assert problem.rule == "M001"
    assert problem.sheet == book.names["fuel"]
    assert problem.cell == book.cell("fuel", "item", row).coordinate


def test_percent_as_a_fraction_is_refused_with_its_cell():
    book = MethodBook(STEEL)
    row = book.add("fuel", period="2023", item="烟煤", used_qty=5, oxidation_pct=0.98)
    book.add("fuel", period="2023", item="烟煤", used_qty=5, oxidation_pct="98%")
    found = read(book, year=2023)
    with pytest.raises(DataError) as error:
        computed(found)
    (problem,) = [found.located(one) for one in error.value.problems]
    assert problem.rule == "M003"
    assert problem.cell == book.cell("fuel", "oxidation_pct", row).coordinate
    assert problem.suggestion == "98"
    rest = found.without([error.value.problems[0].row])
    assert rest.frames["fuel"]["oxidation_pct"].to_list() == [98.0]


def test_the_way_of_computing_follows_the_filled_values():
    fuel = STEEL.stream("fuel")
    coal = next(one for one in fuel.items if one.name_zh == "烟煤")
    gas = next(one for one in fuel.items if one.name_zh == "天然气")

    def way(item, *filled):
        return [kind.key for kind in fitting(fuel, item, filled)]

    assert way(coal, "used_qty") == ["fuel"]
    assert way(coal, "purchased_qty", "opening_stock_qty", "closing_stock_qty") == ["fuel"]
    assert way(coal, "used_qty", "carbon_content_tc") == ["fuel_by_carbon"]
    assert way(gas, "used_qty", "ch4_vol_pct") == ["fuel_by_analysis"]
    assert way(coal, "sold_qty") == ["fuel_sold"]
    assert way(coal, "used_qty", "ncv_gj", "ch4_vol_pct") == []
    assert way(coal) == ["fuel"]


def test_an_ambiguous_row_is_asked_back():
    book = MethodBook(STEEL)
    row = book.add("fuel", period="2023", item="天然气", used_qty=5, ncv_gj=389, ch4_vol_pct=90)
    found = read(book, year=2023)
    assert found.frames == {}
    (problem,) = [one for one in found.problems if one.severity == "error"]
    assert (problem.rule, problem.cell) == ("F005", book.cell("fuel", "kind", row).coordinate)
    assert "化石燃料燃烧（低位发热量法）" in problem.remedy_zh
    # Said by the person, it is computed; what that way does not use is told.
    book.cell("fuel", "kind", row).value = "化石燃料燃烧（低位发热量法）"
    again = read(book, year=2023)
    assert again.frames["fuel"].height == 1
    assert told(again) == [
        ("F006", book.names["fuel"], book.cell("fuel", "ch4_vol_pct", row).coordinate)
    ]


def test_a_missing_value_is_a_gap_with_its_cell():
    book = MethodBook(STEEL)
    row = book.add("flux", period="2023", item="石灰石")
    found = read(book, year=2023)
    (gap,) = found.gaps(computed(found))
    assert (gap.rule, gap.severity) == ("F016", "error")
    assert gap.cell == book.cell("flux", "used_qty", row).coordinate
    assert "消耗量" in gap.message_zh
    assert "amount used" in gap.message_en


def test_laboratory_values_of_another_sheet_are_chosen_by_rule():
    book = MethodBook(STEEL)
    book.add("fuel", period="2023-03", item="烟煤", used_qty=100)
    fuel = {"stream": book.names["fuel"], "item": "烟煤", "parameter": "低位发热量 NCV"}
    good = book.tested(
        **fuel,
        period="2023-03",
        value=21.5,
        unit_text="GJ/吨",
        source="实测",
        sample_date="2023-03-05",
        test_date=dt.date(2023, 3, 12),
        laboratory="测试实验室",
        accredited="有",
        evidence="报告 1",
    )
    early = book.tested(
        **fuel,
        period="2023-03",
        value=22.5,
        source="实测",
        sample_date="2023-03-15",
        test_date="2023-03-12",
    )
    supplier = book.tested(**fuel, period="2023", value=20.0, source="供应商")
    found = read(book, year=2023)
    assert told(found) == []
    account = computed(found)
    rules = dict(zip(found.candidate_rows, account.choices["rule"].cast(str), strict=True))
    assert rules == {good: "best", early: "test_before_sample", supplier: "lower_tier"}
    line = account.lines.row(-1, named=True)
    assert line["x2"] == 21.5
    assert account.choices["accredited"].to_list() == [True, None, None]


def test_laboratory_values_that_fit_nothing_are_told():
    book = MethodBook(STEEL)
    book.add("fuel", period="2023", item="烟煤", used_qty=100)
    sheet = book.names["fuel"]
    given = {"stream": sheet, "item": "烟煤", "source": "实测", "value": 21.0}
    month = book.tested(**given, parameter="低位发热量 NCV", period="2023-03")
    unit = book.tested(**given, parameter="低位发热量 NCV", period="2023", unit_text="kcal/kg")
    other = book.tested(**{**given, "item": "天然气"}, parameter="低位发热量 NCV", period="2023")
    parameter = book.tested(
        **{**given, "stream": "熔剂消耗", "item": "石灰石"},
        parameter="低位发热量 NCV",
        period="2023",
    )
    day = book.tested(**given, parameter="低位发热量 NCV", period="2023", sample_date="2023-03")
    found = read(book, year=2023)
    rows = [(one.rule, one.row) for one in found.problems if one.severity != "info"]
    assert sorted(rows) == sorted(
        [("F012", month), ("F014", unit), ("F011", other), ("F015", parameter), ("F013", day)]
    )
    assert found.candidate_rows == (day,)


def test_other_years_are_told_not_dropped_in_silence():
    book = MethodBook(STEEL)
    book.add("flux", period="2023", item="石灰石", used_qty=1)
    first = book.add("flux", period="2022", item="石灰石", used_qty=2)
    book.add("flux", period="2022", item="白云石", used_qty=3)
    found = read(book, year=2023)
    assert found.frames["material"]["used_qty"].to_list() == [1.0]
    assert told(found) == [("F009", "熔剂消耗", book.cell("flux", "period", first).coordinate)]
    assert "2 行" in found.problems[-1].message_zh
    assert found.years == (2022, 2023)
    assert read(book).frames["material"].height == 3


def test_a_year_beside_its_months_and_a_row_twice_are_told():
    book = MethodBook(STEEL)
    year = book.add("flux", period="2023", item="石灰石", used_qty=10)
    book.add("flux", period="2023-01", item="石灰石", used_qty=1)
    book.add("flux", period="2023-01", item="石灰石", used_qty=1)
    found = read(book, year=2023)
    assert found.frames["material"].height == 2
    assert told(found) == [("F010", "熔剂消耗", book.cell("flux", "period", year).coordinate)]
    assert "X021" in [one.rule for one in found.problems]


def test_sheets_and_workbooks_that_are_not_the_methods_are_told():
    book = MethodBook(STEEL)
    book.add("flux", period="2023", item="石灰石", used_qty=1)
    book.book["熔剂消耗"].title = "我的熔剂"
    del book.book["电极消耗"]
    found = read(book, year=2023)
    assert found.frames == {}
    rules = {one.rule: one for one in found.problems}
    assert rules["F003"].value == "我的熔剂"
    assert rules["F003"].severity == "error"
    assert [one.value for one in found.problems if one.rule == "F004"] == ["熔剂消耗", "电极消耗"]
    other = read_method(book.content(), "x.xlsx", METHODS["ndrc_2015_food"], today=TODAY)
    assert "F002" in [one.rule for one in other.problems]
    plain = sheets.template("monthly_energy")
    nothing = read_method(plain, "x.xlsx", STEEL, today=TODAY)
    assert [one.rule for one in nothing.whole] == ["F001"]


def test_the_marked_file_carries_what_the_engine_found():
    book = MethodBook(STEEL)
    book.add("fuel", period="2023", item="烟煤", used_qty=5, oxidation_pct=0.98)
    found = read(book, year=2023)
    with pytest.raises(DataError) as error:
        computed(found)
    found = found.with_problems(map(found.located, error.value.problems))
    marked = load_workbook(BytesIO(sheets.annotate(book.content(), "甲厂.xlsx", found.results)))
    address = next(one.cell for one in found.problems if one.rule == "M003")
    assert "98" in marked[book.names["fuel"]][address].comment.text
    assert any(cell.value == "M003" for row in marked["问题清单"].iter_rows() for cell in row)


def test_units_of_factors_are_told_apart_in_headings():
    """A heading in another unit is converted or left for a person to say, never taken as is."""
    power = "净购入电力"
    for text, read_as in (
        ("购入电量 A(万千瓦时)", 50.0),
        ("购入电量 A（兆瓦时）", 5.0),
        ("购入电量 A(吨)", None),
    ):
        book = MethodBook(STEEL)
        row = book.add("electricity", period="2023", item="电力", purchased_mwh=5)
        heading = book.cell("electricity", "purchased_mwh", row - 2)
        heading.value = text
        frame = read(book, year=2023).frames["electricity"]
        assert frame["purchased_mwh"].to_list() == [read_as]
    book = MethodBook(STEEL)
    row = book.add("electricity", period="2023", item="电力", purchased_mwh=5, power_ef_tco2_mwh=1)
    book.cell("electricity", "power_ef_tco2_mwh", row - 2).value = "电力排放因子 EF(kgC/kWh)"
    found = read(book, year=2023)
    assert found.frames["electricity"]["power_ef_tco2_mwh"].to_list() == [None]
    assert ("S001", power) in [(one.rule, one.sheet) for one in found.problems]
