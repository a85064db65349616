"""``tanfeng check``: the program looks at itself and, with ``--home``, at a home folder.

Exit codes: 0 nothing has to be repaired; 1 errors, or warnings too with ``--strict``; 2 wrong use.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._lang import InLang, Lang, counted, pick
from tanfeng.cli.standards import AsJson, print_json, print_table

if TYPE_CHECKING:
    from tanfeng.errors import Problem

_TOLD = ("rule", "severity", "message_zh", "message_en", "remedy_zh", "remedy_en")


def check(
    home: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="Home folder to check too; else the program alone."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings end with 1 too.")] = False,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Check tables, assets and catalogues; with --home also settings, database, rights, audit."""
    from tanfeng.cli.checks import run
    from tanfeng.errors import SEVERITIES

    found = [*run("program", Path()), *(_of_home(home) if home is not None else ())]
    found.sort(key=lambda problem: (SEVERITIES.index(problem.severity), problem.rule[4:]))
    failing = {"error", "warning"} if strict else {"error"}
    code = 1 if any(problem.severity in failing for problem in found) else 0
    if as_json:
        print_json([{key: asdict(problem)[key] for key in _TOLD} for problem in found])
        raise typer.Exit(code)
    rows = [[problem.rule, problem.message(lang), problem.remedy(lang)] for problem in found]
    console = print_table(lang, ("check", "found", "remedy"), rows)
    errors, warnings, infos = (
        sum(problem.severity == word for problem in found) for word in ("error", "warning", "info")
    )
    console.print(
        pick(
            f"{errors} 项错误，{warnings} 项警告，{infos} 项说明",
            f"{counted(errors, 'error')}, {counted(warnings, 'warning')}, {infos} for information",
        )
    )
    raise typer.Exit(code)


def _of_home(home: Path) -> tuple[Problem, ...]:
    """Open the home and check it; what lies inside a database that is not there is not asked."""
    from tanfeng.cli._home import open_home
    from tanfeng.cli.checks import CHECKS, run

    missing = CHECKS["TF-E041"]
    if not os.environ.get("DATABASE_URL") and not (home / "tanfeng.sqlite3").is_file():
        # Opening it would make a secret and a database.
        return (missing.found(f"{home} 中没有数据库", f"{home} holds no database"),)
    opened = open_home(home)
    unreachable = tuple(missing.found(zh, en) for zh, en in missing.examine(opened))
    return unreachable or run("home", opened)
