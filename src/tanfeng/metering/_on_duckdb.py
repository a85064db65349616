"""What DuckDB does its own way; no other engine on one machine has been tried."""

from __future__ import annotations

import ibis
import polars as pl
from ibis import BaseBackend
from ibis.expr import operations as ops
from ibis.expr import types as ir
from ibis.expr.schema import Schema
from ibis.formats.polars import PolarsSchema


class DuckDB:
    """An :class:`~tanfeng.metering._engines.Engine` of this process."""

    quote = '"'

    def fetch(self, backend: BaseBackend, table: ir.Table) -> pl.DataFrame:
        found: pl.DataFrame = backend.to_polars(table)
        return found

    def beside(self, backend: BaseBackend, frame: pl.DataFrame) -> ir.Table:
        return ibis.memtable(frame)

    def hold(self, backend: BaseBackend, name: str, frame: pl.DataFrame) -> ir.Table:
        # Read where it lies: to make a table of it costs more than every question asked of it.
        backend.con.register(name, frame.to_arrow())
        return self.named(backend, name, PolarsSchema.to_ibis(frame.schema))

    def named(self, backend: BaseBackend, name: str, schema: Schema) -> ir.Table:
        return ops.DatabaseTable(name, schema=schema, source=backend).to_expr()

    def answer(self, backend: BaseBackend, statement: str) -> pl.DataFrame:
        frame = pl.from_arrow(backend.con.sql(statement).to_arrow_table())
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - narrows a union
        return frame

    def any(self, backend: BaseBackend, name: str) -> bool:
        # Not answer(): that asks DuckDB three things more.
        statement = f'SELECT 1 FROM "{name}" LIMIT 1'  # noqa: S608 - a name of the workshop
        return bool(backend.con.execute(statement).fetchall())

    def view(self, backend: BaseBackend, name: str, table: ir.Table) -> ir.Table:
        # As Ibis does it, but that it asks for the columns, and so opens the readings' files.
        backend._register_in_memory_tables(table)
        made = ibis.to_sql(table, dialect="duckdb")
        backend.raw_sql(f'CREATE TEMPORARY VIEW "{name}" AS {made}')
        return self.named(backend, name, table.schema())

    def keep(self, backend: BaseBackend, name: str, statement: str) -> None:
        backend.raw_sql(f'CREATE TEMPORARY TABLE "{name}" AS {statement}')

    def forget(self, backend: BaseBackend, name: str) -> None:
        backend.raw_sql(f'DROP TABLE IF EXISTS "{name}"')

    def forget_held(self, backend: BaseBackend, name: str) -> None:
        backend.con.unregister(name)

    def forget_view(self, backend: BaseBackend, name: str) -> None:
        backend.raw_sql(f'DROP VIEW IF EXISTS "{name}"')
