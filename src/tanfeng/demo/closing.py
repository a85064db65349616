"""A meter that knows the whole of a year, and one month of it closed.

The steelworks with an account by a sector method gets a meter at its entrance. It follows what the
enterprise reported, a little above it; of one month it knows clearly less, so that the month close
has a deviation above the limit to show. December of the year is closed; the months since wait.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from django.utils import timezone

from tanfeng.console.accounting.models import EnergyRecord, MethodRun
from tanfeng.console.archive.models import Organisation
from tanfeng.console.closing import services as closing
from tanfeng.console.closing.figures import Month, Typed
from tanfeng.console.core.models import User
from tanfeng.console.metering import devices, engine, publishing, services, settling
from tanfeng.console.metering.models import Meter
from tanfeng.metering.frames import GOOD
from tanfeng.periods import LOCAL

_STREAM: Final = 23
_ITEM: Final = "electricity"
_KWH: Final = 1e4  # of a unit of the form
#: What the meter says of what was reported; months after the year follow the same month. [1]
_USUAL, _SHORT_MONTH, _SHORT = 1.006, 11, 0.93
_CLOSED: Final = 12
#: The register shows hundredths and starts again after a million.
_HUNDREDTHS, _MOST = 2, 4e5


def write(user: User, seed: int, year: int, now: datetime | None = None) -> int:
    """Register the meter, store its readings, close December; return the months closed.

    Parameters
    ----------
    user : User
        Officer of the city.
    seed : int
        Seed of the city.
    year : int
        Year of the account.
    now : datetime, optional
        When the readings end, aware; the moment of the build if not given.
    """
    account = MethodRun.objects.filter(year=year, replaced_by=None).order_by("number").first()
    if account is None:
        return 0
    organisation = account.organisation
    reported = dict(
        EnergyRecord.objects.current()
        .filter(organisation=organisation, year=year, month__gt=0, item_key=_ITEM)
        .values_list("month", "consumption_total_qty")
    )
    if len(reported) < 12 or not all(reported.values()):
        return 0
    end = (now or timezone.now()).astimezone(LOCAL)
    end = end.replace(minute=end.minute // 15 * 15, second=0, microsecond=0)
    used = _used({month: float(value or 0.0) for month, value in reported.items()}, year, end, seed)
    multiplier = 10.0 ** max(0, math.ceil(math.log10(used.sum() / _MOST)))
    point = f"{organisation.credit_code[-5:]}-E-00"
    _hang(user, organisation, point, multiplier, datetime(year, 1, 1, tzinfo=LOCAL))
    readings = _readings(point, used / multiplier, datetime(year, 1, 1, tzinfo=LOCAL))
    engine.store().append(readings, batch=f"demo-{seed}-year")
    settling.write_latest(readings.tail(1))
    publishing.publish_stale()
    closing.close(user, organisation, Month(year, _CLOSED), {_ITEM: Typed()}, is_demo=True)
    return 1


def _used(
    reported: dict[int, float], year: int, end: datetime, seed: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return what flows in each quarter hour [kWh] from the start of the year on."""
    chance = np.random.default_rng(seed * 100 + _STREAM)
    parts, month = [], Month(year, 1)
    while month.start < end:
        hours = np.arange(month.slots) / 4.0
        shape = 1.0 + 0.15 * np.sin(2.0 * np.pi * (hours - 8.0) / 24.0)
        shape *= chance.uniform(0.97, 1.03, month.slots)
        is_short = month == Month(year, _SHORT_MONTH)
        wanted = reported[month.month] * _KWH * (_SHORT if is_short else _USUAL)
        parts.append(shape / shape.sum() * wanted)
        month = month.next
    slots = int((end - datetime(year, 1, 1, tzinfo=LOCAL)).total_seconds()) // 900
    return np.concatenate(parts)[:slots]


def _readings(
    point: str, steps: np.ndarray[tuple[int], np.dtype[np.float64]], start: datetime
) -> pl.DataFrame:
    """Return a register read every quarter hour; what it showed was known a minute later."""
    shown = np.round(np.concatenate([[0.0], np.cumsum(steps)]), _HUNDREDTHS)
    last = start + timedelta(minutes=15 * len(steps))
    time = pl.datetime_range(start, last, "15m", eager=True).dt.convert_time_zone("UTC")
    return pl.DataFrame(
        {"time": time.dt.cast_time_unit("us"), "value": shown % 1e6}
    ).with_columns(
        point=pl.lit(point),
        quality=pl.lit(GOOD, pl.Int16),
        source=pl.lit("demo"),
        received=pl.col("time") + pl.duration(minutes=1),
    )  # fmt: skip


def _hang(
    user: User, organisation: Organisation, point: str, multiplier: float, start: datetime
) -> None:
    meter = services.enter(
        user,
        organisation,
        {
            "meter_no": "E-00",
            "name": "厂区总进线电能表",
            "meter_class": "electricity",
            "model": "演示型号",
            "accuracy_class": "0.5",
            "manufacturer": "演示仪表厂",
            "serial_no": f"YS{point}",
            "multiplier": multiplier,
            "item_key": _ITEM,
            "level": Meter.Level.USER,
            "location": "总降压站",
            "status": Meter.Status.QUALIFIED,
            "remark": "演示数据",
            "point": point,
            "reading_kind": Meter.Reading.REGISTER,
            "reading_unit": "kWh",
            "digits": 6,
            "is_online": True,
        },
    )
    devices.hang(
        user, meter, serial_no=meter.serial_no, installed_at=start, opening=0.0, digits=6
    )  # fmt: skip
