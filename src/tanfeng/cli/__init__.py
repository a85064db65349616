"""``tanfeng <noun> <verb>``: a command parses, calls one function and prints.

Exit codes: 0 fine, 1 findings in what was given, 2 wrong use. The module of a command is imported
when the command is called, so that ``tanfeng --help`` stays quick.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NoReturn, cast

from tanfeng import __version__

#: name -> (module with the command, its typer app or function, one sentence of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "account": ("tanfeng.cli.account", "app", "Account a workbook without console or home."),
    "backup": ("tanfeng.cli.backup", "backup", "Write a home folder into one file."),
    "check": ("tanfeng.cli.check", "check", "Check the installation and, if named, a home folder."),
    "demo": ("tanfeng.cli.demo", "app", "Build the demonstration city in a home folder."),
    "map": ("tanfeng.cli.map", "app", "Import an official boundary map."),
    "meter": (
        "tanfeng.cli.meter",
        "app",
        "Bring readings in, register points, get energy and quality out.",
    ),
    "pathway": (
        "tanfeng.cli.pathway",
        "app",
        "Say when emissions peak, why, and what the cheapest way there is.",
    ),
    "report": ("tanfeng.cli.report", "app", "Write a report from a home folder or a workbook."),
    "restore": ("tanfeng.cli.backup", "restore", "Make a home folder from a backup, verified."),
    "serve": ("tanfeng.cli.serve", "serve", "Start the console of a home folder."),
    "sheet": ("tanfeng.cli.sheets", "app", "Make form templates and check filled-in forms."),
    "standards": ("tanfeng.cli.standards", "app", "List, show and check the standards tables."),
    "user": ("tanfeng.cli.user", "app", "Create accounts and set passwords."),
    "work": ("tanfeng.cli.serve", "work", "Run background jobs apart from the console."),
}
WRONG_USE = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command named by the first argument; ends the process with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        _say(usage())
        sys.exit(0 if words else WRONG_USE)
    if words[0] == "--version":
        _say(f"tanfeng {__version__}")
        sys.exit(0)
    name, *rest = words
    if name not in COMMANDS:
        told = f"there is no command {name!r}" if _english(rest) else f"没有命令“{name}”"
        sys.stderr.write(f"tanfeng: {told}\n\n{usage()}\n")
        sys.exit(WRONG_USE)
    _run(name, rest)


def _english(words: Sequence[str]) -> bool:
    """Tell whether English is asked for, by words that were not understood otherwise."""
    return "--lang=en" in words or ("--lang", "en") in pairwise(words)


def _run(name: str, words: list[str]) -> NoReturn:
    """Run a command and end; wrong use is told in the language asked for."""
    import typer

    # typer names only this one of its kind; the one it derives from is what all wrong use is.
    wrong_use = cast("type[Exception]", typer.BadParameter.__mro__[1])
    try:
        ended = command(name).main(args=words, prog_name=f"tanfeng {name}", standalone_mode=False)
    except typer.Abort:
        sys.exit(1)
    except wrong_use as error:
        from tanfeng.cli._wrong_use import told

        sys.stderr.write(told(error, f"tanfeng {name}", english=_english(words)))
        sys.exit(WRONG_USE)
    sys.exit(ended if isinstance(ended, int) else 0)


def usage() -> str:
    """Return the list of commands, each with its sentence."""
    # Not map(): the command module of that name becomes an attribute of this package.
    width = max(len(name) for name in COMMANDS) + 2
    listed = "\n".join(f"  {name:<{width}}{COMMANDS[name][2]}" for name in sorted(COMMANDS))
    return (
        "Usage: tanfeng COMMAND ...\n\n"
        "Energy and CO2 accounts of a city's industry, traceable to form cell and clause.\n\n"
        f"Commands:\n{listed}\n\n"
        "tanfeng COMMAND --help tells more; tanfeng --version the version."
    )


def command(name: str) -> Any:
    """Import a command and return it ready to run."""
    import typer

    module, attribute, _sentence = COMMANDS[name]
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False)
        found.command()(function)
    opened = typer.main.get_command(found)
    opened.context_settings["help_option_names"] = ["-h", "--help"]  # commands below inherit it
    return opened


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
