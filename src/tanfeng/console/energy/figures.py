"""Sums of what was metered, what they are called, and how they are shown; nothing is asked here.

What is not known stays null: a sum of nothing known is no zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import unit as unit_words
from tanfeng.sheets.meter_list import item_names

#: Columns that are added up; null when none of them is known.
AMOUNTS = (
    "amount", "measured", "estimated",
    "energy_calorific_tce", "energy_equivalent_tce", "emission_tco2e",
)  # fmt: skip
SLOTS = ("slots_due", "slots_measured", "slots_estimated", "slots_missing")


@dataclass(frozen=True, slots=True)
class Measure:
    """What energy is counted in.

    Parameters
    ----------
    column : str
        Column of the engine's frames.
    label : str
        For people.
    unit : str
        Empty where it is that of the item.
    """

    column: str
    label: str | Promise
    unit: str


MEASURES: Mapping[str, Measure] = {
    "equivalent": Measure("energy_equivalent_tce", pgettext_lazy("tce", "equivalent"), "tce"),
    "calorific": Measure("energy_calorific_tce", pgettext_lazy("tce", "calorific"), "tce"),
    "co2": Measure("emission_tco2e", _("CO₂"), "tCO₂"),
    "physical": Measure("amount", _("physical amount"), ""),
}
DEFAULT = "equivalent"
#: Colour of an item in every picture of this room; what is not named takes its turn.
COLOURS = {
    "electricity": "petrochemical", "natural_gas": "building", "heat": "textile",
    "steam_t": "textile", "raw_coal": "power", "steam_coal": "power", "coke": "equipment",
    "lng": "building", "self_gen_power": "steel", "bf_gas": "electronics",
    "coke_oven_gas": "equipment", "converter_gas": "other",
}  # fmt: skip
#: From this many units on they are counted in ten thousands.
_MANY = 100_000.0


def summed(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Add up rows of the engine's energy frames.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of :data:`tanfeng.metering.frames.ENERGY`, perhaps with ``point`` for ``node``.
    keys : sequence of str
        What is kept apart.

    Returns
    -------
    polars.DataFrame
        The keys, ``unit``, every amount (null when none is known), every count of quarter hours,
        ``completeness`` [1]; sorted by the keys.
    """
    known = [pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()) for name in AMOUNTS]
    return (
        frame.sort([*keys, "start"] if "start" in frame.columns else list(keys))
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("unit").first(),
            *(one.alias(name) for one, name in zip(known, AMOUNTS, strict=True)),
            pl.col(SLOTS).sum(),
        )
        .with_columns(completeness=1 - pl.col("slots_missing") / pl.col("slots_due"))
    )


def name_of(item: str) -> str:
    """Return the name of an energy item in the language of the page."""
    zh, en = item_names(item)
    return en if language() == "en" else zh


def order(items: Iterable[str]) -> list[str]:
    """Return items with electricity first, the others by key."""
    return sorted(set(items), key=lambda key: (key != "electricity", key))


def colours(items: Sequence[str]) -> dict[str, str]:
    """Return the colour of each item; what has none of its own gets one that is free."""
    free = [key for key in ("other", "equipment", "electronics", "steel", "power") if key not in {
        COLOURS.get(item) for item in items}]  # fmt: skip
    found = {}
    for item in items:
        found[item] = COLOURS.get(item) or (free.pop(0) if free else "other")
    return found


def scale(values: Iterable[float | None], unit: str) -> tuple[float, str]:
    """Return what amounts are divided by to be read, and the unit they then have.

    Parameters
    ----------
    values : iterable of float or None
        What is shown together.
    unit : str
        Unit of the amounts.
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if unit in ("kWh", "m3") and largest >= _MANY:
        return 10_000.0, unit_words(f"1e4 {unit}")
    return 1.0, unit_words(unit)


def places(values: Iterable[float | None]) -> int:
    """Return how many decimals tell values apart without drowning the reader."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return 0 if largest >= 10_000 else 1 if largest >= 100 else 2 if largest >= 1 else 3


def trust(row: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the quarter hours measured, estimated and missing of a row."""
    return row["slots_measured"], row["slots_estimated"], row["slots_missing"]
