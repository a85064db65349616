"""A workbook of a sector method goes in, a frozen account comes out, and everybody sees his own.

The steelworks of 2023 (firm B) burns 1 000 t of bituminous coal, decomposes 500 t of limestone,
buys 12 000 MWh and sells 900 t of crude steel. By hand from the defaults of the method:

    coal         1000 x 19.57 x 0.0261 x 0.93 x 44/12 = 1741.7496
    limestone    500 x 0.44                           =  220.0
    crude steel  -900 x 0.0154                        =  -13.86
"""

from __future__ import annotations

from io import BytesIO

import pytest
from django.urls import reverse
from docx import Document as open_word
from openpyxl import load_workbook

from method_books import MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import factor_uses, method_files, method_pages, method_services
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.core.models import AuditEvent
from tanfeng.errors import DataError, ModelError

KEY = "gb_t_32151_5_2015"
STEEL = METHODS[KEY]
CODE_B = "91359999MADEM00028"


def steel(year=2023, coal=1000, code=CODE_B, **more):
    """Return the workbook of the steelworks."""
    book = MethodBook(STEEL)
    common = {"period": str(year), "credit_code": code, "org_name": "演示乙钢铁有限公司"}
    book.add("fuel", item="烟煤", used_qty=coal, data_source="计量", **common)
    book.add("flux", item="石灰石", used_qty=500, **common)
    book.add("electricity", item="电力", purchased_mwh=12000, **common)
    book.add("fixed_carbon", item="粗钢", product_qty=900, **common)
    for stream, cells in more.items():
        book.add(stream, **{**common, **cells})
    return book


def made(user, organisation, book=None, *, year=2023, **more):
    content = (book or steel(year)).content()
    return method_services.account(
        user, organisation, content, "乙钢.xlsx", method_key=KEY, year=year, **more
    )


def post(client, organisation, content, **more):
    file = BytesIO(content)
    file.name = "乙钢.xlsx"
    fields = {"method": KEY, "year": 2023, "file": file, **more}
    return client.post(reverse("method-new", args=[organisation.credit_code]), fields)


# Handing in


def test_a_filled_in_template_becomes_a_frozen_account(client_for, firm_b, org_b):
    answer = post(client_for(firm_b), org_b, steel().content())
    run = MethodRun.objects.get()
    assert answer["Location"] == reverse("method-run", args=[run.number])
    by_stream = {
        one["stream"]: one["emission_tco2e"] for one in method_files.opened(run).told["streams"]
    }
    assert by_stream["fuel"] == pytest.approx(1000 * 19.57 * 0.0261 * 0.93 * 44 / 12)
    assert by_stream["flux"] == pytest.approx(500 * 0.44)
    assert by_stream["fixed_carbon"] == pytest.approx(-900 * 0.0154)
    counted = [value for value in by_stream.values() if value is not None]
    assert run.emission_total_tco2e == pytest.approx(sum(counted))
    direct = run.emission_total_tco2e - by_stream["electricity"]
    assert run.emission_direct_tco2e == pytest.approx(direct)
    assert run.emission_heat_tco2e is None, "no data is not zero"
    assert run.confidence in ("single", "recalled")
    event = AuditEvent.objects.filter(action="method.account").get()
    assert (event.object_id, event.detail["sha256"]) == (str(run.pk), run.sha256)
    assert not method_files.broken_files(run)


def test_every_problem_is_told_by_its_cell_and_nothing_is_kept(client_for, firm_b, org_b):
    book = steel()
    book.cell("fuel", "used_qty", _row_of(book, "fuel")).value = "很多"
    answer = post(client_for(firm_b), org_b, book.content())
    page = answer.content.decode()
    letter = book.cell("fuel", "used_qty", 1).column_letter
    assert answer.status_code == 400
    assert f"{letter}{_row_of(book, 'fuel')}" in page
    assert not MethodRun.objects.exists()
    assert AuditEvent.objects.filter(action="method.refuse").count() == 1


def _row_of(book, stream):
    """Return the row of the one entry of a stream's sheet."""
    return book._places[book.names[stream]][1][0] - 1


