"""Why there is no solution: which demand lacks how much, or which limit would have to give.

Two questions are asked apart, each by a programme whose only cost is what is missed: with every
limit kept, which demand cannot be met; with every demand met, which limits are broken. Each miss is
weighed by the size of what is asked, so that the least shares are found. If neither can be had
alone, demand and limits are let go together. The cost of the model plays no part.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np

from tanfeng.pathway.lp import Block
from tanfeng.pathway.osemosys._build import Built, demand_by_slice
from tanfeng.pathway.osemosys._case import Floats
from tanfeng.pathway.osemosys._schema import axes
from tanfeng.pathway.soft import Soft, softened
from tanfeng.pathway.solver import Options, Solver

_SMALL: Final = 1e-6
Question = Literal["demand", "limits", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that cannot be had.

    Parameters
    ----------
    kind : {"demand", "limit"}
        Whether demand is not met or a limit is broken.
    parameter : str
        Parameter that asks for it.
    region, technology, fuel, emission, storage, year : str
        Where and when; empty where the parameter has no such axis, or slices are added up.
    asked : float
        What is asked or allowed; nan where the limit is a ratio of other things.
    amount : float
        What is missing, in the unit of the parameter.
    slices : tuple of str
        Time slices concerned.
    """

    kind: Literal["demand", "limit"]
    parameter: str
    amount: float
    asked: float = math.nan
    region: str = ""
    technology: str = ""
    fuel: str = ""
    emission: str = ""
    storage: str = ""
    year: str = ""
    slices: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """What is missing as a share of what is asked; nan where that is zero or a ratio."""
        return self.amount / self.asked if self.asked else math.nan

    def text(self, lang: str = "zh") -> str:
        """Return it as a sentence."""
        at = (self.region, self.technology, self.fuel, self.emission, self.storage, self.year)
        where = " ".join(one for one in at if one)
        asked, amount = f"{self.asked:.6g}", f"{self.amount:.6g}"
        if self.kind == "demand":
            share = f"{100 * self.share:.3g} %"
            zh = f"{where}：需求 {asked}，缺 {amount}（{share}）[{self.parameter}]"
            en = f"{where}: demand {asked}, lacks {amount} ({share}) [{self.parameter}]"
        elif math.isnan(self.asked):
            zh = f"{where}：{self.parameter} 差 {amount}"
            en = f"{where}: {self.parameter} is missed by {amount}"
        else:
            zh = f"{where}：{self.parameter} 为 {asked}，差 {amount}"
            en = f"{where}: {self.parameter} is {asked}, missed by {amount}"
        return en if lang == "en" else zh

    def plain(self) -> dict[str, Any]:
        """Return it as plain data, what does not apply left out."""
        kept = {key: value for key, value in asdict(self).items() if value not in ("", ())}
        if math.isnan(self.asked):
            kept.pop("asked")
        return {**kept, "message_zh": self.text("zh"), "message_en": self.text("en")}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A soft limit, the axes its places are told by, and what is asked there."""

    soft: Soft
    parameter: str
    short: str
    asked: Floats
    kind: Literal["demand", "limit"]


def lacking(built: Built, options: Options) -> dict[Question, tuple[Lack, ...]]:
    """Find out why a model has no solution.

    Parameters
    ----------
    built : Built
        A model found infeasible.
    options : Options
        How to solve.

    Returns
    -------
    dict of str to tuple of Lack
        Under ``demand`` what is not met when limits hold; under ``limits`` what is broken when
        demand is met; ``both`` if neither can be had alone. An answer that cannot be had is not
        there.
    """
    demand, limits = _demand(built), _limits(built)
    answers: dict[Question, tuple[Lack, ...]] = {}
    for question, asked in (("demand", demand), ("limits", limits)):
        found = _least(built, asked, options)
        if found is not None:
            answers[question] = found  # type: ignore[index]
    if not answers:
        found = _least(built, demand + limits, options)
        if found is not None:
            answers["both"] = found
    return answers


def _demand(built: Built) -> list[_Asked]:
    case, rows = built.case, built.rows
    by_slice, yearly = demand_by_slice(case), case.full("AccumulatedAnnualDemand")
    whole = np.broadcast_to(by_slice.sum(axis=1, keepdims=True), by_slice.shape)
    return [
        _asked("demand", "SpecifiedAnnualDemand", "rlfy", rows["EBa11"], "lower", whole),
        _asked("demand", "AccumulatedAnnualDemand", "rfy", rows["EBb4"], "lower", yearly),
    ]


def _limits(built: Built) -> list[_Asked]:
    case, rows, limit = built.case, built.rows, "limit"
    made = []
    for parameter, short, block, kind, side in (
        ("TotalAnnualMaxCapacity", "rty", built.total, "columns", "upper"),
        ("TotalAnnualMinCapacity", "rty", built.total, "columns", "lower"),
        ("TotalAnnualMaxCapacityInvestment", "rty", built.new, "columns", "upper"),
        ("TotalAnnualMinCapacityInvestment", "rty", built.new, "columns", "lower"),
        ("TotalTechnologyAnnualActivityUpperLimit", "rty", rows["AAC"], "rows", "upper"),
        ("TotalTechnologyAnnualActivityLowerLimit", "rty", rows["AAC"], "rows", "lower"),
        ("TotalTechnologyModelPeriodActivityUpperLimit", "rt", rows["TAC"], "rows", "upper"),
        ("TotalTechnologyModelPeriodActivityLowerLimit", "rt", rows["TAC"], "rows", "lower"),
        ("AnnualEmissionLimit", "rey", rows["E8"], "rows", "upper"),
        ("ModelPeriodEmissionLimit", "re", rows["E9"], "rows", "upper"),
    ):
        made.append(_asked(limit, parameter, short, block, side, case.limit(parameter), kind))
    for parameter, short, key, side in (
        ("ReserveMargin", "rly", "RM3", "upper"),
        ("REMinProductionTarget", "ry", "RE4", "lower"),
    ):
        ratio = np.full(rows[key].shape, math.nan)
        made.append(_asked(limit, parameter, short, rows[key], side, ratio))
    for parameter, key in (("StorageMaxChargeRate", "SC5"), ("StorageMaxDischargeRate", "SC6")):
        most = np.broadcast_to(case.full(parameter)[:, :, None, None, None, None], rows[key].shape)
        made.append(_asked(limit, parameter, "rsqdhy", rows[key], "upper", most))
    return made


def _asked(
    kind: Any,
    parameter: str,
    short: str,
    block: Block,
    side: Any,
    asked: Floats,
    of: Any = "rows",
) -> _Asked:
    """Weigh a miss by what is asked; where nothing is asked nothing can be missed."""
    size = np.abs(asked)
    weight = 1.0 / np.where((size > 0.0) & np.isfinite(size), size, 1.0)
    if kind == "demand":
        weight = np.where(size > 0.0, weight, math.inf)
    elif side == "lower":
        weight = np.where(size == 0.0, math.inf, weight)
    return _Asked(Soft(block, of, side, weight), parameter, short, asked, kind)


def _least(built: Built, asked: list[_Asked], options: Options) -> tuple[Lack, ...] | None:
    """Solve for the least that is missed; None where even that does not help."""
    programme, blocks = softened(built.programme, [one.soft for one in asked])
    solution = Solver(programme, options).solve()
    if solution.status != "optimal":
        return None
    found: list[Lack] = []
    for one, block in zip(asked, blocks, strict=True):
        found += _told(built, one, solution.values(block))
    return tuple(sorted(found, key=lambda lack: (lack.year, lack.region, lack.parameter)))


def _told(built: Built, one: _Asked, missed: Floats) -> list[Lack]:
    """Tell what is missed, slices and brackets of a year added up."""
    case = built.case
    size = np.where(np.isfinite(one.asked) & (one.asked != 0.0), np.abs(one.asked), 1.0)
    kept = "".join(short for short in one.short if short not in "lqdh")
    sums: dict[tuple[int, ...], tuple[float, float, list[str]]] = {}
    for where in np.argwhere(missed > _SMALL * size):
        place = dict(zip(one.short, (int(at) for at in where), strict=True))
        key = tuple(place[short] for short in kept)
        amount, _, slices = sums.get(key, (0.0, 0.0, []))
        if "l" in place:
            slices = [*slices, case.sets["TIMESLICE"][place["l"]]]
        at = tuple(where)
        sums[key] = (amount + float(missed[at]), float(one.asked[at]), slices)
    told = []
    for key, (amount, total, slices) in sums.items():
        names = {
            axis.lower(): case.sets[axis][at] for axis, at in zip(axes(kept), key, strict=True)
        }
        told.append(
            Lack(
                kind=one.kind,
                parameter=one.parameter,
                amount=amount,
                asked=total,
                slices=tuple(slices),
                **names,
            )
        )
    return told
