"""NDRC 1722 of 2015: greenhouse gas accounting of paper and paper products enterprises.

造纸和纸制品生产企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）. Boundary:
the legal entity, pulp to paper; own power plant by the market text. Gases: CO2 and CH4.

Sum (F13-1): fuel + bought limestone calcined + wastewater CH4 + electricity + heat. Black liquor,
bark and sludge are biomass: zero in the sum. See ``docs/methods/ndrc-2015-paper.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._items import carbonates, fuels
from tanfeng.accounting.methods._process import CARBONATE
from tanfeng.accounting.methods._wastewater import WASTEWATER_NET, wastewater

METHOD = Method(
    key="ndrc_2015_paper",
    number="发改办气候〔2015〕1722号",
    title_zh="造纸和纸制品生产企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, paper and paper products enterprises "
    "(trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人，制浆至成纸；自备电厂按发电设施指南。黑液、树皮、污泥为生物质"
    "，不计入总量。",
    boundary_en="The legal entity, pulp to paper; own power plant by the market text. Black "
    "liquor, bark and sludge are biomass and not in the sum.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("NDRC-GENERAL-2015"),
            measured=frozenset({"used_qty", "ncv_gj"}),
        ),
        Stream(
            "limestone",
            "外购石灰石分解",
            "bought limestone calcined",
            (CARBONATE,),
            carbonates("caco3"),
            measured=frozenset({"used_qty", "purity_pct"}),
        ),
        Stream(
            "wastewater",
            "废水厌氧处理",
            "anaerobic treatment of wastewater",
            (WASTEWATER_NET,),
            (
                wastewater(
                    "paper_wastewater",
                    "造纸废水",
                    "wastewater of paper making",
                    mcf="process_factors/pf_ww_mcf_paper",
                ),
            ),
            measured=frozenset({"wastewater_m3", "cod_in_kg_m3", "cod_out_kg_m3"}),
        ),
        electricity(),
        heat(),
    ),
    doubts_zh=(
        "石灰石缺省因子 0.405 仅凭记忆，未采用；此处按 CaCO3 因子乘纯度。",
        "条款号和公式编号未见。",
    ),
    doubts_en=(
        "A default of 0.405 for limestone is recalled only and not used; CaCO3 times purity is.",
        "Clause and equation numbers were not seen.",
    ),
)
