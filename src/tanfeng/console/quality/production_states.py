"""When enterprises and their processes produced, as the engine reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest

import polars as pl
from django.db.models import Q, QuerySet
from django.utils import timezone

from tanfeng.console.metering.models import Meter, ProcessUnit
from tanfeng.console.quality.models import ProductionChange
from tanfeng.metering.quality import PRODUCTION

_DAY = timedelta(days=1)
#: Where a state that still holds is cut: it is told of the past alone.
_AHEAD = _DAY


def spans(
    changes: Iterable[ProductionChange],
) -> Iterator[tuple[ProductionChange, datetime | None]]:
    """Yield the changes of one process or enterprise in order, each with when it ended.

    Parameters
    ----------
    changes : iterable of ProductionChange
        None of them withdrawn; the last holds until further notice (None).
    """
    ordered = sorted(changes, key=lambda one: one.since)
    for one, after in zip_longest(ordered, ordered[1:]):
        yield one, None if after is None else after.since


def spans_of(
    meter: Meter, changes: QuerySet[ProductionChange]
) -> list[tuple[ProductionChange, datetime | None]]:
    """Return the states of what a meter stands in, of those a person may see."""
    rows = changes.filter(organisation=meter.organisation_id, withdrawn_at=None)
    rows = rows.select_related("organisation", "unit")
    of: dict[int | None, list[ProductionChange]] = {}
    for one in rows:
        of.setdefault(one.unit_id, []).append(one)
    units = {one.pk: one for one in ProcessUnit.objects.filter(organisation=meter.organisation_id)}
    return list(spans(of.get(_told(meter.unit_id, units, of), ())))


def states(nodes: Collection[str]) -> pl.DataFrame:
    """Return when nodes produced and when they stood still.

    A process that tells nothing itself is as what it is a part of, last the enterprise.

    Parameters
    ----------
    nodes : collection of str
        Keys of the engine's tree: credit codes and processes.

    Returns
    -------
    polars.DataFrame
        Columns of ``quality.PRODUCTION``; nothing of a node of which nothing is told.
    """
    wanted = sorted(set(nodes))
    changes = list(_of(wanted))
    firms = {one.organisation_id: one.organisation.credit_code for one in changes}
    units = {one.pk: one for one in ProcessUnit.objects.filter(organisation__in=firms)}
    of: dict[int, dict[int | None, list[ProductionChange]]] = {}
    for one in changes:
        of.setdefault(one.organisation_id, {}).setdefault(one.unit_id, []).append(one)
    asked: dict[str, tuple[int, int | None]] = {code: (firm, None) for firm, code in firms.items()}
    asked |= {unit.node: (unit.organisation_id, unit.pk) for unit in units.values()}
    until = timezone.now() + _AHEAD
    rows = []
    for node in wanted:
        if node not in asked:
            continue
        firm, unit = asked[node]
        for change, end in spans(of[firm].get(_told(unit, units, of[firm]), ())):
            rows.append((node, change.since, end or until, change.producing))
    return pl.DataFrame(rows, schema=PRODUCTION, orient="row")


def not_compared(days: pl.DataFrame, meters: Iterable[Meter]) -> dict[str, int]:
    """Return how many judged days of points were not held against the state that was told.

    That is so where too little load of production lies before them to know what is usual.

    Parameters
    ----------
    days : polars.DataFrame
        Columns of ``judged.KEPT``.
    meters : iterable of Meter
        With their process and enterprise.

    Returns
    -------
    dict of str to int
        Days by point; a day before the first state is not counted.
    """
    node = {
        one.point: one.unit.node if one.unit else one.organisation.credit_code
        for one in meters
        if one.point and one.in_tree
    }
    told = states(node.values())
    silent = days.filter(pl.col("state_flags").is_null(), pl.col("measured") > 0)
    if told.is_empty() or silent.is_empty():
        return {}
    midnight = pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai")
    begins = midnight.dt.convert_time_zone("UTC")
    found = (
        silent.select("point", "day", begins=begins, ends=begins + _DAY)
        .with_columns(node=pl.col("point").replace_strict(node, default=None))
        .join(told, on="node")
        .filter(pl.col("start") < pl.col("ends"), pl.col("end") > pl.col("begins"))
        .group_by("point")
        .agg(pl.col("day").n_unique())
    )
    return dict(found.iter_rows())


def _of(nodes: Sequence[str]) -> QuerySet[ProductionChange]:
    keys = [int(node[5:]) for node in nodes if node.startswith("unit:")]
    mine = Q(organisation__credit_code__in=nodes) | Q(organisation__process_units__in=keys)
    rows = ProductionChange.objects.filter(mine, withdrawn_at=None).order_by().distinct()
    return rows.select_related("organisation")


def _told(
    unit: int | None, units: dict[int, ProcessUnit], told: Collection[int | None]
) -> int | None:
    """Return the process itself or the nearest it is a part of that tells; None: the enterprise."""
    while unit is not None and unit not in told:
        unit = units[unit].parent_id if unit in units else None
    return unit
