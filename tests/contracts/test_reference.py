"""The command line explains itself, and the reference says the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tanfeng.cli import COMMANDS, command

ROOT = Path(__file__).resolve().parents[2]


def _script():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _script()
PAGES = REFERENCE.pages()
#: Every command that does something: its words and itself.
OPENED = [pair for name in sorted(COMMANDS) for pair in REFERENCE._walk(name, command(name))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_is_what_the_program_says(page):
    assert page.read_text(encoding="utf-8") == PAGES[page], "run scripts/reference.py"


@pytest.mark.parametrize(("path", "one"), OPENED, ids=[path for path, _one in OPENED])
def test_a_command_and_its_options_have_help_in_sentences(path, one):
    context = one.make_context(f"tanfeng {path}", [], resilient_parsing=True)
    told = [one.help] + [p.help for p in one.params if p.name != "help"]
    assert all(text and text.strip() for text in told)
    assert one.help.strip().split("\n\n")[0].endswith(".")
    assert f"## tanfeng {path}\n" in PAGES[REFERENCE.REFERENCE / "cli.md"]
    assert one.collect_usage_pieces(context)


@pytest.mark.parametrize("path", sorted({*COMMANDS, *(path for path, _one in OPENED)}))
def test_h_is_help(path, capsys):
    name, *words = path.split()
    said = []
    for flag in ("-h", "--help"):
        with pytest.raises(SystemExit) as ended:
            command(name).main(args=[*words, flag], prog_name=f"tanfeng {name}")
        assert ended.value.code == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "Usage: " in said[0]
