"""The five messy sample files: every value, row, column and finding ``expected.json`` lists."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from tanfeng import sheets
from tanfeng.sheets._tables import rows as table_rows

SAMPLES = Path(__file__).parent / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))["files"]
#: checks.csv calls these errors; the house does not block on an own, unverified threshold.
MILDER = {"E021"}


@pytest.fixture(params=EXPECTED, ids=lambda want: want["file"])
def sample(request):
    want = request.param
    content = (SAMPLES / want["file"]).read_bytes()
    return want, sheets.read(content, want["file"], today=dt.date(2026, 11, 22))


def test_form_and_place_of_the_table(sample):
    want, got = sample
    assert got.form is not None
    assert got.form.key == (want["form_key"] or "monthly_wide")
    assert list(got.title_rows) == want["title_rows"]
    assert list(got.header_rows) == want["header_rows"]
    assert got.first_data_row == want["first_data_row"]
    assert got.last_data_row == want["last_data_row"]
    assert got.sheet == want.get("sheet", "")
    assert got.encoding == want.get("encoding", "")
    assert got.delimiter == want.get("delimiter", "")


def test_sheets(sample):
    want, got = sample
    others = [sheet for sheet in got.sheets if sheet.role != "read"]
    assert [(s.name, s.state, s.role) for s in others] == [
        (s["name"], s["state"], s["role"]) for s in want.get("other_sheets", [])
    ]


def test_head_block(sample):
    want, got = sample
    assert {key: got.head.get(key) for key in want["head"]} == want["head"]


def test_columns(sample):
    want, got = sample
    found = [(c.letter, c.heading, ";".join((c.field, *c.also))) for c in got.columns]
    assert found == [(c["col"], c["heading"], c["field_key"]) for c in want["columns"]]
    for column, expected in zip(got.columns, want["columns"], strict=True):
        if expected["factor"] == "by unit column" or column.factor is None:
            # Text, and quantities each row converts itself, have no factor of the column.
            assert column.factor is None
        else:
            assert column.factor == pytest.approx(expected["factor"], rel=1e-12)
    assert [(c.letter, c.heading) for c in got.unmapped] == [
        (c["col"], c["heading"]) for c in want.get("unmapped_columns", [])
    ]


def test_rows(sample):
    want, got = sample
    rows = {row["source_row"]: row for row in got.frame.iter_rows(named=True)}
    assert list(rows) == [row["source_row"] for row in want["rows"]]
    for expected in want["rows"]:
        row = rows[expected["source_row"]]
        for field, value in expected["values"].items():
            wanted = pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
            assert row[field] == wanted, (expected["source_row"], field)


def test_skipped_rows(sample):
    want, got = sample
    assert [{"row": row, "reason": reason} for row, reason in got.skipped] == want["skipped_rows"]


def test_findings(sample):
    want, got = sample
    severities = {row["check_id"]: row["severity"] for row in table_rows("checks.csv")}
    found = {(p.row, p.column or None, p.rule): p.severity for p in got.problems}
    for finding in want["findings"]:
        key = finding["row"], finding["col"], finding["check_id"]
        assert key in found, key
        expected = finding.get("severity", severities[finding["check_id"]])
        assert found[key] == ("warning" if finding["check_id"] in MILDER else expected), key


def test_hidden_things_are_told(sample):
    want, got = sample
    told = {(p.row, p.column) for p in got.problems if p.rule == "S012"}
    for row in want.get("hidden_rows", []):
        assert (row, "") in told
    for column in want.get("hidden_columns", []):
        assert (None, column) in told


def test_every_message_is_complete_in_both_languages(sample):
    _, got = sample
    for problem in got.problems:
        for lang in ("zh", "en"):
            text = problem.line(lang)
            assert "{" not in text, text
            assert "None" not in text, text
        assert problem.message_zh != problem.message_en


def test_the_maker_makes_the_same_values(sample, tmp_path):
    """The script beside the samples still makes files that read the same."""
    import runpy
    import warnings

    want, got = sample
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = runpy.run_path(str(SAMPLES / "make_samples.py"))
        script["main"].__globals__["HERE"] = tmp_path
        script["main"]()
    content = (tmp_path / want["file"]).read_bytes()
    again = sheets.read(content, want["file"], today=dt.date(2026, 11, 22))
    assert again.frame.equals(got.frame)
    assert again.problems == got.problems
