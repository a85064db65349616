"""Finding the table, its columns and its rows; what a person can answer."""

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


# ------------------------------------------------------------------------------ columns


def test_unmapped_columns_ask(bench):
    content = bench.workbook([[*WIDE, "用电数量合计", "心情"], [*MARCH, 7, "好"]])
    result = bench.read(content)
    first, second = result.unmapped
    assert (first.letter, first.samples) == ("D", ("7",))
    assert second.candidates == ()
    assert [(p.cell, p.rule, p.severity) for p in result.problems] == [
        ("D", "S001", "warning"),
        ("E", "S001", "warning"),
    ]


def test_a_person_answers(bench):
    content = bench.workbook(
        [["时段", "电表读数差(kWh)", "产量(吨)", "心情"], ["2025-03", 12000, 5, "好"]]
    )
    asked = bench.read(content, form="monthly_wide")
    assert asked.missing == ("period",)
    assert not asked.ok
    answered = bench.read(
        content,
        form="monthly_wide",
        mapping={"A": "period", "B": "electricity_1e4kwh", "D": ""},
    )
    assert answered.ok
    assert answered.frame["electricity_1e4kwh"].to_list() == [1.2]
    assert answered.columns[0].how == "mapping"
    assert bench.told(answered, "S001") == []
    with pytest.raises(ModelError, match="no field"):
        bench.read(content, form="monthly_wide", mapping={"A": "nonsense"})


def test_an_answer_overrules_the_guess(bench):
    content = bench.workbook([["月份", "用电量(kWh)", "产量(吨)", "备注"], ["2025-03", 1, 5, "热"]])
    result = bench.read(content, mapping={"C": "raw_coal_t", "B": ""})
    row = result.frame.row(0, named=True)
    assert (row["raw_coal_t"], row["output_t"], row["electricity_1e4kwh"]) == (5, None, None)


def test_two_columns_of_one_field(bench):
    content = bench.workbook([["月份", "用电量", "产量(吨)", "产量(吨)"], ["2025-03", 1, 5, 6]])
    result = bench.read(content)
    assert result.frame["output_t"].to_list() == [5]
    assert [(c.letter, c.heading) for c in result.unmapped] == [("D", "产量(吨)")]
    (problem,) = result.problems
    assert (problem.rule, problem.cell, problem.value) == ("X015", "D", "C")


def test_a_required_column_is_missing(bench):
    rows = bench.filled("monthly_energy", bench.energy(credit_code=None))
    result = bench.read(bench.workbook(rows), form="monthly_energy")
    assert result.missing == ("credit_code",)
    assert result.accepted.height == 0
    assert [(p.rule, p.row) for p in result.problems if p.severity == "error"] == [("S002", None)]


# ------------------------------------------------------------------------------ the head block


def test_missing_columns_are_filled_from_above(bench):
    rows = [
        [f"统一社会信用代码：{bench.code}", "", "单位名称：演示公司", "报告期：2025年3月"],
        ["能源名称", "计量单位", "购进量", "消费量", "采用折标系数"],
        ["电力", "万千瓦时", 5, 5, 1.229],
    ]
    result = bench.read(bench.workbook(rows), form="monthly_energy")
    row = result.frame.row(0, named=True)
    assert (row["credit_code"], row["org_name"], row["period"]) == (
        bench.code,
        "演示公司",
        "2025-03",
    )
    assert result.missing == ()
    assert result.ok
    assert len(bench.told(result, "X022")) == 3


def test_a_wrong_code_or_a_span_above_the_table(bench):
    rows = [
        ["统一社会信用代码：91359999MADEM00016", "报告期：2025年1-3月"],
        ["能源名称", "计量单位", "购进量", "消费量", "采用折标系数"],
        ["电力", "万千瓦时", 5, 5, 1.229],
    ]
    result = bench.read(bench.workbook(rows), form="monthly_energy")
    assert {p.rule for p in result.problems if p.severity == "error"} == {"I001", "X018"}
    assert not result.ok


def test_labels_with_their_value_in_the_next_cell(bench):
    rows = [
        ["企业名称", "演示公司", "填报日期：", dt.date(2025, 4, 2)],
        ["填报单位：演示乙公司", "截至2025年3月底", "电话：0591-1", "报出日期：没定"],
        WIDE,
        MARCH,
    ]
    head = bench.read(bench.workbook(rows)).head
    assert head["org_name"] == "演示公司"
    assert head["reported_on"] == "2025-04-02"
    assert head["reported_by"] == "演示乙公司"
    assert head["as_of"] == "2025-03"


