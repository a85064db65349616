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
from ibis.expr import types as ir
from ibis.expr.schema import Schema

from tanfeng.metering import _engines

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
    manner : str
        Of working; names and variants are one expression in every derivation of one manner.
    """

    def __init__(self, backend: BaseBackend, manner: str = "") -> None:
        self.backend = backend
        self._engine = _engines.of(backend)
        self._manner = manner
        self._prefix = f"tanfeng{next(_numbers)}_"
        self._made: list[str] = []
        self._held: list[str] = []
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
        self._held.append(full)
        return self._engine.hold(self.backend, full, frame)

    def view(self, name: str, table: ir.Table) -> ir.Table:
        """Give a table of the backend a name that is the same in every derivation."""
        full = self._prefix + name
        self._views.append(full)
        return self._engine.view(self.backend, full, table)

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
        self._engine.keep(self.backend, full, statement)
        return self._named(full, schema)

    def frame(self, name: str, build: Callable[[], ir.Table], variant: str = "") -> pl.DataFrame:
        """Work an expression out as :meth:`step` does, and bring the result here."""
        statement, _ = self._text(name, build, variant)
        return self._engine.answer(self.backend, statement)

    def made(self, name: str) -> ir.Table:
        """Return what :meth:`step` kept under a name."""
        return self.backend.table(self._prefix + name)

    def _text(self, name: str, build: Callable[[], ir.Table], variant: str) -> tuple[str, Schema]:
        key = (f"{self.backend.name} {self._manner}", name, variant)
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
        return self._engine.named(self.backend, full, schema)

    def _statement(self, expression: ir.Table) -> str:
        # The types Ibis reasons with, not those the engine finds for a bare number.
        named = self.backend.compiler.type_mapper.to_string
        columns = ", ".join(
            f"CAST({name} AS {kind}) AS {name}"
            for name, kind in (
                (self._quoted(column), named(kind)) for column, kind in expression.schema().items()
            )
        )
        made = ibis.to_sql(expression, dialect=self.backend.name)
        return f"SELECT {columns} FROM ({made}) AS made"  # noqa: S608  # Ibis wrote both

    def _quoted(self, name: str) -> str:
        return f"{self._engine.quote}{name}{self._engine.quote}"

    def any(self, table: ir.Table) -> bool:
        """Tell whether a table of this workshop has a row."""
        return self._engine.any(self.backend, table.get_name())

    def clear(self) -> None:
        """Drop every table and view."""
        while self._views:
            self._engine.forget_view(self.backend, self._views.pop())
        while self._made:
            self._engine.forget(self.backend, self._made.pop())
        while self._held:
            self._engine.forget_held(self.backend, self._held.pop())
