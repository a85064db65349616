"""The one way from the console to the engine: publishing the register, opening the store.

The register of the engine is what the engine reads; the console tells it what its records say and
takes nothing back. Where both live is a matter of the settings.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl
from django.conf import settings
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.metering.models import Device, Meter, ProcessUnit
from tanfeng.metering.frames import DEVICES, EDGES, NODES, POINTS
from tanfeng.sheets.meter_list import WATER

if TYPE_CHECKING:
    from tanfeng.metering._calendar import By
    from tanfeng.metering.intake import Intake
    from tanfeng.metering.register import Register
    from tanfeng.metering.settled import Settled
    from tanfeng.metering.store import Store

CITY = "city"
#: What a sender that is turned away is told to wait. [s]
FLUSH_S = 5.0
#: So many points a page derives itself before it shows what is kept.
_LITTLE = 64
_opening = threading.Lock()
#: Meters published at a time.
_CHUNK = 2000


def folder() -> Path:
    """Return the folder of metering."""
    return Path(settings.METERING)


def register() -> Register:
    """Return the engine's register of this home."""
    from tanfeng.metering.register import Register

    return Register(folder())


def edges() -> pl.DataFrame:
    """Return what hangs at what in the tree, read again only when the register changed."""
    return _edges(str(folder()), register().number())


@lru_cache(maxsize=2)
def _edges(_where: str, _number: int) -> pl.DataFrame:
    return register().edges()


def store() -> Store:
    """Return the readings of this home: in its folder, or where a setting says."""
    return _store(settings.READINGS)


@cache
def _store(where: str) -> Store:
    from tanfeng.metering.store import Store

    return Store(where)


def settled() -> Settled:
    """Return the energy that is derived and kept in this home."""
    return _settled(str(folder()), settings.READINGS)


@cache
def _settled(where: str, readings: str) -> Settled:
    from tanfeng.metering.register import Register
    from tanfeng.metering.settled import Settled

    return Settled(Path(where) / "slots", _store(readings), Register(where))


def kept() -> Settled:
    """Return what is kept, with the little that came since it was last brought up to date.

    The settling of the serving process does so all the time. What would keep a page waiting is
    left to it: the figures are then as of an earlier moment.
    """
    from tanfeng.metering._faults import StoreBusy

    found = settled()
    if found.behind():
        with suppress(StoreBusy):
            found.advance(now=timezone.now(), wait=False, go_on=lambda left: left <= _LITTLE)
    return found


def intake() -> Intake:
    """Return what readings come in through; one per process."""
    with _opening:
        return _intake(str(folder() / "intake"), settings.READINGS)


@cache
def _intake(where: str, readings: str) -> Intake:
    from tanfeng.metering.intake import Intake

    return Intake(where, _store(readings), flush_every_s=FLUSH_S)


def energy(point: str, by: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed through a point in each period.

    Parameters
    ----------
    point : str
        Its name.
    by : {"hour", "day", "month"}
        Length of a period.
    start, end : datetime
        ``start <= t < end``, aware.

    Returns
    -------
    polars.DataFrame
        ``start``, ``amount``, ``measured``, ``estimated`` [base unit], ``unit``, ``quality``,
        ``completeness`` [1]; empty when the engine does not know the point.
    """
    return kept().of_points([point], cast("By", by), start, end).sort("start")


def has_work() -> bool:
    """Tell whether readings may wait or points changed: a home without meters is left alone."""
    return (folder() / "intake").is_dir() or Meter.objects.filter(is_stale=True).exists()


def publish_stale() -> int:
    """Tell the engine every point that changed since it was told; return how many.

    What cannot be told, because the register is busy or out of reach, stays marked and goes with
    the next change.
    """
    told = 0
    while True:
        meters = list(
            Meter.objects.filter(is_stale=True)
            .select_related("organisation__place", "organisation__park", "unit")
            .order_by("pk")[:_CHUNK]
        )
        if not meters:
            return told
        publish(meters)
        # A meter changed in between was saved again as stale with another moment.
        for meter in meters:
            Meter.objects.filter(pk=meter.pk, changed_at=meter.changed_at).update(is_stale=False)
        told += len(meters)


def publish(meters: Iterable[Meter]) -> None:
    """Write the points of some meters, their devices and their place in the tree.

    Water is metered like energy and is no energy item: its points stay with the console.
    """
    now = timezone.now()
    sending = [one for one in meters if one.point and one.item_key != WATER]
    if not sending:
        return
    nodes, edges = _tree({one.organisation_id: one.organisation for one in sending}.values())
    points = [_point_row(one) for one in sending]
    devices = _devices(sending)
    register().put(
        points=pl.DataFrame(points, schema=_without(POINTS, "expression", "recorded")),
        devices=pl.DataFrame(devices, schema=_without(DEVICES, "recorded")) if devices else None,
        nodes=pl.DataFrame(nodes, schema=_without(NODES, "recorded")),
        edges=pl.DataFrame(edges, schema=EDGES),
        recorded=now,
    )


def _without(schema: pl.Schema, *names: str) -> pl.Schema:
    return pl.Schema({key: kind for key, kind in schema.items() if key not in names})


def _point_row(meter: Meter) -> dict[str, object]:
    return {
        "point": meter.point,
        "name": f"{meter.meter_no} {meter.name}",
        "kind": meter.reading_kind,
        "item_key": meter.item_key,
        "unit": meter.reading_unit,
        # Electricity says its own; nothing else has a transformer.
        "multiplier": meter.multiplier or 1.0,
        "digits": meter.digits,
        "rated_power": meter.rated_power,
        "interval_s": meter.interval_s,
        "sign": meter.sign,
        "level": meter.level,
        "node": meter.unit.node if meter.unit else meter.organisation.credit_code,
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

    city = node(CITY, settings.CITY_NAMES["zh"], "city")
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
