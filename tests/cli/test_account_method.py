"""``tanfeng account --method``: what it prints, writes and how it ends."""

from __future__ import annotations

import csv
import json
import time

import pytest
from docx import Document as open_word
from openpyxl import load_workbook
from typer.testing import CliRunner

from method_books import CODE, FIRM, MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.cli.account import app

KEY = "gb_t_32151_5_2015"
STEEL = METHODS[KEY]


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def account(path, *words, year=2023):
    return run(path, "--method", KEY, "--year", year, "--as-of", "2026-06-30", *words)


@pytest.fixture
def book():
    """A steelworks of 2023: flux, electricity, coal with a laboratory value, steel."""
    made = MethodBook(STEEL)
    made.add("fuel", period="2023", item="烟煤", used_qty=1000, data_source="计量")
    made.add("flux", period="2023", item="石灰石", used_qty=500)
    made.add("electricity", period="2023", item="电力", purchased_mwh=12000)
    made.add("fixed_carbon", period="2023", item="粗钢", product_qty=900)
    return made


@pytest.fixture
def saved(book, tmp_path):
    return save(book, tmp_path)


def save(book, folder):
    path = folder / "steel.xlsx"
    path.write_bytes(book.content())
    return path


def test_json_is_complete_and_in_the_official_order(book, tmp_path):
    coal = {"stream": "化石燃料燃烧", "item": "烟煤", "parameter": "低位发热量 NCV"}
    tested = book.tested(**coal, period="2023", value=22.1, source="实测")
    passed = book.tested(**coal, period="2023", value=21.0, source="供应商")
    done = account(save(book, tmp_path), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["method"]["key"], told["year"], told["as_of"]) == (KEY, 2023, "2026-06-30")
    assert told["method"]["doubts_zh"]
    (total,) = told["totals"]
    assert (total["org_code"], total["org_name"]) == (CODE, FIRM)
    # coal 1000 x 22.1 x 0.0261 x 0.93 x 44/12 = 1966.92; limestone 500 x 0.44 = 220;
    # electricity 12000 x 0.5306 = 6367.2; crude steel 900 x 0.0154 = 13.86
    coal_t = 1000 * 22.1 * 0.0261 * 0.93 * 44 / 12
    assert total["emission_total_tco2e"] == pytest.approx(coal_t + 220 + 6367.2 - 13.86, rel=1e-9)
    assert [row["stream"] for row in told["streams"]] == [one.key for one in STEEL.streams]
    values = {row["stream"]: row["emission_tco2e"] for row in told["streams"]}
    assert values["flux"] == pytest.approx(220)
    assert values["heat"] is None  # nothing stated is not zero
    line = told["lines"][0]
    assert line["text"] == "E = FC * NCV * CC * (OF / 100) * (44 / 12)"
    assert (line["sheet"], line["unit"]) == ("化石燃料燃烧", "tCO2e")
    inputs = {one["symbol"]: one for one in line["inputs"]}
    assert (inputs["FC"]["source"], inputs["FC"]["unit"]) == ("form", "t")
    assert inputs["FC"]["cell"] == f"H{line['row']}"
    assert (inputs["NCV"]["source"], inputs["NCV"]["value"]) == ("measured", 22.1)
    assert inputs["OF"]["source"] == "default"
    assert inputs["OF"]["ref"].startswith("fuels/")
    assert inputs["OF"]["confidence"] == "recalled"
    choices = {row["row"]: (row["chosen"], row["rule"]) for row in told["choices"]}
    assert choices == {tested: (True, "best"), passed: (False, "lower_tier")}
    assert told["gaps"] == []
    formulas = {one["key"] for one in told["formulas"]}
    assert {one["formula"] for one in told["lines"]} == formulas


