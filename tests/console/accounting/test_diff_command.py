"""``tanfeng account diff --home``: two frozen runs by their numbers."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from console.accounting.conftest import AS_OF
from console.accounting.test_method_accounts import made, steel
from tanfeng.cli import _diff
from tanfeng.cli.account import app
from tanfeng.console.accounting import compare, services
from tanfeng.console.core.models import AuditEvent


@pytest.fixture(autouse=True)
def _own_home(monkeypatch):
    """The test's database is open already."""
    monkeypatch.setattr(_diff, "open_home", lambda home: home)


def diff(*words):
    return CliRunner().invoke(app, ["diff", *(str(word) for word in words)])


def test_two_method_accounts(firm_b, org_b, tmp_path):
    made(firm_b, org_b)
    made(firm_b, org_b, steel(coal=1100))
    done = diff("M1", "M2", "--home", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    (coal,) = [row for row in told["rows"] if row["stream"] == "fuel"]
    assert coal["activity"] == pytest.approx(100 * 19.57 * 0.0261 * 0.93 * 44 / 12)
    (total,) = told["totals"]
    assert total["difference"] == pytest.approx(coal["activity"])
    out = tmp_path / "d.xlsx"
    assert diff("M1", "M2", "--home", tmp_path, "--out", out).exit_code == 0
    event = AuditEvent.objects.filter(action="export.difference").get()
    assert event.detail["a"] == "M1"
    cells = [cell.value for row in load_workbook(out)["合计"].iter_rows() for cell in row]
    assert any(f"{event.pk}" in str(one) for one in cells), "the file names its event"


def test_two_runs_of_the_city(city, run, tmp_path):
    later = services.compute_run(city, years=[2024], title="later", as_of=AS_OF)
    first, second = run.number, later.number
    done = diff(first, second, "--home", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["notes_zh"][0] == "只比较两份结果都有的年份：2024。"
    assert {row["difference"] for row in told["rows"]} == {0.0}
    shown = compare.between(city, run, later).total
    fuel = next(row for row in told["totals"] if row["quantity"] == "emission_fuel_tco2")
    assert 0 < fuel["value_a"] < shown["value_a"]


def test_numbers_that_are_none(city, run, tmp_path):
    for lang, words in (("zh", "没有第 99 次核算"), ("en", "no run 99")):
        done = diff("99", run.number, "--home", tmp_path, "--lang", lang)
        assert (done.exit_code, words in done.output) == (2, True)
    assert "没有核算 M9" in diff("M9", "M9", "--home", tmp_path).output
    assert "不是编号" in diff("x", "1", "--home", tmp_path).output
