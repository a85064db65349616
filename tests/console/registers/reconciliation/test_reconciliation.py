"""One steelworks seen by its sector method, by the statistics and by its filings.

By the method, of 2023: 900 t of coke and 500 t of limestone, 220 t of CO2. The statistics know
1 000 t of coke and 12 x 100 = 1 200 (10^4 kWh) of electricity, no limestone; the filings 80 t of
coke a month. The factors of both sides for coke come from their own tables:

    coke, activity    (1 000 - 900) x F of the method
    coke, factor      1 000 x (F of the statistics - F of the method)
    limestone         -220, outside the statistics
    electricity       missing in the account, whose method counts it
    filings           (960 - 900) x F of the method
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from openpyxl import load_workbook

from method_books import MethodBook
from mrv_world import plan_of
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import figures, frozen, method_services
from tanfeng.console.accounting import services as accounting
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core.models import Batch, Job
from tanfeng.console.registers.mrv import services as mrv
from tanfeng.console.registers.reconciliation import pages, services, sides
from tanfeng.console.registers.reconciliation.models import Reconciliation

KEY = "gb_t_32151_5_2015"
KNOWN = datetime(2024, 2, 1, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_runs(settings, tmp_path):
    settings.RUNS = tmp_path / "runs"
    frozen._opened.cache_clear()
    figures._year_figures.cache_clear()


@pytest.fixture
def published(city, org_b):
    batch = Batch.objects.create(
        form_key="monthly_energy", file_name="乙.xlsx", sha256="0" * 64, size_bytes=1,
        status=Batch.Status.COMMITTED, uploaded_by=city, scope=city.scope_key,
    )  # fmt: skip
    common = {"organisation": org_b, "year": 2023, "batch": batch, "known_from": KNOWN}
    EnergyRecord.objects.create(
        item_key="coke", month=1, opening_stock_qty=0.0, purchase_qty=1000.0,
        consumption_total_qty=1000.0, closing_stock_qty=0.0, source_row=3, **common,
    )  # fmt: skip
    EnergyRecord.objects.bulk_create(
        EnergyRecord(
            item_key="electricity", month=month, purchase_qty=100.0,
            consumption_total_qty=100.0, source_row=3 + month, **common,
        )
        for month in range(1, 13)
    )  # fmt: skip
    run = accounting.compute_run(
        city, years=(2023,), title="t", as_of=datetime(2025, 3, 31, tzinfo=UTC)
    )
    return accounting.publish_run(city, run)


def made(user, organisation):
    book = MethodBook(METHODS[KEY])
    common = {
        "period": "2023", "credit_code": organisation.credit_code, "org_name": organisation.name,
    }  # fmt: skip
    book.add("fuel", item="焦炭", used_qty=900, **common)
    book.add("flux", item="石灰石", used_qty=500, **common)
    return method_services.account(
        user, organisation, book.content(), "乙钢.xlsx", method_key=KEY, year=2023
    )


def by_item(account, run, side="statistics"):
    rows = pages.rows(account, run, sides.of(account, run), side)
    return {row["item"]: row for row in rows}


def test_every_line_is_explained_by_hand(published, firm_b, org_b):
    account = made(firm_b, org_b)
    rows = by_item(account, published)
    coke = rows["coke"]
    factor = coke["base_emission_tco2"] / 900
    other = coke["emission_tco2"] / 1000
    assert coke["activity_tco2"] == pytest.approx(100 * factor)
    assert coke["factor_tco2"] == pytest.approx(1000 * (other - factor))
    assert rows["limestone"]["boundary_tco2"] == pytest.approx(-220.0)
    power = rows["electricity"]
    assert power["cause"] == "missing"
    assert power["activity"] == pytest.approx(12_000.0), "in MWh"
    # Every figure leads to its trace: one line of the account, the lines of the run.
    assert coke["base_url"].startswith(f"/methods/{account.number}/")
    assert "item=coke" in coke["url"]
    assert f"org={org_b.credit_code}" in coke["url"]


def test_an_account_keeps_its_differences_as_it_is_made(published, firm_b, org_b):
    account = made(firm_b, org_b)
    (kept,) = Reconciliation.objects.all()
    rows = by_item(account, published)
    assert kept.base_tco2 == pytest.approx(account.emission_total_tco2e)
    assert kept.difference_tco2 == pytest.approx(
        sum(row["difference_tco2"] for row in rows.values())
    )
    assert kept.statistics_tco2 - kept.base_tco2 == pytest.approx(kept.difference_tco2)
    clarify = abs(rows["coke"]["activity_tco2"]) + abs(rows["electricity"]["missing_tco2"])
    assert kept.to_clarify_tco2 == pytest.approx(clarify)
    made(firm_b, org_b)
    assert [row.current for row in Reconciliation.objects.order_by("pk")] == [False, True]


def test_without_statistics_there_is_no_difference(firm_b, org_b, client_for):
    account = made(firm_b, org_b)
    assert not Reconciliation.objects.exists()
    assert sides.of(account, None).table.is_empty()
    url = reverse("reconciliation", args=[org_b.credit_code, 2023])
    assert client_for(firm_b).get(url).status_code == 200


def test_publishing_another_run_compares_again(published, city, firm_b, org_b):
    made(firm_b, org_b)
    again = accounting.compute_run(
        city, years=(2023,), title="u", as_of=datetime(2025, 4, 30, tzinfo=UTC)
    )
    accounting.publish_run(city, again)
    assert Job.objects.filter(kind="reconciliation.compute").exists()
    services.compute_all(city)
    (kept,) = Reconciliation.objects.filter(current=True)
    assert kept.run == again
    assert Reconciliation.objects.filter(current=False).count() == 1


def test_filings_are_valued_at_the_factors_of_the_account(published, city, firm_b, org_b):
    account = made(firm_b, org_b)
    plan_of(org_b, firm_b, city, begun=date(2023, 1, 1), coke_use_t={})
    report = mrv.open_year(firm_b, org_b, 2023)
    for month in range(1, 12):
        mrv.file_month(firm_b, report, month, "coke_use_t", {"value": 80.0, "unit": "t"})
    coke = by_item(account, published, "filings")["coke"]
    assert coke["missing_rows"] == 1
    assert coke["emission_tco2"] is None, "eleven months are no year"
    mrv.file_month(firm_b, report, 12, "coke_use_t", {"value": 80.0, "unit": "t"})
    rows = by_item(account, published, "filings")
    factor = rows["coke"]["base_emission_tco2"] / 900
    assert rows["coke"]["activity_tco2"] == pytest.approx((960 - 900) * factor)
    assert rows["limestone"]["cause"] == "boundary", "the plan does not file it"


def test_only_the_city_compares_all_again(county_officer_b, firm_b):
    for user in (county_officer_b, firm_b):
        with pytest.raises(PermissionDenied):
            services.compute_all(user)


def test_the_pages_and_their_workbooks(published, city, firm_b, org_b, client_for):
    made(firm_b, org_b)
    client = client_for(city)
    page = client.get(reverse("reconciliations")).content.decode()
    assert org_b.name in page
    url = reverse("reconciliation", args=[org_b.credit_code, 2023])
    shown = client.get(url).content.decode()
    assert "石灰石" in shown
    assert 'id="reconciliation"' in shown
    for address in (url, reverse("reconciliations")):
        sheet = load_workbook(BytesIO(client.get(address, {"export": "xlsx"}).content)).active
        text = "\n".join(str(cell) for row in sheet.values for cell in row if cell is not None)
        assert org_b.name in text or "石灰石" in text
    assert client.get(reverse("reconciliation", args=[org_b.credit_code, 2020])).status_code == 404