def test_rows_with_an_error_are_left_out_when_asked_and_listed(client_for, city, org_b):
    book = steel()
    book.cell("fuel", "used_qty", _row_of(book, "fuel")).value = "很多"
    answer = post(client_for(city), org_b, book.content(), partial="on")
    run = MethodRun.objects.get()
    assert answer.status_code == 302
    fuel = next(one for one in method_pages.streams(run) if one["stream"] == "fuel")
    assert (fuel["rows"], fuel["missing_rows"], fuel["emission_tco2e"]) == (1, 1, None)
    assert run.missing_rows == 1
    page = client_for(city).get(reverse("method-run", args=[run.number])).content.decode()
    assert "很多" in page


def test_a_workbook_that_names_another_enterprise_is_refused(city, org_b):
    book = steel()
    book.add("flux", item="白云石", used_qty=5, period="2023", credit_code="91359999MADEM00015")
    with pytest.raises(DataError) as caught:
        made(city, org_b, book, partial=True)
    foreign = [one for one in caught.value.problems if one.rule == "F101"]
    assert [(one.sheet, one.value) for one in foreign] == [
        (book.names["flux"], "91359999MADEM00015")
    ]
    assert not MethodRun.objects.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"x" * (2 * 2**20 + 1)])
def test_what_is_no_workbook_or_too_large_is_refused(client_for, firm_b, org_b, content):
    answer = post(client_for(firm_b), org_b, content)
    assert answer.status_code == 400
    assert not MethodRun.objects.exists()


def test_unknown_method_and_year_are_refused(city, org_b):
    content = steel().content()
    with pytest.raises(ModelError):
        method_services.account(city, org_b, content, "a.xlsx", method_key="no", year=2023)
    with pytest.raises(ModelError):
        method_services.account(city, org_b, content, "a.xlsx", method_key=KEY, year=1900)


def test_a_workbook_of_another_year_has_nothing_to_account(city, org_b):
    with pytest.raises(DataError):
        made(city, org_b, steel(2022), year=2023, partial=True)


# Who may


@pytest.mark.parametrize(
    ("who", "status"),
    [("firm_b", 200), ("city", 200), ("county_officer_b", 200), ("county_officer_a", 404),
     ("firm_a", 404), ("park_user", 404), ("verifier", 404), ("admin_user", 404)],
)  # fmt: skip
def test_who_may_hand_in_for_firm_b(request, client_for, org_a, org_b, who, status):
    user = request.getfixturevalue(who)
    answer = client_for(user).get(reverse("method-new", args=[org_b.credit_code]))
    assert answer.status_code == status


def test_a_verifier_and_a_park_read_what_they_see_and_hand_nothing_in(
    client_for, city, verifier, park_user, org_a
):
    book = steel(code=org_a.credit_code)
    run = made(city, org_a, book)
    for user in (verifier, park_user):
        client = client_for(user)
        page = client.get(reverse("method-run", args=[run.number]))
        assert page.status_code == 200
        assert reverse("method-new", args=[org_a.credit_code]) not in page.content.decode()
        assert post(client, org_a, book.content()).status_code == 403
    assert MethodRun.objects.count() == 1


# Frozen


def test_a_later_account_replaces_and_the_earlier_one_stays(client_for, city, org_b):
    first = made(city, org_b)
    before = {name: (method_files.folder_of(first) / name).read_bytes()
              for name in first.manifest["files"]}  # fmt: skip
    second = made(city, org_b, steel(coal=1100))
    other_year = made(city, org_b, steel(2022), year=2022)
    first.refresh_from_db()
    assert (second.replaces, first.replaced_by, other_year.replaces) == (first, second, None)
    assert [one.number for one in (first, second, other_year)] == [1, 2, 3]
    for name, content in before.items():
        assert (method_files.folder_of(first) / name).read_bytes() == content
    page = client_for(city).get(reverse("method-run", args=[1])).content.decode()
    assert reverse("method-run", args=[2]) in page
    listed = client_for(city).get(reverse("methods")).content.decode()
    assert reverse("method-run", args=[1]) not in listed
    assert reverse("method-run", args=[1]) in (
        client_for(city).get(reverse("methods"), {"state": "all"}).content.decode()
    )


def test_a_file_that_was_changed_is_told(client_for, city, org_b):
    run = made(city, org_b)
    (method_files.folder_of(run) / "workbook").write_bytes(b"other")
    assert method_files.broken_files(run) == ["workbook"]
    page = client_for(city).get(reverse("method-run", args=[run.number]), {"check": 1})
    assert "workbook" in page.content.decode()


