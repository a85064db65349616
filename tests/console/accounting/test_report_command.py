"""``tanfeng report city``: whose figures, which files, in which words; the home is opened apart.

The city is that of ``conftest``: in 2024 firm A uses 1 200 x 10^4 kWh and 50 t of diesel, firm B
11 000 t of coke.
"""

from __future__ import annotations

import io
import zipfile

import pytest
from typer.testing import CliRunner

from tanfeng.cli import report
from tanfeng.console.core.models import AuditEvent


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Run the command over the database of the test; return how it ended and what it wrote."""
    homes = []
    monkeypatch.setattr(report, "open_home", homes.append)

    def call(*words):
        out = tmp_path / "briefs" / "2024"
        done = CliRunner().invoke(report.app, ["city", "--out", str(out), *map(str, words)])
        files = {path.name: path.read_bytes() for path in out.glob("*")}
        assert [str(home) for home in homes] == ["tanfeng-home"] * len(homes)
        return done, files

    return call


def words_of(document):
    with zipfile.ZipFile(io.BytesIO(document)) as packed:
        parts = [name for name in packed.namelist() if name.startswith("word/")]
        return "".join(packed.read(name).decode() for name in parts if name.endswith(".xml"))


def briefs():
    return list(AuditEvent.objects.filter(action="export.brief").order_by("id"))


def test_the_brief_of_the_city_is_written_twice_and_stamped(run, written):
    done, files = written("--year", 2024)
    assert done.exit_code == 0, done.output
    assert [name.rsplit("-", 1)[1] for name in sorted(files)] == ["2024.docx", "2024.pdf"]
    assert sorted(line.rsplit("/", 1)[1] for line in done.stdout.split()) == sorted(files)
    word, pdf = (files[name] for name in sorted(files))
    assert pdf.startswith(b"%PDF")
    text = words_of(word)
    assert "演示甲" in text
    assert "演示乙" in text
    kinds = [(one.detail["kind"], one.detail["year"], one.username) for one in briefs()]
    assert kinds == [("pdf", 2024, "system"), ("docx", 2024, "system")]
    # The number of the event stands on the file that left.
    assert str(briefs()[1].pk) in text


def test_one_format_in_english(run, written):
    done, files = written("--year", 2024, "--format", "docx", "--lang", "en")
    assert done.exit_code == 0, done.output
    (name,) = files
    assert name.endswith("-2024.docx")
    text = words_of(files[name])
    assert "Exported by system" in text
    assert "导出于" not in text


def test_an_account_gives_its_scope_and_its_office(run, written, county_officer_b):
    county_officer_b.department = "乙县工信局"
    county_officer_b.save()
    done, files = written("--year", 2024, "--account", county_officer_b.username)
    assert done.exit_code == 0, done.output
    text = words_of(next(one for name, one in files.items() if name.endswith("docx")))
    assert "演示乙" in text
    assert "演示甲" not in text
    assert "乙县工信局" in text
    assert {one.username for one in briefs()} == {county_officer_b.username}


def test_the_office_that_issues_it_can_be_named(run, written):
    _done, files = written("--year", 2024, "--format", "docx", "--issuer", "市双碳工作专班")
    assert "市双碳工作专班" in words_of(*files.values())


def test_the_basis_of_electricity_is_that_asked_for(run, written):
    done, files = written("--year", 2024, "--format", "docx", "--basis", "fossil", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "fossil" in words_of(*files.values()).lower()


@pytest.mark.parametrize(
    ("lang", "told"),
    [((), "没有账户“nobody”"), (("--lang", "en"), "there is no account 'nobody'")],
)
def test_an_account_nobody_has_is_wrong_use(run, written, lang, told):
    done, files = written("--year", 2024, "--account", "nobody", *lang)
    assert (done.exit_code, files) == (2, {})
    assert told in done.stderr
    assert "tanfeng user list --home tanfeng-home" in done.stderr
    assert briefs() == []


def test_a_year_the_run_does_not_hold_is_said(subtests, run, written):
    for year in (2022, 2030):
        for lang, told in (
            ((), f"没有 {year} 年的数据；请先核算并发布"),
            (("--lang", "en"), f"holds nothing on {year}"),
        ):
            with subtests.test(told):
                done, files = written("--year", year, *lang)
                assert (done.exit_code, files) == (1, {})
                assert told in done.stderr
                assert briefs() == []


def test_without_a_published_run_there_is_nothing_to_write(written, city, org_a):
    done, files = written("--year", 2024)
    assert (done.exit_code, files) == (1, {})
