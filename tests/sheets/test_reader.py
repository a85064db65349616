"""Finding the table: encodings, headers, forms, sheets, rows, merged cells."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanfeng import sheets
from tanfeng.errors import DataError, ModelError

WIDE = ["月份", "用电量(万千瓦时)", "产量(吨)"]
MARCH = ["2025-03", 100, 5]


# ------------------------------------------------------------------------------ text files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_delimiters(bench, encoding, delimiter):
    name = "演示𠮷公司" if encoding in ("gb18030", "utf-8", "utf-16") else "演示公司"
    content = bench.text_file(
        [[*WIDE, "备注"], [*MARCH, name]], encoding=encoding, delimiter=delimiter
    )
    result = bench.read(content)
    assert result.encoding == encoding
    assert result.delimiter == delimiter
    assert result.frame["remark"].to_list() == [name]
    assert result.frame["electricity_1e4kwh"].to_list() == [100]
    assert [p.rule for p in result.problems] == ["S010"]


def test_text_that_is_no_encoding(bench):
    with pytest.raises(DataError) as caught:
        bench.read(b"\x81\x20\xff\xfe\x80,a,b\r\n")
    assert caught.value.problems[0].rule == "U006"


def test_separator_line_of_a_spreadsheet(bench):
    content = b"sep=;\r\n" + bench.text_file([WIDE, ["2025-03", "1,5", "5"]], delimiter=";")
    result = bench.read(content)
    assert result.delimiter == ";"
    assert result.header_rows == (2,)
    assert [p.rule for p in result.problems if p.severity == "error"] == [
        "X002"
    ]  # 1,5 is no number


def test_plain_numbers_of_text_files_are_not_told(bench):
    result = bench.read(bench.text_file([WIDE, MARCH, ["2025-04", "1,000", "5"]]))
    assert [(p.cell, p.rule) for p in result.problems if p.row] == [("B3", "S004")]


def test_october_in_a_text_file(bench):
    result = bench.read(bench.text_file([WIDE, ["2025.1", "5", "1"], ["2025.10", "5", "1"]]))
    assert result.frame["period"].to_list() == ["2025-01", "2025-10"]
    assert [(p.cell, p.rule) for p in result.problems if p.row] == [("A2", "X017")]


def test_a_field_without_end(bench):
    with pytest.raises(DataError) as caught:
        bench.read(b'a,b,c\r\n"' + b"x" * 200_000)
    assert caught.value.problems[0].rule == "U006"


# ------------------------------------------------------------------------------ the header


def test_header_below_titles(bench):
    rows = [["演示公司2025年能耗表"], [], ["单位：万千瓦时"], WIDE, MARCH]
    result = bench.read(bench.workbook(rows))
    assert result.title_rows == (1, 2, 3)
    assert result.header_rows == (4,)
    assert result.head["org_name"] == "演示公司"
    assert result.head["year"] == 2025


def test_two_rows_of_headings_without_merges(bench):
    rows = [
        ["代码", "名称", "数量", "", "", ""],
        ["", "", "产生量", "自行利用", "委托利用", "本月结存"],
        ["SW01", "炉渣", 10, 4, 6, 0],
    ]
    result = bench.read(bench.text_file(rows))
    assert result.form.key == "waste_t2"
    assert result.header_rows == (1, 2)
    assert [c.heading for c in result.columns] == [
        "代码",
        "名称",
        "数量/产生量",
        "数量/自行利用",
        "数量/委托利用",
        "数量/本月结存",
    ]


def test_labels_above_the_header_are_no_group_headings(bench):
    rows = [
        ["单位名称", "演示公司", "报告期", "2025年3月"],
        *bench.filled(
            "waste_t2", {"waste_code": "SW01", "waste_name": "渣", "generated_t": 1, "stock_t": 1}
        ),
    ]
    result = bench.read(bench.workbook(rows))
    assert result.header_rows == (2,)
    assert result.head["org_name"] == "演示公司"
    assert result.head["period"] == "2025-03"


def test_numbered_header_and_row_of_numbers(bench):
    rows = [["1.月份", "2.用电量（万度）", "3.产量（吨）"], ["甲", 1, 2], MARCH]
    result = bench.read(bench.workbook(rows))
    assert result.first_data_row == 3
    assert result.frame.height == 1
    letters = bench.read(bench.workbook([rows[0], ["甲", "乙", "丙"], MARCH]))
    assert letters.frame.height == 1


@pytest.mark.parametrize(
    "heading",
    [
        "用电量(kWh)",
        "用电量（千瓦时）",
        "用电量/kWh",
        "用电量，kWh",
        "用电量\n（单位：kWh）",
        "*用电量（kW·h）",
    ],
)
def test_units_in_headings(bench, heading):
    result = bench.read(bench.workbook([["月份", heading, "产量(吨)"], ["2025-03", 12000, 1]]))
    assert result.frame["electricity_1e4kwh"].to_list() == [1.2]
    assert result.columns[1].factor == pytest.approx(1e-4)


def test_unit_line_applies_where_the_heading_is_silent(bench):
    rows = [["单位：千瓦时、公斤"], ["月份", "用电量", "产量(吨)"], ["2025-03", 12000, 7]]
    row = bench.read(bench.workbook(rows)).frame.row(0, named=True)
    assert (row["electricity_1e4kwh"], row["output_t"]) == (1.2, 7)


def test_money_line_applies_to_money_only(bench):
    rows = [["金额单位：万元"], ["月份", "用电量", "电费"], ["2025-03", 5, 3]]
    row = bench.read(bench.workbook(rows)).frame.row(0, named=True)
    assert (row["electricity_1e4kwh"], row["electricity_cost_kcny"]) == (5, 30)


def test_heading_unit_of_an_item_column(bench):
    head = ["统一社会信用代码", "月份", "能源名称", "消费量(kWh)", "购进量"]
    rows = [head, [bench.code, "2025-03", "电力", 10000, 1]]
    result = bench.read(bench.workbook(rows))
    row = result.frame.row(0, named=True)
    assert (row["consumption_total_qty"], row["purchase_qty"]) == (1, 1)


def test_a_heading_of_another_quantity_is_not_taken(bench):
    result = bench.read(
        bench.workbook([["月份", "用电量(元)", "天然气(m3)", "产量(吨)"], ["2025-03", 1, 2, 3]])
    )
    assert [c.heading for c in result.unmapped] == ["用电量(元)"]


def test_english_headings_are_read(bench):
    found = sheets.form("monthly_wide")
    rows = [
        [found.column(name).heading("en") for name in ("period", "electricity_1e4kwh", "output_t")],
        MARCH,
    ]
    result = bench.read(bench.workbook(rows))
    assert result.frame["electricity_1e4kwh"].to_list() == [100]


# ------------------------------------------------------------------------------ which form


def test_no_form_fits(bench):
    result = bench.read(bench.workbook([["品名", "单价", "数量"], ["苹果", 3, 4]]))
    assert result.form is None
    assert not result.ok
    assert result.frame.height == 0
    (problem,) = result.problems
    assert (problem.rule, problem.severity) == ("X001", "error")
    assert [c.heading for c in result.unmapped] == ["品名", "单价", "数量"]
    assert result.accepted.height == 0
    with pytest.raises(ModelError):
        sheets.activity(result)


def test_a_sheet_without_any_header(bench):
    result = bench.read(bench.workbook([[1, 2, 3], [4, 5, 6]]))
    assert result.form is None
    told = bench.read(bench.workbook([[1, 2, 3], [4, 5, 6]]), form="monthly_energy")
    assert told.form.key == "monthly_energy"
    assert not told.ok
    assert set(told.missing) == {"credit_code", "period", "energy_name"}
    assert told.errors == 3


def test_the_form_may_be_told(bench):
    result = bench.read(bench.workbook([WIDE, MARCH]), form="product_output")
    assert result.form.key == "product_output"
    assert set(result.missing) == {"credit_code", "product_name", "unit_zh"}
    assert not result.ok
    with pytest.raises(ModelError, match="known"):
        bench.read(bench.workbook([WIDE, MARCH]), form="no_such_form")
    again = bench.read(bench.workbook([WIDE, MARCH]), form=sheets.form("monthly_wide"))
    assert again.ok


# ------------------------------------------------------------------------------ sheets


def test_the_best_sheet_is_read_and_others_told(bench):
    content = bench.workbook(
        [["封面"]],
        sheet="封面",
        more=[("一月", [WIDE, ["2025-01", 1, 1]]), ("二月", [WIDE, ["2025-02", 2, 1]]), ("空", [])],
    )
    result = bench.read(content)
    assert result.sheet == "一月"
    assert [(s.name, s.role) for s in result.sheets] == [
        ("封面", "other"),
        ("一月", "read"),
        ("二月", "table"),
        ("空", "empty"),
    ]
    (problem,) = [p for p in result.problems if p.rule == "X026"]
    assert "二月" in problem.message_zh
    second = bench.read(content, sheet="二月")
    assert second.frame["period"].to_list() == ["2025-02"]
    with pytest.raises(DataError) as caught:
        bench.read(content, sheet="三月")
    assert caught.value.problems[0].rule == "U008"
    assert "一月" in caught.value.problems[0].remedy_zh
    with pytest.raises(DataError) as caught:
        bench.read(content, sheet="空")
    assert caught.value.problems[0].rule == "U009"


def test_hidden_rows_are_read_and_told(bench):
    content = bench.workbook([WIDE, MARCH, ["2025-04", 1, 1]], hidden_rows=[2], hidden_columns=[2])
    result = bench.read(content)
    assert result.frame.height == 2
    assert bench.told(result, "S012") == [("C", "S012", "info"), ("3", "S012", "info")]


# ------------------------------------------------------------------------------ rows


def test_rows_that_are_no_data(bench):
    rows = [
        WIDE,
        ["示例: 2025-01", 1, 1],
        ["2025-01", 1, 1],
        ["小计", 1, 1],
        [],
        WIDE,
        ["2025-02", 2, 1],
        ["其中：外购", 2, ""],
        ["全年合计", 3, 2],
        ["说明：随便", ""],
        ["还有一行说明"],
        ["填表人：甲", "", "审核人：乙"],
    ]
    result = bench.read(bench.workbook(rows))
    assert result.skipped == (
        (2, "example"),
        (4, "subtotal"),
        (5, "blank"),
        (6, "repeat_header"),
        (8, "of_which"),
        (9, "total"),
        (10, "note"),
        (11, "note"),
        (12, "note"),
    )
    assert result.frame["source_row"].to_list() == [3, 7]
    assert result.head["filled_by"] == "甲"
    assert result.head["reviewed_by"] == "乙"
    assert [(p.cell, p.rule) for p in result.problems] == [("6", "S013"), ("10", "S014")]


def test_data_after_a_note_is_not_lost(bench):
    rows = [
        WIDE,
        ["2025-01", 1, 1],
        ["注：中间的说明"],
        ["2025-02", 2, 1],
        ["注：尾"],
        WIDE,
        ["2025-03", 3, 1],
    ]
    result = bench.read(bench.workbook(rows))
    assert result.frame["period"].to_list() == ["2025-01", "2025-02", "2025-03"]


def test_a_firm_whose_name_sounds_like_a_note(bench):
    row = bench.energy(org_name="说明书印刷厂")
    rows = bench.filled("monthly_energy", {"org_name": row.pop("org_name"), **row})
    assert bench.read(bench.workbook(rows)).frame.height == 1


def test_of_which_rows_of_energy(bench):
    result = bench.energy_rows(bench.energy(), bench.energy(energy_name="其中：外购电"))
    # The name stands in the fourth column: a part of electricity that is no item of its own.
    assert result.skipped == ((3, "of_which"),)


def test_nested_totals(bench):
    rows = [
        WIDE,
        ["2025-01", 1, 1],
        ["小计", 1, 1],
        ["2025-02", 2, 1],
        ["小计", 2.5, 1],
        ["合计", 3, 2],
    ]
    result = bench.read(bench.workbook(rows))
    assert bench.told(result) == [("B5", "S003", "warning")]


def test_a_total_with_an_error_or_words(bench):
    rows = [WIDE, MARCH, ["合计", "#REF!", "5吨"]]
    result = bench.read(bench.workbook(rows))
    assert bench.told(result) == [("B3", "S006", "error")]
    assert result.accepted.height == 1


# ------------------------------------------------------------------------------ merged cells


def test_merged_cells_count_for_each_row_but_numbers_once(bench):
    rows = [
        ["统一社会信用代码", "月份", "能源名称", "消费量", "备注"],
        [bench.code, "2025-03", "电力", 10, "同一户"],
        ["", "", "柴油", "", ""],
    ]
    merges = [(1, 0, 2, 0), (1, 1, 2, 1), (1, 3, 2, 3), (1, 4, 2, 4)]
    result = bench.read(bench.workbook(rows, merges=merges))
    assert result.frame["credit_code"].to_list() == [bench.code] * 2
    assert result.frame["period"].to_list() == ["2025-03"] * 2
    assert result.frame["remark"].to_list() == ["同一户"] * 2
    assert result.frame["consumption_total_qty"].to_list() == [10, None]
    (problem,) = [p for p in result.problems if p.rule == "X016"]
    assert (problem.row, problem.value) == (2, "2-3")


# ------------------------------------------------------------------------------ the result


def test_result_counts_and_preview(bench):
    result = bench.energy_rows(bench.energy(), bench.energy(period="2025-04", feedstock_qty=101))
    assert (result.errors, result.warnings, result.infos) == (1, 0, 0)
    assert result.bad_rows == {3}
    assert result.ok
    assert result.accepted["source_row"].to_list() == [2]
    assert (result.first_data_row, result.last_data_row) == (2, 3)
    assert len(result.grid) == 3
    assert result.preview(1, 1)[0][0] == "统一社会信用代码"
    assert [p.rule for p in result.problems_at(3)] == ["E004"]
    assert result.problems_at(2) == ()
    assert result.frame.schema == pl.Schema(result.form.schema())


def test_infos_of_one_kind_are_summed_up(bench):
    rows = [[f"{2000 + i // 12}-{i % 12 + 1:02d}", f"1,{i:03d}", "5"] for i in range(300)]
    result = bench.read(bench.text_file([WIDE, *rows]))
    listed = [p for p in result.problems if p.rule == "S004"]
    assert len(listed) == 201
    assert listed[0].row is None
    assert "100" in listed[0].message_zh
    assert "100" in listed[0].message_en


def test_errors_beyond_the_list_still_count(bench, monkeypatch):
    from tanfeng.sheets import _findings

    monkeypatch.setattr(_findings, "LISTED", {"info": 2, "warning": 2, "error": 2})
    rows = [[f"2025-{i:02d}", "坏", "5"] for i in range(1, 6)] + [["2025-06", "7", "5"]]
    result = bench.read(bench.text_file([WIDE, *rows]))
    assert (result.errors, result.bad_rows) == (5, {2, 3, 4, 5, 6})
    assert result.accepted["source_row"].to_list() == [7]
    assert result.ok
    listed = [p for p in result.problems if p.rule == "X002"]
    assert [(p.row, p.severity) for p in listed] == [(None, "info"), (2, "error"), (3, "error")]
    assert "3 further" in listed[0].message_en


def test_unknown_threshold(bench):
    with pytest.raises(ModelError, match="threshold"):
        bench.energy_rows(bench.energy(), thresholds={"E002.tolerence": 1})


def test_rows_without_a_number_are_not_imported(bench):
    row = bench.energy(purchase_qty=None, purchase_amount_kcny=None, consumption_total_qty=None)
    result = bench.energy_rows(bench.energy(), {**row, "period": "2025-04"})
    assert result.frame.height == 2
    assert result.accepted.height == 1
    assert result.bad_rows == frozenset()


# ------------------------------------------------------------------------------ anything in a cell

cells = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        ["—", "合计", "小计", "其中", "注：", "2025.13", "1,2", "#REF!", "=A1", "1.2万", "电力"]
    ),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(list(sheets.forms())), st.data())
def test_any_cells_under_any_form(bench, key, data):
    form = sheets.form(key)
    width = len(form.columns)
    rows = data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=4))
    head = [column.heading() for column in form.columns]
    content = bench.workbook([head, *rows])
    result = bench.read(content, form=key)
    assert result.form.key == key
    assert result.frame.schema == pl.Schema(form.schema())
    assert set(result.frame["source_row"]) | {row for row, _ in result.skipped} <= set(
        range(2, len(rows) + 2)
    )
    for problem in result.problems:
        assert "{" not in problem.remedy_zh
    sheets.annotate(content, "upload", result)
