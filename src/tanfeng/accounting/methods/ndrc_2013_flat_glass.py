"""NDRC 2526 of 2013: greenhouse gas accounting of flat glass producers.

中国平板玻璃生产企业温室气体排放核算方法与报告指南（试行）
（发改办气候〔2013〕2526号）. Boundary: the legal
entity from batch house to cutting; glass processing follows another text. Gas: CO2.

Sum (F6-1): fuel + carbon powder + decomposition of raw materials + electricity + heat. Cullet has
no process emission. Formulas and doubts: ``docs/methods/ndrc-2013-flat-glass.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Method, Stream
from tanfeng.accounting.methods._items import (
    carbonates,
    fuels,
    material,
    with_defaults,
)
from tanfeng.accounting.methods._mineral import CARBON_POWDER
from tanfeng.accounting.methods._process import CARBONATE_CALCINED

_CALCINED = Default(
    "method_defaults/glass_calcined",
    rule_zh="煅烧比例未知时按 100% 计",
    rule_en="100 % where the calcined share is unknown",
)

METHOD = Method(
    key="ndrc_2013_flat_glass",
    number="发改办气候〔2013〕2526号",
    title_zh="中国平板玻璃生产企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, flat glass producers (trial)",
    edition="2013",
    valid_from="2013-10-15",
    valid_to="",
    sector="building",
    boundary_zh="企业法人或视同法人，从配料到切裁的生产系统；玻璃深加工按其他指南核算。",
    boundary_en="The legal entity from batch house to cutting; processing follows another text.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("GBT-32151-2015"),
            measured=frozenset({"used_qty", "ncv_gj"}),
        ),
        Stream(
            "carbon_powder",
            "原料配料中碳粉氧化",
            "carbon powder of the batch",
            (CARBON_POWDER,),
            (
                material(
                    "carbon_powder",
                    "碳粉",
                    "carbon powder",
                    carbon_powder_carbon_pct=Default(
                        "process_factors/pf_glass_carbon_powder",
                        rule_zh="含碳量未知时按 100% 计",
                        rule_en="100 % where the carbon content is unknown",
                    ),
                ),
            ),
            measured=frozenset({"carbon_powder_t"}),
        ),
        Stream(
            "raw_material",
            "原料分解",
            "decomposition of raw materials",
            (CARBONATE_CALCINED,),
            with_defaults(
                carbonates("na2co3", "caco3", "camgco32", "mgco3", "feco3", "mnco3"),
                {"calcined_pct": _CALCINED},
            ),
            measured=frozenset({"used_qty", "purity_pct"}),
        ),
        electricity(),
        heat(),
    ),
    doubts_zh=(
        "公式中 M 为矿石质量还是碳酸盐质量未确认；此处为碳酸盐质量（矿石量乘纯度）。",
        "燃料缺省值取 GB/T 32151 2015 版的追忆表。",
        "条款号和公式编号未见。",
    ),
    doubts_en=(
        "Whether M is the mass of ore or of carbonate is open; here it is carbonate, ore times "
        "purity.",
        "Fuel defaults are those recalled for GB/T 32151 of 2015.",
        "Clause and equation numbers were not seen.",
    ),
)
