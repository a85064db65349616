"""The tables metering takes and gives: columns, types, and what each word means.

Every time is an instant in UTC to the microsecond; days and months are those of the city's clock,
UTC+08:00 (:mod:`tanfeng.periods`). A reading has two times: when it happened (``time``) and when it
became known (``received``).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import polars as pl

from tanfeng.errors import ModelError

TIME: pl.DataType = pl.Datetime("us", "UTC")

_Types = Mapping[str, pl.DataType | type[pl.DataType]]


def _schema(columns: _Types) -> pl.Schema:
    return pl.Schema(columns)


#: Length of a derived slot. [s]
SLOT_S = 900

#: Quality code a reading comes with: 0 good, 1 uncertain, 2 bad (kept, never used), 3 read by hand.
GOOD, UNCERTAIN, BAD, BY_HAND = 0, 1, 2, 3

#: What the value of a point is: a register that only counts up, the amount of one interval ending
#: at its time, or the rate at its time.
KINDS = ("register", "amount", "power")
Kind = Literal["register", "amount", "power"]

#: Water is metered like energy and is no energy item of the standards; it is counted in m3.
WATER = "water"
#: What is metered and worth no tce and no CO2 by definition: nobody is asked for its factor.
WORTHLESS = frozenset({WATER})
#: What everybody draws from a public network: without a meter at the gate it still comes in there.
NETWORKED = frozenset({"electricity", WATER})

#: How far a derived value can be trusted. Of a sum, "partial" and "missing" say that some or all
#: of it is not known.
QUALITIES = ("measured", "estimated", "partial", "missing")
QUALITY: pl.Enum = pl.Enum(QUALITIES)

#: Steps of the tree, from the machine to the city.
NODE_KINDS = ("equipment", "unit", "enterprise", "park", "county", "city")

READINGS = _schema(
    {
        "point": pl.String,
        "time": TIME,
        "value": pl.Float64,  # as shown, in the unit of the point, before the multiplier
        "quality": pl.Int16,
        "source": pl.String,
        "received": TIME,
        "batch": pl.String,
    }
)
"""One row per value that ever came. Of one point and time the greatest (received, batch) holds."""

POINTS = _schema(
    {
        "point": pl.String,
        "name": pl.String,
        "kind": pl.String,
        "item_key": pl.String,  # energy item of the standards room
        "unit": pl.String,  # a unit of tables/meter_units.csv
        "multiplier": pl.Float64,  # current transformer x voltage transformer, > 0
        "digits": pl.Int8,  # integer digits of the register; null: not known
        "rated_power": pl.Float64,  # most that can flow in an hour, base unit; null: not known
        "interval_s": pl.Int32,  # spacing the readings should have
        "sign": pl.Int8,  # +1 into the node, -1 out of it
        "level": pl.Int8,  # 1, 2, 3 of GB 17167; null: not classed
        "node": pl.String,
        "expression": pl.String,  # of a virtual meter, else null
        "retired": TIME,  # from then on it owes nothing; null: in use
        "origin": pl.String,  # console, import or device
        "recorded": TIME,
    }
)
"""One row per version of a point; the one recorded last holds."""

DEVICES = _schema(
    {
        "point": pl.String,
        "device": pl.String,  # serial number
        "installed": TIME,
        "removed": TIME,
        "opening": pl.Float64,  # register when hung, as shown
        "closing": pl.Float64,  # register when taken down, as shown
        "multiplier": pl.Float64,
        "digits": pl.Int8,
        "recorded": TIME,
    }
)
"""One row per meter hung at a point; a replacement is two rows."""

NODES = _schema(
    {
        "node": pl.String,
        "name": pl.String,
        "kind": pl.String,
        "credit_code": pl.String,
        "place_code": pl.String,
        "recorded": TIME,
    }
)
EDGES = _schema({"parent": pl.String, "child": pl.String})
"""The tree: an enterprise may hang under a county and a park; a parent counts each child once."""

SLOTS = _schema(
    {
        "point": pl.String,
        "start": TIME,
        "amount": pl.Float64,  # in the base unit of the point; null: not known
        "measured": pl.Float64,  # part of the amount that is measured, the rest is estimated
        "quality": QUALITY,
        "rule": pl.String,  # the rule that decided, docs/methods/metering
    }
)
"""One row per point and quarter hour from its first reading on; not known is null, never 0."""

CORRECTIONS = _schema(
    {
        "point": pl.String,
        "time": TIME,
        "rule": pl.String,
        "amount": pl.Float64,  # added to the plain difference of the register, base unit
    }
)
"""Everything by which the sum of the slots departs from register end minus start, with its rule."""

ENERGY = _schema(
    {
        "node": pl.String,
        "start": TIME,
        "item_key": pl.String,
        "amount": pl.Float64,
        "unit": pl.String,
        "measured": pl.Float64,
        "estimated": pl.Float64,
        "slots_due": pl.Int64,
        "slots_measured": pl.Int64,
        "slots_estimated": pl.Int64,
        "slots_missing": pl.Int64,
        "completeness": pl.Float64,  # known slots / due slots
        "quality": QUALITY,
        "energy_calorific_tce": pl.Float64,
        "energy_equivalent_tce": pl.Float64,
        "emission_tco2e": pl.Float64,
    }
)
"""One row per node (or point), period and energy item."""

FACTORS = _schema(
    {
        "item_key": pl.String,
        "unit": pl.String,  # base unit the factors are per
        "year": pl.Int32,
        "calorific_tce_per_unit": pl.Float64,
        "equivalent_tce_per_unit": pl.Float64,
        "emission_tco2e_per_unit": pl.Float64,
        "refs": pl.String,
        "confidence": pl.String,
    }
)
"""What a unit of an item is worth in a year; whoever asks for tce or CO2 makes it."""


class UnknownMeterUnit(ModelError):
    """A point states a unit no meter shows."""


@dataclass(frozen=True, slots=True)
class MeterUnit:
    """A unit of a metering point.

    Parameters
    ----------
    unit, base_unit : str
        As the meter shows it, and the unit of derived amounts.
    factor : float
        Base units in one unit. [base_unit/unit]
    measures : {"amount", "rate"}
        A rate is per hour: held for an hour it gives ``factor`` base units.
    name_zh, name_en : str
        For people.
    """

    unit: str
    base_unit: str
    factor: float
    measures: str
    name_zh: str
    name_en: str


@lru_cache(maxsize=1)
def meter_units() -> Mapping[str, MeterUnit]:
    """Every unit a point may have, by its spelling.

    Returns
    -------
    mapping of str to MeterUnit
        From ``tables/meter_units.csv``.
    """
    table = resources.files("tanfeng.metering") / "tables" / "meter_units.csv"
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {
        row["unit"]: MeterUnit(
            unit=row["unit"],
            base_unit=row["base_unit"],
            factor=float(row["factor"]),
            measures=row["measures"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
        )
        for row in rows
    }


def meter_unit(unit: str) -> MeterUnit:
    """One unit of a metering point.

    Raises
    ------
    UnknownMeterUnit
        If no meter shows that unit; the message lists those that stand.
    """
    try:
        return meter_units()[unit]
    except KeyError:
        raise UnknownMeterUnit(
            f"{unit!r} is not a unit of a metering point; one of {', '.join(meter_units())}"
        ) from None
