"""The bad-input catalogue (requirements 4.4): one case for every item these forms can meet.

Each case says what stands in the file, which rule tells it, and what the reader takes instead.
Items of the catalogue that belong to meters, proofs, editions and parks are tested where those
live; :data:`ELSEWHERE` names them.
"""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

ELSEWHERE = {
    "sub > main meter": "metering; here power from the roof above all electricity (X038)",
    "rollover": "metering",
    "clock drift": "metering",
    "gap and replay": "metering",
    "same proof reused": "records",
    "proof older than the period": "records",
    "threshold edition mismatch": "standards",
    "merged or split enterprises": "archive",
    "park boundary change": "park",
}


def one(bench, rule, *rows, **options):
    """Return the one finding of a rule in the monthly form."""
    result = bench.energy_rows(*rows, **options)
    found = [problem for problem in result.problems if problem.rule == rule]
    assert len(found) == 1, [p.line() for p in result.problems]
    problem = found[0]
    assert problem.message_zh
    assert problem.message_en
    return problem, result


IN_KWH = {"purchase_qty": 1_000_000, "consumption_total_qty": 1_000_000}
O_FOR_0 = {"credit_code": "91359999MADEMO0015"}

# (item of the catalogue, changed fields, rule, severity, suggestion)
CELLS = [
    ("unit slip kWh / 1e4 kWh", IN_KWH, "V900", "warning", "100"),
    ("unit slip CNY / 1e3 CNY", {"purchase_amount_kcny": 630_000}, "V900", "warning", "630"),
    ("unit of another kind", {"unit_zh": "吨"}, "X005", "error", ""),
    ("full-width digits", {"purchase_qty": "１００"}, "S004", "info", ""),
    ("1.2万 as text", {"purchase_qty": "0.01万"}, "S004", "info", ""),
    ("thousands commas", {"purchase_amount_kcny": "0,630"}, "S004", "info", ""),
    ("— for no data", {"feedstock_qty": "—"}, "S005", "info", ""),
    ("/ for no data", {"feedstock_qty": "/"}, "S005", "info", ""),
    ("无 for no data", {"feedstock_qty": "无"}, "S005", "info", ""),
    ("date 2025.13", {"period": "2025.13"}, "I007", "error", ""),
    ("month 0", {"period": "2025-00"}, "I007", "error", ""),
    ("OCR noise in a period", {"period": "2O25-l2"}, "I007", "error", "2025-12"),
    ("date 2025.13 as a number", {"period": 2025.13}, "I007", "error", ""),
    ("year 25", {"period": "25.3"}, "I006", "error", "2025-03"),
    ("year before 2000", {"period": "1999-03"}, "I006", "error", ""),
    ("future period", {"period": "2026-02"}, "I007", "error", ""),
    ("several months in one row", {"period": "2025年1-3月"}, "X018", "error", ""),
    ("October as a number", {"period": 2025.1}, "X017", "warning", ""),
    ("Excel serial", {"period": 45717}, "S008", "info", ""),
    ("credit code check failure", {"credit_code": "91359999MADEM00016"}, "I001", "error", ""),
    ("credit code with O for 0", O_FOR_0, "I001", "error", "91359999MADEM00015"),
    ("credit code as a number", {"credit_code": 9.13599990000000e17}, "I002", "error", ""),
    ("credit code in scientific notation", {"credit_code": "9.136E+17"}, "I002", "error", ""),
    ("15-digit old licence", {"credit_code": "350100123456789"}, "I003", "warning", ""),
    ("15-digit old licence as a number", {"credit_code": 350100123456789}, "I003", "warning", ""),
    ("feedstock above use", {"feedstock_qty": 101}, "E004", "error", ""),
    ("stock negative", {"closing_stock_qty": -1}, "E009", "error", ""),
    ("OCR noise in a number", {"purchase_qty": "l0O"}, "X002", "error", "100"),
    ("a word around a number", {"purchase_qty": "约100"}, "X002", "error", "100"),
    ("text in a number column", {"purchase_qty": "见附件"}, "X002", "error", ""),
    ("a date in a number column", {"purchase_qty": dt.date(1900, 4, 9)}, "X002", "error", "100"),
    ("TRUE in a number column", {"purchase_qty": True}, "X002", "error", ""),
    ("a range in a number column", {"purchase_qty": "90-110"}, "X002", "error", ""),
    ("formula error #REF!", {"purchase_qty": "#REF!"}, "S006", "error", ""),
    ("formula error #DIV/0!", {"remark": "#DIV/0!"}, "S006", "error", ""),
    ("formula without a result", {"purchase_qty": "=1+1"}, "X019", "error", ""),
    ("injection with =", {"remark": "=cmd|' /C calc'!A0"}, "S007", "warning", ""),
    ("injection with +", {"remark": "+1"}, "S007", "warning", ""),
    ("injection with -", {"remark": "-1+1"}, "S007", "warning", ""),
    ("injection with @", {"remark": "@SUM(A1)"}, "S007", "warning", ""),
    ("a date where text belongs", {"remark": dt.date(2025, 3, 1)}, "X034", "warning", ""),
    ("required cell empty", {"period": ""}, "X004", "error", ""),
    ("a choice that is not on the list", {"data_source": "猜的"}, "X003", "warning", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "rule", "severity", "suggestion"),
    [case[1:] for case in CELLS],
    ids=[case[0] for case in CELLS],
)
def test_cells(bench, fields, rule, severity, suggestion):
    row = bench.energy(**fields)
    problem, result = one(bench, rule, bench.energy(period="2025-02"), row)
    assert problem.severity == severity
    assert problem.row == 3
    assert problem.suggestion == suggestion
    assert (3 in result.bad_rows) is (severity == "error")
    if severity == "error":
        assert problem.remedy_zh
        assert problem.remedy_en
    # The other row is never lost with it.
    assert 2 in result.accepted["source_row"].to_list()


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("purchase_qty", "１００", 100),
        ("purchase_qty", "0.01万", 100),
        ("purchase_qty", "100万kWh", 100),
        ("purchase_amount_kcny", "630,000元", 630),
        ("purchase_amount_kcny", "63万元", 630),
        ("purchase_amount_kcny", "￥630000", 630),
        ("feedstock_qty", "—", None),
        ("feedstock_qty", "0.00", 0),
        ("feedstock_qty", "零", 0),
        ("period", 45717, "2025-03"),
        ("period", dt.date(2025, 3, 31), "2025-03"),
        ("period", "２０２５年３月", "2025-03"),
        ("period", "2024", "2024"),
        ("period", 2025, "2025"),
        ("credit_code", "９１３５９９９９ＭＡＤＥＭ０００１５", "91359999MADEM00015"),
        ("credit_code", "91359999 madem00015", "91359999MADEM00015"),
        ("data_source", "估算", "估算"),
        ("remark", "=1+1", "=1+1"),
        ("remark", "两\n行", "两 行"),
        ("org_name", 123.0, "123"),
    ],
)
def test_what_is_read_instead(bench, field, cell, value):
    result = bench.energy_rows(bench.energy(**{field: cell}))
    assert result.frame[field].to_list() == [value]


