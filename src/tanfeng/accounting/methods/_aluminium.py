"""Kinds of source of aluminium smelting: the anode as raw material and the anode effect."""

from __future__ import annotations

from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step
from tanfeng.units import CO2_PER_C

_METAL = Input(
    "P", "metal_t", "t", "原铝液产量", "liquid aluminium produced", low=0.0, extensive=True
)
_NET_TOTAL = Input(
    "M_net",
    "anode_net_t",
    "t",
    "炭阳极净耗量",
    "anode carbon used, net",
    low=0.0,
    extensive=True,
)
#: Anode carbon that burns, without sulphur and ash.
_ANODE_EMISSION = Step(
    EMISSION,
    "E",
    "tCO2e",
    "M_net * (1 - S / 100 - A / 100) * (44 / 12)",
    lambda v: v["M_net"] * (100 - v["S"] - v["A"]) * (CO2_PER_C / 100),
    (
        _NET_TOTAL,
        Input(
            "S",
            "anode_sulfur_pct",
            "%",
            "炭阳极平均含硫量",
            "sulphur of the anode",
            0.1,
            10.0,
            default=True,
        ),
        Input(
            "A",
            "anode_ash_pct",
            "%",
            "炭阳极平均灰分",
            "ash of the anode",
            0.05,
            5.0,
            default=True,
        ),
    ),
)
ANODE_NET = Kind(
    "anode_net",
    "炭阳极消耗（按吨铝净耗）",
    "anode used, by net carbon per tonne of metal",
    (
        Step(
            "anode_net_t",
            "M_net",
            "t",
            "P * NC",
            lambda v: v["P"] * v["NC"],
            (
                _METAL,
                Input(
                    "NC",
                    "anode_net_tc",
                    "tC/t",
                    "吨铝炭阳极净耗",
                    "net anode carbon per tonne of metal",
                    0.3,
                    0.6,
                    default=True,
                ),
            ),
        ),
        _ANODE_EMISSION,
    ),
    number="F12-2",
    item_unit="t",
)
ANODE_GROSS = Kind(
    "anode_gross",
    "炭阳极消耗（按毛耗扣残极）",
    "anode used, gross less butts",
    (
        Step(
            "anode_net_t",
            "M_net",
            "t",
            "M * (1 - L / 100)",
            lambda v: v["M"] * (100 - v["L"]) * 1e-2,
            (
                Input(
                    "M",
                    "anode_gross_t",
                    "t",
                    "炭阳极消耗量（毛耗）",
                    "anode used, gross",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "L",
                    "anode_loss_pct",
                    "%",
                    "残极率",
                    "share that comes back as butts",
                    1.0,
                    40.0,
                    default=True,
                ),
            ),
        ),
        _ANODE_EMISSION,
    ),
    number="F12-3",
    item_unit="t",
)


def _per_tonne(symbol: str, column: str, gas: str, high: float) -> Input:
    return Input(
        symbol, column, "kg/t", f"{gas} 排放因子", f"{gas} per tonne of metal", 0.0, high, True
    )


_EF_CF4 = _per_tonne("EF_1", "cf4_kg_t", "CF4", 5.0)
_EF_C2F6 = _per_tonne("EF_2", "c2f6_kg_t", "C2F6", 1.0)


def _mass(symbol: str, column: str, gas: str) -> Input:
    return Input(symbol, column, "t", f"{gas} 排放量", f"{gas} given off", 0.0, extensive=True)


def _gas(quantity: str, symbol: str, factor: Input) -> Step:
    name = factor.symbol
    return Step(
        quantity,
        symbol,
        "t",
        f"P * {name} / 1000",
        lambda v: v["P"] * v[name] * 1e-3,
        (_METAL, factor),
    )


def _gwp(symbol: str, column: str, gas: str) -> Input:
    return Input(
        symbol,
        column,
        "kgCO2e/kg",
        f"{gas} 全球变暖潜势",
        f"global warming potential of {gas}",
        1.0,
        30000.0,
        default=True,
    )


_EFFECT = (
    _gas("cf4_t", "M_1", _EF_CF4),
    _gas("c2f6_t", "M_2", _EF_C2F6),
    Step(
        EMISSION,
        "E",
        "tCO2e",
        "M_1 * GWP_1 + M_2 * GWP_2",
        lambda v: v["M_1"] * v["GWP_1"] + v["M_2"] * v["GWP_2"],
        (
            _mass("M_1", "cf4_t", "CF4"),
            _gwp("GWP_1", "gwp_cf4", "CF4"),
            _mass("M_2", "c2f6_t", "C2F6"),
            _gwp("GWP_2", "gwp_c2f6", "C2F6"),
        ),
    ),
)
#: F12-4. One row gives both gases, so that none is forgotten; their masses are lines.
ANODE_EFFECT = Kind(
    "anode_effect",
    "阳极效应（排放因子法）",
    "anode effect, by factor",
    _EFFECT,
    gas="PFC",
    number="F12-4",
    item_unit="t",
)
#: F12-5, the slope rule of 2013; without effect minutes the factors of the text stand in.
ANODE_EFFECT_SLOPE = Kind(
    "anode_effect_slope",
    "阳极效应（斜率法）",
    "anode effect, by slope",
    (
        Step(
            "cf4_kg_t",
            "EF_1",
            "kg/t",
            "k * AEM",
            lambda v: v["k"] * v["AEM"],
            (
                Input(
                    "k",
                    "slope_cf4",
                    "(kg/t)/(min/d)",
                    "CF4 斜率",
                    "slope of CF4",
                    0.01,
                    1.0,
                    default=True,
                ),
                Input(
                    "AEM",
                    "effect_min_d",
                    "min/d",
                    "平均每槽每天阳极效应持续时间",
                    "anode effect minutes per cell and day",
                    0.0,
                    30.0,
                ),
            ),
        ),
        Step(
            "c2f6_kg_t",
            "EF_2",
            "kg/t",
            "r * EF_1",
            lambda v: v["r"] * v["EF_1"],
            (
                Input(
                    "r",
                    "c2f6_ratio",
                    "kg/kg",
                    "C2F6 与 CF4 质量比",
                    "C2F6 by mass of CF4",
                    0.01,
                    1.0,
                    default=True,
                ),
                _EF_CF4,
            ),
        ),
        *_EFFECT,
    ),
    gas="PFC",
    number="F12-5",
    item_unit="t",
)
