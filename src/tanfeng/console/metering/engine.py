"""The engine of this home: its register, its readings and the way in; the settings say where.

:mod:`.publishing` tells the register what the records say.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from django.conf import settings

if TYPE_CHECKING:
    from tanfeng.metering.intake import Intake
    from tanfeng.metering.register import Register
    from tanfeng.metering.store import Store

CITY = "city"
#: What a sender that is turned away is told to wait. [s]
FLUSH_S = 5.0
#: Readings around a window that say what is usual there and close the gaps at its ends.
AROUND = timedelta(days=16)
_opening = threading.Lock()


def folder() -> Path:
    """Return the folder of metering."""
    return Path(settings.METERING)


def register() -> Register:
    """Return the engine's register of this home."""
    from tanfeng.metering.register import Register

    return Register(folder())


def points() -> pl.DataFrame:
    """Return the points of the engine's register, read again when it changed."""
    listed = folder() / "register.json"
    try:
        about = listed.stat()
    except FileNotFoundError:
        return register().points()
    return _points(str(folder()), about.st_mtime_ns, about.st_ino)


@lru_cache(maxsize=2)
def _points(_folder: str, _changed_ns: int, _file: int) -> pl.DataFrame:
    return register().points()


def store() -> Store:
    """Return the readings of this home: in its folder, or where a setting says."""
    return _store(settings.READINGS)


@cache
def _store(where: str) -> Store:
    from tanfeng.metering.store import Store

    return Store(where, settings.READINGS_SECRET_OPTIONS)


def intake() -> Intake:
    """Return what readings come in through; one per process."""
    with _opening:
        return _intake(str(folder() / "intake"), settings.READINGS)


@cache
def _intake(where: str, readings: str) -> Intake:
    from tanfeng.metering.intake import Intake

    return Intake(where, _store(readings), flush_every_s=FLUSH_S)


def energy(point: str, by: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Return what flowed through a point in each period, as the engine derives it.

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
        ``completeness`` [1]; empty when the engine does not know the point, or nobody reads it.
    """
    import ibis

    from tanfeng.metering.energy import point_energy

    known = register()
    of_point = pl.col("point") == point
    found = points().filter(of_point)
    readings = store().table(ibis.duckdb.connect(), [point], start - AROUND, end + AROUND)
    devices = known.devices().filter(of_point)
    return point_energy(readings, found, devices, by=by, start=start, end=end)
