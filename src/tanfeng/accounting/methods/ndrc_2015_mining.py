"""NDRC 1722 of 2015: greenhouse gas accounting of mining enterprises (not coal, oil or gas).

矿山企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）: ferrous, non-ferrous and
non-metal ores, mining, dressing and processing. Boundary: the legal entity. Gas: CO2.

Sum (F16-1): fuel + carbonates of calcined ore - CO2 absorbed by carbonation + electricity + heat.
See ``docs/methods/ndrc-2015-mining.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Default, Method, Stream
from tanfeng.accounting.methods._items import (
    carbonates,
    fuels,
    with_defaults,
)
from tanfeng.accounting.methods._process import CARBONATE_CALCINED, CARBONATION

_DECOMPOSED = Default(
    "method_defaults/ore_decomposed",
    rule_zh="分解率未知时按 100% 计",
    rule_en="100 % where the decomposed share is unknown",
)


METHOD = Method(
    key="ndrc_2015_mining",
    number="发改办气候〔2015〕1722号",
    title_zh="矿山企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, mining enterprises (trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人：黑色、有色和非金属矿采选及加工（煤炭、油气除外）。",
    boundary_en="The legal entity: mining, dressing and processing of ores, without coal, oil "
    "and gas.",
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
            "ore",
            "碳酸盐矿石煅烧分解",
            "carbonates of calcined ore",
            (CARBONATE_CALCINED,),
            with_defaults(carbonates("caco3", "mgco3", "camgco32"), {"calcined_pct": _DECOMPOSED}),
            measured=frozenset({"used_qty", "purity_pct"}),
        ),
        Stream(
            "absorbed",
            "碳化工艺吸收的二氧化碳（扣除）",
            "CO₂ absorbed by carbonation, deducted",
            (CARBONATION,),
            carbonates("caco3", "mgco3"),
            measured=frozenset({"product_qty", "purity_pct"}),
        ),
        electricity(),
        heat(),
    ),
    doubts_zh=(
        "煅烧分解率未知时按 100% 为记忆，待核实。",
        "条款号和公式编号未见。",
    ),
    doubts_en=(
        "100 % where the decomposed share is unknown is recalled.",
        "Clause and equation numbers were not seen.",
    ),
)
