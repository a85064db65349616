"""CETS-AG-02.01-V01-2024: national carbon market, cement clinker.

企业温室气体排放核算与报告指南 水泥行业（CETS-AG-02.01-V01-2024）, for data from 2024-09-14.
Boundary: the clinker line from raw-meal preparation to the clinker store, and the enterprise with
power plant and other production. Gas: CO2; direct emissions only, electricity and heat are filled
in for information and stand outside the total.

Sum (F5-7): fuel + process of the lines + power plant + others. Formulas and doubts:
``docs/methods/cets-ag-02-01-2024.md``.
"""

from __future__ import annotations

import polars as pl

from tanfeng import standards
from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import FUEL, FUEL_BY_CARBON
from tanfeng.accounting.methods._declare import Default, Item, Method, Sampling, Stream
from tanfeng.accounting.methods._items import (
    fuels,
    material,
    with_defaults,
)
from tanfeng.accounting.methods._mineral import CLINKER_FACTOR, SUBSTITUTE_DEDUCTION

#: Bituminous coal has a default heat and no default carbon: its carbon must be tested.
_SOLID = ("anthracite", "bituminous", "lignite", "gangue", "slime", "coke", "petcoke")
_OTHER = ("natural_gas", "fuel_oil", "diesel", "gasoline", "lpg", "lng")


def _burned_in(device: str) -> tuple[Item, ...]:
    """Solid fuels with the oxidation rate of the device that burns them."""
    rate = Default(
        f"fuels/fuel_cets_2024_solid_{device}_oxidation_rate",
        rule_zh="固体燃料碳氧化率按燃烧设备取值",
        rule_en="oxidation rate of solid fuel by the device that burns it",
    )
    return with_defaults(fuels("CETS-2024", only=_SOLID), {"oxidation_pct": rate})


def _substitutes() -> tuple[Item, ...]:
    prefix = "pf_clinker_deduction_"
    rows = standards.load("process_factors").filter(pl.col("id").str.starts_with(prefix))
    return tuple(
        material(
            row["id"].removeprefix(prefix),
            row["name_zh"].removesuffix("非碳酸盐替代原料扣减系数"),
            row["name_en"].removesuffix(" non-carbonate raw-material deduction"),
            deduction_tco2_t=f"process_factors/{row['id']}",
        )
        for row in rows.iter_rows(named=True)
    )


def _clinker(key: str, zh: str, en: str) -> Item:
    return material(key, zh, en, clinker_ef_tco2_t=f"process_factors/pf_clinker_{key}")


_COAL = (
    Sampling(
        "ncv_gj",
        rule_zh="每批次检测，按用量加权",
        rule_en="every batch, weighted by the amount",
    ),
)

METHOD = Method(
    key="cets_ag_02_01_2024",
    number="CETS-AG-02.01-V01-2024",
    title_zh="企业温室气体排放核算与报告指南 水泥行业",
    title_en="Greenhouse gas accounting and reporting for the national market, cement",
    edition="V01-2024",
    valid_from="2024-09-14",
    valid_to="",
    sector="building",
    boundary_zh="熟料生产线（生料制备至熟料库）及企业层级的自备电厂和其他生产；仅计直接二氧化碳排放。",
    boundary_en="The clinker line from raw-meal preparation to the clinker store, and at the level "
    "of the enterprise its power plant and other production; direct CO₂ only.",
    streams=(
        Stream(
            "fuel",
            "熟料生产线化石燃料燃烧",
            "fuel of the clinker line",
            (FUEL, FUEL_BY_CARBON),
            (*_burned_in("cement_kiln"), *fuels("CETS-2024", only=_OTHER)),
            measured=frozenset({"used_qty", "ncv_gj"}),
            sampling=_COAL,
        ),
        Stream(
            "process",
            "熟料生产过程",
            "process of the clinker line",
            (CLINKER_FACTOR,),
            (
                _clinker("portland", "硅酸盐水泥熟料", "Portland clinker"),
                _clinker("white", "白色硅酸盐水泥熟料", "white Portland clinker"),
                _clinker("sulfoaluminate", "硫（铁）铝酸盐水泥熟料", "sulfoaluminate clinker"),
                _clinker("aluminate", "铝酸盐水泥熟料", "aluminate clinker"),
            ),
            measured=frozenset({"clinker_t"}),
        ),
        Stream(
            "substitutes",
            "非碳酸盐替代原料扣减",
            "non-carbonate raw material, deducted",
            (SUBSTITUTE_DEDUCTION,),
            _substitutes(),
            measured=frozenset({"substitute_t"}),
        ),
        Stream(
            "power_plant",
            "自备电厂化石燃料燃烧",
            "fuel of the own power plant",
            (FUEL, FUEL_BY_CARBON),
            (*_burned_in("power_boiler"), *fuels("CETS-2024", only=_OTHER)),
            facility=False,
        ),
        Stream(
            "other",
            "其他生产化石燃料燃烧",
            "fuel of other production",
            (FUEL, FUEL_BY_CARBON),
            (*_burned_in("industrial_boiler"), *fuels("CETS-2024", only=_OTHER)),
            facility=False,
        ),
        electricity(for_information=True),
        heat(for_information=True),
    ),
    doubts_zh=(
        "烟煤单位热值含碳量在标准表中缺失；须填实测含碳量，否则为缺口。",
        "替代原料扣减在每线每月是否以零为下限未确认，此处不设下限。",
        "替代原料系数表原有 30 种，标准表收录 22 种。",
        "高海拔修正是否适用于本指南未确认，未计入。",
        "条款号和公式编号未见。",
    ),
    doubts_en=(
        "The carbon per heat of bituminous coal is missing in the table; without a "
        "tested carbon content the row is a gap.",
        "Whether the deduction stops at zero per line and month is open; here it does not.",
        "The source lists 30 substitutes, the table holds 22.",
        "Whether the altitude rule applies to this text is open; it is left out.",
        "Clause and equation numbers were not seen.",
    ),
    market=True,
)
