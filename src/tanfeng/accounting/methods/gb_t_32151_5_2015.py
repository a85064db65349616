"""GB/T 32151.5-2015: greenhouse gas accounting of iron and steel producers.

温室气体排放核算与报告要求 第5部分：钢铁生产企业, in force 2016-06-01 until the edition of 2026
(2026-10-01); same structure as the NDRC guideline of 2013. Boundary: the legal entity from
sintering to rolling with its auxiliary plants; other products by their own text. Gas: CO2.

Sum (F2-1): fuel + flux + electrode + bought carbon-bearing material + electricity + heat
- carbon fixed in products. Formulas and doubts: ``docs/methods/gb-t-32151-5.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION, FUEL_SOLD
from tanfeng.accounting.methods._declare import Item, Method, Stream
from tanfeng.accounting.methods._items import fuels, material
from tanfeng.accounting.methods._process import FIXED_CARBON, MATERIAL

_GUIDELINE = "GBT-32151-2015"
_SOLD = ("coke", "coke_oven_gas", "bf_gas", "converter_gas")


def _steel(key: str, zh: str, en: str, row: str = "") -> Item:
    return material(key, zh, en, ef_tco2=f"process_factors/pf_steel_{row or key}")


METHOD = Method(
    key="gb_t_32151_5_2015",
    number="GB/T 32151.5-2015",
    title_zh="温室气体排放核算与报告要求 第5部分：钢铁生产企业",
    title_en="Greenhouse gas accounting and reporting, part 5: iron and steel producers",
    edition="2015",
    valid_from="2016-06-01",
    valid_to="2026-09-30",
    sector="steel",
    boundary_zh="企业法人或视同法人，烧结至轧钢的主要、辅助和附属生产系统；其他产品按各自标准核算。",
    boundary_en="The legal entity from sintering to rolling with auxiliary and attached systems; "
    "other products by their own standard.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            (*COMBUSTION, FUEL_SOLD),
            fuels(_GUIDELINE),
            equation="(2)–(4)",
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "flux",
            "熔剂消耗",
            "flux used",
            (MATERIAL,),
            (
                _steel("limestone", "石灰石", "limestone"),
                _steel("dolomite", "白云石", "dolomite"),
            ),
            equation="(6)",
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "electrode",
            "电极消耗",
            "electrode used",
            (MATERIAL,),
            (_steel("electrode", "石墨电极", "graphite electrode"),),
            equation="(7)",
        ),
        Stream(
            "material",
            "外购含碳原料消耗",
            "bought carbon-bearing material",
            (MATERIAL,),
            (
                _steel("pig_iron", "生铁", "pig iron"),
                _steel("dri", "直接还原铁", "direct reduced iron"),
                _steel("nickel_iron", "镍铁合金", "ferronickel"),
                _steel("ferrochrome", "铬铁合金", "ferrochrome", "ferrochrome_2013"),
                _steel("ferromoly", "钼铁合金", "ferromolybdenum"),
            ),
            equation="(8)",
        ),
        electricity(equation="(9)"),
        heat(equation="(9)"),
        Stream(
            "fixed_carbon",
            "固碳产品隐含的排放",
            "carbon fixed in products",
            (FIXED_CARBON,),
            (
                _steel("pig_iron", "生铁", "pig iron"),
                _steel("crude_steel", "粗钢", "crude steel", "crude_steel_2013"),
                _steel("methanol", "甲醇", "methanol", "methanol_2013"),
            ),
            equation="(10)",
        ),
    ),
    doubts_zh=(
        "公式编号凭记忆，条款号未见原文。",
        "粗钢固碳因子 0.0154 与 0.037 的归属待核实。",
        "燃料缺省表为 GB/T 32151 2015 版的追忆值。",
    ),
    doubts_en=(
        "Equation numbers are recalled; clause numbers were not seen.",
        "Which text carries 0.0154 and which 0.037 for crude steel is open.",
        "The fuel table of the 2015 edition is recalled.",
    ),
)
