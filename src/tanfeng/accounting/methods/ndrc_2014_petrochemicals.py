"""NDRC 2920 of 2014: greenhouse gas accounting of petrochemical enterprises.

中国石油化工企业温室气体排放核算方法与报告指南（试行）, of 2014-12-03; basis of the yearly notices
with supplementary tables for refining and ethylene. Scope: refineries and petrochemical plants;
oil and gas production, coal chemistry and others by their own texts. Boundary: the legal entity.
Gas: CO2.

Sum (F4-1): fuel + flares + process - CO2 recovered + electricity + heat. Formulas and doubts:
``docs/methods/ndrc-2014-petrochemicals.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._chemistry import (
    OTHER_FEEDSTOCK,
    OTHER_PRODUCTS,
    WASTES,
    chemicals,
    feedstock,
)
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Kind, Method, Stream
from tanfeng.accounting.methods._items import (
    CO2_RECOVERED_ITEMS,
    fuels,
    material,
)
from tanfeng.accounting.methods._petrochemistry import (
    ASPHALT,
    BURN_OFF,
    COKE_CALCINED,
    DECOKING,
    ETHYLENE_OXIDE,
    FLARE,
    FLARE_ACCIDENT,
    REGENERATION,
)
from tanfeng.accounting.methods._process import BALANCE_IN, BALANCE_OUT, CARBON_OUT, CO2_RECOVERED
from tanfeng.accounting.methods._sampling import FUEL_SAMPLING

_GUIDELINE = "NDRC-GENERAL-2015"
_OWN = "method_defaults/petro_"
_DENSITY = "method_defaults/co2_density"
_COKE = {"coke_carbon_tc": f"{_OWN}coke_carbon", "oxidation_pct": f"{_OWN}burn_off_oxidation"}
_PTA = material("pta", "精对苯二甲酸", "terephthalic acid", carbon_content_tc=f"{_OWN}pta_carbon")
_PX = material("px", "对二甲苯", "para-xylene", carbon_content_tc=f"{_OWN}px_carbon")
#: Refinery gas of the table is by mass; a meter gives volume, and its analysis the carbon.
_FUEL_GAS = material(
    "fuel_gas", "炼厂燃料气（体积计）", "refinery fuel gas by volume", unit="1e4 Nm3"
)


def _balance_out(key: str, zh: str, en: str, kinds: tuple[Kind, ...] = BALANCE_OUT) -> Stream:
    """Return what leaves a carbon balance."""
    products = (*chemicals(), _PTA, *OTHER_PRODUCTS, *feedstock(_GUIDELINE))
    return Stream(
        key,
        zh,
        en,
        kinds,
        WASTES if kinds == (CARBON_OUT,) else products,
        measured=frozenset({"product_qty", "carbon_content_tc"}),
    )


def _balance_in(key: str, zh: str, en: str) -> Stream:
    """Return what enters a carbon balance."""
    return Stream(
        key,
        zh,
        en,
        BALANCE_IN,
        (*feedstock(_GUIDELINE), *OTHER_FEEDSTOCK, *chemicals(), _PX),
        measured=frozenset({"used_qty", "carbon_content_tc"}),
    )


def _burn_off(key: str, zh: str, en: str, *, item: tuple[str, str, str]) -> Stream:
    """Return a source that burns coke, continuously or in turns."""
    return Stream(
        key,
        zh,
        en,
        (BURN_OFF, REGENERATION) if key == "other_burn_off" else (BURN_OFF,),
        (material(*item, **_COKE),),
        measured=frozenset({"coke_burned_t"}),
    )


_PROCESS = (
    _burn_off(
        "cracking",
        "催化裂化装置烧焦",
        "catalytic cracking",
        item=("fcc_coke", "催化裂化焦", "coke of catalytic cracking"),
    ),
    Stream(
        "reforming",
        "催化重整装置烧焦",
        "catalytic reforming",
        (REGENERATION, BURN_OFF),
        (material("reforming_catalyst", "重整催化剂", "reforming catalyst", **_COKE),),
        measured=frozenset({"catalyst_t", "carbon_before_pct", "carbon_after_pct"}),
    ),
    _burn_off(
        "other_burn_off",
        "其他装置催化剂烧焦",
        "other catalysts burned off",
        item=("other_catalyst", "其他催化剂", "other catalyst"),
    ),
    _balance_in("hydrogen_feed", "制氢装置：原料", "hydrogen: feed"),
    _balance_out("hydrogen_out", "制氢装置：合成气和残渣（扣除）", "hydrogen: syngas and residue"),
    _burn_off(
        "coking",
        "流化焦化装置烧焦",
        "fluid coking",
        item=("fluid_coke", "流化焦", "coke of fluid coking"),
    ),
    Stream(
        "calcining",
        "石油焦煅烧",
        "petroleum coke calcining",
        (COKE_CALCINED,),
        (material("petcoke", "石油焦", "petroleum coke"),),
        measured=frozenset({"raw_coke_carbon_tc", "calcined_coke_carbon_tc"}),
    ),
    Stream(
        "asphalt",
        "氧化沥青装置",
        "blown asphalt",
        (ASPHALT,),
        (
            material(
                "asphalt",
                "氧化沥青",
                "blown asphalt",
                asphalt_ef_tco2_t=f"{_OWN}asphalt",
            ),
        ),
        confidence="recalled",
    ),
    Stream(
        "decoking",
        "乙烯裂解装置炉管烧焦",
        "ethylene cracker decoking",
        (DECOKING,),
        (
            material(
                "decoking_gas",
                "烧焦尾气",
                "off-gas of decoking",
                unit="1e4 Nm3",
                co2_density_t_1e4nm3=_DENSITY,
            ),
        ),
        measured=frozenset({"off_gas_nm3_h", "duration_h", "co2_vol_pct"}),
    ),
    Stream(
        "ethylene_oxide",
        "乙二醇／环氧乙烷生产装置",
        "glycol and ethylene oxide",
        (ETHYLENE_OXIDE,),
        (
            material(
                "ethylene_oxide",
                "环氧乙烷",
                "ethylene oxide",
                ethylene_carbon_tc="process_factors/pf_chem_c_ethylene",
                carbon_content_tc="process_factors/pf_chem_c_eo",
            ),
        ),
        measured=frozenset({"ethylene_t", "product_t"}),
    ),
    _balance_in("other_feed", "其他产品生产装置：原料", "other products: feedstock"),
    _balance_out("other_product", "其他产品生产装置：产品（扣除）", "other products: products"),
    _balance_out(
        "other_waste", "其他产品生产装置：废物（扣除）", "other products: waste", (CARBON_OUT,)
    ),
)

METHOD = Method(
    key="ndrc_2014_petrochemicals",
    number="发改办气候〔2014〕2920号",
    title_zh="中国石油化工企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, petrochemical enterprises (trial)",
    edition="2014",
    valid_from="2014-12-03",
    valid_to="",
    sector="petrochemicals",
    boundary_zh="企业法人或视同法人的炼油和石化生产系统；油气开采、煤化工等按各自文件。外委再生的催化剂不计。",
    boundary_en="The legal entity with its refining and petrochemical production; oil and gas "
    "production, coal chemistry and others by their own texts; catalysts regenerated by others "
    "are outside.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            (*fuels(_GUIDELINE), _FUEL_GAS),
            equation="(2)",
            measured=frozenset({"used_qty", "ncv_gj", "carbon_content_tc"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "flare",
            "火炬燃烧：正常工况",
            "flare in normal operation",
            (FLARE,),
            (
                material(
                    "flare_gas",
                    "火炬气",
                    "flare gas",
                    unit="1e4 Nm3",
                    oxidation_pct=f"{_OWN}flare_oxidation",
                    co2_density_t_1e4nm3=_DENSITY,
                ),
            ),
            measured=frozenset({"flared_1e4nm3", "carbon_without_co2_tc", "co2_vol_pct"}),
        ),
        Stream(
            "flare_accident",
            "火炬燃烧：事故",
            "flare of an accident",
            (FLARE_ACCIDENT,),
            tuple(
                material(
                    f"accident_gas_{key}",
                    f"事故火炬气（{zh}）",
                    f"flare gas of an accident, {en}",
                    unit="1e4 Nm3",
                    oxidation_pct=f"{_OWN}flare_oxidation",
                    carbon_atoms=f"{_OWN}carbon_atoms_{key}",
                )
                for key, zh, en in (
                    ("refining", "炼油", "refining"),
                    ("petrochemical", "石化", "petrochemical"),
                )
            ),
            measured=frozenset({"flow_1e4nm3_h", "duration_h"}),
        ),
        *_PROCESS,
        Stream(
            "co2_recovered",
            "二氧化碳回收利用",
            "CO₂ recovered",
            (CO2_RECOVERED,),
            CO2_RECOVERED_ITEMS,
            measured=frozenset({"recovered_1e4nm3", "purity_pct"}),
        ),
        electricity(metered=True),
        heat(metered=True),
    ),
    doubts_zh=(
        "总式编号未见原文，待核实；燃料编号见于补充数据表，其余编号和条款号未见。",
        "氧化沥青系数 0.05（已见实现）与 0.03（记忆）两说，暂取较高者。",
        "间歇烧焦、制氢、石油焦煅烧的公式不含碳氧化率（记忆）；一份实现另乘 98% 或 100%。",
        "裂解炉管烧焦式的 10⁻⁴ 以流量单位 Nm3/h 为前提；若原文为万Nm3/h 则不应再除。",
        "其他产品装置的碳平衡式按化工指南同式，凭记忆。",
        "对苯二甲酸、对二甲苯含碳量按化学计量（96/166、96/106）。",
        "GB/T 32151.15-2023（2024-07-01 实施）的公式未见；补充数据表仍引用本指南。",
    ),
    doubts_en=(
        "The number of the sum was not seen in the text; that of the fuel stands in a "
        "supplementary table; other numbers and all clauses were not seen.",
        "Blown asphalt: 0.05 in a stored implementation, 0.03 in memory; the higher one is kept.",
        "Regeneration, hydrogen and coke calcining have no oxidation rate (memory); one "
        "implementation multiplies by 98 % or 100 %.",
        "The 10^-4 of decoking supposes a flow in Nm3/h; with 1e4 Nm3/h it would fall away.",
        "The carbon balance of other products is taken as in the chemical text, from memory.",
        "Carbon of terephthalic acid and para-xylene is stoichiometry (96/166, 96/106).",
        "The formulas of GB/T 32151.15-2023 (from 2024-07-01) were not seen; the supplementary "
        "tables still point to this text.",
    ),
)
