"""Pages state what the hand gets, say whose total it is, and open down to cell and clause."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from django.urls import reverse

from tanfeng.console.accounting import frozen
from tanfeng.console.core.figures import GROUP
from tanfeng.console.core.models import AuditEvent, Batch, Subject

EXPORTS = (
    "/?export=xlsx",
    "/inventory/?export=xlsx",
    "/inventory/?rows=place&family=energy_equivalent&net=feedstock&export=xlsx",
    "/inventory/?rows=item&export=xlsx",
    "/runs/?export=xlsx",
    "/runs/1/findings/?export=xlsx",
    "/runs/1/factors/?export=xlsx",
    "/trace/?export=xlsx",
)
PAGES = (
    "/",
    "/?boundary=direct&year=2023",
    "/?basis=fossil&map=change",
    "/inventory/",
    "/inventory/?rows=place",
    "/inventory/?rows=item&basis=residual",
    "/inventory/?family=energy_calorific&net=both",
    "/runs/",
    "/runs/1/",
    "/runs/1/?check=1",
    "/runs/1/findings/",
    "/runs/1/findings/?severity=warning&year=2024",
    "/runs/1/factors/",
    "/runs/1/factors/?confidence=unverified",
    "/trace/",
    "/trace/?measure=energy_equivalent_net_both_tce&year=2024",
    "/trace/?quantity=emission_fuel_tco2",
)
ROLES = ("city", "county_officer_a", "park_user", "firm_a", "verifier", "admin_user")


def _page(client, url):
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def _workbook(response):
    assert response.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(response.content))


def _cells(response):
    sheet = _workbook(response).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_every_page_opens_for_every_role(subtests, request, client_for, run):
    for who in ROLES:
        with subtests.test(who):
            client = client_for(request.getfixturevalue(who))
            for url in PAGES:
                _page(client, url)


def test_every_list_leaves_as_a_workbook_with_its_day(client_for, run, city):
    client = client_for(city)
    for count, url in enumerate(EXPORTS, start=1):
        cells = _cells(client.get(url))
        text = " ".join(str(value) for row in cells for value in row if value is not None)
        assert "2025-03-31" in text, url
        assert AuditEvent.objects.filter(action__startswith="export.").count() == count


def test_demonstration_data_is_marked_in_every_export(client_for, run, city, batch_a):
    Batch.objects.filter(pk=batch_a.pk).update(is_demo=True)
    client = client_for(city)
    for url in EXPORTS:
        cells = _cells(client.get(url))
        text = " ".join(str(value) for row in cells for value in row if value is not None)
        assert "演示数据" in text, url


def test_the_city_s_headline_is_the_sum_of_both_firms(client_for, run, city, settings):
    settings.CITY_NAMES = {"zh": "测试市", "en": "Testville"}
    # 2024: A 12 000 x 0.4092 = 4 910.4 t of power and 50 t of diesel; B 11 000 t of coke.
    text = _page(client_for(city), "/?year=2024")
    h1 = re.search(r"<h1>(.*?)</h1>", text, re.S)[1]
    assert "测试市" in h1
    assert "2024" in h1


def test_a_county_s_total_is_the_county_s_and_says_so(client_for, run, county_officer_a):
    text = _page(client_for(county_officer_a), "/?year=2023")
    h1 = re.search(r"<h1>(.*?)</h1>", text, re.S)[1]
    # Firm A alone: 12 000 x 0.4092 = 4 910.4.
    assert "福清市" in h1
    assert f"4{GROUP}910" in h1
    assert "演示乙钢铁" not in text


def test_a_firm_sees_nothing_of_the_other(client_for, run, firm_a, org_b):
    client = client_for(firm_a)
    for url in (*PAGES, "/enterprises/"):
        text = _page(client, url)
        assert org_b.name not in text
        assert org_b.credit_code not in text
    assert client.get(f"/trace/?org={org_b.credit_code}").status_code == 404
    assert client.get(reverse("enterprise", args=[org_b.credit_code])).status_code == 404


def _line_of(run, org, item, quantity, month=1):
    frame = frozen.opened(run).lines.collect()
    rows = [
        row
        for row in frame.to_dicts()
        if (row["org_code"], row["item_key"], row["quantity"], row["month"], row["year"])
        == (org.credit_code, item, quantity, month, 2024)
    ]
    return rows[0]["line"]


def test_a_line_shows_formula_cell_and_clause(client_for, run, city, org_a):
    number = _line_of(run, org_a, "diesel", "emission_fuel_tco2")
    text = _page(client_for(city), f"/trace/1/{number}/?redo=1")
    assert "<math" in text
    # Consumption of the diesel row stands in column H, row 40 of the file.
    assert ">H40<" in text
    assert "甲-2024.xlsx" in text
    assert "2015" in text  # the guideline of 2015 with its clause
    assert "notice good" in text
    assert "待核实" in text


def test_three_clicks_from_the_city_s_total_to_a_cell(client_for, run, city):
    client = client_for(city)
    overview = _page(client, "/?year=2024")
    first = re.search(r'<h1><a[^>]*href="([^"]+)"', overview)[1].replace("&amp;", "&")
    groups = _page(client, first)
    second = re.search(r'href="(/trace/\?[^"]*org=[^"]+)"', groups)[1].replace("&amp;", "&")
    lines = _page(client, second)
    third = re.search(r'href="(/trace/1/\d+/)"', lines)[1]
    line = _page(client, third)
    assert re.search(r'href="/uploads/[0-9a-f-]+/\?row=\d+#cell-[A-Z]+\d+"', line)


def test_a_file_the_reader_may_not_open_is_named_without_link(
    client_for, run, batch_a, firm_a, org_a, org_b
):
    number = _line_of(run, org_a, "diesel", "emission_fuel_tco2")
    client = client_for(firm_a)
    assert "#cell-H40" in _page(client, f"/trace/1/{number}/")
    Subject.objects.create(batch=batch_a, org_code=org_b.credit_code)  # a file of two firms
    text = _page(client, f"/trace/1/{number}/")
    assert ">H40<" in text
    assert "甲-2024.xlsx" in text
    assert "#cell-" not in text


def test_a_line_of_another_s_firm_is_not_there(client_for, run, firm_b, org_a):
    number = _line_of(run, org_a, "diesel", "emission_fuel_tco2")
    client = client_for(firm_b)
    assert client.get(f"/trace/1/{number}/").status_code == 404
    assert client.get(f"/api/v1/lines/1/{number}").status_code == 404
    assert client.get("/trace/1/999999/").status_code == 404
    assert client.get("/trace/1/0/").status_code == 404


def test_drafts_are_for_officers(client_for, run, city, firm_a, county_officer_a, records):
    from console.accounting.conftest import AS_OF
    from tanfeng.console.accounting import services

    draft = services.compute_run(city, years=(2024,), title="Draft", as_of=AS_OF)
    assert client_for(county_officer_a).get(f"/runs/{draft.number}/").status_code == 200
    client = client_for(firm_a)
    for url in (
        f"/runs/{draft.number}/",
        f"/trace/{draft.number}/1/",
        f"/trace/?run={draft.number}",
    ):
        assert client.get(url).status_code == 404


def test_no_data_is_a_dash_not_zero(client_for, run, city):
    text = _page(client_for(city), "/inventory/?rows=place")
    # County B has nothing for 2023.
    assert 'class="none"' in text


def test_numbers_of_the_inventory_open_their_lines(client_for, run, city):
    text = _page(client_for(city), "/inventory/?rows=item&family=emission_direct")
    assert re.search(r'href="/trace/\?[^"]*item=coke[^"]*"', text)


def test_a_chart_of_many_rows_ends_with_the_sum_of_the_rest():
    """Eight colours: seven rows by themselves, the other three as one series without a link."""
    from tanfeng.console.accounting import measures
    from tanfeng.console.accounting.views import inventory

    values = [10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, None]
    rows = [
        {"key": f"p{number}", "name": f"P{number}", "cells": [{"value": value}]}
        for number, value in enumerate(values)
    ]
    measure = measures.named("emission_total_tco2")
    chart = inventory._chart({"rows": rows}, [2024], measure, "place", {})
    drawn = [(one["key"], one["values"]) for one in chart["series"]]
    # 3 + 2 = 5; what is not known adds nothing.
    assert drawn == [*((f"p{n}", [values[n]]) for n in range(7)), ("", [5.0])]
    eight = inventory._chart({"rows": rows[:8]}, [2024], measure, "place", {})
    assert [one["key"] for one in eight["series"]] == [f"p{n}" for n in range(8)]


def test_the_findings_of_one_enterprise_lead_back_to_all(client_for, run, city):
    text = _page(client_for(city), "/runs/1/findings/?org=x")
    assert 'href="/runs/1/findings/"' in text


def test_a_run_names_the_tables_it_rests_on_and_its_years(client_for, run, city):
    text = _page(client_for(city), "/runs/1/")
    assert re.search(r'<a href="/standards/energy_items/">[^<]*[\u4e00-\u9fff]', text)
    assert "2023–2024" in text


def test_a_full_width_bracket_brings_its_own_blank(client_for, run, city):
    for url in ("/inventory/", "/trace/"):
        headline = _page(client_for(city), url).partition("<h1>")[2].partition("</h1>")[0]
        assert "直接+电热）" in headline
        assert "） " not in headline


def test_computing_from_the_page_makes_a_job_and_a_run(client_for, run, city):
    answer = client_for(city).post(
        "/runs/compute/", {"title": "Of the page", "first_year": 2023, "last_year": 2024}
    )
    assert answer.status_code == 302
    assert answer.url.startswith("/jobs/")
    from tanfeng.console.accounting.models import Run

    made = Run.objects.get(title="Of the page")
    assert not made.published
    client_for(city).post(f"/runs/{made.number}/publish/")
    made.refresh_from_db()
    assert made.published


def test_comparing_runs_shows_the_causes(client_for, run, city, firm_a):
    from console.accounting.conftest import AS_OF
    from tanfeng.console.accounting import services

    services.compute_run(city, years=(2024,), title="Again", as_of=AS_OF)
    text = _page(client_for(city), "/runs/2/?compare=1")
    assert 'data-chart="waterfall"' in text
    cells = _cells(client_for(city).get("/runs/2/?compare=1&export=xlsx"))
    assert cells


@pytest.mark.parametrize("who", ["county_officer_a", "park_user", "firm_a", "admin_user"])
def test_only_the_city_posts_to_runs(request, client_for, run, who):
    client = client_for(request.getfixturevalue(who))
    assert client.post("/runs/compute/", {"first_year": 2024, "last_year": 2024}).status_code == 403
    assert client.post("/runs/1/publish/").status_code == 403


def test_the_brief_leaves_as_pdf_and_word(client_for, run, city, firm_a):
    client = client_for(city)
    _page(client, "/reports/city/")
    pdf = client.get("/reports/city/?format=pdf&year=2024")
    assert pdf.content.startswith(b"%PDF")
    word = client.get("/reports/city/?format=docx&year=2024")
    assert word.content.startswith(b"PK")
    assert client_for(firm_a).get("/reports/city/?format=pdf").status_code == 403


def test_without_a_run_the_pages_say_what_to_do(client_for, city, org_a):
    client = client_for(city)
    for url in ("/", "/inventory/", "/trace/", "/runs/", "/enterprises/", "/reports/city/"):
        _page(client, url)
    _page(client, reverse("enterprise", args=[org_a.credit_code]))


def test_english_pages_hold_no_chinese_but_names(client_for, run, city):
    client = client_for(city)
    client.cookies["django_language"] = "en"
    for url in PAGES:
        if "factors" in url:
            continue  # documents keep their Chinese titles
        text = _page(client, url)
        main = text.split("<main", 1)[1].split("</main>", 1)[0]
        main = re.sub(r"<script[^>]*application/json[^>]*>.*?</script>", "", main, flags=re.S)
        for known in ("演示甲玻璃有限公司", "演示乙钢铁有限公司", "中文"):
            main = main.replace(known, "")
        assert not re.findall(r"[\u4e00-\u9fff]+", main), url


def test_an_imported_map_is_drawn_and_what_has_no_shape_stands_beside(
    client_for, run, city, county_a, county_b
):
    square = [[119.0, 25.0], [119.5, 25.0], [119.5, 25.5], [119.0, 25.5], [119.0, 25.0]]
    county_a.geometry = {"type": "Polygon", "coordinates": [square]}
    county_a.geometry_source = "某测绘院 〔审图号 闽S(2025)1号〕"
    county_a.save()
    text = _page(client_for(city), "/?year=2024")
    assert "data-map" in text
    assert "闽S(2025)1号" in text
    assert "没有单独的边界" in text
    assert 'd="M' in text


def test_an_account_without_enterprises_is_told_so(client_for, run, verifier):
    verifier.assignments.all().delete()
    text = client_for(verifier).get("/").content.decode()
    assert "您的账户可见范围内没有企业" in text
    assert "受托核查的 0 家" not in text


def test_english_pages_write_the_gas_one_way(client_for, run, city, org_a):
    """CO₂ everywhere, also in the name of a factor that was shipped with CO2."""
    client = client_for(city)
    client.cookies["django_language"] = "en"
    for url in (*PAGES, reverse("enterprise", args=[org_a.credit_code])):
        if "factors" in url:
            continue  # documents keep their own words
        main = _page(client, url).split("<main", 1)[1].split("</main>", 1)[0]
        assert not re.findall(r"[^\n<>]*\bt?CO2\b[^\n<>]*", main), url
