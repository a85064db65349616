"""Linear and mixed-integer programmes as arrays; ``tanfeng.pathway.solver`` hands them to HiGHS.

A programme is made of named blocks. A block of columns (variables) or of rows (constraints) has a
shape, one axis for each thing it is indexed by, and ``where`` says which of its places exist at
all: what is certainly zero is never made. ``block.at(...)`` turns aligned integer arrays into
numbers of columns or rows, -1 where there is none, and :meth:`Programme.add` puts coefficients in
by such arrays, dropping what has no place. So a constraint family is a few lines of array
arithmetic and no loop over rows::

    programme = Programme()
    made = programme.columns("made", (plants, years), upper=capacity, cost=unit_cost)
    demand = programme.rows("demand", (years,), lower=need)
    p, y = np.indices((plants, years))
    programme.add(demand.at(y), made.at(p, y), 1.0)
    solver = Solver(programme)
    solution = solver.solve()
    solution.values(made)      # shape (plants, years)
    solution.price(demand)     # what one more unit of the need costs
    solver.change_rows(demand.at(0), lower=90.0)
    solver.solve()             # goes on from the basis it has

Costs are minimised. There is no limit where a bound is infinite; no number stands for "none". A
programme without a solution is not patched with priced slack: ``tanfeng.pathway.soft`` makes
another one whose only cost is the slack, to be reported.

Scaling: HiGHS scales rows and columns itself; :meth:`Programme.ranges` tells how far coefficients
lie apart, and a model should keep that below about 1e9 by its choice of units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tanfeng.errors import ModelError

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]
INFINITY: Final = math.inf
#: Number of a column or row that does not exist.
ABSENT: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A named family of columns or rows.

    Parameters
    ----------
    name : str
        What messages and results call it.
    shape : tuple of int
        Length of each axis.
    start, size : int
        Its numbers are ``start`` to ``start + size - 1``, in the order of the places that exist.
    number : array of int
        Number of the column or row at each place, -1 where there is none.
    """

    name: str
    shape: tuple[int, ...]
    start: int
    size: int
    number: Integers

    @property
    def all(self) -> Integers:
        """Numbers of the block, in order."""
        return np.arange(self.start, self.start + self.size, dtype=np.int32)

    @property
    def exists(self) -> NDArray[np.bool_]:
        """Whether there is a column or row at each place."""
        return self.number >= 0

    def at(self, *places: ArrayLike) -> Integers:
        """Return the numbers at places, one integer array for each axis, broadcast together."""
        found: Integers = np.asarray(self.number[tuple(np.asarray(one) for one in places)])
        return found

    def places(self, numbers: ArrayLike) -> tuple[NDArray[np.intp], ...]:
        """Return where numbers of this block stand: one index array for each axis."""
        flat = np.flatnonzero(self.number.reshape(-1) >= 0)[np.asarray(numbers) - self.start]
        return tuple(np.unravel_index(flat, self.shape))


class Ranges(NamedTuple):
    """Smallest and largest size of what is not zero, by kind; nan where there is nothing."""

    matrix: tuple[float, float]
    cost: tuple[float, float]
    bound: tuple[float, float]
    side: tuple[float, float]


