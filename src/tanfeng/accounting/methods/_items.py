"""Materials with their defaults, read from the tables of the standards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

import polars as pl

from tanfeng import standards
from tanfeng.accounting.methods._declare import Default, Item
from tanfeng.errors import ModelError

#: Parameter of the fuels table -> column of the combustion kinds.
_FUEL_COLUMNS = {
    "ncv": "ncv_gj",
    "carbon_content": "carbon_per_heat_tc_gj",
    "oxidation_rate": "oxidation_pct",
}
_PARAMETER_WORDS_ZH = ("低位发热量", "单位热值含碳量", "碳氧化率")


@lru_cache(maxsize=32)
def fuels(guideline: str, *, only: tuple[str, ...] = ()) -> tuple[Item, ...]:
    """Return the fuels of a guideline, in the order of its table.

    Parameters
    ----------
    guideline : str
        A value of ``fuels.guideline``.
    only : tuple of str
        Keys of the fuels wanted; all of them where empty.

    Raises
    ------
    ModelError
        If the guideline is unknown or lacks a fuel asked for.
    """
    rows = standards.load("fuels").filter(
        (pl.col("guideline") == guideline) & pl.col("parameter").is_in(list(_FUEL_COLUMNS))
    )
    keys = rows["fuel_key"].unique(maintain_order=True).to_list()
    lacking = [key for key in only if key not in keys]
    if rows.is_empty() or lacking:
        raise ModelError(f"table fuels has no {lacking or 'fuel'} for guideline {guideline}")
    return tuple(
        _fuel(key, rows.filter(pl.col("fuel_key") == key)) for key in (only or tuple(keys))
    )


def _fuel(key: str, rows: pl.DataFrame) -> Item:
    defaults = {
        _FUEL_COLUMNS[row["parameter"]]: Default(f"fuels/{row['id']}")
        for row in rows.iter_rows(named=True)
    }
    first = rows.row(0, named=True)
    units = rows.filter(pl.col("parameter") == "ncv")["unit"].to_list()
    gas = any("Nm3" in unit for unit in units)
    name_zh = first["name_zh"]
    for words in _PARAMETER_WORDS_ZH:
        name_zh = name_zh.removesuffix(words)
    return Item(
        key,
        name_zh,
        first["name_en"].rsplit(" net calorific", 1)[0].rsplit(" carbon content", 1)[0],
        unit="1e4 Nm3" if gas else "t",
        defaults=MappingProxyType(defaults),
    )


def with_defaults(items: Iterable[Item], defaults: Mapping[str, Default]) -> tuple[Item, ...]:
    """Return materials with further defaults, which win over their own."""
    return tuple(
        Item(
            one.key,
            one.name_zh,
            one.name_en,
            one.unit,
            MappingProxyType({**one.defaults, **defaults}),
        )
        for one in items
    )


def material(
    key: str, name_zh: str, name_en: str, *, unit: str = "t", **refs: str | Default
) -> Item:
    """Return a material.

    Parameters
    ----------
    key, name_zh, name_en : str
        Name.
    unit : str
        Unit of its amount.
    **refs : str or Default
        Column of a parameter -> ``table/row id`` of its default, or the default itself.
    """
    return Item(
        key,
        name_zh,
        name_en,
        unit,
        MappingProxyType(
            {
                column: ref if isinstance(ref, Default) else Default(ref)
                for column, ref in refs.items()
            }
        ),
    )


#: Purchased electricity by the factor of a region and the data year.
def electricity(kind: str, region: str, rule_zh: str, rule_en: str) -> Item:
    """Return purchased electricity with the factor a text asks for.

    Parameters
    ----------
    kind, region : str
        As in the table ``electricity_heat_factors``.
    rule_zh, rule_en : str
        The rule of the text.
    """
    return Item(
        "electricity",
        "电力",
        "electricity",
        "MWh",
        MappingProxyType(
            {
                "power_ef_tco2_mwh": Default(
                    kind=kind, region=region, rule_zh=rule_zh, rule_en=rule_en
                )
            }
        ),
    )


NATIONAL_POWER = electricity(
    "grid_average",
    "CN",
    "采用主管部门公布的全国电力平均排放因子",
    "national average CO₂ factor of electricity as published",
)
HEAT_ITEM = material(
    "heat", "热力", "heat", unit="GJ", heat_ef_tco2_gj="electricity_heat_factors/heat_default_0_11"
)
_CO2_DENSITY = "method_defaults/co2_density"
#: CO2 recovered: what leaves the enterprise and what becomes its own feedstock (F0-10).
CO2_RECOVERED_ITEMS = (
    material(
        "co2_sold",
        "外供二氧化碳",
        "CO₂ supplied to others",
        unit="1e4 Nm3",
        co2_density_t_1e4nm3=_CO2_DENSITY,
    ),
    material(
        "co2_feedstock",
        "自用作原料的二氧化碳",
        "CO₂ used as own feedstock",
        unit="1e4 Nm3",
        co2_density_t_1e4nm3=_CO2_DENSITY,
    ),
)
#: Purity of a carbonate nobody analysed: the conservative guess, marked as such.
PURE = Default(
    "method_defaults/carbonate_purity",
    rule_zh="未检测时按 100% 计（保守）",
    rule_en="100 % where nothing is known (conservative)",
)
_CARBONATES = (
    ("caco3", "碳酸钙（石灰石）", "calcium carbonate (limestone)"),
    ("mgco3", "碳酸镁（菱镁矿）", "magnesium carbonate (magnesite)"),
    ("na2co3", "碳酸钠（纯碱）", "sodium carbonate (soda ash)"),
    ("nahco3", "碳酸氢钠", "sodium bicarbonate"),
    ("feco3", "碳酸亚铁（菱铁矿）", "iron carbonate (siderite)"),
    ("mnco3", "碳酸锰（菱锰矿）", "manganese carbonate (rhodochrosite)"),
    ("baco3", "碳酸钡", "barium carbonate"),
    ("srco3", "碳酸锶", "strontium carbonate"),
    ("li2co3", "碳酸锂", "lithium carbonate"),
    ("k2co3", "碳酸钾", "potassium carbonate"),
    ("camgco32", "白云石", "dolomite"),
)


@lru_cache(maxsize=8)
def carbonates(*keys: str) -> tuple[Item, ...]:
    """Return carbonates with the factors of the common annex, all or those named."""
    chosen = keys or tuple(key for key, _zh, _en in _CARBONATES)
    names = {key: (zh, en) for key, zh, en in _CARBONATES}
    return tuple(
        Item(
            key,
            *names[key],
            "t",
            MappingProxyType(
                {"ef_tco2": Default(f"process_factors/pf_carbonate_{key}"), "purity_pct": PURE}
            ),
        )
        for key in chosen
    )
