"""Checks of motors, two-high projects, solid waste, output and the firm's own table."""

from __future__ import annotations

import pytest


def rules(result):
    return [
        (problem.rule, problem.severity)
        for problem in result.problems
        if problem.severity != "info"
    ]


# ------------------------------------------------------------------------------ motors


def motor(**fields):
    return {
        "seq": 1,
        "equipment_no": "DJ-1",
        "equipment_name": "风机电机",
        "quantity": 1,
        "in_use_since": "2020-05",
        "is_obsolete": "否",
        "motor_kind": "三相异步",
        "model": "YE4-200L-4",
        "rated_power_kw": 30,
        "poles": 4,
        "run_hours": 6000,
    } | fields


def test_clean_motor(bench):
    assert bench.read_rows("equip_motor", motor()).problems == ()


@pytest.mark.parametrize(
    ("fields", "rule", "severity"),
    [
        ({"equipment_no": "DJ-1/2"}, "M009", "error"),
        ({"equipment_no": "1#2#电机"}, "M009", "error"),
        ({"rated_power_kw": 33}, "Q001", "info"),
        ({"poles": 2}, "Q002", "warning"),
        ({"poles": 3, "model": "YE4"}, "X003", "warning"),
        ({"run_hours": 8785}, "Q004", "error"),
        ({"run_hours": -1}, "Q004", "error"),
        ({"quantity": 1.5}, "X010", "error"),
        ({"quantity": 1e17}, "X010", "error"),
        ({"rated_efficiency_pct": 120}, "X009", "warning"),
        ({"is_obsolete": "也许"}, "X003", "warning"),
        ({"motor_kind": "蒸汽机"}, "X003", "warning"),
        ({"quantity": 0}, "X009", "warning"),
        ({"in_use_since": "2031-05", "made_on": "2031-05"}, "X032", "warning"),
    ],
)
def test_motor_checks(bench, fields, rule, severity):
    result = bench.read_rows("equip_motor", motor(**fields))
    assert (rule, severity) in [(p.rule, p.severity) for p in result.problems]


def test_hours_of_a_leap_year_pass(bench):
    assert bench.read_rows("equip_motor", motor(run_hours=8784)).problems == ()


def test_same_number_twice(bench):
    result = bench.read_rows("equip_motor", motor(), motor(rated_power_kw=37))
    assert rules(result) == [("E016", "error"), ("E016", "error")]
    assert result.bad_rows == {2, 3}


# ------------------------------------------------------------------------------ two-high


def project(**fields):
    return {
        "seq": 1,
        "project_name": "年产120万吨熟料生产线",
        "builder_name": "演示白云水泥有限公司",
        "credit_code": "91359999MADEM00028",
        "county": "演示东区",
        "industry_division": "30",
        "industry_class": "3011",
        "project_status": "存量",
        "main_content": "熟料线",
        "product_name": "熟料",
        "design_capacity": 120,
        "capacity_unit": "万吨",
        "investment_10kcny": 68000,
        "start_month": "2019-05",
        "actual_production": "2020-11",
        "approval_no": "演备1号",
        "energy_review_no": "演能审7号",
        "energy_review_on": "2018-03-01",
        "eia_no": "演环审2号",
        "eia_on": "2018-05-01",
        "procedures_complete": "是",
        "energy_equiv_tce": 123600,
        "energy_equal_tce": 135200,
        "disposal": "保留",
    } | fields


def test_clean_project(bench):
    assert rules(bench.read_rows("two_high_list", project())) == []


@pytest.mark.parametrize(
    ("fields", "rule", "severity"),
    [
        ({"energy_review_on": "2019-06"}, "P001", "error"),
        ({"eia_on": "2019年6月1日"}, "P001", "error"),
        ({"start_month": "2020-12"}, "P001", "error"),
        ({"eia_no": None}, "P002", "warning"),
        ({"project_code": "2103-350100"}, "P004", "warning"),
        ({"energy_equal_tce": 2e7}, "P005", "warning"),
        ({"energy_equiv_tce": 9}, "P005", "warning"),
        ({"energy_equal_tce": 120000}, "M001", "error"),
        (
            {"energy_equal_tce": 140000, "industry_class": "4411", "industry_division": "44"},
            "M001",
            "error",
        ),
        ({"efficiency_level": "低于基准水平"}, "P006", "warning"),
        ({"credit_code": "350100123456789"}, "I003", "warning"),
    ],
)
def test_project_checks(bench, fields, rule, severity):
    assert (rule, severity) in rules(
        bench.read_rows("two_high_list", project(), project(seq=2, project_name="二期", **fields))
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"energy_review_on": "2019-05-31"},  # start is only known to the month: not later
        {"energy_equiv_tce": 135200},  # equal values pass
        {"project_code": "2103-350100-04-01-123456"},
        {"energy_equal_tce": 1e7},  # the bound itself
        {"efficiency_level": "低于基准水平", "disposal": "整改", "deadline": "2025-12"},
    ],
)
def test_projects_that_pass(bench, fields):
    assert rules(bench.read_rows("two_high_list", project(**fields))) == []


