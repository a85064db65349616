"""Kinds of source of refineries and petrochemical plants: flares, catalysts, coke, cracking.

Numbers such as F4-3 name the formulas of ``docs/methods``.
"""

from __future__ import annotations

from tanfeng.accounting.methods._combustion import OF
from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step
from tanfeng.accounting.methods._process import CARBON_T, CO2_DENSITY
from tanfeng.units import CO2_PER_C

_FLARE_GAS = tuple(
    Input(symbol, column, "%", zh, en, 0.0, 100.0, empty_is_zero=True)
    for symbol, column, zh, en in (
        ("V_CH4", "ch4_vol_pct", "甲烷体积浓度", "methane by volume"),
        ("V_CO", "co_vol_pct", "一氧化碳体积浓度", "carbon monoxide by volume"),
        ("V_C2", "c2_vol_pct", "碳二组分体积浓度", "two-carbon components by volume"),
        ("V_C3", "c3_vol_pct", "碳三组分体积浓度", "three-carbon components by volume"),
        ("V_C4", "c4_vol_pct", "碳四组分体积浓度", "four-carbon components by volume"),
        ("V_C5", "c5_vol_pct", "碳五组分体积浓度", "five-carbon components by volume"),
    )
)
#: F4-3: the CO2 that is already in the gas passes the flare and is no subject of oxidation.
FLARE = Kind(
    "flare",
    "正常工况火炬",
    "flare in normal operation",
    (
        Step(
            "carbon_without_co2_tc",
            "C",
            "tC/1e4 Nm3",
            "(V_CH4 + V_CO + 2 * V_C2 + 3 * V_C3 + 4 * V_C4 + 5 * V_C5) / 100 * (12 * 10 / 22.4)",
            lambda v: (
                (
                    v["V_CH4"]
                    + v["V_CO"]
                    + 2 * v["V_C2"]
                    + 3 * v["V_C3"]
                    + 4 * v["V_C4"]
                    + 5 * v["V_C5"]
                )
                * (1.2 / 22.4)
            ),
            _FLARE_GAS,
        ),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q * (C * (OF / 100) * (44 / 12) + V_CO2 / 100 * D)",
            lambda v: (
                v["Q"] * v["C"] * v["OF"] * (CO2_PER_C / 100) + v["Q"] * v["V_CO2"] * v["D"] * 1e-2
            ),
            (
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
                    "C",
                    "carbon_without_co2_tc",
                    "tC/1e4 Nm3",
                    "除二氧化碳外的含碳量",
                    "carbon content without CO₂",
                    0.0,
                    50.0,
                ),
                OF,
                Input(
                    "V_CO2",
                    "co2_vol_pct",
                    "%",
                    "二氧化碳体积浓度",
                    "carbon dioxide by volume",
                    0.0,
                    100.0,
                    empty_is_zero=True,
                ),
                CO2_DENSITY,
            ),
        ),
    ),
    number="F4-3",
    item_unit="1e4 Nm3",
)
FLARE_ACCIDENT = Kind(
    "flare_accident",
    "事故火炬",
    "flare of an accident",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "GF * T * CN * (OF / 100) * (44 / 22.4) * 10",
            lambda v: v["GF"] * v["T"] * v["CN"] * v["OF"] * (4.4 / 22.4),
            (
                Input(
                    "GF",
                    "flow_1e4nm3_h",
                    "1e4 Nm3/h",
                    "事故时平均气体流量",
                    "mean flow of the accident",
                    low=0.0,
                ),
                Input(
                    "T", "duration_h", "h", "事故持续时间", "duration", 0.0, 8784.0, extensive=True
                ),
                Input(
                    "CN",
                    "carbon_atoms",
                    "kmolC/kmol",
                    "平均碳原子数",
                    "mean number of carbon atoms",
                    1.0,
                    12.0,
                    default=True,
                ),
                OF,
            ),
        ),
    ),
    number="F4-4",
    item_unit="1e4 Nm3",
)
#: F4-5: cracking and the like, fluid coking; a CO boiler behind it makes it a fuel (F4-15).
BURN_OFF = Kind(
    "burn_off",
    "催化剂连续烧焦",
    "continuous burn-off of coke",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "MC * CF * (OF / 100) * (44 / 12)",
            lambda v: v["MC"] * v["CF"] * v["OF"] * (CO2_PER_C / 100),
            (
                Input("MC", "coke_burned_t", "t", "烧焦量", "coke burned", low=0.0, extensive=True),
                Input(
                    "CF",
                    "coke_carbon_tc",
                    "tC/t",
                    "焦层含碳量",
                    "carbon content of the coke",
                    0.5,
                    1.0,
                    default=True,
                ),
                OF,
            ),
        ),
    ),
    number="F4-5",
    item_unit="t",
)
#: F4-6: coke per carrier before less coke per carrier after; no oxidation rate (doubt).
REGENERATION = Kind(
    "regeneration",
    "催化剂间歇烧焦再生",
    "intermittent burn-off of a catalyst",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "MC * (1 - CF_b / 100) * (CF_b / (100 - CF_b) - CF_a / (100 - CF_a)) * (44 / 12)",
            lambda v: (
                v["MC"]
                * (v["CF_b"] / 100 - v["CF_a"] / 100 * (100 - v["CF_b"]) / (100 - v["CF_a"]))
                * CO2_PER_C
            ),
            (
                Input(
                    "MC",
                    "catalyst_t",
                    "t",
                    "待再生的催化剂量",
                    "catalyst to regenerate",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "CF_b",
                    "carbon_before_pct",
                    "%",
                    "再生前含碳量",
                    "carbon before regeneration",
                    1.0,
                    60.0,
                ),
                Input(
                    "CF_a",
                    "carbon_after_pct",
                    "%",
                    "再生后含碳量",
                    "carbon after regeneration",
                    0.0,
                    30.0,
                ),
            ),
        ),
    ),
    number="F4-6",
    item_unit="t",
)
#: F4-9: raw coke in, calcined coke and its dust out.
COKE_CALCINED = Kind(
    "coke_calcined",
    "石油焦煅烧",
    "petroleum coke calcined",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "(RC * C_RC - (PC + DU) * C_PC) * (44 / 12)",
            lambda v: (v["RC"] * v["C_RC"] - v["PC"] * v["C_PC"] - v["DU"] * v["C_PC"]) * CO2_PER_C,
            (
                Input("RC", "raw_coke_t", "t", "生焦投入量", "raw coke", low=0.0, extensive=True),
                Input(
                    "C_RC",
                    "raw_coke_carbon_tc",
                    "tC/t",
                    "生焦含碳量",
                    "carbon content of the raw coke",
                    0.5,
                    1.0,
                ),
                Input(
                    "PC",
                    "calcined_coke_t",
                    "t",
                    "煅烧焦产量",
                    "calcined coke",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "DU",
                    "dust_t",
                    "t",
                    "煅烧焦粉尘量",
                    "dust of calcined coke",
                    low=0.0,
                    empty_is_zero=True,
                    extensive=True,
                ),
                Input(
                    "C_PC",
                    "calcined_coke_carbon_tc",
                    "tC/t",
                    "煅烧焦含碳量",
                    "carbon content of the calcined coke",
                    0.5,
                    1.0,
                ),
            ),
        ),
    ),
    number="F4-9",
    item_unit="t",
)
ASPHALT = Kind(
    "asphalt",
    "沥青氧化",
    "asphalt blown",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "M * EF",
            lambda v: v["M"] * v["EF"],
            (
                Input(
                    "M",
                    "product_t",
                    "t",
                    "氧化沥青产量",
                    "blown asphalt made",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "EF",
                    "asphalt_ef_tco2_t",
                    "tCO2/t",
                    "沥青氧化排放系数",
                    "CO₂ of blowing",
                    0.0,
                    0.5,
                    default=True,
                ),
            ),
        ),
    ),
    number="F4-10",
    item_unit="t",
)
#: F4-11: flow in Nm3/h, hence 10^-4.
DECOKING = Kind(
    "decoking",
    "裂解炉管烧焦",
    "decoking of cracker tubes",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q * T * ((V_CO2 + V_CO) / 100) * D / 10000",
            lambda v: v["Q"] * v["T"] * (v["V_CO2"] + v["V_CO"]) * v["D"] * 1e-6,
            (
                Input(
                    "Q",
                    "off_gas_nm3_h",
                    "Nm3/h",
                    "烧焦尾气平均流量",
                    "mean flow of off-gas",
                    low=0.0,
                ),
                Input(
                    "T",
                    "duration_h",
                    "h",
                    "烧焦时间",
                    "hours of decoking",
                    0.0,
                    8784.0,
                    extensive=True,
                ),
                Input(
                    "V_CO2",
                    "co2_vol_pct",
                    "%",
                    "尾气二氧化碳体积浓度",
                    "carbon dioxide by volume",
                    1.0,
                    100.0,
                ),
                Input(
                    "V_CO",
                    "co_vol_pct",
                    "%",
                    "尾气一氧化碳体积浓度",
                    "carbon monoxide by volume",
                    0.0,
                    100.0,
                    empty_is_zero=True,
                ),
                CO2_DENSITY,
            ),
        ),
    ),
    number="F4-11",
    item_unit="1e4 Nm3",
)
#: F4-12: ethylene that did not become the oxide.
ETHYLENE_OXIDE = Kind(
    "ethylene_oxide",
    "环氧乙烷（乙二醇）生产",
    "ethylene oxide and glycol",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "(RE * C_E - EO * C_EO) * (44 / 12)",
            lambda v: v["RE"] * v["C_E"] * CO2_PER_C - v["EO"] * v["C_EO"] * CO2_PER_C,
            (
                Input(
                    "RE", "ethylene_t", "t", "乙烯用量", "ethylene used", low=0.0, extensive=True
                ),
                Input(
                    "C_E",
                    "ethylene_carbon_tc",
                    "tC/t",
                    "乙烯含碳量",
                    "carbon content of ethylene",
                    0.5,
                    1.0,
                    default=True,
                ),
                Input(
                    "EO",
                    "product_t",
                    "t",
                    "当量环氧乙烷产量",
                    "ethylene oxide equivalent made",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "C_EO",
                    "carbon_content_tc",
                    CARBON_T.unit,
                    "环氧乙烷含碳量",
                    "carbon content of ethylene oxide",
                    0.3,
                    1.0,
                    default=True,
                ),
            ),
        ),
    ),
    number="F4-12",
    item_unit="t",
)