def test_an_empty_deduction_and_a_computed_value_say_so(book, tmp_path):
    book.add(
        "fuel",
        period="2023",
        item="焦炭",
        purchased_qty=10,
        opening_stock_qty=2,
        closing_stock_qty=1,
    )
    told = json.loads(account(save(book, tmp_path), "--json").stdout)
    lines = [line for line in told["lines"] if line["item_zh"] == "焦炭"]
    assert [line["quantity"] for line in lines] == ["used_qty", "emission_tco2e"]
    sources = {one["symbol"]: one["source"] for line in lines for one in line["inputs"]}
    assert sources["A"] == "form"
    assert sources["X"] == "none"
    assert sources["FC"] == "computed"
    assert lines[0]["value"] == 11


def test_what_is_wrong_is_told_by_its_cell_and_the_rest_is_computed(book, tmp_path):
    wrong = book.add("fuel", period="2023", item="天然气", used_qty=20, oxidation_pct=0.99)
    gap = book.add("electrode", period="2023", item="石墨电极")
    book.add("flux", period="2022", item="石灰石", used_qty=500)
    done = account(save(book, tmp_path), "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    cells = {one["rule"]: (one["sheet"], one["cell"]) for one in told["problems"]}
    assert cells["M003"] == ("化石燃料燃烧", book.cell("fuel", "oxidation_pct", wrong).coordinate)
    assert cells["F016"] == ("电极消耗", book.cell("electrode", "used_qty", gap).coordinate)
    assert cells["F009"][0] == "熔剂消耗"
    assert [one["rule"] for one in told["gaps"]] == ["F016"]
    values = {row["stream"]: row for row in told["streams"]}
    assert values["flux"]["emission_tco2e"] == pytest.approx(220)
    assert (values["fuel"]["rows"], values["fuel"]["missing_rows"]) == (2, 1)
    assert values["electrode"]["emission_tco2e"] is None
    assert told["totals"][0]["missing_rows"] == 2
    plain = account(save(book, tmp_path))
    assert plain.exit_code == 1
    assert "第 7 行，K 碳氧化率 OF(%) 列" in plain.output


def test_the_table_is_bilingual_and_marks_what_is_not_verified(saved):
    chinese, english = account(saved), account(saved, "--lang", "en")
    assert chinese.exit_code == english.exit_code == 0
    for words in ("熔剂消耗", "合计", "220.00", "待核实", "单位热值含碳量", FIRM):
        assert words in chinese.output
    for words in ("flux used", "total", "220.00", "unverified", "Defaults used"):
        assert words in english.output


def test_a_year_the_text_is_not_for_is_told_in_both_languages(tmp_path):
    made = MethodBook(STEEL)
    made.add("flux", period="2015", item="石灰石", used_qty=1)
    made.add("flux", period="2026-01", item="石灰石", used_qty=1)
    path = save(made, tmp_path)
    before = account(path, year=2015)
    assert before.exit_code == 0  # a warning: the person may know why
    assert "不适用于 2015 年" in before.output
    assert "not for 2015" in account(path, "--lang", "en", year=2015).output
    assert "只覆盖 2026 年的一部分" in account(path, year=2026).output


def test_lines_go_to_a_file(saved, tmp_path):
    out = tmp_path / "lines.csv"
    assert account(saved, "--lines", out).exit_code == 0
    with out.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["sheet"] for row in rows} >= {"熔剂消耗", "净购入电力"}
    assert all(int(row["source_row"]) > 3 for row in rows)


def test_the_report_is_a_workbook_or_a_document(saved, tmp_path):
    book, word = tmp_path / "report.xlsx", tmp_path / "report.docx"
    done = account(saved, "--out", book)
    assert done.exit_code == 0
    assert "report.xlsx" in done.output
    assert load_workbook(book).sheetnames[:2] == ["排放量汇总", "化石燃料燃烧"]
    assert account(saved, "--out", word, "--lang", "en").exit_code == 0
    assert "greenhouse gases 2023" in open_word(word).paragraphs[0].text
    wrong = account(saved, "--out", tmp_path / "report.pdf")
    assert wrong.exit_code == 2
    assert ".docx" in wrong.output


