"""Discounting, annuities and salvage: what one unit costs, before anything is decided.

Every function names the equation of the formulation it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tanfeng.pathway.osemosys._case import Case, Floats

_SINKING_FUND = 1


class Costs(NamedTuple):
    """Costs of one unit, in money of the first year where ``discounted``.

    Attributes
    ----------
    start, mid : array [region, year]
        What money of a year is divided by at its beginning and in its middle.
    end : array [region]
        The same after the last year, for salvage.
    capital : array [region, technology, year]
        Investment of one unit of capacity, with its own rate of interest (CC1).
    salvage : array [region, technology, year]
        What of it is left after the last year, in money of that time (SV1 to SV3).
    storage_start : array [region, storage, year]
    storage_end : array [region, storage]
    storage_capital, storage_salvage : array [region, storage, year]
        The same for storage (SI4 to SI9).
    """

    start: Floats
    mid: Floats
    end: Floats
    capital: Floats
    salvage: Floats
    storage_start: Floats
    storage_end: Floats
    storage_capital: Floats
    storage_salvage: Floats

    @property
    def discounted_capital(self) -> Floats:
        """Investment less salvage of one unit of capacity, discounted (CC2, SV4)."""
        made: Floats = (
            self.capital / self.start[:, None, :] - self.salvage / self.end[:, None, None]
        )
        return made

    @property
    def discounted_storage(self) -> Floats:
        """Investment less salvage of one unit of storage, discounted (SI5, SI9, SI10)."""
        made: Floats = (
            self.storage_capital / self.storage_start
            - self.storage_salvage / self.storage_end[:, :, None]
        )
        return made


def costs(case: Case) -> Costs:
    """Work out the costs of one unit.

    Parameters
    ----------
    case : Case
        The model.

    Returns
    -------
    Costs
        In the money of the model.
    """
    since = (case.years - case.years[0]).astype(np.float64)
    span = float(since[-1]) + 1.0
    rate, method = case.full("DiscountRate"), case.full("DepreciationMethod")
    life = case.full("OperationalLife")
    capital = (
        case.full("CapitalCost")
        * (_recovery(case.full("DiscountRateIdv"), life) * _annuity(rate[:, None], life))[
            :, :, None
        ]
    )
    kept = _left(rate[:, None, None], method[:, None, None], life[:, :, None], span - since)
    own, own_life = case.full("DiscountRateStorage"), case.full("OperationalLifeStorage")
    stored = case.full("CapitalCostStorage")
    own_kept = _left(own[:, :, None], method[:, None, None], own_life[:, :, None], span - since)
    return Costs(
        start=(1.0 + rate)[:, None] ** since,
        mid=(1.0 + rate)[:, None] ** (since + 0.5),
        end=(1.0 + rate) ** span,
        capital=capital,
        salvage=capital * kept,
        storage_start=(1.0 + own)[:, :, None] ** since,
        storage_end=(1.0 + own) ** span,
        storage_capital=stored,
        storage_salvage=stored * own_kept,
    )


def _recovery(rate: Floats, life: Floats) -> Floats:
    """CapitalRecoveryFactor, of payments at the beginning of years; its limit without interest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        made = (1.0 - 1.0 / (1.0 + rate)) / (1.0 - (1.0 + rate) ** -life)
    return np.where(rate == 0.0, 1.0 / life, made)


def _annuity(rate: Floats, life: Floats) -> Floats:
    """PvAnnuity; its limit without interest."""
    with np.errstate(divide="ignore", invalid="ignore"):
        made = (1.0 - (1.0 + rate) ** -life) * (1.0 + rate) / rate
    return np.where(rate == 0.0, life, made)


def _left(rate: Floats, method: Floats, life: Floats, served: Floats) -> Floats:
    """Share of an investment left after the last year, having served some years of its life."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fund = 1.0 - ((1.0 + rate) ** served - 1.0) / ((1.0 + rate) ** life - 1.0)
        line = 1.0 - served / life
    left = np.where((method == _SINKING_FUND) & (rate != 0.0), fund, line)
    return np.where(life > served, left, 0.0)
