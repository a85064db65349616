"""NDRC 1722 of 2015: greenhouse gas accounting of other non-ferrous smelting and rolling.

其他有色金属冶炼和压延加工业企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）:
smelting and rolling except aluminium and magnesium. Boundary: the legal entity. Gas: CO2.

Sum (F15-1): fuel + energy used as reductant + process (carbonates, oxalic acid) + electricity +
heat. See ``docs/methods/ndrc-2015-nonferrous.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Item, Method, Stream
from tanfeng.accounting.methods._items import carbonates, fuels, material
from tanfeng.accounting.methods._process import CARBONATE, MATERIAL


def _reductant(key: str, zh: str, en: str, unit: str = "t") -> Item:
    ref = f"process_factors/pf_nonferrous_reductant_{key}"
    return material(key, zh, en, unit=unit, ef_tco2=ref)


METHOD = Method(
    key="ndrc_2015_nonferrous",
    number="发改办气候〔2015〕1722号",
    title_zh="其他有色金属冶炼和压延加工业企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, other non-ferrous smelting and rolling "
    "(trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人，铝、镁以外的有色金属冶炼和压延。",
    boundary_en="The legal entity: smelting and rolling of non-ferrous metals except aluminium "
    "and magnesium.",
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
            "reductant",
            "能源作为原材料用途",
            "energy used as reductant",
            (MATERIAL,),
            (
                _reductant("semi_coke", "兰炭", "semi-coke"),
                _reductant("coke", "焦炭", "coke"),
                _reductant("anthracite", "无烟煤", "anthracite"),
                _reductant("natural_gas", "天然气", "natural gas", "1e4 Nm3"),
            ),
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "carbonate",
            "碳酸盐使用过程",
            "carbonates used",
            (CARBONATE,),
            carbonates(),
            measured=frozenset({"used_qty", "purity_pct"}),
        ),
        Stream(
            "oxalic_acid",
            "草酸分解",
            "oxalic acid decomposed",
            (CARBONATE,),
            (
                material(
                    "oxalic_acid",
                    "草酸",
                    "oxalic acid",
                    ef_tco2="process_factors/pf_oxalic",
                    purity_pct=Default(
                        "method_defaults/oxalic_concentration",
                        rule_zh="草酸浓度未测时的缺省值",
                        rule_en="default concentration of oxalic acid",
                    ),
                ),
            ),
            measured=frozenset({"used_qty"}),
        ),
        electricity(),
        heat(),
    ),
    doubts_zh=(
        "铜冶炼自 2025-04-01 有 GB/T 32151.42-2024，文本未见。",
        "条款号和公式编号未见。",
    ),
    doubts_en=(
        "Copper smelting has GB/T 32151.42-2024 since 2025-04-01, not seen.",
        "Clause and equation numbers were not seen.",
    ),
)
