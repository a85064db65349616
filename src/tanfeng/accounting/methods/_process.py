"""Kinds of source that are chemistry: carbonates, materials, carbon balances, CO2 recovered."""

from __future__ import annotations

from tanfeng.accounting.methods._combustion import (
    CARBON,
    CARBON_FROM_GAS,
    CARBON_FROM_HEAT,
    ITEM,
    USE_FROM_STOCKS,
    USED,
)
from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step
from tanfeng.units import CO2_PER_C

EF = Input("EF", "ef_tco2", f"tCO2/{ITEM}", "排放因子", "emission factor", 0.0, 20.0, default=True)
PURITY = Input("PUR", "purity_pct", "%", "纯度", "purity", 1.0, 100.0, default=True)
GWP = Input(
    "GWP",
    "gwp",
    "kgCO2e/kg",
    "全球变暖潜势",
    "global warming potential",
    1.0,
    30000.0,
    default=True,
)
CALCINED = Input("F", "calcined_pct", "%", "煅烧比例", "calcined share", 1.0, 100.0, default=True)

CARBONATE = Kind(
    "carbonate",
    "碳酸盐分解",
    "carbonate decomposed",
    (
        USE_FROM_STOCKS,
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "FC * (PUR / 100) * EF",
            lambda v: v["FC"] * v["PUR"] * v["EF"] * 1e-2,
            (USED, PURITY, EF),
        ),
    ),
    number="F0-9",
)
CARBONATE_CALCINED = Kind(
    "carbonate_calcined",
    "碳酸盐煅烧分解",
    "carbonate decomposed by its calcined share",
    (
        USE_FROM_STOCKS,
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "FC * (PUR / 100) * (F / 100) * EF",
            lambda v: v["FC"] * v["PUR"] * v["F"] * v["EF"] * 1e-4,
            (USED, PURITY, CALCINED, EF),
        ),
    ),
    number="F6-4",
)
MATERIAL = Kind(
    "material",
    "含碳原料或溶剂消耗",
    "carbon-bearing material or flux used",
    (
        USE_FROM_STOCKS,
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "FC * EF",
            lambda v: v["FC"] * v["EF"],
            (USED, EF),
        ),
    ),
    number="F2-5",
)
_EF_FROM_CARBON = Step(
    "ef_tco2",
    "EF",
    f"tCO2/{ITEM}",
    "C * (44 / 12)",
    lambda v: v["C"] * CO2_PER_C,
    (CARBON,),
)
#: F2-7 and F2-10: carbon that leaves in a product; measured carbon wins over the default.
FIXED_CARBON = Kind(
    "fixed_carbon",
    "固碳产品隐含排放（扣除）",
    "carbon fixed in products, deducted",
    (
        Step(
            "product_qty",
            "AD",
            ITEM,
            "X + S_1 - S_0",
            lambda v: v["X"] + v["S_1"] - v["S_0"],
            (
                Input("X", "sold_qty", ITEM, "外销量", "sold", low=0.0, extensive=True),
                Input(
                    "S_1",
                    "closing_stock_qty",
                    ITEM,
                    "期末库存量",
                    "closing stock",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "S_0",
                    "opening_stock_qty",
                    ITEM,
                    "期初库存量",
                    "opening stock",
                    low=0.0,
                    extensive=True,
                ),
            ),
        ),
        _EF_FROM_CARBON,
        Step(
            EMISSION,
            "R",
            "tCO2e",
            "-AD * EF",
            lambda v: -v["AD"] * v["EF"],
            (
                Input(
                    "AD",
                    "product_qty",
                    ITEM,
                    "固碳产品产量",
                    "product that fixes carbon",
                    extensive=True,
                ),
                EF,
            ),
        ),
    ),
    number="F2-7",
)
CARBON_T = Input(
    "C", "carbon_content_tc", "tC/t", "含碳量", "carbon content", 0.0, 1.0, default=True
)
CARBON_GAS = Input(
    "C", "carbon_content_tc", "tC/1e4 Nm3", "含碳量", "carbon content", 0.0, 25.0, default=True
)
LEAVES = Input("P", "product_qty", ITEM, "产出量", "amount that leaves", low=0.0, extensive=True)


def _carbon_in(carbon: Input) -> Step:
    return Step(
        EMISSION,
        "E",
        "tCO2e",
        "FC * C * (44 / 12)",
        lambda v: v["FC"] * v["C"] * CO2_PER_C,
        (USED, carbon),
    )


def _carbon_out(carbon: Input) -> Step:
    return Step(
        EMISSION,
        "E",
        "tCO2e",
        "-P * C * (44 / 12)",
        lambda v: -v["P"] * v["C"] * CO2_PER_C,
        (LEAVES, carbon),
    )


