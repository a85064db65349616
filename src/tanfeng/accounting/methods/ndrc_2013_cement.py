"""NDRC 2526 of 2013: greenhouse gas accounting of cement producers.

中国水泥生产企业温室气体排放核算方法与报告指南（试行）
（发改办气候〔2013〕2526号）. Boundary: the legal
entity from transport at the quarry to grinding. Gas: CO2.

Sum (F5-1): fuel + fossil part of alternative fuel + carbonates of the raw meal + its non-fuel
carbon + electricity + heat. Formulas and doubts: ``docs/methods/ndrc-2013-cement.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._items import fuels, material
from tanfeng.accounting.methods._mineral import ALTERNATIVE_FUEL, CLINKER_OXIDES, RAW_MEAL_CARBON

METHOD = Method(
    key="ndrc_2013_cement",
    number="发改办气候〔2013〕2526号",
    title_zh="中国水泥生产企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, cement producers (trial)",
    edition="2013",
    valid_from="2013-10-15",
    valid_to="",
    sector="building",
    boundary_zh="企业法人或视同法人，从矿山运输到水泥粉磨的生产系统。",
    boundary_en="The legal entity, from transport at the quarry to grinding.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("NDRC-GENERAL-2015"),
            equation="(2)",
            measured=frozenset({"used_qty", "ncv_gj"}),
        ),
        Stream(
            "alternative_fuel",
            "替代燃料或废弃物中非生物质碳燃烧",
            "fossil carbon of alternative fuel and waste",
            (ALTERNATIVE_FUEL,),
            (
                material("waste_oil", "废油", "waste oil"),
                material("waste_tyre", "废轮胎", "waste tyres"),
                material("plastics", "塑料", "plastics"),
                material("waste_solvent", "废溶剂", "waste solvent"),
                material("waste_leather", "废皮革", "waste leather"),
                material("waste_glass_fibre", "废玻璃钢", "waste glass-fibre plastic"),
                material("other_waste", "其他废弃物", "other waste"),
            ),
            equation="(5)",
            confidence="recalled",
        ),
        Stream(
            "raw_meal_carbonate",
            "原料碳酸盐分解",
            "carbonates of the raw meal",
            (CLINKER_OXIDES,),
            (material("clinker", "水泥熟料", "cement clinker"),),
            equation="(6)",
            measured=frozenset({"clinker_t", "clinker_cao_pct", "clinker_mgo_pct"}),
        ),
        Stream(
            "raw_meal_carbon",
            "生料中非燃料碳煅烧",
            "non-fuel carbon of the raw meal",
            (RAW_MEAL_CARBON,),
            (material("raw_meal", "生料", "raw meal"),),
            equation="(7)",
            measured=frozenset({"raw_meal_t"}),
        ),
        electricity(),
        heat(),
    ),
    doubts_zh=(
        "替代燃料公式凭记忆；缺省排放因子与化石碳份额未见，须填实测值。",
        "公式（5）（7）编号为推断。",
        "生料非燃料碳 FR0 的缺省范围 0.1%–0.3% 凭记忆，故不设单一缺省值。",
        "水泥指南自带的燃料表未见，燃料缺省值取同族的 1722 号文附表。",
    ),
    doubts_en=(
        "The formula of alternative fuel is recalled; its default factors and fossil shares were "
        "not seen, so tested values are asked for.",
        "Equation numbers (5) and (7) are inferred.",
        "The default range of FR0, 0.1 to 0.3 %, is recalled, so there is no single default.",
        "The guideline's own fuel table was not seen; defaults are those of notice 1722, of the "
        "same family.",
    ),
)