def test_percent_and_ratio(bench):
    rows = [
        {"equipment_no": str(i), "rated_efficiency_pct": value}
        for i, value in enumerate((95.4, 0.943, 93.0), 1)
    ]
    result = bench.read(bench.workbook(bench.filled("equip_motor", *rows)), form="equip_motor")
    (problem,) = [p for p in result.problems if p.rule == "S009"]
    assert (problem.row, problem.severity, problem.suggestion) == (3, "warning", "94.3")
    alone = bench.read(bench.workbook(bench.filled("equip_motor", rows[1])), form="equip_motor")
    assert bench.told(alone, "S009") == []  # one value cannot tell which it is


def test_power_in_megawatts(bench):
    rows = bench.filled("equip_motor", {"equipment_no": "1", "rated_power_kw": "0.03MW"})
    result = bench.read(bench.workbook(rows), form="equip_motor")
    assert result.frame["rated_power_kw"].to_list() == [30]


@pytest.mark.parametrize(
    ("heading", "cell", "value"),
    [
        ("煤炭(万吨)", 1.2, 12000),
        ("煤炭(公斤)", 1000, 1),
        ("煤炭", 7, 7),
    ],
)
def test_tonnes_and_ten_thousand_tonnes_in_headings(bench, heading, cell, value):
    content = bench.workbook([["月份", heading, "产量(吨)"], ["2025-03", cell, 1]])
    assert bench.read(content).frame["raw_coal_t"].to_list() == [value]


