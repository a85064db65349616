"""The pages of a close: what is shown, what is asked, who may, what leaves as a workbook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from unittest.mock import Mock

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from closing_world import CLOSED_AT, OCTOBER, WHOLE, hang, read, report
from tanfeng.console.accounting import figures, frozen
from tanfeng.console.accounting import services as accounting
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.closing import services
from tanfeng.console.closing.figures import Typed
from tanfeng.console.closing.models import MonthClose
from tanfeng.console.core.models import AuditEvent
from tanfeng.errors import ModelError

RUN_AT = datetime(2026, 3, 31, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def metered(firm_a, org_a):
    hang(firm_a, org_a, "P-1")
    read("P-1")
    report(firm_a, org_a, consumption_total_qty=113.0)
    return org_a


def page_of(organisation, **asked):
    return reverse("closing", args=[organisation.credit_code, 2025, 10]), asked


def cells(response):
    book = load_workbook(BytesIO(response.content))
    return [str(cell) for row in book.active.values for cell in row if cell is not None]


def test_a_month_from_looking_to_closing_to_opening(metered, firm_a, client_for):
    client, (url, _asked) = client_for(firm_a), page_of(metered)
    page = client.get(url).content.decode()
    assert "119.04" in page
    assert "+5.35%" in page
    assert "超过限值" in page
    assert "待核实" in page, "the limit has one source"
    # Without the remark: told on the page, nothing written.
    answer = client.post(url, {"do": "preview", "take-electricity": "1"})
    assert answer.status_code == 400
    assert "请填写说明" in answer.content.decode()
    answer = client.post(
        url, {"do": "preview", "take-electricity": "1", "remark-electricity": "抄表日不同"}
    )
    page = answer.content.decode()
    assert "能源月报的变化" in page
    assert not MonthClose.objects.exists()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    fields = {"do": "close", "take-electricity": "1", "remark-electricity": "抄表日不同"}
    answer = client.post(url, {**fields, "seen": "0" * 16})
    assert answer.status_code == 400
    answer = client.post(url, {**fields, "seen": seen}, follow=True)
    page = answer.content.decode()
    assert "关账内容" in page
    close = MonthClose.objects.get()
    assert f'href="{reverse("upload", args=[close.batch_id])}"' in page
    assert EnergyRecord.objects.current().get().consumption_total_qty == 119.04
    answer = client.post(url, {"do": "reopen", "reason": ""})
    assert answer.status_code == 400
    answer = client.post(url, {"do": "reopen", "reason": "补传"}, follow=True)
    assert "未关账" in answer.content.decode()
    shown = client.get(url, {"close": close.pk}).content.decode()
    assert "补传" in shown
    assert client.get(url, {"close": close.pk + 1}).status_code == 404


def test_what_was_typed_stays_on_the_page(firm_a, org_a, client_for):
    hang(firm_a, org_a, "P-1")
    read("P-1", last=960)
    client, (url, _asked) = client_for(firm_a), page_of(org_a)
    assert "不评判" in client.get(url).content.decode()
    fields = {"do": "preview", "take-electricity": "1", "added-electricity": "abc"}
    page = client.post(url, fields)
    assert page.status_code == 400
    assert "不是数量" in page.content.decode()
    fields |= {"added-electricity": "80.5", "why-electricity": "电费单"}
    page = client.post(url, fields).content.decode()
    assert page.count('value="80.5"') == 2, "in the form and with the close"
    assert "118.9" in page
    assert client.post(url, {"do": "preview"}).status_code == 400


def test_lists_show_who_closed_and_who_did_not(metered, firm_a, city, county_officer_a, client_for):
    client = client_for(county_officer_a)
    url = reverse("closings")
    assert "未关账" in client.get(url, {"month": "2025-10"}).content.decode()
    month_url, _asked = page_of(metered)
    seen = client.get(month_url).content.decode()
    assert 'name="do" value="preview"' not in seen, "the county reads"
    assert client.post(month_url, {"do": "close", "take-electricity": "1"}).status_code == 403
    services.close(
        firm_a, metered, OCTOBER, {"electricity": Typed(remark="抄表日不同")}, at=CLOSED_AT
    )
    page = client.get(url, {"month": "2025-10"}).content.decode()
    assert "5.35" in page
    assert metered.name in page
    for state, there in (("closed", True), ("open", False), ("over", True)):
        page = client.get(url, {"month": "2025-10", "state": state}).content.decode()
        assert (metered.credit_code in page) is there
    assert metered.name in " ".join(cells(client.get(url, {"month": "2025-10", "export": "xlsx"})))
    of = reverse("closings-of", args=[metered.credit_code])
    assert client.get(of).status_code == 200
    assert "2025-10" in " ".join(cells(client.get(of, {"export": "xlsx"})))
    text = " ".join(cells(client.get(month_url, {"export": "xlsx"})))
    assert "抄表日不同" in text
    assert "119.04" in text
    assert AuditEvent.objects.filter(action="export.month-close").exists()
    assert client_for(firm_a).get(url).status_code == 302
    assert client.get(url, {"month": "nonsense"}).status_code == 200


def test_the_county_sees_whose_figures_moved_since_the_close(
    metered, firm_a, county_officer_a, client_for, monkeypatch
):
    client, code = client_for(county_officer_a), metered.credit_code
    remark = Typed(remark="抄表日不同")
    services.close(firm_a, metered, OCTOBER, {"electricity": remark}, at=CLOSED_AT)
    url, asked = reverse("closings"), {"month": "2025-10", "state": "moved"}
    assert code not in client.get(url, asked).content.decode()
    # The last quarter hour is read again, 1 of the register higher: 400 kWh more.
    late = CLOSED_AT + timedelta(days=3)
    read("P-1", first=WHOLE, last=WHOLE, step=(WHOLE + 1) / WHOLE, batch="late", received=late)
    page = client.get(url, asked).content.decode()
    assert code in page
    assert "1 家企业关账后计量数据有变动" in page
    assert "关账后有变动" in client.get(reverse("closings-of", args=[code])).content.decode()
    seen = cells(client.get(url, {**asked, "export": "xlsx"}))
    assert "是" in seen
    services._moved_in.cache_clear()  # nothing changed, so nobody would ask
    refused = ModelError("no sum", "不能相加")
    monkeypatch.setattr(services.amounts, "of_nodes", Mock(side_effect=refused))
    assert "不能相加" in client.get(url, {"month": "2025-10"}).content.decode()
    assert client.get(reverse("closings-of", args=[code])).status_code == 200


def test_an_open_month_leaves_as_a_workbook_too(metered, firm_a, client_for):
    url, _asked = page_of(metered)
    text = " ".join(cells(client_for(firm_a).get(url, {"export": "xlsx"})))
    assert "113" in text
    assert "P-1" in text


def test_months_that_are_none(metered, firm_a, firm_b, client_for):
    client, code = client_for(firm_a), metered.credit_code
    for year, month in ((2025, 0), (2025, 13), (1999, 5), (2999, 5)):
        assert client.get(f"/closing/{code}/{year}/{month}/").status_code == 404
    assert client_for(firm_b).get(page_of(metered)[0]).status_code == 404
    empty = client.get(f"/closing/{code}/2024/1/")
    assert "本月没有计量或上报的能源" in empty.content.decode()


def test_a_line_of_the_city_leads_to_the_close(
    metered, firm_a, city, client_for, settings, tmp_path
):
    settings.RUNS = tmp_path / "runs"
    frozen._opened.cache_clear()
    figures._year_figures.cache_clear()
    remark = Typed(remark="抄表日不同")
    close = services.close(firm_a, metered, OCTOBER, {"electricity": remark}, at=CLOSED_AT)
    run = accounting.compute_run(city, years=(2025,), title="t", as_of=RUN_AT)
    page = client_for(city).get(reverse("trace-line", args=[run.number, 1])).content.decode()
    url, _asked = page_of(metered)
    assert f'href="{url}?close={close.pk}#electricity"' in page
    assert "1 个计量点" in page
