"""``tanfeng account diff``: two results, by cause, without a rest."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from form_files import credit_code, workbook
from form_files import energy as energy_row
from method_books import CODE, FIRM, MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.cli.account import app

KEY = "gb_t_32151_5_2015"
CAUSES = ("activity", "parameter", "factor", "method", "boundary", "gap")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def saved(folder, name, *, year=2023, coal=1000, ncv=None, flux=500, steel=True, more=()):
    """Account a steelworks and return the saved result."""
    book = MethodBook(METHODS[KEY])
    book.add("fuel", period=str(year), item="烟煤", used_qty=coal, ncv_gj=ncv)
    book.add("flux", period=str(year), item="石灰石", used_qty=flux)
    if steel:
        book.add("fixed_carbon", period=str(year), item="粗钢", product_qty=900)
    for stream, cells in more:
        book.add(stream, period=str(year), **cells)
    form, out = folder / f"{name}.xlsx", folder / f"{name}.json"
    form.write_bytes(book.content())
    done = run(
        form, "--method", KEY, "--year", year, "--as-of", "2026-06-30", "--out", out, "--lang", "en"
    )
    assert out.exists(), done.output
    return out


def told(a, b, *words, code=0):
    done = run("diff", a, b, "--json", *words)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_every_cause_by_hand_and_no_rest(tmp_path):
    # Coal 1000 t -> 1100 t, its heat content 22.1 -> 23 GJ/t stated on both forms;
    # limestone 500 t -> 480 t; the steel of the first year is not on the second form.
    a = saved(tmp_path, "a", ncv=22.1)
    b = saved(tmp_path, "b", coal=1100, ncv=23, flux=480, steel=False)
    found = told(a, b)
    rows = {row["stream"]: row for row in found["rows"]}
    per_gj = 0.0261 * 0.93 * 44 / 12
    coal = rows["fuel"]
    assert coal["activity"] == pytest.approx(100 * 22.1 * per_gj)  # 196.69
    assert coal["parameter"] == pytest.approx(1100 * 0.9 * per_gj)  # 88.11
    assert rows["flux"]["activity"] == pytest.approx(-20 * 0.44)
    assert rows["fixed_carbon"]["boundary"] == pytest.approx(900 * 0.0154)  # no longer deducted
    (total,) = found["totals"]
    assert sum(total[cause] for cause in CAUSES) == pytest.approx(total["difference"], rel=1e-12)
    assert total["value_b"] - total["value_a"] == pytest.approx(total["difference"], rel=1e-12)
    assert found["causes"] == list(CAUSES)
    assert {row["org_code"] for row in found["rows"]} == {CODE}


def test_a_row_one_result_could_not_compute_is_a_gap(tmp_path):
    a = saved(tmp_path, "a", more=[("electrode", {"item": "石墨电极", "used_qty": 10})])
    b = saved(tmp_path, "b", more=[("electrode", {"item": "石墨电极"})])
    (row,) = [one for one in told(a, b)["rows"] if one["stream"] == "electrode"]
    assert row["gap"] == pytest.approx(-row["value_a"])
    assert row["gap"] < 0
    assert row["boundary"] == 0


def test_years_are_paired_and_it_is_said(tmp_path):
    a, b = saved(tmp_path, "a", year=2022), saved(tmp_path, "b", year=2023, flux=600)
    found = told(a, b)
    (row,) = [one for one in found["rows"] if one["stream"] == "flux"]
    assert row["activity"] == pytest.approx(100 * 0.44)
    assert row["boundary"] == 0
    assert "2022" in found["notes_zh"][0]
    assert "month by month" in found["notes_en"][0]


def test_kept_apart_by_what_is_asked(tmp_path):
    a, b = saved(tmp_path, "a"), saved(tmp_path, "b", flux=600)
    found = told(a, b, "--by", "stream", "--by", "item")
    assert found["by"] == ["stream", "item"]
    items = {row["item"]: row["difference"] for row in found["rows"] if row["stream"] == "flux"}
    assert items == {"limestone": pytest.approx(44)}


def test_table_and_workbook_in_both_languages(tmp_path):
    a, b = saved(tmp_path, "a"), saved(tmp_path, "b", flux=600)
    chinese, english = run("diff", a, b), run("diff", a, b, "--lang", "en")
    for words in (
        "核算差异 a.json → b.json",
        "熔剂消耗",
        "活动数据",
        "缺口",
        "44.00",
        FIRM,
        "合计",
    ):
        assert words in chinese.output
    for words in ("Difference of accounts", "flux used", "boundary", "44.00", "without a rest"):
        assert words in english.output
    out = tmp_path / "diff.xlsx"
    assert run("diff", a, b, "--out", out, "--lang", "en").exit_code == 0
    book = load_workbook(out)
    assert book.sheetnames == ["Total", "Detail"]
    cells = [cell.value for row in book["Detail"].iter_rows() for cell in row]
    assert "flux used" in cells
    assert pytest.approx(44) in [one for one in cells if isinstance(one, float | int)]
    assert run("diff", a, b, "--out", tmp_path / "diff.csv").exit_code == 2


def energy(folder, name, qty, *words):
    form, out = folder / f"{name}.xlsx", folder / f"{name}.json"
    form.write_bytes(workbook("monthly_energy", [energy_row(credit_code(1), "2023-05", qty)]))
    done = run(form, "--year", 2023, "--as-of", "2026-06-30", "--out", out, *words)
    assert out.exists(), done.output
    return out


def test_accounts_of_monthly_energy(tmp_path):
    a, b = energy(tmp_path, "a", 100.0), energy(tmp_path, "b", 150.0)
    found = told(a, b)
    assert found["causes"] == ["activity", "factor", "method", "boundary"]
    total = {row["quantity"]: row for row in found["totals"]}["energy_calorific_tce"]
    # 50 x 1e4 kWh x 1.229 tce per 1e4 kWh
    assert total["activity"] == pytest.approx(50 * 1.229)
    assert total["difference"] == pytest.approx(50 * 1.229)
    other = energy(tmp_path, "c", 100.0, "--region", "CN")
    rows = {row["quantity"]: row for row in told(a, other)["totals"]}
    power = rows["emission_electricity_average_tco2"]
    assert power["factor"] == pytest.approx(power["difference"])
    assert power["difference"] != 0
    assert "按月" not in run("diff", a, b).output
    bad = run("diff", a, b, "--by", "stream")
    assert bad.exit_code == 2
    assert "enterprise, year, month, item" in bad.output


def test_results_of_two_sorts_are_refused(tmp_path):
    for lang, words in (("zh", "不是同一种核算"), ("en", "different sorts")):
        done = run("diff", energy(tmp_path, "a", 1.0), saved(tmp_path, "b"), "--lang", lang)
        assert done.exit_code == 2
        assert words in done.output


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe nonsense",
        b"[]",
        b'{"lines": 1}',
        b'{"method": {}, "lines": [{}], "factors": [], "formulas": []}',
        b'{"lines": [{"line": "x"}], "factors": [], "formulas": []}',
        b'{"method": 1, "lines": 5, "factors": "x", "formulas": null}',
    ],
)
def test_a_file_that_is_no_result_is_told(tmp_path, content):
    bad, good = tmp_path / "bad.json", saved(tmp_path, "a")
    bad.write_bytes(content)
    for lang, words in (("zh", "不是保存的核算结果"), ("en", "is no saved result")):
        for pair in ((bad, good), (good, bad)):
            done = run("diff", *pair, "--lang", lang)
            assert done.exit_code == 2, done.output
            assert words in done.output
            assert "Traceback" not in done.output


def test_a_missing_file_and_a_changed_number_are_told(tmp_path):
    good = saved(tmp_path, "a")
    none = run("diff", good, tmp_path / "none.json", "--lang", "en")
    assert (none.exit_code, "there is no file" in none.output) == (2, True)
    data = json.loads(good.read_text(encoding="utf-8"))
    data["lines"][0]["value"] += 1
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(data), encoding="utf-8")
    for lang, words in (("zh", "被改动过"), ("en", "was changed")):
        done = run("diff", good, changed, "--lang", lang)
        assert done.exit_code == 2
        assert words in done.output
