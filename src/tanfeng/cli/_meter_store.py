"""``tanfeng meter compact|retain``: look after the files of readings."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import AsJson, Home, now, open_metering, told


def compact(
    home: Home = Path("tanfeng-home"),
    settle: Annotated[
        bool,
        typer.Option("--settle", help="Rewrite whole months, sorted; for every night."),
    ] = False,
    month: Annotated[
        list[str] | None, typer.Option("--month", help="Only this month (2026-11); repeatable.")
    ] = None,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Put small files of readings and of kept energy together; all else goes on meanwhile.

    What the intake still holds is stored first, and files nobody needs any more are deleted.
    """
    from dataclasses import asdict

    metering = open_metering(home)
    metering.flush()
    with told():
        done = metering.store.compact(month or None, settle=settle)
        cleared = metering.store.clear()
        kept = metering.settled()
        parts = kept.compact() if kept.as_of() is not None else 0
    if as_json:
        facts = {"months": [asdict(one) for one in done], "deleted": cleared, "energy": parts}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for one in done:
        files = f"{one.files_before} → {one.files_after}"
        typer.echo(pick(f"{one.month}：文件 {files}", f"{one.month}: files {files}"))
    typer.echo(
        pick(
            f"已整理 {len(done)} 个月，删除旧文件 {cleared} 个；整理能耗 {parts} 份",
            f"{len(done)} months compacted, {cleared} old files deleted; "
            f"{parts} parts of kept energy compacted",
        )
    )


def retain(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Months that ended before this day go.")
    ],
    home: Home = Path("tanfeng-home"),
    even_younger: Annotated[
        bool,
        typer.Option("--even-younger", help="Go on although readings of the last 3 years go."),
    ] = False,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Drop readings of months that ended before a day; points, meters and energy stay."""
    metering = open_metering(home)
    metering.flush()
    with told():
        dropped = metering.store.retain(before.date(), now=now(), even_younger=even_younger)
    if as_json:
        typer.echo(json.dumps({"dropped": list(dropped)}))
        return
    typer.echo(
        pick(
            f"已删除 {len(dropped)} 个月的读数：{'、'.join(dropped) or '无'}",
            f"readings of {len(dropped)} months dropped: {', '.join(dropped) or 'none'}",
        )
    )
