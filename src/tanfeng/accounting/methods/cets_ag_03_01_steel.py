"""CETS-AG-03.01: national carbon market, iron and steel. The edition is in doubt.

企业温室气体排放核算与报告指南 钢铁行业（CETS-AG-03.01；版次、日期和首个数据年度未见，待核实）.
Before it notice 332 of 2023, annex 4 (data of 2022 and 2023), with the same process level.
Boundary: the enterprise from coking and sintering to rolling, and each process (coking, sintering,
pelletising, blast furnace, converter, electric furnace, refining and casting, rolling, lime) as a
facility. Gas: CO2; direct emissions only, electricity and heat of the processes are filled in for
information.

Sum (F2-11): fuel + process - carbon fixed in products + power plant + others; at the level of a
process (F2-8): fuel in - fuel out + electricity + heat, rows with the unit filled in.
Formulas and doubts: ``docs/methods/cets-ag-03-01-steel.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._combustion import FUEL, FUEL_BY_CARBON, FUEL_SOLD
from tanfeng.accounting.methods._declare import Item, Method, Sampling, Stream
from tanfeng.accounting.methods._energy import HEAT, ZERO_BY_DIRECT_LINE
from tanfeng.accounting.methods._items import HEAT_ITEM, NATIONAL_POWER, material
from tanfeng.accounting.methods._market import market_fuels
from tanfeng.accounting.methods._process import FIXED_CARBON, MATERIAL
from tanfeng.accounting.methods._steel import PROCESS_ELECTRICITY


def _steel(key: str, zh: str, en: str) -> Item:
    return material(key, zh, en, ef_tco2=f"process_factors/pf_steel_{key}")


METHOD = Method(
    key="cets_ag_03_01_steel",
    number="CETS-AG-03.01（版次待核实）",
    title_zh="企业温室气体排放核算与报告指南 钢铁行业",
    title_en="Greenhouse gas accounting and reporting for the national market, iron and steel",
    edition="edition in doubt",
    valid_from="2024-01-01",
    valid_to="",
    sector="steel",
    boundary_zh="企业层级由焦化、烧结至轧钢，另按工序（焦化、烧结、球团、高炉、转炉、电炉、精炼连铸、轧钢、石灰）填报；"
    "仅计直接二氧化碳排放。",
    boundary_en="The enterprise from coking and sintering to rolling, and every process (coking, "
    "sintering, pelletising, blast furnace, converter, electric furnace, refining and casting, "
    "rolling, lime) by itself; direct CO₂ only.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            (FUEL, FUEL_BY_CARBON, FUEL_SOLD),
            market_fuels(),
            measured=frozenset({"used_qty", "ncv_gj"}),
            sampling=(
                Sampling(
                    "ncv_gj",
                    rule_zh="入厂煤、焦每批或至少每月检测，按用量加权",
                    rule_en="coal and coke bought: every batch or at least monthly, weighted by "
                    "the amount",
                ),
            ),
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
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "electrode",
            "电极消耗",
            "electrode used",
            (MATERIAL,),
            (_steel("electrode", "石墨电极", "graphite electrode"),),
            measured=frozenset({"used_qty"}),
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
                _steel("ferrosilicon", "硅铁合金", "ferrosilicon"),
                _steel("ferromoly", "钼铁合金", "ferromolybdenum"),
                _steel("silicomanganese", "锰硅合金", "silicomanganese"),
                _steel("lc_silicomanganese", "低碳锰硅合金", "low-carbon silicomanganese"),
                _steel("bf_ferromanganese", "高炉锰铁", "blast-furnace ferromanganese"),
                _steel("hc_ferromanganese", "电炉高碳锰铁", "high-carbon ferromanganese"),
                _steel("mc_ferromanganese", "微碳锰铁", "very-low-carbon ferromanganese"),
                _steel("hc_ferrochrome", "高碳铬铁", "high-carbon ferrochrome"),
                _steel("scrap", "废钢", "steel scrap"),
            ),
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "fixed_carbon",
            "固碳产品隐含的排放（扣除）",
            "carbon fixed in products, deducted",
            (FIXED_CARBON,),
            (
                _steel("pig_iron", "生铁", "pig iron"),
                _steel("crude_steel", "粗钢", "crude steel"),
                _steel("tar", "焦油", "coal tar"),
                _steel("benzol", "粗苯", "crude benzol"),
            ),
            measured=frozenset({"product_qty", "sold_qty"}),
        ),
        Stream(
            "power_plant",
            "自备电厂化石燃料燃烧",
            "fuel of the own power plant",
            (FUEL, FUEL_BY_CARBON),
            market_fuels(),
            confidence="recalled",
            facility=False,
        ),
        Stream(
            "other",
            "其他生产化石燃料燃烧",
            "fuel of other production",
            (FUEL, FUEL_BY_CARBON, FUEL_SOLD),
            market_fuels(),
            confidence="recalled",
            facility=False,
        ),
        Stream(
            "electricity",
            "工序消耗电力（仅填报）",
            "electricity of the processes, for information",
            (PROCESS_ELECTRICITY,),
            (NATIONAL_POWER,),
            scope="electricity",
            to_prove=dict.fromkeys(
                ("direct_nonfossil_mwh", "own_nonfossil_mwh"), ZERO_BY_DIRECT_LINE
            ),
        ),
        Stream(
            "heat",
            "工序消耗热力（仅填报）",
            "heat of the processes, for information",
            (HEAT,),
            (HEAT_ITEM,),
            scope="heat",
        ),
    ),
    doubts_zh=(
        "版次、发布日期、首个数据年度和章节顺序均未见；此处从 2024 年数据起用，待核实。",
        "企业总式由二手实现的填报界面归纳，条款号和公式编号未见。",
        "粗钢固碳因子本文件取 0.037，GB/T 32151.5-2015 取 0.0154，相差 2.4 倍；归属待核实。",
        "固体燃料碳氧化率 98% 见于二手实现；烟煤单位热值含碳量缺失，须填实测值，否则为缺口。",
        "固碳产品清单（生铁、粗钢、焦油、粗苯）见于二手实现，待核实。",
        "工序电量只实现“输入减输出”一式；以总量减自发电量的另一式，把自发电量并入扣减填报。",
        "自备电厂应按发电设施指南核算；此处只给燃料，待核实。",
    ),
    doubts_en=(
        "Edition, date, first data year and order of chapters were not seen; used from 2024 on.",
        "The sum is put together from the screens of a stored implementation; clause and equation "
        "numbers were not seen.",
        "Crude steel fixes 0.037 here and 0.0154 in GB/T 32151.5-2015, 2.4 times apart; open.",
        "98 % oxidation of solid fuel is second-hand; the carbon per heat of bituminous coal is "
        "missing: without a tested value the row is a gap.",
        "The list of products that fix carbon is second-hand.",
        "Electricity of a process is in less out; for the other form (total less own generation) "
        "put own generation among the deductions.",
        "An own power plant follows the text of power facilities; fuel alone is taken here.",
    ),
    market=True,
)
