"""The root command: quick, complete, honest about its commands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tanfeng import __version__
from tanfeng.cli import COMMANDS, command, main, usage


def _run(*words):
    code = "from tanfeng.cli import main; main()"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from tanfeng.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'polars', 'numpy', 'django', 'typer', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert usage() in done.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_opens_and_has_help(name, capsys):
    found = command(name)
    assert (found.help or "").strip(), "a command needs a sentence of help"
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"tanfeng {name}" in capsys.readouterr().out
    assert COMMANDS[name][2] in usage()


def test_exit_codes_and_words_of_wrong_use(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "没有命令“fly”" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_a_command_that_is_used_wrongly_says_so_without_a_traceback():
    done = _run("standards", "show", "fuels", "--limit", "x")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "--limit" in done.stderr
