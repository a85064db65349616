"""Kinds of source of power generation: coal by its tested carbon, fuel by its slag and ash.

Percent stands for moisture, carbon and efficiency; a fraction is refused where physics allows.
"""

from __future__ import annotations

from tanfeng.accounting.methods._combustion import (
    CARBON_FROM_HEAT,
    CC,
    NCV,
    OF,
    USE_FROM_STOCKS,
    USED,
)
from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step
from tanfeng.accounting.methods._process import CARBON_T
from tanfeng.units import CO2_PER_C

_M_AR = Input(
    "M_ar", "moisture_ar_pct", "%", "收到基水分（全水分）", "total moisture as received", 1.0, 70.0
)
_AS_RECEIVED = "carbon_content_tc"
#: F11-8, first form: carbon tested on the air-dried sample.
_FROM_AIR_DRY = Step(
    _AS_RECEIVED,
    "C",
    "tC/t",
    "C_ad / 100 * (100 - M_ar) / (100 - M_ad)",
    lambda v: v["C_ad"] * 1e-2 * (1 - (v["M_ar"] - v["M_ad"]) / (100 - v["M_ad"])),
    (
        Input(
            "C_ad",
            "carbon_ad_pct",
            "%",
            "空气干燥基元素碳含量",
            "elemental carbon, air dried",
            5.0,
            95.0,
        ),
        _M_AR,
        Input(
            "M_ad",
            "moisture_ad_pct",
            "%",
            "空气干燥基水分",
            "moisture of the air-dried sample",
            0.1,
            40.0,
        ),
    ),
)
#: F11-8, second form: carbon on a dry basis.
_FROM_DRY = Step(
    _AS_RECEIVED,
    "C",
    "tC/t",
    "C_d / 100 * (100 - M_ar) / 100",
    lambda v: v["C_d"] * (100 - v["M_ar"]) * 1e-4,
    (
        Input(
            "C_d",
            "carbon_dry_pct",
            "%",
            "干燥基元素碳含量",
            "elemental carbon, dry basis",
            5.0,
            95.0,
        ),
        _M_AR,
    ),
)
#: F11-7: carbon as tested, or heat times the carbon a text orders where no valid test stands.
COAL_BURNED = Kind(
    "coal_burned",
    "燃煤（收到基元素碳含量）",
    "coal burned, by its carbon as received",
    (
        USE_FROM_STOCKS,
        _FROM_AIR_DRY,
        _FROM_DRY,
        CARBON_FROM_HEAT,
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "FC * C * (OF / 100) * (44 / 12)",
            lambda v: v["FC"] * v["C"] * v["OF"] * (CO2_PER_C / 100),
            (USED, CARBON_T, OF),
        ),
    ),
    number="F11-7",
    item_unit="t",
)


def _residue(symbol: str, column: str, zh: str, en: str) -> Input:
    return Input(symbol, column, "t", zh, en, low=0.0, extensive=True)


def _unburned(symbol: str, column: str, zh: str, en: str) -> Input:
    return Input(symbol, column, "%", zh, en, 0.1, 60.0)


#: F11-2 with F11-3: the oxidation rate is what slag and ash do not hold, OF = 1 - L / I.
FUEL_BY_ASH = Kind(
    "fuel_by_ash",
    "化石燃料燃烧（灰渣实测碳氧化率）",
    "fuel burned, oxidation rate by slag and ash",
    (
        USE_FROM_STOCKS,
        Step(
            "carbon_in_tc",
            "I",
            "tC",
            "FC * NCV * CC",
            lambda v: v["FC"] * v["NCV"] * v["CC"],
            (USED, NCV, CC),
        ),
        Step(
            "carbon_unburned_tc",
            "L",
            "tC",
            "G_s * C_s / 100 + G_a * C_a / eta",
            lambda v: v["G_s"] * v["C_s"] * 1e-2 + v["G_a"] * (v["C_a"] / v["eta"]),
            (
                _residue("G_s", "slag_t", "炉渣产量", "slag"),
                _unburned("C_s", "slag_carbon_pct", "炉渣平均含碳量", "carbon of the slag"),
                _residue("G_a", "ash_t", "除尘器收集的飞灰量", "fly ash caught"),
                _unburned("C_a", "ash_carbon_pct", "飞灰平均含碳量", "carbon of the fly ash"),
                Input("eta", "dust_removal_pct", "%", "除尘效率", "dust removal", 50.0, 100.0),
            ),
        ),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "(I - L) * (44 / 12)",
            lambda v: (v["I"] - v["L"]) * CO2_PER_C,
            (
                Input(
                    "I",
                    "carbon_in_tc",
                    "tC",
                    "燃料带入的碳",
                    "carbon of the fuel",
                    0.0,
                    extensive=True,
                ),
                Input(
                    "L",
                    "carbon_unburned_tc",
                    "tC",
                    "灰渣中未燃尽的碳",
                    "carbon left in slag and ash",
                    0.0,
                    extensive=True,
                ),
            ),
        ),
    ),
    number="F11-3",
    item_unit="t",
)
