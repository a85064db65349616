"""Meters of a few enterprises, with a month of readings that ends when the city is built.

A dozen points send, so that pages show what they show of a living city: most on time, one silent
for days, one with doubtful values, one that never sent, one a gateway names and nobody knows. Some
verifications have expired and some soon will. Registers follow the gateway simulator; what they
say has nothing to do with what the enterprises report.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
from django.db import transaction
from django.utils import timezone

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core.models import User
from tanfeng.console.metering import devices, engine, gateways, latest, services, virtual
from tanfeng.console.metering.models import Gateway, Meter
from tanfeng.gateway.simulate import Fault, Simulated, point_name, simulate
from tanfeng.metering.frames import GOOD, UNCERTAIN
from tanfeng.periods import LOCAL

DAYS: Final = 31
_STREAM: Final = 11
#: Enterprises of the cast that have meters.
_FIRMS: Final = 3
#: Point of each: number, name, what, level, unit of the tree, days its verification still holds.
_SENDING: Final = (
    ("E-01", "总降进线电能表", "electricity", 1, "", 640),
    ("E-11", "主生产线电能表", "electricity", 2, "主生产线", 75),
    ("E-12", "公用动力电能表", "electricity", 2, "公用动力", 25),
    ("G-01", "天然气总表", "natural_gas", 1, "", 310),
)
#: Instruments that send nothing.
_STANDING: Final = (
    ("W-01", "进厂水表", "water", 1, "water", 400),
    ("Z-01", "汽车衡", "raw_coal", 1, "weighing", -12),
    ("E-31", "空压机电能表", "electricity", 3, "electricity", 55),
)
_UNITS: Final = ("主生产线", "公用动力")


def write(user: User, seed: int, firms: Sequence[str], now: datetime | None = None) -> int:
    """Register meters, gateways and processes, and store a month of readings; return the points.

    Parameters
    ----------
    user : User
        Officer of the city.
    seed : int
        Seed of the city.
    firms : sequence of str
        Credit codes of the enterprises with accounts of their own.
    now : datetime, optional
        When the readings end, aware; the moment of the build if not given.
    """
    end = (now or timezone.now()).astimezone(LOCAL)
    end = end.replace(minute=end.minute // 15 * 15, second=0, microsecond=0)
    found = {one.credit_code: one for one in Organisation.objects.filter(credit_code__in=firms)}
    chosen = [found[code] for code in firms if code in found][:_FIRMS]
    names = [f"{one.credit_code[-5:]}-{row[0]}" for one in chosen for row in _SENDING]
    if not names:
        return 0
    made = _simulated(len(names), end, seed)
    with transaction.atomic():
        for number, organisation in enumerate(chosen):
            part = range(number * len(_SENDING), (number + 1) * len(_SENDING))
            _meters(user, organisation, end, [names[i] for i in part], made, part.start)
    readings = _told(made, names, end)
    engine.store().append(readings, batch=f"demo-{seed}")
    latest.write_latest(readings.sort("time").unique("point", keep="last"))
    return len(names)


def _simulated(points: int, end: datetime, seed: int) -> Simulated:
    """Return a month of registers that runs on until now; of one a few hours are missing."""
    start = (end - timedelta(days=DAYS)).replace(hour=0, minute=0)
    faults = [Fault("gap", point_name(1), start + timedelta(days=9), hours=6)]
    return simulate(points, start=start, days=DAYS + 1, seed=seed * 100 + _STREAM, faults=faults)


def _told(made: Simulated, names: Sequence[str], end: datetime) -> pl.DataFrame:
    """Return what came until now under the names of the meters, with what went wrong."""
    named = pl.DataFrame(
        {"point": [point_name(i) for i in range(len(names))], "called": list(names)}
    )
    doubtful, silent, never = names[-3], names[-2], names[-1]
    readings = (
        made.readings.join(named, on="point")
        .with_columns(point=pl.col("called"), source=pl.lit("demo"))
        .drop("called")
    )
    last = pl.col("time").max().over("point")
    day = timedelta(days=1)
    return readings.filter(
        pl.col("time") <= end,
        pl.col("point") != never,
        (pl.col("point") != silent) | (pl.col("time") < last - 3 * day),
    ).with_columns(
        quality=pl.when((pl.col("point") == doubtful) & (pl.col("time") > last - day))
        .then(pl.lit(UNCERTAIN, pl.Int16))
        .otherwise(pl.lit(GOOD, pl.Int16))
    )


def _meters(
    user: User,
    organisation: Organisation,
    end: datetime,
    names: Sequence[str],
    made: Simulated,
    first: int,
) -> None:
    today = end.date()
    way_in = gateways.enter(user, organisation, name="能耗采集网关", firmware="演示型号 1.0")
    gateways.make_key(user, way_in, expires_at=end + timedelta(days=365))
    units = {name: services.add_unit(user, organisation, kind="unit", name=name) for name in _UNITS}
    hung = {row["point"]: row for row in made.devices.iter_rows(named=True)}
    rated = dict(made.points.select("point", "rated_power").iter_rows())
    for place, (number, name, item, level, unit, left) in enumerate(_SENDING):
        simulated = point_name(first + place)
        device = hung[simulated]
        meter = services.enter(
            user,
            organisation,
            {
                **_facts(number, name, item, level, left, today),
                **_sending(names[place], item, device["multiplier"], rated[simulated]),
                "gateway": way_in,
                "unit": units.get(unit),
                "serial_no": f"YS{names[place]}",
            },
        )
        devices.hang(
            user,
            meter,
            serial_no=meter.serial_no,
            installed_at=device["installed"],
            opening=device["opening"],
            digits=device["digits"],
        )
    for number, name, item, level, kind, left in _STANDING:
        services.enter(
            user,
            organisation,
            {
                **_facts(number, name, item, level, left, today),
                "meter_class": kind,
                "multiplier": 1.0 if item == "electricity" else None,
                "serial_no": f"YS{organisation.credit_code[-5:]}-{number}",
            },
        )
    for kind, level, count in (("electricity", 1, 1), ("electricity", 2, 2), ("electricity", 3, 4),
                               ("natural_gas", 1, 1), ("water", 1, 1)):  # fmt: skip
        services.state_required(user, organisation, kind, level, count)
    _virtual(user, organisation, names)
    unknown = [(f"{names[0]}-NEW", 96, 1024.0)] if first == 0 else []
    gateways.note_unknown(way_in, unknown, end)
    Gateway.objects.filter(pk=way_in.pk).update(last_seen_at=end, last_rows=len(names))


def _virtual(user: User, organisation: Organisation, names: Sequence[str]) -> None:
    # What the two lines take together: a figure of its own, counted nowhere.
    lines = [f'"{names[place]}"' for place in (1, 2)]
    virtual.enter(
        user,
        organisation,
        {
            "meter_no": "V-01",
            "name": "次级用电合计（虚拟）",
            "point": f"{names[0]}-V",
            "item_key": "electricity",
            "reading_unit": "kWh",
            "level": 2,
            "in_tree": False,
            "expression": " + ".join(lines),
            "remark": "演示数据",
        },
    )


def _facts(number: str, name: str, item: str, level: int, left: int, today: date) -> dict[str, Any]:
    """Return what the list of instruments says of a demonstration meter."""
    is_power = item == "electricity"
    until = today + timedelta(days=left)
    return {
        "meter_no": number,
        "name": name,
        "meter_class": "electricity" if is_power else "gas",
        "model": "演示型号",
        "accuracy_class": "0.5" if is_power else "1.5",
        "manufacturer": "演示仪表厂",
        "item_key": item,
        "level": level,
        "location": "总降压站" if is_power and level == 1 else "厂区",
        "department": "动力部",
        "verified_on": until - timedelta(days=730),
        "cycle_months": 24,
        "valid_until": until,
        "status": Meter.Status.QUALIFIED,
        "remark": "演示数据",
    }


def _sending(point: str, item: str, ratio: float, rated: float | None) -> dict[str, Any]:
    """Return what is recorded of a point; registers of gas count in cubic metres."""
    is_power = item == "electricity"
    return {
        "point": point,
        "reading_kind": Meter.Reading.REGISTER,
        "reading_unit": "kWh" if is_power else "m3",
        "multiplier": ratio if is_power else None,
        "digits": 6,
        "rated_power": rated if is_power else None,
        "is_online": True,
    }
