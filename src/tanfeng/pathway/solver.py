"""A programme in HiGHS: solved, changed, solved again from the basis it has.

HiGHS returns a status where others raise, and goes on with what it had: every call is checked here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from tanfeng.errors import ModelError
from tanfeng.pathway.lp import ABSENT, INFINITY, Arrays, Block, Floats, Integers, Programme

Status = Literal[
    "optimal", "infeasible", "unbounded", "time_limit", "cancelled", "infeasible_or_unbounded"
]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What a solve gave.

    Parameters
    ----------
    status : str
        ``optimal``; ``infeasible``; ``unbounded``; ``infeasible_or_unbounded``, where an integer
        programme was found to be one of the two; ``time_limit`` or ``cancelled``, with the best
        found so far if ``objective`` is a number.
    objective : float
        Total cost with the constant; nan without a solution.
    gap : float
        How far the objective may lie above the best possible, as a share; 0 for a linear one.
    seconds : float
        Time the solver took.
    column_values, row_values : array of float
        Empty without a solution.
    row_prices, reduced_costs : array of float
        Change of the objective for one unit more of a row's binding side, or of a column's bound;
        empty for an integer programme, see :meth:`Solver.fix_integers`.
    """

    status: Status
    objective: float
    gap: float
    seconds: float
    column_values: Floats
    row_values: Floats
    row_prices: Floats
    reduced_costs: Floats

    def values(self, block: Block) -> Floats:
        """Return the values of a block of columns in its shape, 0 where there is no column."""
        return _spread(self.column_values, block)

    def sums(self, block: Block) -> Floats:
        """Return what the rows of a block add up to, in its shape."""
        return _spread(self.row_values, block)

    def price(self, block: Block) -> Floats:
        """Return the duals of a block of rows in its shape."""
        return _spread(self.row_prices, block)

    def reduced(self, block: Block) -> Floats:
        """Return the reduced costs of a block of columns in its shape."""
        return _spread(self.reduced_costs, block)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an integer solve stands: seconds, best objective found and best possible."""

    seconds: float
    objective: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to solve.

    Parameters
    ----------
    time_limit : float
        Seconds; infinite for none.
    gap : float
        Share of the objective an integer solution may be off.
    threads : int
        With one, the default, the same programme gives the same solution to the last bit.
    seed : int
        Of the choices the solver makes among equals.
    method : {"choose", "simplex", "ipm"}
        Simplex goes on from the last basis; the interior point method is for large first solves.
    progress : callable
        Called with a :class:`Progress` now and then while an integer programme is solved.
    cancel : callable
        Asked often; the solve ends when it says True.
    """

    time_limit: float = INFINITY
    gap: float = 1e-4
    threads: int = 1
    seed: int = 0
    method: Literal["choose", "simplex", "ipm"] = "choose"
    progress: Callable[[Progress], None] | None = None
    cancel: Callable[[], bool] | None = None


