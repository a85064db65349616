"""NDRC 1722 of 2015: greenhouse gas accounting of machinery and equipment makers.

机械设备制造企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）: metal
products, general and special equipment, automobiles, other transport equipment, electrical
machinery. Boundary: the legal entity, foundries inside; use of products at customers outside.
Gases: CO2, SF6, HFCs, PFCs by the second assessment report.

Sum (F9-1): fuel + fluorinated gases of filling + CO2 of shielding gas + electricity + heat.
Formulas and doubts: ``docs/methods/ndrc-2015-machinery.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._gases import GAS_FILLING, SHIELDING_GAS, filled_gases
from tanfeng.accounting.methods._items import fuels, material
from tanfeng.accounting.methods._process import MATERIAL
from tanfeng.accounting.methods._sampling import FUEL_SAMPLING

METHOD = Method(
    key="ndrc_2015_machinery",
    number="发改办气候〔2015〕1722号",
    title_zh="机械设备制造企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, machinery and equipment makers (trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="machinery",
    boundary_zh="企业法人或视同法人：金属制品、通用和专用设备、汽车、其他运输设备、电气机械制造，含铸造；产品在用户处的使用除外。",
    boundary_en="The legal entity: metal products, general and special equipment, automobiles, "
    "other transport equipment, electrical machinery, with foundries; not the use of products at "
    "customers.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels("NDRC-GENERAL-2015"),
            measured=frozenset({"used_qty", "ncv_gj"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "filling",
            "电气与制冷设备生产中氟化气体泄漏",
            "fluorinated gas lost when filling electrical and cooling equipment",
            (GAS_FILLING,),
            filled_gases(
                "sf6",
                "hfc_23",
                "hfc_32",
                "hfc_125",
                "hfc_134a",
                "hfc_143a",
                "hfc_152a",
                "hfc_227ea",
                "hfc_236fa",
                "hfc_245fa",
                "cf4",
                "c2f6",
                "c3f8",
                "c_c4f8",
                report="ar2",
                without_gwp=("hfc_245fa",),
            ),
            measured=frozenset(
                {
                    "opening_stock_kg",
                    "bought_kg",
                    "closing_stock_kg",
                    "connections",
                    "container_before_kg",
                    "container_after_kg",
                    "metered_kg",
                }
            ),
        ),
        Stream(
            "welding",
            "二氧化碳气体保护焊",
            "CO₂ of shielding gas",
            (SHIELDING_GAS, MATERIAL),
            (
                material("mixed_gas", "混合保护气", "mixed shielding gas"),
                material(
                    "co2",
                    "纯二氧化碳保护气",
                    "pure CO₂ shielding gas",
                    ef_tco2="process_factors/pf_welding_co2",
                ),
            ),
            measured=frozenset({"used_qty", "co2_vol_pct"}),
        ),
        electricity(metered=True),
        heat(),
    ),
    doubts_zh=(
        "总式编号 (1) 未见原文，条款号和其余公式编号未见，待核实。",
        "充装连接泄漏 0.342 mol/次在表中列于六氟化硫名下；已见的实现用于全部气体，待核实。",
        "HFC-245fa 在第二次评估报告的表中没有数值，须填报；已见的实现取 1030（第四次评估报告）。",
        "六氟化硫以外气体的摩尔质量按原子量计算。",
        "混合保护气按体积浓度和摩尔质量折算；氩气浓度不填时取其余部分。",
        "GB/T 32151.29-2024（2025-04-01）、铸造 .21、锻造 .18 的公式未见，尚未另立方法。",
    ),
    doubts_en=(
        "The number (1) of the sum was not seen in the text; clauses and other numbers unseen.",
        "0.342 mol per connection stands under SF6 in the table; a stored implementation uses it "
        "for every gas.",
        "HFC-245fa has no value in the second report's rows and must be stated; a stored "
        "implementation takes 1030 of the fourth.",
        "Molar masses other than SF6 are computed from atomic weights.",
        "Mixed gas goes by volume shares and molar masses; argon left empty is the rest.",
        "The formulas of GB/T 32151.29-2024, parts 21 (foundries) and 18 (forges) were not seen.",
    ),
)
