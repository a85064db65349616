"""Columns and what a person can answer; the head block, fixes and the codes of the archive."""

from __future__ import annotations

import datetime as dt

import pytest

from tanfeng.errors import ModelError

WIDE = ["月份", "用电量(万千瓦时)", "产量(吨)"]
MARCH = ["2025-03", 100, 5]


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
