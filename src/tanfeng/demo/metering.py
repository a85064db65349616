"""Meters of a few enterprises, with readings of 100 days that end when the city is built.

Two dozen points send, so that pages show what they show of a living city: most on time, one silent
since yesterday, one with doubtful values, one that never sent, one a gateway names and nobody
knows; one night a line was left running. There is enough of it to forecast from. Some verifications
have expired and some soon will. Registers follow the gateway simulator, main meters the sum of what
lies below (:mod:`tanfeng.demo.works`); what they say has nothing to do with what the enterprises
report. The steel works is metered down to its mill drives, with a boiler and a roof of its own, so
that it has a balance to look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl
from django.db import transaction
from django.utils import timezone

from tanfeng.console.archive.models import Organisation, Sector
from tanfeng.console.core.models import User
from tanfeng.console.metering import (
    devices,
    engine,
    gateways,
    latest,
    publishing,
    rates,
    services,
    virtual,
)
from tanfeng.console.metering.models import Gateway, Meter, ProcessUnit
from tanfeng.demo import works
from tanfeng.metering.frames import GOOD, UNCERTAIN
from tanfeng.periods import LOCAL

DAYS: Final = 100
#: Days before the end at which a meter of the first enterprise lost six hours.
_GAP: Final = 22
#: The line of a works that ran through a night: its meter, days before the end, hours from midnight
#: on, and how many times as much flowed.
_LEFT_ON: Final = ("E-131", 3, 5, 8.0)
_STREAM: Final = 11
_SLOTS: Final = 96  # quarter hours of a day
#: Enterprises of the cast that have meters.
_FIRMS: Final = 3
#: Instruments that send nothing.
_STANDING: Final = (
    ("W-01", "进厂水表", "water", 1, "water", 400),
    ("Z-01", "汽车衡", "raw_coal", 1, "weighing", -12),
    ("E-31", "空压机电能表", "electricity", 3, "electricity", 55),
)
_CLASSES: Final = {"electricity": "electricity", "natural_gas": "gas", "heat": "heat"}
_UNITS: Final = {"electricity": "kWh", "natural_gas": "m3", "heat": "GJ"}


@dataclass(frozen=True, slots=True)
class _Sending:
    """A meter of an enterprise that sends."""

    point: str
    row: Mapping[str, Any]
    rated: float
    ratio: float
    opening: float


def write(user: User, seed: int, firms: Sequence[str], now: datetime | None = None) -> int:
    """Register meters, gateways and processes, and store readings of 100 days; return the points.

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
    if not chosen:
        return 0
    start = (end - timedelta(days=DAYS)).replace(hour=0, minute=0)
    senders, told = [], []
    for number, organisation in enumerate(chosen):
        made, readings = _drawn(organisation, start, seed * 100 + _STREAM + number)
        senders.append(made)
        told.append(readings)
    names = [one.point for made in senders for one in made]
    readings = _told(pl.concat(told), names, start, end)
    with transaction.atomic():
        for organisation, made in zip(chosen, senders, strict=True):
            _meters(user, organisation, (start, end), made, is_first=organisation is chosen[0])
    engine.store().append(readings, batch=f"demo-{seed}")
    latest.write_latest(readings.sort("time").unique("point", keep="last"))
    publishing.publish_stale()
    engine.settled().advance(now=end)
    return len(names)


