"""What the killed processes of the kept energy do: derive everything, change it, and again."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import ibis  # noqa: F401 - loaded once for all children
import polars as pl

from tanfeng.metering import _kept_files, _settling
from tanfeng.metering.register import Register
from tanfeng.metering.settled import Settled
from tanfeng.metering.store import Store


def work(home: str, told: Connection) -> None:
    """Advance in small parts until killed; everything is asked for anew each time."""
    _settling.TAIL_POINTS = _settling._FIRST_POINTS = 2
    _kept_files._MANY = 3
    folder = Path(home)
    settled = Settled(folder / "slots", Store(folder / "readings"), Register(folder))

    def go_on(_left: int) -> bool:
        told.send_bytes(b"+")
        return True

    names = settled._register.points()["point"]
    for turn in itertools.count():
        settled.advance(now=datetime(2026, 4, 1, tzinfo=UTC), go_on=go_on)
        settled.compact()
        multiplier = pl.lit(20.0 if turn % 2 else 30.0)
        points = pl.DataFrame({"point": names}).with_columns(multiplier=multiplier)
        settled._register.put(points=points, recorded=datetime.now(UTC))
