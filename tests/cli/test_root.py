"""The root command: quick, complete, honest about its commands."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from tanfeng.cli import COMMANDS, Commands, main


def test_help_lists_every_command_and_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from tanfeng.cli import main\n"
        "out = CliRunner().invoke(main, ['--help']).output\n"
        "heavy = {'polars', 'numpy', 'django', 'typer', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = CliRunner().invoke(main, ["--help"]).output
    assert all(name in listed for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_opens_and_has_help(name):
    command = Commands().get_command(None, name)
    assert command is not None
    assert command.name == name
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert (command.help or "").strip(), "a command needs a sentence of help"


def test_an_unknown_command_is_wrong_use():
    done = CliRunner().invoke(main, ["fly"])
    assert done.exit_code == 2
    assert "fly" in done.output
