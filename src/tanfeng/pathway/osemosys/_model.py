"""A model to solve, and to solve again after a cap changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tanfeng.errors import ModelError, Problem
from tanfeng.pathway.osemosys._build import Built, build
from tanfeng.pathway.osemosys._case import Case
from tanfeng.pathway.osemosys._lacking import Lack, Question, lacking
from tanfeng.pathway.osemosys._results import price_tables, result_tables
from tanfeng.pathway.osemosys._rules import problem
from tanfeng.pathway.solver import Options, Solution, Solver, Status

#: A unit cost from here on is what backstop technologies are given.
_BACKSTOP: Final = 99_999
#: More than this is use.
_USED: Final = 1e-6
_CAP: Final = "AnnualEmissionLimit"


@dataclass(frozen=True, eq=False)
class Result:
    """What a solve gave.

    Parameters
    ----------
    status : str
        ``optimal``, ``infeasible``, ``unbounded``, ``infeasible_or_unbounded``, ``time_limit`` or
        ``cancelled``.
    objective : float
        Discounted cost of all regions and years with every constant, in money of the model; nan
        without a solution.
    gap : float
        How far it may lie above the best possible, as a share; 0 without whole units.
    lacking : mapping
        If infeasible, why: see :class:`Lack`. Under ``demand`` what is not met when every limit
        holds, under ``limits`` which limits are broken when demand is met, under ``both`` the least
        of the two together where neither can be had alone.
    warnings : tuple of Problem
        How doubtful things were read, and what to doubt in the result.
    """

    status: Status
    objective: float
    gap: float
    lacking: Mapping[Question, tuple[Lack, ...]]
    warnings: tuple[Problem, ...]
    _built: Built = field(repr=False)
    _solution: Solution = field(repr=False)
    _prices: Solution = field(repr=False)

    @property
    def has_values(self) -> bool:
        """Whether there is a solution, if only the best so far."""
        return not math.isnan(self.objective)

    @property
    def size(self) -> tuple[int, int]:
        """Number of columns and rows of the programme."""
        return self._built.programme.column_count, self._built.programme.row_count

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """Result tables by otoole's names, without rows of zero; empty without a solution."""
        if not self.has_values:
            return {}
        made = result_tables(self._built, self._solution)
        return made | price_tables(self._built, self._prices)

    def write(self, folder: Path) -> tuple[str, ...]:
        """Write one CSV file for each result table.

        Parameters
        ----------
        folder : Path
            Made if it is not there; files of the same names are replaced.

        Returns
        -------
        tuple of str
            Names of the files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            table.write_csv(folder / f"{name}.csv")
        return tuple(f"{name}.csv" for name in sorted(self.tables))


class Model:
    """A model in the solver: solve, change a cap, solve again from where it stands.

    Parameters
    ----------
    case : Case
        From ``read_folder``.
    options : Options
        How to solve.
    """

    def __init__(self, case: Case, options: Options | None = None) -> None:
        self.case = case
        self._options = options or Options()
        self._built = build(case)
        self._solver = Solver(self._built.programme, self._options)

    def cap(self, emission: str, year: int, value: float | None, region: str = "") -> None:
        """Set or lift the limit of an emission in a year.

        Parameters
        ----------
        emission : str
            Member of ``EMISSION``.
        year : int
            Member of ``YEAR``.
        value : float or None
            Most that may be emitted, exogenous emissions included, in the unit of the model; None
            for no limit.
        region : str
            Member of ``REGION``; may be left out where there is one.

        Raises
        ------
        ModelError
            If one of them is no member, or the region is not clear.
        """
        regions = self.case.sets["REGION"]
        if not region and len(regions) > 1:
            known = ", ".join(regions)
            raise ModelError(f"name the region of the cap: {known}", f"请写明上限的地区：{known}")
        named = zip(
            ("REGION", "EMISSION", "YEAR"), (region or regions[0], emission, str(year)), strict=True
        )
        at = tuple(self._place(axis, name) for axis, name in named)
        most = math.inf if value is None else float(value)
        if math.isnan(most):
            raise ModelError("the cap is not a number", "上限不是数")
        self.case = self.case.changed(_CAP, at, most)
        side = most - self.case.full("AnnualExogenousEmission")[at]
        rows = self._built.rows["E8"].at(*at)
        self._solver.change_rows(rows.reshape(-1), upper=side)
        self._built = replace(self._built, case=self.case)

    def solve(self) -> Result:
        """Solve, or solve again.

        Returns
        -------
        Result
            Its status first of all.
        """
        solution = self._solver.solve()
        why: Mapping[Question, tuple[Lack, ...]] = {}
        if solution.status in ("infeasible", "infeasible_or_unbounded"):
            why = lacking(build(self.case), self._options)
        prices = solution
        if self._solver.is_integer and solution.status == "optimal":
            second = Solver(build(self.case).programme, self._options)
            second.fix_integers(solution)
            prices = second.solve()
        return Result(
            "infeasible" if why else solution.status,
            solution.objective,
            solution.gap,
            why,
            (*self.case.warnings, *_backstops(self._built, solution)),
            self._built,
            solution,
            prices,
        )

    def _place(self, axis: str, name: str) -> int:
        members = self.case.sets[axis]
        if name not in members:
            raise ModelError(
                f"{name} is no member of {axis}: {', '.join(members)}",
                f"{name} 不是 {axis} 的成员：{'、'.join(members)}",
            )
        return members.index(name)


def solve(case: Case, options: Options | None = None) -> Result:
    """Solve a model once.

    Parameters
    ----------
    case : Case
        From ``read_folder``.
    options : Options
        How to solve.

    Returns
    -------
    Result
        Its status first of all.
    """
    return Model(case, options).solve()


def _backstops(built: Built, solution: Solution) -> list[Problem]:
    """Tell which technologies in use cost what nobody would pay."""
    case = built.case
    found: list[Problem] = []
    if math.isnan(solution.objective):
        return found
    dear = case.full("VariableCost") >= _BACKSTOP
    runs = (solution.values(built.rate) > _USED).any(axis=1)
    dear_new = (case.full("CapitalCost") >= _BACKSTOP).any(axis=2)
    used = (dear & runs).any(axis=(2, 3))
    used |= dear_new & (solution.values(built.new) > _USED).any(axis=2)
    for r, t in np.argwhere(used):
        name = f"{case.sets['REGION'][r]} {case.sets['TECHNOLOGY'][t]}"
        found.append(problem("LC20", value=name, known=_BACKSTOP))
    return found
