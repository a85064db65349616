"""What each engine does its own way: take a frame in, keep a result, give one back, forget it.

The rest of a derivation is one Ibis expression for all of them.
"""

from __future__ import annotations

from typing import Protocol

import polars as pl
from ibis import BaseBackend
from ibis.expr import types as ir
from ibis.expr.schema import Schema

from tanfeng.metering._on_duckdb import DuckDB
from tanfeng.metering._on_spark import Spark


class Engine(Protocol):
    """What a derivation asks of an engine beside Ibis; every call names the backend it is on."""

    quote: str  #: round a name in a statement

    def fetch(self, backend: BaseBackend, table: ir.Table) -> pl.DataFrame:
        """Work a table out and bring it here."""

    def beside(self, backend: BaseBackend, frame: pl.DataFrame) -> ir.Table:
        """Put a small frame on the backend; it goes when the expressions it stands in do."""

    def hold(self, backend: BaseBackend, name: str, frame: pl.DataFrame) -> ir.Table:
        """Put a small frame on the backend under a name, until :meth:`forget_held`."""

    def named(self, backend: BaseBackend, name: str, schema: Schema) -> ir.Table:
        """Return a table of the backend whose columns are known: it is not asked for them."""

    def answer(self, backend: BaseBackend, statement: str) -> pl.DataFrame:
        """Work a statement out and bring the rows here."""

    def any(self, backend: BaseBackend, name: str) -> bool:
        """Tell whether a table has a row."""

    def view(self, backend: BaseBackend, name: str, table: ir.Table) -> ir.Table:
        """Give a table a name on the backend, until :meth:`forget_view`."""

    def keep(self, backend: BaseBackend, name: str, statement: str) -> None:
        """Work a statement out and keep its rows under a name, until :meth:`forget`."""

    def forget(self, backend: BaseBackend, name: str) -> None:
        """Drop what :meth:`keep` made."""

    def forget_held(self, backend: BaseBackend, name: str) -> None:
        """Drop what :meth:`hold` made."""

    def forget_view(self, backend: BaseBackend, name: str) -> None:
        """Drop what :meth:`view` made."""


_ENGINES: dict[str, Engine] = {"duckdb": DuckDB(), "pyspark": Spark()}


def of(backend: BaseBackend) -> Engine:
    """Return the engine of a backend."""
    return _ENGINES[backend.name]


def fetch(table: ir.Table, backend: BaseBackend | None = None) -> pl.DataFrame:
    """Work a table out and bring it here.

    Parameters
    ----------
    table : ibis Table
    backend : ibis backend, optional
        The one that holds it; found from the table if left out.
    """
    backend = backend or table.get_backend()
    return of(backend).fetch(backend, table)


def beside(backend: BaseBackend, frame: pl.DataFrame) -> ir.Table:
    """Put a small frame on the backend; it goes when the expressions it stands in do."""
    return of(backend).beside(backend, frame)
