"""Year on year by cause: coal 1 000 t, then 1 100 t, then 1 050 t; all else stays."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from console.accounting.test_method_accounts import KEY, made, steel
from tanfeng.console.accounting import method_years
from tanfeng.console.core.models import AuditEvent

PER_TONNE = 19.57 * 0.0261 * 0.93 * 44 / 12


@pytest.fixture
def three_years(firm_b, org_b):
    made(firm_b, org_b, steel(2022, 900), year=2022)  # replaced by the next
    for year, coal in ((2022, 1000), (2023, 1100), (2024, 1050)):
        made(firm_b, org_b, steel(year, coal), year=year)


def address(organisation, **query):
    url = reverse("method-years", args=[organisation.credit_code])
    return url + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def test_every_step_adds_up_and_is_the_activity(city, org_b, three_years):
    found = method_years.year_on_year(city, org_b, KEY)
    assert [run.year for run in found.runs] == [2022, 2023, 2024]
    assert all(run.number > 1 for run in found.runs), "the replaced account is left"
    moved = [step.total for _run, step in found.steps]
    for total, coal in zip(moved, (100, -50), strict=True):
        assert total["activity"] == pytest.approx(coal * PER_TONNE)
        causes = ("activity", "parameter", "factor", "method", "boundary", "gap")
        assert sum(total[one] for one in causes) == pytest.approx(total["difference_tco2e"])
    labels = found.waterfall["x"]
    assert (labels[0], labels[-1]) == ("2022", "2024")
    assert [labels[i] for i in found.waterfall["totals"]] == ["2022", "2023", "2024"]


def test_the_page_the_links_and_the_workbook(client_for, firm_b, org_b, three_years):
    client = client_for(firm_b)
    page = client.get(address(org_b)).content.decode()
    assert "逐年按原因分解" in page
    assert 'id="method-years"' in page
    for name, key in (("enterprise", org_b.credit_code), ("method-run", 4)):
        assert address(org_b).rstrip("?") in client.get(reverse(name, args=[key])).content.decode()
    answer = client.get(address(org_b, export="xlsx"))
    event = AuditEvent.objects.filter(action="export.method-years").get()
    assert event.detail["runs"] == [2, 3, 4]
    cells = [one.value for line in load_workbook(BytesIO(answer.content)).active for one in line]
    assert any(isinstance(c, float) and c == pytest.approx(100 * PER_TONNE) for c in cells)


def test_one_year_alone_and_somebody_else(client_for, firm_a, firm_b, org_b):
    made(firm_b, org_b)
    assert "没有两个年度可比" in client_for(firm_b).get(address(org_b)).content.decode()
    assert client_for(firm_a).get(address(org_b)).status_code == 404
