"""NDRC 2920 of 2014: greenhouse gas accounting of independent coking enterprises.

中国独立焦化企业温室气体排放核算方法与报告指南（试行）, of 2014-12-03. Scope: coke works that are no
part of a steel works. Boundary: the legal entity. Gas: CO2.

Sum (F17-1): fuel + coking (coal - coke - cleaned gas - tar, benzol and other by-products)
+ other products - CO2 recovered + electricity + heat. Coke-oven gas that heats the ovens left
the balance as a product and burns as a fuel. Formulas and doubts:
``docs/methods/ndrc-2014-coking.md``.
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
from tanfeng.accounting.methods._declare import Method, Stream
from tanfeng.accounting.methods._items import (
    CO2_RECOVERED_ITEMS,
    fuels,
    material,
)
from tanfeng.accounting.methods._process import BALANCE_IN, BALANCE_OUT, CARBON_IN, CO2_RECOVERED
from tanfeng.accounting.methods._sampling import FUEL_SAMPLING

_GUIDELINE = "NDRC-GENERAL-2015"
_COALS = ("washed_coal", "bituminous", "anthracite", "other_washed", "petcoke")
_PRODUCTS = ("coke", "coke_oven_gas", "coal_tar", "crude_benzol")

METHOD = Method(
    key="ndrc_2014_coking",
    number="发改办气候〔2014〕2920号",
    title_zh="中国独立焦化企业温室气体排放核算方法与报告指南（试行）",
    title_en="Greenhouse gas accounting and reporting, independent coking enterprises (trial)",
    edition="2014",
    valid_from="2014-12-03",
    valid_to="",
    sector="",
    boundary_zh="企业法人或视同法人的独立焦化企业全部生产系统；钢铁联合企业的焦化按钢铁文件。",
    boundary_en="The legal entity of an independent coke works; coke ovens of a steel works by the "
    "text of steel.",
    streams=(
        Stream(
            "fuel",
            "化石燃料燃烧",
            "fuel combustion",
            COMBUSTION,
            fuels(_GUIDELINE),
            measured=frozenset({"used_qty", "ncv_gj", "carbon_content_tc"}),
            sampling=FUEL_SAMPLING,
        ),
        Stream(
            "coking_in",
            "炼焦过程：煤投入",
            "coking: coal charged",
            (CARBON_IN,),
            (
                *feedstock(_GUIDELINE, only=_COALS),
                material("other_charge", "其他入炉含碳物料", "other material charged"),
            ),
            measured=frozenset({"used_qty", "carbon_content_tc"}),
        ),
        Stream(
            "coking_out",
            "炼焦过程：焦炭、煤气和副产品（扣除）",
            "coking: coke, gas and by-products",
            BALANCE_OUT,
            (
                *feedstock(_GUIDELINE, only=_PRODUCTS),
                material("other_by_product", "其他副产品", "other by-product"),
            ),
            measured=frozenset({"product_qty", "carbon_content_tc"}),
        ),
        Stream(
            "other_in",
            "其他产品生产：原料投入",
            "other products: feedstock",
            BALANCE_IN,
            (*feedstock(_GUIDELINE), *OTHER_FEEDSTOCK),
            measured=frozenset({"used_qty", "carbon_content_tc"}),
        ),
        Stream(
            "other_out",
            "其他产品生产：产品和废物（扣除）",
            "other products: products and waste",
            BALANCE_OUT,
            (*chemicals(), *OTHER_PRODUCTS, *WASTES, *feedstock(_GUIDELINE)),
            measured=frozenset({"product_qty", "carbon_content_tc"}),
        ),
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
        "公式号和条款号未见原文。",
        "燃料和炼焦物料的缺省值取工业其他行业指南同族表，本指南附录未见。",
        "洗精煤缺省含碳量（0.669 tC/t）明显偏低，炼焦平衡应采用实测含碳量，否则结果可能为负。",
        "其他产品的碳平衡式按化工指南同式。",
        "GB/T 32151.13-2023（2024-07-01 实施）的公式未见，尚未另立方法。",
    ),
    doubts_en=(
        "Equation and clause numbers were not seen.",
        "Defaults of fuels and coking materials are of the table of other industry; the annex of "
        "this text was not seen.",
        "The default carbon of washed coal (0.669 tC/t) is clearly low: measure it for the coking "
        "balance, or the result may turn negative.",
        "The carbon balance of other products is taken as in the chemical text.",
        "The formulas of GB/T 32151.13-2023 (from 2024-07-01) were not seen; it has no method yet.",
    ),
)
