"""``tanfeng report energy-use FILE``: without console or home."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from form_files import COAL, credit_code, workbook
from form_files import energy as electricity
from tanfeng.cli.report import app


def run(*words):
    return CliRunner().invoke(app, ["energy-use", *(str(word) for word in words)])


@pytest.fixture
def book(tmp_path):
    """Two firms; the first uses 10 x 1e4 kWh each month, and 2 t of coal in May."""
    a, b = credit_code(1), credit_code(2)
    rows = [electricity(a, f"2024-{month:02d}", 10.0) for month in range(1, 13)]
    rows.append(
        {
            **electricity(a, "2024-05", 2.0),
            **COAL,
            "purchase_amount_kcny": 1.6,
            "opening_stock_qty": 0.0,
            "closing_stock_qty": 0.0,
        }
    )
    rows.append(electricity(b, "2024-01", 3.0))
    path = tmp_path / "energy.xlsx"
    path.write_bytes(workbook("monthly_energy", rows))
    return path


def test_a_workbook_of_monthly_energy(book, tmp_path):
    out = tmp_path / "report.xlsx"
    words = (book, "--year", 2024, "--as-of", "2026-06-30", "--enterprise", credit_code(1))
    done = run(*words, "--out", out)
    assert done.exit_code == 0, done.output
    for said in ("能源利用状况报告", "未能检查", "A001", "待核实"):
        assert said in done.output
    assert "not run" in run(*words, "--lang", "en").output
    assert load_workbook(out).sheetnames[:2] == ["表2 能源消费结构", "表2-1 结构附表"]
    told = json.loads(run(*words, "--json").stdout)
    total = told["tables"]["eur_t02"]["rows"][-1]
    assert total["consumption_total_qty"] == pytest.approx(120 * 1.229 + 2 * 0.7143)
    assert total["industrial_consumption_qty"] == {"empty": "no_data"}
    assert {one["status"] for one in told["checks"]} == {"passed", "finding", "not_run"}


def test_form_205_1_of_december_tells_industrial_use(tmp_path):
    rows = [
        {
            "energy_name": "电力",
            "unit_zh": "万千瓦时",
            "energy_code": "33",
            "purchase_qty": 100.0,
            "purchase_amount_kcny": 650.0,
            "consumption_total_qty": 100.0,
            "industrial_consumption_qty": 95.0,
            "non_industrial_consumption_qty": 5.0,
            "coef_used_tce": 1.229,
        }
    ]
    path = tmp_path / "205-1.xlsx"
    head = {"credit_code": credit_code(1), "org_name": "演示甲厂", "period": "2024-12"}
    path.write_bytes(workbook("stat_205_1", rows, **head))
    done = run(path, "--year", 2024, "--as-of", "2026-06-30", "--json")
    told = json.loads(done.stdout)
    power = told["tables"]["eur_t02"]["rows"][0]
    assert power["industrial_consumption_qty"] == 95.0
    passed = {one["check"] for one in told["checks"] if one["status"] == "passed"}
    assert "eur_t02.consumption_total_qty (5 = 6 + 8)" in passed


def test_wrong_use_is_told_in_both_languages(book, tmp_path):
    several = run(book, "--year", 2024)
    assert several.exit_code == 2
    assert credit_code(2) in several.output
    for words in (
        (book, "--year", 2024, "--home", tmp_path),
        ("--year", 2024),
        (book, "--year", 2019, "--enterprise", credit_code(1)),
        (book, "--year", 2024, "--out", tmp_path / "x.pdf"),
    ):
        for lang in ("zh", "en"):
            done = run(*words, "--lang", lang)
            assert done.exit_code == 2, done.output
            assert "Traceback" not in done.output
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("a,b\n1,2\n", encoding="utf-8")
    assert run(nothing, "--year", 2024).exit_code == 1


def test_rows_with_an_error_are_told_and_are_in_no_table(tmp_path):
    a = credit_code(1)
    rows = [electricity(a, f"2024-{month:02d}", 10.0) for month in range(1, 13)]
    rows.append({**electricity(a, "2024-13", 99.0)})
    path, out = tmp_path / "energy.xlsx", tmp_path / "report.xlsx"
    path.write_bytes(workbook("monthly_energy", rows))
    words = (path, "--year", 2024, "--as-of", "2026-06-30")
    done = run(*words, "--out", out)
    assert done.exit_code == 1
    assert "错误" in done.output
    told = json.loads(run(*words, "--json").stdout)
    assert told["problems"][0]["row"] == 15
    assert told["tables"]["eur_t02"]["rows"][0]["consumption_total_qty"] == 120.0
    remarks = [cell.value for line in load_workbook(out)["缺数与说明"].iter_rows() for cell in line]
    assert any("未计入各表" in str(one) for one in remarks)
