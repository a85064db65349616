"""``tanfeng sheet template|check``: empty forms out, filled-in forms checked."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tanfeng.cli._lang import InLang, Lang, counted, graded, pick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tanfeng.errors import Problem
    from tanfeng.sheets import ReadResult

app = typer.Typer(
    help="Make form templates and check filled-in forms.",
    no_args_is_help=True,
    add_completion=False,
)


#: Findings printed at most; the annotated workbook and --json have all.
_MOST_LINES = 200
_WORDS = {
    "zh": {
        "forms": "可用的表式",
        "unknown": "未识别的表",
        "more": "另有 {0} 条，见标注文件或 --json",
        "written": "已写入 {0}",
    },
    "en": {
        "forms": "Known forms",
        "unknown": "unknown form",
        "more": "{0} more, see the annotated file or --json",
        "written": "wrote {0}",
    },
}


@app.command()
def template(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Form, for example monthly_energy.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="File to write.")],
    lang: InLang = Lang.ZH,
) -> None:
    """Write the empty workbook of a form."""
    from tanfeng import sheets

    if key not in sheets.forms():
        _wrong_use(key, lang)
    out.write_bytes(sheets.template(key, lang=lang))
    typer.echo(_WORDS[lang]["written"].format(out))


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Form to check.")
    ],
    form: Annotated[str | None, typer.Option("--form", help="Form it is, when known.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Read this worksheet alone.")] = None,
    annotate: Annotated[
        Path | None,
        typer.Option("--annotate", metavar="OUT.xlsx", help="Write it back with findings marked."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Check every sheet with a form: exit 0 without errors, 1 with errors, 2 for wrong use."""
    from tanfeng import sheets
    from tanfeng.errors import DataError

    if form is not None and form not in sheets.forms():
        _wrong_use(form, lang)
    content = file.read_bytes()
    today = dt.datetime.now(tz=dt.timezone(dt.timedelta(hours=8))).date()
    try:
        results = sheets.read_all(content, file.name, today=today, form=form, sheet=sheet)
    except DataError as error:
        _refused(error.problems, as_json=as_json, lang=lang)
        raise typer.Exit(1) from None
    if annotate is not None:
        annotate.write_bytes(sheets.annotate(content, file.name, results, lang=lang))
    if as_json:
        facts = [_as_dict(result, lang) for result in results]
        facts[0]["further_sheets"] = facts[1:]
        typer.echo(json.dumps(facts[0], ensure_ascii=False, indent=1))
    else:
        for result in results:
            _print(result, annotate, lang, named=len(results) > 1)
        if annotate is not None:
            typer.echo(_WORDS[lang]["written"].format(annotate))
    raise typer.Exit(1 if any(result.errors for result in results) else 0)


def _wrong_use(key: str, lang: Lang) -> None:
    from tanfeng import sheets

    words = _WORDS[lang]
    typer.echo(f"{key}: {words['unknown']}. {words['forms']}:", err=True)
    for known in sheets.forms().values():
        typer.echo(f"  {known.key}  {known.name(lang)}", err=True)
    raise typer.Exit(2)


def _refused(problems: Iterable[Problem], *, as_json: bool, lang: Lang) -> None:
    if as_json:
        found = {"form": None, "problems": [_problem(p, lang) for p in problems]}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for problem in problems:
        typer.echo(f"{graded(problem.severity)}  {problem.line(lang)}")


def _problem(problem: Problem, lang: Lang) -> dict[str, Any]:
    return {
        "rule": problem.rule,
        "severity": problem.severity,
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "heading": problem.heading,
        "value": problem.value,
        "message": problem.message(lang),
        "remedy": problem.remedy(lang),
        "suggestion": problem.suggestion,
    }


def _as_dict(result: ReadResult, lang: Lang) -> dict[str, Any]:
    return {
        "file": result.filename,
        "form": result.form.key if result.form else None,
        "sheet": result.sheet,
        "encoding": result.encoding,
        "head": dict(result.head),
        "header_rows": result.header_rows,
        "rows": result.frame.height,
        "accepted_rows": result.accepted.height,
        "bad_rows": sorted(result.bad_rows),
        "skipped_rows": result.skipped,
        "columns": [
            {"column": c.letter, "heading": c.heading, "field": c.field, "unit": c.unit}
            for c in result.columns
        ],
        "unmapped": [
            {"column": c.letter, "heading": c.heading, "candidates": c.candidates}
            for c in result.unmapped
        ],
        "errors": result.errors,
        "warnings": result.warnings,
        "infos": result.infos,
        "problems": [_problem(p, lang) for p in result.problems],
    }


def _print(result: ReadResult, annotated: Path | None, lang: Lang, *, named: bool) -> None:
    from rich.console import Console

    words = _WORDS[lang]
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    colours = {"error": "red", "warning": "yellow", "info": "cyan"}
    told = [p for p in result.problems if p.severity != "info" or not annotated]
    for problem in told[:_MOST_LINES]:
        console.print(graded(problem.severity), style=colours[problem.severity], end="  ")
        console.print(problem.line(lang), markup=False, soft_wrap=True)
    if len(told) > _MOST_LINES:
        console.print(words["more"].format(len(told) - _MOST_LINES))
    form = result.form.name(lang) if result.form else words["unknown"]
    form = f"[{result.sheet}] {form}" if named else form
    rows, accepted = result.frame.height, result.accepted.height
    errors, warnings, infos = result.errors, result.warnings, result.infos
    summary = pick(
        f"{form}：{rows} 行数据，{accepted} 行可导入；"
        f"{errors} 个错误，{warnings} 个提醒，{infos} 个提示",
        f"{form}: {counted(rows, 'row')} of data, {accepted} to import; "
        f"{counted(errors, 'error')}, {counted(warnings, 'warning')}, {counted(infos, 'info')}",
    )
    console.print(summary, style="bold", markup=False)
