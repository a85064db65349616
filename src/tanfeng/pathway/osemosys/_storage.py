"""Storage: what is charged and discharged, levels from bracket to year, capacity (S, SC, SI).

The level inside a year is followed at the beginning and end of the first and the last week of each
season; between, the same day types repeat. Net charging is kept as a column for each bracket.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tanfeng.pathway.lp import Block, Programme
from tanfeng.pathway.osemosys._case import Case, Floats
from tanfeng.pathway.osemosys._costs import Costs


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Blocks of storage; levels by their name in the results."""

    new: Block
    total: Block
    net: Block
    levels: dict[str, Block]
    rows: dict[str, Block]


class _Levels:
    """Columns of levels, and the equations that tie them; indexed region, storage, then others."""

    def __init__(self, case: Case, programme: Programme) -> None:
        self.case, self.programme = case, programme
        self.sizes = tuple(
            case.size(axis)
            for axis in ("REGION", "STORAGE", "SEASON", "DAYTYPE", "DAILYTIMEBRACKET", "YEAR")
        )
        r, s, q, d, _h, y = self.sizes
        self.net = programme.columns("NetCharge", self.sizes, lower=-math.inf)
        self.year_start = programme.columns("StorageLevelYearStart", (r, s, y))
        self.year_end = programme.columns("StorageLevelYearFinish", (r, s, y))
        self.season = programme.columns("StorageLevelSeasonStart", (r, s, q, y))
        self.day_start = programme.columns("StorageLevelDayTypeStart", (r, s, q, d, y))
        self.day_end = programme.columns("StorageLevelDayTypeFinish", (r, s, q, d, y))
        inside = _inside(case)
        self.by_year = np.einsum("lqdh,ly->qdhy", inside, case.full("YearSplit"))
        self.by_day = case.full("DaySplit")
        self.repeated = case.full("DaysInDayType")

    def equal(
        self, name: str, level: NDArray[np.int32], *terms: tuple[object, object], side: object = 0.0
    ) -> None:
        """Add ``level - sum of terms = side``; further axes of a term are summed over."""
        rows = self.programme.rows(name, level.shape, lower=side, upper=side)  # type: ignore[arg-type]
        self.programme.add(rows.number, level, 1.0)
        for columns, value in terms:
            found = np.asarray(columns)
            places = rows.number.reshape(level.shape + (1,) * (found.ndim - level.ndim))
            self.programme.add(places, found, -np.asarray(value))

    def tie(self) -> None:
        """S5 to S15: how levels follow from each other and from net charging."""
        net, by_year = self.net.number, self.by_year
        start, end, season = self.year_start.number, self.year_end.number, self.season.number
        first, last = self.day_start.number, self.day_end.number
        # Axes brought into the order: kept ones, then those that are summed.
        whole = net.transpose(0, 1, 5, 2, 3, 4)
        year_share = by_year.transpose(3, 0, 1, 2)
        given = self.case.full("StorageLevelStart")
        self.equal("S5_StorageLevelYearStart", start[:, :, 0], side=given)
        self.equal(
            "S6_StorageLevelYearStart",
            start[:, :, 1:],
            (start[:, :, :-1], 1.0),
            (whole[:, :, :-1], year_share[:-1]),
        )
        self.equal("S7_StorageLevelYearFinish", end[:, :, :-1], (start[:, :, 1:], 1.0))
        self.equal(
            "S8_StorageLevelYearFinish",
            end[:, :, -1:],
            (start[:, :, -1:], 1.0),
            (whole[:, :, -1:], year_share[-1:]),
        )
        self.equal("S9_StorageLevelSeasonStart", season[:, :, :1], (start[:, :, None], 1.0))
        part = net.transpose(0, 1, 2, 5, 3, 4)
        share = by_year.transpose(0, 3, 1, 2)
        self.equal(
            "S10_StorageLevelSeasonStart",
            season[:, :, 1:],
            (season[:, :, :-1], 1.0),
            (part[:, :, :-1], share[:-1]),
        )
        days = net.transpose(0, 1, 2, 3, 5, 4)
        day_share = (self.repeated[:, :, None, :] * self.by_day[None, None]).transpose(0, 1, 3, 2)
        self.equal("S11_StorageLevelDayTypeStart", first[:, :, :, :1], (season[:, :, :, None], 1.0))
        self.equal(
            "S12_StorageLevelDayTypeStart",
            first[:, :, :, 1:],
            (first[:, :, :, :-1], 1.0),
            (days[:, :, :, :-1], day_share[:, :-1]),
        )
        self.equal(
            "S13_StorageLevelDayTypeFinish", last[:, :, -1:, -1:], (end[:, :, None, None], 1.0)
        )
        self.equal(
            "S14_StorageLevelDayTypeFinish", last[:, :, :-1, -1:], (season[:, :, 1:, None], 1.0)
        )
        self.equal(
            "S15_StorageLevelDayTypeFinish",
            last[:, :, :, :-1],
            (last[:, :, :, 1:], 1.0),
            (days[:, :, :, 1:], -day_share[:, 1:]),
        )

    def bound(self, total: Block) -> None:
        """SC1 to SC4: levels between the least charge and the capacity, in first and last weeks."""
        first, last = self.day_start.number, self.day_end.number
        before = np.tri(self.sizes[4], k=-1, dtype=bool)
        after = before.T
        self._between("SC1", first, slice(None), before, 1.0, total)
        self._between("SC2", first[:, :, :, 1:], slice(None, -1), after, -1.0, total)
        self._between("SC3", last, slice(None), after, -1.0, total)
        self._between("SC4", last[:, :, :, :-1], slice(1, None), before, 1.0, total)

    def _between(
        self,
        name: str,
        level: NDArray[np.int32],
        days: slice,
        which: NDArray[np.bool_],
        sign: float,
        total: Block,
    ) -> None:
        """``least <= level + sign * net charging of some brackets of a day <= capacity``."""
        net = self.net.number[:, :, :, days].transpose(0, 1, 2, 3, 5, 4)
        brackets = self.sizes[4]
        shape = (*level.shape, brackets)
        least = self.case.full("MinStorageCharge")[:, :, None, None, :, None]
        capacity = total.number[:, :, None, None, :, None]
        for end, share, side in (
            ("UpperLimit", 1.0, {"upper": 0.0}),
            ("LowerLimit", least, {"lower": 0.0}),
        ):
            rows = self.programme.rows(f"{name}_{end}", shape, **side)
            self.programme.add(rows.number, level[..., None], 1.0)
            self.programme.add(rows.number, capacity, -np.asarray(share))
            moved = np.where(which, sign, 0.0) * self.by_day.T[:, None, :]
            self.programme.add(rows.number[..., None], net[..., None, :], moved)


