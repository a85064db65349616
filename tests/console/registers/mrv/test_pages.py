"""The pages as the people see them, in both languages; forms, files, documents and the import."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from form_files import workbook
from method_books import MethodBook
from mrv_world import carbon_year, plan_of
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import method_pages, method_services
from tanfeng.console.core import imports
from tanfeng.console.core.parsed import Parsed
from tanfeng.console.registers.mrv import services
from tanfeng.console.registers.mrv.models import (
    CheckAnswer,
    EmissionReport,
    Evidence,
    Finding,
    MonthlyFiling,
    SpotCheck,
)
from tanfeng.demo.mrv import pdf


@pytest.fixture
def world(org_a, firm_a, city):
    return carbon_year(org_a, firm_a, city)


def _addresses(world, org):
    return [
        reverse("mrv"),
        reverse("mrv-year", args=(org.credit_code, 2024)),
        reverse("mrv-filing", args=(org.credit_code, 2024, 1, "coal_use_t")),
        reverse("mrv-filing", args=(org.credit_code, 2024, 2, "coal_use_t")),
        reverse("mrv-plan", args=(world["mrv_plan"].pk,)),
        reverse("mrv-check", args=(world["mrv_check"].pk,)),
        reverse("mrv-finding", args=(world["mrv_finding"].pk,)),
        reverse("mrv-help"),
    ]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_opens_for_who_may_see_it(
    client_for, world, org_a, city, county_officer_a, park_user, firm_a, verifier, language
):
    for user in (city, county_officer_a, park_user, firm_a, verifier):
        client = client_for(user)
        client.post(reverse("set-language"), {"language": language})
        for address in _addresses(world, org_a):
            answer = client.get(address)
            assert answer.status_code == 200, (user, address)
            text = answer.content.decode()
            assert " style=" not in text
            assert (language == "en") == ('<html lang="en"' in text)


def test_the_selection_is_for_officers(client_for, world, city, county_officer_a, firm_a):
    assert client_for(firm_a).get(reverse("mrv-selection")).status_code == 403
    page = client_for(county_officer_a).get(reverse("mrv-selection")).content.decode()
    assert "缺月份" in page
    assert 'name="report"' not in page  # a county looks, the city plans
    sheet = client_for(city).get(reverse("mrv-selection") + "?export=xlsx")
    assert sheet.content[:2] == b"PK"


def test_the_city_plans_visits(client_for, world, city, org_b, firm_b):
    report = services.open_year(firm_b, org_b, 2024)
    fields = {"report": [report.pk], "planned_on": "2026-12-01", "team": "二人"}
    client_for(city).post(reverse("mrv-selection"), fields)
    check = SpotCheck.objects.get(report=report)
    assert (check.team, check.planned_on, check.state) == ("二人", date(2026, 12, 1), "planned")


def test_a_visit_filled_in_on_a_phone(client_for, world, city, org_a):
    client, check = client_for(city), world["mrv_check"]
    address = reverse("mrv-check", args=(check.pk,))
    client.post(address, {"do": "answer", "result-plan": "wrong", "remark-plan": "表号不符",
                          "result-meter": "nonsense"})  # fmt: skip
    answer = CheckAnswer.objects.get()
    assert (answer.item, answer.result, answer.remark) == ("plan", "wrong", "表号不符")
    photo = SimpleUploadedFile("p.png", b"\x89PNG\r\n\x1a\n....")
    client.post(address, {"do": "photo", "file": photo})
    kept = Evidence.objects.get(check_of=check)
    assert kept.kind == "photo"
    assert (
        f'src="{reverse("mrv-evidence", args=(kept.pk,))}"' in client.get(address).content.decode()
    )
    client.post(address, {"do": "find", "place": "磅房", "text": "缺磅单", "severity": "minor",
                          "due_on": "2024-07-01"})  # fmt: skip
    assert Finding.objects.filter(check_of=check, place="磅房", severity="minor").exists()
    again = client.post(address, {"do": "find", "place": "磅房"})
    assert again.status_code == 422


@pytest.mark.parametrize("kind", ["docx", "pdf"])
def test_record_and_list_are_printed(client_for, world, city, org_a, kind):
    for name, args in (
        ("mrv-check", (world["mrv_check"].pk,)),
        ("mrv-year", (org_a.credit_code, 2024)),
    ):
        answer = client_for(city).get(reverse(name, args=args) + f"?format={kind}")
        assert answer.content[:4] == (b"%PDF" if kind == "pdf" else b"PK\x03\x04")
    if kind == "docx":
        from docx import Document

        text = "\n".join(
            cell.text
            for table in Document(BytesIO(answer.content)).tables
            for row in table.rows
            for cell in row.cells
        )
        assert "待整改" in text


def test_filing_and_its_document_on_the_page(client_for, world, org_a, firm_a):
    client = client_for(firm_a)
    address = reverse("mrv-filing", args=(org_a.credit_code, 2024, 2, "coal_use_t"))
    client.post(address, {"do": "file", "value": "120.5", "invoice_value": "140"})
    filing = MonthlyFiling.objects.get(month=2)
    assert (filing.value, filing.unit, filing.accredited) == (120.5, "t", None)
    page = client.get(address).content.decode()
    assert "结算量与计量不符" in page
    assert "没有证据文件" in page
    file = SimpleUploadedFile("别家.pdf", pdf("x"))
    client.post(address, {"do": "attach", "file": file, "kind": "invoice",
                          "stated_name": "演示乙钢铁有限公司"})  # fmt: skip
    page = client.get(address).content.decode()
    assert "证据属于其他单位" in page
    assert client.post(address, {"do": "file", "value": "1"}).status_code == 422  # no reason given
    taken = client.get(reverse("mrv-evidence", args=(filing.evidence.get().pk,)))
    assert taken.content == pdf("x")
    assert "attachment" in taken["Content-Disposition"]


def test_a_year_is_opened_once(client_for, org_a, org_b, firm_a):
    client = client_for(firm_a)
    for _twice in range(2):
        client.post(reverse("mrv"), {"code": org_a.credit_code, "year": "2025"})
    assert EmissionReport.objects.count() == 1
    foreign = client.post(reverse("mrv"), {"code": org_b.credit_code, "year": "2025"})
    assert foreign.status_code == 404
    client.post(reverse("mrv"), {"code": org_a.credit_code, "year": "1800"})
    assert EmissionReport.objects.count() == 1


def test_a_plan_is_written_on_its_page(client_for, org_a, firm_a):
    client, own = client_for(firm_a), org_a.credit_code
    client.post(reverse("mrv"), {"code": own, "year": "2025"})
    client.post(reverse("mrv-year", args=(own, 2025)), {"do": "plan", "valid_from": "2025-01-01"})
    plan = org_a.quality_plans.get()
    address = reverse("mrv-plan", args=(plan.pk,))
    common = {"do": "item", "source": "磅单", "frequency": "daily", "post": "统计员",
              "substitute": "上月值"}  # fmt: skip
    client.post(address, {**common, "parameter": "coal_ncv", "lab_wanted": "on"})
    client.post(address, {**common, "parameter": "other", "own_name": "电石渣", "unit": "t"})
    assert [(one.parameter, one.unit, one.lab_wanted) for one in plan.items.all()] == [
        ("coal_ncv", "GJ/t", True),
        ("x-电石渣", "t", False),
    ]
    assert client.post(address, {**common, "parameter": "other"}).status_code == 422
    client.post(address, {"do": "remove", "parameter": "coal_ncv"})
    client.post(address, {"do": "file_plan"})
    plan.refresh_from_db()
    assert (plan.state, plan.items.count()) == ("filed", 1)


# The import


def _row(code, period="2024-02", value=50.0, parameter="燃煤消耗量", **more):
    return {"credit_code": code, "period": period, "parameter": parameter, "value": value,
            "unit_text": "t", **more}  # fmt: skip


def _upload(user, *rows):
    return imports.upload(
        user, workbook("mrv_filing", list(rows)), "存证.xlsx", form_key="mrv_filing"
    )


def _found(batch):
    return [(one.rule, one.severity) for one in Parsed(batch).problems()]


def test_filings_come_in_by_workbook_and_go_out_again(world, org_a, firm_a):
    code = org_a.credit_code
    batch = _upload(
        firm_a,
        _row(code, sampled_on="2024-02-05", tested_on="2024-02-08", accredited=True),
        _row(code, "2024-01", 111.0, remark="磅单补录"),
    )
    assert ("D046", "info") in _found(batch)
    batch = imports.confirm(firm_a, batch)
    assert batch.outcome["added"] == 1
    assert batch.outcome["replaced"] == 1
    new = MonthlyFiling.objects.current().get(month=2)
    assert (new.value, new.sampled_on, new.accredited, new.batch) == (
        50.0, date(2024, 2, 5), True, batch,
    )  # fmt: skip
    imports.undo(firm_a, batch)
    assert MonthlyFiling.objects.current().get().value == 100.0
    assert MonthlyFiling.objects.count() == 3  # closed, never deleted


def test_rows_that_cannot_be_taken_say_why(world, org_a, org_b, firm_a):
    code = org_a.credit_code
    batch = _upload(
        firm_a,
        _row(org_b.credit_code),
        _row(code, parameter="焦炭消耗量"),
        _row(code, "2024-03", unit_text="万t"),
        _row(code, "2024-01", 7.0),
        _row(code, "2024"),
    )
    rules = {rule for rule, severity in _found(batch) if severity == "error"}
    assert {"D041", "D042", "D043", "D044", "D045"} <= rules


def test_an_accepted_year_takes_no_more_rows(world, org_a, firm_a):
    EmissionReport.objects.update(state="accepted")
    batch = _upload(firm_a, _row(org_a.credit_code))
    assert ("D047", "error") in _found(batch)


def test_the_list_filters_and_exports(client_for, world, org_a, org_b, firm_b, city):
    plan_of(org_b, firm_b, city)
    services.open_year(firm_b, org_b, 2025)
    client = client_for(city)
    for query, names in (
        ("", {org_a.name, org_b.name}),
        ("year=2025", {org_b.name}),
        ("q=玻璃", {org_a.name}),
        ("open=1", {org_a.name}),
        ("state=accepted", set()),
        (f"place={org_b.place_id}", {org_b.name}),
    ):
        text = client.get(f"/mrv/?{query}").content.decode()
        assert {name for name in (org_a.name, org_b.name) if name in text} == names, query
    assert client.get("/mrv/?export=xlsx").content[:2] == b"PK"


def test_the_year_shows_the_account_by_its_method_beside_what_was_filed(
    client_for, world, org_a, firm_a, verifier, settings, tmp_path
):
    settings.RUNS = tmp_path / "runs"
    book = MethodBook(METHODS["ndrc_2015_general"])
    # 10 t x 43.33 x 0.0202 x 0.98 x 44/12 = 31.4512 t; its heat value is a default
    row = {"period": "2024", "item": "柴油", "used_qty": 10, "credit_code": org_a.credit_code}
    book.add("fuel", **row)
    run = method_services.account(
        firm_a, org_a, book.content(), "甲.xlsx", method_key="ndrc_2015_general", year=2024
    )
    report = EmissionReport.objects.get(pk=world["mrv_report"].pk)
    report.method_key, report.total_tco2e = "ndrc_2015_general", 31.0
    report.save()
    page = client_for(verifier).get(reverse("mrv-year", args=(org_a.credit_code, 2024)))
    (told,) = page.context["accounts"]
    assert (told["number"], told["missing"], told["to_check"]) == (
        run.number,
        0,
        run.warning_count,
    )
    assert told["difference"] == "-1.43"  # 31 / 31.4512 - 1
    text = page.content.decode()
    assert "填报排放量与其相差 -1.43%" in text
    assert f"{reverse('method-run', args=[run.number])}#findings" in text
    account = client_for(verifier).get(reverse("method-run", args=[run.number])).content.decode()
    assert f"{reverse('mrv')}?q={org_a.credit_code}&amp;year=2024" in account


def test_the_account_tells_what_its_evidence_lacks(
    client_for, world, org_a, firm_a, firm_b, verifier, settings, tmp_path
):
    """A statement of ten days of February for a value of February, and none for March."""
    settings.RUNS = tmp_path / "runs"
    book = MethodBook(METHODS["ndrc_2015_general"])
    row = {"period": "2024", "item": "柴油", "used_qty": 10, "credit_code": org_a.credit_code}
    book.add("fuel", **row)
    run = method_services.account(
        firm_a, org_a, book.content(), "甲.xlsx", method_key="ndrc_2015_general", year=2024
    )
    client = client_for(firm_a)
    for month, value in ((2, "120.5"), (3, "130")):
        filing = reverse("mrv-filing", args=(org_a.credit_code, 2024, month, "coal_use_t"))
        client.post(filing, {"do": "file", "value": value})
    file = SimpleUploadedFile("旬结算单.pdf", pdf("x"))
    dates = {"period_from": "2024-02-01", "period_to": "2024-02-10"}
    february = reverse("mrv-filing", args=(org_a.credit_code, 2024, 2, "coal_use_t"))
    client.post(february, {"do": "attach", "file": file, "kind": "invoice", **dates})
    told = {one["code"]: one for one in method_pages.findings(verifier, run)}
    assert told["M07"]["text"] == "证据的期间未覆盖当月：2024-02"
    assert told["M07"]["url"] == february
    assert "2024-03" in told["M12"]["text"]
    page = client_for(verifier).get(reverse("method-run", args=[run.number])).content.decode()
    assert "证据的期间未覆盖当月：2024-02" in page
    assert not {"M07", "M12"} & {one["code"] for one in method_pages.findings(firm_b, run)}