class Arrays(NamedTuple):
    """A programme as HiGHS takes it: columns, sides of rows, coefficients by column."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    begin: Integers
    place: Integers
    value: Floats
    integer: Integers


class Programme:
    """Columns, rows and coefficients under construction; the cost is minimised.

    Attributes
    ----------
    offset : float
        Constant part of the objective.
    blocks : dict of str to Block
        Every block by its name.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        self.blocks: dict[str, Block] = {}
        self._column_parts: list[tuple[Floats, Floats, Floats, bool]] = []
        self._row_parts: list[tuple[Floats, Floats]] = []
        self._terms: list[tuple[Integers, Integers, Floats]] = []
        self.column_count = 0
        self.row_count = 0

    def columns(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        where: ArrayLike = True,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = INFINITY,
        cost: ArrayLike = 0.0,
        integer: bool = False,
    ) -> Block:
        """Make a block of columns.

        Parameters
        ----------
        name : str
            Name of the block; no other block may have it.
        shape : tuple of int
            Length of each axis.
        where : array of bool
            Places that exist; broadcast to the shape, as all that follow.
        lower, upper : array of float
            Bounds; infinite for none.
        cost : array of float
            Cost of one unit.
        integer : bool
            Whether only whole numbers are allowed.

        Returns
        -------
        Block
            To be used in :meth:`add` and to read the solution by.
        """
        block, kept = self._block(name, shape, where, self.column_count)
        cost_, low, high = (_taken(one, shape, kept) for one in (cost, lower, upper))
        self._column_parts.append((cost_, low, high, integer))
        self.column_count += block.size
        return block

    def rows(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        where: ArrayLike = True,
        lower: ArrayLike = -INFINITY,
        upper: ArrayLike = INFINITY,
    ) -> Block:
        """Make a block of rows, each ``lower <= sum of coefficient times column <= upper``.

        Parameters
        ----------
        name, shape, where
            As for :meth:`columns`.
        lower, upper : array of float
            Sides; the same for an equation, infinite for none.

        Returns
        -------
        Block
            To be used in :meth:`add` and to read prices by.
        """
        block, kept = self._block(name, shape, where, self.row_count)
        self._row_parts.append((_taken(lower, shape, kept), _taken(upper, shape, kept)))
        self.row_count += block.size
        return block

    def add(self, rows: ArrayLike, columns: ArrayLike, coefficients: ArrayLike) -> None:
        """Add coefficients; those of one row and column are summed.

        Parameters
        ----------
        rows, columns : array of int
            Numbers from :meth:`Block.at`; a term with -1 in either is left out.
        coefficients : array of float
            Broadcast with both.
        """
        row, column, value = (
            one.reshape(-1)
            for one in np.broadcast_arrays(
                np.asarray(rows, dtype=np.int32),
                np.asarray(columns, dtype=np.int32),
                np.asarray(coefficients, dtype=np.float64),
            )
        )
        kept = (row != ABSENT) & (column != ABSENT) & (value != 0.0)
        self._terms.append((row[kept], column[kept], value[kept]))

    def arrays(self) -> Arrays:
        """Put the parts together: bounds and costs, and the matrix by column.

        Returns
        -------
        Arrays
            What :class:`Solver` hands on.

        Raises
        ------
        ModelError
            If a number is not a number, or a cost or coefficient is infinite.
        """
        cost = _joined([part[0] for part in self._column_parts])
        lower = _joined([part[1] for part in self._column_parts])
        upper = _joined([part[2] for part in self._column_parts])
        row_lower, row_upper = (_joined([part[at] for part in self._row_parts]) for at in (0, 1))
        row, column, value = (
            np.concatenate([np.empty(0, kind), *(term[at] for term in self._terms)])
            for at, kind in enumerate((np.int32, np.int32, np.float64))
        )
        self._refuse_odd(cost, value, (lower, upper, row_lower, row_upper))
        key = column.astype(np.int64) * max(self.row_count, 1) + row
        order = np.argsort(key, kind="stable")
        key, first = np.unique(key[order], return_index=True)
        value = np.add.reduceat(value[order], first) if len(key) else value
        column, row = np.divmod(key, max(self.row_count, 1))
        start = np.searchsorted(column, np.arange(self.column_count + 1))
        integer = _joined([np.full(len(p[0]), float(p[3])) for p in self._column_parts])
        return Arrays(
            cost,
            lower,
            upper,
            row_lower,
            row_upper,
            start.astype(np.int32),
            row.astype(np.int32),
            value.astype(np.float64),
            integer.astype(np.int32),
        )

    def ranges(self) -> Ranges:
        """Tell how far apart in size the numbers of the programme lie.

        Returns
        -------
        Ranges
            Smallest and largest size of coefficients, costs, bounds and sides.
        """
        made = self.arrays()
        return Ranges(
            _range(made.value),
            _range(made.cost),
            _range(np.concatenate([made.lower, made.upper])),
            _range(np.concatenate([made.row_lower, made.row_upper])),
        )

    def _block(
        self, name: str, shape: tuple[int, ...], where: ArrayLike, start: int
    ) -> tuple[Block, NDArray[np.bool_]]:
        if name in self.blocks:
            raise ModelError(f"the programme has two blocks {name!r}", f"模型中有两组“{name}”")
        kept = np.broadcast_to(np.asarray(where, dtype=bool), shape)
        size = int(kept.sum())
        number = np.full(shape, ABSENT, dtype=np.int32)
        number[kept] = np.arange(start, start + size, dtype=np.int32)
        self.blocks[name] = Block(name, shape, start, size, number)
        return self.blocks[name], kept

    def _refuse_odd(self, cost: Floats, value: Floats, limits: tuple[Floats, ...]) -> None:
        if not (np.isfinite(cost).all() and np.isfinite(value).all()):
            raise ModelError("a cost or coefficient is not finite", "成本或系数不是有限的数")
        if any(np.isnan(one).any() for one in limits):
            raise ModelError("a bound is not a number", "界限不是数")


def _taken(values: ArrayLike, shape: tuple[int, ...], kept: NDArray[np.bool_]) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), shape)[kept]


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate([np.empty(0), *parts])


def _range(values: Floats) -> tuple[float, float]:
    sizes = np.abs(values[np.isfinite(values) & (values != 0.0)])
    return (float(sizes.min()), float(sizes.max())) if len(sizes) else (math.nan, math.nan)
