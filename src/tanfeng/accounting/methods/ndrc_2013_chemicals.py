"""NDRC 2526 of 2013: greenhouse gas accounting of chemical producers.

中国化工生产企业温室气体排放核算方法与报告指南（试行）, first ten texts of 2013-10-15; basis of the
yearly notices with one supplementary table per product. Scope: chemicals with ammonia, methanol,
caustic soda, carbide, nitric and adipic acid; fluorochemicals and petrochemicals have their own
texts. Boundary: the legal entity. Gases: CO2 and N2O.

Sum (F3-1): fuel + carbon balance (feedstock - products - waste) + carbonates + N2O of nitric and
adipic acid x GWP - CO2 recovered + electricity + heat. Formulas and doubts:
``docs/methods/ndrc-2013-chemicals.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._chemistry import (
    N2O,
    N2O_ABATED,
    OTHER_FEEDSTOCK,
    OTHER_PRODUCTS,
    WASTES,
    adipic_acid,
    chemicals,
    feedstock,
    nitric_acid,
)
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Item, Method, Stream
from tanfeng.accounting.methods._items import (
    CO2_RECOVERED_ITEMS,
    NATIONAL_POWER,
    carbonates,
    fuels,
)
from tanfeng.accounting.methods._process import BALANCE_IN, BALANCE_OUT, CARBONATE, CO2_RECOVERED
from tanfeng.accounting.methods._sampling import (
    BALANCE_SAMPLING,
    CARBONATE_SAMPLING,
    FUEL_SAMPLING,
    SOLID_SAMPLING,
)

_GUIDELINE = "NDRC-GENERAL-2015"
_GWP = "gwp_ar2_n2o"
#: Caustic soda tells the direct current of the cells from the rest.
_POWER = (
    NATIONAL_POWER,
    Item(
        "electricity_dc",
        "电力（电解直流）",
        "electricity, direct current of the cells",
        "MWh",
        NATIONAL_POWER.defaults,
    ),
    Item(
        "electricity_ac",
        "电力（其余交流）",
        "electricity, the rest (alternating current)",
        "MWh",
        NATIONAL_POWER.defaults,
    ),
)

METHOD = Method(
    key="ndrc_2013_chemicals",
    number="发改办气候〔2013〕2526号",
    title_zh="中国化工生产企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, chemical producers (trial)",
    edition="2013",
    valid_from="2013-10-15",
    valid_to="",
    sector="chemicals",
    boundary_zh="企业法人或视同法人的全部生产系统；氟化工、石油化工按各自文件。产品补充数据表（合成氨、电石等）"
    "另有设施边界，以“核算单元”分列。",
    boundary_en="The legal entity with all its production; fluorochemicals and petrochemicals by "
    "their own texts. Product tables (ammonia, carbide ...) have facility boundaries of their own: "
    "use the unit column.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels(_GUIDELINE),
            equation="(2)",
            measured=frozenset({"used_qty", "ncv_gj", "carbon_content_tc"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "feedstock",
            "原料用途的含碳物料投入",
            "carbon in feedstock",
            BALANCE_IN,
            (*feedstock(_GUIDELINE), *OTHER_FEEDSTOCK, *chemicals()),
            equation="(8)",
            measured=frozenset({"used_qty", "carbon_content_tc"}),
            sampling=BALANCE_SAMPLING,
        ),
        Stream(
            "product",
            "含碳产品输出（扣除）",
            "carbon in products, deducted",
            BALANCE_OUT,
            (*chemicals(), *OTHER_PRODUCTS, *feedstock(_GUIDELINE)),
            equation="(8)",
            measured=frozenset({"product_qty", "carbon_content_tc"}),
            sampling=BALANCE_SAMPLING,
        ),
        Stream(
            "waste",
            "含碳废物输出（扣除）",
            "carbon in waste, deducted",
            BALANCE_OUT[:1],
            WASTES,
            equation="(8)",
            measured=frozenset({"product_qty", "carbon_content_tc"}),
            sampling=SOLID_SAMPLING,
        ),
        Stream(
            "carbonate",
            "碳酸盐使用",
            "carbonates used",
            (CARBONATE,),
            carbonates(),
            equation="(9)*",
            measured=frozenset({"used_qty", "purity_pct"}),
            sampling=CARBONATE_SAMPLING,
        ),
        Stream(
            "nitric_acid",
            "硝酸生产",
            "nitric acid",
            (N2O, N2O_ABATED),
            nitric_acid(_GWP),
            equation="(10)*",
            measured=frozenset({"product_t", "removal_pct", "removal_use_pct"}),
        ),
        Stream(
            "adipic_acid",
            "己二酸生产",
            "adipic acid",
            (N2O, N2O_ABATED),
            adipic_acid(_GWP),
            equation="(11)*",
            measured=frozenset({"product_t", "removal_use_pct"}),
        ),
        Stream(
            "co2_recovered",
            "二氧化碳回收利用",
            "CO₂ recovered",
            (CO2_RECOVERED,),
            CO2_RECOVERED_ITEMS,
            equation="(12)*",
            measured=frozenset({"recovered_1e4nm3", "purity_pct"}),
        ),
        electricity(equation="(13)", metered=True, items=_POWER),
        heat(equation="(14)", metered=True),
    ),
    doubts_zh=(
        "公式编号未见原文，带 * 的由相邻编号推断，待核实；条款号未见。",
        "碳酸钙因子 0.4397 与 0.440 两说并存，此处取 0.4397。",
        "未检测碳酸盐按纯度 100% 为保守取值，原文依据待核实。",
        "GB/T 32151.10-2023（2024-07-01 实施）的公式未见；补充数据表仍引用本指南。",
        "燃料缺省值与工业其他行业指南同族，取该表。",
        "离子膜烧碱的设施边界凭记忆；直流、交流电量分列，勿与总电量重复填报。",
    ),
    doubts_en=(
        "Equation numbers were not seen in the text, those with * follow from their neighbours; "
        "clauses were not seen.",
        "0.4397 and 0.440 both stand for calcium carbonate; 0.4397 is used.",
        "Purity 100 % for a carbonate nobody analysed is conservative; its ground is open.",
        "The formulas of GB/T 32151.10-2023 (from 2024-07-01) were not seen; the supplementary "
        "tables still point to this text.",
        "Fuel defaults are of the same family as those of other industry and taken from there.",
        "The facility boundary of caustic soda is recalled; give direct and alternating current "
        "apart or the whole, never both.",
    ),
)