class Solver:
    """A programme in HiGHS, to be solved, changed and solved again.

    Parameters
    ----------
    programme : Programme
        Read once; what is added to it later is not seen.
    options : Options
        How to solve.
    """

    def __init__(self, programme: Programme, options: Options | None = None) -> None:
        import highspy

        self._api: Any = highspy
        self._options = options or Options()
        made = programme.arrays()
        self._offset = programme.offset
        self._integer = np.flatnonzero(made.integer).astype(np.int32)
        self._sides = {"row": [made.row_lower, made.row_upper], "col": [made.lower, made.upper]}
        self._highs: Any = self._api.Highs()
        self._set_options()
        self._pass(programme, made)

    @property
    def is_integer(self) -> bool:
        """Whether some columns take whole numbers only."""
        return len(self._integer) > 0

    def solve(self) -> Solution:
        """Solve, from the last basis where there is one.

        Returns
        -------
        Solution
            Its status first of all; see there.

        Raises
        ------
        ModelError
            If HiGHS reports an error.
        """
        self._run()
        status = self._highs.getModelStatus()
        kinds = self._api.HighsModelStatus
        if status == kinds.kUnboundedOrInfeasible and not self.is_integer:
            self._option("presolve", "off")  # what presolve found could be either
            self._run()
            self._option("presolve", "choose")
            status = self._highs.getModelStatus()
        return self._solution(status)

    def change_rows(
        self, rows: ArrayLike, *, lower: ArrayLike | None = None, upper: ArrayLike | None = None
    ) -> None:
        """Change sides of rows; what is not named stays.

        Parameters
        ----------
        rows : array of int
            Numbers from :meth:`Block.at`; -1 is refused, as a limit must not be lost.
        lower, upper : array of float
            New sides.
        """
        self._change("row", self._highs.changeRowsBounds, rows, lower, upper)

    def change_columns(
        self, columns: ArrayLike, *, lower: ArrayLike | None = None, upper: ArrayLike | None = None
    ) -> None:
        """Change bounds of columns, as :meth:`change_rows` does sides.

        Parameters
        ----------
        columns : array of int
            Numbers from :meth:`Block.at`.
        lower, upper : array of float
            New bounds.
        """
        self._change("col", self._highs.changeColsBounds, columns, lower, upper)

    def change_costs(self, columns: ArrayLike, costs: ArrayLike) -> None:
        """Change costs of columns.

        Parameters
        ----------
        columns : array of int
            Numbers from :meth:`Block.at`.
        costs : array of float
            New costs of one unit.
        """
        numbers, values = self._numbers(columns, costs)
        self._check(self._highs.changeColsCost(len(numbers), numbers, values), "changeColsCost")

    def fix_integers(self, solution: Solution) -> None:
        """Hold whole numbers at a solution and make the programme linear, so that it has prices.

        Parameters
        ----------
        solution : Solution
            Found by this solver.
        """
        held = np.round(solution.column_values[self._integer])
        self.change_columns(self._integer, lower=held, upper=held)
        kind = np.full(len(held), int(self._api.HighsVarType.kContinuous), dtype=np.uint8)
        done = self._highs.changeColsIntegrality(len(held), self._integer, kind)
        self._check(done, "changeColsIntegrality")
        self._integer = self._integer[:0]

    def _run(self) -> None:
        # HiGHS keeps one scheduler a thread and refuses a solver that wants another number.
        self._api.Highs.resetGlobalScheduler(True)
        self._check(self._highs.run(), "run", warnings=True)

    def _set_options(self) -> None:
        chosen = self._options
        self._option("output_flag", False)
        self._option("threads", chosen.threads)
        self._option("random_seed", chosen.seed)
        self._option("mip_rel_gap", chosen.gap)
        self._option("solver", chosen.method)
        self._option("time_limit", chosen.time_limit)
        if chosen.cancel is not None:
            for asked in ("cbSimplexInterrupt", "cbIpmInterrupt", "cbMipInterrupt"):
                getattr(self._highs, asked).subscribe(self._cancel)
        if chosen.progress is not None:
            self._highs.cbMipLogging.subscribe(self._tell)

    def _cancel(self, event: Any) -> None:
        if self._options.cancel is not None and self._options.cancel():
            event.interrupt()

    def _tell(self, event: Any) -> None:
        out = event.data_out
        if self._options.progress is not None:
            told = Progress(out.running_time, out.mip_primal_bound, out.mip_dual_bound)
            self._options.progress(told)

    def _pass(self, programme: Programme, made: Arrays) -> None:
        done = self._highs.passModel(
            programme.column_count,
            programme.row_count,
            len(made.value),
            int(self._api.MatrixFormat.kColwise),
            int(self._api.ObjSense.kMinimize),
            programme.offset,
            *made,
        )
        self._check(done, "passModel", warnings=True)
        if not self.is_integer:
            done = self._highs.changeColsIntegrality(
                programme.column_count,
                np.arange(programme.column_count, dtype=np.int32),
                np.zeros(programme.column_count, dtype=np.uint8),
            )
            self._check(done, "changeColsIntegrality")

    def _change(
        self,
        kind: str,
        call: Callable[..., Any],
        numbers: ArrayLike,
        lower: ArrayLike | None,
        upper: ArrayLike | None,
    ) -> None:
        at, _ = self._numbers(numbers, 0.0)
        sides = self._sides[kind]
        for side, new in enumerate((lower, upper)):
            if new is not None:
                sides[side][at] = np.broadcast_to(np.asarray(new, float), np.shape(numbers)).ravel()
        self._check(call(len(at), at, sides[0][at], sides[1][at]), call.__name__)

    def _numbers(self, numbers: ArrayLike, values: ArrayLike) -> tuple[Integers, Floats]:
        asked = np.asarray(numbers, dtype=np.int32)
        if (asked == ABSENT).any():
            raise ModelError(
                "a column or row to change does not exist in the programme",
                "要修改的变量或约束在模型中不存在",
            )
        given = np.broadcast_to(np.asarray(values, dtype=np.float64), asked.shape)
        return asked.reshape(-1), np.ascontiguousarray(given.reshape(-1))

    def _option(self, name: str, value: Any) -> None:
        self._check(self._highs.setOptionValue(name, value), f"{name} = {value}")

    def _check(self, status: Any, call: str, *, warnings: bool = False) -> None:
        """Raise if HiGHS did not do as asked: it returns a status and goes on otherwise."""
        kinds = self._api.HighsStatus
        if status != kinds.kOk and not (warnings and status == kinds.kWarning):
            raise ModelError(f"HiGHS refused {call}", f"求解器 HiGHS 拒绝：{call}")

    def _solution(self, status: Any) -> Solution:
        kinds = self._api.HighsModelStatus
        known: dict[Any, Status] = {
            kinds.kOptimal: "optimal",
            kinds.kModelEmpty: "optimal",
            kinds.kInfeasible: "infeasible",
            kinds.kUnbounded: "unbounded",
            kinds.kUnboundedOrInfeasible: "infeasible_or_unbounded",
            kinds.kTimeLimit: "time_limit",
            kinds.kInterrupt: "cancelled",
        }
        if status not in known:
            said = self._highs.modelStatusToString(status)
            raise ModelError(f"HiGHS ended with: {said}", f"求解器 HiGHS 结束于：{said}")
        info, found = self._highs.getInfo(), self._highs.getSolution()
        seconds = float(self._highs.getRunTime())
        feasible = info.primal_solution_status == int(
            self._api.SolutionStatus.kSolutionStatusFeasible
        )
        none = np.empty(0)
        feasible = feasible or status == kinds.kModelEmpty
        if known[status] not in ("optimal", "time_limit", "cancelled") or not feasible:
            return Solution(known[status], math.nan, math.nan, seconds, none, none, none, none)
        priced = known[status] == "optimal" and found.dual_valid and not self.is_integer
        return Solution(
            known[status],
            float(info.objective_function_value) if len(self._sides["col"][0]) else self._offset,
            float(info.mip_gap) if self.is_integer else 0.0,
            seconds,
            np.array(found.col_value),
            np.array(found.row_value),
            np.array(found.row_dual) if priced else none,
            np.array(found.col_dual) if priced else none,
        )


def _spread(values: Floats, block: Block) -> Floats:
    spread = np.zeros(block.shape)
    if len(values):
        spread[block.exists] = values[block.start : block.start + block.size]
    return spread
