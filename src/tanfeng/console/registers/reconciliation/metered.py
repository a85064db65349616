"""What the meters of an enterprise measured in a year, as a side of its reconciliation.

A month is known when every quarter hour that was due is; months no point was due in are not. The
year stands only when twelve months are known: else the amount is a part, which says its share and
is compared with nothing.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

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
        Quarter hours known, of those of the year. [1]
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
        energy = amounts.of_nodes([code], "month", start, end)
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
    """Return scope and item -> what the months of an enterprise say of it.

    Parameters
    ----------
    energy : polars.DataFrame
        Columns of ``ENERGY`` of one node, by month.
    year : int
        Calendar year of the months.
    names : mapping of str to str
        Energy item -> its name among the materials of the method.
    """
    counted = _counted()
    units_of = dict(standards.load("energy_items").select("item_key", "unit").iter_rows())
    parts: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in energy.iter_rows(named=True):
        item = row["item_key"]
        if item in counted:
            key = (_SCOPES.get(item, "direct"), names.get(item, item))
            parts.setdefault(key, []).append(row)
    return {key: _known(rows, year, units_of) for key, rows in sorted(parts.items())}


def _counted() -> frozenset[str]:
    rows = standards.load("item_fuels").filter(
        pl.col("guideline") == _GUIDELINE, pl.col("basis").is_in(_BASES)
    )
    return frozenset(rows["item_key"]) | frozenset(_SCOPES)


def _known(rows: list[dict[str, Any]], year: int, units_of: Mapping[str, str]) -> Known:
    items = tuple(sorted({row["item_key"] for row in rows}))
    months = set(range(1, 13))
    shares = []
    for item in items:
        own = {row["start"].astimezone(LOCAL).month: row for row in rows if row["item_key"] == item}
        months &= {month for month, row in own.items() if _is_whole(row, year, month)}
        slots = sum(
            row["completeness"] * min(row["slots_due"], _slots(year, month))
            for month, row in own.items()
        )
        shares.append(slots / sum(_slots(year, month) for month in range(1, 13)))
    told = [row for row in rows if row["amount"] is not None]
    here, shown = {units_of[item] for item in items}, {row["unit"] for row in rows}
    unit, unit_here = "、".join(sorted(shown)), "、".join(sorted(here))
    amount = sum(row["amount"] for row in told) if told and len(shown) == 1 else None
    estimated = sum(row["estimated"] for row in told) if told else 0.0
    return Known(
        items,
        len(months),
        min(shares),
        estimated / amount if amount else 0.0,
        amount,
        unit,
        sum(row["amount"] * units.factor(row["unit"], units_of[row["item_key"]]) for row in told)
        if told and len(here) == 1
        else None,
        unit_here,
    )


def _slots(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1] * _SLOTS_A_DAY


def _is_whole(row: Mapping[str, Any], year: int, month: int) -> bool:
    """Tell whether a month is known from end to end: nothing due is missing, all of it was due."""
    return bool(row["slots_missing"] == 0 and row["slots_due"] >= _slots(year, month))
