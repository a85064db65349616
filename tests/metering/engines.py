"""Which engine the tests of the derivation run on: DuckDB, unless a folder of tests says another.

On another engine every figure is worked out on DuckDB as well, and the two have to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ibis
import polars as pl
from ibis.util import gen_name
from polars.testing import assert_frame_equal

from tanfeng.metering import _engines

#: How far the engines may differ: as a share, and for sums that are nearly nothing. [1, unit]
NEAR, NEAR_ZERO = 1e-9, 1e-9
DUCKDB = ibis.duckdb.connect()
_chosen = [DUCKDB]


def con():
    """Return the backend the tests run on."""
    return _chosen[-1]


@contextmanager
def run_on(other) -> Iterator[None]:
    """Run tests on another backend."""
    _chosen.append(other)
    try:
        yield
    finally:
        _chosen.pop()


def put(frame: pl.DataFrame, on=None):
    """Put a frame on a backend; it goes with its table."""
    on = on or con()
    if on is DUCKDB:
        return DUCKDB.create_table(gen_name("readings"), ibis.memtable(frame), temp=True)
    return _engines.beside(on, frame)


def fetch(table) -> pl.DataFrame:
    """Bring a table of the engine here."""
    return _engines.fetch(table, con())


def same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Hold two frames against each other, floating numbers to :data:`NEAR`."""
    assert_frame_equal(found, wanted, check_exact=False, rel_tol=NEAR, abs_tol=NEAR_ZERO)


def agreed(work: Callable[[Callable], Any], alike: Callable[[Any, Any], None] = same) -> Any:
    """Return what the engine makes, once DuckDB has made the same.

    ``work`` is given the way to put a frame on the engine it is to use.
    """
    found = work(put)
    if con() is not DUCKDB:
        alike(found, work(lambda frame: put(frame, DUCKDB)))
    return found
