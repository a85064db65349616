"""Readings for the tests of the store and the intake."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import ibis
import polars as pl

from metering import engines
from tanfeng.metering.frames import READINGS

#: Noon of 31 October 2026 in UTC is 20:00 on the city's clock: four hours before November.
NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)
Row = tuple[str, int, float]


def at(minutes: float) -> datetime:
    """Return an instant some minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def rows(given: Iterable[Row], *, received: int = 0, quality: int = 0) -> pl.DataFrame:
    """Make readings of (point, minutes after noon, value), received some minutes after noon."""
    given = list(given)
    return pl.DataFrame(
        {
            "point": [point for point, _, _ in given],
            "time": [at(minutes) for _, minutes, _ in given],
            "value": [float(value) for _, _, value in given],
            "quality": [quality] * len(given),
            "source": ["gateway"] * len(given),
            "received": [at(received)] * len(given),
        },
        schema={name: kind for name, kind in READINGS.items() if name != "batch"},
    )


def quarter_hours(points: Iterable[str], count: int, *, received: int = 0) -> pl.DataFrame:
    """Make a register of each point that counts one up every quarter of an hour."""
    return rows(
        ((point, 15 * step, step) for point in points for step in range(count)), received=received
    )


def told(frame: pl.DataFrame) -> list[tuple[str, datetime, float]]:
    """Return point, time and value of each row."""
    return frame.select("point", "time", "value").rows()


def count(table: ibis.Table) -> int:
    """Return the number of rows of an Ibis table, pandas left out of it."""
    return engines.fetch(table).height
