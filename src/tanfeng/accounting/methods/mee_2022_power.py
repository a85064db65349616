"""National carbon market, power-generation facilities, revision of 2022.

企业温室气体排放核算与报告指南 发电设施（环办气候函〔2022〕485号）, for data from 2023-01-01;
before it the edition of 2021. Boundary: the unit, with combustion, steam and water, electrical,
control, dedusting and desulphurisation systems; not other fuel of the firm, kitchens, vehicles or
a mine. CO2 of desulphurisation is not counted. Gas: CO2; biomass that is co-fired counts zero.
Months are rows; the year is their sum.

Sum (F11-6): fuel + purchased electricity, which here belongs to the total of the facility.
Results per unit (heat ratio, intensities, load factor): ``unit_results`` of ``power_units``.
Formulas and doubts: ``docs/methods/mee-2022-power.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._combustion import FUEL_BY_CARBON
from tanfeng.accounting.methods._declare import Default, Item, Method, Sampling, Stream
from tanfeng.accounting.methods._energy import ELECTRICITY, ZERO_BY_DIRECT_LINE
from tanfeng.accounting.methods._items import NATIONAL_POWER, fuels, material
from tanfeng.accounting.methods._power import COAL_BURNED

_OIL_AND_GAS = (
    "crude_oil",
    "fuel_oil",
    "gasoline",
    "kerosene",
    "diesel",
    "other_petroleum",
    "lpg",
    "refinery_gas",
    "natural_gas",
    "coke_oven_gas",
    "bf_gas",
    "converter_gas",
    "other_gas",
)


def _coal(key: str, zh: str, en: str, carbon: str) -> Item:
    return material(
        key,
        zh,
        en,
        ncv_gj=Default(
            "method_defaults/power_coal_ncv",
            rule_zh="当期没有符合要求的低位发热量检测结果时取 26.7 GJ/t",
            rule_en="26.7 GJ/t where the period has no valid test of the calorific value",
            substitute=True,
        ),
        carbon_per_heat_tc_gj=Default(
            carbon,
            rule_zh="当月没有符合要求的元素碳检测结果时，按单位热值含碳量缺省值乘低位发热量",
            rule_en="carbon per heat ordered where the month has no valid test of elemental carbon",
            substitute=True,
        ),
        oxidation_pct=Default(
            "fuels/fuel_ets_power_coal_unmeasured_oxidation_rate",
            rule_zh="燃煤碳氧化率固定取 99%",
            rule_en="oxidation rate of coal fixed at 99 %",
        ),
    )


_MONTHLY_CARBON = {
    "accredited": True,
    "most_days": 40,
    "rule_zh": "每日采样、按月缩分混合，由有资质的实验室至少每月检测一次（GB/T 476 或 GB/T 30733）",
    "rule_en": "daily samples reduced to one of the month, tested at least monthly by an "
    "accredited laboratory (GB/T 476 or GB/T 30733)",
}
_SAMPLING = (
    Sampling("carbon_ad_pct", **_MONTHLY_CARBON),  # type: ignore[arg-type]
    Sampling("carbon_dry_pct", **_MONTHLY_CARBON),  # type: ignore[arg-type]
    Sampling(
        "moisture_ar_pct",
        rule_zh="每日检测全水分，按入炉煤量加权",
        rule_en="total moisture every day, weighted by the coal burned",
    ),
    Sampling(
        "ncv_gj",
        rule_zh="每日或每批检测入炉煤（GB/T 213），按用量加权成月值",
        rule_en="every day or batch on the coal burned (GB/T 213), weighted to the month",
    ),
)

METHOD = Method(
    key="mee_2022_power",
    number="环办气候函〔2022〕485号",
    title_zh="企业温室气体排放核算与报告指南 发电设施",
    title_en="Greenhouse gas accounting and reporting for the national market, power-generation "
    "facilities",
    edition="2022 revision",
    valid_from="2023-01-01",
    valid_to="",
    sector="power",
    boundary_zh="以机组为单位：燃烧、汽水、电气、控制、除尘和脱硫脱硝系统；企业其他用能、食堂、车辆、煤矿除外。"
    "仅二氧化碳，脱硫过程不计，掺烧的生物质计零。",
    boundary_en="The unit: combustion, steam and water, electrical, control, dedusting and "
    "desulphurisation systems; not other use of the firm, kitchens, vehicles or a mine. CO₂ only; "
    "desulphurisation is not counted and biomass counts zero.",
    streams=(
        Stream(
            "coal",
            "燃煤燃烧",
            "coal burned",
            (COAL_BURNED,),
            (
                _coal(
                    "coal",
                    "燃煤（常规机组）",
                    "coal of a conventional unit",
                    "fuels/fuel_ets_power_coal_unmeasured_carbon_content",
                ),
                _coal(
                    "unconventional_coal",
                    "燃煤（煤矸石、煤泥等非常规机组）",
                    "coal of an unconventional unit (gangue, slime)",
                    "method_defaults/power_unconventional_carbon",
                ),
            ),
            equation="(2)–(4)",
            confidence="recalled",
            measured=frozenset(
                {
                    "used_qty",
                    "carbon_ad_pct",
                    "carbon_dry_pct",
                    "moisture_ar_pct",
                    "moisture_ad_pct",
                    "ncv_gj",
                    "carbon_per_heat_tc_gj",
                }
            ),
            sampling=_SAMPLING,
        ),
        Stream(
            "oil_gas",
            "燃油、燃气燃烧",
            "oil and gas burned",
            (FUEL_BY_CARBON,),
            fuels("ETS-POWER", only=_OIL_AND_GAS),
            equation="(2)、(4)",
            measured=frozenset({"used_qty"}),
            sampling=(
                Sampling(
                    "ncv_gj",
                    rule_zh="燃气至少每月检测或取供应商数据；燃油取供应商数据或缺省值",
                    rule_en="gas: at least monthly or the supplier; oil: the supplier or default",
                ),
            ),
        ),
        Stream(
            "electricity",
            "购入使用电力",
            "purchased electricity used",
            (ELECTRICITY,),
            (NATIONAL_POWER,),
            equation="(5)",
            scope="electricity",
            measured=frozenset({"purchased_mwh"}),
            to_prove={"nonfossil_mwh": ZERO_BY_DIRECT_LINE},
            counted=True,
        ),
    ),
    doubts_zh=(
        "条款号未见；公式号凭记忆或见于二手材料，未见原文，待核实。",
        "26.7 GJ/t、非常规机组 0.02858 tC/GJ、40 日检测时限未见原文，待核实。",
        "0.03085 tC/GJ 和燃煤碳氧化率 99% 为追忆值，待核实。",
        "电力因子：此处按核算年取最新的全国平均；修订版当时所印为 0.5703，按年度通知更新，待核实。",
        "碳含量基准换算式 (3) 凭记忆；入炉煤量须配收到基，入厂煤检测须配入厂煤量。",
        "炼厂干气没有缺省碳氧化率，须填报。",
        "自 2023 年度起购入电力仍计入机组排放，但不需清缴配额（见 ets 表），配额计算另行处理。",
        "供热比、供热与发电排放强度的分摊基数是否含购入电力未见原文；函数两种都给。",
    ),
    doubts_en=(
        "Clauses unseen; equation numbers are recalled or second-hand, to be verified.",
        "26.7 GJ/t, 0.02858 tC/GJ of unconventional units and the 40-day limit were not seen.",
        "0.03085 tC/GJ and 99 % oxidation of coal are recalled.",
        "Electricity: the newest national average of the data year; the revision printed 0.5703 "
        "and notices renew it.",
        "The change of basis (3) is recalled; coal burned goes with as-received values, purchased "
        "coal with its own mass.",
        "Refinery gas has no default oxidation rate; it must be stated.",
        "Purchased electricity stays in the emission of the unit, but from 2023 no allowance is "
        "surrendered for it; allowances are computed elsewhere.",
        "Whether heat ratio splits the emission with or without electricity was not seen; the "
        "function gives either.",
    ),
    market=True,
    per_unit=True,
)
