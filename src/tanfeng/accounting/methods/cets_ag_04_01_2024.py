"""CETS-AG-04.01-V01-2024: national carbon market, aluminium smelting.

企业温室气体排放核算与报告指南 铝冶炼行业（CETS-AG-04.01-V01-2024）, for data from 2024-09-13. Two
levels: the electrolysis step and the enterprise. Gases: CO2, CF4, C2F6 by the fifth assessment
report; direct emissions only, electricity and heat are for information, outside the total.

Sum: anode + anode effect of the electrolysis step, then carbonates, fuel, power plant and others
of the enterprise. Formulas and doubts: ``docs/methods/cets-ag-04-01-2024.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._aluminium import ANODE_EFFECT, ANODE_GROSS, ANODE_NET
from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import FUEL, FUEL_BY_CARBON
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._items import carbonates, material
from tanfeng.accounting.methods._market import market_fuels
from tanfeng.accounting.methods._process import CARBONATE

_PF = "process_factors/pf_al_"
_METAL = material(
    "liquid_metal",
    "原铝液",
    "liquid aluminium",
    anode_net_tc=f"{_PF}anode_net_carbon",
    anode_loss_pct=f"{_PF}anode_loss",
    anode_sulfur_pct=f"{_PF}anode_sulfur",
    anode_ash_pct=f"{_PF}anode_ash",
)

METHOD = Method(
    key="cets_ag_04_01_2024",
    number="CETS-AG-04.01-V01-2024",
    title_zh="企业温室气体排放核算与报告指南 铝冶炼行业",
    title_en="Greenhouse gas accounting and reporting for the national market, aluminium smelting",
    edition="V01-2024",
    valid_from="2024-09-13",
    valid_to="",
    sector="nonferrous",
    boundary_zh="电解工序（炭阳极消耗、阳极效应）和企业层级（碳酸盐、燃料、自备电厂、其他）；仅直接排放。",
    boundary_en="The electrolysis step (anode, anode effect) and the level of the enterprise "
    "(carbonates, fuel, power plant, others); direct emissions only.",
    streams=(
        Stream(
            "anode",
            "电解工序炭阳极消耗",
            "anode of the electrolysis step",
            (ANODE_NET, ANODE_GROSS),
            (_METAL,),
            measured=frozenset({"metal_t", "anode_gross_t"}),
        ),
        Stream(
            "anode_effect",
            "电解工序阳极效应",
            "anode effect of the electrolysis step",
            (ANODE_EFFECT,),
            (
                material(
                    "liquid_metal",
                    "原铝液",
                    "liquid aluminium",
                    cf4_kg_t=f"{_PF}cf4",
                    c2f6_kg_t=f"{_PF}c2f6",
                    gwp_cf4="process_factors/gwp_ar5_cf4",
                    gwp_c2f6="process_factors/gwp_ar5_c2f6",
                ),
            ),
            measured=frozenset({"metal_t"}),
        ),
        Stream(
            "carbonate",
            "碳酸盐分解",
            "carbonates decomposed",
            (CARBONATE,),
            carbonates(),
            measured=frozenset({"used_qty", "purity_pct"}),
            facility=False,
        ),
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            (FUEL, FUEL_BY_CARBON),
            market_fuels(),
            measured=frozenset({"used_qty", "ncv_gj"}),
            facility=False,
        ),
        Stream(
            "power_plant",
            "自备电厂化石燃料燃烧",
            "fuel of the own power plant",
            (FUEL, FUEL_BY_CARBON),
            market_fuels(),
            facility=False,
        ),
        Stream(
            "other",
            "其他生产化石燃料燃烧",
            "fuel of other production",
            (FUEL, FUEL_BY_CARBON),
            market_fuels(),
            facility=False,
        ),
        electricity(for_information=True),
        heat(for_information=True),
    ),
    doubts_zh=(
        "条款号和公式编号未见；只见目录和适用范围。",
        "吨铝净耗缺省值 0.411 与征求意见稿的吨铝 1.424 tCO2 不符（合 0.398），附录 A 待核实。",
        "阳极效应缺省值合 0.1448 tCO2e/t，征求意见稿为 0.1454，待核实。",
        "按吨铝净耗还是按毛耗扣 15.18% 残极，哪一式是本文件的规定待核实；两式都可用，不可并填。",
        "固体燃料碳氧化率 98% 见于二手实现；烟煤单位热值含碳量缺失，须填实测值，否则为缺口。",
        "自备电厂应按发电设施指南核算；此处只给燃料，待核实。",
    ),
    doubts_en=(
        "Clause and equation numbers were not seen; only contents and scope were.",
        "Default 0.411 does not agree with 1.424 tCO2 per tonne of the draft (that is 0.398).",
        "The defaults of the anode effect give 0.1448 tCO2e per tonne, the draft 0.1454.",
        "Whether net carbon per tonne or gross anode less 15.18 % is the rule is open; either may "
        "be used, never both.",
        "98 % oxidation of solid fuel is second-hand; the carbon per heat of bituminous coal is "
        "missing: without a tested value the row is a gap.",
        "An own power plant follows the text of power facilities; fuel alone is taken here.",
    ),
    market=True,
)
