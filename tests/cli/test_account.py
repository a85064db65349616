"""``tanfeng account``: what it prints, writes and how it ends."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tanfeng import sheets
from tanfeng.cli.account import app

A, B = "91359999MA2XN0001F", "91359999MA2XN0002J"


def _run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def _form(path: Path, rows: list[dict[str, object]], form: str = "monthly_energy") -> Path:
    names = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame(
        [{name: row.get(name) for name in names} for row in rows], infer_schema_length=None
    )
    path.write_bytes(sheets.write(form, frame))
    return path


def _row(item, unit, amount, **more):
    return {
        "credit_code": A,
        "org_name": "演示甲厂",
        "period": "2024-01",
        "energy_name": item,
        "unit_zh": unit,
        "consumption_total_qty": amount,
        "purchase_qty": amount,
        "purchase_amount_kcny": 1.0 if amount is None else _price(item) * amount,
        "data_source": "计量",
        **more,
    }


def _price(item):
    return {"电力": 6.0, "柴油": 7.0, "其他洗煤": 0.5}.get(item, 1.0)


@pytest.fixture
def book(tmp_path):
    """Two firms in 2024 and a month of 2023."""
    return _form(
        tmp_path / "energy.xlsx",
        [
            _row("电力", "万千瓦时", 50.0, green_power_1e4kwh=10.0),
            _row("柴油", "吨", 2.0, opening_stock_qty=0.0, closing_stock_qty=0.0),
            _row("电力", "万千瓦时", 10.0, credit_code=B, org_name="演示乙厂"),
            _row("电力", "万千瓦时", 99.0, period="2023-12"),
        ],
    )


def _told(done):
    return json.loads(done.stdout)


def test_json_is_complete(book):
    done = _run(book, "--year", 2024, "--json", "--as-of", "2026-01-15")
    assert done.exit_code == 0, done.output
    told = _told(done)
    assert [(e["org_code"], e["org_name"]) for e in told["enterprises"]] == [
        (A, "演示甲厂"),
        (B, "演示乙厂"),
    ]
    # 50 x 10 x 0.4211 + 10 x 10 x 0.4211, data year 2023
    assert told["total"]["emission_electricity_tco2"] == pytest.approx(252.66)
    # 60 x 1.229 + 2 x 1.4571
    assert told["total"]["energy_calorific_tce"] == pytest.approx(76.6542)
    assert {line["source_row"] for line in told["lines"]} == {3, 4, 5}
    factors = {factor["factor"]: factor for factor in told["factors"]}
    formulas = {formula["key"]: formula for formula in told["formulas"]}
    for line in told["lines"]:
        assert line["formula"] in formulas
        assert all(line[f"f{n}"] is None or line[f"f{n}"] in factors for n in range(1, 7))
    assert told["manifest"]["options"]["as_of"] == "2026-01-15"
    assert told["year"] == 2024
    assert {note["code"] for note in told["notes"]} == {"factor_of_other_year"}


def test_the_table_names_firms_units_factors_and_marks(book):
    done = _run(book, "--year", 2024, "--as-of", "2026-01-15")
    assert done.exit_code == 0
    for words in ("演示甲厂", "演示乙厂", "综合能耗·当量 tce", "排放总量 tCO2", "合计", "待核实"):
        assert words in done.output
    assert "76.65" in done.output
    assert "2023年福建电力平均二氧化碳排放因子" in done.output
    assert "化石能源电力" not in done.output.split("核算说明")[0]  # another basis


def test_every_result_names_document_and_clause_with_its_mark(book):
    done = _run(book, "--year", 2024, "--as-of", "2026-01-15")
    table = done.output.split("所用公式的依据")[1].split("核算说明")[0]
    assert "公式（14）" in table
    assert "single · 待核实" in table
    assert "第7章、第8章" in table
    residual = _run(book, "--year", 2024, "--basis", "residual", "--as-of", "2026-01-15")
    assert "条款未见原文" in residual.output
    formulas = _told(_run(book, "--year", 2024, "--json", "--as-of", "2026-01-15"))["formulas"]
    known = {formula["clause"]: formula["clause_confidence"] for formula in formulas}
    assert known["公式（14）"] == "single"
    assert known[""] == ""


def test_english_is_complete(book):
    done = _run(book, "--year", 2024, "--lang", "en", "--basis", "residual")
    assert done.exit_code == 0
    for words in ("energy, calorific tce", "Factors used", "to be verified", "total tCO2"):
        assert words in done.output
    assert "residual, without traded non-fossil" in done.output


def test_the_basis_decides_the_electricity(book):
    done = _run(book, "--year", 2024, "--json", "--basis", "fossil", "--as-of", "2026-01-15")
    # (60 - 10 green) x 10 x 0.8273
    assert _told(done)["total"]["emission_electricity_tco2"] == pytest.approx(413.65)


def test_as_of_and_region_decide_the_factor(book):
    done = _run(book, "--year", 2023, "--json", "--as-of", "2025-06-30", "--region", "CN")
    # 99 x 10 x 0.5366, data year 2022
    assert _told(done)["total"]["emission_electricity_tco2"] == pytest.approx(531.234)


def test_a_fallback_region_must_be_named(book):
    refused = _run(book, "--year", 2024, "--region", "CN-XZ")
    assert refused.exit_code == 2
    assert "CN-XZ" in refused.output
    done = _run(book, "--year", 2024, "--region", "CN-XZ", "--fallback", "CN", "--json")
    assert done.exit_code == 0


def test_lines_go_to_a_file(book, tmp_path):
    out = tmp_path / "lines.csv"
    assert _run(book, "--year", 2024, "--lines", out).exit_code == 0
    with out.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["quantity"] for row in rows} >= {"energy_calorific_tce", "emission_fuel_tco2"}
    assert [row["source_row"] for row in rows] == sorted(row["source_row"] for row in rows)


def test_findings_end_with_one_and_name_the_cell(tmp_path):
    book = _form(
        tmp_path / "bad.xlsx",
        [
            _row("电力", "万千瓦时", 50.0),
            _row("柴油", "吨", -2.0, opening_stock_qty=0.0, closing_stock_qty=0.0),
        ],
    )
    done = _run(book, "--year", 2024)
    assert done.exit_code == 1
    assert "第 4 行" in done.output
    assert "614" in done.output.replace(",", "") or "61.45" in done.output  # 50 x 1.229 counted
    problems = _told(_run(book, "--year", 2024, "--json"))["problems"]
    assert any(problem["row"] == 4 and problem["severity"] == "error" for problem in problems)


def test_rows_that_cannot_be_counted_end_with_one(tmp_path):
    book = _form(
        tmp_path / "gap.xlsx",
        [_row("其他洗煤", "吨", 5.0, opening_stock_qty=0.0, closing_stock_qty=0.0)],
    )
    done = _run(book, "--year", 2024)
    assert done.exit_code == 1
    assert "没有参考折标系数" in done.output


def test_a_file_without_anything_to_account_is_told(tmp_path):
    only_bad = _form(tmp_path / "code.xlsx", [_row("电力", "万千瓦时", 5.0, credit_code="123")])
    done = _run(only_bad, "--year", 2024)
    assert done.exit_code == 1
    assert "I00" in done.output
    assert _told(_run(only_bad, "--year", 2024, "--json"))["problems"]
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert _run(empty, "--year", 2024).exit_code == 1
    template = tmp_path / "template.xlsx"
    template.write_bytes(sheets.template("monthly_energy"))
    assert _run(template, "--year", 2024).exit_code == 1


def test_wrong_use_ends_with_two(book, tmp_path):
    missing = _run(book, "--year", 2020)
    assert missing.exit_code == 2
    assert "2023, 2024" in missing.output
    assert _run(tmp_path / "none.xlsx", "--year", 2024).exit_code == 2
    assert _run(book).exit_code == 2
    product = _form(
        tmp_path / "product.xlsx",
        [
            {
                "credit_code": A,
                "org_name": "演示甲厂",
                "period": "2024-01",
                "product_name": "水泥",
                "unit_zh": "吨",
                "output_qty": 5.0,
            }
        ],
        form="product_output",
    )
    done = _run(product, "--year", 2024)
    assert done.exit_code == 2
    assert "表 product_output 不含能源数据" in done.output


def test_one_row_of_a_wide_form_becomes_several_items(tmp_path):
    book = tmp_path / "wide.xlsx"
    frame = pl.DataFrame({"period": ["2024-01"], "electricity_1e4kwh": [50.0], "diesel_t": [2.0]})
    book.write_bytes(
        sheets.write("monthly_wide", frame, head={"credit_code": A, "org_name": "演示甲厂"})
    )
    told = _told(_run(book, "--year", 2024, "--json"))
    assert told["total"]["energy_calorific_tce"] == pytest.approx(50 * 1.229 + 2 * 1.4571)
    assert len({line["source_row"] for line in told["lines"]}) == 1
    assert len({line["activity_id"] for line in told["lines"]}) == 2
    assert told["enterprises"][0]["org_name"] == "演示甲厂"


def _sums(period, amount):
    """Return form 205-1 as a sheet: electricity bought and used from January to a month."""
    frame = pl.DataFrame(
        {
            "energy_name": ["电力"],
            "unit_zh": ["万千瓦时"],
            "purchase_qty": [amount],
            "purchase_amount_kcny": [5.0 * amount],
            "consumption_total_qty": [amount],
        }
    )
    head = {"credit_code": A, "org_name": "演示甲厂", "period": period}
    return sheets.write("stat_205_1", frame, head=head)


def test_a_sum_of_some_months_is_accounted_and_says_which(tmp_path):
    book = tmp_path / "205-1.xlsx"
    book.write_bytes(_sums("2025-06", 300.0))
    told = _told(_run(book, "--year", 2025, "--json"))
    assert told["total"]["energy_calorific_tce"] == pytest.approx(300 * 1.229)
    assert told["enterprises"][0]["months"] == [1, 2, 3, 4, 5, 6]
    shown = _run(book, "--year", 2025, "--lang", "en").output
    assert "1-6" in shown
    assert "not of the year" in shown


def test_months_are_named_and_a_whole_year_needs_no_word(tmp_path):
    rows = [_row("电力", "万千瓦时", 10.0, period=f"2024-{month:02d}") for month in (1, 2, 3, 7)]
    part = _form(tmp_path / "part.xlsx", rows)
    assert "1-3, 7" in _run(part, "--year", 2024).output
    rows = [_row("电力", "万千瓦时", 10.0, period=f"2024-{month:02d}") for month in range(1, 13)]
    whole = _form(tmp_path / "whole.xlsx", rows)
    shown = _run(whole, "--year", 2024).output
    assert "1-12" in shown
    assert "不是全年数" not in shown