def store(
    case: Case, priced: Costs, programme: Programme, rate: Block, stands: NDArray[np.bool_]
) -> Store:
    """Add storage to a programme.

    Parameters
    ----------
    case : Case
        The model.
    priced : Costs
        What one unit costs.
    programme : Programme
        Added to.
    rate : Block
        Rates of activity, which charge and discharge.
    stands : array of bool
        Whether storage built in one year stands in another.

    Returns
    -------
    Store
        Its blocks; they are empty where the model has no storage.
    """
    shape = case.shape("ResidualStorageCapacity")
    new = programme.columns("NewStorageCapacity", shape, cost=priced.discounted_storage)
    total = programme.columns("StorageUpperLimit", shape)
    residual = case.full("ResidualStorageCapacity")
    sums = programme.rows("SI1_StorageUpperLimit", shape, lower=residual, upper=residual)
    programme.add(sums.all, total.all, 1.0)
    r, s, y, since = np.nonzero(stands)
    programme.add(sums.at(r, s, y), new.at(r, s, since), -1.0)
    levels = _Levels(case, programme)
    rows = _charging(case, programme, rate, levels)
    if all(levels.sizes):
        levels.tie()
        levels.bound(total)
    named = {
        block.name: block
        for block in (
            levels.year_start,
            levels.year_end,
            levels.season,
            levels.day_start,
            levels.day_end,
        )
    }
    return Store(new, total, levels.net, named, rows)


def _inside(case: Case) -> Floats:
    """Return whether a slice lies in a season, day type and bracket."""
    found: Floats = np.einsum(
        "lq,ld,lh->lqdh",
        case.full("Conversionls"),
        case.full("Conversionld"),
        case.full("Conversionlh"),
    )
    return found


def _charging(case: Case, programme: Programme, rate: Block, levels: _Levels) -> dict[str, Block]:
    """S1, S2: net charging of each bracket; SC5, SC6: its greatest rates."""
    k, q, d, h = (one[None, :, None] for one in np.nonzero(_inside(case)))
    y = np.arange(case.size("YEAR"))[None, None, :]
    net = programme.rows("S1_S2_NetCharge", levels.sizes, lower=0.0, upper=0.0)
    programme.add(net.all, levels.net.all, -1.0)
    made = {}
    for key, way, sign in (("SC5", "To", 1.0), ("SC6", "From", -1.0)):
        limit = case.full(f"StorageMax{'Charge' if way == 'To' else 'Discharge'}Rate")
        name = f"{key}_Max{'Charge' if way == 'To' else 'Discharge'}Constraint"
        rows = programme.rows(name, levels.sizes, upper=limit[:, :, None, None, None, None])
        table = case.rows(f"Technology{way}Storage")
        r, t, s, m = (code[:, None, None] for code in table.codes)
        columns, places = rate.at(r, k, t, m, y), (r, s, q, d, h, y)
        value = table.values[:, None, None]
        programme.add(net.at(*places), columns, sign * value)
        programme.add(rows.at(*places), columns, value)
        made[key] = rows
    return made
