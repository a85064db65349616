"""What the tests of the derivation share: points, readings written by hand, their energy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from metering import engines
from tanfeng.metering.derive import deriving
from tanfeng.metering.energy import corrections, point_energy
from tanfeng.metering.frames import DEVICES, POINTS, READINGS
from tanfeng.periods import LOCAL

MONDAY = datetime(2026, 3, 2, tzinfo=LOCAL)
QUARTER = timedelta(minutes=15)
NO_DEVICES = DEVICES.to_frame()


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """Return a moment of the week that begins on Monday, 2 March 2026, local time."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute, seconds=second)


def point(name: str = "M", **changes) -> pl.DataFrame:
    """Return one point: a cumulative register of kWh unless said otherwise."""
    row = dict.fromkeys(POINTS.names()) | {
        "point": name,
        "kind": "register",
        "item_key": "electricity",
        "unit": "kWh",
        "multiplier": 1.0,
        "interval_s": 900,
        "sign": 1,
        "origin": "import",
        "recorded": MONDAY,
    }
    return pl.DataFrame([row | changes], schema=POINTS)


def readings(rows: Sequence[tuple], name: str = "M", *, received=None, batch="b") -> pl.DataFrame:
    """Return readings of (time, value) or (time, value, received, batch)."""
    full = [(*row, received or row[0], batch)[:4] if len(row) < 4 else row for row in rows]
    columns = {
        "point": [name] * len(full),
        "time": [row[0].astimezone(UTC) for row in full],
        "value": [float(row[1]) for row in full],
        "quality": [0] * len(full),
        "source": ["test"] * len(full),
        "received": [row[2].astimezone(UTC) for row in full],
        "batch": [row[3] for row in full],
    }
    return pl.DataFrame(columns, schema=READINGS)


def every_quarter(values: Sequence[float], start: datetime = MONDAY) -> list[tuple]:
    """Return (time, value) each quarter of an hour, leaving out None."""
    return [(start + QUARTER * n, value) for n, value in enumerate(values) if value is not None]


def table(frame: pl.DataFrame):
    """Put readings on the engine."""
    return engines.put(frame)


def energy(
    frame: pl.DataFrame, points: pl.DataFrame, *, by: str = "hour", devices=NO_DEVICES, **asked
) -> pl.DataFrame:
    """Return the energy of the points."""
    return engines.agreed(lambda put: point_energy(put(frame), points, devices, by=by, **asked))


def listed(frame: pl.DataFrame, points: pl.DataFrame, devices=NO_DEVICES) -> pl.DataFrame:
    """Return the corrections."""

    def work(put):
        with deriving(put(frame), points, devices) as derived:
            return corrections(derived)

    return engines.agreed(work)
