"""``tanfeng meter quality``: how connected and how good every point and node was in a month."""

from __future__ import annotations

import calendar
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tanfeng.cli._home import fail
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_energy import point_energy
from tanfeng.cli._meter_home import (
    AsJson,
    Home,
    KnownOn,
    Metering,
    ToCsv,
    known_on,
    now,
    open_metering,
    told,
    write_csv,
)

if TYPE_CHECKING:
    import polars as pl

#: What a day's last readings may take to arrive before the day is over.
_WAIT = timedelta(minutes=65)
#: Days of points judged at a time: a few million quarter hours.
_POINT_DAYS = 40_000
_DAY = timedelta(days=1)
_COLUMNS = (
    "kind", "object", "name", "month", "points", "connectivity", "score", "judged_weight",
    "completeness", "timeliness", "plausibility", "consistency", "days_due", "days_connected",
    "due", "excused", "received",
)  # fmt: skip
#: The table printed, widest object first.
_KINDS = ("city", "county", "park", "enterprise", "unit", "equipment", "point")
_SHOWN = (
    ("object", ("对象", "object")), ("name", ("名称", "name")), ("points", ("计量点", "points")),
    ("connectivity", ("稳定联网率", "connectivity")), ("score", ("质量得分", "score")),
    ("judged_weight", ("已判/100", "judged/100")), ("completeness", ("完整率", "completeness")),
    ("timeliness", ("及时率", "timeliness")), ("plausibility", ("合理性", "plausibility")),
)  # fmt: skip
_SHARES = {"connectivity", "completeness", "timeliness", "plausibility"}


