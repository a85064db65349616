"""Kinds of source that are methane: anaerobic wastewater; methane sold, used and flared.

COD is in kg per m3: a laboratory sheet in mg/L is divided by 1000 first.
"""

from __future__ import annotations

from types import MappingProxyType

from tanfeng.accounting.methods._declare import EMISSION, Default, Input, Item, Kind, Step
from tanfeng.accounting.methods._process import GWP

_COD_REMOVED = Input(
    "TOW",
    "cod_removed_kg",
    "kg",
    "厌氧处理去除的 COD 量（已扣污泥）",
    "COD removed by the anaerobic step, without sludge",
    extensive=True,
)
_B0 = Input(
    "Bo",
    "b0_kg_kg",
    "kgCH4/kgCOD",
    "甲烷最大生产能力",
    "maximum methane producing capacity",
    0.01,
    0.35,
    default=True,
)
_MCF = Input(
    "MCF",
    "mcf",
    "fraction",
    "甲烷修正因子（0 至 1）",
    "methane correction factor, 0 to 1",
    0.0,
    1.0,
    default=True,
)
#: F0-11, first part.
COD_REMOVED = Step(
    "cod_removed_kg",
    "TOW",
    "kg",
    "W * (COD_in - COD_out) - S",
    lambda v: v["W"] * (v["COD_in"] - v["COD_out"]) - v["S"],
    (
        Input(
            "W",
            "wastewater_m3",
            "m3",
            "厌氧处理的废水量",
            "wastewater treated anaerobically",
            low=0.0,
            extensive=True,
        ),
        Input("COD_in", "cod_in_kg_m3", "kg/m3", "厌氧段进水 COD", "COD into the step", 0.0, 200.0),
        Input(
            "COD_out", "cod_out_kg_m3", "kg/m3", "厌氧段出水 COD", "COD out of the step", 0.0, 100.0
        ),
        Input(
            "S",
            "sludge_cod_kg",
            "kg",
            "随污泥清除的 COD 量",
            "COD that leaves with sludge",
            low=0.0,
            empty_is_zero=True,
            extensive=True,
        ),
    ),
)
_CH4 = Input("M", "ch4_t", "t", "甲烷排放量", "methane given off", extensive=True)
_CH4_EMISSION = Step(EMISSION, "E", "tCO2e", "M * GWP", lambda v: v["M"] * v["GWP"], (_CH4, GWP))

#: F1-5; methane recovered is a line of its own in the general text.
WASTEWATER = Kind(
    "wastewater",
    "废水厌氧处理",
    "anaerobic treatment of wastewater",
    (
        COD_REMOVED,
        Step(
            "ch4_t",
            "M",
            "t",
            "TOW * Bo * MCF / 1000",
            lambda v: v["TOW"] * v["Bo"] * v["MCF"] * 1e-3,
            (_COD_REMOVED, _B0, _MCF),
        ),
        _CH4_EMISSION,
    ),
    gas="CH4",
    number="F0-11",
)
#: F8-4, F13-4, F14-4: the texts that take the recovered methane off inside the source.
WASTEWATER_NET = Kind(
    "wastewater_net",
    "废水厌氧处理（扣除回收的甲烷）",
    "anaerobic treatment of wastewater less methane recovered",
    (
        COD_REMOVED,
        Step(
            "ch4_t",
            "M",
            "t",
            "TOW * Bo * MCF / 1000 - R",
            lambda v: v["TOW"] * v["Bo"] * v["MCF"] * 1e-3 - v["R"],
            (
                _COD_REMOVED,
                _B0,
                _MCF,
                Input(
                    "R",
                    "recovered_ch4_t",
                    "t",
                    "回收的甲烷量",
                    "methane recovered",
                    low=0.0,
                    empty_is_zero=True,
                    extensive=True,
                ),
            ),
        ),
        _CH4_EMISSION,
    ),
    gas="CH4",
    number="F8-4",
)

