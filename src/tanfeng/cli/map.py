"""``tanfeng map import``: bring an official boundary map into a home folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._home import open_home
from tanfeng.cli._lang import InLang, Lang, counted, pick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from tanfeng.console.archive.maps import MapImport
    from tanfeng.errors import Problem

app = typer.Typer(
    help="Import an official boundary map.", no_args_is_help=True, add_completion=False
)

_HOME = Annotated[Path, typer.Option(help="Folder of database, uploads and runs.")]
_WORDS = {
    "checked": (
        "检查通过，未写入（--check-only）：{0} 个县（市、区），{1} 个点，{2:.0f} kB。",
        "Fine, nothing written (--check-only): {0} counties, {1} positions, {2:.0f} kB.",
    ),
    "stored": (
        "已导入 {0} 个县（市、区），{1} 个点，{2:.0f} kB；边界最多移动 {3:.0f} 米。",
        "Imported {0} counties, {1} positions, {2:.0f} kB; borders moved by {3:.0f} m at most.",
    ),
    "removed": ("已恢复示意图（原有 {0} 个边界）。", "Back to the tiles ({0} shapes removed)."),
}
#: Length of a degree of latitude. Source: mean meridian of the WGS 84 ellipsoid. [m/deg]
_METRES_PER_DEGREE = 111_133.0
_STYLE = {"error": "red", "warning": "yellow", "info": "dim"}


@app.callback()
def main() -> None:
    """Import an official boundary map."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="GeoJSON file.")],
    home: _HOME = Path("tanfeng-home"),
    review_number: Annotated[
        str, typer.Option(help="Map review number (审图号) printed on the map.")
    ] = "",
    source: Annotated[str, typer.Option(help="Publisher and title, shown under the map.")] = "",
    repair: Annotated[
        bool, typer.Option("--repair", help="Close open rings and turn rings the right way.")
    ] = False,
    check_only: Annotated[
        bool, typer.Option("--check-only", help="Check the file and write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Check a GeoJSON file, simplify it for the page and store it with its source."""
    from rich.console import Console

    console = Console(soft_wrap=True)
    open_home(home)
    from tanfeng.console.archive import maps
    from tanfeng.console.core import services
    from tanfeng.errors import DataError

    try:
        done = maps.import_map(
            services.system_user(),
            file.read_bytes(),
            source=source or file.name,
            review_number=review_number,
            repair=repair,
            check_only=check_only,
        )
    except DataError as refused:
        _refused(refused.problems, console, lang, as_json=as_json)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(_facts(done), ensure_ascii=False, indent=1))
        return
    _print(done.problems, console, lang)
    console.print(
        _say(
            "stored" if done.stored else "checked",
            lang,
            len(done.shapes),
            done.points_after,
            done.size_bytes / 1000,
            done.tolerance_deg * _METRES_PER_DEGREE,
        ),
        style="bold green",
    )


@app.command("remove")
def remove(home: _HOME = Path("tanfeng-home"), lang: InLang = Lang.ZH) -> None:
    """Go back to the schematic tiles."""
    from rich.console import Console

    console = Console(soft_wrap=True)
    open_home(home)
    from tanfeng.console.archive import maps
    from tanfeng.console.core import services

    console.print(_say("removed", lang, maps.remove_map(services.system_user())))


def _say(key: str, lang: Lang, *values: object) -> str:
    return _WORDS[key][lang == Lang.EN].format(*values)


def _print(problems: Iterable[Problem], console: Console, lang: Lang) -> None:
    for problem in problems:
        console.print(problem.line(lang), style=_STYLE[problem.severity], markup=False)


def _refused(problems: tuple[Problem, ...], console: Console, lang: Lang, *, as_json: bool) -> None:
    if as_json:
        facts = {"stored": False, "problems": [asdict(problem) for problem in problems]}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    _print(problems, console, lang)
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    said = pick(
        f"未导入：{errors} 处错误，{warnings} 处提醒。",
        f"Not imported: {counted(errors, 'error')}, {counted(warnings, 'warning')}.",
    )
    console.print(said, style="bold red")


def _facts(done: MapImport) -> dict[str, Any]:
    return {
        "stored": done.stored,
        "counties": sorted(done.shapes),
        "points_before": done.points_before,
        "points_after": done.points_after,
        "size_bytes": done.size_bytes,
        "tolerance_deg": done.tolerance_deg,
        "problems": [asdict(problem) for problem in done.problems],
    }
