"""A model as data: its sets, the rows given for each parameter, and the defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tanfeng.errors import Problem
from tanfeng.pathway.osemosys._schema import PARAMETERS, SPARSE

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
#: What stands for "no limit" in old data, and is read so where a limit may be missing.
NO_LIMIT: Final = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows given for a parameter: the place of each on every axis, and its value."""

    codes: tuple[Codes, ...]
    values: Floats


@dataclass(frozen=True, eq=False)
class Case:
    """A model as data; made by ``read_folder``.

    Parameters
    ----------
    sets : mapping of str to tuple of str
        Members of each set in their order.
    tables : mapping of str to Table
        Rows given, by parameter.
    defaults : mapping of str to float
        Value of a parameter where no row is given.
    warnings : tuple of Problem
        What the person should know about how the folder was read.
    """

    sets: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, Table]
    defaults: Mapping[str, float]
    warnings: tuple[Problem, ...] = ()
    _kept: dict[str, Floats] = field(default_factory=dict, repr=False)

    @cached_property
    def years(self) -> Codes:
        """Years as numbers, in order."""
        return np.array([int(one) for one in self.sets["YEAR"]], dtype=np.intp)

    def size(self, name: str) -> int:
        """Return how many members a set has."""
        return len(self.sets[name])

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the size of each axis of a parameter."""
        return tuple(self.size(axis) for axis in PARAMETERS[name].axes)

    def full(self, name: str) -> Floats:
        """Return a parameter at every place: rows where given, else the default."""
        if name not in self._kept:
            made = np.full(self.shape(name), self.defaults[name])
            if name in self.tables:
                made[self.tables[name].codes] = self.tables[name].values
            self._kept[name] = made
        return self._kept[name]

    def limit(self, name: str) -> Floats:
        """Return an upper limit at every place; infinite where there is none."""
        given = self.full(name)
        return np.where(given == NO_LIMIT, math.inf, given)

    def rows(self, name: str) -> Table:
        """Return the places of a parameter that are not zero."""
        if self.defaults[name] == 0.0 and name in SPARSE:
            empty = Table(tuple(np.empty(0, np.intp) for _ in self.shape(name)), np.empty(0))
            table = self.tables.get(name, empty)
            kept = table.values != 0.0
            return Table(tuple(code[kept] for code in table.codes), table.values[kept])
        given = self.full(name)
        codes = np.nonzero(given)
        return Table(codes, given[codes])

    def changed(self, name: str, at: tuple[int, ...], value: float) -> Case:
        """Return the model with one value of a parameter changed."""
        given = self.full(name).copy()
        given[at] = value
        codes = tuple(one.reshape(-1) for one in np.indices(given.shape))
        tables = {**self.tables, name: Table(codes, given.reshape(-1))}
        return Case(self.sets, tables, self.defaults, self.warnings)

    def sums_by(self, name: str, axes: tuple[int, ...]) -> Floats:
        """Return a parameter added up over some axes."""
        total: Floats = self.full(name).sum(axis=axes)
        return total
