"""``tanfeng meter refresh``: bring the kept energy up to the readings, or check it against them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._home import FINDINGS
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import (
    MOST_LINES,
    AsJson,
    Home,
    Metering,
    local_text,
    now,
    open_metering,
    progress,
    told,
)

if TYPE_CHECKING:
    import polars as pl

    from tanfeng.metering.settled import Settled


def refresh(
    home: Home = Path("tanfeng-home"),
    everything: Annotated[
        bool, typer.Option("--all", help="Derive every point anew, not only what changed.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Derive all beside it and name what differs; 1 if anything."),
    ] = False,
    as_json: AsJson = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Derive the energy of what came since, and keep it; pages and ``meter energy`` read it.

    A serving process does so by itself. Stopped on the way, the next call goes on. What is kept
    follows from the readings: the folder metering/slots may be deleted and made again.
    """
    metering = open_metering(home)
    metering.flush()
    kept = metering.settled()
    with told():
        steps = _advance(kept, everything=everything)
        differing = _differing(metering, kept) if check else None
    if as_json:
        facts: dict[str, object] = {"steps": steps}
        if differing is not None:
            rows = local_text(differing.head(MOST_LINES)).to_dicts()
            facts |= {"differing": differing.height, "slots": rows}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        _say(steps, differing)
    if differing is not None and not differing.is_empty():
        raise typer.Exit(FINDINGS)


def _advance(kept: Settled, *, everything: bool) -> int:
    total = 0
    with progress(100, pick("推算能耗", "deriving energy")) as bar:
        shown = 0

        def go_on(left: int) -> bool:
            nonlocal total, shown
            total = max(total, left)
            reached = 100 * (total - left) // max(1, total)
            bar.advance(reached - shown)
            shown = reached
            return True

        return kept.advance(now=now(), everything=everything, go_on=go_on).steps


def _differing(metering: Metering, kept: Settled) -> pl.DataFrame:
    """Derive everything in a folder of its own and compare."""
    from tanfeng.metering.settled import Settled

    with tempfile.TemporaryDirectory(dir=metering.folder, prefix=".check-") as folder:
        fresh = Settled(folder, metering.store, metering.register)
        _advance(fresh, everything=False)
        return kept.differing(fresh)


def _say(steps: int, differing: pl.DataFrame | None) -> None:
    typer.echo(
        pick(f"能耗已推算到最新（{steps} 步）", f"energy is derived up to now ({steps} steps)")
    )
    if differing is None:
        return
    if differing.is_empty():
        typer.echo(pick("与全部重算逐位相同", "the same to the last bit as deriving everything"))
        return
    for row in local_text(differing.head(MOST_LINES)).iter_rows(named=True):
        words = "  ".join("" if value is None else str(value) for value in row.values())
        typer.echo(words)
    typer.echo(
        pick(
            f"与全部重算不同 {differing.height} 处；tanfeng meter refresh --all 可更正",
            f"{differing.height} differ from deriving everything; "
            "tanfeng meter refresh --all puts them right",
        )
    )
