"""Tables 2 to 4 of the energy-utilisation report on the page and as workbook.

Firm A uses 100 x 10^4 kWh of bought electricity each month of 2023 and 2024, and in 2024 50 t of
diesel in January: 1 200 x 1.229 + 50 x 1.4571 = 1 474.8 + 72.855 tce.
"""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from typer.testing import CliRunner

from tanfeng.cli import _energy_use
from tanfeng.cli.report import app
from tanfeng.console.accounting import energy_use
from tanfeng.console.core.models import AuditEvent


def address(organisation, **query):
    url = reverse("energy-use", args=[organisation.credit_code])
    return url + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def test_the_tables_come_from_the_lines_of_the_run(city, org_a, run):
    shown, report = energy_use.report(city, org_a, 2024)
    assert shown == run
    total = report.tables["eur_t02"].rows[-1]
    assert total["consumption_total_qty"] == pytest.approx(1200 * 1.229 + 50 * 1.4571)
    foot = {label[0]: cell for label, _unit, cell in report.tables["eur_t02"].foot}
    assert foot["综合能源消费量(上年同期)"] == pytest.approx(1200 * 1.229)
    assert energy_use.report(city, org_a, 2019) is None


def test_the_page_in_both_languages(client_for, firm_a, org_a, run):
    client = client_for(firm_a)
    page = client.get(address(org_a, year=2024)).content.decode()
    for words in (
        "能源消费结构表",
        "实物平衡表",
        "无数据",
        "未能检查",
        "表2：消费量 · 工业生产消费量",
    ):
        assert words in page
    english = client.get(address(org_a, year=2024), HTTP_ACCEPT_LANGUAGE="en")
    assert english.status_code == 200
    nothing = client.get(address(org_a, year=2019))
    assert "没有可填表" in nothing.content.decode()
    assert client.get(address(org_a, year=2019, export="xlsx")).status_code == 404


def test_the_workbook_names_its_event_and_nobody_else_gets_it(
    client_for, firm_a, firm_b, org_a, run
):
    assert client_for(firm_b).get(address(org_a, year=2024, export="xlsx")).status_code == 404
    assert not AuditEvent.objects.filter(action="export.energy-use").exists()
    answer = client_for(firm_a).get(address(org_a, year=2024, export="xlsx"))
    event = AuditEvent.objects.filter(action="export.energy-use").get()
    assert (event.username, event.detail["year"]) == (firm_a.username, 2024)
    book = load_workbook(BytesIO(answer.content))
    cells = [str(one.value) for line in book["表2 能源消费结构"].iter_rows() for one in line]
    assert any(f"{event.pk}" in one for one in cells)
    assert "第 1 次核算" in " ".join(cells)


def test_the_enterprise_page_leads_to_it(client_for, firm_a, org_a, run):
    page = client_for(firm_a).get(reverse("enterprise", args=[org_a.credit_code]))
    assert reverse("energy-use", args=[org_a.credit_code]) in page.content.decode()


def test_the_command_takes_the_published_run(monkeypatch, org_a, run, tmp_path):
    monkeypatch.setattr(_energy_use, "open_home", lambda home: home)
    words = ["energy-use", "--home", str(tmp_path), "--year", "2024"]
    out = tmp_path / "report.xlsx"
    done = CliRunner().invoke(app, [*words, "--enterprise", org_a.credit_code, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert load_workbook(out).sheetnames[0] == "表2 能源消费结构"
    assert AuditEvent.objects.filter(action="export.energy-use").count() == 1
    told = CliRunner().invoke(app, [*words, "--enterprise", org_a.credit_code, "--json"])
    assert json.loads(told.stdout)["tables"]["eur_t02"]["rows"]
    assert CliRunner().invoke(app, words).exit_code == 2
    none = CliRunner().invoke(app, [*words, "--enterprise", "x", "--lang", "en"])
    assert (none.exit_code, "no energy of x" in none.output) == (2, True)