def test_the_same_project_twice(bench):
    code = "2103-350100-04-01-123456"
    result = bench.read_rows("two_high_list", project(), project(investment_10kcny=1))
    assert [p.rule for p in result.problems if p.severity != "info"] == ["P003"]
    assert result.bad_rows == frozenset()
    assert result.accepted.height == 2  # perhaps two phases: a person decides
    coded = bench.read_rows(
        "two_high_list",
        project(project_code=code, replacement_source="甲厂关停"),
        project(project_code=code, project_name="二期", replacement_source="甲厂关停"),
    )
    assert [(p.rule, p.row) for p in coded.problems] == [("P003", 3), ("P007", 3)]
    assert "第2行" in coded.problems[0].message_zh


# ------------------------------------------------------------------------------ waste


def waste(**fields):
    return {
        "period": "2025-05",
        "waste_code": "SW01",
        "waste_name": "冶炼废渣",
        "unit_zh": "吨",
        "waste_class": "第Ⅰ类",
        "opening_stock_t": 350,
        "generated_t": 12000,
        "out_use_t": 11900,
        "out_use_way": "制砖",
        "stock_t": 450,
    } | fields


def test_clean_waste(bench):
    assert bench.read_rows("waste_t2", waste()).problems == ()


@pytest.mark.parametrize(
    ("fields", "rule", "severity"),
    [
        ({"stock_t": 460}, "W001", "error"),  # 350 + 12000 - 11900 = 450
        ({"waste_code": "HW08"}, "W004", "error"),
        ({"waste_code": "900-249-08"}, "W004", "warning"),
        ({"waste_code": "炉渣"}, "W004", "warning"),
        ({"out_use_way": None}, "W006", "warning"),
        ({"unit_zh": "万千瓦时"}, "X005", "error"),
    ],
)
def test_waste_checks(bench, fields, rule, severity):
    result = bench.read_rows(
        "waste_t2", waste(waste_code="SW02", period="2025-04"), waste(**fields)
    )
    assert (rule, severity) in rules(result)


def test_waste_in_kilograms(bench):
    # 350 + 12000 - 11900 = 450 kg
    result = bench.read_rows("waste_t2", waste(unit_zh="公斤"))
    assert result.frame["generated_t"].to_list() == [12]
    assert rules(result) == []


def test_rounding_of_a_hundredth_passes(bench):
    assert rules(bench.read_rows("waste_t2", waste(stock_t=450.01))) == []
    assert rules(bench.read_rows("waste_t2", waste(stock_t=450.02))) == [("W001", "error")]


# ------------------------------------------------------------------------------ output


def output(**fields):
    return {
        "credit_code": "91359999MADEM00015",
        "period": "2025-03",
        "product_name": "水泥熟料",
        "unit_zh": "吨",
        "output_qty": 101200,
        "gross_output_kcny": 25300,
        "value_added_kcny": 6000,
    } | fields


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"value_added_kcny": 0}, [("X025", "warning")]),
        ({"value_added_kcny": -5}, [("X025", "warning")]),
        ({"value_added_kcny": 26000}, [("X037", "warning")]),
        ({"output_qty": -1}, [("E009", "error")]),
        ({"unit_zh": None}, [("X004", "error")]),
    ],
)
def test_output_checks(bench, fields, expected):
    rows = [output(product_name="水泥"), output(**fields)]
    assert rules(bench.read_rows("product_output", *rows)) == expected


@pytest.mark.parametrize(
    ("unit", "read", "canonical"),
    [
        ("万吨", 1012000000, "t"),
        ("吨", 101200, "t"),
        ("重量箱", 101200, "重量箱"),
        ("台", 101200, "set"),
    ],
)
def test_output_units(bench, unit, read, canonical):
    result = bench.read_rows("product_output", output(unit_zh=unit))
    assert result.frame["output_qty"].to_list() == [read]
    assert result.frame["unit"].to_list() == [canonical]


# ------------------------------------------------------------------------------ the wide table


def test_no_output_but_energy(bench):
    row = {"period": "2025-03", "electricity_1e4kwh": 3, "output_t": 0}
    (problem,) = [p for p in bench.read_rows("monthly_wide", row).problems if p.rule == "E024"]
    assert problem.severity == "info"


def test_more_pv_than_electricity(bench):
    row = {"period": "2025-03", "electricity_1e4kwh": 3, "self_use_pv_1e4kwh": 4, "output_t": 1}
    assert rules(bench.read_rows("monthly_wide", row)) == [("X038", "error")]
