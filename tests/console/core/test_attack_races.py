"""Two people at once, and a server that dies: one of them wins, nothing is half-written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from cli_process import environment
from form_files import energy, workbook
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import examining, imports, uploads
from tanfeng.console.core.models import Batch
from tanfeng.console.core.parsed import Parsed
from tanfeng.errors import DataError, ModelError, Problem

A, B = "91359999MADEM00015", "91359999MADEM00028"


def _good():
    return workbook("monthly_energy", [energy(A, "2024-01", 120.0), energy(A, "2024-02", 130.0)])


def _with_finding():
    """Return a file whose second row is of a firm unknown here: a cell that can be corrected."""
    return workbook("monthly_energy", [energy(A, "2024-01", 120.0), energy(B, "2024-02", 130.0)])


def _amounts():
    rows = EnergyRecord.objects.current().order_by("month")
    return list(rows.values_list("month", "consumption_total_qty"))


def test_a_colleague_who_confirmed_first_is_not_undone_by_a_correction(firm_a, org_a):
    batch = imports.upload(firm_a, _with_finding(), "a.xlsx")
    mine = Batch.objects.get(pk=batch.pk)
    imports.confirm(firm_a, Batch.objects.get(pk=batch.pk), good_rows_only=True)
    cell = next(one["column"] + str(one["row"]) for one in batch.problems if one["rule"] == "D001")
    with pytest.raises(ModelError):
        imports.fix(firm_a, mine, cell, A)
    with pytest.raises(ModelError):
        imports.discard(firm_a, mine)
    with pytest.raises(ModelError):
        imports.remap(firm_a, mine, answers={"period": "2024-05"})
    batch.refresh_from_db()
    assert (batch.status, batch.fixes) == ("committed", [])
    assert _amounts() == [(1, 120.0)]
    imports.undo(firm_a, batch)
    assert _amounts() == []


def test_what_is_confirmed_while_it_is_read_again_stays_confirmed(firm_a, org_a, monkeypatch):
    """The page of a lost reading reads the file; meanwhile another window confirms."""
    batch = imports.upload(firm_a, _good(), "a.xlsx")
    reading = examining.read_twice

    def slowly(held, workbook, user):
        found = reading(held, workbook, user)
        imports.confirm(firm_a, Batch.objects.get(pk=batch.pk))
        return found

    monkeypatch.setattr(examining, "read_twice", slowly)
    uploads.examine(Batch.objects.get(pk=batch.pk), firm_a)
    batch.refresh_from_db()
    assert batch.status == "committed"
    assert batch.committed_by == firm_a
    assert _amounts() == [(1, 120.0), (2, 130.0)]


def test_nobody_confirms_what_is_being_corrected(firm_a, org_a, monkeypatch):
    batch = imports.upload(firm_a, _with_finding(), "a.xlsx")
    cell = next(one["column"] + str(one["row"]) for one in batch.problems if one["rule"] == "D001")
    reading = examining.read_twice
    said = []

    def slowly(held, workbook, user):
        with pytest.raises(ModelError) as error:
            imports.confirm(firm_a, Batch.objects.get(pk=batch.pk), good_rows_only=True)
        said.append(str(error.value))
        return reading(held, workbook, user)

    monkeypatch.setattr(examining, "read_twice", slowly)
    imports.fix(firm_a, batch, cell, A)
    assert said == ["this upload does not await confirmation any more"]
    batch.refresh_from_db()
    assert (batch.status, len(batch.fixes), _amounts()) == ("preview", 1, [])


def test_two_corrections_at_once_are_both_kept(firm_a, org_a):
    rows = [energy(B, "2024-01", 120.0), energy(B, "2024-02", 130.0)]
    batch = imports.upload(firm_a, workbook("monthly_energy", rows), "a.xlsx")
    cells = [one["column"] + str(one["row"]) for one in batch.problems if one["rule"] == "D001"]
    first, second = (Batch.objects.get(pk=batch.pk) for _ in range(2))
    imports.fix(firm_a, first, cells[0], A)
    imports.fix(firm_a, second, cells[1], A)
    batch.refresh_from_db()
    assert [one["cell"] for one in batch.fixes] == cells
    assert batch.rows_good == 2


def test_what_is_discarded_while_it_is_read_stays_discarded(firm_a, org_a, monkeypatch):
    reading = examining.read_twice

    def slowly(held, workbook, user):
        imports.discard(firm_a, Batch.objects.get(pk=held.pk))
        return reading(held, workbook, user)

    monkeypatch.setattr(examining, "read_twice", slowly)
    batch = imports.upload(firm_a, _good(), "a.xlsx")
    assert batch.status == "discarded"
    assert not Parsed(batch)


def test_what_is_confirmed_while_a_reading_fails_stays_confirmed(firm_a, org_a, monkeypatch):
    batch = imports.upload(firm_a, _good(), "a.xlsx")

    def breaks(held, workbook, user):
        imports.confirm(firm_a, Batch.objects.get(pk=batch.pk))
        raise DataError([Problem("X000", "error", "坏", "broken")])

    monkeypatch.setattr(examining, "read_twice", breaks)
    mine = Batch.objects.get(pk=batch.pk)
    uploads.examine(mine, firm_a)
    assert mine.status == "committed"
    batch.refresh_from_db()
    assert (batch.status, batch.errors) == ("committed", 0)


def test_a_refusal_is_said_in_the_language_of_the_person(firm_a, org_a, client_for):
    batch = imports.upload(firm_a, _good(), "a.xlsx")
    imports.discard(firm_a, batch)
    client = client_for(firm_a)
    url = reverse("upload-discard", args=(batch.pk,))
    for language, words in (("zh-hans", "只有待确认的上传才能放弃"), ("en", "only an upload that")):
        client.cookies["django_language"] = language
        assert words in client.post(url, follow=True).content.decode()


def test_a_file_left_lying_by_a_server_that_died_is_read_when_somebody_looks(
    firm_a, org_a, city, client_for
):
    batch = imports.upload(firm_a, _good(), "a.xlsx")
    Parsed(batch).drop()
    early = timezone.now() - timedelta(minutes=1)
    Batch.objects.update(status="checking", uploaded_at=early, rows_good=0)
    client_for(city).get(reverse("upload", args=(batch.pk,)))
    batch.refresh_from_db()
    assert batch.status == "checking"  # it may still be under way
    Batch.objects.update(uploaded_at=timezone.now() - timedelta(minutes=3))
    client_for(city).get(reverse("upload", args=(batch.pk,)))
    batch.refresh_from_db()
    assert (batch.status, batch.rows_good) == ("preview", 2)


def test_looking_at_an_upload_judges_it_by_the_rights_of_who_handed_it_in(
    firm_a, org_a, admin_user, client_for
):
    """An administrator may hand in nothing; the rows stay good although he is the first to look."""
    batch = imports.upload(firm_a, _good(), "a.xlsx")
    Parsed(batch).drop()
    client_for(admin_user).get(reverse("upload", args=(batch.pk,)))
    batch.refresh_from_db()
    assert (batch.rows_good, batch.errors) == (2, 0)


# With a database of its own, where processes really meet

_SETUP = """
import json, os, signal, sys, threading, traceback
from pathlib import Path
from tanfeng.cli._home import open_home
from tanfeng.cli._database import migrate
os.environ["TANFENG_JOBS_IMMEDIATE"] = "1"
open_home(Path(sys.argv[1]), must_exist=False)
migrate()
from django.db import connection, connections
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import audit, imports, known
from tanfeng.console.core.models import Batch, User
from tanfeng.errors import ModelError
from form_files import energy, workbook
A = "91359999MADEM00015"
def city():
    return User.objects.get(username="city")
