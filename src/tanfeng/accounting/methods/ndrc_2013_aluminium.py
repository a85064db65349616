"""NDRC 2526 of 2013: greenhouse gas accounting of electrolytic aluminium producers.

中国电解铝生产企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2013〕2526号）;
GB/T 32151.4-2015 follows it until the edition of 2026 (in force 2026-08-01, not seen).
Boundary: the legal entity. Gases: CO2, CF4, C2F6 by the second assessment report.

Sum (F12-1): fuel + anode as raw material + anode effect + limestone calcined + electricity + heat.
Formulas and doubts: ``docs/methods/ndrc-2013-aluminium.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._aluminium import ANODE_EFFECT_SLOPE, ANODE_NET
from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Method, Stream
from tanfeng.accounting.methods._items import fuels, material
from tanfeng.accounting.methods._process import MATERIAL
from tanfeng.accounting.methods._sampling import FUEL_SAMPLING

METHOD = Method(
    key="ndrc_2013_aluminium",
    number="发改办气候〔2013〕2526号；GB/T 32151.4-2015",
    title_zh="中国电解铝生产企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, electrolytic aluminium producers (trial)",
    edition="2013",
    valid_from="2013-10-15",
    valid_to="",
    sector="nonferrous",
    boundary_zh="企业法人或视同法人，电解及其主要、辅助和附属生产系统；其他产品按各自文件。",
    boundary_en="The legal entity: electrolysis with main, auxiliary and attached systems; other "
    "products by their own texts.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("GBT-32151-2015"),
            measured=frozenset({"used_qty"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "anode",
            "能源作为原材料用途（炭阳极消耗）",
            "energy used as raw material (anode)",
            (ANODE_NET,),
            (
                material(
                    "liquid_metal",
                    "原铝液",
                    "liquid aluminium",
                    anode_net_tc="method_defaults/al_anode_net_2013",
                    anode_sulfur_pct="method_defaults/al_anode_sulfur_2013",
                    anode_ash_pct="method_defaults/al_anode_ash_2013",
                ),
            ),
            confidence="single",
            measured=frozenset({"metal_t", "anode_sulfur_pct", "anode_ash_pct"}),
        ),
        Stream(
            "anode_effect",
            "阳极效应",
            "anode effect",
            (ANODE_EFFECT_SLOPE,),
            (
                material(
                    "liquid_metal",
                    "原铝液",
                    "liquid aluminium",
                    slope_cf4="method_defaults/al_slope_2013",
                    c2f6_ratio="method_defaults/al_c2f6_ratio_2013",
                    cf4_kg_t=Default(
                        "process_factors/pf_al_cf4_2013",
                        rule_zh="没有阳极效应持续时间时的推荐值",
                        rule_en="recommended where effect minutes are not known",
                    ),
                    c2f6_kg_t=Default(
                        "process_factors/pf_al_c2f6_2013",
                        rule_zh="没有阳极效应持续时间时的推荐值",
                        rule_en="recommended where effect minutes are not known",
                    ),
                    gwp_cf4="process_factors/gwp_ar2_cf4",
                    gwp_c2f6="process_factors/gwp_ar2_c2f6",
                ),
            ),
            confidence="recalled",
            measured=frozenset({"metal_t", "effect_min_d"}),
        ),
        Stream(
            "limestone",
            "石灰石煅烧分解",
            "limestone calcined",
            (MATERIAL,),
            (material("limestone", "石灰石", "limestone", ef_tco2="method_defaults/al_limestone"),),
            confidence="recalled",
            measured=frozenset({"used_qty"}),
        ),
        electricity(metered=True),
        heat(),
    ),
    doubts_zh=(
        "条款号和公式编号未见。",
        "吨铝净耗 0.42、斜率 0.143、C2F6 与 CF4 之比 0.1、石灰石 0.405 均凭记忆，待核实。",
        "含硫 2%、灰分 0.4% 取自全国碳市场文本，2013 指南的数值未见。",
        "燃料缺省表为 GB/T 32151 2015 版的追忆值。",
        "GB/T 32151.4-2026（2026-08-01 实施）的公式未见，尚未另立方法。",
    ),
    doubts_en=(
        "Clause and equation numbers were not seen.",
        "0.42 net anode, slope 0.143, ratio 0.1 and 0.405 for limestone are recalled.",
        "2 % sulphur and 0.4 % ash come from the market text; those of 2013 were not seen.",
        "The fuel table of the 2015 edition is recalled.",
        "The formulas of GB/T 32151.4-2026 (from 2026-08-01) were not seen; it has no method yet.",
    ),
)
