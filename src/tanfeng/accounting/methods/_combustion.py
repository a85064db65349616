"""Kinds of source that burn: fuel by heat, by carbon, by gas analysis; fuel sold; flue gases.

Numbers such as F0-1 name the formulas of ``docs/methods``, where source and doubt of each stand.
"""

from __future__ import annotations

from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step
from tanfeng.units import CO2_PER_C

ITEM = "item unit"

USED = Input("FC", "used_qty", ITEM, "消耗量", "amount used", low=0.0, extensive=True)
NCV = Input(
    "NCV", "ncv_gj", f"GJ/{ITEM}", "低位发热量", "net calorific value", 0.0, 1000.0, default=True
)
CC = Input(
    "CC",
    "carbon_per_heat_tc_gj",
    "tC/GJ",
    "单位热值含碳量",
    "carbon content per unit heat",
    0.001,
    0.2,
    default=True,
)
OF = Input("OF", "oxidation_pct", "%", "碳氧化率", "oxidation rate", 50.0, 100.0, default=True)
#: A gas of four carbon atoms holds 4 x 12 x 10 / 22.4 = 21.4 tC/1e4 Nm3; percent are refused.
CARBON = Input(
    "C", "carbon_content_tc", f"tC/{ITEM}", "含碳量", "carbon content", 0.0, 25.0, default=True
)

#: F0-4: what was used when the form gives purchase and stocks instead.
USE_FROM_STOCKS = Step(
    quantity="used_qty",
    symbol="FC",
    unit=ITEM,
    expression="A + S_0 - S_1 - X - O",
    value=lambda v: v["A"] + v["S_0"] - v["S_1"] - v["X"] - v["O"],
    inputs=(
        Input("A", "purchased_qty", ITEM, "购入量", "purchased", low=0.0, extensive=True),
        Input(
            "S_0", "opening_stock_qty", ITEM, "期初库存量", "opening stock", low=0.0, extensive=True
        ),
        Input(
            "S_1", "closing_stock_qty", ITEM, "期末库存量", "closing stock", low=0.0, extensive=True
        ),
        Input("X", "sold_qty", ITEM, "外销量", "sold", low=0.0, empty_is_zero=True, extensive=True),
        Input(
            "O",
            "other_use_qty",
            ITEM,
            "核算边界外使用量",
            "used outside the boundary",
            low=0.0,
            empty_is_zero=True,
            extensive=True,
        ),
    ),
)
#: Carbon content of a solid or liquid from its heat (F3-10 and its likes).
CARBON_FROM_HEAT = Step(
    quantity="carbon_content_tc",
    symbol="C",
    unit=f"tC/{ITEM}",
    expression="NCV * CC",
    value=lambda v: v["NCV"] * v["CC"],
    inputs=(NCV, CC),
)
_GAS = tuple(
    Input(symbol, column, "%", zh, en, 0.0, 100.0, empty_is_zero=True)
    for symbol, column, zh, en in (
        ("V_CH4", "ch4_vol_pct", "甲烷体积浓度", "methane by volume"),
        ("V_CO", "co_vol_pct", "一氧化碳体积浓度", "carbon monoxide by volume"),
        ("V_CO2", "co2_vol_pct", "二氧化碳体积浓度", "carbon dioxide by volume"),
        ("V_C2", "c2_vol_pct", "碳二组分体积浓度", "two-carbon components by volume"),
        ("V_C3", "c3_vol_pct", "碳三组分体积浓度", "three-carbon components by volume"),
        ("V_C4", "c4_vol_pct", "碳四组分体积浓度", "four-carbon components by volume"),
    )
)
#: F0-3: 12 kg carbon per kmol and carbon atom, 22.4 Nm3/kmol, 10 t per 1e4 Nm3 and kg/Nm3.
CARBON_FROM_GAS = Step(
    quantity="carbon_content_tc",
    symbol="C",
    unit="tC/1e4 Nm3",
    expression="(V_CH4 + V_CO + V_CO2 + 2 * V_C2 + 3 * V_C3 + 4 * V_C4) / 100 * (12 * 10 / 22.4)",
    value=lambda v: (
        (v["V_CH4"] + v["V_CO"] + v["V_CO2"] + 2 * v["V_C2"] + 3 * v["V_C3"] + 4 * v["V_C4"])
        * (1.2 / 22.4)
    ),
    inputs=_GAS,
)

_BY_HEAT = Step(
    EMISSION,
    "E",
    "tCO2e",
    "FC * NCV * CC * (OF / 100) * (44 / 12)",
    lambda v: v["FC"] * v["NCV"] * v["CC"] * v["OF"] * (CO2_PER_C / 100),
    (USED, NCV, CC, OF),
)
_BY_CARBON = Step(
    EMISSION,
    "E",
    "tCO2e",
    "FC * C * (OF / 100) * (44 / 12)",
    lambda v: v["FC"] * v["C"] * v["OF"] * (CO2_PER_C / 100),
    (USED, CARBON, OF),
)
_SOLD = Input("X", "sold_qty", ITEM, "外销量", "sold", low=0.0, extensive=True)
_SOLD_BY_HEAT = Step(
    EMISSION,
    "E",
    "tCO2e",
    "-X * NCV * CC * (OF / 100) * (44 / 12)",
    lambda v: -v["X"] * v["NCV"] * v["CC"] * v["OF"] * (CO2_PER_C / 100),
    (_SOLD, NCV, CC, OF),
)

FUEL = Kind(
    "fuel",
    "化石燃料燃烧（低位发热量法）",
    "fuel burned, by net calorific value",
    (USE_FROM_STOCKS, _BY_HEAT),
    number="F0-1",
)
FUEL_BY_CARBON = Kind(
    "fuel_by_carbon",
    "化石燃料燃烧（含碳量法）",
    "fuel burned, by carbon content",
    (USE_FROM_STOCKS, CARBON_FROM_HEAT, _BY_CARBON),
    number="F0-2",
)
FUEL_BY_ANALYSIS = Kind(
    "fuel_by_analysis",
    "气体燃料燃烧（组分法）",
    "gas burned, by its analysis",
    (USE_FROM_STOCKS, CARBON_FROM_GAS, _BY_CARBON),
    number="F0-3",
    item_unit="1e4 Nm3",
)
FUEL_SOLD = Kind(
    "fuel_sold",
    "外销的副产燃料（扣除）",
    "by-product fuel sold, deducted",
    (_SOLD_BY_HEAT,),
    number="F2-2",
)
#: How the NDRC texts burn a fuel: whichever way its carbon is known.
COMBUSTION = (FUEL, FUEL_BY_CARBON, FUEL_BY_ANALYSIS)

ACETYLENE = Kind(
    "acetylene",
    "乙炔切割焊接",
    "acetylene of cutting and welding",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "FC * (24 / 26) * (44 / 12)",
            lambda v: v["FC"] * (24 / 26 * CO2_PER_C),
            (USED,),
        ),
    ),
    number="F1-3",
)
