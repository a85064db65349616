"""Readings in an object store: what deltalake does over HTTP, with writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from services.s3_server import Bucket
from tanfeng.metering.frames import READINGS
from tanfeng.metering.store import Store

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
WRITERS, EACH, ROWS = 4, 2, 8


@pytest.fixture(scope="module")
def bucket():
    with Bucket() as one:
        yield one


def store(bucket, name):
    return Store(f"s3://{bucket.name}/{name}", bucket.options)


def frame(point, rows=ROWS):
    return pl.DataFrame(
        {
            "point": [point] * rows,
            "time": [FIRST + timedelta(minutes=15 * i) for i in range(rows)],
            "value": [float(i) for i in range(rows)], "quality": [0] * rows,
            "source": ["test"] * rows, "received": [FIRST + timedelta(days=1)] * rows,
            "batch": ["b"] * rows,
        },
        schema=READINGS,
    )  # fmt: skip


def test_a_batch_counts_once_and_is_read_back(bucket):
    one = store(bucket, "once")
    assert not one.append(frame("P"), batch="first").already
    assert store(bucket, "once").append(frame("P"), batch="first").already
    found = store(bucket, "once").readings(["P"])
    assert found["value"].to_list() == [float(i) for i in range(ROWS)]
    assert store(bucket, "once").latest(["P"])["value"].to_list() == [ROWS - 1.0]
    assert any(key.startswith("once/month=2026-01/") for key in bucket.objects)


def test_writers_at_once_lose_nothing(bucket):
    store(bucket, "many").append(frame("P"), batch="first")

    def write(number):
        own = store(bucket, "many")
        for turn in range(EACH):
            own.append(frame(f"W{number}-{turn}"), batch=f"{number}-{turn}")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    found = store(bucket, "many").readings()
    assert found.height == (1 + WRITERS * EACH) * ROWS
    assert found["point"].n_unique() == 1 + WRITERS * EACH
    # Two who would write the same version met: the store refused the later one, who tried again.
    assert bucket.answers["PUT", 412] > 0
    store(bucket, "many").compact()
    assert store(bucket, "many").readings().equals(found)
