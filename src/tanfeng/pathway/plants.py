"""Which plant changes to what, and when, at least cost: investment cycles with whole decisions.

A facility runs on one *option* at a time: the route it has, another route, the route with a
package of measures, or closed. It may change once between overhauls, at the full price of the
option, and again at its next overhaul, where the option replaces the reline it would have paid
for anyway. What has been changed needs no reline; after an overhaul that kept the route one change
is allowed again. The choice of every facility, in words of shares between 0 and 1:

* ``switch[o, t]``   facility takes option ``o`` in year ``t``, not an overhaul of its own;
* ``keep[o]``, ``leave[o]``, ``enter[o]``   what becomes of ``o`` in the year of the overhaul.

Emission, output and running cost of a year follow from the shares that hold in it, in a few
hundred rows for the whole city; caps, budgets, demand and the year of the peak are limits on
them. Without integers the programme is the linear relaxation: few facilities are split, as each
has rows of its own and only the limits tie them together.

Costs are discounted to the first year. An investment is paid as an annuity over its life, counted
as far as the years computed reach, so that the end of the horizon favours nothing; a budget of a
year is held against what is spent in it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.errors import ModelError
from tanfeng.pathway._plant_data import PlantData
from tanfeng.pathway._plant_model import KILO, MILLION, PlantModel
from tanfeng.pathway.lp import Floats
from tanfeng.pathway.soft import softened
from tanfeng.pathway.solver import Options, Solution, Solver

FACILITIES = pl.Schema(
    {
        "facility": pl.String(),
        "product": pl.String(),
        "option": pl.String(),
        "overhaul_year": pl.Int64(),
        "deadline_year": pl.Int64(),
    }
)
"""``option`` is the one it runs on now; a facility that is only planned stands on ``none``, an
option without output. ``overhaul_year`` is null where none falls into the years computed. By the
end of ``deadline_year`` it runs on an option that meets the baseline, or is closed (null: none)."""

OPTIONS = pl.Schema(
    {
        "facility": pl.String(),
        "option": pl.String(),
        "available_from": pl.Int64(),
        "switch_cny": pl.Float64(),
        "overhaul_cny": pl.Float64(),
        "life_years": pl.Int64(),
        "running_cny": pl.Float64(),
        "emission_tco2": pl.Float64(),
        "electricity_mwh": pl.Float64(),
        "output_t": pl.Float64(),
        "capacity_t": pl.Float64(),
        "meets_baseline": pl.Boolean(),
    }
)
"""One row an option a facility could run on, the present one included. ``switch_cny`` is paid
between overhauls, ``overhaul_cny`` at one: for the present option its reline, for another what it
costs in place of it. Running cost, direct emission, electricity and output are of a year at the
activity 1. ``available_from`` null: at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the plan has to keep to. What is absent is no limit.

    Parameters
    ----------
    cap_tco2 : mapping of int to float
        Greatest emission of a year.
    budget_cny : mapping of int to float
        Greatest investment of a year.
    peak_year : int or None
        No later year emits more than this one.
    demand_t : mapping of (str, int) to float
        Least output of a product in a year.
    replacement_ratio : mapping of str to float
        Product -> capacity that has to be closed for each unit built, cumulated from the first
        year on; a product that is named in ``suspended`` builds nothing.
    suspended : collection of str
        Products whose new capacity nobody may build.
    """

    cap_tco2: Mapping[int, float] = field(default_factory=dict)
    budget_cny: Mapping[int, float] = field(default_factory=dict)
    peak_year: int | None = None
    demand_t: Mapping[tuple[str, int], float] = field(default_factory=dict)
    replacement_ratio: Mapping[str, float] = field(default_factory=dict)
    suspended: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the years bring whatever the plants do.

    Parameters
    ----------
    discount_rate : float
        A year, for example 0.06.
    activity : mapping of (str, int) to float
        Product and year -> output, running cost and emission as multiples of those written; 1
        where absent.
    grid_tco2_per_mwh : mapping of int to float
        Counted for purchased electricity when given; then for every year.
    carbon_price_cny_per_t : mapping of int to float
        Paid for what is emitted; 0 where absent.
    """

    discount_rate: float
    activity: Mapping[tuple[str, int], float] = field(default_factory=dict)
    grid_tco2_per_mwh: Mapping[int, float] = field(default_factory=dict)
    carbon_price_cny_per_t: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What the plants do, and what follows.

    Parameters
    ----------
    status : str
        As of ``solver.Solution``.
    cost_cny : float
        Discounted cost of the years computed, with everything that is paid anyway; nan without a
        plan.
    gap : float
        Share the cost may lie above the best possible.
    choices : polars.DataFrame
        ``facility``, ``option``, ``year``, ``at`` (``switch`` or ``overhaul``), ``share`` (1 with
        whole decisions), ``invested_cny``.
    years : polars.DataFrame
        ``year``, ``emission_tco2``, ``invested_cny``, ``cap_price_cny_per_t``: what one tonne less
        of that year's cap would cost in that year's money, null where there is no cap.
    shares : polars.DataFrame
        ``facility``, ``option``, ``year``, ``share``: what each runs on, shares above zero only.
    lacking : polars.DataFrame
        ``limit``, ``year``, ``of`` (product or facility), ``amount`` (t, CNY or share): what
        cannot be kept to, by how much at the least; ``whole`` alone where shares of facilities
        could keep to everything and whole facilities cannot; empty when there is a plan.
    """

    status: str
    cost_cny: float
    gap: float
    choices: pl.DataFrame
    years: pl.DataFrame
    shares: pl.DataFrame
    lacking: pl.DataFrame


CHOICES = pl.Schema(
    {
        "facility": pl.String(),
        "option": pl.String(),
        "year": pl.Int64(),
        "at": pl.String(),
        "share": pl.Float64(),
        "invested_cny": pl.Float64(),
    }
)
YEARS = pl.Schema(
    {
        "year": pl.Int64(),
        "emission_tco2": pl.Float64(),
        "invested_cny": pl.Float64(),
        "cap_price_cny_per_t": pl.Float64(),
    }
)
SHARES = pl.Schema(
    {
        "facility": pl.String(),
        "option": pl.String(),
        "year": pl.Int64(),
        "share": pl.Float64(),
    }
)
LACKING = pl.Schema(
    {"limit": pl.String(), "year": pl.Int64(), "of": pl.String(), "amount": pl.Float64()}
)
Whole = Literal["whole", "shares"]
#: Whole switches above which the best of each facility are tried first, and how many of each.
_MANY, _TRIED = 20_000, 20
#: Shares below this are the solver's rounding.
_NOTHING = 1e-7


def check(
    facilities: pl.DataFrame, options: pl.DataFrame, years: tuple[int, int], outlook: Outlook
) -> None:
    """Refuse tables no plan can be made from, before anything is built.

    Parameters
    ----------
    facilities, options, years, outlook
        As of :class:`Plants`.

    Raises
    ------
    DataError
        As of :class:`Plants`; rows counted from 1 within their table, which ``sheet`` names.
    """
    PlantData(facilities, options, years, outlook, (FACILITIES, OPTIONS))


class Plants:
    """Facilities, options and limits as one programme, to be solved and solved again.

    Parameters
    ----------
    facilities, options : polars.DataFrame
        Columns of ``FACILITIES`` and ``OPTIONS``.
    years : sequence of int
        First and last year computed.
    outlook : Outlook
        What the years bring.
    limits : Limits
        What has to be kept to.
    decisions : {"whole", "shares"}
        Whole facilities, or the linear relaxation.
    options_of_solver : Options, optional
        Time limit, gap, progress, cancel.

    Raises
    ------
    DataError
        With every row that cannot be: an unknown facility or option, a number that is negative or
        missing, a present option without a row, a life below a year.
    """

    def __init__(
        self,
        facilities: pl.DataFrame,
        options: pl.DataFrame,
        years: tuple[int, int],
        outlook: Outlook,
        limits: Limits | None = None,
        *,
        decisions: Whole = "whole",
        options_of_solver: Options | None = None,
    ) -> None:
        #: What it is built from, option by option and year by year.
        self.data = PlantData(facilities, options, years, outlook, (FACILITIES, OPTIONS))
        self.limits = limits or Limits()
        self._refuse_strangers()
        self._made = PlantModel(self.data, self.limits, decisions == "whole")
        self._options = options_of_solver or Options()
        self._solver = Solver(self._made.programme, self._options)

    def cap(self, year: int, tonnes: float) -> None:
        """Change the cap of a year; the next solve goes on from the last.

        Parameters
        ----------
        year : int
            One of the years computed.
        tonnes : float
            New cap, infinite for none.

        Raises
        ------
        ModelError
            If the year is not computed.
        """
        self._place(year)
        caps = {**self.limits.cap_tco2, year: tonnes}
        self.limits = replace(self.limits, cap_tco2=caps)
        self._solver.change_columns(self._made.emission.at(self._place(year)), upper=tonnes / KILO)

    def solve(self) -> Plan:
        """Find the cheapest plan, or say what cannot be kept to.

        Returns
        -------
        Plan
        """
        solution = self._solved()
        if np.isfinite(solution.objective):
            return self._told(solution)
        lacking = pl.DataFrame(schema=LACKING)
        if solution.status in ("infeasible", "infeasible_or_unbounded"):
            lacking = self._lacking()
        return Plan(
            solution.status,
            float("nan"),
            float("nan"),
            pl.DataFrame(schema=CHOICES),
            pl.DataFrame(schema=YEARS),
            pl.DataFrame(schema=SHARES),
            lacking,
        )

    def _solved(self) -> Solution:
        """Solve; of many whole decisions those first that shares of facilities find good.

        The relaxation cannot be dearer than any whole plan, so a plan within the gap of it is
        within the gap of the best, whatever was left out to find it.
        """
        options, switch = self._options, self._made.switch
        if not self._solver.is_integer or switch.size < _MANY:
            return self._solver.solve()
        relaxed = Solver(self._now(whole=False).programme, options).solve()
        if relaxed.status != "optimal":
            return relaxed
        few = Solver(self._now(whole=True).programme, replace(options, gap=options.gap / 2))
        far = switch.all[~self._near(relaxed)]
        few.change_columns(far, upper=np.zeros(len(far)))
        found = few.solve()
        gap = (found.objective - relaxed.objective) / max(abs(found.objective), 1e-9)
        if found.status == "optimal" and gap <= options.gap:
            return replace(found, gap=max(gap, 0.0))
        if np.isfinite(found.objective):
            self._solver.begin_at(found.column_values)
        return self._solver.solve()

    def _near(self, relaxed: Solution) -> NDArray[np.bool_]:
        """Tell which switches are among the best of their facility, or used already."""
        switch = self._made.switch
        option, _ = switch.places(switch.all)
        facility = self.data.facility_of[option]
        cost, value = (of[switch.all] for of in (relaxed.reduced_costs, relaxed.column_values))
        order = np.lexsort((cost, -(value > _NOTHING).astype(int), facility))
        first = np.searchsorted(facility[order], np.arange(self.data.facilities.height))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order)) - first[facility[order]]
        near: NDArray[np.bool_] = rank < _TRIED
        return near

    def _place(self, year: int) -> int:
        if year not in self.data.years:
            raise ModelError(f"{year} is not computed", f"{year} 年不在计算年份内")
        return int(year - self.data.years[0])

    def _refuse_strangers(self) -> None:
        """Refuse limits of years and products nobody computes; they would be lost."""
        limits = self.limits
        peak = [] if limits.peak_year is None else [limits.peak_year]
        for year in (*limits.cap_tco2, *limits.budget_cny, *peak, *(y for _, y in limits.demand_t)):
            self._place(year)
        named = {*(p for p, _ in limits.demand_t), *limits.replacement_ratio, *limits.suspended}
        strange = sorted(named - set(self.data.products))
        if strange:
            told = ", ".join(strange)
            raise ModelError(f"no facility makes {told}", f"没有设施生产 {told}")

    def _now(self, *, whole: bool) -> PlantModel:
        """Build the programme with the limits as they are now."""
        return PlantModel(self.data, self.limits, whole)

    def _prices(self, solution: Solution) -> Floats:
        """Return what one tonne less of each cap would cost, in money of its year; else nan."""
        data = self.data
        priced = solution
        if self._solver.is_integer:
            held = Solver(self._now(whole=True).programme, self._options)
            held.fix_integers(solution)
            priced = held.solve()
        # A cap loosened by a tonne makes the plan cheaper: its reduced cost is below zero.
        price = -priced.reduced(self._made.emission) * MILLION / KILO / data.discount
        capped = [np.isfinite(self.limits.cap_tco2.get(int(y), np.inf)) for y in data.years]
        return np.where(capped, price + 0.0, np.nan)

    def _told(self, solution: Solution) -> Plan:
        data, made = self.data, self._made
        shares = np.clip(made.shares(solution.column_values), 0.0, 1.0)
        years = pl.DataFrame(
            {
                "year": data.years,
                "emission_tco2": solution.values(made.emission) * KILO,
                "invested_cny": solution.values(made.invested) * MILLION,
                "cap_price_cny_per_t": self._prices(solution),
            },
            schema=YEARS,
            nan_to_null=True,
        )
        return Plan(
            solution.status,
            solution.objective * MILLION,
            solution.gap,
            self._choices(solution),
            years,
            self._running(shares),
            pl.DataFrame(schema=LACKING),
        )

    def _running(self, shares: Floats) -> pl.DataFrame:
        data = self.data
        option, year = np.nonzero(shares > _NOTHING)
        return pl.DataFrame(
            {
                "facility": data.options["facility"].gather(option),
                "option": data.options["option"].gather(option),
                "year": data.years[year],
                "share": shares[option, year],
            },
            schema=SHARES,
        )

    def _choices(self, solution: Solution) -> pl.DataFrame:
        data, made = self.data, self._made
        switch, enter = solution.values(made.switch), solution.values(made.enter)
        option, year = np.nonzero(switch > _NOTHING)
        new = np.flatnonzero(enter > _NOTHING)
        chosen = np.concatenate([option, new])
        share = np.concatenate([switch[option, year], enter[new]])
        spent = np.concatenate(
            [data.column("switch_cny")[option], data.column("overhaul_cny")[new]]
        )
        return pl.DataFrame(
            {
                "facility": data.options["facility"].gather(chosen),
                "option": data.options["option"].gather(chosen),
                "year": data.years[np.concatenate([year, made.overhaul[new]])],
                "at": ["switch"] * len(option) + ["overhaul"] * len(new),
                "share": share,
                "invested_cny": spent * share,
            },
            schema=CHOICES,
        ).sort("facility", "year")

    def _lacking(self) -> pl.DataFrame:
        """Solve for the least that is missed, with shares of facilities."""
        made = self._now(whole=False)
        softs = made.softs()
        second, slack = softened(made.programme, [soft for _, soft, _ in softs])
        found = Solver(second, self._options).solve()
        rows = []
        for (name, _, unit), block in zip(softs, slack, strict=True):
            missing = found.values(block)
            for place in np.argwhere(missing > _NOTHING):
                of = self._of(name, int(place[0]))
                year = int(self.data.years[place[-1]])
                rows.append((name, year, of, float(missing[tuple(place)]) * unit))
        # With shares of facilities every limit can be kept: it is the whole steps that do not fit.
        return pl.DataFrame(rows or [("whole", None, "", None)], schema=LACKING, orient="row")

    def _of(self, limit: str, place: int) -> str:
        """Return the product or facility a limit speaks of."""
        if limit in ("demand", "replacement"):
            return str(self.data.products[place])
        return str(self.data.facilities["facility"][place]) if limit == "deadline" else ""
