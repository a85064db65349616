"""The engine of this home: its register, its readings and the way in; the settings say where.

:mod:`.publishing` tells the register what the records say.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl
from django.conf import settings
from django.utils import timezone

if TYPE_CHECKING:
    from tanfeng.metering.intake import Intake
    from tanfeng.metering.register import Register
    from tanfeng.metering.rollup import By
    from tanfeng.metering.settled import Settled
    from tanfeng.metering.store import Store

CITY = "city"
#: What a sender that is turned away is told to wait. [s]
FLUSH_S = 5.0
#: So many points a page derives itself before it shows what is kept.
_LITTLE = 64
_opening = threading.Lock()


def folder() -> Path:
    """Return the folder of metering."""
    return Path(settings.METERING)


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Tell whether nobody else is at a work, and keep others from it; a killed process lets go.

    Parameters
    ----------
    name : str
        File of the lock below the folder of metering.
    """
    path = folder() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)


def register() -> Register:
    """Return the engine's register of this home."""
    from tanfeng.metering.register import Register

    return Register(folder())


@dataclass(frozen=True, slots=True)
class Known:
    """What the engine's register says at one state of it.

    Parameters
    ----------
    points, nodes, edges : polars.DataFrame
        As :class:`tanfeng.metering.register.Register` has them.
    """

    points: pl.DataFrame
    nodes: pl.DataFrame
    edges: pl.DataFrame


def known() -> Known:
    """Return what the register says, read again only when it changed: every page asks often."""
    return _known(str(folder()), register().number())


@lru_cache(maxsize=2)
def _known(_where: str, _number: int) -> Known:
    found = register()
    return Known(found.points(), found.nodes(), found.edges())


def edges() -> pl.DataFrame:
    """Return what hangs at what in the tree."""
    return known().edges


def points() -> pl.DataFrame:
    """Return the points of the engine's register."""
    return known().points


def store() -> Store:
    """Return the readings of this home: in its folder, or where a setting says."""
    return _store(settings.READINGS)


@cache
def _store(where: str) -> Store:
    from tanfeng.metering.store import Store

    return Store(where, settings.READINGS_SECRET_OPTIONS)


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
    from tanfeng.metering.store import StoreBusy

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
