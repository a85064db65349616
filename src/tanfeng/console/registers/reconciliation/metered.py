"""What the meters of an enterprise measured in a year, as a side of its reconciliation.

A month is known when on each of its days the same whole meters were due and nothing of them is
missing: a meter hung or taken away in mid-month, or two, leave it open what flowed without them.
The year stands only when twelve months are known: else the amount is a part, which says its share
and is compared with nothing.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from tanfeng import standards, units
from tanfeng.accounting import reconcile
from tanfeng.accounting.reconcile import View
from tanfeng.console.metering import amounts
from tanfeng.errors import ModelError
from tanfeng.metering.frames import SLOT_S
from tanfeng.periods import LOCAL

#: Of the general guideline, which says of every item whether it is a fuel. Items that are neither
#: fuel nor bought power or heat (air, oxygen, own generation) emit nothing; what it has no factor
#: for is shown without a value.
_GUIDELINE, _BASES = "NDRC-GENERAL-2015", ("fuel", "biogenic", "missing")
_SCOPES: Mapping[str, str] = {"electricity": "electricity", "heat": "heat", "steam_t": "heat"}
#: From UTC to the city's clock.
_CLOCK = "8h"
_SLOTS_A_DAY = 86_400 // SLOT_S
#: Most that is known of a year with a month that is not whole, however little is missing.
_JUST_BELOW = 0.999999


@dataclass(frozen=True, slots=True)
class Known:
    """What the meters know of one item in a year.

    Parameters
    ----------
    items : tuple of str
        Energy items metered; several may be one fuel of the method.
    months : int
        Months known from end to end.
    share : float
        Quarter hours known, of those of the year for the most meters of any day. [1]
    estimated : float
        Share of the amount that is estimated. [1]
    amount, unit
        What was metered, in the unit of the meters; None where nothing is known.
    converted, unit_here
        The same in the unit of the statistics.
    """

    items: tuple[str, ...]
    months: int
    share: float
    estimated: float
    amount: float | None
    unit: str
    converted: float | None
    unit_here: str

    @property
    def is_whole(self) -> bool:
        """Whether every month of the year is known."""
        return self.months == 12


@dataclass(frozen=True, slots=True)
class Metered:
    """The metered side of an enterprise and year.

    Parameters
    ----------
    view : View or None
        None where no point of the enterprise measured anything in the year.
    known : mapping
        (scope, item) of the view -> what is known of it.
    problem : ModelError, optional
        Why the meters could not be summed.
    """

    view: View | None
    known: Mapping[tuple[str, str], Known]
    problem: ModelError | None = None


def of(code: str, year: int, names: Mapping[str, str]) -> Metered:
    """Return what the meters of an enterprise measured in a year.

    Parameters
    ----------
    code : str
        Its credit code.
    year : int
        Calendar year of the city.
    names : mapping of str to str
        Energy item -> its name among the materials of the method.
    """
    start, end = (datetime(one, 1, 1, tzinfo=LOCAL) for one in (year, year + 1))
    try:
        energy = amounts.of_nodes([code], "day", start, end)
        rows = of_energy(energy.filter(pl.col("node") == code), year, names)
    except ModelError as error:
        return Metered(None, {}, error)
    if not rows:
        return Metered(None, {})
    frame = pl.DataFrame(
        [
            {
                "org_code": code, "year": year, "scope": scope, "item": item,
                "unit": one.unit_here, "quantity": one.converted,
                "known_share": 1.0 if one.is_whole else min(one.share, _JUST_BELOW),
            }
            for (scope, item), one in rows.items()
        ],
        schema_overrides={"quantity": pl.Float64},
    )  # fmt: skip
    return Metered(reconcile.meter_view(frame), rows)


def beside(meters: View, base: View) -> View:
    """Return the meters with a row for all the base has; of what no point measures none is known.

    An item without a meter is no difference of the amounts: it is shown and not compared.
    """
    keys = ["org_code", "year", "scope", "item"]
    rest = base.rows.join(meters.rows, on=keys, how="anti").with_columns(
        activity=pl.lit(None, dtype=pl.Float64),
        unit=pl.lit(""),
        emission_tco2=pl.lit(None, dtype=pl.Float64),
        way=pl.lit(""),
        missing_rows=pl.lit(0, dtype=pl.Int64),
        known_share=pl.lit(0.0),
    )
    return replace(meters, rows=pl.concat([meters.rows, rest]).sort(keys))


def of_energy(
    energy: pl.DataFrame, year: int, names: Mapping[str, str]
) -> dict[tuple[str, str], Known]:
    """Return scope and item -> what the days of an enterprise say of it.

    Parameters
    ----------
    energy : polars.DataFrame
        Columns of ``ENERGY`` of one node, by day of the city.
    year : int
        Calendar year of the days.
    names : mapping of str to str
        Energy item -> its name among the materials of the method.
    """
    units_of = dict(standards.load("energy_items").select("item_key", "unit").iter_rows())
    parts: dict[tuple[str, str], list[_Item]] = {}
    counted = energy.filter(pl.col("item_key").is_in(_counted()))
    for (item,), days in counted.group_by("item_key"):
        key = (_SCOPES.get(str(item), "direct"), names.get(str(item), str(item)))
        parts.setdefault(key, []).append(_item(str(item), days, year, units_of[str(item)]))
    return {key: _known(items) for key, items in sorted(parts.items())}


def _counted() -> frozenset[str]:
    rows = standards.load("item_fuels").filter(
        pl.col("guideline") == _GUIDELINE, pl.col("basis").is_in(_BASES)
    )
    return frozenset(rows["item_key"]) | frozenset(_SCOPES)


def _known(items: list[_Item]) -> Known:
    here, shown = {one.unit_here for one in items}, {one.unit for one in items}
    told = [one for one in items if one.amount is not None]
    amount = sum(one.amount or 0.0 for one in told) if told and len(shown) == 1 else None
    converted = sum(one.converted or 0.0 for one in told) if told and len(here) == 1 else None
    return Known(
        tuple(sorted(one.item for one in items)),
        len(set.intersection(*(one.months for one in items))),
        min(one.share for one in items),
        sum(one.estimated for one in told) / amount if amount else 0.0,
        amount,
        "、".join(sorted(shown)),
        converted,
        "、".join(sorted(here)),
    )


@dataclass(frozen=True, slots=True)
class _Item:
    """What the days of one energy item say: months known, amounts of what is known."""

    item: str
    months: set[int]
    share: float
    amount: float | None
    estimated: float
    unit: str
    converted: float | None
    unit_here: str


def _item(item: str, days: pl.DataFrame, year: int, unit_here: str) -> _Item:
    (unit,) = days["unit"].unique()
    due = pl.col("slots_due")
    by_month = days.group_by(pl.col("start").dt.offset_by(_CLOCK).dt.month()).agg(
        days=pl.len(),
        is_even=(due.min() == due.max()) & (due.min() % _SLOTS_A_DAY == 0),
        missing=pl.col("slots_missing").sum(),
    )
    months = {
        month
        for month, count, is_even, missing in by_month.iter_rows()
        if is_even and not missing and count == calendar.monthrange(year, month)[1]
    }
    slots_known, most_due, told, amount, estimated = days.select(
        slots_known=(due - pl.col("slots_missing")).sum(),
        most_due=due.max(),
        told=pl.col("amount").count(),
        amount=pl.col("amount").sum(),
        estimated=pl.col("estimated").sum(),
    ).row(0)
    year_days = 365 + calendar.isleap(year)
    return _Item(
        item,
        months,
        # Due is due on some meter: the day most were due on says how many there are.
        slots_known / (year_days * math.ceil(most_due / _SLOTS_A_DAY) * _SLOTS_A_DAY),
        amount if told else None,
        estimated,
        unit,
        amount * units.factor(unit, unit_here) if told else None,
        unit_here,
    )
