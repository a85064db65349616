"""``tanfeng standards list|show|check``: look at the tables the accounts lean on."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from tanfeng.cli._lang import InLang, Lang

if TYPE_CHECKING:
    from rich.console import Console

    from tanfeng.standards import TableInfo

app = typer.Typer(
    help="List, show and check the standards tables.", no_args_is_help=True, add_completion=False
)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

#: Width taken when the output is no terminal, so that a pipe gets whole lines. [characters]
_PIPE_WIDTH = 200
_HEADINGS = {
    "table": ("表", "table"),
    "title": ("名称", "title"),
    "rows": ("行数", "rows"),
    "confirmed": ("两源一致", "confirmed"),
    "single": ("单一来源", "single"),
    "recalled": ("凭记忆", "recalled"),
    "key": ("查询键", "looked up by"),
    "id": ("行号", "id"),
    "value": ("数值", "value"),
    "unit": ("单位", "unit"),
    "document": ("文件", "document"),
    "clause": ("条款", "clause"),
    "force": ("有效期", "in force"),
    "mark": ("可信度", "confidence"),
    "check": ("编号", "check"),
    "found": ("发现", "found"),
    "remedy": ("处理", "what to do"),
}
_UNVERIFIED = {"zh": "待核实", "en": "to be verified"}


@app.command("list")
def list_tables(as_json: AsJson = False, lang: InLang = Lang.ZH) -> None:
    """List the tables with the number of rows and how well they are confirmed."""
    from tanfeng import standards

    found = standards.tables()
    if as_json:
        print_json(
            [
                {
                    "table": t.name,
                    "title": t.title(lang),
                    "rows": t.rows,
                    "confirmed": t.confirmed,
                    "single": t.single,
                    "recalled": t.recalled,
                    "key": t.key,
                    "sha256": t.digest,
                }
                for t in found
            ]
        )
        return
    counted = ("rows", "confirmed", "single", "recalled")
    rows = [
        [t.name, t.title(lang), *(str(getattr(t, n)) for n in counted), ", ".join(t.key)]
        for t in found
    ]
    totals = [str(sum(getattr(t, n) for t in found)) for n in counted]
    rows.append(["", {"zh": "合计", "en": "total"}[lang], *totals, ""])
    print_table(lang, ("table", "title", *counted, "key"), rows)


@app.command("show")
def show_table(
    table: Annotated[str, typer.Argument(help="Name of the table.")],
    conditions: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Column=value; repeat it to narrow further."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows at most; 0 shows all.")] = 20,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Show rows of a table with document, clause and confidence."""
    import polars as pl

    from tanfeng import standards
    from tanfeng.errors import StandardError

    try:
        about = standards.info(table)
        found = standards.load(table).with_columns(
            *(about.part(role).alias(f"={role}") for role in ("id", *_SHOWN_ROLES)),
        )
        for column, value in (_condition(about, text) for text in conditions or ()):
            found = found.filter(pl.col(column) == value)
    except StandardError as error:
        _wrong_use(error.message(lang.value))
    total = found.height
    found = found.head(limit) if limit else found
    if as_json:
        shown = [column.name for column in about.columns]
        print_json(found.select("ref", *shown, "value_num", "document", "clause_text").to_dicts())
        return
    rows = [
        [
            row["=id"],
            row[f"=name_{lang}"],
            row["=value"],
            row["=unit"],
            row["document"],
            row["clause_text"],
            _time(row["=valid_from"], row["=valid_to"]),
            _mark(row["=confidence"], lang),
        ]
        for row in found.iter_rows(named=True)
    ]
    console = print_table(
        lang, ("id", "title", "value", "unit", "document", "clause", "force", "mark"), rows
    )
    console.print(
        {"zh": f"显示 {len(rows)} / {total} 行", "en": f"{len(rows)} of {total} rows"}[lang]
    )


@app.command("check")
def check_tables(as_json: AsJson = False, lang: InLang = Lang.ZH) -> None:
    """Check all tables: exit code 0 when they may be used, 1 when something is wrong."""
    from tanfeng import standards

    found = standards.check()
    errors = sum(finding.severity == "error" for finding in found)
    if as_json:
        print_json([asdict(finding) for finding in found])
        sys.exit(1 if errors else 0)
    ordered = sorted(found, key=lambda finding: finding.severity)
    rows = [
        [finding.check, finding.table, finding.message(lang), finding.remedy(lang)]
        for finding in ordered
    ]
    console = print_table(lang, ("check", "table", "found", "remedy"), rows)
    told = len(found) - errors
    console.print(
        {
            "zh": f"{errors} 项须处理，{told} 项为说明",
            "en": f"{errors} to be repaired, {told} for information",
        }[lang]
    )
    sys.exit(1 if errors else 0)


_SHOWN_ROLES = ("name_zh", "name_en", "value", "unit", "valid_from", "valid_to", "confidence")


def _condition(about: TableInfo, text: str) -> tuple[str, str]:
    from difflib import get_close_matches

    from tanfeng.errors import StandardError

    column, sign, value = text.partition("=")
    names = tuple(dict.fromkeys((*about.column_names(), "id")))
    if not sign or column not in names:
        close = ", ".join(get_close_matches(column, names, cutoff=0.5) or names)
        raise StandardError(
            f"--filter {text!r}: write column=value with a column of {about.name}: {close}",
            f"--filter {text!r}：写成 列名=值，{about.name} 的列有：{close}",
        )
    return ("=id" if column == "id" else column), value


def _mark(confidence: str, lang: str) -> str:
    return confidence if confidence == "confirmed" else f"{confidence} · {_UNVERIFIED[lang]}"


def _time(start: str, end: str) -> str:
    return f"{start or '…'} – {end or '…'}" if start or end else ""


def print_table(lang: str, columns: tuple[str, ...], rows: list[list[str]]) -> Console:
    """Print a table with known headings; a pipe gets whole lines."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        number = column in ("rows", "confirmed", "single", "recalled", "value")
        heading = _HEADINGS[column][lang == "en"]
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    return console


def print_json(content: Any) -> None:
    """Print JSON as people read it."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2))


def _wrong_use(message: str) -> NoReturn:
    typer.echo(message, err=True)
    sys.exit(2)