def test_wrong_use_ends_with_two_and_a_file_without_rows_with_one(saved, tmp_path):
    unknown = run(saved, "--method", "none", "--year", 2023)
    assert unknown.exit_code == 2
    assert KEY in unknown.output
    assert account(saved, "--basis", "residual").exit_code == 2
    assert run(saved, "--year", 2023, "--out", tmp_path / "x.xlsx").exit_code == 2
    assert run(saved, "--method", KEY).exit_code == 2
    nothing = account(saved, year=2021)
    assert nothing.exit_code == 1
    assert "F019" in nothing.output
    assert json.loads(account(saved, "--json", year=2021).stdout)["problems"]
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 nonsense")
    assert account(broken).exit_code == 1


def test_the_word_file_may_be_left_out(saved):
    assert run("file", saved, "--method", KEY, "--year", 2023).exit_code == 0
    assert run("--year", 2023, "--method", KEY, saved).exit_code == 0
    assert run().exit_code == 2


def test_methods_are_listed_with_document_and_confidence():
    done = run("methods", "--json")
    assert done.exit_code == 0
    listed = json.loads(done.stdout)
    assert [row["key"] for row in listed] == list(METHODS)
    steel = next(row for row in listed if row["key"] == KEY)
    assert steel["number"] == "GB/T 32151.5-2015"
    assert (steel["valid_from"], steel["valid_to"]) == ("2016-06-01", "2026-09-30")
    assert [one["key"] for one in steel["streams"]] == [one.key for one in STEEL.streams]
    assert steel["confidence"] in {"single", "recalled"}
    for lang, words in (("zh", "待核实"), ("en", "unverified")):
        shown = run("methods", "--lang", lang)
        assert "GB/T 32151.5-2015" in shown.output
        assert words in shown.output


def test_a_template_is_written(tmp_path):
    out = tmp_path / "template.xlsx"
    assert run("template", KEY, out).exit_code == 0
    assert load_workbook(out).sheetnames[:2] == ["填报说明", "化石燃料燃烧"]
    assert run("template", KEY, out, "--lang", "en").exit_code == 0
    assert load_workbook(out).sheetnames[0] == "Guide"
    assert run("template", "none", out).exit_code == 2


def test_a_year_of_months_takes_less_than_a_second(tmp_path):
    """Reading and accounting one enterprise: twelve months of every stream."""
    from datetime import date

    from tanfeng.sheets.method_account import account_workbook

    made = MethodBook(STEEL)
    for month in range(1, 13):
        period = f"2023-{month:02d}"
        for item in ("烟煤", "天然气", "柴油", "焦炭"):
            made.add("fuel", period=period, item=item, used_qty=10)
        for item in ("石灰石", "白云石"):
            made.add("flux", period=period, item=item, used_qty=5)
        made.add("electricity", period=period, item="电力", purchased_mwh=100)
        made.add("fixed_carbon", period=period, item="粗钢", product_qty=900)
    content = made.content()
    start = time.process_time()
    answer = account_workbook(content, "a.xlsx", STEEL, year=2023, today=date(2026, 6, 30))
    assert list(answer.lines())
    assert time.process_time() - start < 1
    assert answer.account.streams.height == 96


def test_the_results_of_generating_units_are_printed_and_in_the_json(tmp_path):
    made = MethodBook(METHODS["mee_2022_power"])
    made.add("oil_gas", period="2023-05", part="#1", item="柴油", used_qty=50)
    made.produced(period="2023-05", part="#1", generation_mwh=1000, heat_supplied_gj=0)
    path = tmp_path / "power.xlsx"
    path.write_bytes(made.content())
    words = (path, "--method", "mee_2022_power", "--year", 2023, "--as-of", "2026-06-30")
    printed = run(*words)
    assert printed.exit_code == 0, printed.output
    assert "机组结果" in printed.stdout
    assert "2023-05" in printed.stdout
    told = json.loads(run(*words, "--json").stdout)
    by_quantity = {one["quantity"]: one for one in told["units"]}
    assert by_quantity["intensity_generation_tco2_mwh"]["value"] == pytest.approx(
        0.1547955, rel=1e-6
    )
    assert told["findings"] == []
