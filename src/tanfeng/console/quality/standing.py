"""Months of enterprises, parks, counties and the city, summed from the days kept."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl

from tanfeng import units
from tanfeng.console.accounting.models import EnergyRecord
from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.metering import engine
from tanfeng.console.metering.services import base_units
from tanfeng.console.quality.models import MonthQuality
from tanfeng.metering import judged, quality
from tanfeng.metering.judged import JudgedDays
from tanfeng.metering.quality import Quality
from tanfeng.standards import load

#: Kinds of nodes that have a row.
KINDS = tuple(MonthQuality.Kind.values)
#: Figures of a day that are kept with the month.
OF_A_DAY = ("completeness", "timeliness", "plausibility", "connectivity", "score")
_COUNTS = (
    "due", "excused", "received", "automatic", "timely", "measured", "implausible",
    "reports_judged", "reports_within", "days_due", "days_connected",
)  # fmt: skip
_SHARES = (
    "completeness", "timeliness", "plausibility", "consistency", "connectivity",
    "judged_weight", "score",
)  # fmt: skip
_CHUNK = 200


def month_ends(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each month two days lie in or between."""
    day = first.replace(day=1)
    while day <= last:
        yield day, day.replace(day=calendar.monthrange(day.year, day.month)[1])
        day = (day + timedelta(days=32)).replace(day=1)


def write(kept: JudgedDays, first: date, last: date) -> None:
    """Write the months that some days lie in anew.

    Parameters
    ----------
    kept : JudgedDays
        The days.
    first, last : datetime.date
        Days that were judged, both included.
    """
    known = engine.register()
    points, nodes, edges = known.points(), known.nodes(), known.edges()
    members = _members(points, nodes, edges)
    for begin, end in month_ends(first, last):
        days = kept.read(begin, end)
        if days.is_empty():
            continue
        found = quality.of_days(
            days, points, nodes=nodes, edges=edges,
            deviations=deviations(days, points, edges, nodes, begin, min(end, last)),
        )  # fmt: skip
        _keep(found, begin, end, members)


def deviations(
    days: pl.DataFrame,
    points: pl.DataFrame,
    edges: pl.DataFrame,
    nodes: pl.DataFrame,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Compare what was metered in a month with what enterprises reported of it.

    Parameters
    ----------
    days : polars.DataFrame
        Days kept of whole enterprises.
    points, edges, nodes : polars.DataFrame
        Of the engine's register.
    first, last : datetime.date
        Days of one month, both included.

    Returns
    -------
    polars.DataFrame
        As of ``quality.report_deviations``, of enterprises that are metered.
    """
    tree = {"edges": edges, "nodes": nodes}
    energy = judged.energies(days, points=points, by="day", first=first, last=last, **tree)
    # Days to come are not due; those of a month that is not over leave the report unjudged.
    firms = nodes.filter(kind="enterprise")["node"].implode()
    energy = energy.filter(pl.col("node").is_in(firms))
    codes = energy["node"].unique().to_list()
    return quality.report_deviations(energy, _reports(codes, first))


def _reports(codes: list[str], month: date) -> pl.DataFrame:
    """Return what enterprises reported to have used in a month, in the unit it is metered in."""
    rows = (
        EnergyRecord.objects.current()
        .filter(
            organisation__credit_code__in=codes, year=month.year, month=month.month,
            consumption_total_qty__isnull=False,
        )
        .values_list("organisation__credit_code", "item_key", "consumption_total_qty")
    )  # fmt: skip
    many = dict(load("energy_items").select("item_key", "unit").iter_rows())
    told = []
    for code, item, amount in rows:
        base = base_units(item)
        if len(base) == 1 and amount is not None:
            share = units.factor(base[0], many[item])
            told.append((code, f"{month:%Y-%m}", item, amount / share))
    return pl.DataFrame(told, schema=quality.REPORTS, orient="row")


def _members(
    points: pl.DataFrame, nodes: pl.DataFrame, edges: pl.DataFrame
) -> dict[str, tuple[str, ...]]:
    """Return the points at and below every node."""
    pairs = quality.lineage(nodes, edges).join(points.select("point", "node"), on="node")
    grouped = pairs.group_by("object").agg(pl.col("point").unique())
    return {node: tuple(names) for node, names in grouped.iter_rows()}


def _keep(found: Quality, begin: date, end: date, members: dict[str, tuple[str, ...]]) -> None:
    month = f"{begin:%Y-%m}"
    wanted = pl.col("kind").is_in(KINDS)
    rows = found.by_month.filter(wanted & (pl.col("period") == month))
    by_day = _days(found.by_day.filter(wanted), begin, end)
    owners = _owners(rows["object"].to_list())
    made = []
    for row in rows.iter_rows(named=True):
        owner = owners.get((row["kind"], row["object"]))
        if owner is None:
            continue
        made.append(
            MonthQuality(
                node=row["object"],
                month=month,
                kind=row["kind"],
                points=len(members.get(row["object"], ())),
                days=by_day.get(row["object"], {}),
                **owner,
                **{name: row[name] for name in (*_COUNTS, *_SHARES)},
            )
        )
    MonthQuality.objects.bulk_create(
        made,
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["node", "month"],
        update_fields=["kind", "organisation", "park", "place", "points", "days",
                       *_COUNTS, *_SHARES],
    )  # fmt: skip


def _days(by_day: pl.DataFrame, begin: date, end: date) -> dict[str, dict[str, Any]]:
    """Return for every object a list of each figure, a place for each day of the month."""
    calendar_days = pl.DataFrame({"day": pl.date_range(begin, end, eager=True)}).select(
        period=pl.col("day").dt.to_string("%Y-%m-%d")
    )
    grid = by_day.select("object").unique().join(calendar_days, how="cross")
    laid = (
        grid.join(by_day.select("object", "period", *OF_A_DAY), on=["object", "period"], how="left")
        .sort("object", "period")
        .group_by("object", maintain_order=True)
        .agg(pl.col(name).round(4) for name in OF_A_DAY)
    )
    return {row.pop("object"): row for row in laid.iter_rows(named=True)}


def _owners(nodes: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return whose each node is; one the records do not know is left out."""
    firms = dict(
        Organisation.objects.filter(credit_code__in=nodes).values_list("credit_code", "pk")
    )
    parks = set(Park.objects.values_list("pk", flat=True))
    places = set(Place.objects.values_list("pk", flat=True))
    found: dict[tuple[str, str], dict[str, Any]] = {("city", engine.CITY): {}}
    for node in nodes:
        park = node.removeprefix("park:")
        if node in firms:
            found["enterprise", node] = {"organisation_id": firms[node]}
        elif node in places:
            found["county", node] = {"place_id": node}
        elif node != park and park in parks:
            found["park", node] = {"park_id": park}
    return found