def test_nothing_is_left_when_freezing_fails(monkeypatch, city, org_b, settings):
    def broken(*_):
        raise RuntimeError("disk")

    monkeypatch.setattr(method_files, "put_in_place", broken)
    with pytest.raises(RuntimeError):
        made(city, org_b)
    assert not MethodRun.objects.exists()
    assert not list(settings.RUNS.rglob("*.parquet"))


# What the page says


def test_the_waterfall_goes_from_the_streams_to_the_total_in_the_official_order(city, org_b):
    run = made(city, org_b)
    picture = method_pages.waterfall(run)
    order = [stream.key for stream in STEEL.streams]
    keys = picture["keys"][:-1]
    assert keys == [key for key in order if key in keys]
    assert {"fuel", "flux", "electricity", "fixed_carbon"} == set(keys)
    *steps, total = picture["series"][0]["values"]
    assert sum(steps) == pytest.approx(total, abs=1e-5)
    assert total == pytest.approx(run.emission_total_tco2e, abs=1e-5)
    assert picture["totals"] == [4]


def test_a_line_shows_formula_cell_and_factor_and_is_redone(client_for, city, org_b):
    book = steel()
    run = made(city, org_b, book)
    end = next(
        one for one in method_pages.lines(run, "flux") if one["quantity"] == "emission_tco2e"
    )
    page = client_for(city).get(end["url"], {"redo": 1}).content.decode()
    cell = f"{book.cell('flux', 'used_qty', 1).column_letter}{_row_of(book, 'flux')}"
    assert "<math" in page
    assert cell in page
    assert "process_factors/" in page or reverse("standards") in page
    assert "待核实" in page
    shown = method_pages.line(run, end["line"])
    assert shown["redone"] == pytest.approx(shown["row"]["value"], rel=1e-12)
    assert client_for(city).get(reverse("method-line", args=[1, 9999])).status_code == 404


def test_candidates_that_were_passed_over_stand_at_the_input_with_the_rule(client_for, city, org_b):
    book = steel()
    coal = {"stream": "化石燃料燃烧", "item": "烟煤", "parameter": "低位发热量 NCV",
            "period": "2023", "credit_code": CODE_B}  # fmt: skip
    book.tested(**coal, value=22.1, source="实测")
    book.tested(**coal, value=21.5, source="供应商")
    run = made(city, org_b, book)
    cards = [
        one
        for row in method_pages.lines(run, "fuel")
        for one in method_pages.line(run, row["line"])["inputs"]
        if one["candidates"]
    ]
    assert [(c["value"], c["chosen"]) for c in cards[0]["candidates"]] == [
        (22.1, True), (21.5, False)
    ]  # fmt: skip
    assert all(choice["rule"] for choice in cards[0]["candidates"])
    found = {one["code"] for one in method_pages.findings(run.created_by, run)}
    assert "candidate_rejected" in found


def test_what_moved_is_explained_by_cause_without_a_rest(client_for, city, org_b):
    first = made(city, org_b)
    second = made(city, org_b, steel(coal=1100))
    found = method_pages.difference(second, first)
    fuel = next(row for row in found.rows if row["stream"] == "fuel")
    # 100 t of 1 000 t more coal, every parameter as before: a tenth more, by activity alone.
    assert fuel["activity"] == pytest.approx(0.1 * fuel["emission_a_tco2e"])
    causes = sum(found.total[cause] for cause in method_pages.CAUSES)
    assert causes == pytest.approx(second.emission_total_tco2e - first.emission_total_tco2e)
    assert method_pages.others(city, second) == [first]
    page = client_for(city).get(reverse("method-run", args=[second.number])).content.decode()
    assert 'id="difference"' in page


def test_a_row_the_earlier_account_kept_out_is_a_gap_and_no_boundary(client_for, city, org_b):
    book = steel(2022)
    book.cell("fuel", "used_qty", _row_of(book, "fuel")).value = "很多"
    post(client_for(city), org_b, book.content(), partial="on", year=2022)
    first = MethodRun.objects.get()
    found = method_pages.difference(made(city, org_b), first)
    fuel = next(row for row in found.rows if row["stream"] == "fuel")
    assert fuel["gap"] == pytest.approx(1000 * 19.57 * 0.0261 * 0.93 * 44 / 12)
    assert found.total["boundary"] == pytest.approx(0)