def test_cubic_metres_and_ten_thousand(bench):
    content = bench.workbook(
        [["月份", "天然气(m³)", "电费(元)", "产量(万吨)"], ["2025-03", 42310, 816400, 0.3]]
    )
    row = bench.read(content).frame.row(0, named=True)
    assert (row["natural_gas_1e4m3"], row["electricity_cost_kcny"], row["output_t"]) == (
        4.231,
        816.4,
        3000,
    )


def test_duplicate_row_with_another_value(bench):
    result = bench.energy_rows(bench.energy(), bench.energy(consumption_total_qty=99.9))
    assert [(p.rule, p.row, p.severity) for p in result.problems] == [
        ("E016", 2, "error"),
        ("E016", 3, "error"),
    ]
    assert result.accepted.height == 0


def test_duplicate_row_with_the_same_value(bench):
    result = bench.energy_rows(bench.energy(), bench.energy(remark="重复"))
    assert result.repeated == {3}
    assert [(p.rule, p.row, p.severity) for p in result.problems] == [("X021", 3, "info")]
    assert result.accepted["source_row"].to_list() == [2]


def test_company_renamed_in_one_file(bench):
    rows = [bench.energy(), bench.energy(period="2025-04", org_name="演示乙公司")]
    problem, _ = one(bench, "I004", *rows)
    assert (problem.row, problem.severity) == (3, "warning")


def test_company_renamed_against_the_register(bench):
    register = pl.DataFrame(
        {
            "credit_code": [bench.code],
            "org_name": ["演示新公司"],
            "former_names": ["演示旧公司;演示（甲）有限责任公司"],
        }
    )
    problem, _ = one(bench, "I004", bench.energy(), register=register)
    assert "演示新公司" in problem.message_zh
    for known in ("演示旧公司", "演示甲有限公司", "演示(甲)有限公司"):
        result = bench.energy_rows(bench.energy(org_name=known), register=register)
        assert bench.told(result) == []


def test_enterprise_that_nobody_knows(bench):
    register = pl.DataFrame(
        {"credit_code": [bench.other], "org_name": ["演示丙公司"], "former_names": [None]}
    )
    problem, _ = one(bench, "X031", bench.energy(), register=register)
    assert problem.severity == "warning"


def test_one_name_with_two_codes(bench):
    rows = [bench.energy(), bench.energy(credit_code=bench.other)]
    problem, _ = one(bench, "X029", *rows)
    assert problem.row == 3


def test_total_not_equal_to_the_sum(bench):
    rows = bench.filled(
        "monthly_wide",
        *({"period": f"2025-0{i}", "electricity_1e4kwh": i, "output_t": 1} for i in (1, 2, 3)),
    )
    # 1 + 2 + 3 = 6; a total of 6.03 is 0.5 % away and passes, 6.04 does not.
    for total, rule in ((6, []), (6.03, []), (6.04, ["S003"])):
        result = bench.read(bench.workbook([*rows, ["合计", total, 3]]))
        assert [r for _, r, _ in bench.told(result)] == rule
        assert result.skipped == ((5, "total"),)
        assert result.frame.height == 3


