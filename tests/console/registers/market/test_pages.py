"""The pages of the carbon market as each kind of person meets them."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from market_world import CCER, UNIT, account, market_of, move
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.registers.market import certificates, services
from tanfeng.console.registers.market.models import (
    Certificate,
    Claim,
    Facility,
    MarketEvidence,
    Movement,
    Position,
)
from tanfeng.console.registers.mrv.models import EmissionReport

LIST, CALENDAR, REGISTER = (
    reverse(name) for name in ("market", "market-calendar", "market-certificates")
)


@pytest.fixture
def world(org_a, firm_a, city):
    """Return what stands in the market: 100 000 MWh, verified and issued 100 000 t."""
    return market_of(org_a, firm_a, city)


def _page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def _year(organisation, year=2024):
    return reverse("market-year", args=(organisation.credit_code, year))


def test_the_list_says_who_is_short(client_for, world, city, org_b, firm_b):
    # Granted 79 100, issued and held 100 000, verified 100 000: the plan leaves 20 900 missing.
    account(org_b, firm_b, year=2025)
    page = _page(client_for(city), LIST)
    assert "2 个账户：1 个年末仍缺，共 20\u00a0900 t；逾期未清缴 1 个" in page
    assert "1 个账户没有数据：没有数据不等于零" in page
    for query, there, gone in (
        ("short=1", "演示甲", "演示乙"),
        ("year=2025", "演示乙", "演示甲"),
        ("surrender=overdue", "演示甲", "演示乙"),
        ("surrender=undated", "演示乙", "演示甲"),
        ("place=350112", "演示乙", "演示甲"),
        ("q=乙", "演示乙", "演示甲"),
    ):
        found = _page(client_for(city), f"{LIST}?{query}")
        assert there in found
        assert gone not in found
    assert "没有符合条件的账户" in _page(client_for(city), f"{LIST}?sector=cement")


@pytest.mark.parametrize("address", [LIST, CALENDAR, REGISTER])
def test_every_list_sorts_pages_and_exports(client_for, world, city, address):
    client = client_for(city)
    for sort in ("name", "-year", "missing", "-due_on", "number", "used_for", "state", "nonsense"):
        assert client.get(f"{address}?sort={sort}&page=9").status_code == 200
    sheet = load_workbook(BytesIO(client.get(f"{address}?export=xlsx").content))
    cells = [str(cell.value) for row in sheet.active.iter_rows() for cell in row]
    assert any("演示甲" in cell for cell in cells)


def test_thousands_cost_few_queries(client_for, city, county_a, django_assert_max_num_queries):
    rows = Organisation.objects.bulk_create(
        Organisation(
            credit_code=f"91350000MA{number:08d}", name=f"企业{number}", industry_code="4411",
            sector="power", place=county_a,
        )
        for number in range(300)
    )  # fmt: skip
    Position.objects.bulk_create(
        Position(organisation=one, year=2024, sector="power", entered_by=city) for one in rows
    )
    client = client_for(city)
    for address in (LIST, CALENDAR):
        client.get(address)
        with django_assert_max_num_queries(15):
            assert "第 1–25 条，共 300 条" in _page(client, address)


def test_an_account_opens_and_is_filled_in_by_its_enterprise(client_for, org_a, firm_a):
    client = client_for(firm_a)
    fields = {"code": org_a.credit_code, "year": "2024", "sector": "power"}
    assert client.post(LIST, fields).url == _year(org_a)
    client.post(LIST, {**fields, "year": "1999"})
    assert Position.objects.count() == 1
    here = _year(org_a)
    assert client.post(here, {"do": "unit", "unit": "1号", **UNIT}).status_code == 302
    wrong = client.post(here, {"do": "unit", "unit": "2号", **UNIT, "generated_mwh": ""})
    assert wrong.status_code == 422
    assert "缺少发电量" in wrong.content.decode()
    assert Facility.objects.get().allowance_tco2 == pytest.approx(79_100.0)
    move_fields = {
        "do": "move", "kind": "allocated", "document": "A-1", "date": "2025-09-01",
        "amount_t": "79100", "vintage": "2024", "counterparty": "authority",
    }  # fmt: skip
    assert client.post(here, move_fields).status_code == 302
    twice = client.post(here, move_fields)
    assert twice.status_code == 422
    assert "登记了两次" in twice.content.decode()
    movement = Movement.objects.get()
    file = SimpleUploadedFile("通知.pdf", b"%PDF-1.4 x")
    client.post(here, {"do": "file", "movement": movement.pk, "file": file})
    assert MarketEvidence.objects.get().movement == movement
    client.post(here, {"do": "withdraw_movement", "movement": movement.pk, "remark": "有误"})
    page = _page(client, here)
    assert "已撤回" in page
    assert "通知.pdf" in page
    client.post(here, {"do": "unit-out", "unit": "1号"})
    assert not Facility.objects.exists()
    assert client.post(here, {"do": "nonsense"}).status_code == 400


def test_the_page_leads_to_every_source(client_for, world, city, org_a):
    page = _page(client_for(city), _year(org_a))
    assert reverse("standards-row", args=("ets", "power_conv_gt300_elec_2024")) in page
    assert reverse("standards-row", args=("method_defaults", "ets_deadline_power_2024")) in page
    assert reverse("standards-row", args=("method_defaults", "ets_offset_limit")) in page
    assert reverse("market-evidence", args=(world["market_evidence"].pk,)) in page
    assert "条款未见原文" in page
    assert "待核实" in page
    assert "<math" in page
    assert AuditEvent.objects.filter(action="market.read", username="city").exists()


def test_the_verifier_enters_the_verified_emission_and_the_enterprise_cannot(
    client_for, org_a, firm_a, verifier
):
    account(org_a, firm_a)
    fields = {"do": "verify", "verified_tco2": "80000", "document": "核查报告"}
    assert 'value="verify"' not in _page(client_for(firm_a), _year(org_a))
    assert client_for(firm_a).post(_year(org_a), fields).status_code == 403
    assert client_for(verifier).post(_year(org_a), fields).status_code == 302
    assert Position.objects.get().verified_tco2 == 80_000.0
    without = client_for(verifier).post(_year(org_a), {**fields, "document": ""})
    assert without.status_code == 422


def test_a_verified_report_of_the_mrv_record_proposes_the_figure(
    client_for, org_a, firm_a, city, verifier
):
    position = account(org_a, firm_a)
    EmissionReport.objects.create(
        organisation=org_a, year=2024, state="open", total_tco2e=80_500.0, entered_by=firm_a
    )
    assert "碳数据年度报告" not in _page(client_for(city), _year(org_a))
    EmissionReport.objects.update(state="verified")
    page = _page(client_for(verifier), _year(org_a))
    assert reverse("mrv-year", args=(org_a.credit_code, 2024)) in page
    assert 'value="80500.0"' in page
    services.verify(verifier, position, 80_400.0, "核查报告")
    assert 'value="80400.0"' in _page(client_for(verifier), _year(org_a))


@pytest.mark.parametrize("role", ["county_officer_a", "park_user"])
def test_who_only_reads_finds_no_form(client_for, world, org_a, role, request):
    client = client_for(request.getfixturevalue(role))
    for address in (LIST, REGISTER, _year(org_a)):
        page = _page(client, address)
        main = page[page.index("<main") :]
        assert 'method="post"' not in main
    fields = {"do": "move", "kind": "allocated"}
    assert client.post(_year(org_a), fields).status_code == 403


def test_the_city_confirms_and_states_a_deadline(client_for, org_a, firm_a, city):
    account(org_a, firm_a, year=2025)
    movement = move(org_a, firm_a, vintage=2025)
    client, here = client_for(city), _year(org_a, 2025)
    client.post(here, {"do": "confirm_movement", "movement": movement.pk})
    movement.refresh_from_db()
    assert movement.state == "confirmed"
    client.post(here, {"do": "confirm_movement", "movement": movement.pk})
    assert client.post(here, {"do": "annul_movement", "movement": "99999"}).status_code == 404
    client.post(
        here,
        {
            "do": "state", "sector": "power", "stated_due_on": "2026-12-31",
            "stated_document": "某通知",
        },
    )  # fmt: skip
    assert Position.objects.get().due_on == date(2026, 12, 31)
    assert "2026-12-31" in _page(client, CALENDAR)
    assert client.post(LIST, {"do": "refresh"}).status_code == 302
    assert client_for(firm_a).post(LIST, {"do": "refresh"}).status_code == 403


def test_a_certificate_is_registered_claimed_once_and_released(client_for, org_a, firm_a):
    client = client_for(firm_a)
    fields = {"code": org_a.credit_code, "kind": "green_certificate", "number": "G", "amount": "5"}
    client.post(REGISTER, fields)
    one = Certificate.objects.get()
    again = client.post(REGISTER, fields)
    assert again.status_code == 422
    assert "已登记" in again.content.decode()
    here = reverse("market-certificate", args=(one.pk,))
    claim = {"do": "claim", "purpose": "footprint", "period": "2025", "date": "2025-06-01"}
    page = _page(client, here)
    assert "碳市场抵销清缴" not in page
    client.post(here, claim)
    second = client.post(here, {**claim, "purpose": "energy_deduction"})
    assert second.status_code == 422
    assert "一张证书只能有一个用途" in second.content.decode()
    assert "产品碳足迹" in _page(client, f"{REGISTER}?purpose=footprint")
    assert "没有符合条件的证书" in _page(client, f"{REGISTER}?purpose=free")
    client.post(here, {"do": "release"})
    assert Claim.objects.get().released_at is None
    client.post(here, {"do": "release", "remark": "误"})
    client.post(here, {"do": "release", "remark": "误"})
    assert "历次用途" in _page(client, here)
    client.post(here, {"do": "withdraw", "remark": "误"})
    assert "G" not in [row.number for row in Certificate.objects.filter(withdrawn_at=None)]
    assert client.post(here, {"do": "nonsense"}).status_code == 400


def test_an_offset_stands_with_its_certificate(client_for, org_a, firm_a, city):
    position = account(org_a, firm_a)
    services.verify(city, position, 80_000.0, "核查报告")
    one = certificates.register(firm_a, org_a, CCER)
    here = reverse("market-certificate", args=(one.pk,))
    client_for(firm_a).post(
        here, {"do": "claim", "purpose": "ets_offset", "period": "2024", "date": "2025-06-01"}
    )
    assert here in _page(client_for(firm_a), _year(org_a))
    assert f"{_year(org_a)}#movements" in _page(client_for(firm_a), here)


def test_english(client_for, world, city, org_a):
    client = client_for(city)
    client.cookies.load({"django_language": "en"})
    assert "1 account: 1 still misses" in _page(client, LIST)
    assert "Allowance by the rule" in _page(client, _year(org_a))
    assert "1 account still to settle" in _page(client, CALENDAR)
    assert "unused" in _page(client, REGISTER)
