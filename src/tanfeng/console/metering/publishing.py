"""The one way from the records to the engine's register: what changed is told, none taken back.

The register of the engine is what the engine reads. A change of a record marks its meter; what is
marked is told after the transaction, and again with the next change where the register was busy. A
meter the register refuses stays marked with the reason and stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.metering import engine, expressions, names
from tanfeng.console.metering.models import Device, Meter, OwnedPoint, ProcessUnit
from tanfeng.errors import DataError
from tanfeng.metering.frames import DEVICES, EDGES, NODES, POINTS, TIME

#: Meters told at a time.
_CHUNK = 2000
_TOLD = Q(is_stale=True, engine_problem="")


def has_work() -> bool:
    """Tell whether readings may wait or points changed: a home without meters is left alone."""
    return (
        (engine.folder() / "intake").is_dir()
        or Meter.objects.filter(_TOLD).exists()
        or OwnedPoint.objects.filter(is_stale=True).exists()
    )


def publish_stale() -> int:
    """Tell the engine every point that changed since it was told; return how many.

    What cannot be told, because the register is busy or out of reach, stays marked and goes with
    the next change.
    """
    told = 0
    while True:
        # Virtual meters after those they are computed from.
        meters = list(
            Meter.objects.filter(_TOLD)
            .select_related("organisation__place", "organisation__park", "unit")
            .order_by("expression", "pk")[:_CHUNK]
        )
        if not meters:
            return told + _publish_let_go()
        refused = _told_apart(meters)
        for meter in meters:
            # A meter changed in between was saved again as stale with another moment.
            standing = Meter.objects.filter(pk=meter.pk, changed_at=meter.changed_at)
            if meter.pk in refused:
                standing.update(engine_problem=refused[meter.pk][:300])
            else:
                standing.update(is_stale=False)
        told += len(meters) - len(refused)


def _told_apart(meters: list[Meter]) -> dict[int, str]:
    """Publish meters, those the register refuses apart from the others; return why, by key."""
    try:
        publish(meters)
    except DataError as error:
        if len(meters) == 1:
            return {meters[0].pk: error.problems[0].message("zh")}
        half = len(meters) // 2
        return _told_apart(meters[:half]) | _told_apart(meters[half:])
    return {}


def try_again(organisation: Organisation) -> None:
    """Offer the register again what it refused of an enterprise: something there changed."""
    Meter.objects.filter(organisation=organisation, is_stale=True).exclude(
        engine_problem=""
    ).update(engine_problem="")


def moved(organisations: Iterable[int]) -> int:
    """Have the tree above some enterprises told again; return how many have points in it.

    Parameters
    ----------
    organisations : iterable of int
        Keys of enterprises whose name, county or park changed.
    """
    # Any of its points brings the whole tree of an enterprise along.
    pointed = Meter.objects.filter(organisation__in=list(organisations), point__isnull=False)
    first = list(pointed.order_by().values_list("organisation").annotate(Min("pk")))
    keys = [pk for _organisation, pk in first]
    return Meter.objects.filter(pk__in=keys).update(
        is_stale=True, engine_problem="", changed_at=timezone.now()
    )


def on_moved(*, keys: Iterable[int], **_signal: Any) -> None:
    """Follow the archive: an enterprise with points moved, and its tree is told at once."""
    if moved(keys):
        transaction.on_commit(publish_stale, robust=True)


def publish(meters: Iterable[Meter]) -> None:
    """Write the points of some meters, their devices and their place in the tree.

    Raises
    ------
    DataError
        If the register refuses any of them; nothing is written then.
    """
    now = timezone.now()
    sending = [one for one in meters if one.point]
    if not sending:
        return
    claimed = _claimed(sending)
    nodes, edges = _tree({one.organisation_id: one.organisation for one in sending}.values())
    metered: dict[int, list[str]] = {}
    points = [_point_row(one, metered) for one in sending]
    devices = _devices(sending)
    engine.register().put(
        points=pl.DataFrame(points, schema=_without(POINTS, "recorded")),
        devices=pl.DataFrame(devices, schema=_without(DEVICES, "recorded")) if devices else None,
        nodes=pl.DataFrame(nodes, schema=_without(NODES, "recorded")),
        edges=pl.DataFrame(edges, schema=EDGES),
        recorded=now,
    )
    if claimed:
        from tanfeng.console.metering.settling import write_latest

        write_latest(engine.store().latest(claimed))


def _publish_let_go() -> int:
    """Tell the engine which points nobody has any more: nothing is due of them from then on."""
    gone = list(OwnedPoint.objects.filter(is_stale=True).select_related("meter").order_by("pk"))
    known = set(engine.points()["point"]) if gone else set()
    for virtual in (False, True):
        rows = {
            "point": [one.pk for one in gone if one.meter.is_virtual == virtual],
            "retired": [one.released_at for one in gone if one.meter.is_virtual == virtual],
        }
        points = pl.DataFrame(rows, schema={"point": pl.String, "retired": TIME})
        points = points.filter(pl.col("point").is_in(list(known)))
        if virtual:
            # What it is computed from goes on; it counts nowhere any more.
            points = points.with_columns(node=pl.lit(None, pl.String))
        if points.height:
            engine.register().put(points=points, recorded=timezone.now())
    for one in gone:
        OwnedPoint.objects.filter(pk=one.pk, released_at=one.released_at).update(is_stale=False)
    return len(gone)


def unclaimed() -> pl.DataFrame:
    """Return the points of the engine's register that no enterprise has, or ever had.

    Returns
    -------
    polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.POINTS`.
    """
    rows = engine.points().filter(
        pl.col("expression").is_null() & (pl.col("origin") != "console")
    )  # fmt: skip
    return rows.filter(~pl.col("point").is_in(list(names.owned(rows["point"].to_list()))))


def is_unclaimed(point: str) -> bool:
    """Tell whether a point has readings or a register entry that no enterprise owns."""
    known = engine.points().filter(pl.col("point") == point, pl.col("expression").is_null())
    return known.height > 0 and not names.owned([point])


def _claimed(meters: Iterable[Meter]) -> list[str]:
    """Return the points taken over from the engine's register, bringing their devices along."""
    waiting = {one.point: one for one in meters if one.last_time is None and not one.expression}
    rows = engine.points().filter(
        pl.col("point").is_in(list(waiting)) & (pl.col("origin") != "console")
    )
    points = rows["point"].to_list()
    if not points:
        return []
    hung = engine.register().devices().filter(pl.col("point").is_in(points))
    for row in hung.iter_rows(named=True):
        meter = waiting[row["point"]]
        Device.objects.get_or_create(
            meter=meter, serial_no=row["device"][:60], installed_at=row["installed"],
            defaults={
                "opening": row["opening"], "removed_at": row["removed"],
                "closing": row["closing"], "multiplier": row["multiplier"],
                "digits": row["digits"], "entered_by_id": meter.entered_by_id,
            },
        )  # fmt: skip
    return points


def _without(schema: pl.Schema, *names: str) -> pl.Schema:
    return pl.Schema({key: kind for key, kind in schema.items() if key not in names})


def _point_row(meter: Meter, metered: dict[int, list[str]]) -> Mapping[str, object]:
    """Return a row of the register; ``metered`` keeps the points of an enterprise once read."""
    text = None
    if meter.expression:
        key = meter.organisation_id
        if key not in metered:
            metered[key] = expressions.Own(expressions.own(meter.organisation)).metered
        text = expressions.spelled(meter.expression, metered[key])
    node = meter.unit.node if meter.unit else meter.organisation.credit_code
    return {
        "point": meter.point,
        "name": f"{meter.meter_no} {meter.name}",
        "kind": meter.reading_kind,
        "item_key": meter.item_key,
        "unit": expressions.unit_of(meter.item_key, meter.reading_unit),
        # Electricity says its own; nothing else has a transformer.
        "multiplier": meter.multiplier or 1.0,
        "digits": meter.digits,
        "rated_power": meter.rated_power,
        "interval_s": meter.interval_s,
        "sign": meter.sign,
        "level": meter.level,
        "node": node if meter.in_tree else None,
        "expression": text,
        "retired": None,
        "origin": "console",
    }


def _devices(meters: list[Meter]) -> list[dict[str, object]]:
    points = {one.pk: one.point for one in meters}
    return [
        {
            "point": points[one.meter_id],
            "device": one.serial_no,
            "installed": one.installed_at,
            "removed": one.removed_at,
            "opening": one.opening,
            "closing": one.closing,
            "multiplier": one.multiplier,
            "digits": one.digits,
        }
        for one in Device.objects.filter(meter__in=points).order_by("meter", "installed_at")
    ]


def _tree(
    organisations: Iterable[Organisation],
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return the nodes above and below some enterprises, and what hangs at what."""
    nodes: dict[str, dict[str, object]] = {}
    edges: set[tuple[str, str]] = set()

    def node(key: str, name: str, kind: str, **more: str) -> str:
        nodes[key] = {"node": key, "name": name, "kind": kind, **more}
        return key

    city = node(engine.CITY, settings.CITY_NAMES["zh"], "city")
    held = list(organisations)
    for one in held:
        county = node(one.place_id, one.place.name_zh, "county", place_code=one.place_id)
        firm = node(
            one.credit_code, one.name, "enterprise", credit_code=one.credit_code,
            place_code=one.place_id,
        )  # fmt: skip
        edges |= {(city, county), (county, firm)}
        if one.park is not None:
            edges.add((node(f"park:{one.park_id}", one.park.name_zh, "park"), firm))
    units = ProcessUnit.objects.filter(
        organisation__in=[one.pk for one in held], removed_at__isnull=True
    ).select_related("organisation", "parent")
    for unit in units:
        above = unit.parent.node if unit.parent else unit.organisation.credit_code
        edges.add((above, node(unit.node, unit.name, unit.kind)))
    return list(nodes.values()), [{"parent": one, "child": two} for one, two in sorted(edges)]
