"""GB/T 32151.34-2024: greenhouse gas accounting of carbon material producers.

温室气体排放核算与报告要求 第34部分：炭素材料生产企业, published 2024-08-23, in force 2025-03-01.
Scope: enterprises whose main business is carbon articles. Boundary (clause 4.1): the legal entity
with main, auxiliary and attached production systems. Gas (clause 3.1): CO2 only. Period: the year.

Sums (clause 5.2.7): direct (14) = fuel + calcining + baking + graphitising + flue-gas treatment;
indirect (15) = electricity and heat bought - supplied; total (16) = (14) + (15). The report
names both totals. Formulas and doubts: ``docs/methods/gb-t-32151-34.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._carbon_materials import (
    BAKING,
    CALCINING,
    FLUE_GAS_WASHED,
    FUME_BURNED,
    GRAPHITISING,
    agents,
    annex_fuels,
    worked,
)
from tanfeng.accounting.methods._combustion import FUEL, FUEL_BY_CARBON
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._energy import (
    ELECTRICITY,
    HEAT,
    STEAM_WHOLE,
    ZERO_BY_CERTIFICATE,
)
from tanfeng.accounting.methods._items import HEAT_ITEM, electricity, material

_POWER = electricity(
    "grid_average",
    "CN",
    "附录 C 表 C.3：采用生态环境部、国家统计局发布的最新电力因子",
    "annex C table C.3: the newest CO₂ factor of electricity published by the two authorities",
)

METHOD = Method(
    key="gb_t_32151_34_2024",
    number="GB/T 32151.34-2024",
    title_zh="温室气体排放核算与报告要求 第34部分：炭素材料生产企业",
    title_en="Requirements of the greenhouse gas emission accounting and reporting, part 34: "
    "carbon material production enterprise",
    edition="2024",
    valid_from="2025-03-01",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人的独立核算单位，主要、辅助和直接为生产服务的附属生产系统；仅二氧化碳；"
    "其他产品和上下游运输按各自标准。",
    boundary_en="The legal entity or an independent unit, main, auxiliary and attached production "
    "systems; CO₂ only; other products and transport by their own standards.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            (FUEL, FUEL_BY_CARBON),
            annex_fuels(),
            clause="5.2.1",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(1)–(5)",
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "calcining",
            "原料煅烧",
            "raw material calcined",
            (CALCINING,),
            (worked("raw_material", "待煅烧原料", "raw material", "carbon_k1"),),
            clause="5.2.2",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(6)",
            measured=frozenset(
                {
                    "raw_fixed_carbon_pct",
                    "calcined_fixed_carbon_pct",
                    "raw_volatile_pct",
                    "calcined_volatile_pct",
                }
            ),
        ),
        Stream(
            "baking",
            "炭素制品焙烧（炭化）",
            "carbon articles baked",
            (BAKING,),
            (worked("green_article", "待焙烧品", "articles to bake", "carbon_k2"),),
            clause="5.2.3",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(7)",
            measured=frozenset(
                {
                    "packing_fixed_carbon_pct",
                    "green_fixed_carbon_pct",
                    "product_fixed_carbon_pct",
                    "packing_volatile_pct",
                    "green_volatile_pct",
                }
            ),
        ),
        Stream(
            "graphitising",
            "炭素制品石墨化",
            "carbon articles graphitised",
            (GRAPHITISING,),
            (worked("baked_article", "待石墨化品", "articles to graphitise", "carbon_k3"),),
            clause="5.2.4",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(8)",
            measured=frozenset(
                {
                    "packing_fixed_carbon_pct",
                    "baked_fixed_carbon_pct",
                    "product_fixed_carbon_pct",
                    "packing_volatile_pct",
                }
            ),
        ),
        Stream(
            "fume",
            "烟气焚烧治理",
            "fume burned",
            (FUME_BURNED,),
            (material("pitch_fume", "沥青烟焦油", "tar of pitch fume"),),
            clause="5.2.5.1",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(9)",
            measured=frozenset({"fume_nm3_h", "tar_mg_nm3"}),
        ),
        Stream(
            "desulphurisation",
            "烟气脱硫净化",
            "flue gas desulphurised",
            (FLUE_GAS_WASHED,),
            agents(),
            clause="5.2.5.2",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(10)",
            measured=frozenset({"agent_t"}),
        ),
        Stream(
            "electricity",
            "购入与输出电力",
            "electricity bought and supplied",
            (ELECTRICITY,),
            (_POWER,),
            clause="5.2.6.1、5.2.6.3",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(12)",
            scope="electricity",
            measured=frozenset({"purchased_mwh"}),
            to_prove={"nonfossil_mwh": ZERO_BY_CERTIFICATE},
        ),
        Stream(
            "heat",
            "购入与输出热力",
            "heat bought and supplied",
            (STEAM_WHOLE, HEAT),
            (HEAT_ITEM,),
            clause="5.2.6.2、5.2.6.3",
            clause_confidence="single",
            clause_evidence="P6",
            equation="(13)",
            scope="heat",
            measured=frozenset({"purchased_t", "purchased_gj"}),
        ),
    ),
    doubts_zh=(
        "公式、条款号和附录 C 数值取自一份公开整理稿，未见标准原文。",
        "式(6)的挥发分项只扣煅后料，不扣欠烧料和粉尘；由测试数据复原。",
        "标准只写“碳含量、挥发分含量”；此处按收到基固定碳和收到基挥发分。",
        "式(1)(2)含碳量印作 tCO2 单位，与 44/12 不符；此处按 tC。",
        "蒸汽按全焓（不扣 83.74 kJ/kg），由式(13)和测试数据得出；按 GJ 结算的热量直接用。",
        "石墨化炉自身炭质材料的烧损不计入。",
        "附录 D：非化石电量有合同与结算凭证或绿证、自用有逐月记录才可计零，缺证为错误。",
    ),
    doubts_en=(
        "Formulas, clauses and the values of annex C come from one public compilation.",
        "The volatile term of (6) takes off the calcined material only; rebuilt from test figures.",
        "The text says carbon and volatile content; fixed carbon and volatiles as received here.",
        "(1) and (2) print carbon content in tCO2, which does not fit 44/12; tC is used.",
        "Steam counts with its whole enthalpy (no 83.74 kJ/kg off), from (13) and test figures; "
        "heat settled in GJ is used as it is.",
        "Burn-off of the graphitising furnace itself is left out.",
        "Annex D: non-fossil electricity is zero only with contract and settlement or certificate, "
        "own use with monthly records; without proof it is an error.",
    ),
)
