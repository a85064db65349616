"""Where a derivation is worked out: intermediate tables of one backend, each made by one statement.

Writing the SQL of an expression takes Ibis longer than DuckDB needs to run it over a week of a
thousand meters. The expressions of a derivation are always the same but for the names of their
tables, so each is built and written once per process and kept as text.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import ibis
import polars as pl
from ibis import BaseBackend
from ibis.expr import types as ir

from tanfeng.metering import _engines

_numbers = itertools.count()
_written: dict[tuple[str, str, str], str] = {}
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
        return _engines.hold(self.backend, full, frame)

    def view(self, name: str, table: ir.Table) -> ir.Table:
        """Give a table of the backend a name that is the same in every derivation."""
        full = self._prefix + name
        self._views.append(full)
        return _engines.view(self.backend, full, table)

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
        full = self._prefix + name
        key = (self.backend.name, name, variant)
        with _writing:
            text = _written.get(key)
        if text is None:
            text = self._statement(build()).replace(self._prefix, _PREFIX)
            with _writing:
                _written[key] = text
        self._made.append(full)
        statement = text.replace(_PREFIX, self._prefix)
        return _engines.keep(self.backend, full, statement)

    def made(self, name: str) -> ir.Table:
        """Return what :meth:`step` kept under a name."""
        return self.backend.table(self._prefix + name)

    def _statement(self, expression: ir.Table) -> str:
        # The types Ibis reasons with, not those the engine finds for a bare number.
        named = self.backend.compiler.type_mapper.to_string
        columns = ", ".join(
            f"CAST({name} AS {kind}) AS {name}"
            for name, kind in (
                (_engines.quoted(self.backend, column), named(kind))
                for column, kind in expression.schema().items()
            )
        )
        made = ibis.to_sql(expression, dialect=self.backend.name)
        return f"SELECT {columns} FROM ({made}) AS made"  # noqa: S608  # Ibis wrote both

    def any(self, table: ir.Table) -> bool:
        """Tell whether a table of this workshop has a row."""
        # Not execute(): that is a detour through pandas.
        return not _engines.fetch(table.limit(1), self.backend).is_empty()

    def clear(self) -> None:
        """Drop every table and view."""
        while self._views:
            _engines.forget_view(self.backend, self._views.pop())
        while self._made:
            _engines.forget(self.backend, self._made.pop())