_GAS = Input(
    "Q",
    "recovered_1e4nm3",
    "1e4 Nm3",
    "回收的含甲烷气体量",
    "methane-bearing gas recovered",
    low=0.0,
    extensive=True,
)
_CH4_PURITY = Input("PUR", "purity_pct", "%", "甲烷体积浓度", "methane by volume", 1.0, 100.0)
_CH4_DENSITY = Input(
    "D",
    "ch4_density_t_1e4nm3",
    "tCH4/1e4 Nm3",
    "甲烷密度",
    "density of methane",
    6.0,
    8.0,
    default=True,
)
_CH4_DESTROYED = Input(
    "R", "ch4_t", "t", "回收或销毁的甲烷量", "methane recovered or destroyed", extensive=True
)
_CH4_REMOVAL = Step(
    EMISSION, "E", "tCO2e", "-R * GWP", lambda v: -v["R"] * v["GWP"], (_CH4_DESTROYED, GWP)
)
CH4_SOLD = Kind(
    "ch4_sold",
    "甲烷回收外供（扣除）",
    "methane recovered and supplied to others, deducted",
    (
        Step(
            "ch4_t",
            "R",
            "t",
            "Q * (PUR / 100) * D",
            lambda v: v["Q"] * v["PUR"] * v["D"] * 1e-2,
            (_GAS, _CH4_PURITY, _CH4_DENSITY),
        ),
        _CH4_REMOVAL,
    ),
    gas="CH4",
    number="F1-6",
)
CH4_USED = Kind(
    "ch4_used",
    "甲烷回收自用（扣除）",
    "methane recovered and burned for own use, deducted",
    (
        Step(
            "ch4_t",
            "R",
            "t",
            "(OX / 100) * Q * (PUR / 100) * D",
            lambda v: v["OX"] * v["Q"] * v["PUR"] * v["D"] * 1e-4,
            (
                Input("OX", "oxidised_pct", "%", "甲烷氧化系数", "methane oxidised", 50.0, 100.0),
                _GAS,
                _CH4_PURITY,
                _CH4_DENSITY,
            ),
        ),
        _CH4_REMOVAL,
    ),
    gas="CH4",
    number="F1-6",
)
#: F1-7: the text adds hour by hour; a row may stand for any stretch of steady flow.
CH4_FLARED = Kind(
    "ch4_flared",
    "甲烷火炬销毁（扣除）",
    "methane destroyed in a flare, deducted",
    (
        Step(
            "flared_1e4nm3",
            "Q",
            "1e4 Nm3",
            "FR * T / 10000",
            lambda v: v["FR"] * v["T"] * 1e-4,
            (
                Input(
                    "FR",
                    "flare_nm3_h",
                    "Nm3/h",
                    "进入火炬的气体流量",
                    "flow into the flare",
                    low=0.0,
                ),
                Input(
                    "T",
                    "flare_h",
                    "h",
                    "火炬运行时间",
                    "hours of the flare",
                    0.0,
                    8784.0,
                    extensive=True,
                ),
            ),
        ),
        Step(
            "ch4_t",
            "R",
            "t",
            "(eta / 100) * Q * (V_CH4 / 100) * 10000 * (16 / 22.4) / 1000",
            lambda v: v["eta"] * v["Q"] * v["V_CH4"] * (1e-4 * 160.0 / 22.4),
            (
                Input(
                    "eta",
                    "destroyed_pct",
                    "%",
                    "甲烷销毁效率",
                    "destruction efficiency",
                    1.0,
                    100.0,
                ),
                Input(
                    "Q",
                    "flared_1e4nm3",
                    "1e4 Nm3",
                    "进入火炬的气体量",
                    "gas into the flare",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "V_CH4",
                    "ch4_vol_pct",
                    "%",
                    "气体中甲烷体积浓度",
                    "methane by volume",
                    1.0,
                    100.0,
                ),
            ),
        ),
        _CH4_REMOVAL,
    ),
    gas="CH4",
    number="F1-7",
)
#: Every way methane may be recovered or destroyed.
CH4_REMOVED = (CH4_SOLD, CH4_USED, CH4_FLARED)

_TYPES = (
    ("anaerobic_reactor", "厌氧反应器", "anaerobic reactor"),
    ("deep_lagoon", "深厌氧塘", "deep anaerobic lagoon"),
    ("shallow_lagoon", "浅厌氧塘", "shallow anaerobic lagoon"),
    ("sludge_digester", "污泥厌氧消化池", "sludge digester"),
    ("aerobic_overloaded", "好氧处理（管理不完善、过载）", "aerobic plant, overloaded"),
    ("aerobic_managed", "好氧处理（管理完善）", "aerobic plant, well managed"),
    ("discharge", "排入海洋、河流或湖泊", "discharged to sea, river or lake"),
)


def wastewater(
    key: str, name_zh: str, name_en: str, *, mcf: str | Default, gwp: str = "gwp_ar2_ch4"
) -> Item:
    """Return wastewater of a branch or of a type of treatment.

    Parameters
    ----------
    key, name_zh, name_en : str
        Name.
    mcf : str or Default
        ``table/row id`` of its methane correction factor, or the default itself.
    gwp : str
        Row of ``process_factors`` with the global warming potential the text uses.
    """
    return Item(
        key,
        name_zh,
        name_en,
        "m3",
        MappingProxyType(
            {
                "b0_kg_kg": Default("process_factors/pf_ww_b0"),
                "mcf": mcf if isinstance(mcf, Default) else Default(mcf),
                "gwp": Default(f"process_factors/{gwp}"),
            }
        ),
    )


def treatments(gwp: str = "gwp_ar2_ch4") -> tuple[Item, ...]:
    """Return wastewater by type of treatment, with the factor of the general text."""
    return tuple(
        wastewater(key, zh, en, mcf=f"process_factors/pf_ww_mcf_{key}", gwp=gwp)
        for key, zh, en in _TYPES
    )


def biogas(gwp: str = "gwp_ar2_ch4") -> Item:
    """Return the gas methane is recovered from."""
    return Item(
        "biogas",
        "沼气（含甲烷气体）",
        "biogas or another methane-bearing gas",
        "1e4 Nm3",
        MappingProxyType(
            {
                "ch4_density_t_1e4nm3": Default("process_factors/pf_ch4_density"),
                "gwp": Default(f"process_factors/{gwp}"),
            }
        ),
    )
