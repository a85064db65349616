"""Materials the national-market texts of steel and aluminium share."""

from __future__ import annotations

from tanfeng.accounting.methods._declare import Default, Item
from tanfeng.accounting.methods._items import fuels, with_defaults

#: Bituminous coal has a default heat and no default carbon: its carbon must be tested.
_SOLID = ("anthracite", "bituminous", "lignite", "gangue", "slime", "coke", "petcoke")
_FLUID = (
    "crude_oil",
    "fuel_oil",
    "gasoline",
    "diesel",
    "kerosene",
    "lng",
    "lpg",
    "coal_tar",
    "refinery_gas",
    "natural_gas",
    "bf_gas",
    "converter_gas",
    "coke_oven_gas",
)


def market_fuels() -> tuple[Item, ...]:
    """Return the fuels of the market texts, solid ones with their common oxidation rate."""
    rate = Default(
        "method_defaults/cets_solid_oxidation",
        rule_zh="固体燃料碳氧化率缺省值",
        rule_en="default oxidation rate of solid fuel",
    )
    solid = with_defaults(fuels("CETS-2024", only=_SOLID), {"oxidation_pct": rate})
    return (*solid, *fuels("CETS-2024", only=_FLUID))