#: F3-4, first sum: solids and liquids by mass, a gas by its analysis or its heat.
CARBON_IN = Kind(
    "carbon_in",
    "碳质量平衡：原料投入",
    "carbon balance: feedstock",
    (USE_FROM_STOCKS, CARBON_FROM_HEAT, _carbon_in(CARBON_T)),
    number="F3-4",
    item_unit="t",
)
GAS_CARBON_IN = Kind(
    "gas_carbon_in",
    "碳质量平衡：气体原料投入（组分法）",
    "carbon balance: gaseous feedstock by its analysis",
    (USE_FROM_STOCKS, CARBON_FROM_GAS, _carbon_in(CARBON_GAS)),
    number="F3-4",
    item_unit="1e4 Nm3",
)
GAS_CARBON_IN_BY_HEAT = Kind(
    "gas_carbon_in_by_heat",
    "碳质量平衡：气体原料投入（热值法）",
    "carbon balance: gaseous feedstock by its heat",
    (USE_FROM_STOCKS, CARBON_FROM_HEAT, _carbon_in(CARBON_GAS)),
    number="F3-4",
    item_unit="1e4 Nm3",
)
#: F3-4, second and third sum: products and waste that hold carbon.
CARBON_OUT = Kind(
    "carbon_out",
    "碳质量平衡：产品和废物输出",
    "carbon balance: product or waste",
    (CARBON_FROM_HEAT, _carbon_out(CARBON_T)),
    number="F3-4",
    item_unit="t",
)
GAS_CARBON_OUT = Kind(
    "gas_carbon_out",
    "碳质量平衡：气体输出（组分法）",
    "carbon balance: gas that leaves, by its analysis",
    (CARBON_FROM_GAS, _carbon_out(CARBON_GAS)),
    number="F3-4",
    item_unit="1e4 Nm3",
)
GAS_CARBON_OUT_BY_HEAT = Kind(
    "gas_carbon_out_by_heat",
    "碳质量平衡：气体输出（热值法）",
    "carbon balance: gas that leaves, by its heat",
    (CARBON_FROM_HEAT, _carbon_out(CARBON_GAS)),
    number="F3-4",
    item_unit="1e4 Nm3",
)
BALANCE_IN = (CARBON_IN, GAS_CARBON_IN, GAS_CARBON_IN_BY_HEAT)
BALANCE_OUT = (CARBON_OUT, GAS_CARBON_OUT, GAS_CARBON_OUT_BY_HEAT)

CO2_DENSITY = Input(
    "D",
    "co2_density_t_1e4nm3",
    "t/1e4 Nm3",
    "二氧化碳气体密度",
    "density of CO₂ gas",
    15.0,
    25.0,
    default=True,
)
CO2_RECOVERED = Kind(
    "co2_recovered",
    "二氧化碳回收利用（扣除）",
    "CO₂ recovered, deducted",
    (
        Step(
            EMISSION,
            "R",
            "tCO2e",
            "-Q * (PUR / 100) * D",
            lambda v: -v["Q"] * v["PUR"] * v["D"] * 1e-2,
            (
                Input(
                    "Q",
                    "recovered_1e4nm3",
                    "1e4 Nm3",
                    "外供或自用作原料的二氧化碳气量",
                    "CO₂ gas sold or used as feedstock",
                    low=0.0,
                    extensive=True,
                ),
                Input("PUR", "purity_pct", "%", "二氧化碳纯度", "purity of the CO₂", 1.0, 100.0),
                CO2_DENSITY,
            ),
        ),
    ),
    number="F0-10",
)
#: F14-3: only CO2 of industrial origin counts.
CO2_LOSS = Kind(
    "co2_loss",
    "外购二氧化碳损耗",
    "loss of bought CO₂",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "M * L / 100",
            lambda v: v["M"] * v["L"] * 1e-2,
            (
                Input(
                    "M",
                    "co2_bought_t",
                    "t",
                    "外购二氧化碳消耗量",
                    "bought CO₂ used",
                    low=0.0,
                    extensive=True,
                ),
                Input("L", "loss_pct", "%", "损耗比例", "share lost", 1.0, 100.0, default=True),
            ),
        ),
    ),
    number="F14-3",
)
#: F16-3: CO2 that a carbonated product binds.
CARBONATION = Kind(
    "carbonation",
    "碳化产品吸收（扣除）",
    "CO₂ bound in a carbonated product, deducted",
    (
        Step(
            EMISSION,
            "R",
            "tCO2e",
            "-P * (PUR / 100) * EF",
            lambda v: -v["P"] * v["PUR"] * v["EF"] * 1e-2,
            (LEAVES, PURITY, EF),
        ),
    ),
    number="F16-3",
)
