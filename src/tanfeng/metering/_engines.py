"""What each engine does its own way: take a frame in, keep a result, give one back, forget it.

The rest of a derivation is one Ibis expression for all of them. Nothing here imports PySpark:
whoever opens the session does.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import Any

import ibis
import polars as pl
from ibis import BaseBackend
from ibis.expr import operations as ops
from ibis.expr import types as ir
from ibis.expr.schema import Schema
from ibis.formats.polars import PolarsSchema
from ibis.util import gen_name

SPARK = "pyspark"
#: Spark 4.0 fails to carry what it knows of a union over to the rows it keeps.
_CONSTRAINTS = "spark.sql.constraintPropagation.enabled"


def fetch(table: ir.Table, backend: BaseBackend | None = None) -> pl.DataFrame:
    """Work a table out and bring it here.

    Parameters
    ----------
    table : ibis Table
    backend : ibis backend, optional
        The one that holds it; found from the table if left out.
    """
    backend = backend or table.get_backend()
    if backend.name != SPARK:
        found: pl.DataFrame = backend.to_polars(table)
        return found
    # Ibis would go through pandas, where a whole number that may be null becomes a float.
    frame = pl.from_arrow(_asked(backend, table).toArrow())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows a union
    return frame


def beside(backend: BaseBackend, frame: pl.DataFrame) -> ir.Table:
    """Put a small frame on the backend; it goes when the expressions it stands in do."""
    if backend.name != SPARK:
        return ibis.memtable(frame)
    return spark_table(backend, _session(backend).createDataFrame(frame.to_arrow()))


def hold(backend: BaseBackend, name: str, frame: pl.DataFrame) -> ir.Table:
    """Put a small frame on the backend under a name, until :func:`forget`."""
    if backend.name == SPARK:
        _session(backend).createDataFrame(frame.to_arrow()).createOrReplaceTempView(name)
        return backend.table(name)
    # Ibis asks DuckDB five things about a table it makes; together they cost more than the table.
    con = backend.con
    incoming = f"{name}_incoming"
    con.register(incoming, frame.to_arrow())
    con.execute(
        f"CREATE TEMPORARY TABLE {quoted(backend, name)} AS FROM {quoted(backend, incoming)}"
    )
    con.unregister(incoming)
    return named(backend, name, PolarsSchema.to_ibis(frame.schema))


def named(backend: BaseBackend, name: str, schema: Schema) -> ir.Table:
    """Return a table of the backend whose columns are known: it is not asked for them."""
    if backend.name == SPARK:
        return backend.table(name)
    return ops.DatabaseTable(name, schema=schema, source=backend).to_expr()


def answer(backend: BaseBackend, statement: str) -> pl.DataFrame:
    """Work a statement out and bring the rows here."""
    if backend.name == SPARK:
        found = _session(backend).sql(statement).toArrow()
    else:
        found = backend.con.sql(statement).to_arrow_table()
    frame = pl.from_arrow(found)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows a union
    return frame


def view(backend: BaseBackend, name: str, table: ir.Table) -> ir.Table:
    """Give a table a name on the backend, until :func:`forget_view`."""
    if backend.name != SPARK:
        return backend.create_view(name, table)
    # Of a view made by a statement Spark keeps the text, and asks for its tables again later.
    _asked(backend, table).createOrReplaceTempView(name)
    return backend.table(name)


def keep(backend: BaseBackend, name: str, statement: str) -> None:
    """Work a statement out and keep its rows under a name, until :func:`forget`.

    On Spark they stay with the workers, in memory or on their disks; where the session has a
    checkpoint folder they are written there and outlive a worker.
    """
    if backend.name != SPARK:
        backend.raw_sql(f"CREATE TEMPORARY TABLE {quoted(backend, name)} AS {statement}")
        return
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


def forget(backend: BaseBackend, name: str) -> None:
    """Drop what :func:`hold` or :func:`keep` made."""
    if backend.name != SPARK:
        backend.raw_sql(f"DROP TABLE IF EXISTS {quoted(backend, name)}")
        return
    session = _session(backend)
    if session.catalog.tableExists(name):
        for leaf in _leaves(session.table(name)):
            if leaf.nodeName() == "LogicalRDD":  # else the workers keep it until garbage is due
                leaf.rdd().unpersist(False)
        session.catalog.dropTempView(name)


def forget_view(backend: BaseBackend, name: str) -> None:
    """Drop what :func:`view` made."""
    if backend.name != SPARK:
        backend.drop_view(name, force=True)
    else:
        _session(backend).catalog.dropTempView(name)


def spark_table(backend: BaseBackend, frame: Any) -> ir.Table:
    """Return a data frame of Spark as a table, under a name that goes when the table does."""
    name = gen_name("tanfeng")
    frame.createOrReplaceTempView(name)
    table = backend.table(name)
    weakref.finalize(table.op(), _drop, backend, name).atexit = False
    return table


def quoted(backend: BaseBackend, name: str) -> str:
    """Write a name the way the engine wants it in a statement."""
    mark = "`" if backend.name == SPARK else '"'
    return f"{mark}{name}{mark}"


def _drop(backend: BaseBackend, name: str) -> None:
    with contextlib.suppress(Exception):  # the session may have ended before
        _session(backend).catalog.dropTempView(name)


def _asked(backend: BaseBackend, table: ir.Table) -> Any:
    return _session(backend).sql(ibis.to_sql(table, dialect=SPARK))


def _leaves(frame: Any) -> list[Any]:
    leaves = frame._jdf.queryExecution().analyzed().collectLeaves()
    return [leaves.apply(place) for place in range(leaves.size())]


def _session(backend: BaseBackend) -> Any:
    return backend._session  # the only way Ibis leaves to it