def file(amount):
    rows = [energy(A, f"20{year}-{month:02d}", amount) for year in range(15, 25)
            for month in range(1, 13)]
    return workbook("monthly_energy", rows)
def state():
    current = EnergyRecord.objects.current()
    report = audit.verify()
    return {
        "rows": EnergyRecord.objects.count(),
        "current": current.count(),
        "amounts": sorted(set(current.values_list("consumption_total_qty", flat=True))),
        "keys": current.values("year", "month").distinct().count(),
        "status": sorted(Batch.objects.values_list("status", flat=True)),
        "intact": report.intact,
        "commits": __import__("tanfeng.console.core.models", fromlist=["x"]).AuditEvent.objects
            .filter(action="import.commit").count(),
    }
def together(*works):
    gate, said = threading.Barrier(len(works)), []
    def do(work):
        gate.wait()
        try:
            work()
            said.append("done")
        except ModelError:
            said.append("ModelError")
        except Exception:
            said.append(traceback.format_exc())
        finally:
            connections.close_all()
    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    [one.start() for one in threads]
    [one.join() for one in threads]
    return sorted(said)
"""
_WORLD = """
place = Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)
Organisation.objects.create(credit_code=A, name="演示甲", industry_code="3041", place=place)
User.objects.create_user("city", role="city")
batch = imports.upload(city(), file(120.0), "a.xlsx")
"""


@pytest.fixture
def home(tmp_path, boss_home):
    return shutil.copytree(boss_home, tmp_path / "home")


def _process(home, code):
    done = subprocess.run(
        [sys.executable, "-c", _SETUP + code, str(home)],
        capture_output=True,
        text=True,
        env={**environment(measured=False), "PYTHONPATH": ":".join(sys.path)},
    )
    return done


def _told(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_killed_in_the_middle_of_a_commit_nothing_is_half_written(home):
    """The process dies (kill -9) after rows were written and before the transaction ended."""
    kill = (
        _WORLD
        + """
