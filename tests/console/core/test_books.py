"""A file of several sheets: one preview, one transaction, one undo; sheets lean on each other."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.urls import reverse

from form_files import book, credit_code, energy, workbook
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import books, commits, imports, uploads
from tanfeng.console.core.models import AuditEvent, Batch, Job
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, ModelError

A, B = "91359999MADEM00015", "91359999MADEM00028"
NEW = credit_code(7)


def month(number, amount=None, code=A, **more):
    row = energy(code, f"2024-{number:02d}", amount or 100.0 + number, **more)
    return f"{number}月", workbook("monthly_energy", [row])


def output(code=A, **more):
    row = {
        "credit_code": code,
        "org_name": "",
        "period": "2024-01",
        "product_name": "水泥",
        "unit_zh": "吨",
        "output_qty": 10.0,
        "gross_output_kcny": 1000.0,
    }
    return "产量", workbook("product_output", [row | more])


def archive(code, place):
    row = {
        "credit_code": code,
        "org_name": "演示新公司",
        "industry_code": "3011",
        "place_code": place,
    }
    return "档案", workbook("enterprise_archive", [row])


@pytest.fixture
def holds():
    def now():
        rows = EnergyRecord.objects.current().order_by("month")
        return dict(rows.values_list("month", "consumption_total_qty"))

    return now


def parts(batch):
    return list(batch.sheets.order_by("sheet_no"))


def test_twelve_sheets_are_one_upload(firm_a, org_a, holds):
    batch = imports.upload(firm_a, book(*(month(n) for n in range(1, 13))), "a.xlsx")
    assert (batch.status, batch.form_key, batch.errors) == ("preview", "monthly_energy", 0)
    assert (batch.rows_read, batch.rows_good) == (12, 12)
    assert [one.sheet for one in parts(batch)] == [f"{n}月" for n in range(1, 13)]
    assert holds() == {}  # the rehearsal left nothing
    done = imports.confirm(firm_a, batch)
    assert done.outcome == {"added": 12, "replaced": 0, "unchanged": 0}
    assert holds() == {n: 100.0 + n for n in range(1, 13)}
    march = EnergyRecord.objects.get(month=3)
    assert (march.batch.sheet, march.batch.book_id, march.source_row) == ("3月", batch.pk, 3)
    assert AuditEvent.objects.filter(action="import.commit").count() == 1
    imports.undo(firm_a, batch)
    assert holds() == {}
    assert {one.status for one in parts(batch)} == {"undone"}


def test_an_enterprise_of_the_same_book_is_known(city, org_a):
    """Archive, energy and output of a new enterprise in one file."""
    pages = (output(NEW), month(1, code=NEW), archive(NEW, org_a.place_id))
    batch = imports.upload(city, book(*pages), "a.xlsx")
    assert (batch.errors, batch.rows_good, batch.form_key) == (0, 3, "")
    assert not Organisation.objects.filter(credit_code=NEW).exists()
    imports.confirm(city, batch)
    assert Organisation.objects.get(credit_code=NEW).name == "演示新公司"
    assert EnergyRecord.objects.current().count() == OutputRecord.objects.current().count() == 1
    imports.undo(city, batch)
    assert EnergyRecord.objects.current().count() == OutputRecord.objects.current().count() == 0
    # Without the archive nobody knows it.
    other = credit_code(8)
    alone = imports.upload(city, book(output(other), month(1, code=other)), "b.xlsx")
    assert {one["rule"] for one in alone.problems if one["severity"] == "error"} == {"D001"}


def test_sums_of_form_205_1_in_one_book_become_months(city, org_a, holds):
    """Sums 10, 25, 45 are 10, 15 and 20, in whatever order the sheets stand."""
    import polars as pl

    from tanfeng import sheets

    pages = []
    for period, total in (("2024-03", 45.0), ("2024-01", 10.0), ("2024-02", 25.0)):
        frame = pl.DataFrame(
            {"energy_name": ["电力"], "unit_zh": ["万千瓦时"], "consumption_total_qty": [total]}
        )
        head = {"credit_code": A, "period": period}
        pages.append((period, sheets.write("stat_205_1", frame, head=head)))
    batch = imports.upload(city, book(*pages), "a.xlsx")
    assert batch.errors == 0, batch.problems
    assert batch.rows_good == 3
    imports.confirm(city, batch)
    assert holds() == {1: 10.0, 2: 15.0, 3: 20.0}
    imports.undo(city, batch)
    assert holds() == {}


def test_all_or_nothing(firm_a, org_a, holds, monkeypatch):
    batch = imports.upload(firm_a, book(month(1), month(2)), "a.xlsx")
    write, seen = commits._write, []

    def broken(part, user, moment):
        if seen:
            raise RuntimeError("the disk is full")
        seen.append(part)
        return write(part, user, moment)

    monkeypatch.setattr(commits, "_write", broken)
    with pytest.raises(RuntimeError):
        imports.confirm(firm_a, batch)
    batch.refresh_from_db()
    assert (batch.status, holds()) == ("preview", {})
    assert {one.status for one in parts(batch)} == {"preview"}


def test_errors_of_every_sheet_stand_in_the_way_of_all(firm_a, org_a, org_b, holds):
    batch = imports.upload(firm_a, book(month(1), month(2, code=B)), "a.xlsx")
    assert (batch.errors, batch.rows_good) == (1, 1)
    (found,) = [one for one in batch.problems if one["severity"] == "error"]
    assert (found["rule"], found["sheet"], found["row"]) == ("D001", "2月", 3)
    with pytest.raises(DataError):
        imports.confirm(firm_a, batch)
    imports.confirm(firm_a, batch, good_rows_only=True)
    assert holds() == {1: 101.0}


def test_a_correction_on_one_sheet(firm_a, org_a, org_b, holds):
    batch = imports.upload(firm_a, book(month(1), month(2, code=B)), "a.xlsx")
    _, february = parts(batch)
    imports.fix(firm_a, february, "A3", A)
    batch.refresh_from_db()
    assert (batch.status, batch.errors, batch.rows_good) == ("preview", 0, 2)
    imports.confirm(firm_a, february)  # any sheet stands for the whole file
    assert holds() == {1: 101.0, 2: 102.0}


def test_rows_on_two_sheets(firm_a, org_a, holds):
    same = imports.upload(firm_a, book(month(1), ("副本", month(1)[1]), month(2)), "a.xlsx")
    assert (same.errors, same.rows_good) == (0, 2)
    assert [o["rule"] for o in same.problems if o["rule"] == "X043"] == ["X043"]
    other = imports.upload(firm_a, book(month(1), ("更正", month(1, 7.0)[1])), "b.xlsx")
    assert {o["sheet"] for o in other.problems if o["rule"] == "X042"} == {"1月", "更正"}
    assert other.rows_good == 0


def test_a_sheet_may_be_left_out_and_taken_back(firm_a, org_a, org_b, holds):
    batch = imports.upload(firm_a, book(month(1), month(2, code=B)), "a.xlsx")
    first, second = parts(batch)
    imports.leave_out(firm_a, second)
    batch.refresh_from_db()
    assert (batch.errors, batch.rows_good, batch.rows_read) == (0, 1, 1)
    with pytest.raises(ModelError, match="last sheet"):
        imports.leave_out(firm_a, first)
    imports.leave_out(firm_a, Batch.objects.get(pk=second.pk), out=False)
    batch.refresh_from_db()
    assert (batch.errors, batch.rows_read) == (1, 2)
    imports.leave_out(firm_a, Batch.objects.get(pk=second.pk))
    imports.confirm(firm_a, Batch.objects.get(pk=batch.pk))
    assert holds() == {1: 101.0}
    alone = imports.upload(firm_a, workbook("monthly_energy", [energy(A, "2024-05", 1.0)]), "c")
    with pytest.raises(ModelError, match="one sheet"):
        imports.leave_out(firm_a, alone)


def test_one_sheet_that_says_something_is_a_file_of_one_sheet(firm_a, org_a):
    blank = [list(openpyxl.load_workbook(io.BytesIO(month(2)[1])).worksheets[0].values)[1]]
    batch = imports.upload(firm_a, book(month(1), ("2月", blank)), "a.xlsx")
    assert (batch.sheet, batch.rows_good, batch.sheets.count()) == ("1月", 1, 0)


def test_discarding_a_book_discards_its_sheets(firm_a, org_a):
    batch = imports.upload(firm_a, book(month(1), month(2)), "a.xlsx")
    imports.discard(firm_a, parts(batch)[1])
    batch.refresh_from_db()
    assert batch.status == "discarded"
    assert not any(Parsed(one) for one in parts(batch))


def test_a_book_read_twice_at_once_is_split_once(firm_a, org_a, holds, monkeypatch):
    rehearsed, first = books.rehearsed, []

    def slowly(found, workbook, user):
        if not first:
            first.append(True)
            uploads.examine(Batch.objects.get(book=None), firm_a)
        return rehearsed(found, workbook, user)

    monkeypatch.setattr(books, "rehearsed", slowly)
    batch = imports.upload(firm_a, book(month(1), month(2)), "a.xlsx")
    assert [one.sheet for one in parts(batch)] == ["1月", "2月"]
    imports.confirm(firm_a, batch)
    assert holds() == {1: 101.0, 2: 102.0}


def test_a_large_book_is_read_in_the_background(firm_a, org_a, monkeypatch):
    monkeypatch.setattr(uploads, "IN_REQUEST_BYTES", 10)
    batch = imports.upload(firm_a, book(month(1), month(2)), "a.xlsx")
    assert Job.objects.filter(kind="core.examine").count() == 1
    assert (batch.status, len(books.members(batch))) == ("preview", 2)


# ------------------------------------------------------------------------------ pages


@pytest.fixture
def opened(client_for, firm_a, org_a):
    batch = imports.upload(
        firm_a, book(month(1), month(2, code=B), ("说明", [["说明"], ["请按月填"]])), "能源.xlsx"
    )
    return client_for(firm_a), batch


def _open(client, batch, **query):
    return client.get(reverse("upload", args=(batch.pk,)), query)


def test_the_page_of_the_file_lists_its_sheets(opened):
    client, batch = opened
    page = _open(client, batch)
    assert [one["batch"].sheet for one in page.context["tabs"]] == ["1月", "2月"]
    assert [name for name, _why in page.context["unread"]] == ["说明"]
    assert page.context["may_commit"]
    (error,) = [one for one in page.context["problems"] if one["severity"] == "error"]
    assert error["sheet"] == "2月"
    assert error["url"] == reverse("upload", args=(parts(batch)[1].pk,)) + "?row=3"
    assert page.context["counts"] == {"added": 1, "replaced": 0, "unchanged": 0}


def test_the_page_of_a_sheet_shows_its_rows(opened):
    client, batch = opened
    page = _open(client, parts(batch)[1])
    assert page.context["batch"].pk == batch.pk
    assert page.context["sheet"]["rows"]
    assert page.context["counts"]["added"] == 1  # the whole file is confirmed, not this sheet
    assert [one["current"] for one in page.context["tabs"]] == [False, True]


def test_a_sheet_is_left_out_on_the_page(opened, holds):
    client, batch = opened
    address = reverse("upload-mapping", args=(parts(batch)[1].pk,))
    page = client.post(address, {"leave_out": "1"}, follow=True)
    assert [one["left_out"] for one in page.context["tabs"]] == [False, True]
    page = client.post(reverse("upload-confirm", args=(batch.pk,)), follow=True)
    assert page.context["batch"].status == "committed"
    assert holds() == {1: 101.0}
    assert _open(client, parts(batch)[0]).status_code == 200


def test_the_list_names_the_file_once(opened, client_for, firm_a):
    client, batch = opened
    page = client.get(reverse("uploads"))
    assert [one.pk for one in page.context["page_obj"]] == [batch.pk]
    assert page.context["waiting"] == 1


def test_the_marked_book_marks_every_sheet(opened):
    client, batch = opened
    answer = client.get(reverse("upload-marked", args=(parts(batch)[0].pk,)))
    content = b"".join(answer) if answer.streaming else answer.content
    marked = openpyxl.load_workbook(io.BytesIO(content))
    assert any(cell.comment for row in marked["2月"] for cell in row)
    assert not any(cell.comment for row in marked["1月"] for cell in row)


def test_others_find_no_sheet_of_it(opened, client_for, firm_b):
    _, batch = opened
    for one in (batch, *parts(batch)):
        assert _open(client_for(firm_b), one).status_code == 404


def test_form_205_2_is_held_against_205_1_in_the_same_file(firm_a, org_a):
    """1000 t went into conversion, 900 t were used at all: told once, by the sheets of the file."""
    coal = {"energy_name": "原煤", "unit_zh": "吨", "energy_code": "01", "coef_used_tce": 0.7143}
    used = {"purchase_qty": 900.0, "consumption_total_qty": 900.0}
    head = {"credit_code": A, "period": "2024-12"}
    both = book(
        ("205-1", workbook("stat_205_1", [coal | used | {"industrial_consumption_qty": 900.0}],
                           **head)),
        ("205-2", workbook("stat_205_2", [coal | {"conversion_input_qty": 1000.0,
                                                  "input_power_qty": 1000.0}], **head)),
    )  # fmt: skip
    batch = imports.upload(firm_a, both, "a.xlsx")
    first, second = parts(batch)
    assert (first.form_key, second.form_key) == ("stat_205_1", "stat_205_2")
    assert "E026" not in {one["rule"] for one in first.problems}
    assert [one["row"] for one in second.problems if one["rule"] == "E026"] == [7]
