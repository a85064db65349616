"""``tanfeng meter energy``: energy by hour, day or month, with how far it can be trusted."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import (
    From,
    Home,
    KnownOn,
    Metering,
    To,
    known_on,
    moment,
    open_metering,
    write_csv,
)

if TYPE_CHECKING:
    import polars as pl


class By(StrEnum):
    """Length of a period."""

    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


#: Readings around a window that say what is usual there and close its gaps.
_AROUND = timedelta(days=16)
_QUALITIES = {
    "measured": ("实测", "measured"),
    "estimated": ("含估算", "estimated"),
    "partial": ("部分缺失", "partial"),
    "missing": ("缺失", "missing"),
}


def energy(
    home: Home = Path("tanfeng-home"),
    by: Annotated[By, typer.Option(help="Length of a period, on the city's clock.")] = By.HOUR,
    csv: Annotated[Path, typer.Option("--csv", dir_okay=False, help="CSV file to write.")] = Path(
        "energy.csv"
    ),
    point: Annotated[
        list[str] | None, typer.Option("--point", help="Only this point; may be repeated.")
    ] = None,
    start: From = None,
    end: To = None,
    known: KnownOn = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Write the energy of every point per period; a period nothing is known of has no energy.

    Columns: point, start (local), energy_kwh (of points in kWh), quality (measured, estimated,
    partial, missing), completeness (share of the period that is known), rule (what decided),
    measured and estimated (parts of the amount), amount, unit and item_key.
    """
    metering = open_metering(home)
    found = point_energy(metering, by, point, moment(start), moment(end), known_on(known))
    write_csv(found, csv)
    counts = dict(found["quality"].value_counts().iter_rows())
    told = "，".join if lang is Lang.ZH else ", ".join
    typer.echo(
        told(f"{pick(*words)} {counts.get(quality, 0)}" for quality, words in _QUALITIES.items())
    )


def point_energy(
    metering: Metering,
    by: str,
    points: list[str] | None,
    start: datetime | None,
    end: datetime | None,
    known: datetime | None,
) -> pl.DataFrame:
    """Compute energy of points from register and readings, as the CSV file has it."""
    import ibis
    import polars as pl

    from tanfeng.cli._home import fail
    from tanfeng.metering.energy import point_energy as compute

    about = metering.register.points(known).filter(pl.col("expression").is_null())
    if points:
        strange = sorted(set(points) - set(about["point"]))
        if strange:
            told = ", ".join(strange)
            fail(f"没有计量点 {told}", f"there is no point {told}", 2)
        about = about.filter(pl.col("point").is_in(points))
    session = ibis.duckdb.connect()
    readings = metering.store.table(
        session,
        about["point"].to_list() if points else None,
        start - _AROUND if start else None,
        end + _AROUND if end else None,
        known,
    )
    found = compute(
        readings,
        about,
        metering.register.devices(known),
        by=by,
        start=start,
        end=end,
    )
    kwh = pl.when(pl.col("unit") == "kWh").then("amount")
    items = about.select("point", "item_key")
    return found.join(items, on="point", how="left", maintain_order="left").select(
        "point",
        "start",
        kwh.alias("energy_kwh"),
        pl.col("quality").cast(pl.String),
        "completeness",
        "rule",
        "measured",
        "estimated",
        "amount",
        "unit",
        "item_key",
    )
