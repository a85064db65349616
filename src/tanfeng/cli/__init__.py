"""``tanfeng <noun> <verb>``: a command parses, calls one function and prints.

Exit codes: 0 fine, 1 findings in what was given, 2 wrong use. Modules of commands are imported
when their command is called, so that ``tanfeng --help`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

#: name -> (module with the command, attribute, one sentence of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "account": ("tanfeng.cli.account", "app", "Account a workbook without console or workspace."),
    "demo": ("tanfeng.cli.demo", "app", "Build the demonstration city in a home folder."),
    "map": ("tanfeng.cli.map", "app", "Import an official boundary map."),
    "report": ("tanfeng.cli.report", "app", "Write a report from a home folder."),
    "serve": ("tanfeng.cli.serve", "serve", "Start the console of a home folder."),
    "sheet": ("tanfeng.cli.sheets", "app", "Make form templates and check filled-in forms."),
    "standards": ("tanfeng.cli.standards", "app", "List, show and check the standards tables."),
    "user": ("tanfeng.cli.user", "app", "Create accounts and set passwords."),
    "work": ("tanfeng.cli.serve", "work", "Run background jobs apart from the console."),
}


class Commands(click.Group):
    """A group that knows its commands by name and imports one only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, attribute, _sentence = entry
        found: Any = getattr(importlib.import_module(module), attribute)
        if isinstance(found, click.Command):
            command = found
        else:
            import typer

            command = typer.main.get_command(found)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the sentences above, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in sorted(COMMANDS)])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tanfeng")
def main() -> None:
    """Energy and CO2 accounts of a city's industry, traceable to form cell and clause."""
