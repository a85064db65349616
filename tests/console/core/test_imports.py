"""From upload to undo: what is checked, what is kept, what is written and when not."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied

from form_files import credit_code, energy, workbook
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import commits, examining, imports, services, storage, uploads
from tanfeng.console.core.models import AuditEvent, Batch, Job
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, ModelError

A, B = "91359999MADEM00015", "91359999MADEM00028"
UNKNOWN = credit_code(1)


def _file(*rows):
    return workbook("monthly_energy", list(rows))


def _two_months():
    return _file(energy(A, "2024-01", 120.0), energy(A, "2024-02", 130.0))


def _one_bad():
    """Return January good, February with a text for a number."""
    return _file(energy(A, "2024-01", 120.0), energy(B, "2024-02", 130.0))


def _rules(batch):
    return sorted({one["rule"] for one in batch.problems})


@pytest.fixture
def holds():
    def now():
        rows = EnergyRecord.objects.current().order_by("month", "item_key")
        return dict(rows.values_list("month", "consumption_total_qty"))

    return now


def test_a_good_file_waits_for_confirmation_and_writes_nothing(firm_a, org_a):
    batch = imports.upload(firm_a, _two_months(), "..\\dir\\能源.xlsx")
    assert (batch.status, batch.file_name, batch.form_key) == (
        "preview",
        "能源.xlsx",
        "monthly_energy",
    )
    assert (batch.rows_read, batch.rows_good, batch.errors) == (2, 2, 0)
    assert batch.columns["consumption_total_qty"] == "K"
    assert [one.org_code for one in batch.subjects.all()] == [A]
    assert batch.scope == f"enterprise:{A}"
    assert not EnergyRecord.objects.exists()
    assert storage.exists(batch.sha256)
    assert Parsed(batch).meta["counts"] == {"added": 2, "replaced": 0, "unchanged": 0}


def test_stored_files_are_private(firm_a, org_a):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    path = settings.UPLOADS / batch.sha256[:2] / batch.sha256
    assert path.stat().st_mode & 0o077 == 0
    for name in ("", "../../secret.key", "x" * 63, "/" + "a" * 63):
        assert not storage.exists(name)
        with pytest.raises(FileNotFoundError):
            storage.load(name)


def test_confirming_takes_the_rows_in_with_their_cell(firm_a, org_a, holds):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    done = imports.confirm(firm_a, batch)
    assert done.status == "committed"
    assert done.committed_by == firm_a
    assert done.outcome == {"added": 2, "replaced": 0, "unchanged": 0}
    assert holds() == {1: 120.0, 2: 130.0}
    record = EnergyRecord.objects.get(month=2)
    assert (record.source_row, record.batch, record.tier) == (4, batch, "measured")
    assert record.known_from == done.committed_at
    event = AuditEvent.objects.get(action="import.commit")
    assert event.place_code == org_a.place_id
    assert event.detail["outcome"] == done.outcome


def test_errors_keep_their_rows_out_and_only_when_the_person_says_so(firm_a, org_a, org_b, holds):
    batch = imports.upload(firm_a, _one_bad(), "a.xlsx")
    assert (batch.rows_read, batch.rows_good, batch.errors) == (2, 1, 1)
    with pytest.raises(DataError) as refused:
        imports.confirm(firm_a, batch)
    assert refused.value.problems[0].rule == "D021"
    assert holds() == {}
    imports.confirm(firm_a, batch, good_rows_only=True)
    batch.refresh_from_db()
    assert batch.good_rows_only
    assert holds() == {1: 120.0}


def test_a_file_without_a_good_row_is_not_confirmed(firm_a, org_b, org_a):
    batch = imports.upload(firm_a, _file(energy(B, "2024-01", 1.0)), "a.xlsx")
    with pytest.raises(DataError) as refused:
        imports.confirm(firm_a, batch, good_rows_only=True)
    assert refused.value.problems[0].rule == "D020"


def test_a_failure_while_writing_leaves_nothing(firm_a, org_a, monkeypatch, holds):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")

    def broken(*args, **kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(commits.audit, "record", broken)
    with pytest.raises(RuntimeError):
        imports.confirm(firm_a, batch)
    batch.refresh_from_db()
    assert (batch.status, holds()) == ("preview", {})


def test_confirming_twice_is_refused(firm_a, org_a):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    stale = Batch.objects.get(pk=batch.pk)
    imports.confirm(firm_a, batch)
    with pytest.raises(ModelError, match="does not await confirmation"):
        imports.confirm(firm_a, stale)
    assert EnergyRecord.objects.count() == 2


def test_the_same_file_that_waits_already_is_handed_back(firm_a, org_a, city):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    content = storage.load(batch.sha256)
    assert imports.upload(firm_a, content, "other name.xlsx") == batch
    assert imports.upload(firm_a, content, "a.xlsx", form_key="monthly_energy") == batch
    assert imports.upload(city, content, "a.xlsx") != batch  # another office, another upload


def test_the_same_file_again_is_told_and_adds_nothing(firm_a, org_a):
    batch = imports.confirm(firm_a, imports.upload(firm_a, _two_months(), "a.xlsx"))
    again = imports.upload(firm_a, storage.load(batch.sha256), "a.xlsx")
    assert again != batch
    assert _rules(again) == ["D010"]
    assert imports.confirm(firm_a, again).outcome == {"added": 0, "replaced": 0, "unchanged": 2}
    assert EnergyRecord.objects.count() == 2


def test_undo_brings_back_what_was_there(firm_a, org_a, holds):
    imports.confirm(firm_a, imports.upload(firm_a, _two_months(), "a.xlsx"))
    correction = _file(energy(A, "2024-02", 135.0), energy(A, "2024-03", 140.0))
    batch = imports.upload(firm_a, correction, "b.xlsx")
    assert Parsed(batch).meta["counts"] == {"added": 1, "replaced": 1, "unchanged": 0}
    assert "D003" in _rules(batch)
    imports.confirm(firm_a, batch)
    assert holds() == {1: 120.0, 2: 135.0, 3: 140.0}
    done = imports.undo(firm_a, batch)
    assert done.status == "undone"
    assert done.outcome["undo"] == {"closed": 2, "restored": 1, "superseded": 0}
    assert holds() == {1: 120.0, 2: 130.0}
    with pytest.raises(ModelError, match="only a confirmed upload"):
        imports.undo(firm_a, batch)


def test_who_may_hand_in_confirm_and_undo(
    org_a, firm_a, firm_b, county_officer_a, park_user, verifier, admin_user
):
    for user in (park_user, verifier, admin_user):
        with pytest.raises(PermissionDenied):
            imports.upload(user, _two_months(), "a.xlsx")
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    for user in (firm_b, county_officer_a, park_user, verifier, admin_user):
        with pytest.raises(PermissionDenied):
            imports.confirm(user, batch)
        with pytest.raises(PermissionDenied):
            imports.discard(user, batch)
    imports.confirm(firm_a, batch)
    for user in (firm_b, park_user, verifier, admin_user):
        with pytest.raises(PermissionDenied):
            imports.undo(user, batch)
    imports.undo(county_officer_a, batch)


def test_rights_are_asked_again_when_confirming(firm_a, org_a, org_b, county_b, holds, city):
    batch = imports.upload(city, _two_months(), "a.xlsx")
    type(org_a).objects.filter(pk=org_a.pk).update(credit_code=UNKNOWN)
    with pytest.raises(DataError) as refused:
        imports.confirm(city, batch)
    assert refused.value.problems[0].rule == "D001"
    assert holds() == {}


# Refusals


def test_a_file_that_is_too_large_is_refused_unread_and_not_kept(firm_a, settings):
    settings.UPLOAD_LIMIT_BYTES = 1000
    batch = imports.upload(firm_a, b"x" * 1001, "a.xlsx")
    assert (batch.status, batch.sha256, _rules(batch)) == ("refused", "", ["U001"])
    assert AuditEvent.objects.filter(action="import.refuse").count() == 1


def test_a_file_that_is_no_workbook_is_refused_and_not_kept(firm_a):
    batch = imports.upload(firm_a, b"MZ\x90\x00 not a workbook \xff\xfe" * 50, "a.xlsx")
    assert batch.status == "refused"
    assert batch.problems[0]["message_zh"]
    assert not storage.exists(batch.sha256)


def test_a_refused_file_somebody_else_took_in_is_kept(firm_a, city):
    content = b"MZ\x90\x00 nor is this \xff\xfe" * 50
    Batch.objects.create(
        file_name="x",
        size_bytes=1,
        uploaded_by=city,
        sha256=storage.keep(content),
        status=Batch.Status.COMMITTED,
    )
    batch = imports.upload(firm_a, content, "a.xlsx")
    assert batch.status == "refused"
    assert storage.exists(batch.sha256)


@pytest.mark.parametrize("form_key", ["two_high_list", "stat_b204_1"])
def test_a_form_without_a_register_is_checked_and_goes_no_further(city, db, form_key):
    content = workbook(form_key, [{}])
    batch = imports.upload(city, content, "a.xlsx", form_key=form_key)
    assert "D011" in _rules(batch)
    with pytest.raises((DataError, ModelError)):
        imports.confirm(city, batch)


def test_a_file_nobody_can_recognise_awaits_an_answer(firm_a, org_a):
    content = "甲,乙\n1,2\n".encode()
    batch = imports.upload(firm_a, content, "a.csv")
    assert batch.status == "preview"
    assert batch.rows_good == 0
    assert batch.form_key == ""


# Answers and corrections


def test_a_column_nobody_knows_is_mapped_by_the_person(firm_a, org_a, holds):
    text = (
        f"统一社会信用代码,报告期,能源名称,计量单位,当月用了多少\n{A},2024-01,电力,万千瓦时,120\n"
    )
    batch = imports.upload(firm_a, text.encode(), "a.csv", form_key="monthly_energy")
    assert batch.rows_good == 0
    imports.remap(firm_a, batch, mapping={"E": "consumption_total_qty"})
    batch.refresh_from_db()
    assert batch.rows_good == 1
    imports.confirm(firm_a, batch)
    assert holds() == {1: 120.0}


def test_choosing_another_form_or_sheet_forgets_the_mapping(firm_a, org_a):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    imports.remap(firm_a, batch, mapping={"S": ""})
    imports.remap(firm_a, batch, form_key="product_output")
    assert (batch.form_key, batch.mapping) == ("product_output", {})
    imports.remap(firm_a, batch, form_key="monthly_energy", mapping={"S": ""})
    imports.remap(firm_a, batch, sheet=Batch.objects.get(pk=batch.pk).sheet)
    assert batch.mapping == {"S": ""}


def test_a_suggestion_is_accepted_and_the_original_stays_written_down(city, org_a, holds):
    other = energy(UNKNOWN, "2024-01", 120.0, org_name=org_a.name)
    batch = imports.upload(city, _file(other), "a.xlsx")
    problem = next(one for one in batch.problems if one["rule"] == "D001")
    assert (problem["column"], problem["row"], problem["suggestion"]) == ("A", 3, A)
    imports.fix(city, batch, "A3")
    batch.refresh_from_db()
    (fix,) = batch.fixes
    assert (fix["cell"], fix["original"], fix["value"], fix["rule"], fix["by"]) == (
        "A3",
        UNKNOWN,
        A,
        "D001",
        "city",
    )
    assert (batch.errors, batch.rows_good) == (0, 1)
    imports.confirm(city, batch)
    assert holds() == {1: 120.0}
    assert AuditEvent.objects.get(action="import.commit").detail["corrections"] == 1


def test_a_value_can_be_typed_and_taken_back(city, org_a):
    batch = imports.upload(city, _file(energy(UNKNOWN, "2024-01", 120.0)), "a.xlsx")
    with pytest.raises(ModelError, match="no finding"):
        imports.fix(city, batch, "K3", "9")
    with pytest.raises(ModelError, match="nothing safe"):
        imports.fix(city, batch, "A3")
    imports.fix(city, batch, "A3", A)
    batch.refresh_from_db()
    assert batch.rows_good == 1
    imports.unfix(city, batch, "A3")
    batch.refresh_from_db()
    assert batch.rows_good == 0
    assert [one.get("withdrawn", False) for one in batch.fixes] == [False, True]
    assert imports.standing_fixes(batch) == []
    with pytest.raises(ModelError, match="no correction"):
        imports.unfix(city, batch, "A3")


def test_all_suggestions_of_a_rule_at_once(city, org_a):
    rows = [energy(UNKNOWN, f"2024-0{month}", 120.0, org_name=org_a.name) for month in (1, 2, 3)]
    batch = imports.upload(city, _file(*rows), "a.xlsx")
    assert imports.fix_rule(city, batch, "D001") == 3
    batch.refresh_from_db()
    assert (batch.errors, batch.rows_good) == (0, 3)
    assert imports.fix_rule(city, batch, "D001") == 0


def test_a_confirmed_upload_cannot_be_changed(firm_a, org_a):
    batch = imports.confirm(firm_a, imports.upload(firm_a, _two_months(), "a.xlsx"))
    for change in (
        lambda: imports.fix(firm_a, batch, "A3", "x"),
        lambda: imports.fix_rule(firm_a, batch, "D001"),
        lambda: imports.unfix(firm_a, batch, "A3"),
        lambda: imports.remap(firm_a, batch, mapping={}),
    ):
        with pytest.raises(ModelError, match="awaits confirmation can be changed"):
            change()
    with pytest.raises(ModelError, match="can be discarded"):
        imports.discard(firm_a, batch)


def test_a_discarded_upload_is_out_of_the_way(firm_a, org_a):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    content = storage.load(batch.sha256)
    imports.discard(firm_a, batch)
    assert batch.status == "discarded"
    assert not Parsed(batch)
    assert imports.upload(firm_a, content, "a.xlsx") != batch


def test_the_kept_reading_can_be_lost(firm_a, org_a):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    Parsed(batch).drop()
    with pytest.raises(ModelError, match="reading of this upload is gone"):
        imports.confirm(firm_a, batch)
    imports.examine(batch, firm_a)
    assert imports.confirm(firm_a, batch).status == "committed"


# Background


def test_a_large_file_is_read_in_the_background(firm_a, org_a, monkeypatch):
    monkeypatch.setattr(uploads, "IN_REQUEST_BYTES", 10)
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    assert batch.status == "preview"
    job = Job.objects.get(kind="core.examine")
    assert (job.status, job.result["url"]) == ("done", f"/uploads/{batch.pk}/")


def test_a_file_that_breaks_the_reader_does_not_hang(firm_a, org_a, monkeypatch):
    monkeypatch.setattr(uploads, "IN_REQUEST_BYTES", 10)

    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(uploads.sheets, "Workbook", broken)
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    assert (batch.status, _rules(batch)) == ("refused", ["U006"])
    assert Job.objects.get(kind="core.examine").status == "failed"


def test_long_batches_are_written_and_taken_back_in_the_background(firm_a, org_a, holds):
    batch = imports.upload(firm_a, _two_months(), "a.xlsx")
    job = imports.queue_confirm(firm_a, batch, good_rows_only=False)
    assert (job.status, job.result["added"]) == ("done", 2)
    batch.refresh_from_db()
    job = imports.queue_undo(firm_a, batch)
    assert (job.status, job.result["closed"]) == ("done", 2)
    assert holds() == {}


def test_what_can_be_refused_at_once_is_refused_at_once(firm_a, org_a, org_b):
    batch = imports.upload(firm_a, _one_bad(), "a.xlsx")
    with pytest.raises(DataError):
        imports.queue_confirm(firm_a, batch, good_rows_only=False)
    assert not Job.objects.exists()


# Programs


def test_take_does_it_all_in_one_go(org_a, holds):
    user = services.system_user()
    moment = datetime(2024, 4, 10, tzinfo=UTC)
    batch = imports.take(
        user, _two_months(), "a.xlsx", form_key="monthly_energy", is_demo=True, at=moment
    )
    assert (batch.status, batch.is_demo) == ("committed", True)
    assert batch.committed_at == batch.uploaded_at == moment
    assert EnergyRecord.objects.as_known_on(moment).count() == 2
    with pytest.raises(DataError):
        imports.take(user, _file(energy(B, "2024-01", 1.0)), "b.xlsx", form_key="monthly_energy")


def test_take_frame_needs_no_file(org_a, holds):
    frame = pl.DataFrame(
        {
            "source_row": [2, 3],
            "credit_code": [A, A],
            "year": [2024, 2024],
            "month": [1, 2],
            "item_key": ["electricity", "electricity"],
            "consumption_total_qty": [120.0, None],
        }
    )
    user = services.system_user()
    batch = imports.take_frame(
        user, "monthly_energy", frame, file_name="rows.csv", columns={"consumption_total_qty": "E"}
    )
    assert batch.outcome == {"added": 2, "replaced": 0, "unchanged": 0}
    assert (batch.sha256, batch.size_bytes) == ("", 0)
    assert holds() == {1: 120.0, 2: None}
    assert EnergyRecord.objects.first().tier == "reported"
    with_file = imports.take_frame(
        user, "monthly_energy", frame, file_name="rows.csv", content=b"the file"
    )
    assert with_file.outcome["unchanged"] == 2
    assert storage.load(with_file.sha256) == b"the file"
    imports.undo(user, batch)
    assert holds() == {}


def test_take_frame_asks_for_rights_and_enterprises(org_a, verifier, firm_a):
    frame = pl.DataFrame(
        {
            "source_row": [2],
            "credit_code": [B],
            "year": [2024],
            "month": [1],
            "item_key": ["electricity"],
            "consumption_total_qty": [1.0],
        }
    )
    with pytest.raises(PermissionDenied):
        imports.take_frame(verifier, "monthly_energy", frame, file_name="x")
    with pytest.raises(DataError):
        imports.take_frame(firm_a, "monthly_energy", frame, file_name="x")
    with pytest.raises(ModelError, match="no register takes the form"):
        imports.take_frame(firm_a, "nonsense", frame, file_name="x")
    assert not Batch.objects.exists()


def test_letters_and_numbers_of_columns():
    letters = ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
    assert [uploads.column_index(letter) for letter in letters] == [0, 25, 26, 51, 52, 701, 702]
    assert [uploads.column_letter(uploads.column_index(one)) for one in letters] == letters


def test_only_the_gravest_problems_are_kept_in_the_row(city, org_a, monkeypatch):
    monkeypatch.setattr(examining, "KEPT_PROBLEMS", 2)
    rows = [energy(B, f"2024-0{month}", 120.0) for month in range(1, 6)]
    batch = imports.upload(city, _file(energy(A, "2024-01", 1.0, data_source=""), *rows), "a.xlsx")
    assert batch.errors == 5
    assert [one["rule"] for one in batch.problems] == ["D001", "D001"]
    assert len(Parsed(batch).problems(severity="error")) == 5
