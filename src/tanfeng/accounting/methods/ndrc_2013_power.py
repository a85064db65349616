"""NDRC 2526 of 2013: greenhouse gas accounting of power producers.

中国发电企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2013〕2526号）;
GB/T 32151.1-2015 has the same structure. Boundary: the legal entity with its power
facilities. Gas: CO2. Months are rows; the year is their sum.

Sum (F11-1): fuel + desulphurisation + purchased electricity; there is no heat line.
Formulas and doubts: ``docs/methods/ndrc-2013-power.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._carbon_materials import FLUE_GAS_WASHED
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Item, Method, Stream
from tanfeng.accounting.methods._energy import ELECTRICITY, NO_ZERO_RULE
from tanfeng.accounting.methods._items import NATIONAL_POWER, fuels, material
from tanfeng.accounting.methods._power import FUEL_BY_ASH
from tanfeng.accounting.methods._sampling import FUEL_SAMPLING


def _agent(key: str, zh: str, en: str, factor: str = "") -> Item:
    return material(
        key,
        zh,
        en,
        ef_tco2=f"process_factors/{factor or f'pf_carbonate_{key}'}",
        carbonate_pct=Default(
            "method_defaults/power_fgd_content",
            rule_zh="脱硫剂碳酸盐含量缺省值 90%",
            rule_en="default carbonate content of the agent, 90 %",
        ),
        conversion_pct=Default(
            "method_defaults/power_fgd_conversion",
            rule_zh="转化率缺省值 100%",
            rule_en="default conversion, 100 %",
        ),
    )


METHOD = Method(
    key="ndrc_2013_power",
    number="发改办气候〔2013〕2526号；GB/T 32151.1-2015",
    title_zh="中国发电企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, power producers (trial)",
    edition="2013",
    valid_from="2013-10-15",
    valid_to="",
    sector="power",
    boundary_zh="企业法人或视同法人的发电设施；生物质燃烧的二氧化碳不计，其他产品按各自文件。",
    boundary_en="The power-generation facilities of the legal entity; CO₂ of biomass is not "
    "counted, other products by their own texts.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            (*COMBUSTION, FUEL_BY_ASH),
            fuels("GBT-32151-2015"),
            equation="(2)–(6)",
            confidence="recalled",
            measured=frozenset({"used_qty", "ncv_gj"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "desulphurisation",
            "脱硫过程",
            "desulphurisation",
            (FLUE_GAS_WASHED,),
            (
                _agent("caco3", "石灰石（碳酸钙）", "limestone", "pf_fgd_caco3"),
                _agent("mgco3", "碳酸镁", "magnesium carbonate"),
                _agent("na2co3", "碳酸钠", "sodium carbonate"),
                _agent("camgco32", "白云石", "dolomite"),
            ),
            equation="(7)–(9)",
            measured=frozenset({"agent_t"}),
        ),
        Stream(
            "electricity",
            "净购入使用电力",
            "net purchased electricity",
            (ELECTRICITY,),
            (NATIONAL_POWER,),
            equation="(10)",
            scope="electricity",
            measured=frozenset({"purchased_mwh"}),
            to_prove={"nonfossil_mwh": NO_ZERO_RULE},
        ),
    ),
    doubts_zh=(
        "条款号未见；公式号未见原文，其中 (6) 至 (9) 由相邻编号推断，待核实。",
        "燃料缺省表用 GB/T 32151 2015 版的追忆值；发电锅炉燃煤碳氧化率另有 98% 之说，应优先实测。",
        "灰渣实测碳氧化率的公式凭记忆，待核实。",
        "脱硫剂含量 90%、转化率 100% 及石灰石 0.44 为二手或追忆值，待核实。",
        "电力因子应取区域还是全国平均未见原文；此处取全国平均。",
    ),
    doubts_en=(
        "Clauses unseen; equation numbers not seen in the text, (6) to (9) follow from neighbours.",
        "Fuel defaults are the recalled table of GB/T 32151 (2015); for coal in power boilers 98 % "
        "is also told; measure by slag and ash.",
        "The formula of the measured oxidation rate is recalled.",
        "90 % carbonate, 100 % conversion and 0.44 for limestone are second-hand or recalled.",
        "Regional or national grid average was not seen; the national one is used.",
    ),
)