def quality(
    home: Home = Path("tanfeng-home"),
    month: Annotated[
        str | None,
        typer.Option(help="Month such as 2026-03; the newest one with a day that is over."),
    ] = None,
    csv: ToCsv = None,
    as_json: AsJson = False,
    known: KnownOn = None,
    limits: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="CSV of limits (rule, value, valid_from) in place of those the city set.",
        ),
    ] = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Judge the readings of a month: connectivity, score and their parts, of points and nodes.

    Days the console judged are taken as it judged them, filings and all; the others are judged
    here, by the limits the city set. With --limits or --known-on every day is. Columns of the
    file: kind, object, name, month, points, connectivity, score (0 to 100), judged_weight (of
    100), completeness, timeliness, plausibility, consistency (null: not judged, as all of it is
    without monthly reports), days_due, days_connected, due, excused, received.
    """
    metering = open_metering(home)
    metering.flush()
    at = known_on(known)
    with told():
        first, last = _window(metering, month, at)
        changed = _changed(metering, first, limits)
        found = month_quality(metering, first, last, at, changed=changed, anew=limits is not None)
    if csv is not None:
        write_csv(found, csv)
    elif as_json:
        typer.echo(json.dumps(found.to_dicts(), ensure_ascii=False))
    else:
        _print(found, last)


def _window(metering: Metering, month: str | None, known: datetime | None) -> tuple[date, date]:
    """Return first and last day of the month that are over."""
    from tanfeng.periods import LOCAL

    over = ((known or now()) - _WAIT).astimezone(LOCAL).date() - _DAY
    if month is None:
        newest = metering.store.latest()["time"].max()
        read = newest.astimezone(LOCAL).date() if isinstance(newest, datetime) else over
        first = min(over, read).replace(day=1)
    else:
        try:
            first = datetime.strptime(month, "%Y-%m").date()
        except ValueError:
            fail(f"“{month}”不是月份，应如 2026-03", f"{month!r} is no month such as 2026-03", 2)
    if over < first:
        fail(f"{first:%Y-%m} 还没有过完的日", f"no day of {first:%Y-%m} is over yet", 2)
    return first, min(over, first.replace(day=calendar.monthrange(first.year, first.month)[1]))


def _changed(metering: Metering, day: date, given: Path | None) -> dict[str, float]:
    """Return the limits that hold in place of the shipped ones, and say which."""
    from tanfeng.metering import limit_changes
    from tanfeng.metering.quality import quality_rules

    path = given or metering.folder / "quality" / limit_changes.FILE
    if given is None and not path.exists():
        return {}
    found = limit_changes.in_force(limit_changes.read(path), day)
    for name, one in found.items():
        rule, where = quality_rules()[name], f"{one.document} {one.clause}".strip()
        zh = f"所用限值：{rule.name_zh} {one.value:g}（自带 {rule.value:g}）{where}"
        en = f"limit used: {rule.name_en} {one.value:g} (shipped {rule.value:g}) {where}"
        typer.echo(pick(zh, en.rstrip()), err=True)
    return {name: one.value for name, one in found.items()}


def month_quality(
    metering: Metering,
    first: date,
    last: date,
    known: datetime | None = None,
    *,
    changed: Mapping[str, float] | None = None,
    anew: bool = False,
) -> pl.DataFrame:
    """Return the quality of every node and point in a month.

    Parameters
    ----------
    metering : Metering
        Register and readings.
    first, last : datetime.date
        Local days of one month, both included.
    known : datetime, optional
        As it was known then; every day is then judged anew.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.
    anew : bool
        Whether days the console judged are judged again.
    """
    import polars as pl

    from tanfeng.metering.judged import KEPT, JudgedDays
    from tanfeng.metering.quality import of_days

    points = metering.register.points_since(known).filter(pl.col("expression").is_null())
    nodes, edges = metering.register.nodes(known), metering.register.edges(known)
    if points.is_empty():
        fail("没有可评价的计量点", "there is no point to judge")
    kept = JudgedDays(metering.folder / "quality" / "days")
    is_kept = known is None and not anew
    days = kept.read(first, last) if is_kept else pl.DataFrame(schema=KEPT)
    judged_to = days["day"].max()
    begin = judged_to + _DAY if isinstance(judged_to, date) else first
    parts = [days, *_judged(metering, points, begin, last, known, changed)]
    whole = pl.concat(parts)
    found = of_days(whole, points, nodes=nodes, edges=edges, changed=changed).by_month
    return _laid(found, points, nodes, edges)


def _judged(
    metering: Metering,
    points: pl.DataFrame,
    first: date,
    last: date,
    known: datetime | None,
    changed: Mapping[str, float] | None,
) -> list[pl.DataFrame]:
    """Judge days of all points, so many at a time as fit the memory."""
    import ibis
    import polars as pl

    from tanfeng.metering import energy
    from tanfeng.metering.frames import SLOTS
    from tanfeng.metering.judged import BEFORE, judge, midnight
    from tanfeng.metering.rollup import due_since

    if first > last:
        return []
    names, devices = points["point"].to_list(), metering.register.devices(known)
    start, end = midnight(first), midnight(last + _DAY)
    count = max(1, _POINT_DAYS // ((last - first).days + 1 + BEFORE))
    parts = []
    for place in range(0, len(names), count):
        some = names[place : place + count]
        readings = metering.store.table(
            ibis.duckdb.connect(), some, start - _DAY, end + _DAY, known
        ).select("point", "time", "quality", "received")
        before = start - BEFORE * _DAY
        slots = energy.slots(point_energy(metering, "15min", some, before, end, known)).cast(SLOTS)
        here = points.filter(pl.col("point").is_in(some))
        parts.append(
            judge(
                readings.to_polars(),
                slots.sort("point", "start"),
                here,
                due=due_since(here, slots, devices.filter(pl.col("point").is_in(some))),
                first=first,
                last=last,
                as_of=known or now(),
                changed=changed,
            )
        )
    return parts


def _laid(
    found: pl.DataFrame, points: pl.DataFrame, nodes: pl.DataFrame, edges: pl.DataFrame
) -> pl.DataFrame:
    """Give objects their names and points, the widest first and the weakest of a kind first."""
    import polars as pl

    from tanfeng.metering.quality import members

    names = pl.concat(
        [nodes.select(object="node", name="name"), points.select(object="point", name="name")]
    ).unique("object", keep="last")
    return (
        found.rename({"period": "month"})
        .join(names, on="object", how="left")
        .join(members(points, nodes, edges), on="object", how="left")
        .sort(
            pl.col("kind").replace_strict({kind: n for n, kind in enumerate(_KINDS)}),
            "score", "object", nulls_last=True,
        )
        .select(_COLUMNS)
    )  # fmt: skip


def _print(found: pl.DataFrame, last: date) -> None:
    from rich.table import Table

    from tanfeng.cli._meter_home import MOST_LINES
    from tanfeng.cli._output import open_console

    table = Table()
    for name, words in _SHOWN:
        numeric = name not in ("object", "name")
        table.add_column(pick(*words), justify="right" if numeric else "left", no_wrap=numeric)
    for row in found.head(MOST_LINES).iter_rows(named=True):
        table.add_row(*(_text(name, row[name]) for name, _words in _SHOWN))
    open_console().print(table)
    if found.height > MOST_LINES:
        more = found.height - MOST_LINES
        typer.echo(pick(f"另有 {more} 行，见 --csv", f"{more} more, see --csv"), err=True)
    typer.echo(pick(f"评价至 {last}", f"judged up to {last}"), err=True)


def _text(name: str, value: str | float | None) -> str:
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    return f"{100 * value:.1f}%" if name in _SHARES else f"{value:.{int(name == 'score')}f}"
