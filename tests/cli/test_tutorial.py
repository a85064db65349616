"""The commands of the tutorial run as printed and end as it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tanfeng.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_of_the_tutorial_runs(page, tmp_path, monkeypatch, capsys):
    samples = "tests/sheets/samples"
    shutil.copytree(ROOT / samples, tmp_path / samples)
    monkeypatch.chdir(tmp_path)
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
    assert (tmp_path / "marked.xlsx").exists()
