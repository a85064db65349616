"""NDRC 2526 of 2013 and GB/T 32151.9-2015: greenhouse gas accounting of ceramics producers.

中国陶瓷生产企业温室气体排放核算方法与报告指南（试行）
（发改办气候〔2013〕2526号）; the lines of bought
and sold heat are those of GB/T 32151.9-2015, the text of 2013 has none. Boundary: body and glaze
preparation, spray dryer, shaping, drying, kiln, glazing, sorting. Gas: CO2.

Sum (F7-1): fuel + firing + electricity + heat. An own gasifier counts its coal once, producer gas
is no second fuel (F7-5). Formulas and doubts: ``docs/methods/ndrc-2013-ceramics.md``.
"""

from __future__ import annotations

from dataclasses import replace

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Method, Stream
from tanfeng.accounting.methods._items import fuels, material
from tanfeng.accounting.methods._mineral import CERAMIC_BODY

METHOD = Method(
    key="ndrc_2013_ceramics",
    number="发改办气候〔2013〕2526号；GB/T 32151.9-2015",
    title_zh="中国陶瓷生产企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, ceramics producers (trial)",
    edition="2013",
    valid_from="2013-10-15",
    valid_to="",
    sector="building",
    boundary_zh="企业法人或视同法人：坯釉料制备、喷雾干燥、成型、干燥、烧成、施釉、分选。",
    boundary_en="The legal entity: body and glaze preparation, spray dryer, shaping, drying, kiln, "
    "glazing, sorting.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧（煤气发生炉、喷雾塔、窑炉、车辆）",
            "fuel combustion (gasifier, spray dryer, kiln, vehicles)",
            COMBUSTION,
            fuels("GBT-32151-2015"),
            measured=frozenset({"used_qty", "ncv_gj"}),
        ),
        Stream(
            "firing",
            "工业生产过程（烧成）",
            "firing",
            (CERAMIC_BODY,),
            (
                material(
                    "ceramic_raw",
                    "陶瓷原料",
                    "ceramic raw material",
                    raw_use_pct=Default(
                        "method_defaults/ceramics_raw_use",
                        rule_zh="未作物料平衡时的缺省利用率",
                        rule_en="default where no balance of raw material and product exists",
                    ),
                ),
            ),
            confidence="recalled",
            measured=frozenset({"ceramic_raw_t", "body_caco3_pct", "body_mgco3_pct"}),
        ),
        electricity(),
        replace(
            heat(),
            name_zh="净购入热力（GB/T 32151.9）",
            name_en="net purchased heat (GB/T 32151.9)",
        ),
    ),
    doubts_zh=(
        "烧成公式和利用率缺省值 90% 凭记忆。",
        "GB/T 32151.9-2023 自 2024-07-01 实施，文本未见；此处仍为旧版公式。",
        "2013 年指南自带燃料表未收录，缺省值取 GB/T 32151 2015 版的追忆表。",
    ),
    doubts_en=(
        "The firing formula and the default use rate of 90 % are recalled.",
        "GB/T 32151.9-2023 is in force since 2024-07-01 but was not seen; the formulas are those "
        "of the older text.",
        "The fuel table of 2013 is not transcribed; defaults are those recalled for GB/T 32151 of "
        "2015.",
    ),
)
