"""Small frames the tests of roll-up, balance and time of use are written with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from tanfeng.metering.frames import DEVICES, EDGES, POINTS, QUALITY, SLOTS, TIME
from tanfeng.periods import LOCAL

#: Local midnight of 1 November 2026: 16:00 UTC the day before.
NOV = datetime(2026, 11, 1, tzinfo=LOCAL).astimezone(UTC)
SLOT = timedelta(minutes=15)
REGISTERED = datetime(2026, 10, 1, tzinfo=UTC)


def at(slot: int, start: datetime = NOV) -> datetime:
    """Start of the slot with that number, from a start on."""
    return start + slot * SLOT


def points(*rows: dict[str, object]) -> pl.DataFrame:
    """Points: each row names what differs from a kWh register that counts into its node."""
    usual: dict[str, object] = {
        "name": "",
        "kind": "register",
        "item_key": "electricity",
        "unit": "kWh",
        "multiplier": 1.0,
        "interval_s": 900,
        "sign": 1,
        "origin": "import",
        "recorded": REGISTERED,
    }
    return pl.DataFrame([usual | row for row in rows], schema=POINTS)


def edges(*pairs: tuple[str, str]) -> pl.DataFrame:
    """Edges of the tree: (parent, child)."""
    return pl.DataFrame(pairs, schema=EDGES, orient="row")


def devices(*rows: dict[str, object]) -> pl.DataFrame:
    """Meters hung at points."""
    return pl.DataFrame([{"recorded": REGISTERED} | row for row in rows], schema=DEVICES)


def slots(
    point: str,
    amounts: Sequence[float | None],
    *,
    start: datetime = NOV,
    estimated: Iterable[int] = (),
) -> pl.DataFrame:
    """Slots of one point from a start on; None is missing, ``estimated`` are numbers of slots."""
    guessed = set(estimated)
    quality = [
        "missing" if amount is None else "estimated" if n in guessed else "measured"
        for n, amount in enumerate(amounts)
    ]
    measured = [
        None if amount is None else 0.0 if n in guessed else amount
        for n, amount in enumerate(amounts)
    ]
    return pl.DataFrame(
        {
            "point": [point] * len(amounts),
            "start": pl.Series([at(n, start) for n in range(len(amounts))], dtype=TIME),
            "amount": pl.Series(amounts, dtype=pl.Float64),
            "measured": pl.Series(measured, dtype=pl.Float64),
            "quality": pl.Series(quality, dtype=QUALITY),
            "rule": ["test"] * len(amounts),
        },
        schema=SLOTS,
    )
