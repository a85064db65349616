"""Rows for the tests of quality: readings, slots, points and a small tree, local time in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from tanfeng.metering import frames
from tanfeng.periods import LOCAL


def at(text: str) -> datetime:
    """Return a local time such as ``2026-10-01 08:15`` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def points(*names: str, **columns: object) -> pl.DataFrame:
    """Registers of 15 minutes at no node, with the columns given instead."""
    row = {
        "name": "",
        "kind": "register",
        "item_key": "electricity",
        "unit": "kWh",
        "multiplier": 1.0,
        "interval_s": 900,
        "sign": 1,
        "origin": "import",
        "recorded": at("2026-01-01"),
        **columns,
    }
    rows = [{"point": name, **row} for name in names]
    return pl.DataFrame(rows, schema_overrides=frames.POINTS).select(
        *(
            pl.col(name) if name in rows[0] else pl.lit(None, dtype).alias(name)
            for name, dtype in frames.POINTS.items()
        )
    )


def readings(
    point: str,
    first: str,
    count: int,
    *,
    step_s: int = 900,
    wait_s: int = 5,
    quality: int = 0,
    missing: tuple[int, ...] = (),
) -> pl.DataFrame:
    """Readings at an even spacing from a local time on, each received ``wait_s`` later."""
    rows = [
        {
            "point": point,
            "time": at(first) + timedelta(seconds=step_s * i),
            "value": float(i),
            "quality": quality,
            "source": "gateway",
            "received": at(first) + timedelta(seconds=step_s * i + wait_s),
            "batch": "b1",
        }
        for i in range(count)
        if i not in missing
    ]
    return pl.DataFrame(rows, schema=frames.READINGS)


def slots(point: str, first: str, amounts: list[float | None]) -> pl.DataFrame:
    """Measured quarter hours from a local time on; None is missing."""
    return pl.DataFrame(
        [
            {
                "point": point,
                "start": at(first) + timedelta(seconds=900 * i),
                "amount": amount,
                "measured": amount,
                "quality": "missing" if amount is None else "measured",
                "rule": "",
            }
            for i, amount in enumerate(amounts)
        ],
        schema=frames.SLOTS,
    )


def nodes(**kinds: str) -> pl.DataFrame:
    """Nodes by name and kind."""
    return pl.DataFrame(
        [
            {"node": node, "name": node, "kind": kind, "recorded": at("2026-01-01")}
            for node, kind in kinds.items()
        ],
        schema=frames.NODES,
    )
