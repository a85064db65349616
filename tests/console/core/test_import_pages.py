"""The pages of forms and import, as a person walks through them."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from form_files import credit_code, energy, workbook
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import commits, imports, preview, storage, uploads
from tanfeng.console.core.models import AuditEvent, Batch, Job
from tanfeng.console.core.parsed import Parsed

A, B = "91359999MADEM00015", "91359999MADEM00028"
UNKNOWN = credit_code(1)


def _file(*rows):
    return workbook("monthly_energy", list(rows))


def _months(count, **more):
    return [
        energy(A, f"{2022 + n // 12}-{n % 12 + 1:02d}", 100.0 + n % 12, **more)
        for n in range(count)
    ]


@pytest.fixture
def hand_in(client_for):
    """Upload a file through the page and return the client and the batch."""

    def send(user, content, name="能源.xlsx", **fields):
        client = client_for(user)
        file = SimpleUploadedFile(name, content)
        answer = client.post(reverse("upload-new"), {"file": file, "form_key": "", **fields})
        assert answer.status_code == 302, answer.content.decode()
        return client, Batch.objects.order_by("-uploaded_at").first()

    return send


def _open(client, batch, **query):
    return client.get(reverse("upload", args=(batch.pk,)), query)


def _post(client, name, batch, **fields):
    return client.post(reverse(name, args=(batch.pk,)), fields, follow=True)


def test_from_the_file_to_the_register_and_back(hand_in, firm_a, org_a):
    client, batch = hand_in(firm_a, _file(*_months(2)))
    page = _open(client, batch)
    assert page.context["counts"] == {"added": 2, "replaced": 0, "unchanged": 0}
    assert page.context["may_commit"]
    assert page.context["view"] == "all"  # nothing was found, so the sheet itself is shown
    page = _post(client, "upload-confirm", batch)
    assert page.context["batch"].status == "committed"
    assert EnergyRecord.objects.current().count() == 2
    assert page.context["may_undo"]
    page = _post(client, "upload-undo", batch)
    assert page.context["batch"].status == "undone"
    assert EnergyRecord.objects.current().count() == 0
    assert not page.context["may_undo"]


def test_errors_are_work_not_walls(hand_in, city, org_a):
    content = _file(*_months(1), energy(UNKNOWN, "2024-02", 120.0, org_name=org_a.name))
    client, batch = hand_in(city, content)
    page = _open(client, batch)
    text = page.content.decode()
    assert 'id="cell-A4"' in text  # the bad cell, where the list of problems leads
    assert 'href="#cell-A4"' in text
    (problem,) = [one for one in page.context["problems"] if one["rule"] == "D001"]
    page = _post(client, "upload-confirm", batch)  # without saying that the good rows are enough
    assert page.context["batch"].status == "preview"
    assert "D021" in " ".join(str(message) for message in page.context["messages"])
    page = client.post(problem["fix_url"], follow=True)
    assert page.context["batch"].errors == 0
    assert [one["cell"] for one in page.context["fixes"]] == ["A4"]
    row = page.context["sheet"]["rows"][-1]
    cell = row["cells"][0]
    assert (cell["level"], cell["text"], cell["id"]) == ("fixed", A, "cell-A4")
    assert UNKNOWN in cell["note"]
    page = _post(client, "upload-unfix", batch, cell="A4")
    assert page.context["batch"].errors == 1
    page = _post(client, "upload-fix", batch, cell=" a4 ", value=A)
    assert page.context["batch"].errors == 0


def test_all_suggestions_of_a_rule(hand_in, city, org_a):
    rows = [energy(UNKNOWN, f"2024-0{n}", 120.0, org_name=org_a.name) for n in (1, 2, 3)]
    client, batch = hand_in(city, _file(*rows))
    assert ("D001", 3) in _open(client, batch).context["suggestions"]
    page = _post(client, "upload-fix", batch, rule="D001")
    assert page.context["batch"].errors == 0
    assert not page.context["suggestions"]


def test_good_rows_alone_when_the_person_says_so(hand_in, city, org_a):
    client, batch = hand_in(city, _file(*_months(1), energy(UNKNOWN, "2024-02", 120.0)))
    page = _post(client, "upload-confirm", batch, good_rows_only="1")
    assert page.context["batch"].status == "committed"
    assert page.context["rows_left_out"] == 1


def test_what_the_program_says_against_it_is_shown(hand_in, firm_a, org_a):
    client, batch = hand_in(firm_a, _file(*_months(1)))
    page = _post(client, "upload-fix", batch, cell="Q99", value="1")
    assert "Q99" in " ".join(str(message) for message in page.context["messages"])


def test_a_window_of_a_long_sheet(hand_in, city, org_a, monkeypatch):
    monkeypatch.setattr(preview, "ROWS", 5)
    rows = _months(30)
    for bad in (7, 20, 21, 22, 23, 24, 25):
        rows[bad]["credit_code"] = UNKNOWN
    client, batch = hand_in(city, _file(*rows))
    page = _open(client, batch, severity="error")
    assert page.context["page_obj"].paginator.count == 7
    shown = [(one["kind"], one["number"]) for one in page.context["sheet"]["rows"]]
    # Head in row 2, first bad row 7 + 3 = 10, then 23 to 26; gaps between.
    assert shown == [
        ("head", 2),
        ("gap", 0),
        ("data", 10),
        ("gap", 0),
        ("data", 23),
        ("data", 24),
        ("data", 25),
        ("data", 26),
    ]
    second = _open(client, batch, severity="error", page="2")
    assert [one["number"] for one in second.context["sheet"]["rows"]] == [2, 0, 27, 28]
    whole = _open(client, batch, view="all", page="3")
    assert [one["number"] for one in whole.context["sheet"]["rows"]] == [2, 0, 11, 12, 13, 14, 15]
    assert _open(client, batch, severity="nonsense").context["severity"] == ""
    assert _open(client, batch, severity="info").status_code == 200


def test_rows_that_are_no_data_say_why(hand_in, firm_a, org_a):
    head = "统一社会信用代码,报告期,能源名称,计量单位,消费量合计\n"
    text = f"{head}{A},2024-01,电力,万千瓦时,120\n合计,,,,120\n注：演示\n"
    client, batch = hand_in(firm_a, text.encode(), "a.csv", form_key="monthly_energy")
    rows = _open(client, batch, view="all").context["sheet"]["rows"]
    assert [(one["kind"], bool(one["reason"])) for one in rows[-2:]] == [
        ("skipped", True),
        ("skipped", True),
    ]


def test_findings_about_a_whole_row_stand_at_its_number(hand_in, firm_a, org_a):
    twice = [energy(A, "2024-01", 120.0), energy(A, "2024-01", 121.0)]
    client, batch = hand_in(firm_a, _file(*twice))
    page = _open(client, batch)
    assert page.context["batch"].errors
    assert any(one["reason"] for one in page.context["sheet"]["rows"] if one["kind"] == "data")


def test_the_headings_say_what_a_column_was_taken_for(hand_in, firm_a, org_a):
    client, batch = hand_in(firm_a, _file(*_months(1)))
    assert _open(client, batch).context["sheet"]["headings"]["K"].startswith("消费")
    client.cookies["django_language"] = "en"
    assert _open(client, batch).context["sheet"]["headings"]["K"].startswith("Consumption")


# Mapping


def test_saying_what_a_column_is(hand_in, firm_a, org_a):
    text = (
        f"统一社会信用代码,报告期,能源名称,计量单位,当月用了多少\n{A},2024-01,电力,万千瓦时,120\n"
    )
    client, batch = hand_in(firm_a, text.encode(), "a.csv", form_key="monthly_energy")
    page = _open(client, batch)
    assert page.context["asks_mapping"]
    url = reverse("upload-mapping", args=(batch.pk,))
    page = client.get(url)
    assert page.context["missing"]
    assert [one["letter"] for one in page.context["columns"]] == ["A", "B", "C", "D", "E"]
    fields = {
        "form_key": "monthly_energy",
        "column-A": "credit_code",
        "column-D": "unit_zh",
        "column-E": "consumption_total_qty",
        "column-C": "no_such_field",
    }
    page = client.post(url, fields, follow=True)
    batch.refresh_from_db()
    assert batch.mapping == {"E": "consumption_total_qty"}
    assert page.context["batch"].rows_good == 1
    client.post(url, {"form_key": "product_output"})
    batch.refresh_from_db()
    assert (batch.form_key, batch.mapping) == ("product_output", {})


def test_a_file_nobody_recognises_can_be_given_a_form(hand_in, firm_a, org_a):
    client, batch = hand_in(firm_a, "甲,乙\n1,2\n".encode(), "a.csv")
    page = client.get(reverse("upload-mapping", args=(batch.pk,)))
    assert page.context["form"] is None
    client.post(reverse("upload-mapping", args=(batch.pk,)), {"form_key": "monthly_energy"})
    batch.refresh_from_db()
    assert batch.form_key == "monthly_energy"
    client.post(reverse("upload-mapping", args=(batch.pk,)), {"form_key": ""})


def test_enterprise_and_period_are_asked(hand_in, city, org_a):
    row = {key: value for key, value in _months(1)[0].items() if key not in (
        "credit_code", "org_name", "period", "data_source"
    )}  # fmt: skip
    content = workbook("stat_205_1", [{**row, "industrial_consumption_qty": 100.0}])
    client, batch = hand_in(city, content, form_key="stat_205_1")
    url = reverse("upload-mapping", args=(batch.pk,))
    assert client.get(url).context["asks"] == ("credit_code", "period")
    page = client.post(
        url, {"form_key": "stat_205_1", "credit_code": A, "period": "2024-01"}, follow=True
    )
    assert page.context["batch"].rows_good == 1
    assert ("credit_code", A, org_a.name) in page.context["answers"]


def test_mapping_is_for_previews(hand_in, firm_a, firm_b, org_a, client_for):
    client, batch = hand_in(firm_a, _file(*_months(1)))
    url = reverse("upload-mapping", args=(batch.pk,))
    assert client_for(firm_b).get(url).status_code == 404
    _post(client, "upload-discard", batch)
    assert client.get(url).status_code == 302
    batch.status = Batch.Status.COMMITTED
    batch.save()
    assert client.get(url).status_code == 302


# Files


def test_the_marked_file_shows_the_bad_cell(hand_in, city, org_a):
    client, batch = hand_in(city, _file(*_months(1), energy(UNKNOWN, "2024-02", 120.0)))
    answer = client.get(reverse("upload-marked", args=(batch.pk,)))
    book = openpyxl.load_workbook(BytesIO(answer.content))
    cell = book.worksheets[0]["A4"]
    assert cell.comment is not None
    assert "D001" in cell.comment.text or "不在您可填报" in cell.comment.text
    assert cell.fill.fgColor.rgb not in ("00000000", "FFFFFFFF")
    listed = "\n".join(str(value) for row in book.worksheets[-1].values for value in row)
    assert "D001" in listed


def test_a_large_marked_file_is_written_in_the_background(hand_in, city, org_a, monkeypatch):
    client, batch = hand_in(city, _file(*_months(1), energy(UNKNOWN, "2024-02", 120.0)))
    monkeypatch.setattr(uploads, "IN_REQUEST_BYTES", 10)
    page = client.get(reverse("upload-marked", args=(batch.pk,)), follow=True)
    job = page.context["job"]
    assert job.result_name.endswith(".xlsx")
    assert client.get(reverse("job-file", args=(job.pk,))).content[:2] == b"PK"


def test_the_original_comes_back_byte_by_byte(hand_in, firm_a, org_a):
    content = _file(*_months(1))
    client, batch = hand_in(firm_a, content)
    assert client.get(reverse("upload-file", args=(batch.pk,))).content == content
    storage.forget(batch.sha256)
    for name in ("upload-file", "upload-marked"):
        assert client.get(reverse(name, args=(batch.pk,))).status_code == 404


def test_refused_files_say_why_and_can_still_be_listed(hand_in, firm_a):
    client, batch = hand_in(firm_a, b"MZ\x90\x00 \xff\xfe" * 50, "virus.xlsx")
    page = _open(client, batch)
    assert page.context["problems"]
    assert not page.context["has_file"]
    assert len(client.get(reverse("uploads"), {"status": "refused"}).context["page_obj"]) == 1


def test_a_refused_file_that_is_kept_for_another_cannot_be_marked(hand_in, firm_a, city):
    content = b"MZ\x90\x00 \xff\xfe" * 50
    Batch.objects.create(
        file_name="x", size_bytes=1, uploaded_by=city, sha256=storage.keep(content)
    )
    client, batch = hand_in(firm_a, content, "virus.xlsx")
    page = client.get(reverse("upload-marked", args=(batch.pk,)), follow=True)
    assert list(page.context["messages"])


def test_templates_for_everybody(client_for, verifier):
    client = client_for(verifier)
    assert client.get(reverse("form-template", args=("monthly_energy",))).content[:2] == b"PK"
    assert client.get(reverse("form-template", args=("nonsense",))).status_code == 404


# Lists, background, rights


def test_the_list_filters_and_exports(hand_in, firm_a, org_a):
    client, first = hand_in(firm_a, _file(*_months(1)), "甲.xlsx")
    imports.confirm(firm_a, first)
    hand_in(firm_a, _file(*_months(2)), "乙.xlsx")
    assert len(client.get(reverse("uploads")).context["page_obj"]) == 2
    page = client.get(reverse("uploads"), {"status": "committed"})
    assert [one.file_name for one in page.context["page_obj"]] == ["甲.xlsx"]
    page = client.get(reverse("uploads"), {"q": "乙", "status": "nonsense"})
    assert [one.file_name for one in page.context["page_obj"]] == ["乙.xlsx"]
    assert page.context["waiting"] == 1
    answer = client.get(reverse("uploads"), {"export": "xlsx"})
    values = list(openpyxl.load_workbook(BytesIO(answer.content)).active.values)
    assert any("甲.xlsx" in row for row in values)


def test_long_batches_go_to_the_background(hand_in, firm_a, org_a, monkeypatch):
    client, batch = hand_in(firm_a, _file(*_months(2)))
    monkeypatch.setattr(commits, "IN_REQUEST_ROWS", 1)
    page = _post(client, "upload-confirm", batch)
    assert page.context["batch"].status == "committed"
    page = _post(client, "upload-undo", batch)
    assert page.context["batch"].status == "undone"
    assert Job.objects.count() == 2


def test_while_a_job_runs_the_page_renews_itself_and_offers_nothing(hand_in, firm_a, org_a):
    client, batch = hand_in(firm_a, _file(*_months(2)))
    Job.objects.create(
        kind="core.confirm",
        title="t",
        user=firm_a,
        scope=firm_a.scope_key,
        arguments={"batch": str(batch.pk)},
        status=Job.Status.RUNNING,
    )
    page = _open(client, batch)
    assert "every 2s" in page.content.decode()
    assert not page.context["may_commit"]


def test_opening_a_file_of_another_office_is_an_event(hand_in, firm_a, org_a, client_for, city):
    _client, batch = hand_in(firm_a, _file(*_months(1)))
    assert not AuditEvent.objects.filter(action="import.read").exists()
    _open(client_for(city), batch)
    event = AuditEvent.objects.get(action="import.read")
    assert (event.username, event.place_code) == ("city", org_a.place_id)


def test_others_find_nothing_there(hand_in, firm_a, firm_b, park_user, org_a, client_for):
    _client, batch = hand_in(firm_a, _file(*_months(1)))
    for user in (firm_b, park_user):
        client = client_for(user)
        assert _open(client, batch).status_code == 404
        for name in ("upload-confirm", "upload-undo", "upload-discard", "upload-fix"):
            assert client.post(reverse(name, args=(batch.pk,))).status_code == 404
    imports.confirm(firm_a, batch)
    assert _open(client_for(park_user), batch).status_code == 200
    assert client_for(park_user).post(reverse("upload-undo", args=(batch.pk,))).status_code == 403


def test_only_some_may_hand_in(client_for, verifier, park_user, admin_user):
    for user in (verifier, park_user, admin_user):
        client = client_for(user)
        assert client.get(reverse("upload-new")).status_code == 403
        assert not client.get(reverse("uploads")).context["may_upload"]


@pytest.mark.parametrize("asked", ["official_list", "nothing", ""])
def test_the_address_may_name_the_form(client_for, city, asked):
    page = client_for(city).get(reverse("upload-new"), {"form": asked})
    assert page.status_code == 200
    chosen = '<option value="official_list" selected>' in page.content.decode()
    assert chosen == (asked == "official_list")


def test_no_file_is_a_word_not_a_crash(client_for, firm_a):
    page = client_for(firm_a).post(reverse("upload-new"), {"form_key": ""})
    assert page.context["form"].errors["file"]


def test_a_lost_reading_is_made_again(hand_in, firm_a, org_a):
    client, batch = hand_in(firm_a, _file(*_months(1)))
    Parsed(batch).drop()
    assert _open(client, batch).context["counts"]["added"] == 1


def test_rows_of_a_program_have_no_file(client_for, city, org_a):
    frame = pl.DataFrame(
        {
            "source_row": [2],
            "credit_code": [A],
            "year": [2024],
            "month": [1],
            "item_key": ["electricity"],
            "consumption_total_qty": [1.0],
        }
    )
    batch = imports.take_frame(city, "monthly_energy", frame, file_name="rows", is_demo=True)
    page = _open(client_for(city), batch)
    assert not page.context["has_file"]
    assert page.context["is_demo"]


def test_a_figure_opens_its_very_cell(client_for, city, org_a, monkeypatch):
    """A file taken in by a program was never previewed; its sheet is read when somebody asks."""
    monkeypatch.setattr(preview, "ROWS", 20)
    content = _file(*_months(30))
    name = "能源.xlsx"
    batch = imports.take(city, content, name, form_key="monthly_energy")
    Parsed(batch).drop()
    before = Batch.objects.values().get(pk=batch.pk)
    client = client_for(city)
    page = _open(client, batch, row="25")
    shown = [row["number"] for row in page.context["sheet"]["rows"] if row["kind"] == "data"]
    assert page.context["view"] == "all"
    assert page.context["page_obj"].number == 2  # rows 21 to 40
    assert 25 in shown
    assert 20 not in shown
    assert 'id="cell-A25"' in page.content.decode()
    assert Batch.objects.values().get(pk=batch.pk) == before  # looking changes nothing
    for nonsense in ("x", "-1", "²", "9" * 40):
        assert _open(client, batch, row=nonsense).context["page_obj"].number == 1


def test_a_file_that_says_nothing_is_still_a_page(client_for, city, org_a):
    frame = pl.DataFrame(
        {
            "source_row": [2],
            "credit_code": [A],
            "year": [2024],
            "month": [1],
            "item_key": ["electricity"],
            "consumption_total_qty": [1.0],
        }
    )
    batch = imports.take_frame(
        city, "monthly_energy", frame, file_name="rows.csv", content=b"the file"
    )
    answer = _open(client_for(city), batch, row="2")
    assert answer.status_code == 200
