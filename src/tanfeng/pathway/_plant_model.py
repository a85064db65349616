"""The programme of the plants: columns, rows and what they mean (see ``plants``).

Inside, tonnes are thousands and money is millions, so that the solver's tolerances mean something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tanfeng.pathway._plant_data import NEVER, Integers, PlantData
from tanfeng.pathway.lp import INFINITY, Block, Floats, Programme
from tanfeng.pathway.soft import Soft

if TYPE_CHECKING:
    from tanfeng.pathway.plants import Limits

KILO, MILLION = 1e3, 1e6


class PlantModel:
    """The blocks of the programme and how shares of options follow from its columns.

    Every column *brings* an option, *takes* one, or both, from one year to the end. Levels of each
    product (own emission, electricity, output, capacity) go from year to year by what moves in
    the year, so that a column stands in a few rows however many years are computed.
    """

    def __init__(self, data: PlantData, limits: Limits, whole: bool) -> None:
        self.data, self.limits = data, limits
        self.programme = Programme()
        self.span = np.arange(data.span)
        self.overhaul: Integers = data.overhaul[data.facility_of]
        self._decisions(whole)
        self._moves()
        self._cycle()
        self._emission()
        self._investment()
        self._deadlines()
        self._products()

    # ------------------------------------------------------------------------- decisions

    def _decisions(self, whole: bool) -> None:
        data, overhaul = self.data, self.overhaul
        each, present = np.arange(data.count), data.present[data.facility_of]
        at = np.minimum(overhaul, data.span - 1)
        has = overhaul < NEVER
        allowed = ~data.is_present & ~self._suspended()
        ready = self.span >= (data.available - data.years[0])[:, None]
        switched = allowed[:, None] & ready & (self.span != overhaul[:, None])
        early = switched & (self.span < np.where(has, overhaul, 0)[:, None])
        # What was closed between overhauls stays closed.
        open_then = data.is_present | (early.any(axis=1) & (data.column("output_t") > 0.0))
        self.early = early

        # An option runs from its year to the end; what it takes would have done the same.
        ahead = data.running[:, ::-1].cumsum(axis=1)[:, ::-1] / MILLION
        reline = data.column("overhaul_cny") * data.annuity[each, at] / MILLION
        spared = np.where(has, reline[present], 0.0)
        spent = data.column("switch_cny")[:, None] * data.annuity / MILLION
        columns = self.programme.columns
        self.switch = columns(
            "switch",
            (data.count, data.span),
            where=switched,
            upper=1.0,
            cost=spent + ahead - ahead[present] - early * spared[:, None],
            integer=whole,
        )
        self.leave = columns(
            "leave",
            (data.count,),
            where=has & open_then,
            upper=1.0,
            cost=-ahead[each, at] - np.where(data.is_present, reline, 0.0),
        )
        self.enter = columns(
            "enter",
            (data.count,),
            where=allowed & has & ready[each, at],
            upper=1.0,
            cost=ahead[each, at] + reline,
            integer=whole,
        )
        kept = np.where(has[data.present], reline[data.present], 0.0)
        self.programme.offset = float((ahead[data.present, 0] + kept).sum())

    def _suspended(self) -> NDArray[np.bool_]:
        """Tell which options would add capacity nobody may build."""
        data = self.data
        named = np.array([product in self.limits.suspended for product in data.products])
        banned: NDArray[np.bool_] = (self._more_capacity() > 0.0) & named[data.product_of]
        return banned

    def _more_capacity(self) -> Floats:
        """Compute how much more capacity each option has than its facility has now, in t."""
        capacity = self.data.column("capacity_t")
        more: Floats = capacity - capacity[self.data.present[self.data.facility_of]]
        return more

    def _moves(self) -> None:
        """List for each column what it brings and takes, and in which year."""
        data, overhaul = self.data, self.overhaul
        option, year = np.nonzero(self.switch.exists)
        old, new = np.flatnonzero(self.leave.exists), np.flatnonzero(self.enter.exists)
        nothing = np.full(data.count, -1)
        present = data.present[data.facility_of[option]]
        self.brings = np.concatenate([option, nothing[: len(old)], new])
        self.takes = np.concatenate([present, old, nothing[: len(new)]])
        self.year = np.concatenate([year, overhaul[old], overhaul[new]])
        self.column = np.concatenate(
            [self.switch.at(option, year), self.leave.at(old), self.enter.at(new)]
        )
        self.of_facility = data.facility_of[np.maximum(self.brings, self.takes)]
        self.of_product = data.product_of[np.maximum(self.brings, self.takes)]

    def _change(self, of: Floats) -> Floats:
        """Compute what each column changes of a quantity of options."""
        brought = np.where(self.brings >= 0, of[self.brings], 0.0)
        change: Floats = brought - np.where(self.takes >= 0, of[self.takes], 0.0)
        return change

    def shares(self, values: Floats) -> Floats:
        """Compute the share of each option in each year from the values of the columns."""
        found = np.zeros((self.data.count, self.data.span))
        found[self.data.present, 0] = 1.0
        share = values[self.column]
        for sign, options in ((1.0, self.brings), (-1.0, self.takes)):
            there = options >= 0
            np.add.at(found, (options[there], self.year[there]), sign * share[there])
        summed: Floats = found.cumsum(axis=1)
        return summed

    # ----------------------------------------------------------------------------- rules

    def _cycle(self) -> None:
        data, programme = self.data, self.programme
        option, year = np.nonzero(self.switch.exists)
        columns, each = self.switch.at(option, year), np.arange(data.count)
        count = data.facilities.height
        # A facility leaves the route it has now once: between overhauls, or at one.
        once = programme.rows("once", (count,), upper=1.0)
        programme.add(once.at(data.facility_of[option]), columns, 1.0)
        present = data.present
        programme.add(once.at(data.facility_of[present]), self.leave.at(present), 1.0)
        # What was taken before the overhaul may be left at it; what is left is entered elsewhere.
        here = programme.rows(
            "here", (data.count,), where=self.leave.exists & ~data.is_present, upper=0.0
        )
        programme.add(here.at(each), self.leave.at(each), 1.0)
        early = self.early[option, year]
        programme.add(here.at(option[early]), columns[early], -1.0)
        has = data.overhaul < NEVER
        moved = programme.rows("moved", (count,), where=has, lower=0.0, upper=0.0)
        programme.add(moved.at(data.facility_of), self.enter.at(each), 1.0)
        programme.add(moved.at(data.facility_of), self.leave.at(each), -1.0)

    def _levels(self, name: str, of: Floats) -> Block:
        """Make a column a product and year with the sum of a quantity of the options."""
        data = self.data
        shape = (len(data.products), data.span)
        level = self.programme.columns(name, shape, lower=-INFINITY)
        first = np.zeros(shape)
        np.add.at(first[:, 0], data.product_of[data.present], of[data.present])
        rows = self.programme.rows(f"{name} from year to year", shape, lower=first, upper=first)
        p, t = np.indices(shape)
        self.programme.add(rows.at(p, t), level.at(p, t), 1.0)
        self.programme.add(rows.at(p, t)[:, 1:], level.at(p, t)[:, :-1], -1.0)
        self.programme.add(rows.at(self.of_product, self.year), self.column, -self._change(of))
        return level

    def _emission(self) -> None:
        data, limits, programme = self.data, self.limits, self.programme
        years = [int(year) for year in data.years]
        cap = np.array([limits.cap_tco2.get(year, INFINITY) for year in years]) / KILO
        self.emission = programme.columns("emission", (data.span,), lower=-INFINITY, upper=cap)
        rows = programme.rows("emits", (data.span,), lower=0.0, upper=0.0)
        programme.add(rows.at(self.span), self.emission.at(self.span), -1.0)
        p, t = np.indices(data.activity.shape)
        own = self._levels("own emission", data.column("emission_tco2") / KILO)
        programme.add(rows.at(t), own.at(p, t), data.activity)
        if data.grid.any():
            bought = self._levels("electricity", data.column("electricity_mwh") / KILO)
            programme.add(rows.at(t), bought.at(p, t), data.activity * data.grid)
        if limits.peak_year is None:
            return
        peak = limits.peak_year - years[0]
        after = programme.rows("after peak", (data.span,), where=self.span > peak, upper=0.0)
        programme.add(after.at(self.span), self.emission.at(self.span), 1.0)
        programme.add(after.at(self.span), self.emission.at(peak), -1.0)

    def _investment(self) -> None:
        data, programme, each = self.data, self.programme, np.arange(self.data.count)
        budget = [self.limits.budget_cny.get(int(year), INFINITY) / MILLION for year in data.years]
        self.invested = programme.columns("invested", (data.span,), upper=budget)
        reline = data.column("overhaul_cny") / MILLION
        due = data.present[data.overhaul < NEVER]
        paid = np.zeros(data.span)
        np.add.at(paid, self.overhaul[due], reline[due])
        rows = programme.rows("spends", (data.span,), lower=-paid, upper=-paid)
        programme.add(rows.at(self.span), self.invested.at(self.span), -1.0)
        option, year = np.nonzero(self.switch.exists)
        columns = self.switch.at(option, year)
        spent = data.column("switch_cny") / MILLION
        programme.add(rows.at(year), columns, spent[option])
        # Relines are paid by all; who left the route before, or leaves it now, is given it back.
        early = self.early[option, year]
        present = data.present[data.facility_of[option]]
        programme.add(
            rows.at(self.overhaul[option][early]), columns[early], -reline[present][early]
        )
        at = np.minimum(self.overhaul, data.span - 1)
        programme.add(rows.at(at), self.enter.at(each), reline)
        programme.add(rows.at(at), self.leave.at(each), np.where(data.is_present, -reline, 0.0))

    def _deadlines(self) -> None:
        data = self.data
        if not (data.deadline < NEVER).any():
            return
        right = data.options["meets_baseline"].fill_null(False).to_numpy()
        of = (right | (data.column("output_t") == 0.0)).astype(float)
        where = self.span >= data.deadline[:, None]
        lower = np.broadcast_to((1.0 - of[data.present])[:, None], where.shape)
        rows = self.programme.rows("deadline", where.shape, where=where, lower=lower)
        bound = np.flatnonzero(data.deadline[self.of_facility] < NEVER)
        move, year = np.nonzero(self.span >= self.year[bound][:, None])
        move = bound[move]
        self.programme.add(
            rows.at(self.of_facility[move], year), self.column[move], self._change(of)[move]
        )

    def _products(self) -> None:
        data, limits, programme = self.data, self.limits, self.programme
        p, t = np.indices(data.activity.shape)
        if limits.demand_t:
            need = np.full(p.shape, -INFINITY)
            for (product, year), tonnes in limits.demand_t.items():
                need[data.products.index(product), year - int(data.years[0])] = tonnes / KILO
            made = self._levels("output", data.column("output_t") / KILO)
            rows = programme.rows("demand", p.shape, where=np.isfinite(need), lower=need)
            programme.add(rows.at(p, t), made.at(p, t), data.activity)
        ratio = np.array([limits.replacement_ratio.get(one, 0.0) for one in data.products])
        if ratio.any():
            more = self._more_capacity() / KILO
            built = np.where(more > 0.0, more * ratio[data.product_of], more)
            level = self._levels("capacity", built)
            rows = programme.rows("replaced", p.shape, where=(ratio > 0.0)[:, None], upper=0.0)
            programme.add(rows.at(p, t), level.at(p, t), 1.0)

    def softs(self) -> list[tuple[str, Soft, float]]:
        """Return the limits that may be missed in a report of what is lacking.

        Each with its name and the size of one unit of it in tonnes or yuan. What is lacking is
        least as a share of the limit, so that tonnes and yuan can be weighed against each other.
        """

        def weight(limits: Floats) -> Floats:
            size = np.abs(limits)
            return np.where(np.isfinite(size), 1.0 / np.maximum(size, 1.0), INFINITY)

        years = [int(year) for year in self.data.years]
        cap = np.array([self.limits.cap_tco2.get(y, INFINITY) for y in years]) / KILO
        budget = np.array([self.limits.budget_cny.get(y, INFINITY) for y in years]) / MILLION
        found = [
            ("cap", Soft(self.emission, "columns", "upper", weight(cap)), KILO),
            ("budget", Soft(self.invested, "columns", "upper", weight(budget)), MILLION),
        ]
        rows = self.programme.blocks
        if "demand" in rows:
            found.append(("demand", Soft(rows["demand"], "rows", "lower", 1.0), KILO))
        if "after peak" in rows:
            found.append(("peak_year", Soft(rows["after peak"], "rows", "upper", 1.0), KILO))
        if "deadline" in rows:
            found.append(("deadline", Soft(rows["deadline"], "rows", "lower", 1.0), 1.0))
        if "replaced" in rows:
            found.append(("replacement", Soft(rows["replaced"], "rows", "upper", 1.0), KILO))
        return found
