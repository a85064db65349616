"""What Spark does its own way; tests/services/spark runs every line of it on a real cluster.

Nothing here imports PySpark: whoever opens the session does.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import Any

import ibis
import polars as pl
from ibis import BaseBackend
from ibis.expr import types as ir
from ibis.expr.schema import Schema
from ibis.util import gen_name

#: Spark 4.0 fails to carry what it knows of a union over to the rows it keeps.
_CONSTRAINTS = "spark.sql.constraintPropagation.enabled"


class Spark:
    """An :class:`~tanfeng.metering._engines.Engine` of many machines."""

    quote = "`"

    def fetch(self, backend: BaseBackend, table: ir.Table) -> pl.DataFrame:
        # Ibis would go through pandas, where a whole number that may be null becomes a float.
        return _brought(_asked(backend, table))

    def beside(self, backend: BaseBackend, frame: pl.DataFrame) -> ir.Table:
        return spark_table(backend, _session(backend).createDataFrame(frame.to_arrow()))

    def hold(self, backend: BaseBackend, name: str, frame: pl.DataFrame) -> ir.Table:
        _session(backend).createDataFrame(frame.to_arrow()).createOrReplaceTempView(name)
        return backend.table(name)

    def named(self, backend: BaseBackend, name: str, schema: Schema) -> ir.Table:
        return backend.table(name)

    def answer(self, backend: BaseBackend, statement: str) -> pl.DataFrame:
        return _brought(_session(backend).sql(statement))

    def any(self, backend: BaseBackend, name: str) -> bool:
        return not _session(backend).table(name).isEmpty()

    def view(self, backend: BaseBackend, name: str, table: ir.Table) -> ir.Table:
        # Of a view made by a statement Spark keeps the text, and asks for its tables again later.
        _asked(backend, table).createOrReplaceTempView(name)
        return backend.table(name)

    def keep(self, backend: BaseBackend, name: str, statement: str) -> None:
        # They stay with the workers, in memory or on their disks; where the session has a
        # checkpoint folder they are written there and outlive a worker.
        session = _session(backend)
        lasting = session.sparkContext.getCheckpointDir() is not None
        session.conf.set(_CONSTRAINTS, "false")
        try:
            rows = session.sql(statement)
            # Cached rows would not do: Spark plans each statement from the first readings again.
            rows = rows.checkpoint() if lasting else rows.localCheckpoint()
        finally:
            session.conf.unset(_CONSTRAINTS)
        rows.createOrReplaceTempView(name)

    def forget(self, backend: BaseBackend, name: str) -> None:
        session = _session(backend)
        if session.catalog.tableExists(name):
            for leaf in _leaves(session.table(name)):
                if leaf.nodeName() == "LogicalRDD":  # else the workers keep it until garbage is due
                    leaf.rdd().unpersist(False)
            session.catalog.dropTempView(name)

    def forget_held(self, backend: BaseBackend, name: str) -> None:
        self.forget(backend, name)

    def forget_view(self, backend: BaseBackend, name: str) -> None:
        _session(backend).catalog.dropTempView(name)


def spark_table(backend: BaseBackend, frame: Any) -> ir.Table:
    """Return a data frame of Spark as a table, under a name that goes when the table does."""
    name = gen_name("tanfeng")
    frame.createOrReplaceTempView(name)
    table = backend.table(name)
    weakref.finalize(table.op(), _drop, backend, name).atexit = False
    return table


def _drop(backend: BaseBackend, name: str) -> None:
    with contextlib.suppress(Exception):  # the session may have ended before
        _session(backend).catalog.dropTempView(name)


def _brought(rows: Any) -> pl.DataFrame:
    frame = pl.from_arrow(rows.toArrow())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows a union
    return frame


def _asked(backend: BaseBackend, table: ir.Table) -> Any:
    return _session(backend).sql(ibis.to_sql(table, dialect="pyspark"))


def _leaves(frame: Any) -> list[Any]:
    leaves = frame._jdf.queryExecution().analyzed().collectLeaves()
    return [leaves.apply(place) for place in range(leaves.size())]


def _session(backend: BaseBackend) -> Any:
    return backend._session  # the only way Ibis leaves to it