def test_value_equal_to_its_threshold(bench):
    # Raw coal: 0.95 is the upper bound itself; 250 CNY/t the lower bound of the price.
    row = bench.coal(coef_used_tce=0.95, purchase_amount_kcny=25)
    assert bench.told(bench.energy_rows(row)) == []


def test_frozen_meter(bench):
    rows = [bench.energy(period=f"2025-0{i}") for i in (1, 2, 3)]
    problem, _ = one(bench, "E022", *rows)
    assert problem.row == 4


def test_output_zero_with_energy(bench):
    row = {"period": "2025-03", "electricity_1e4kwh": 3, "output_t": 0}
    result = bench.read_rows("monthly_wide", row)
    assert [p.severity for p in result.problems if p.rule == "E024"] == ["info"]


def test_value_added_not_above_zero(bench):
    row = {
        "credit_code": bench.code,
        "period": "2025-03",
        "product_name": "水泥",
        "unit_zh": "吨",
        "output_qty": 1,
        "value_added_kcny": 0,
    }
    assert [r for _, r, _ in bench.told(bench.read_rows("product_output", row))] == ["X025"]


def test_new_plant_without_last_year(bench):
    past = pl.DataFrame(
        {
            "credit_code": [bench.other],
            "item_key": ["electricity"],
            "period": ["2024-03"],
            "consumption_total_qty": [1.0],
        }
    )
    assert bench.told(bench.energy_rows(bench.energy(), history=past)) == []


def test_everything_at_once(bench):
    """Seven different faults in seven rows are all told in one reading."""
    faults = [
        {"credit_code": "1"},
        {"period": "2025.13"},
        {"energy_name": "不明"},
        {"unit_zh": "吨"},
        {"purchase_qty": "多"},
        {"feedstock_qty": 200},
        {"closing_stock_qty": -3},
    ]
    rows = [
        bench.energy(**({"period": f"2025-{i:02d}"} | fault)) for i, fault in enumerate(faults, 1)
    ]
    result = bench.energy_rows(*rows)
    found = {p.row: p.rule for p in result.problems if p.severity == "error"}
    assert found == {2: "I001", 3: "I007", 4: "X007", 5: "X005", 6: "X002", 7: "E004", 8: "E009"}


# ------------------------------------------------------------------------------ old workbooks


def old_book(bench, *formulas, calculated=False):
    """Return an .xls of the monthly form whose purchase, row by row, is a formula."""
    import io

    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("表")
    rows = bench.filled(
        "monthly_energy",
        *(bench.energy(period=f"2025-{month:02d}") for month in range(1, len(formulas) + 1)),
    )
    at = rows[0].index("购进量")
    for r, cells in enumerate(rows):
        for c, cell in enumerate(cells):
            formula = formulas[r - 1] if r and c == at else None
            sheet.write(r, c, xlwt.Formula(formula) if formula else cell)
    buffer = io.BytesIO()
    book.save(buffer)
    content = buffer.getvalue()
    if calculated:  # the first formula gets the number 100 as its stored result
        import struct

        empty = struct.pack("<Q", 0xFFFF000000000003)
        assert content.count(empty) == len(formulas)
        content = content.replace(empty, struct.pack("<d", 100.0), 1)
    return content


def test_a_formula_nobody_calculated_in_an_old_workbook(bench):
    result = bench.read(old_book(bench, "50+50", None))
    (problem,) = [p for p in result.problems if p.severity == "error"]
    assert problem.cell == "H2" or problem.heading.startswith("购进量")
    assert result.frame["purchase_qty"].to_list() == [None, 100]
    assert result.accepted["period"].to_list() == ["2025-02"]


def test_an_empty_result_is_meant_where_other_formulas_have_one(bench):
    result = bench.read(old_book(bench, "50+50", 'IF(1=1,"",1)', calculated=True))
    assert result.frame["purchase_qty"].to_list() == [100, None]
    assert not any(p.severity == "error" for p in result.problems)
