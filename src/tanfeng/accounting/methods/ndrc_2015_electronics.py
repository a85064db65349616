"""NDRC 1722 of 2015: greenhouse gas accounting of electronic equipment makers.

电子设备制造企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）:
semiconductors, displays and photovoltaic cells as far as they etch or clean chambers; plain
assembly has fuel, electricity and heat only. Boundary: the legal entity
with its clean-room plant and abatement.
Gases: CO2, NF3, SF6, PFCs, HFCs.

Sum (F10-1, F10-2): fuel + gas that leaks + by-products + electricity + heat.
Formulas and doubts: ``docs/methods/ndrc-2015-electronics.md``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._bought import electricity, heat
from tanfeng.accounting.methods._combustion import COMBUSTION
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._gases import (
    BY_PRODUCT,
    BY_PRODUCT_ABATED,
    PROCESS_GAS,
    PROCESS_GAS_ABATED,
    by_products,
    etching_gases,
)
from tanfeng.accounting.methods._items import fuels
from tanfeng.accounting.methods._sampling import FUEL_SAMPLING

_RATED = ("nf3", "sf6", "cf4", "c2f6", "c3f8", "c_c4f8", "chf3")
_UNRATED = ("ch2f2", "c4f6", "c5f8", "c_c4f8o")
_FORMED = (
    ("nf3", "cf4"),
    ("c2f6", "cf4"),
    ("c3f8", "cf4"),
    ("c_c4f8", "cf4"),
    ("c_c4f8", "c2f6"),
    ("chf3", "cf4"),
    ("ch2f2", "cf4"),
    ("c4f6", "c2f6"),
    ("c5f8", "c2f6"),
    ("c_c4f8o", "c3f8"),
)

METHOD = Method(
    key="ndrc_2015_electronics",
    number="发改办气候〔2015〕1722号",
    title_zh="电子设备制造企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, electronic equipment makers (trial)",
    edition="2015",
    valid_from="2015-07-06",
    valid_to="",
    sector="electronics",
    boundary_zh="企业法人或视同法人，含洁净厂房和尾气处理装置；半导体、显示器件和光伏电池的刻蚀与腔室清洗。",
    boundary_en="The legal entity with clean rooms and abatement: etching and chamber cleaning of "
    "semiconductors, displays and photovoltaic cells.",
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
            "process_gas",
            "刻蚀与化学气相沉积腔室清洗：原料气泄漏",
            "etching and CVD chamber cleaning: gas that leaks",
            (PROCESS_GAS_ABATED, PROCESS_GAS),
            etching_gases(*_RATED, *_UNRATED, report="ar4", known=_RATED),
            measured=frozenset({"used_qty"}),
        ),
        Stream(
            "by_product",
            "刻蚀与化学气相沉积腔室清洗：副产品",
            "etching and CVD chamber cleaning: by-products",
            (BY_PRODUCT_ABATED, BY_PRODUCT),
            by_products(_FORMED, report="ar4"),
            measured=frozenset({"used_qty"}),
        ),
        electricity(metered=True),
        heat(),
    ),
    doubts_zh=(
        "总式编号 (1) 未见原文，条款号和其余公式编号未见，待核实。",
        "指南所用 GWP 版本待核实：第二次评估报告没有三氟化氮；此处一律取第四次。"
        "已见的实现混用第四、第五次。",
        "CH2F2、C4F6、C5F8、c-C4F8O 没有利用率、收集和去除效率缺省值，须填报；"
        "后三种也没有 GWP 缺省值。",
        "用量按期初库存 + 购入 - 期末库存 - 外销，凭记忆；已按净用量结算的，残余比例填 0。",
        "化学气相沉积中的氧化亚氮未见于此文本。",
    ),
    doubts_en=(
        "The number (1) of the sum was not seen in the text; clauses and other numbers unseen.",
        "Which GWP the guideline uses is open: the second report has no NF3; the fourth is used "
        "throughout. A stored implementation mixes the fourth and the fifth.",
        "CH2F2, C4F6, C5F8 and c-C4F8O have no default rates and must be stated; the last three "
        "have no default GWP either.",
        "Use = opening stock + bought - closing stock - sold is recalled; enter 0 for the heel "
        "where the amount is already net.",
        "N2O of chemical vapour deposition was not seen in this text.",
    ),
)
