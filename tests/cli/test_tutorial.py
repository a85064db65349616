"""The commands of the tutorial, and of a how-to, run as printed and end as they say."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from form_files import credit_code, energy, workbook
from method_books import MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def run(page, capsys):
    """Run every command of a page in the folder we are in."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
        stated = re.search(r"^exit (\d+)$", block, re.MULTILINE)
        for command in commands:
            program, *arguments = shlex.split(command)
            assert program == "tanfeng"
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            expected = int(stated[1]) if stated else 0
            assert (ended.value.code or 0) == expected, f"{command}\n{capsys.readouterr()}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_of_the_tutorial_runs(page, tmp_path, monkeypatch, capsys):
    samples = "tests/sheets/samples"
    shutil.copytree(ROOT / samples, tmp_path / samples)
    monkeypatch.chdir(tmp_path)
    run(page, capsys)
    assert (tmp_path / "marked.xlsx").exists()


def test_every_command_about_sector_methods_runs(tmp_path, monkeypatch, capsys):
    """The workbook of the page is the template filled in, once with its mistake, once without."""
    for name, oxidation in (("steel.xlsx", 0.99), ("corrected.xlsx", 99)):
        book = MethodBook(METHODS["gb_t_32151_5_2015"])
        book.add("fuel", period="2023", item="天然气", used_qty=20, oxidation_pct=oxidation)
        book.add("flux", period="2023", item="石灰石", used_qty=500)
        (tmp_path / name).write_bytes(book.content())
    monkeypatch.chdir(tmp_path)
    run(ROOT / "docs" / "how-to" / "account-by-method.md", capsys)
    assert {path.name for path in tmp_path.iterdir()} >= {"report.xlsx", "report.docx", "form.xlsx"}


def test_every_command_about_the_energy_utilisation_report_runs(tmp_path, monkeypatch, capsys):
    rows = [energy(credit_code(1), f"2024-{month:02d}", 10.0) for month in range(1, 13)]
    (tmp_path / "energy.xlsx").write_bytes(workbook("monthly_energy", rows))
    monkeypatch.chdir(tmp_path)
    run(ROOT / "docs" / "how-to" / "energy-utilisation-report.md", capsys)
    assert (tmp_path / "report.xlsx").exists()
