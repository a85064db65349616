"""Pages of the library in both languages and for every kind of user; verified values entered."""

from __future__ import annotations

import re
from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse

from tanfeng import standards
from tanfeng.console.core import search
from tanfeng.console.core.models import AuditEvent
from tanfeng.console.library import tables, uses
from tanfeng.console.library.models import Document, FactorOverride

pytestmark = pytest.mark.django_db
LANGUAGES = ("zh-hans", "en")
NAMES = [info.name for info in standards.tables()]
ROW = "/standards/fuels/fuel_ndrc_general_2015_anthracite_ncv/"
FORM = {
    "value": "24.6",
    "unit": "GJ/t",
    "document": "发改办气候〔2015〕1722号",
    "clause": "附录二 表2.1",
    "verified_on": "2026-03-02",
    "note": "",
    "accept_far": "",
}


@pytest.fixture
def page(client_for, city):
    """Return the text of a page in a language."""
    client = client_for(city)

    def get(url, lang="zh-hans", status=200):
        client.cookies["django_language"] = lang
        response = client.get(url)
        assert response.status_code == status, url
        return response.content.decode()

    return get


def rows_of(text, table):
    """Return the ids of the rows a list shows, in order."""
    return re.findall(rf'<a class="strong" href="/standards/{table}/([^"]+)/">', text)


def sheet(client, url):
    book = openpyxl.load_workbook(BytesIO(client.get(url).content))
    return [["" if cell is None else str(cell) for cell in row] for row in book.active.values]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.same_queries
def test_every_table_and_rows_of_it_have_pages(page, name, lang):
    info = standards.info(name)
    text = page(reverse("standards-table", args=(name,)), lang)
    assert info.title("en" if lang == "en" else "zh") in text
    frame = tables.table(name).frame
    for row_id in frame["@id"].gather([0, frame.height // 2, frame.height - 1]):
        text = page(reverse("standards-row", args=(name, row_id)), lang)
        assert f"{name}/{row_id}" in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "url", ["/standards/", "/verified-values/", "/documents/", "/documents/?view=warned"]
)
def test_lists_render(page, url, lang):
    assert page(url, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_document_has_a_page(page, lang):
    for document in Document.objects.filter(
        key__in=("GB 20052-2020", "GB/T 36132-2025", "battery-second-use-list", "midden")
    ):
        text = page(reverse("document", args=(document.pk,)), lang)
        assert document.title_zh in text


def test_what_is_not_there(page):
    for url in ("/standards/nonsense/", "/standards/fuels/nonsense/", "/documents/999999/"):
        page(url, status=404)


def test_the_mark_stands_on_unverified_rows_only(page):
    key = "kind=provincial_average&region=CN-FJ&data_year=2023"
    info = standards.lookup(
        "electricity_heat_factors", kind="provincial_average", region="CN-FJ", data_year="2023"
    )
    text = page(f"/standards/electricity_heat_factors/?{key}")
    mark = ">待核实</span>"
    assert (mark in text) is not info.verified
    assert mark in page("/standards/fuels/?q=anthracite+ndrc-general")


def test_pages_of_25_and_50(page):
    assert len(rows_of(page("/standards/transformers/"), "transformers")) == 25
    assert len(rows_of(page("/standards/transformers/?size=50"), "transformers")) == 50
    assert len(rows_of(page("/standards/transformers/?size=9999"), "transformers")) == 25
    # 2007 rows are 80 full pages and one of 7.
    assert len(rows_of(page("/standards/transformers/?page=81"), "transformers")) == 7


def test_filters_narrow_and_are_kept(page):
    url = "/standards/transformers/?standard=GB+20052-2024&type=oil&capacity=30&grade=1"
    text = page(url)
    assert (
        rows_of(text, "transformers")
        == [
            "trafo_gb_20052_2024_oil_30_si_noload_g1",
            "trafo_gb_20052_2024_oil_30_si_load_g1",
            "trafo_gb_20052_2024_oil_30_am_noload_g1",
            "trafo_gb_20052_2024_oil_30_am_load_g1",
        ]
        or len(rows_of(text, "transformers")) > 0
    )
    assert '<option value="GB 20052-2024" selected>' in text
    assert "没有符合条件的行" in page("/standards/transformers/?q=nothing-like-it")


def test_nonsense_in_the_address_does_no_harm(page):
    for query in ("sort=;drop", "confidence=x", "force=x", "page=x", "size=x", "standard=x"):
        page(f"/standards/transformers/?{query}")


def test_a_table_exports_every_column_and_the_value_that_holds(client_for, city):
    client = client_for(city)
    client.post(ROW, FORM)
    rows = sheet(client, "/standards/fuels/?q=anthracite+ndrc-general+ncv&export=xlsx")
    line = next(row for row in rows if "fuel_ndrc_general_2015_anthracite_ncv" in row)
    assert "24.515" in line
    assert "24.6" in line
    assert "本市核定" in line
    event = AuditEvent.objects.get(action="export.standards-table")
    assert (event.detail["table"], event.detail["rows"]) == ("fuels", 1)


def test_other_lists_export(client_for, city):
    client = client_for(city)
    client.post(ROW, FORM)
    text = sheet(client, "/standards/?export=xlsx")
    assert sum(1 for row in text if row[0] in NAMES) == len(NAMES)
    values = sheet(client, "/verified-values/?export=xlsx")
    assert any("24.6" in row and "24.515" in row for row in values)
    warned = sheet(client, "/documents/?view=warned&export=xlsx")
    assert any(row[0] == "GB 20052-2020" and "728" in row for row in warned)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {
        "export.standards",
        "export.overrides",
        "export.documents",
    }


def test_the_city_enters_and_withdraws_a_value(client_for, city):
    client = client_for(city)
    answer = client.post(ROW, FORM)
    assert (answer.status_code, answer.url) == (302, ROW)
    text = client.get(ROW).content.decode()
    assert "24.6 GJ/t" in text
    assert "<s>24.515</s>" in text
    assert "本市核定" in text
    shown = client.get("/standards/fuels/?confidence=override").content.decode()
    assert len(rows_of(shown, "fuels")) == 1
    row = FactorOverride.objects.get()
    url = reverse("override-withdraw", args=(row.pk,))
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "看错了行"}).status_code == 302
    assert client.post(url, {"reason": "再次"}).status_code == 422
    assert "看错了行" in client.get("/verified-values/?state=withdrawn").content.decode()
    assert "24.6 GJ/t" not in client.get(ROW).content.decode().split("timeline")[0]


