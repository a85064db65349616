"""``tanfeng meter readings|simulate``: look at readings, or make some."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._home import fail
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import (
    AsJson,
    From,
    Home,
    KnownOn,
    To,
    ToCsv,
    known_on,
    local_text,
    moment,
    open_metering,
    write_csv,
)

if TYPE_CHECKING:
    import polars as pl

#: Readings printed; --csv and --json have all.
_MOST = 50
_DAY = ["%Y-%m-%d"]


def readings(
    point: Annotated[str, typer.Argument(help="Name of the point.")],
    home: Home = Path("tanfeng-home"),
    start: From = None,
    end: To = None,
    known: KnownOn = None,
    csv: ToCsv = None,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Show the readings of a point, the newest of each time, in local time."""
    metering = open_metering(home)
    found = metering.store.readings([point], moment(start), moment(end), known_on(known))
    if found.is_empty() and point not in metering.register.points()["point"]:
        fail(f"没有计量点“{point}”", f"there is no point {point!r}", 2)
    if csv is not None:
        write_csv(found, csv)
    elif as_json:
        typer.echo(json.dumps(local_text(found).to_dicts(), ensure_ascii=False, indent=1))
    else:
        _table(found)


def _table(found: pl.DataFrame) -> None:
    from rich.table import Table

    from tanfeng.cli._output import open_console

    console = open_console()
    table = Table()
    for zh, en in (("时间", "time"), ("读数", "value"), ("质量码", "quality"), ("来源", "source"),
                   ("收到", "received")):  # fmt: skip
        table.add_column(pick(zh, en))
    shown = local_text(found.head(_MOST))
    for row in shown.select("time", "value", "quality", "source", "received").iter_rows():
        table.add_row(*map(str, row))
    console.print(table)
    console.print(
        pick(
            f"显示 {shown.height} / {found.height} 条", f"{shown.height} of {found.height} readings"
        )
    )


def simulate(
    out: Annotated[Path, typer.Option(dir_okay=False, help="File to write: .csv or .parquet.")],
    points: Annotated[int, typer.Option(min=1, max=200_000, help="Number of registers.")] = 20,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days.")] = 7,
    start: Annotated[datetime, typer.Option(formats=_DAY, help="First day, local.")] = datetime(
        2026, 1, 1
    ),
    interval: Annotated[int, typer.Option(help="Seconds between readings.")] = 900,
    seed: Annotated[int, typer.Option(help="Same seed, same readings.")] = 1,
    faults: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the points with a fault.")
    ] = 0.0,
    truth: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the true energy here (.csv).")
    ] = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Write readings of invented registers, and if asked the energy that truly flowed."""
    from tanfeng.errors import ModelError
    from tanfeng.gateway.simulate import scatter
    from tanfeng.gateway.simulate import simulate as make
    from tanfeng.periods import LOCAL

    first = start.replace(tzinfo=LOCAL)
    laid = scatter(points, start=first, days=days, seed=seed, share=faults) if faults else []
    try:
        made = make(points, start=first, days=days, seed=seed, interval_s=interval, faults=laid)
    except ModelError as error:
        fail(error.message("zh"), error.message("en"), 2)
    told = made.readings.select("point", "time", "value", "quality")
    # A file says each thing once; what a gateway sends twice it sends in another one.
    told = told.unique(["point", "time"], keep="last", maintain_order=True)
    if out.suffix == ".parquet":
        told.write_parquet(out)
        typer.echo(
            pick(f"已写入 {out}：{told.height} 行", f"wrote {out}: {told.height} rows"), err=True
        )
    elif out.suffix == ".csv":
        write_csv(told, out)
    else:
        fail(
            f"{out.name} 应以 .csv 或 .parquet 结尾", f"{out.name} must end in .csv or .parquet", 2
        )
    if truth is not None:
        write_csv(made.truth, truth)
