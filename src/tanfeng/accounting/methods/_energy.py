"""Kinds of source that are bought energy: electricity on the grid, heat by GJ, steam, hot water."""

from __future__ import annotations

from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step

_EF_POWER = Input(
    "EF",
    "power_ef_tco2_mwh",
    "tCO2/MWh",
    "电力排放因子",
    "CO₂ factor of electricity",
    0.0,
    2.0,
    True,
)
_EF_HEAT = Input(
    "EF", "heat_ef_tco2_gj", "tCO2/GJ", "热力排放因子", "CO₂ factor of heat", 0.0, 1.0, True
)
_NET_HEAT = Input("Q", "heat_gj", "GJ", "净购入热量", "net purchased heat", extensive=True)

ELECTRICITY = Kind(
    "electricity",
    "净购入电力",
    "net purchased electricity",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "(A - X - N) * EF",
            lambda v: (v["A"] - v["X"] - v["N"]) * v["EF"],
            (
                Input(
                    "A", "purchased_mwh", "MWh", "购入电量", "purchased", low=0.0, extensive=True
                ),
                Input(
                    "X",
                    "sold_mwh",
                    "MWh",
                    "外供电量",
                    "sold",
                    low=0.0,
                    empty_is_zero=True,
                    extensive=True,
                ),
                Input(
                    "N",
                    "nonfossil_mwh",
                    "MWh",
                    "按规则计零的非化石电量",
                    "non-fossil electricity the text counts as zero",
                    low=0.0,
                    empty_is_zero=True,
                    extensive=True,
                ),
                _EF_POWER,
            ),
        ),
    ),
    number="F0-5",
)
_HEAT_EMISSION = Step(
    EMISSION, "E", "tCO2e", "Q * EF", lambda v: v["Q"] * v["EF"], (_NET_HEAT, _EF_HEAT)
)
HEAT = Kind(
    "heat",
    "净购入热力",
    "net purchased heat",
    (
        Step(
            "heat_gj",
            "Q",
            "GJ",
            "A - X",
            lambda v: v["A"] - v["X"],
            (
                Input("A", "purchased_gj", "GJ", "购入热量", "purchased", low=0.0, extensive=True),
                Input(
                    "X",
                    "sold_gj",
                    "GJ",
                    "外供热量",
                    "sold",
                    low=0.0,
                    empty_is_zero=True,
                    extensive=True,
                ),
            ),
        ),
        _HEAT_EMISSION,
    ),
    number="F0-6",
)
_MASS_BOUGHT = Input("A", "purchased_t", "t", "购入量", "purchased", low=0.0, extensive=True)
_MASS_SOLD = Input(
    "X", "sold_t", "t", "外供量", "sold", low=0.0, empty_is_zero=True, extensive=True
)
_ENTHALPY = Input(
    "En", "enthalpy_kj_kg", "kJ/kg", "蒸汽热焓", "enthalpy of the steam", 100.0, 4200.0
)
#: The NDRC texts count from water of 20 C: 83.74 kJ/kg.
STEAM = Kind(
    "steam",
    "净购入蒸汽（按热焓）",
    "net purchased steam, by enthalpy",
    (
        Step(
            "heat_gj",
            "Q",
            "GJ",
            "(A - X) * (En - 83.74) / 1000",
            lambda v: (v["A"] - v["X"]) * (v["En"] - 83.74) * 1e-3,
            (_MASS_BOUGHT, _MASS_SOLD, _ENTHALPY),
        ),
        _HEAT_EMISSION,
    ),
    number="F0-8",
)
#: The GB/T texts from 2024 on count the whole enthalpy.
STEAM_WHOLE = Kind(
    "steam_whole",
    "净购入蒸汽（全焓）",
    "net purchased steam, by whole enthalpy",
    (
        Step(
            "heat_gj",
            "Q",
            "GJ",
            "(A - X) * En / 1000",
            lambda v: (v["A"] - v["X"]) * v["En"] * 1e-3,
            (_MASS_BOUGHT, _MASS_SOLD, _ENTHALPY),
        ),
        _HEAT_EMISSION,
    ),
    number="F17-8",
)
HOT_WATER = Kind(
    "hot_water",
    "净购入热水",
    "net purchased hot water",
    (
        Step(
            "heat_gj",
            "Q",
            "GJ",
            "(A - X) * (T - 20) * 4.1868 / 1000",
            lambda v: (v["A"] - v["X"]) * (v["T"] - 20.0) * 4.1868e-3,
            (
                _MASS_BOUGHT,
                _MASS_SOLD,
                Input("T", "water_c", "C", "热水温度", "temperature of the water", 20.0, 250.0),
            ),
        ),
        _HEAT_EMISSION,
    ),
    number="F0-7",
)
#: How the NDRC texts buy heat: by GJ, as steam, as hot water.
PURCHASED_HEAT = (HEAT, STEAM, HOT_WATER)

#: When a text counts electricity that is not fossil as zero; by family of documents.
NO_ZERO_RULE = (
    "本文件没有非化石电量计零的规则，应按电网电量核算，除非主管部门另有规定（凭记忆，待核实）",
    "the text has no rule that counts it as zero; it is electricity of the grid unless the "
    "authority says otherwise (recalled, 待核实)",
)
ZERO_BY_DIRECT_LINE = (
    "仅未并入公共电网的直供电和自发自用电量在有证明时计零，市场化绿电按全国平均因子（待核实）",
    "zero with proof where a line not joined to the public grid or own plant supplies it; green "
    "electricity of the market takes the national average (待核实)",
)
ZERO_BY_CERTIFICATE = (
    "须有合同与结算凭证或绿证，自发自用须有逐月记录；缺证不得计零（附录 D，待核实）",
    "needs contract and settlement or certificate, own use its monthly records; without proof it "
    "is not zero (annex D, 待核实)",
)
