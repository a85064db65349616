"""``tanfeng meter energy``: energy by hour, day or month, with how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._home import fail
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import (
    From,
    Home,
    KnownOn,
    Metering,
    To,
    known_on,
    moment,
    now,
    open_metering,
    told,
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
    nodes: Annotated[
        bool, typer.Option("--nodes", help="Of enterprises, parks, counties, not of points.")
    ] = False,
    lang: InLang = Lang.ZH,
) -> None:
    """Write the energy of every point per period; a period nothing is known of has no energy.

    Columns: point, start (local), energy_kwh (of points in kWh), quality (measured, estimated,
    partial, missing), completeness (share of the period that is known), rule (what decided),
    measured and estimated (parts of the amount), amount, unit and item_key. With --nodes: node,
    name, kind, start, item_key, amount, unit, quality, completeness, measured, estimated,
    slots_due, slots_missing.
    """
    if nodes and (point or known):
        fail(
            "--nodes 不能与 --point、--known-on 同用", "--nodes goes without --point, --known-on", 2
        )
    if start is not None and end is not None and end <= start:
        fail("--to 须晚于 --from", "--to must be later than --from", 2)
    metering = open_metering(home)
    metering.flush()
    with told():
        if nodes:
            from tanfeng.cli._meter_nodes import node_energy

            found = node_energy(metering, by.value, moment(start), moment(end))
        else:
            found = point_energy(metering, by, point, moment(start), moment(end), known_on(known))
    write_csv(found, csv)
    counts = dict(found["quality"].value_counts().iter_rows())
    between = "，" if lang is Lang.ZH else ", "
    typer.echo(
        between.join(
            f"{pick(*words)} {counts.get(quality, 0)}" for quality, words in _QUALITIES.items()
        )
    )


def point_energy(
    metering: Metering,
    by: str,
    points: list[str] | None,
    start: datetime | None,
    end: datetime | None,
    known: datetime | None,
) -> pl.DataFrame:
    """Take energy of points from what is kept, or compute it, as the CSV file has it.

    What is kept is used where a serving process or ``meter refresh`` keeps it, after what came
    since was taken in. As known on a day it is computed.
    """
    import polars as pl

    about = metering.register.points(known)
    wanted = about if points is None or not points else about.filter(pl.col("point").is_in(points))
    if points and (strange := sorted(set(points) - set(about["point"]))):
        names = ", ".join(strange)
        fail(f"没有计量点 {names}", f"there is no point {names}", 2)
    kept = metering.settled()
    if known is None and kept.as_of() is not None:
        kept.advance(now=now())
        rows = kept.energy(wanted["point"].to_list(), by, start, end)
        return _told(rows.with_columns(pl.col("quality").cast(pl.String)), about)
    window = _Window(metering, start, end, known)
    virtual = pl.col("expression").is_not_null()
    metered = window.energy(wanted.filter(~virtual), by, every=not points)
    parts = [metered.select(_COLUMNS)]
    if not wanted.filter(virtual).is_empty():
        parts.append(_virtual(window, about, wanted.filter(virtual), by).select(_COLUMNS))
    return _told(pl.concat(parts), about)


def _told(rows: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Bring energy into the columns of the file."""
    import polars as pl

    kwh = pl.when(pl.col("unit") == "kWh").then("amount")
    return (
        rows.join(about.select("point", "item_key"), on="point", how="left")
        .sort("point", "start")
        .select(
            "point",
            "start",
            kwh.alias("energy_kwh"),
            "quality",
            "completeness",
            "rule",
            "measured",
            "estimated",
            "amount",
            "unit",
            "item_key",
        )
    )


_COLUMNS = [
    "point", "start", "amount", "unit", "measured", "estimated", "quality", "completeness", "rule",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Window:
    """What is asked for, and as known when."""

    metering: Metering
    start: datetime | None
    end: datetime | None
    known: datetime | None

    def energy(self, points: pl.DataFrame, by: str, *, every: bool = False) -> pl.DataFrame:
        """Return the energy of metered points, of every one there is or of some."""
        import ibis
        import polars as pl

        from tanfeng.metering.energy import point_energy as compute

        session = ibis.duckdb.connect()
        session.raw_sql("SET enable_progress_bar = false")  # it would stand among the output
        readings = self.metering.store.table(
            session,
            None if every else points["point"].to_list(),
            self.start - _AROUND if self.start else None,
            self.end + _AROUND if self.end else None,
            self.known,
        )
        devices = self.metering.register.devices(self.known)
        found = compute(readings, points, devices, by=by, start=self.start, end=self.end)
        return found.with_columns(pl.col("quality").cast(pl.String))


def _virtual(window: _Window, about: pl.DataFrame, wanted: pl.DataFrame, by: str) -> pl.DataFrame:
    """Return the energy of virtual points, from the quarter hours of what they rest on."""
    import polars as pl

    from tanfeng.metering.energy import slots
    from tanfeng.metering.frames import SLOTS, meter_units
    from tanfeng.metering.virtual import RULE, virtual_meters

    meters = virtual_meters(about)
    names = wanted["point"].implode()
    under = meters.inputs.filter(pl.col("virtual").is_in(names))["point"].unique()
    quarters = window.energy(about.filter(pl.col("point").is_in(under.implode())), "15min")
    made = meters.slots(slots(quarters).cast(SLOTS)).filter(pl.col("point").is_in(names))
    if made.is_empty():
        return quarters.clear()
    units = {name: unit.base_unit for name, unit in meter_units().items()}
    unit = wanted.select("point", pl.col("unit").replace_strict(units))
    return _laid(made, by).join(unit, on="point").with_columns(rule=pl.lit(RULE))


def _laid(slots: pl.DataFrame, by: str) -> pl.DataFrame:
    """Lay quarter hours into periods, judged as those of metered points are."""
    import polars as pl

    every = {"15min": "15m", "hour": "1h", "day": "1d", "month": "1mo"}[by]
    local = pl.col("start").dt.offset_by("8h")
    begin = local.dt.truncate(every)
    known = pl.col("amount").is_not_null()
    due = (begin.dt.offset_by(every) - begin).dt.total_minutes() / 15
    summed = (
        slots.with_columns(start=begin.dt.offset_by("-8h"), due=due)
        .group_by("point", "start")
        .agg(
            pl.col("amount", "measured").filter(known).sum(),
            pl.col("due").first(),
            known=known.sum(),
            sure=(pl.col("quality") == "measured").sum(),
        )
    )
    some = pl.col("known") > 0
    return summed.select(
        "point",
        "start",
        pl.when(some).then("amount").alias("amount"),
        pl.when(some).then("measured").alias("measured"),
        pl.when(some).then(pl.col("amount") - pl.col("measured")).alias("estimated"),
        pl.when(~some)
        .then(pl.lit("missing"))
        .when(pl.col("known") < pl.col("due"))
        .then(pl.lit("partial"))
        .when(pl.col("sure") < pl.col("known"))
        .then(pl.lit("estimated"))
        .otherwise(pl.lit("measured"))
        .alias("quality"),
        (pl.col("known") / pl.col("due")).alias("completeness"),
    )
