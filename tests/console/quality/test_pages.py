"""The pages of data quality: what they show, what their forms do, what leaves as a workbook."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from quality_world import NOW, TODAY, point, quality_of, send
from tanfeng.console.core.models import AuditEvent, Job
from tanfeng.console.quality import heat, judging
from tanfeng.console.quality.models import Alert, Filing, Judgement, MonthQuality, Outage

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def world(firm_a, org_a, city):
    made = quality_of(org_a, point(firm_a, org_a), firm_a, city)
    Judgement.objects.create(pk=1, last_day=TODAY - DAY)
    return made


@pytest.fixture
def judged(firm_a, org_a):
    """Two points, one of them silent on the last day, judged."""
    made = [point(firm_a, org_a, name) for name in ("P-1", "P-2")]
    send(["P-1"])
    send(["P-2"], but=(TODAY - DAY, TODAY), batch="b2")
    judging.run(NOW)
    return made


def text(answer):
    return answer.content.decode()


def cells(answer):
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    return [cell for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]


@pytest.mark.parametrize(
    ("share", "key"),
    [(None, "not_due"), (1.0, "full"), (0.9, "connected"), (0.5, "weak"), (0.01, "broken"),
     (0.0, "silent")],
)  # fmt: skip
def test_a_day_has_its_class_and_its_words(share, key):
    assert heat.class_of(share) == key
    row = heat.cells([share], date(2026, 3, 1), date(2026, 3, 1))
    assert f"h-{key}" in row
    assert str(heat.HEAT[key]) in row


def test_days_that_were_not_judged_are_empty_and_marks_in_addresses_are_escaped():
    row = heat.cells([0.0, 0.0], date(2026, 3, 1), date(2026, 3, 1), '/x/?"{day}')
    assert row.count("h-silent") == 1
    assert 'href="/x/?&quot;2026-03-01"' in row


def test_the_overview_tells_the_month_and_who_broke(judged, client_for, city, county_officer_a):
    for user in (city, county_officer_a):
        page = text(client_for(user).get(reverse("quality")))
        # Nine of ten days of the only enterprise were connected.
        assert "2026-03：稳定联网率 90.0%" in page
        assert "P-2" in page, "it broke on the last day"
        assert "待核实" in page, "the required completeness is not checked against the document"
        assert page.count("h-full") >= 9
        assert page.count("h-weak") >= 1
    page = text(client_for(city).get(f"{reverse('quality')}?rows=county"))
    assert f"place={judged[0].organisation.place_id}" in page


def test_the_overview_is_filtered_and_exported(world, client_for, city):
    client, url = client_for(city), reverse("quality")
    name = world["outage"].organisation.name
    assert name in text(client.get(f"{url}?low=1"))
    assert name not in text(client.get(f"{url}?q=nobody"))
    assert "尚未评价" in text(client.get(f"{url}?month=2020-01"))
    assert client.get(f"{url}?month=9999-13").status_code == 200
    found = cells(client.get(f"{url}?export=xlsx"))
    assert name in found
    assert 76.54 in found
    assert AuditEvent.objects.filter(action="export.quality", user=city).exists()


def test_an_enterprise_goes_to_its_own_page(judged, client_for, firm_a, org_a):
    client = client_for(firm_a)
    answer = client.get(reverse("quality"))
    assert answer["Location"] == reverse("quality-of", args=[org_a.credit_code])
    page = text(client.get(answer["Location"]))
    assert "1 天完整率不达标" in page
    assert f"/monitoring/{judged[1].pk}/?span=day&amp;to=2026-03-10" in page
    found = cells(client.get(f"{answer['Location']}?export=xlsx"))
    assert "P-2" in found
    assert any(str(cell).startswith("1 天完整率不达标") for cell in found)


def test_main_meter_against_those_below_and_reports(firm_a, org_a, client_for):
    """Below is a half of above; no month is over, nothing is reported yet."""
    point(firm_a, org_a, "M", level=1)
    point(firm_a, org_a, "A", level=2)
    send(["M"], each=2.0)
    send(["A"], batch="b2")
    judging.run(NOW)
    url = f"{reverse('quality-of', args=[org_a.credit_code])}?view=balance"
    page = text(client_for(firm_a).get(url))
    assert "分表偏少" in page
    assert "50.0%" in page
    assert "10 / 10" in page, "each of the ten days is beyond the tolerance"
    assert "尚未填报" in page
    assert "分表偏少" in cells(client_for(firm_a).get(f"{url}&export=xlsx"))


def test_the_term_counts_down_in_working_days(world, client_for, firm_a, monkeypatch):
    """Due Thursday the 12th: one working day left on the 11th, two over on Monday the 16th."""
    from tanfeng.console.quality.views import outages

    told = [
        outages.countdown(world["outage"], day)[0] for day in (TODAY, TODAY + DAY, TODAY + 5 * DAY)
    ]
    assert told == ["还剩 1 个工作日", "今日到期", "已逾期 2 个工作日"]


def test_outages_are_listed_filtered_and_exported(world, client_for, city):
    client, url = client_for(city), reverse("outages")
    for query, there in (("", True), ("state=open", True), ("state=repaired", False),
                         ("state=down", True), ("broke=1", False), ("q=P-1", True)):  # fmt: skip
        assert (">P-1<" in text(client.get(f"{url}?{query}"))) is there, query
    assert "P-1" in cells(client.get(f"{url}?export=xlsx"))


def test_a_repair_is_confirmed_beside_the_meter(world, client_for, firm_a, county_officer_a):
    url = reverse("outage", args=[world["outage"].pk])
    officer = client_for(county_officer_a)
    assert 'name="cause"' not in text(officer.get(url))
    assert officer.post(url, {"do": "confirm", "cause": "x"}).status_code == 403
    client = client_for(firm_a)
    assert 'name="cause"' in text(client.get(url))
    assert client.post(url, {"do": "confirm", "cause": ""}).status_code == 422
    assert client.post(url, {"do": "x", "cause": "x"}).status_code == 400
    bad = SimpleUploadedFile("a.jpg", b"no picture")
    answer = client.post(url, {"do": "confirm", "cause": "换电源", "photograph": bad})
    assert answer.status_code == 422
    good = SimpleUploadedFile("a.jpg", b"\xff\xd8\xff\xe0")
    answer = client.post(url, {"do": "confirm", "cause": "换电源", "photograph": good})
    assert answer["Location"] == url
    page = text(client.get(url))
    assert "换电源" in page
    assert "等待读数恢复" in page
    assert world["alert"].text_zh in page, "the alert says why"


def test_an_outage_is_filed_from_its_page_and_accepted(world, client_for, firm_a, city):
    outage = world["outage"]
    client, url = client_for(firm_a), reverse("outage-filing-new")
    page = text(client.get(f"{url}?meter={outage.meter_id}&from={outage.first}"))
    assert 'value="2026-03-09"' in page
    assert f'value="{outage.meter_id}"' in page
    given = {"kind": "overhaul", "starts_on": "2026-03-09", "meters": outage.meter_id}
    assert client.post(url, given).status_code == 422
    paper = SimpleUploadedFile("单.pdf", b"%PDF-1.7")
    answer = client.post(url, {**given, "reason": "大修", "file": paper})
    filing = Filing.objects.get(kind="overhaul")
    assert answer["Location"] == reverse("outage-filing", args=[filing.pk])
    evidence = filing.evidence.get()
    taken = client.get(reverse("quality-evidence", args=[evidence.pk]))
    assert taken.content == b"%PDF-1.7"
    officer, page = client_for(city), reverse("outage-filing", args=[filing.pk])
    assert "accept_filing" in text(officer.get(page))
    officer.post(page, {"do": "accept_filing"})
    filing.refresh_from_db()
    assert filing.state == "accepted"
    assert officer.post(page, {"do": "nonsense"}).status_code == 400
    assert officer.post(page, {"do": "attach"}).status_code == 422


def test_filings_are_listed_filtered_and_exported(world, client_for, city):
    client, url = client_for(city), reverse("outage-filings")
    number = world["outage_filing"].number
    for query, there in (("", True), ("state=filed", True), ("state=accepted", False),
                         ("kind=stop", False), ("q=GZ", True)):  # fmt: skip
        assert (number in text(client.get(f"{url}?{query}"))) is there, query
    found = cells(client.get(f"{url}?export=xlsx"))
    assert number in found
    assert "P-1" in found


def test_the_city_files_on_behalf_of_an_enterprise(world, client_for, city, org_a, firm_a):
    client, url = client_for(city), reverse("outage-filing-new")
    assert 'name="org"' in text(client.get(url))
    assert 'name="reason"' in text(client.get(f"{url}?org={org_a.credit_code}"))
    assert client.get(f"{url}?org=91350100M000000000").status_code == 404


def test_alerts_are_acknowledged_together(world, client_for, city, firm_a):
    client, url = client_for(city), reverse("alerts")
    alert = world["alert"]
    page = text(client.get(url))
    assert alert.text_zh in page
    assert '<i class="badge">1</i>' in page, "the side bar counts what is new"
    answer = client.post(url, {"do": "acknowledge", "alert": [alert.pk]})
    assert answer.status_code == 302
    alert.refresh_from_db()
    assert alert.state == "acknowledged"
    assert "badge" not in text(client.get(url))
    assert client_for(firm_a).post(url, {"do": "acknowledge"}).status_code == 403
    assert client.post(url, {"do": "x"}).status_code == 400


def test_alerts_are_filtered_and_exported(world, client_for, city):
    client, url = client_for(city), reverse("alerts")
    words = world["alert"].text_zh
    for query, there in (("", True), ("state=closed", False), ("state=all", True),
                         ("state=late", False), ("level=2", True), ("level=4", False),
                         ("rule=late_data", False), ("rule=point_silent&all=1", True),
                         ("q=nobody", False)):  # fmt: skip
        assert (words in text(client.get(f"{url}?{query}"))) is there, query
    found = cells(client.get(f"{url}?export=xlsx"))
    assert {"point_silent", words} <= set(found)
    assert any("C30" in str(cell) for cell in found), "each threshold has its source"


def test_a_work_order_goes_out_and_comes_back(world, client_for, city, firm_a):
    url = reverse("alert", args=[world["alert"].pk])
    officer, firm = client_for(city), client_for(firm_a)
    page = text(officer.get(url))
    assert "point_silent" in page
    assert "待核实" in page
    officer.post(url, {"do": "order", "remark": "三日内修复", "due_on": "2026-03-20"})
    page = text(firm.get(url))
    assert "GD-2026-" in page or "GD-" in page
    proof = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n")
    assert firm.post(url, {"do": "attach", "file": proof}).status_code == 302
    assert firm.post(url, {"do": "attach"}).status_code == 422
    firm.post(url, {"do": "answer_order", "remark": "已修复"})
    officer.post(url, {"do": "close_alert", "remark": "核实"})
    world["alert"].refresh_from_db()
    assert world["alert"].state == "closed"
    assert "a.png" in text(officer.get(url))
    late = officer.post(url, {"do": "order", "remark": "x", "due_on": "2026-03-20"})
    assert late.status_code == 302
    assert "不能" in text(officer.get(url)), "a closed one cannot be ordered"


def test_an_alert_leads_to_what_it_rests_on(world, org_a):
    from tanfeng.console.quality.views.alerts import evidence_url

    alert = world["alert"]
    assert evidence_url(alert) == f"/monitoring/{alert.meter_id}/?span=week&to=2026-03-10"
    alert.meter = None
    assert evidence_url(alert) == f"/quality/{org_a.credit_code}/?month=2026-03"
    alert.rule = "submeter_deviation"
    assert evidence_url(alert).endswith("view=balance")
    alert.kind, alert.object_key = "gateway", "gateway:7"
    assert evidence_url(alert) == "/gateways/7/"
    alert.kind, alert.organisation = "node", None
    assert evidence_url(alert) == ""


def test_a_month_is_judged_again_on_demand(judged, client_for, city, county_officer_a):
    url = f"{reverse('quality')}?month=2026-03"
    assert client_for(county_officer_a).post(url, {"do": "judge"}).status_code == 403
    MonthQuality.objects.all().delete()
    answer = client_for(city).post(url, {"do": "judge"})
    job = Job.objects.get(kind="quality.judge")
    assert answer["Location"] == reverse("job", args=[job.pk])
    assert job.status == Job.Status.DONE
    assert job.result["days"] >= 20, "and the days since, which are due by now"
    assert MonthQuality.objects.exists()
    assert client_for(city).post(url, {"do": "x"}).status_code == 400


def test_nothing_judged_says_so(client_for, city, county_officer_a, verifier):
    for user in (city, county_officer_a, verifier):
        page = text(client_for(user).get(reverse("quality")))
        assert "尚未评价" in page
    assert client_for(city).post(reverse("quality"), {"do": "judge"}).status_code == 302
    assert not Alert.objects.exists()
    assert not Outage.objects.exists()


def test_pages_speak_english(world, client_for, city):
    client = client_for(city)
    client.post(reverse("set-language"), {"language": "en"})
    for name, words in (("quality", "1 enterprise judged"), ("outages", "Repair by"),
                        ("alerts", "New"), ("outage-filings", "Filing number")):  # fmt: skip
        page = text(client.get(reverse(name)))
        assert words in page
    assert "is silent" in text(client.get(reverse("alerts")))
