"""What a page, a chart or the API may ask a figure of: sums over line quantities with a sign.

The keys are the columns of ``tanfeng.accounting.headline``. A figure is empty when no line speaks
of it; a sum over some empty parts is the sum of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BASES = ("average", "residual", "fossil")
BASIS_NAMES: Mapping[str, Promise] = MappingProxyType(
    {
        "average": _("Average factor"),
        "residual": _("Residual mix"),
        "fossil": _("Fossil only"),
    }
)
#: Boundary of an emission figure -> measure.
BOUNDARIES: Mapping[str, str] = MappingProxyType(
    {"total": "emission_total_tco2", "direct": "emission_direct_tco2"}
)
BOUNDARY_NAMES: Mapping[str, Promise] = MappingProxyType(
    {"direct": _("Direct"), "total": _("Direct + power and heat")}
)
#: Quantities of the lines, in the order of the columns of ``Total``.
QUANTITIES = (
    "energy_calorific_tce",
    "energy_equivalent_tce",
    "feedstock_calorific_tce",
    "feedstock_equivalent_tce",
    "green_power_calorific_tce",
    "green_power_equivalent_tce",
    "emission_fuel_tco2",
    "emission_electricity_average_tco2",
    "emission_electricity_residual_tco2",
    "emission_electricity_fossil_tco2",
    "emission_heat_tco2",
)
#: How a figure divides: by data quality, and what rests on 待核实 rows. Parts are amounts without
#: sign: power sold to others takes off a total, and shares of signed sums would pass 100 %.
TIERS = ("measured", "reported", "estimated")
PARTS = (*TIERS, "unverified")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure: its name, its unit, and the quantities it adds up and takes off."""

    key: str
    unit: str
    name: Promise
    added: tuple[str, ...]
    deducted: tuple[str, ...] = ()

    def plus(self, basis: str) -> tuple[str, ...]:
        """Return the quantities added, on a basis of electricity."""
        return tuple(part.replace("{basis}", basis) for part in self.added)

    def quantities(self, basis: str) -> tuple[str, ...]:
        """Return every quantity the figure rests on."""
        return self.plus(basis) + self.deducted

    @property
    def is_emission(self) -> bool:
        """Tell whether the figure is an amount of CO2."""
        return self.unit == "tCO2"

    @property
    def follows_basis(self) -> bool:
        """Tell whether the basis of electricity changes the figure."""
        return any("{basis}" in part for part in self.added)


def _energy(method: str, suffix: str, name: Promise, *deducted: str) -> Measure:
    return Measure(
        f"energy_{method}{suffix}_tce",
        "tce",
        name,
        (f"energy_{method}_tce",),
        tuple(f"{part}_{method}_tce" for part in deducted),
    )


_ELECTRICITY = "emission_electricity_{basis}_tco2"
_FUEL, _HEAT = "emission_fuel_tco2", "emission_heat_tco2"
_FEEDSTOCK, _GREEN = "feedstock", "green_power"

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        measure.key: measure
        for measure in (
            Measure(
                "emission_total_tco2",
                "tCO2",
                _("CO₂, direct and power and heat"),
                (_FUEL, _ELECTRICITY, _HEAT),
            ),
            Measure("emission_direct_tco2", "tCO2", _("Direct CO₂"), (_FUEL,)),
            Measure(
                "emission_indirect_tco2",
                "tCO2",
                _("CO₂ of purchased power and heat"),
                (_ELECTRICITY, _HEAT),
            ),
            Measure(
                "emission_electricity_tco2", "tCO2", _("CO₂ of purchased power"), (_ELECTRICITY,)
            ),
            Measure("emission_heat_tco2", "tCO2", _("CO₂ of purchased heat"), (_HEAT,)),
            _energy("equivalent", "", _("Energy, equivalent")),
            _energy(
                "equivalent",
                "_net_feedstock",
                _("Energy, equivalent, net of feedstock"),
                _FEEDSTOCK,
            ),
            _energy(
                "equivalent",
                "_net_green_power",
                _("Energy, equivalent, net of green power"),
                _GREEN,
            ),
            _energy(
                "equivalent",
                "_net_both",
                _("Energy, equivalent, net of feedstock and green power"),
                _FEEDSTOCK,
                _GREEN,
            ),
            _energy("calorific", "", _("Energy, calorific")),
            _energy(
                "calorific", "_net_feedstock", _("Energy, calorific, net of feedstock"), _FEEDSTOCK
            ),
            _energy(
                "calorific", "_net_green_power", _("Energy, calorific, net of green power"), _GREEN
            ),
            _energy(
                "calorific",
                "_net_both",
                _("Energy, calorific, net of feedstock and green power"),
                _FEEDSTOCK,
                _GREEN,
            ),
        )
    }
)


def named(key: str) -> Measure:
    """Return a measure, or a single quantity of the lines as one.

    Raises
    ------
    KeyError
        If the key is neither.
    """
    if key in MEASURES:
        return MEASURES[key]
    if key not in QUANTITIES:
        raise KeyError(key)
    return Measure(key, "tCO2" if key.endswith("_tco2") else "tce", _(key), (key,))


def column(quantity: str, part: str = "") -> str:
    """Return the column of a wide frame that holds a quantity, or a part of it."""
    return f"{quantity}.{part}" if part else quantity


def expression(measure: str, basis: str = "average", part: str = "") -> pl.Expr:
    """Return the figure, or a part of it, over one row of a wide frame.

    Parameters
    ----------
    measure : str
        Key of ``MEASURES`` or one of ``QUANTITIES``.
    basis : str
        Basis of electricity, one of ``BASES``.
    part : str
        Empty for the figure, else one of ``PARTS``.

    Returns
    -------
    polars.Expr
        Named by the measure, with ``.part`` behind it for a part. The figure is empty where every
        quantity added is; a part is an amount without sign.
    """
    chosen = named(measure)
    if part:
        parts = [pl.col(column(name, part)).abs() for name in chosen.quantities(basis)]
        return pl.sum_horizontal(parts).alias(column(measure, part))
    plus = chosen.plus(basis)
    value = pl.sum_horizontal(plus)
    if chosen.deducted:
        value = value - pl.sum_horizontal(chosen.deducted)
    speaks = pl.any_horizontal(pl.col(name).is_not_null() for name in plus)
    return pl.when(speaks).then(value).alias(measure)


def summed(*names: str) -> list[pl.Expr]:
    """Return sums that stay empty when every value is empty."""
    return [
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in names
    ]


def shares(row: Mapping[str, float | None], prefix: str = "") -> dict[str, float | None]:
    """Return the parts of a row as shares of all that is in it.

    Parameters
    ----------
    row : mapping
        Holds the ``PARTS`` under their names, after ``prefix``.
    prefix : str
        For example ``emission_tco2.``.

    Returns
    -------
    dict
        ``measured_share`` and so on [1]; None where nothing is in it.
    """
    parts = {part: row.get(f"{prefix}{part}") or 0.0 for part in PARTS}
    whole = sum(parts[tier] for tier in TIERS)
    return {f"{part}_share": value / whole if whole else None for part, value in parts.items()}


def of(values: Mapping[str, float | None], measure: str, basis: str = "average") -> float | None:
    """Return a figure from quantities that are already summed, such as a row of ``Total``."""
    chosen = MEASURES[measure]
    plus = [values[name] for name in chosen.plus(basis)]
    if all(value is None for value in plus):
        return None
    return _sum(plus) - _sum(values[name] for name in chosen.deducted)


def _sum(values: Iterable[float | None]) -> float:
    return sum(value for value in values if value is not None)