write = known.write
def die(*args, **kwargs):
    write(*args, **kwargs)
    assert EnergyRecord.objects.count() == 120
    os.kill(os.getpid(), signal.SIGKILL)
known.write = die
imports.confirm(city(), batch)
"""
    )
    assert _process(home, kill).returncode == -9
    after = """
before = state()
done = imports.confirm(city(), Batch.objects.get())
print(json.dumps([before, state()]))
"""
    before, later = _told(_process(home, after))
    assert before == {
        "rows": 0, "current": 0, "amounts": [], "keys": 0, "status": ["preview"], "intact": True,
        "commits": 0,
    }  # fmt: skip
    assert (later["current"], later["status"], later["intact"]) == (120, ["committed"], True)


def test_threads_that_confirm_and_undo_at_once(home):
    """One confirms and the other is told; two officers with the same keys leave one value each."""
    code = (
        _WORLD
        + """
def confirm(pk):
    return lambda: imports.confirm(city(), Batch.objects.get(pk=pk))
said = [together(*[confirm(batch.pk)] * 4)]
first = state()
second, third = (imports.upload(city(), file(n), f"{n}.xlsx") for n in (130.0, 140.0))
said.append(together(confirm(second.pk), confirm(third.pk)))
both = state()
latest = Batch.objects.latest("committed_at")
undo = lambda: imports.undo(city(), Batch.objects.get(pk=latest.pk))
said.append(together(undo, undo, undo))
print(json.dumps([said, first, both, state()]))
"""
    )
    said, first, both, last = _told(_process(home, code))
    assert said[0] == ["ModelError"] * 3 + ["done"]
    assert (first["rows"], first["current"], first["commits"]) == (120, 120, 1)
    assert said[1] == ["done", "done"]
    # 120 keys of ten years by twelve months: each has one value that holds, all of one file.
    assert (both["rows"], both["current"], both["keys"]) == (360, 120, 120)
    assert both["amounts"] in ([130.0], [140.0])
    assert said[2] == ["ModelError"] * 2 + ["done"]
    assert (last["current"], last["keys"], last["intact"]) == (120, 120, True)
    assert len(last["amounts"]) == 1
    assert last["amounts"] != both["amounts"]


def test_a_long_book_that_is_checked_keeps_nobody_from_writing(home):
    """While its sheets are checked as if taken in, somebody else renames the enterprise."""
    code = (
        _WORLD
        + """
from form_files import book
from tanfeng.console.core import books
books.IN_PLACE_ROWS = 2
write, said, inside = books._write, [], []
def rename():
    Organisation.objects.update(name="演示乙")
def meanwhile(*args):
    write(*args)
    other = threading.Thread(target=lambda: said.extend(together(rename)))
    other.start()
    other.join(5)
    inside.append([len(said), EnergyRecord.objects.count(), Organisation.objects.get().name])
books._write = meanwhile
rows = [energy(A, f"2024-{n:02d}", 100.0) for n in (1, 2, 3)]
pages = [(row["period"], workbook("monthly_energy", [row])) for row in rows]
batch = imports.upload(city(), book(*pages), "book.xlsx")
names = list(Organisation.objects.values_list("name", flat=True))
print(json.dumps([inside, names, EnergyRecord.objects.count(), batch.status, batch.rows_good]))
"""
    )
    inside, names, rows, status, good = _told(_process(home, code))
    # In the copy the sheets before stand, and the enterprise is called as it was.
    assert inside == [[1, 1, "演示甲"], [2, 2, "演示甲"]]
    assert (names, rows) == (["演示乙"], 0)
    assert (status, good) == ("preview", 3)
