"""``tanfeng meter points|devices``: the register of points, meters and tree, out and in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tanfeng.cli._home import FINDINGS, fail
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import (
    AsJson,
    Home,
    KnownOn,
    ToCsv,
    known_on,
    local_text,
    now,
    open_metering,
    tell,
    write_csv,
)
from tanfeng.cli._output import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tanfeng.errors import Problem
    from tanfeng.metering.register import Put


class _ListFirst(TyperGroup):
    """A group that lists when no command is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word ``list`` before options."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


points = typer.Typer(
    cls=_ListFirst,
    add_completion=False,
    help="List the points, or bring points, meters and tree in.",
    epilog="The word `list` may be left out: tanfeng meter points --home HOME.",
)
devices = typer.Typer(
    cls=_ListFirst,
    add_completion=False,
    help="List the meters hung at points, or bring them in.",
    epilog="The word `list` may be left out: tanfeng meter devices --home HOME.",
)
ToXlsx = Annotated[
    Path | None, typer.Option("--xlsx", dir_okay=False, help="Write a workbook instead.")
]
_File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Workbook (.xlsx, .xls) or .csv.")
]
#: Columns of the tables printed.
_SHOWN = {
    "points": ("point", "name", "kind", "item_key", "unit", "multiplier", "digits", "rated_power",
               "level", "node", "origin"),
    "devices": ("point", "device", "installed", "removed", "opening", "closing", "multiplier"),
}  # fmt: skip


@points.command("list")
def list_points(
    home: Home = Path("tanfeng-home"),
    known: KnownOn = None,
    csv: ToCsv = None,
    xlsx: ToXlsx = None,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """List the points; the workbook has meters and tree too and can be brought in again."""
    register, at = open_metering(home).register, known_on(known)
    found = register.points(at)
    if xlsx is not None:
        from tanfeng.gateway import register_book

        tables = {
            "points": found,
            "devices": register.devices(at),
            "nodes": register.nodes(at),
            "edges": register.edges(at),
        }
        _write(xlsx, register_book.workbook(tables, lang=lang))
        return
    _out("points", found, csv, as_json)


@devices.command("list")
def list_devices(
    home: Home = Path("tanfeng-home"),
    known: KnownOn = None,
    csv: ToCsv = None,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """List the meters hung at points, those taken down among them."""
    _out("devices", open_metering(home).register.devices(known_on(known)), csv, as_json)


@points.command("import")
def import_points(
    file: _File,
    home: Home = Path("tanfeng-home"),
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Bring in points, meters, nodes and tree: new ones are made, changed ones get a new version.

    A sheet is told by its headings. A meter in the file is added to those of its point, or takes the
    place of the same one (number and time of installation); the parents given are all a node has.
    """
    _import(file, home, None, as_json)


@devices.command("import")
def import_devices(
    file: _File,
    home: Home = Path("tanfeng-home"),
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Bring in meters alone: hung, replaced, taken down, with their registers."""
    _import(file, home, "devices", as_json)


@points.command("template")
def template(
    out: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="File to write.")],
    lang: InLang = Lang.ZH,
) -> None:
    """Write the empty workbook of points, meters, nodes and tree, with an example in each."""
    from tanfeng.gateway import register_book

    _write(out, register_book.template(lang))


def _import(file: Path, home: Path, only: str | None, as_json: bool) -> None:
    from tanfeng.errors import DataError
    from tanfeng.gateway import register_book

    metering = open_metering(home, must_exist=False)
    try:
        book = register_book.read(file.read_bytes(), file.name)
    except DataError as refused:
        _refused(refused.problems, as_json)
    tables = {name: frame for name, frame in book.tables.items() if only in (None, name)}
    if not tables:
        fail(f"{file.name} 中没有表计的表", f"{file.name} has no sheet of meters", 2)
    if "devices" in tables:
        tables["devices"] = _with_standing(tables["devices"], metering.register.devices())
    try:
        if book.problems:
            raise DataError(book.problems)
        done = metering.register.put(**tables, recorded=now())
    except DataError as refused:
        _refused(book.placed(refused.problems), as_json)
    _tell(done, as_json)


def _with_standing(given: pl.DataFrame, now_there: pl.DataFrame) -> pl.DataFrame:
    """Add the meters that hang at these points already, but for those told anew."""
    import polars as pl

    from tanfeng.metering.frames import DEVICES

    key = ["point", "device", "installed"]
    if not {*key} <= set(given.columns):
        return given
    of_points = now_there.filter(pl.col("point").is_in(given["point"].implode()))
    kept = of_points.join(given.select(key), on=key, how="anti").drop("recorded")
    wide = {name: given.schema.get(name, kind) for name, kind in DEVICES.items()}
    kept = kept.cast({name: wide[name] for name in kept.columns})
    return pl.concat([given, kept], how="diagonal")


def _refused(problems: Sequence[Problem], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"problems": [plain(p) for p in problems]}, ensure_ascii=False))
    else:
        tell(problems)
        typer.echo(
            pick("未导入：请改正后重新导入", "Not imported: correct it and bring it in again"),
            err=True,
        )
    raise typer.Exit(FINDINGS)


def _tell(done: Put, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(done)))
        return
    if not any((done.points, done.devices, done.nodes, done.edges)):
        typer.echo(pick("与现有登记相同，没有变化", "The same as registered, nothing changed"))
        return
    typer.echo(
        pick(
            f"已登记：计量点 {done.points} 个，更换表计的计量点 {done.devices} 个，"
            f"节点 {done.nodes} 个，上下级 {done.edges} 个",
            f"Registered: {done.points} points, meters of {done.devices} points, "
            f"{done.nodes} nodes, parents of {done.edges} nodes",
        )
    )


def _out(name: str, found: pl.DataFrame, csv: Path | None, as_json: bool) -> None:
    if csv is not None:
        write_csv(found, csv)
        return
    if as_json:
        typer.echo(json.dumps(local_text(found).to_dicts(), ensure_ascii=False, indent=1))
        return
    from rich.table import Table

    from tanfeng.cli._lang import spoken
    from tanfeng.cli._output import open_console
    from tanfeng.gateway import register_book

    lang = spoken().value
    worded = register_book.worded(name, found, lang)
    if name == "points":
        worded = worded.with_columns(found["origin"].alias(pick("来源", "origin")))
    console, table = open_console(), Table()
    for column in worded.columns:
        table.add_column(column)
    for row in worded.iter_rows():
        table.add_row(*("" if cell is None else f"{cell}" for cell in row))
    console.print(table)
    console.print(pick(f"{found.height} 行", f"{found.height} rows"))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        fail(f"不能写入 {path}：{error}", f"{path} cannot be written: {error}", 2)
    typer.echo(pick(f"已写入 {path}", f"wrote {path}"), err=True)