def test_another_year_is_compared_as_if_of_one_year(city, org_b):
    first = made(city, org_b, steel(2022, coal=900), year=2022)
    second = made(city, org_b)
    found = method_pages.difference(second, first)
    assert found.total["boundary"] == pytest.approx(0)
    fuel = next(row for row in found.rows if row["stream"] == "fuel")
    assert fuel["activity"] == pytest.approx(fuel["emission_a_tco2e"] / 9)


# What leaves


def test_template_reports_and_workbook_leave_with_their_event(client_for, firm_b, city, org_b):
    template = client_for(firm_b).get(reverse("method-template", args=[KEY]))
    assert load_workbook(BytesIO(template.content)).sheetnames
    book = steel()
    run = made(firm_b, org_b, book)
    client, url = client_for(city), reverse("method-run", args=[run.number])
    excel = load_workbook(BytesIO(client.get(url, {"format": "xlsx"}).content))
    cells = [str(c.value) for sheet in excel for row in sheet.iter_rows() for c in row if c.value]
    event = AuditEvent.objects.filter(action="export.method-report").latest("id")
    assert any(f"{event.pk}" in text and "city" in text for text in cells)
    assert any("演示数据" in text for text in cells)
    word = open_word(BytesIO(client.get(url, {"format": "docx"}).content))
    assert any("温室气体排放报告" in one.text for one in word.paragraphs)
    kept = client.get(url, {"format": "workbook"})
    assert load_workbook(BytesIO(kept.content)).sheetnames == book.book.sheetnames
    actions = list(AuditEvent.objects.values_list("action", flat=True))
    assert actions.count("export.method-report") == 2
    assert actions.count("export.method-workbook") == 1


def test_the_list_leaves_as_a_workbook(client_for, city, org_b):
    made(city, org_b)
    answer = client_for(city).get(reverse("methods"), {"export": "xlsx", "q": "演示乙"})
    rows = list(load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert any(row[0] == "M1" for row in rows)


def test_the_enterprise_page_leads_to_its_accounts(client_for, firm_b, verifier, org_a, org_b):
    run = made(firm_b, org_b)
    url = reverse("enterprise", args=[org_b.credit_code])
    page = client_for(firm_b).get(url).content.decode()
    assert reverse("method-run", args=[run.number]) in page
    assert reverse("method-new", args=[org_b.credit_code]) in page
    url = reverse("enterprise", args=[org_a.credit_code])
    page = client_for(verifier).get(url).content.decode()
    assert reverse("method-new", args=[org_a.credit_code]) not in page


def test_the_pages_speak_english(client_for, city, org_b):
    run = made(city, org_b)
    client = client_for(city)
    client.cookies["django_language"] = "en"
    for url in (reverse("methods"), reverse("method-run", args=[run.number]),
                reverse("method-new", args=[org_b.credit_code])):  # fmt: skip
        assert client.get(url).status_code == 200
    page = client.get(reverse("method-run", args=[run.number])).content.decode()
    assert "What a verifier looks at first" in page


def test_a_row_of_the_standards_tells_the_accounts_that_lean_on_it(city, firm_a, org_b):
    made(city, org_b)
    run = made(city, org_b)
    ref = next(
        one["ref"]
        for row in method_pages.lines(run, "flux")
        for one in row["inputs"]
        if one["factor"]
    )
    (use,) = factor_uses.of_method_accounts(city, ref)
    assert (use.url, use.value) == (reverse("method-run", args=[run.number]), 0.44)
    assert list(factor_uses.of_method_accounts(firm_a, ref)) == []


def test_a_power_account_shows_the_results_of_its_units(client_for, city, firm_b, org_b):
    book = MethodBook(METHODS["mee_2022_power"])
    common = {"period": "2023", "part": "#1", "credit_code": CODE_B}
    book.add("oil_gas", item="柴油", used_qty=50, **common)
    book.produced(generation_mwh=1000, heat_supplied_gj=0, **common)
    run = method_services.account(
        firm_b, org_b, book.content(), "热电.xlsx", method_key="mee_2022_power", year=2023
    )
    page = client_for(city).get(reverse("method-run", args=[run.number]))
    told = {one["quantity"]: one for one in page.context["units"]}
    # 50 t x 42.652 x 0.0202 x 0.98 x 44/12 = 154.7955 t over 1000 MWh
    assert told["intensity_generation_tco2_mwh"]["value"] == pytest.approx(0.1547955, rel=1e-6)
    text = page.content.decode()
    assert "发电碳排放强度" in text
    assert "S_fd = E_fd / W_fd" in text
