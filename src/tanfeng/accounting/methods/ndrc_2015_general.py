"""NDRC 1722 of 2015 with GB/T 32150-2015: industrial enterprises without a text of their own.

工业其他行业企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）, on the
principles of GB/T 32150-2015 工业企业温室气体排放核算和报告通则. Scope: any industrial enterprise
no sector text covers; steps back once one does. Boundary: the legal entity with main, auxiliary
and attached production systems. Gases: CO2 and CH4; CO2 of biomass is reported apart.

Sum (F1-1): fuel + carbonates + (CH4 of wastewater - CH4 recovered or destroyed) x GWP
- CO2 recovered + electricity + heat. Formulas and doubts: ``docs/methods/ndrc-2015-general.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import ACETYLENE, COMBUSTION
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._items import (
    CO2_RECOVERED_ITEMS,
    carbonates,
    fuels,
    material,
)
from tanfeng.accounting.methods._process import CARBONATE, CO2_RECOVERED
from tanfeng.accounting.methods._sampling import CARBONATE_SAMPLING, FUEL_SAMPLING
from tanfeng.accounting.methods._wastewater import CH4_REMOVED, WASTEWATER, biogas, treatments

METHOD = Method(
    key="ndrc_2015_general",
    number="发改办气候〔2015〕1722号；GB/T 32150-2015",
    title_zh="工业其他行业企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, enterprises of other industry (trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人，主要、辅助和附属生产系统（含车间食堂、厂内运输）；生活用能除外，"
    "生物质二氧化碳单独报告、不计入总量。",
    boundary_en="The legal entity with main, auxiliary and attached production systems (workshop "
    "canteen, transport inside the works); household use is outside, CO₂ of biomass is reported "
    "apart.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("NDRC-GENERAL-2015"),
            equation="(2)–(4)",
            measured=frozenset({"used_qty", "ncv_gj", "carbon_content_tc"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "acetylene",
            "乙炔切割焊接",
            "acetylene of cutting and welding",
            (ACETYLENE,),
            (material("acetylene", "乙炔", "acetylene"),),
            confidence="recalled",
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "carbonate",
            "碳酸盐使用",
            "carbonates used",
            (CARBONATE,),
            carbonates(),
            measured=frozenset({"used_qty", "purity_pct"}),
            sampling=CARBONATE_SAMPLING,
        ),
        Stream(
            "wastewater",
            "工业废水厌氧处理",
            "anaerobic treatment of wastewater",
            (WASTEWATER,),
            treatments(),
            measured=frozenset({"wastewater_m3", "cod_in_kg_m3", "cod_out_kg_m3"}),
        ),
        Stream(
            "ch4_removed",
            "甲烷回收与销毁",
            "methane recovered or destroyed",
            CH4_REMOVED,
            (biogas(),),
            measured=frozenset({"recovered_1e4nm3", "purity_pct", "flare_nm3_h", "ch4_vol_pct"}),
        ),
        Stream(
            "co2_recovered",
            "二氧化碳回收利用",
            "CO₂ recovered",
            (CO2_RECOVERED,),
            CO2_RECOVERED_ITEMS,
            measured=frozenset({"recovered_1e4nm3", "purity_pct"}),
        ),
        electricity(equation="(14)", metered=True),
        heat(equation="(15)", metered=True),
    ),
    doubts_zh=(
        "总式、燃料、电力、热力的公式编号未见原文（热力凭记忆），待核实；其余编号和条款号未见。",
        "乙炔按化学计量 24/26 折算，原文有无此式待核实。",
        "碳酸盐未检测时纯度按 100% 为保守取值，原文依据待核实。",
        "火炬销毁按 16/22.4 折算，回收按密度 7.17 折算，两者相差约 0.4%，照已见实现分别保留。",
        "电力因子应取区域还是全国平均，原文只要求最新公布值；此处取全国平均。",
        "本文件没有非化石电量计零的规则，非化石电量栏应留空，除非主管部门另有规定。",
        "GB/T 32150-2025（2026-07-01 实施）的公式未见，尚未另立方法。",
    ),
    doubts_en=(
        "Equation numbers of sum, fuel, power and heat (heat recalled) were not seen in the text; "
        "others and clauses unseen.",
        "Acetylene is counted by stoichiometry (24/26); whether the text has it is open.",
        "Purity 100 % for a carbonate nobody analysed is conservative; its ground is open.",
        "A flare counts by 16/22.4, recovery by 7.17; they differ by 0.4 % and are kept as seen.",
        "Regional or national grid average: the text asks for the newest; the national is used.",
        "The text has no zero rule for non-fossil electricity; leave it empty unless ordered.",
        "The formulas of GB/T 32150-2025 (from 2026-07-01) were not seen; it has no method yet.",
    ),
)
