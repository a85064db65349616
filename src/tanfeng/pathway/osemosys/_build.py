"""The model as a programme: columns and rows of the formulation, each family a few arrays.

Kept as columns are what is decided (new capacity, rates of activity, trade, storage) and the total
capacity; everything else of the formulation is a sum of those and is worked out afterwards. What is
certainly zero is not made: technology that can have no capacity, slices without availability, modes
without a role. Rows carry the names of the equations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanfeng.pathway.lp import Block, Programme
from tanfeng.pathway.osemosys._case import Case, Codes, Floats
from tanfeng.pathway.osemosys._costs import Costs, costs
from tanfeng.pathway.osemosys._storage import Store, store

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Trade routes, each pair of directions once: region, other region, fuel, year, both ways."""

    region: Codes
    other: Codes
    fuel: Codes
    year: Codes
    both: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A model and its programme, with the blocks results are read from."""

    case: Case
    costs: Costs
    programme: Programme
    new: Block
    total: Block
    rate: Block
    units: Block
    trade: Block
    routes: Routes
    rows: dict[str, Block]
    store: Store


def alive(case: Case, life: Floats) -> Flags:
    """Return whether what was built in one year still stands in another.

    Parameters
    ----------
    case : Case
        For its years.
    life : array
        Years it lasts, any shape.

    Returns
    -------
    array of bool
        Shape of ``life``, then year that is asked, then year it was built.
    """
    age = case.years[:, None] - case.years[None, :]
    stands: Flags = (age >= 0) & (age < life[..., None, None])
    return stands


def build(case: Case) -> Built:
    """Make the programme of a model.

    Parameters
    ----------
    case : Case
        The model.

    Returns
    -------
    Built
        Programme and blocks.
    """
    programme, priced = Programme(), costs(case)
    stands = alive(case, case.full("OperationalLife"))
    new, total, units = _capacity(case, priced, programme, stands)
    rate = _activity(case, priced, programme, total)
    routes = _routes(case)
    shape = (len(routes.fuel), case.size("TIMESLICE"))
    trade = programme.columns("Trade", shape, lower=-math.inf)
    rows = {
        **_adequacy(case, programme, total, rate),
        **_balance(case, programme, rate, trade, routes),
        **_activity_limits(case, programme, rate),
        **_margin(case, programme, total, rate),
        **_renewables(case, programme, rate),
        **_emissions(case, programme, rate),
    }
    kept = store(case, priced, programme, rate, alive(case, case.full("OperationalLifeStorage")))
    return Built(
        case, priced, programme, new, total, rate, units, trade, routes, rows | kept.rows, kept
    )


def _capacity(
    case: Case, priced: Costs, programme: Programme, stands: Flags
) -> tuple[Block, Block, Block]:
    """Make new capacity, total capacity and whole units: CAa1, CAa2, CAa5, TCC1-2, NCC1-2."""
    shape = case.shape("ResidualCapacity")
    most, least = (case.full(f"TotalAnnual{end}CapacityInvestment") for end in ("Max", "Min"))
    new = programme.columns(
        "NewCapacity",
        shape,
        where=(most != 0.0) | (least > 0.0),
        lower=least,
        upper=case.limit("TotalAnnualMaxCapacityInvestment"),
        cost=priced.discounted_capital,
    )
    residual = case.full("ResidualCapacity")
    built = (stands & new.exists[:, :, None, :]).any(axis=3)
    lower = case.full("TotalAnnualMinCapacity")
    total = programme.columns(
        "TotalCapacityAnnual",
        shape,
        where=built | (residual > 0.0) | (lower > 0.0),
        lower=lower,
        upper=case.limit("TotalAnnualMaxCapacity"),
        cost=case.full("FixedCost") / priced.mid[:, None, :],
    )
    sums = programme.rows(
        "CAa2_TotalAnnualCapacity", shape, where=total.exists, lower=residual, upper=residual
    )
    programme.add(sums.all, total.all, 1.0)
    r, t, y, since = np.nonzero(stands)
    programme.add(sums.at(r, t, y), new.at(r, t, since), -1.0)
    size = case.full("CapacityOfOneTechnologyUnit")
    whole = new.exists & (size > 0.0)
    units = programme.columns("NumberOfNewTechnologyUnits", shape, where=whole, integer=True)
    equal = programme.rows("CAa5_TotalNewCapacity", shape, where=whole, lower=0.0, upper=0.0)
    programme.add(equal.all, new.number[whole], 1.0)
    programme.add(equal.all, units.all, -size[whole])
    return new, total, units


def _activity(case: Case, priced: Costs, programme: Programme, total: Block) -> Block:
    """Rate of activity, where it can be and has a role; its cost with penalties: OC1, E3."""
    role = _roles(case)
    can = total.exists & (case.full("TotalAnnualMaxCapacity") != 0.0)
    can &= (case.full("AvailabilityFactor") > 0.0) & (
        case.full("CapacityToActivityUnit")[:, :, None] > 0.0
    )
    can &= case.full("TotalTechnologyAnnualActivityUpperLimit") != 0.0
    can &= case.full("TotalTechnologyModelPeriodActivityUpperLimit")[:, :, None] != 0.0
    open_ = case.full("CapacityFactor") > 0.0
    where = (can[:, :, None, :] & open_).transpose(0, 2, 1, 3)[:, :, :, None, :] & role[:, None]
    cost = case.full("VariableCost").copy()
    emitted = case.rows("EmissionActivityRatio")
    r, t, e, m, y = emitted.codes
    np.add.at(cost, (r, t, m, y), emitted.values * case.full("EmissionsPenalty")[r, e, y])
    yearly = cost / priced.mid[:, None, None, :]
    by_slice = yearly[:, None] * case.full("YearSplit")[None, :, None, None, :]
    return programme.columns("RateOfActivity", where.shape, where=where, cost=by_slice)


def _roles(case: Case) -> Flags:
    """Return whether a mode of a technology does anything, by region, technology, mode, year."""
    shape = case.shape("VariableCost")
    role = case.full("VariableCost") < 0.0
    named = np.zeros(shape[1:3], dtype=bool)
    for name in ("OutputActivityRatio", "InputActivityRatio", "EmissionActivityRatio"):
        r, t, _, m, y = case.rows(name).codes
        role[r, t, m, y] = True
    for name in ("TechnologyToStorage", "TechnologyFromStorage"):
        r, t, _, m = case.rows(name).codes
        role[r, t, m] = True
    named |= role.any(axis=(0, 3))
    named |= ~named.any(axis=1, keepdims=True)
    asked = case.full("TotalTechnologyAnnualActivityLowerLimit") > 0.0
    asked |= (case.full("TotalTechnologyModelPeriodActivityLowerLimit") > 0.0)[:, :, None]
    role |= asked[:, :, None, :] & named[None, :, :, None]
    return role


def _adequacy(case: Case, programme: Programme, total: Block, rate: Block) -> dict[str, Block]:
    """Capacity adequacy: CAa4 in every slice, CAb1 over the year."""
    per_unit = case.full("CapacityFactor") * case.full("CapacityToActivityUnit")[:, :, None, None]
    per_unit = per_unit.transpose(0, 2, 1, 3)
    runs = np.asarray(rate.exists.any(axis=3))
    slices = programme.rows("CAa4_Constraint_Capacity", runs.shape, where=runs, upper=0.0)
    r, k, t, m, y = np.nonzero(rate.exists)
    programme.add(slices.at(r, k, t, y), rate.at(r, k, t, m, y), 1.0)
    rr, ll, tt, yy = np.nonzero(runs)
    programme.add(slices.at(rr, ll, tt, yy), total.at(rr, tt, yy), -per_unit[runs])
    available, split = case.full("AvailabilityFactor"), case.full("YearSplit")
    held = runs.any(axis=1) & (available < 1.0)
    yearly = programme.rows("CAb1_PlannedMaintenance", held.shape, where=held, upper=0.0)
    programme.add(yearly.at(r, t, y), rate.at(r, k, t, m, y), split[k, y])
    most = (per_unit * split[None, :, None, :]).sum(axis=1) * available
    programme.add(yearly.all, total.number[held], -most[held])
    return {"CAa4": slices, "CAb1": yearly}


def _balance(
    case: Case, programme: Programme, rate: Block, trade: Block, routes: Routes
) -> dict[str, Block]:
    """Balance of every fuel in every slice, EBa11, and of what is asked by the year, EBb4."""
    demand = demand_by_slice(case)
    yearly = case.full("AccumulatedAnnualDemand")
    used = np.zeros(yearly.shape, dtype=bool)
    r, _, f, _, y = case.rows("InputActivityRatio").codes
    used[r, f, y] = True
    used[routes.region, routes.fuel, routes.year] = True
    used[routes.other[routes.both], routes.fuel[routes.both], routes.year[routes.both]] = True
    slices = programme.rows(
        "EBa11_EnergyBalanceEachTS5",
        demand.shape,
        where=used[:, None] | (demand > 0.0),
        lower=demand,
    )
    years = programme.rows(
        "EBb4_EnergyBalanceEachYear4", yearly.shape, where=yearly > 0.0, lower=yearly
    )
    split, k = case.full("YearSplit"), np.arange(case.size("TIMESLICE"))[None, :]
    for name, sign in (("OutputActivityRatio", 1.0), ("InputActivityRatio", -1.0)):
        ratio = case.rows(name)
        r, t, f, m, y = (code[:, None] for code in ratio.codes)
        value = sign * ratio.values[:, None] * split[k, y]
        programme.add(slices.at(r, k, f, y), rate.at(r, k, t, m, y), value)
        programme.add(years.at(r, f, y), rate.at(r, k, t, m, y), value)
    for region, sign, held in (
        (routes.region, -1.0, np.ones_like(routes.both)),
        (routes.other, 1.0, routes.both),
    ):
        r, f, y = (one[held][:, None] for one in (region, routes.fuel, routes.year))
        programme.add(slices.at(r, k, f, y), trade.number[held], sign)
        programme.add(years.at(r, f, y), trade.number[held], sign)
    return {"EBa11": slices, "EBb4": years}


def demand_by_slice(case: Case) -> Floats:
    """Return the demand of every slice: region, slice, fuel, year (EQ_SpecifiedDemand, EBa9)."""
    profile = case.full("SpecifiedDemandProfile").transpose(0, 2, 1, 3)
    demand: Floats = case.full("SpecifiedAnnualDemand")[:, None] * profile
    return demand


def _routes(case: Case) -> Routes:
    """Put the two directions of a route together (EBa10); a region does not trade with itself."""
    r, o, f, y = case.rows("TradeRoute").codes
    there = np.zeros((case.size("REGION"),) * 2 + (case.size("FUEL"), case.size("YEAR")), bool)
    there[r, o, f, y] = True
    both = there & there.transpose(1, 0, 2, 3)
    first = r < o
    kept = (first | ~both[r, o, f, y]) & (r != o)
    r, o, f, y = (one[kept] for one in (r, o, f, y))
    return Routes(r, o, f, y, both[r, o, f, y])


def _activity_limits(case: Case, programme: Programme, rate: Block) -> dict[str, Block]:
    """Limits of activity by year, AAC2-3, and over all years, TAC2-3."""
    r, k, t, m, y = np.nonzero(rate.exists)
    split = case.full("YearSplit")[k, y]
    made = {}
    for key, name in (("AAC", "TotalTechnologyAnnual"), ("TAC", "TotalTechnologyModelPeriod")):
        lower = case.full(f"{name}ActivityLowerLimit")
        upper = case.limit(f"{name}ActivityUpperLimit")
        lower = np.where(lower > 0.0, lower, -math.inf)
        where = np.isfinite(lower) | np.isfinite(upper)
        block = programme.rows(
            f"{name}Activity", lower.shape, where=where, lower=lower, upper=upper
        )
        places = (r, t, y)[: lower.ndim]
        programme.add(block.at(*places), rate.at(r, k, t, m, y), split)
        made[key] = block
    return made


def _margin(case: Case, programme: Programme, total: Block, rate: Block) -> dict[str, Block]:
    """Capacity above what is produced of the fuels that need it: RM1 to RM3."""
    ratio, margin = case.rows("OutputActivityRatio"), case.full("ReserveMargin")
    r, t, f, m, y = ratio.codes
    asked = ratio.values * case.full("ReserveMarginTagFuel")[r, f, y] * margin[r, y]
    needed = np.zeros(margin.shape, dtype=bool)
    needed[r[asked > 0.0], y[asked > 0.0]] = True
    shape = (case.size("REGION"), case.size("TIMESLICE"), case.size("YEAR"))
    rows = programme.rows("RM3_ReserveMargin_Constraint", shape, where=needed[:, None], upper=0.0)
    k = np.arange(shape[1])[None, :]
    r, t, m, y = (one[:, None] for one in (r, t, m, y))
    programme.add(rows.at(r, k, y), rate.at(r, k, t, m, y), asked[:, None])
    counted = (
        case.full("ReserveMarginTagTechnology") * case.full("CapacityToActivityUnit")[:, :, None]
    )
    rr, tt, yy = (one[:, None] for one in np.nonzero(counted))
    programme.add(rows.at(rr, k, yy), total.at(rr, tt, yy), -counted[rr, tt, yy])
    return {"RM3": rows}


def _renewables(case: Case, programme: Programme, rate: Block) -> dict[str, Block]:
    """Least share of tagged technologies in what is produced of tagged fuels: RE1 to RE4."""
    ratio, target = case.rows("OutputActivityRatio"), case.full("REMinProductionTarget")
    rows = programme.rows("RE4_EnergyConstraint", target.shape, where=target > 0.0, lower=0.0)
    r, t, f, m, y = ratio.codes
    counted = case.full("RETagTechnology")[r, t, y] - target[r, y] * case.full("RETagFuel")[r, f, y]
    k = np.arange(case.size("TIMESLICE"))[None, :]
    value = (ratio.values * counted)[:, None] * case.full("YearSplit")[k, y[:, None]]
    r, t, m, y = (one[:, None] for one in (r, t, m, y))
    programme.add(rows.at(r, y), rate.at(r, k, t, m, y), value)
    return {"RE4": rows}


def _emissions(case: Case, programme: Programme, rate: Block) -> dict[str, Block]:
    """Limits of emissions by year, E8, and over all years, E9; E8 stands wherever one could be."""
    ratio = case.rows("EmissionActivityRatio")
    r, t, e, m, y = (code[:, None] for code in ratio.codes)
    yearly = case.limit("AnnualEmissionLimit") - case.full("AnnualExogenousEmission")
    annual = programme.rows("E8_AnnualEmissionsLimit", yearly.shape, upper=yearly)
    whole = case.limit("ModelPeriodEmissionLimit") - case.full("ModelPeriodExogenousEmission")
    period = programme.rows(
        "E9_ModelPeriodEmissionsLimit", whole.shape, where=np.isfinite(whole), upper=whole
    )
    k = np.arange(case.size("TIMESLICE"))[None, :]
    value = ratio.values[:, None] * case.full("YearSplit")[k, y]
    programme.add(annual.at(r, e, y), rate.at(r, k, t, m, y), value)
    programme.add(period.at(r, e), rate.at(r, k, t, m, y), value)
    return {"E8": annual, "E9": period}
