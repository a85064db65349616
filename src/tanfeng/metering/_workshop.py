"""Where a derivation is worked out: intermediate tables of one backend, each made by one statement.

Writing the SQL of an expression takes Ibis longer than DuckDB needs to run it over a week of a
thousand meters. The expressions of a derivation are always the same but for the names of their
tables, so each is built and written once per process and kept as text, with the types it has:
asking the engine for those would cost as much as a small statement.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import ibis
import polars as pl
from ibis import BaseBackend
from ibis.expr import operations as ops
from ibis.expr import types as ir
from ibis.expr.schema import Schema

_numbers = itertools.count()
_written: dict[tuple[str, str, str], tuple[str, Schema]] = {}
_writing = threading.Lock()
#: Stands for the prefix of the tables of one derivation in a kept statement.
_PREFIX = "\0"


class Workshop:
    """Intermediate tables of one derivation.

    Parameters
    ----------
    backend : ibis backend
        Holds the tables until :meth:`clear`.
    """

    def __init__(self, backend: BaseBackend) -> None:
        self.backend = backend
        self._prefix = f"tanfeng{next(_numbers)}_"
        self._made: list[str] = []
        self._views: list[str] = []

    def hold(self, name: str, frame: pl.DataFrame) -> ir.Table:
        """Put a frame on the backend.

        Parameters
        ----------
        name : str
            What it is called in this derivation.
        frame : polars.DataFrame
            Small.

        Returns
        -------
        ibis Table
        """
        full = self._prefix + name
        self._made.append(full)
        return self.backend.create_table(full, frame, temp=True)

    def view(self, name: str, table: ir.Table) -> ir.Table:
        """Give a table of the backend a name that is the same in every derivation."""
        full = self._prefix + name
        self._views.append(full)
        return self.backend.create_view(full, table)

    def step(self, name: str, build: Callable[[], ir.Table], variant: str = "") -> ir.Table:
        """Work out an expression over tables of this workshop, and keep the result.

        Parameters
        ----------
        name : str
            What the result is called; name and variant are one expression in every derivation.
        build : callable
            Makes the expression; called the first time in the process only.
        variant : str
            Of the expression; the result has the same columns.

        Returns
        -------
        ibis Table
        """
        statement, schema = self._text(name, build, variant)
        full = self._prefix + name
        self._made.append(full)
        self.backend.raw_sql(f'CREATE TEMPORARY TABLE "{full}" AS {statement}')
        return self._named(full, schema)

    def seen(self, name: str, build: Callable[[], ir.Table], variant: str = "") -> ir.Table:
        """Name an expression as :meth:`step` does, without working it out by itself."""
        statement, schema = self._text(name, build, variant)
        full = self._prefix + name
        self._views.append(full)
        self.backend.raw_sql(f'CREATE TEMPORARY VIEW "{full}" AS {statement}')
        return self._named(full, schema)

    def made(self, name: str) -> ir.Table:
        """Return what :meth:`step` kept under a name."""
        return self.backend.table(self._prefix + name)

    def _text(self, name: str, build: Callable[[], ir.Table], variant: str) -> tuple[str, Schema]:
        key = (self.backend.name, name, variant)
        with _writing:
            kept = _written.get(key)
        if kept is None:
            expression = build()
            text = self._statement(expression).replace(self._prefix, _PREFIX)
            kept = text, expression.schema()
            with _writing:
                _written[key] = kept
        return kept[0].replace(_PREFIX, self._prefix), kept[1]

    def _named(self, full: str, schema: Schema) -> ir.Table:
        return ops.DatabaseTable(full, schema=schema, source=self.backend).to_expr()

    def _statement(self, expression: ir.Table) -> str:
        # The types Ibis reasons with, not those the engine finds for a bare number.
        named = self.backend.compiler.type_mapper.to_string
        columns = ", ".join(
            f'CAST("{name}" AS {named(kind)}) AS "{name}"'
            for name, kind in expression.schema().items()
        )
        made = ibis.to_sql(expression, dialect=self.backend.name)
        return f"SELECT {columns} FROM ({made}) AS made"  # noqa: S608  # Ibis wrote both

    def any(self, table: ir.Table) -> bool:
        """Tell whether a table of this workshop has a row."""
        # Not execute(): that is a detour through pandas.
        return bool(self.backend.to_pyarrow(table.limit(1)).num_rows)

    def drop(self, name: str) -> None:
        """Forget one table before the others."""
        full = self._prefix + name
        self._made.remove(full)
        self.backend.drop_table(full, force=True)

    def clear(self) -> None:
        """Drop every table and view."""
        while self._views:
            self.backend.drop_view(self._views.pop(), force=True)
        while self._made:
            self.backend.drop_table(self._made.pop(), force=True)
