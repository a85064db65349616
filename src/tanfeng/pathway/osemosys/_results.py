"""Result tables, named and shaped as otoole writes them: rows that are not zero, axes, ``VALUE``.

Prices are the rows' duals: what the objective, in money of the first year, changes for one unit
more of demand or limit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from tanfeng.pathway.osemosys._build import Built, demand_by_slice
from tanfeng.pathway.osemosys._case import Case, Floats, Table
from tanfeng.pathway.osemosys._schema import OTHER_REGION, axes
from tanfeng.pathway.solver import Solution

#: Below this a value is what the solver takes for zero.
_ZERO: Final = 1e-9
Frames = dict[str, pl.DataFrame]


def result_tables(built: Built, solution: Solution) -> Frames:
    """Work out every result from what was decided.

    Parameters
    ----------
    built : Built
        The model and its programme.
    solution : Solution
        With values.

    Returns
    -------
    dict of str to polars.DataFrame
        Tables by name.
    """
    case = built.case
    new, total = solution.values(built.new), solution.values(built.total)
    made: Frames = {}

    def put(name: str, short: str, values: Floats) -> None:
        made[name] = _frame(case, short, np.nonzero(np.abs(values) > _ZERO), values)

    rate = solution.values(built.rate)
    put("NewCapacity", "rty", new)
    put(
        "AccumulatedNewCapacity",
        "rty",
        np.where(built.total.exists, total - case.full("ResidualCapacity"), 0.0),
    )
    put("TotalCapacityAnnual", "rty", total)
    put("NumberOfNewTechnologyUnits", "rty", solution.values(built.units))
    put("RateOfActivity", "rltmy", rate)
    put("Demand", "rlfy", demand_by_slice(case))
    by_mode = np.einsum("rltmy,ly->rtmy", rate, case.full("YearSplit"))
    put("TotalAnnualTechnologyActivityByMode", "rtmy", by_mode)
    put("TotalTechnologyAnnualActivity", "rty", by_mode.sum(axis=2))
    put("TotalTechnologyModelPeriodActivity", "rt", by_mode.sum(axis=(2, 3)))
    emitted = _emissions(case, by_mode, made)
    money = _money(built, new, total, by_mode, emitted)
    stored = _stored(built, solution)
    for name, short, values in (*money, *stored):
        put(name, short, values)
    whole = dict((name, values) for name, _short, values in (*money, *stored))
    region = whole["DiscountedCostByTechnology"].sum(axis=1)
    region = region + whole["DiscountedCostByStorage"].sum(axis=1)
    put("TotalDiscountedCost", "ry", region)
    put("ModelPeriodCostByRegion", "r", region.sum(axis=1))
    made |= _flows(case, rate, "OutputActivityRatio", "Production")
    made |= _flows(case, rate, "InputActivityRatio", "Use")
    made["Trade"] = _trade(built, solution)
    return made


def price_tables(built: Built, solution: Solution) -> Frames:
    """Return the duals of balances and emission limits, named by their equations.

    Parameters
    ----------
    built : Built
        The model and its programme.
    solution : Solution
        Of a linear programme.

    Returns
    -------
    dict of str to polars.DataFrame
        Tables by name; empty where the solution has no prices.
    """
    if not len(solution.row_prices):
        return {}
    made = {}
    for key, short in (("EBa11", "rlfy"), ("EBb4", "rfy"), ("E8", "rey"), ("E9", "re")):
        values = solution.price(built.rows[key])
        places = np.nonzero(np.abs(values) > _ZERO)
        made[built.rows[key].name] = _frame(built.case, short, places, values)
    return made


def _frame(case: Case, short: str, places: tuple[np.ndarray, ...], values: Floats) -> pl.DataFrame:
    return _named(case, short, places, values[places])


def _named(case: Case, short: str, codes: tuple[np.ndarray, ...], values: Floats) -> pl.DataFrame:
    """Return a table of the names at some places."""
    columns: dict[str, pl.Series] = {}
    for axis, code in zip(axes(short), codes, strict=True):
        names = pl.Series(case.sets[axis], dtype=pl.String)
        if axis == "YEAR":
            names = pl.Series(case.years)
        heading = OTHER_REGION if axis in columns else axis
        columns[heading] = names.gather(pl.Series(code, dtype=pl.UInt32))
    return pl.DataFrame({**columns, "VALUE": pl.Series(values, dtype=pl.Float64)})


def _emissions(case: Case, by_mode: Floats, made: Frames) -> Floats:
    """E1, E2, E6, E7; returns emissions by region, technology, emission, year."""
    ratio = case.rows("EmissionActivityRatio")
    r, t, e, m, y = ratio.codes
    value = ratio.values * by_mode[r, t, m, y]
    kept = np.abs(value) > _ZERO
    codes = tuple(code[kept] for code in ratio.codes)
    made["AnnualTechnologyEmissionByMode"] = _named(case, "rtemy", codes, value[kept])
    emitted = np.zeros((*by_mode.shape[:2], case.size("EMISSION"), by_mode.shape[3]))
    np.add.at(emitted, (r, t, e, y), value)
    annual = emitted.sum(axis=1)
    whole = annual.sum(axis=2) + case.full("ModelPeriodExogenousEmission")
    for name, short, values in (
        ("AnnualTechnologyEmission", "rtey", emitted),
        ("AnnualEmissions", "rey", annual),
        ("ModelPeriodEmissions", "re", whole),
    ):
        made[name] = _frame(case, short, np.nonzero(np.abs(values) > _ZERO), values)
    return emitted


def _money(
    built: Built, new: Floats, total: Floats, by_mode: Floats, emitted: Floats
) -> list[tuple[str, str, Floats]]:
    """CC1-2, SV1-4, OC1-4, E3-5, TDC1: money by technology and year."""
    case, priced = built.case, built.costs
    start, mid = priced.start[:, None, :], priced.mid[:, None, :]
    invested, salvage = priced.capital * new, priced.salvage * new
    variable = (by_mode * case.full("VariableCost")).sum(axis=2)
    fixed = total * case.full("FixedCost")
    penalty = (emitted * case.full("EmissionsPenalty")[:, None]).sum(axis=2)
    left = salvage / priced.end[:, None, None]
    cost = invested / start + (variable + fixed + penalty) / mid - left
    return [
        ("CapitalInvestment", "rty", invested),
        ("DiscountedCapitalInvestment", "rty", invested / start),
        ("SalvageValue", "rty", salvage),
        ("DiscountedSalvageValue", "rty", left),
        ("AnnualVariableOperatingCost", "rty", variable),
        ("AnnualFixedOperatingCost", "rty", fixed),
        ("DiscountedOperationalCost", "rty", (variable + fixed) / mid),
        ("DiscountedTechnologyEmissionsPenalty", "rty", penalty / mid),
        ("DiscountedCostByTechnology", "rty", cost),
    ]


def _stored(built: Built, solution: Solution) -> list[tuple[str, str, Floats]]:
    """Storage: capacity, levels, SI4 to SI10."""
    priced, store = built.costs, built.store
    new = solution.values(store.new)
    invested, salvage = priced.storage_capital * new, priced.storage_salvage * new
    discounted, left = invested / priced.storage_start, salvage / priced.storage_end[:, :, None]
    shorts = ("rsy", "rsy", "rsqy", "rsqdy", "rsqdy")
    levels = [
        (name, short, solution.values(block))
        for (name, block), short in zip(store.levels.items(), shorts, strict=True)
    ]
    return [
        ("NewStorageCapacity", "rsy", new),
        ("CapitalInvestmentStorage", "rsy", invested),
        ("DiscountedCapitalInvestmentStorage", "rsy", discounted),
        ("SalvageValueStorage", "rsy", salvage),
        ("DiscountedSalvageValueStorage", "rsy", left),
        ("DiscountedCostByStorage", "rsy", discounted - left),
        *levels,
    ]


def _flows(case: Case, rate: Floats, ratio: str, flow: str) -> Frames:
    """EBa1-2, EBa4-5, Acc1-2, RE1, RE5: what technologies make or use of each fuel."""
    table: Table = case.rows(ratio)
    r, t, _, m, y = (code[:, None] for code in table.codes)
    k = np.arange(case.size("TIMESLICE"))[None, :]
    value = rate[r, k, t, m, y] * table.values[:, None]
    row, at = np.nonzero(np.abs(value) > _ZERO)
    codes = {
        "r": table.codes[0][row],
        "l": at,
        "t": table.codes[1][row],
        "m": table.codes[3][row],
        "f": table.codes[2][row],
        "y": table.codes[4][row],
    }
    rates = pl.DataFrame(codes).with_columns(
        rate=value[row, at], amount=value[row, at] * case.full("YearSplit")[at, codes["y"]]
    )

    def table_of(short: str, column: str) -> pl.DataFrame:
        sums = rates.group_by(list(short)).agg(pl.col(column).sum()).sort(list(short))
        places = tuple(sums[one].to_numpy() for one in short)
        return _named(case, short, places, sums[column].to_numpy())

    return {
        f"RateOf{flow}ByTechnologyByMode": table_of("rltmfy", "rate"),
        f"RateOf{flow}ByTechnology": table_of("rltfy", "rate"),
        f"{flow}ByTechnology": table_of("rltfy", "amount"),
        f"{flow}ByTechnologyAnnual": table_of("rtfy", "amount"),
    }


def _trade(built: Built, solution: Solution) -> pl.DataFrame:
    """Trade of each route in both directions; positive is sent."""
    routes, sent = built.routes, solution.values(built.trade)
    parts = []
    for region, other, sign, held in (
        (routes.region, routes.other, 1.0, np.ones_like(routes.both)),
        (routes.other, routes.region, -1.0, routes.both),
    ):
        row, k = np.nonzero((np.abs(sent) > _ZERO) & held[:, None])
        codes = (region[row], other[row], k, routes.fuel[row], routes.year[row])
        parts.append(_named(built.case, "rrlfy", codes, sign * sent[row, k]))
    return pl.concat(parts)