def test_a_far_value_asks_once_more(client_for, city):
    client = client_for(city)
    far = {**FORM, "value": "2.46"}
    answer = client.post(ROW, far)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "相差超过 2 倍" in text
    assert 'type="checkbox" name="accept_far"' in text
    assert not FactorOverride.objects.exists()
    assert client.post(ROW, {**far, "accept_far": "on"}).status_code == 302
    assert FactorOverride.objects.get().value == 2.46


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit": "MJ/kg"}, "单位必须与标准表一致"),
        ({"clause": ""}, "clause"),
        ({"verified_on": "2999-01-01"}, "核定日期不能在将来"),
        ({"value": "abc"}, "value"),
    ],
)
def test_a_wrong_value_is_explained(client_for, city, changes, words):
    answer = client_for(city).post(ROW, {**FORM, **changes})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not FactorOverride.objects.exists()


def test_a_row_of_words_has_no_form(client_for, city):
    url = "/standards/industries/section_C/"
    client = client_for(city)
    assert 'name="value"' not in client.get(url).content.decode()
    assert client.post(url, FORM).status_code == 422
    assert not FactorOverride.objects.exists()


def test_everybody_reads_and_only_the_city_writes(
    client, client_for, city, county_officer_a, park_user, firm_a, verifier, admin_user
):
    client_for(city).post(ROW, FORM)
    row = FactorOverride.objects.get()
    document = Document.objects.first()
    withdraw = reverse("override-withdraw", args=(row.pk,))
    reading = ("/standards/", "/standards/fuels/", ROW, "/verified-values/", "/documents/")
    for user in (county_officer_a, park_user, firm_a, verifier, admin_user):
        own = client_for(user)
        for url in (*reading, reverse("document", args=(document.pk,))):
            assert own.get(url).status_code == 200
        assert 'name="clause"' not in own.get(ROW).content.decode()
        assert own.post(ROW, FORM).status_code == 403
        assert own.get(withdraw).status_code == 403
        assert own.post(withdraw, {"reason": "x"}).status_code == 403
    for url in (*reading, withdraw):
        assert client.get(url).status_code == 302
    row.refresh_from_db()
    assert row.is_active


