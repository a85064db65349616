"""What commands that account share: the group that takes a file, language, tables, refusals."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from tanfeng.cli._lang import graded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tanfeng.errors import Problem

_PIPE_WIDTH = 240


class FileFirst(TyperGroup):
    """A group whose first word may be a file: the command ``file`` is then meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word ``file`` before anything that names no command and asks for no help."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["file", *args]
        return super().parse_args(ctx, args)


def plain(problem: Problem) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {**asdict(problem), "cell": problem.cell}


def refuse(problems: Iterable[Problem], as_json: bool, lang: str) -> NoReturn:
    """Print why the file cannot be taken and end."""
    if as_json:
        told = {"problems": [plain(one) for one in problems]}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for problem in problems:
            typer.echo(f"{graded(problem.severity)}: {problem.line(lang)}", err=True)
    sys.exit(1)


def open_console() -> Console:
    """Return the console tables are printed to; wide where nobody looks."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    return (
        console
        if console.is_terminal
        else Console(width=_PIPE_WIDTH, highlight=False, markup=False)
    )


def number(value: float | None) -> str:
    """Two places by GB/T 8170; a dash where there is no data."""
    from tanfeng.units import round_gb8170

    return "—" if value is None else f"{round_gb8170(value, 2):,}"
