"""What must fit together across the files of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from tanfeng.errors import Problem
from tanfeng.pathway.osemosys._case import Case, Floats
from tanfeng.pathway.osemosys._rules import Say, problem
from tanfeng.pathway.osemosys._schema import PARAMETERS

_CLOSE: Final = 1e-4
_LISTED: Final = 20
#: Lower and upper of one thing: the first must not be above the second.
_PAIRS: Final = (
    ("TotalAnnualMinCapacity", "TotalAnnualMaxCapacity"),
    ("TotalAnnualMinCapacityInvestment", "TotalAnnualMaxCapacityInvestment"),
    ("TotalTechnologyAnnualActivityLowerLimit", "TotalTechnologyAnnualActivityUpperLimit"),
    (
        "TotalTechnologyModelPeriodActivityLowerLimit",
        "TotalTechnologyModelPeriodActivityUpperLimit",
    ),
    ("ResidualCapacity", "TotalAnnualMaxCapacity"),
)


def across(case: Case) -> list[Problem]:
    """Find what does not fit together.

    Parameters
    ----------
    case : Case
        A model whose files were read without an error.

    Returns
    -------
    list of Problem
        Errors and warnings.
    """
    return [
        *_years(case),
        *_year_split(case),
        *_profiles(case),
        *_limits(case),
        *_trade(case),
        *_brackets(case),
    ]


def _years(case: Case) -> Iterator[Problem]:
    years = case.years
    for at in np.flatnonzero(np.diff(years) > 1):
        missing = f"{years[at] + 1}" + (
            f"–{years[at + 1] - 1}" if years[at + 1] - years[at] > 2 else ""
        )
        code = "LC11" if case.sets["STORAGE"] else "LC12"
        yield problem(code, file="YEAR.csv", value=years[at], known=missing)


def _year_split(case: Case) -> Iterator[Problem]:
    total = case.sums_by("YearSplit", (0,))
    for at in np.flatnonzero(np.abs(total - 1.0) > _CLOSE):
        told: Say = {"value": case.sets["YEAR"][at], "known": f"{total[at]:.6g}"}
        yield problem("LC13", file="YearSplit.csv", **told)


def _profiles(case: Case) -> Iterator[Problem]:
    demand = case.full("SpecifiedAnnualDemand")
    total = case.sums_by("SpecifiedDemandProfile", (2,))
    odd = (demand != 0.0) & (np.abs(total - 1.0) > _CLOSE)
    for r, f in np.argwhere(odd.any(axis=2))[:_LISTED]:
        years, sums = case.years[odd[r, f]], total[r, f, odd[r, f]]
        where = f"{_place(case, 'rf', (r, f))} {years[0]}" + (
            f"–{years[-1]}" if len(years) > 1 else ""
        )
        known = f"{sums.min():.6g}" + (f"–{sums.max():.6g}" if np.ptp(sums) > _CLOSE else "")
        yield problem("LC14", file="SpecifiedDemandProfile.csv", value=where, known=known)
    both = (demand != 0.0) & (case.full("AccumulatedAnnualDemand") != 0.0)
    for where in np.argwhere(both)[:_LISTED]:
        yield problem("LC18", file="SpecifiedAnnualDemand.csv", value=_place(case, "rfy", where))


def _limits(case: Case) -> Iterator[Problem]:
    for low, high in _PAIRS:
        lower, upper = case.full(low), case.limit(high)
        for where in np.argwhere(lower > upper * (1 + 1e-9))[:_LISTED]:
            at = tuple(where)
            short = "rty" if len(at) == 3 else "rt"
            yield problem(
                "LC15",
                file=f"{high}.csv",
                value=_place(case, short, where),
                name=low,
                other=high,
                low=f"{lower[at]:.6g}",
                high=f"{upper[at]:.6g}",
            )


def _trade(case: Case) -> Iterator[Problem]:
    region, other, fuel, year = case.rows("TradeRoute").codes
    there = set(zip(region, other, fuel, year, strict=True))
    lonely = [one for one in sorted(there) if (one[1], one[0], *one[2:]) not in there]
    names = case.sets
    for r, o, f, y in lonely[:_LISTED]:
        told = (names["REGION"][r], names["REGION"][o], names["FUEL"][f], names["YEAR"][y])
        yield problem("LC17", file="TradeRoute.csv", value=" ".join(told))


def _brackets(case: Case) -> Iterator[Problem]:
    """Find slices outside every season, day type or bracket: storage is not followed in them."""
    if not case.sets["STORAGE"]:
        return
    used = _storing_slices(case)
    for name in ("Conversionls", "Conversionld", "Conversionlh"):
        none = (case.full(name).sum(axis=1) == 0.0) & used
        for at in np.flatnonzero(none):
            told: Say = {"value": case.sets["TIMESLICE"][at], "name": PARAMETERS[name].axes[1]}
            yield problem("LC21", file=f"{name}.csv", other=f"{name}.csv", **told)


def _storing_slices(case: Case) -> Floats:
    """Return whether storage is used at all; then every slice counts."""
    uses = any(len(case.rows(f"Technology{way}Storage").values) for way in ("To", "From"))
    return np.full(case.size("TIMESLICE"), uses)


def _place(case: Case, short: str, where: Iterable[int]) -> str:
    names = {"r": "REGION", "t": "TECHNOLOGY", "f": "FUEL", "y": "YEAR"}
    return " ".join(case.sets[names[s]][at] for s, at in zip(short, where, strict=True))
