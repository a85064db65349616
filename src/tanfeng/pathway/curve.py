"""What a plan of the plants avoids and costs, choice by choice, so that it adds up.

Everything is held against one and the same other world: every facility goes on as it is now, with
the same outlook, and pays its reline when it is due. A facility's shares add up to one in every
year, so the difference of a year is the sum over the options it changed to,

``avoided[o, t] = share[o, t] * (emission[present, t] - emission[o, t])``,

and the same of the running cost; an investment belongs to the option it was made for, and the
reline that is not paid to the option that runs in its place. Nothing is left over: the choices
add up to the difference of the two worlds in every year, in tonnes and in yuan.

The height of a step is discounted cost over tonnes as they are, so that the area under the curve
is the cost of the plan. Payments for carbon are told apart and stay out of it: a step can be held
against a price of carbon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tanfeng.errors import ModelError
from tanfeng.pathway._plant_data import NEVER, PlantData
from tanfeng.pathway.lp import Floats
from tanfeng.pathway.plants import Plan, Plants

CHOICES = pl.Schema(
    {
        "facility": pl.String(),
        "option": pl.String(),
        "avoided_tco2": pl.Float64(),
        "output_t": pl.Float64(),
        "investment_cny": pl.Float64(),
        "running_cny": pl.Float64(),
        "cost_cny": pl.Float64(),
        "carbon_cny": pl.Float64(),
    }
)
"""One row an option a facility changed to, over all years. ``output_t`` is what it makes more than
now (closing: less). ``cost_cny`` is investment and running cost, discounted; ``carbon_cny`` what
it pays more for carbon, mostly below zero."""

#: Tonnes over all years at or below which a choice has no cost per tonne.
_NOTHING = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Choices of a plan with what each avoids and costs.

    Parameters
    ----------
    choices : polars.DataFrame
        Columns of ``CHOICES``; every choice, whether it avoids anything or not.
    by_year : polars.DataFrame
        ``facility``, ``option``, ``year``, ``share``, ``avoided_tco2``.
    steps : polars.DataFrame
        Choices that avoid something, cheapest first: ``cny_per_t``, ``from_t`` and ``to_t``
        cumulated, beside the columns of ``CHOICES``.
    apart : polars.DataFrame
        Choices that avoid nothing or emit more: they have no place on the curve, but a cost.
    years : polars.DataFrame
        ``year``, ``now_tco2`` (everything as it is now), ``plan_tco2``, ``avoided_tco2``.
    now_cny, plan_cny : float
        Discounted cost of both worlds, carbon included; their difference is the sum of
        ``cost_cny`` and ``carbon_cny`` over the choices.
    """

    choices: pl.DataFrame
    by_year: pl.DataFrame
    steps: pl.DataFrame
    apart: pl.DataFrame
    years: pl.DataFrame
    now_cny: float
    plan_cny: float

    def total(self, name: str) -> float:
        """Add a column of the choices up.

        Parameters
        ----------
        name : str
            One of the numbers of ``CHOICES``.

        Returns
        -------
        float
            In t CO2, t of output or discounted yuan, as the column.
        """
        return float(self.choices[name].sum())


def curve(plants: Plants, plan: Plan) -> Curve:
    """Lay a plan out choice by choice.

    Parameters
    ----------
    plants : Plants
        What was solved.
    plan : Plan
        What came of it.

    Returns
    -------
    Curve

    Raises
    ------
    ModelError
        If there is no plan.
    """
    if plan.shares.is_empty():
        raise ModelError("there is no plan to lay out", "没有可行方案，不能给出减排成本曲线")
    data = plants.data
    places = data.options.select("facility", "option", "o")
    changed = np.zeros((data.count, data.span))
    held = plan.shares.join(places, on=["facility", "option"])
    changed[held["o"].to_numpy(), held["year"].to_numpy() - int(data.years[0])] = held["share"]
    changed[data.present] = 0.0
    now = data.present[data.facility_of]
    avoided = changed * (data.emission[now] - data.emission)
    carbon = (changed * (data.carbon - data.carbon[now])).sum(axis=1)
    running = (changed * (data.running - data.running[now])).sum(axis=1) - carbon
    activity = data.activity[data.product_of]
    made = data.column("output_t")
    output = (changed * activity).sum(axis=1) * (made - made[now])
    invested = _invested(data, plan.choices.join(places, on=["facility", "option"]), changed)
    chosen = np.flatnonzero(changed.any(axis=1))
    choices = data.options[chosen].select(
        "facility",
        "option",
        avoided_tco2=pl.Series(avoided[chosen].sum(axis=1)),
        output_t=pl.Series(output[chosen]),
        investment_cny=pl.Series(invested[chosen]),
        running_cny=pl.Series(running[chosen]),
        cost_cny=pl.Series((invested + running)[chosen]),
        carbon_cny=pl.Series(carbon[chosen]),
    )
    option, year = np.nonzero(changed)
    by_year = pl.DataFrame(
        {
            "facility": data.options["facility"].gather(option),
            "option": data.options["option"].gather(option),
            "year": data.years[year],
            "share": changed[option, year],
            "avoided_tco2": avoided[option, year],
        }
    )
    today = data.emission[data.present].sum(axis=0)
    years = plan.years.select(
        "year",
        now_tco2=pl.Series(today),
        plan_tco2="emission_tco2",
        avoided_tco2=pl.Series(today) - pl.col("emission_tco2"),
    )
    relines = float((_relines(data) * (data.overhaul < NEVER)).sum())
    now_cny = float(data.running[data.present].sum()) + relines
    useful = pl.col("avoided_tco2") > _NOTHING
    steps = stepped(choices.filter(useful), "avoided_tco2")
    return Curve(choices, by_year, steps, choices.filter(~useful), years, now_cny, plan.cost_cny)


def stepped(rows: pl.DataFrame, tonnes: str) -> pl.DataFrame:
    """Sort choices into a curve, cheapest tonne first.

    Parameters
    ----------
    rows : polars.DataFrame
        With ``cost_cny`` and tonnes above zero.
    tonnes : str
        Column of the tonnes.

    Returns
    -------
    polars.DataFrame
        The rows with ``cny_per_t``, ``from_t`` and ``to_t`` (t CO2, cumulated).
    """
    width = pl.col(tonnes)
    return (
        rows.with_columns(cny_per_t=pl.col("cost_cny") / width)
        .sort("cny_per_t", maintain_order=True)
        .with_columns(to_t=width.cum_sum())
        .with_columns(from_t=pl.col("to_t") - width)
    )


def _relines(data: PlantData) -> Floats:
    """Compute what the reline due costs each facility over the horizon, in discounted yuan."""
    at = np.minimum(data.overhaul, data.span - 1)
    reline = data.column("overhaul_cny")[data.present] * data.annuity[data.present, at]
    discounted: Floats = reline
    return discounted


def _invested(data: PlantData, choices: pl.DataFrame, changed: Floats) -> Floats:
    """Compute what each option costs to build, less the relines it spares, in discounted yuan."""
    option = choices["o"].to_numpy()
    year = choices["year"].to_numpy() - int(data.years[0])
    found = np.zeros(data.count)
    np.add.at(found, option, choices["invested_cny"].to_numpy() * data.annuity[option, year])
    due = data.overhaul[data.facility_of]
    has = np.flatnonzero(due < NEVER)
    spared = changed[has, due[has]] * _relines(data)[data.facility_of[has]]
    found[has] -= spared
    return found