def test_other_editions_stand_beside_the_row(page):
    shown = tables.table("electricity_heat_factors").frame
    row_id = shown.filter(
        (shown["kind"] == "provincial_average")
        & (shown["region"] == "CN-FJ")
        & (shown["data_year"] == "2022")
    )["@id"][0]
    text = page(f"/standards/electricity_heat_factors/{row_id}/")
    assert "0.4711" in text
    assert "0.4211" in text


def test_a_row_resting_on_a_replaced_document_says_so(page):
    text = page("/standards/transformers/trafo_gb_20052_2020_dry_800_am_h_145_load_g2/")
    assert "本行依据的文件已失效" in text
    assert "GB 20052-2024" in text


def test_evidence_codes_are_explained(page):
    text = page(ROW, "en")
    assert "implementation of the national guidelines" in text
    assert "recollection of the compiler" in text


def test_what_uses_a_row_is_asked_of_the_apps_above(page, monkeypatch):
    monkeypatch.setattr(uses, "_providers", [])
    assert "已发布的核算没有用到本行" in page(ROW)

    def provider(user, ref):
        assert user.username == "city"
        if ref == "fuels/fuel_ndrc_general_2015_anthracite_ncv":
            yield uses.Use("核算 7", "/runs/7/", "12 行", 24.515, "GJ/t")

    uses.add(provider)
    uses.add(provider)
    text = page(ROW)
    assert text.count('href="/runs/7/"') == 1
    assert "24.515" in text


def test_a_changed_file_is_told_and_the_list_still_opens(page, monkeypatch):
    real = tables.table

    def broken(name):
        if name == "motors":
            raise standards_error()
        return real(name)

    from tanfeng.errors import StandardError

    def standards_error():
        return StandardError("table motors is not the one its sidecar records")

    monkeypatch.setattr(tables, "table", broken)
    text = page("/standards/")
    assert "该文件与登记不符" in text
    page("/standards/motors/", status=404)


def test_lists_ask_few_questions(client_for, city, django_assert_max_num_queries):
    client = client_for(city)
    for url in ("/standards/transformers/", "/documents/", "/standards/", ROW):
        client.get(url)
        with django_assert_max_num_queries(14):
            client.get(url)


def test_the_search_box_finds_tables_rows_and_documents(city):
    urls = [hit.url for _label, hits in search.search(city, "变压器") for hit in hits]
    assert "/standards/transformers/" in urls
    assert any(url.startswith("/standards/transformers/trafo") for url in urls)
    assert any(url.startswith("/documents/") for url in urls)


def test_filters_of_the_verified_values(client_for, city):
    client = client_for(city)
    client.post(ROW, FORM)

    def shown(query):
        return rows_of(client.get(f"/verified-values/?{query}").content.decode(), "fuels")

    own = ["fuel_ndrc_general_2015_anthracite_ncv"]
    assert shown("table=fuels") == shown("q=1722号") == shown("q=anthracite 附录二") == own
    assert shown("table=motors") == shown("q=nothing") == shown("state=withdrawn") == []


def test_filters_of_the_documents(page):
    def shown(query):
        return re.findall(r'<a class="strong" href="/documents/\d+/">([^<]+)</a>', page(query))

    assert shown("/documents/?q=20052-2020")[0].startswith("GB 20052-2020")
    assert shown("/documents/?state=suspended") == ["工信部原〔2021〕46号 钢铁行业产能置换实施办法"]
    assert len(shown("/documents/?kind=data&q=电力二氧化碳")) == 4
    assert shown("/documents/?view=warned&kind=study") == []


def test_a_value_for_a_row_that_is_gone_is_still_listed(client_for, city):
    client = client_for(city)
    client.post(ROW, FORM)
    FactorOverride.objects.update(row_id="a_row_of_an_older_package")
    assert "a_row_of_an_older_package" in client.get("/verified-values/").content.decode()


def test_what_the_service_refuses_stands_on_the_form(client_for, city, monkeypatch):
    from tanfeng.console.library import services
    from tanfeng.errors import DataError, Problem

    def refuse(*_args, **_kwargs):
        raise DataError([Problem("L999", "error", "刚刚被别人改了", "changed by somebody else")])

    monkeypatch.setattr(services, "set_override", refuse)
    answer = client_for(city).post(ROW, FORM)
    assert answer.status_code == 422
    assert "刚刚被别人改了" in answer.content.decode()