def test_the_reporting_firm_is_the_enterprise_when_nothing_else_is_said(bench):
    rows = [["填报单位：演示乙公司"], WIDE, MARCH]
    assert bench.read(bench.workbook(rows)).head["org_name"] == "演示乙公司"
    office = bench.read(bench.workbook([["填报单位：演示市发展改革委"], WIDE, MARCH]))
    assert "org_name" not in office.head


def test_months_without_a_year_take_the_one_above(bench):
    rows = [["演示公司2025年能耗"], WIDE, ["3月", 1, 1], ["4月份", 2, 1]]
    assert bench.read(bench.workbook(rows)).frame["period"].to_list() == ["2025-03", "2025-04"]
    without = bench.read(bench.workbook(rows[1:]))
    assert [p.rule for p in without.problems if p.severity == "error"] == ["I007", "I007"]


# ------------------------------------------------------------------------------ fixes


def test_a_fix_is_read_instead(bench):
    content = bench.workbook(bench.filled("monthly_energy", bench.energy(period="25.3")))
    first = bench.read(content)
    (problem,) = [p for p in first.problems if p.severity == "error"]
    fixed = bench.read(content, fixes={problem.cell: problem.suggestion})
    assert fixed.ok
    assert fixed.frame["period"].to_list() == ["2025-03"]
    assert fixed.preview(2, 2)[0][2] == "2025-03"


def test_fixes_of_numbers_are_numbers(bench):
    content = bench.workbook([WIDE, ["2025-03", "约100", 5]])
    fixed = bench.read(content, fixes={"B2": "100", "ZZ99": "outside"})
    assert bench.told(fixed) == []
    assert bench.told(fixed, "S004") == []
    with pytest.raises(ModelError, match="address"):
        bench.read(content, fixes={"2B": "100"})
    text = bench.text_file([WIDE, ["2025-03", "约100", 5]])
    assert bench.read(text, fixes={"B2": "1,000"}).frame["electricity_1e4kwh"].to_list() == [1000]


# ------------------------------------------------------------------------------ archive


def firm(bench, **fields):
    return {
        "credit_code": bench.code,
        "org_name": "演示公司",
        "industry_code": "3011",
        "place_code": "350122",
    } | fields


@pytest.mark.parametrize(
    ("fields", "value", "rules"),
    [
        ({"industry_code": "3011"}, "3011", []),
        ({"industry_code": 3011}, "3011", []),
        ({"industry_code": "C3011"}, "3011", ["S004"]),
        ({"industry_code": "水泥制造"}, "3011", ["S004"]),
        ({"industry_code": 610}, "0610", ["S004"]),
        ({"industry_code": "30"}, None, ["X011"]),
        ({"industry_code": "610"}, None, ["X011"]),
        ({"industry_code": "9999"}, "9999", ["X012"]),
        ({"industry_code": ""}, None, ["X004"]),
    ],
)
def test_industry_codes(bench, fields, value, rules):
    result = bench.read_rows("enterprise_archive", firm(bench, **fields))
    assert result.frame["industry_code"].to_list() == [value]
    assert [p.rule for p in result.problems] == rules


@pytest.mark.parametrize(
    ("cell", "value", "rules"),
    [
        ("350122", "350122", []),
        (350122, "350122", []),
        ("350122000000", "350122", ["S004"]),
        ("连江县", "350122", ["S004"]),
        ("连江", "350122", ["S004"]),
        ("火星", None, ["X013"]),
        ("99", None, ["X013"]),
    ],
)
def test_places(bench, cell, value, rules):
    places = {"连江县": "350122", "罗源县": "350123"}
    result = bench.read_rows("enterprise_archive", firm(bench, place_code=cell), places=places)
    assert result.frame["place_code"].to_list() == [value]
    assert [p.rule for p in result.problems] == rules


def test_coordinates_and_choices(bench):
    row = firm(
        bench,
        longitude_deg=26.2,
        latitude_deg=119.5,
        size_class="中型",
        above_scale="√",
        ets_status="不清楚",
    )
    result = bench.read_rows("enterprise_archive", row)
    assert [(p.rule, p.severity) for p in result.problems] == [
        ("X009", "error"),
        ("X009", "error"),
        ("X003", "warning"),
    ]
    assert result.frame["above_scale"].to_list() == [True]
    assert result.frame["ets_status"].to_list() == [None]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("是", True),
        ("√", True),
        (True, True),
        (1, True),
        ("否", False),
        ("×", False),
        ("无", False),
        (0, False),
        ("—", None),
    ],
)
def test_yes_and_no(bench, cell, value):
    result = bench.read_rows("enterprise_archive", firm(bench, above_scale=cell))
    assert result.frame["above_scale"].to_list() == [value]


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
