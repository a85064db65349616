"""What the killed processes of the kill tests do; imported without using polars, then forked."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

import deltalake  # noqa: F401 - loaded once for all children
import polars as pl

from tanfeng.metering.intake import Intake
from tanfeng.metering.store import Store

START = datetime(2026, 10, 31, 15, tzinfo=UTC)
#: Readings of one batch; the third lies in another month for most batches.
ROWS = 3
ACCEPTING, FLUSHING, COMPACTING, DONE = b"a", b"f", b"c", b"+"


def batch_frame(point: str, number: int) -> pl.DataFrame:
    """Return the readings of one batch: one point, three times, the number as value."""
    times = [START + timedelta(seconds=number + 7200 * step) for step in range(ROWS)]
    return pl.DataFrame(
        {"point": [point] * ROWS, "time": times, "value": [float(number)] * ROWS}
    ).with_columns(pl.col("time").dt.cast_time_unit("us"))


def work(home: str, point: str, told: Connection) -> None:
    """Accept, flush and compact until killed; say what begins, and each batch that was kept."""
    store = Store(f"{home}/readings")
    intake = Intake(f"{home}/intake", store)
    intake.replay()
    store.readings()
    for number in itertools.count():
        told.send_bytes(ACCEPTING)
        # Every fifth batch is sent twice, the second time after it may have been flushed.
        for sent in {number, number - number % 5}:
            name = f"{point}/{sent}"
            received = START + timedelta(days=1, seconds=number)
            intake.accept(batch_frame(point, sent), batch=name, received=received)
            told.send_bytes(DONE + name.encode())
        if number % 3 == 1:
            told.send_bytes(FLUSHING)
            intake.flush()
        if number % 3 == 2:
            told.send_bytes(COMPACTING)
            store.compact(settle=number % 2 == 0)
