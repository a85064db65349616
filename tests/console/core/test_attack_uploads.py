"""A rival's files at the door of the console: refused in words, or taken as nothing but text."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from form_files import energy, workbook
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.core import imports
from tanfeng.console.core.models import AuditEvent, Batch

A = "91359999MADEM00015"
SECRET_WORDS = "root:x:0:0"


def _good(**more):
    return workbook("monthly_energy", [energy(A, "2024-01", 120.0, **more)])


def _with(content, **parts):
    """Return the workbook with parts added or changed by a function of the old content."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for entry in old.namelist():
            data = old.read(entry)
            change = parts.pop(entry, None)
            new.writestr(entry, change(data) if callable(change) else change or data)
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def _strings(data):
    return b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + data


FILES = {
    "nested bomb": _with(_good(), **{"xl/media/a.xml": b"0" * (300 << 20)}),
    "huge shared strings": _with(
        _good(), **{"xl/sharedStrings.xml": _strings(b"<si><t>x</t></si>" * 16_000_000)}
    ),
    "many sheets": _with(
        _good(), **{f"xl/worksheets/sheet{n}.xml": b"<worksheet/>" for n in range(2, 2100)}
    ),
    "macros under another name": _with(_good(), **{"xl/vbaProject.bin": b"x"}),
    "macros in another folder": _with(_good(), **{"XL/Foo/VBAPROJECT.BIN": b"x"}),
    "macro sheet": _with(_good(), **{"xl/macrosheets/sheet1.xml": b"<x/>"}),
    "entities": _with(
        _good(),
        **{
            "xl/sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
            + _strings(b"<si><t>&b;</t></si></sst>")
        },
    ),
    "entities in another encoding": _with(
        _good(),
        **{
            "xl/sharedStrings.xml": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a []><sst/>'
            .encode("utf-16")
        },
    ),
    "encrypted": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "nothing": b"",
    "cut off": _good()[:-400],
    "a program": b"MZ\x90\0" + bytes(range(256)) * 20,
    "a page": b"<html><script>alert(1)</script></html>",
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_a_file_that_is_no_form_is_refused_in_words_and_not_kept(
    client_for, firm_a, org_a, kind, ending, settings
):
    settings.JOBS_IMMEDIATE = True
    client = client_for(firm_a)
    file = SimpleUploadedFile(f"能源{ending}", FILES[kind] or b" ")
    answer = client.post(reverse("upload-new"), {"file": file, "form_key": ""}, follow=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert SECRET_WORDS not in text
    batch = Batch.objects.latest("uploaded_at")
    assert (batch.status, batch.rows_good) in (("refused", 0), ("preview", 0))
    if batch.status == "refused":
        assert batch.problems[0]["message_zh"]
        assert batch.problems[0]["remedy_zh"]
        assert not (settings.UPLOADS / batch.sha256[:2] / batch.sha256).exists()
    assert not EnergyRecord.objects.exists()


NAMES = [
    "../../../etc/passwd.xlsx",
    "..\\..\\secret.key",
    "能源\u202excod.xlsx",  # turned round, it ends in .docx
    "a\r\nSet-Cookie: x=1.xlsx",
    '";filename="evil.html',
    "x" * 400 + ".xlsx",
    "=cmd|' /C calc'!A0.xlsx",
    "<script>alert(1)</script>.xlsx",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_is_a_name_and_nothing_else(client_for, firm_a, org_a, name):
    batch = imports.upload(firm_a, _good(), name)
    client = client_for(firm_a)
    for address in ("upload-file", "upload-marked"):
        answer = client.get(reverse(address, args=(batch.pk,)))
        assert answer.status_code == 200
        told = answer["Content-Disposition"]
        assert told.startswith("attachment; filename*=UTF-8''")
        assert not set('\r\n"/\\<>;') & set(told.removeprefix("attachment; filename"))
        named = unquote(told.partition("''")[2])
        assert not set("/\\\r\n\0") & set(named)
        assert len(named) <= 210
        assert "html" not in answer["Content-Type"]
    page = client.get(reverse("upload", args=(batch.pk,))).content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_formulas_stay_text_in_every_file_that_comes_back(client_for, city, org_a):
    """A cell that begins a formula is never one: not in the marked file, not in an export."""
    evil = '=HYPERLINK("http://evil.example","x")'
    batch = imports.upload(city, _good(remark=evil), "a.xlsx")
    imports.confirm(city, batch)
    type(org_a).objects.update(name="=cmd|' /C calc'!A0", address="@SUM(1)", permit_no="+1")
    client = client_for(city)
    for url in (
        reverse("upload-marked", args=(batch.pk,)),
        reverse("enterprises") + "?export=xlsx",
        reverse("enterprise", args=(A,)) + "?export=xlsx",
        reverse("audit") + "?export=xlsx",
    ):
        content = client.get(url).content
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            for name in book.namelist():
                assert not name.startswith(("xl/externalLinks", "xl/vbaProject"))
                if name.startswith("xl/worksheets/sheet"):
                    assert b"<f>" not in book.read(name), (url, name)


def test_a_refusal_is_an_event_that_names_the_rule(firm_a, org_a):
    batch = imports.upload(firm_a, FILES["macro sheet"], "a.xlsx")
    event = AuditEvent.objects.filter(action="import.refuse").get()
    assert (event.username, event.object_id) == ("firm-a", str(batch.pk))
    assert event.detail["rules"] == ["U003"]


def test_asking_for_foreign_codes_does_not_tell_which_exist(firm_a, org_a, org_b):
    """The words about a rival's code and about one nobody has are the same."""
    from form_files import credit_code

    said = []
    for code in (org_b.credit_code, credit_code(7)):
        content = workbook("monthly_energy", [energy(code, "2024-01", 1.0)])
        batch = imports.upload(firm_a, content, f"{code}.xlsx")
        texts = [
            (one["rule"], one["message_zh"].replace(code, "*"), one["remedy_zh"])
            for one in batch.problems
        ]
        said.append((batch.errors, sorted(texts)))
        archive = workbook(
            "enterprise_archive",
            [{"credit_code": code, "org_name": "某某", "industry_code": "3041"}],
        )
        batch = imports.upload(firm_a, archive, f"archive-{code}.xlsx")
        said[-1] += (
            sorted((p["rule"], p["message_zh"].replace(code, "*")) for p in batch.problems),
        )
    assert said[0] == said[1]