def _drawn(
    organisation: Organisation, start: datetime, seed: int
) -> tuple[list[_Sending], pl.DataFrame]:
    """Return the meters of an enterprise that send, and their registers until the day is over."""
    plan = works.plan("rolling" if organisation.sector == Sector.STEEL else "plain")
    number, days, hours, times = _LEFT_ON
    night = (DAYS - days) * _SLOTS
    left_on = {number: (slice(night, night + hours * _SLOTS // 24), times)}
    flows = works.flows(plan, start=start, days=DAYS + 1, seed=seed, left_on=left_on)
    rated = works.most(plan, flows)
    names = {row["number"]: f"{organisation.credit_code[-5:]}-{row['number']}" for row in plan}
    ratios = {names[row["number"]]: works.ratio(row, rated[row["number"]]) for row in plan}
    readings = works.registers(
        {names[number]: amounts for number, amounts in flows.items()}, ratios, start=start,
        seed=seed,
    )  # fmt: skip
    first = dict(readings.group_by("point").agg(pl.col("value").first()).iter_rows())
    return [
        _Sending(name, row, rated[row["number"]], ratios[name], first[name])
        for row in plan
        for name in (names[row["number"]],)
    ], readings


def _told(
    readings: pl.DataFrame, names: Sequence[str], start: datetime, end: datetime
) -> pl.DataFrame:
    """Return what came until now, with what went wrong."""
    gappy, doubtful, silent, never = names[1], names[-3], names[-2], names[-1]
    last = pl.col("time").max().over("point")
    day = timedelta(days=1)
    gap = start + (DAYS - _GAP) * day
    # One broke yesterday at midnight: it is who the first page of data quality names.
    yesterday = end.replace(hour=0, minute=0) - day
    return readings.filter(
        pl.col("time") <= end,
        pl.col("point") != never,
        ~((pl.col("point") == gappy) & pl.col("time").is_between(gap, gap + day / 4)),
        (pl.col("point") != silent) | (pl.col("time") <= yesterday),
    ).with_columns(
        quality=pl.when((pl.col("point") == doubtful) & (pl.col("time") > last - day))
        .then(pl.lit(UNCERTAIN, pl.Int16))
        .otherwise(pl.lit(GOOD, pl.Int16))
    )


def _processes(
    user: User, organisation: Organisation, made: Sequence[_Sending]
) -> dict[str, ProcessUnit]:
    """Enter the processes the meters hang at, those others are part of first."""
    units: dict[str, ProcessUnit] = {}
    for one in made:
        name, above = one.row["unit"], one.row["part_of"]
        if name and name not in units:
            units[name] = services.add_unit(
                user, organisation, kind=one.row["unit_kind"], name=name,
                parent=units[above] if above else None,
            )  # fmt: skip
    return units


def _meters(
    user: User,
    organisation: Organisation,
    span: tuple[datetime, datetime],
    made: Sequence[_Sending],
    *,
    is_first: bool,
) -> None:
    start, end = span
    today = end.date()
    way_in = gateways.enter(user, organisation, name="能耗采集网关", firmware="演示型号 1.0")
    gateways.make_key(user, way_in, expires_at=end + timedelta(days=365))
    units = _processes(user, organisation, made)
    for one in made:
        row = one.row
        meter = services.enter(
            user,
            organisation,
            {
                **_facts(row["number"], row["name"], row["item_key"], row["level"],
                         row["valid_days"], today),
                **_sending(one),
                "gateway": way_in,
                "unit": units.get(row["unit"]),
                "serial_no": f"YS{one.point}",
            },
        )  # fmt: skip
        devices.hang(
            user, meter, serial_no=meter.serial_no, installed_at=start, opening=one.opening,
            digits=6,
        )  # fmt: skip
    _standing(user, organisation, made, today)
    _computed(user, organisation, made)
    unknown = [(f"{made[0].point}-NEW", 96, 1024.0)] if is_first else []
    gateways.note_unknown(way_in, unknown, end)
    Gateway.objects.filter(pk=way_in.pk).update(last_seen_at=end, last_rows=len(made))


def _standing(
    user: User, organisation: Organisation, made: Sequence[_Sending], today: date
) -> None:
    """Enter the instruments that send nothing, and how many there ought to be."""
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
    held: dict[tuple[str, int], int] = {}
    for item, level in [(one.row["item_key"], one.row["level"]) for one in made]:
        held[item, level] = held.get((item, level), 0) + 1
    for (kind, level), count in ({("electricity", 3): 4, ("water", 1): 1} | held).items():
        if kind in rates.kinds():
            services.state_required(user, organisation, kind, level, count)


def _computed(user: User, organisation: Organisation, made: Sequence[_Sending]) -> None:
    """Enter a meter nobody hung."""
    # What the main meter shows beyond two of its lines: a figure of its own, counted nowhere.
    main, *lines = (
        f'"{one.point}"' for one in made if one.row["number"] in ("E-01", "E-11", "E-12")
    )
    virtual.enter(
        user,
        organisation,
        {
            "meter_no": "V-01",
            "name": "其他用电（虚拟）",
            "point": f"{made[0].point}-V",
            "item_key": "electricity",
            "reading_unit": "kWh",
            "level": 2,
            "in_tree": False,
            "expression": " - ".join((main, *lines)),
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
        "meter_class": _CLASSES.get(item, "gas"),
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


def _sending(one: _Sending) -> dict[str, Any]:
    """Return what is recorded of a point."""
    item = one.row["item_key"]
    is_power = item == "electricity"
    return {
        "point": one.point,
        "reading_kind": Meter.Reading.REGISTER,
        "reading_unit": _UNITS[item],
        "multiplier": one.ratio if is_power else None,
        "digits": 6,
        "rated_power": one.rated,
        "sign": one.row["sign"],
        "is_online": True,
    }
