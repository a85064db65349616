"""Kinds of source of mineral products: clinker, raw meal, carbon powder, ceramic bodies."""

from __future__ import annotations

from tanfeng.accounting.methods._declare import EMISSION, Input, Kind, Step
from tanfeng.units import CO2_PER_C

_CLINKER = Input("Q", "clinker_t", "t", "熟料产量", "clinker produced", low=0.0, extensive=True)


def _dust(symbol: str, column: str, zh: str, en: str) -> Input:
    return Input(symbol, column, "t", zh, en, low=0.0, empty_is_zero=True, extensive=True)


def _oxide(symbol: str, column: str, zh: str, en: str, high: float, *, free: bool) -> Input:
    return Input(symbol, column, "%", zh, en, 0.0, high, empty_is_zero=free)


_BURNED = Input(
    "Q_b",
    "burned_material_t",
    "t",
    "熟料与外排粉尘量",
    "clinker and dust that leaves",
    low=0.0,
    extensive=True,
)
#: F5-4. Oxides that did not come from carbonate are taken off.
CLINKER_OXIDES = Kind(
    "clinker_oxides",
    "原料碳酸盐分解（熟料氧化物法）",
    "carbonates of the raw meal, by the oxides of the clinker",
    (
        Step(
            "burned_material_t",
            "Q_b",
            "t",
            "Q + Q_ckd + Q_bpd",
            lambda v: v["Q"] + v["Q_ckd"] + v["Q_bpd"],
            (
                _CLINKER,
                _dust("Q_ckd", "kiln_dust_t", "窑炉排气筒粉尘量", "dust of the kiln stack"),
                _dust("Q_bpd", "bypass_dust_t", "旁路放风粉尘量", "bypass dust"),
            ),
        ),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q_b * ((FR_1 - FR_10) / 100 * 44 / 56 + (FR_2 - FR_20) / 100 * 44 / 40)",
            lambda v: (
                v["Q_b"] * 0.44 * ((v["FR_1"] - v["FR_10"]) / 56 + (v["FR_2"] - v["FR_20"]) / 40)
            ),
            (
                _BURNED,
                Input(
                    "FR_1", "clinker_cao_pct", "%", "熟料 CaO 含量", "CaO of clinker", 40.0, 80.0
                ),
                _oxide(
                    "FR_10",
                    "noncarbonate_cao_pct",
                    "非碳酸盐来源的 CaO 含量",
                    "CaO not from carbonate",
                    80.0,
                    free=True,
                ),
                _oxide(
                    "FR_2", "clinker_mgo_pct", "熟料 MgO 含量", "MgO of clinker", 10.0, free=False
                ),
                _oxide(
                    "FR_20",
                    "noncarbonate_mgo_pct",
                    "非碳酸盐来源的 MgO 含量",
                    "MgO not from carbonate",
                    10.0,
                    free=True,
                ),
            ),
        ),
    ),
    number="F5-4",
)
RAW_MEAL_CARBON = Kind(
    "raw_meal_carbon",
    "生料中非燃料碳煅烧",
    "non-fuel carbon of the raw meal",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q * FR_0 / 100 * 44 / 12",
            lambda v: v["Q"] * v["FR_0"] * (CO2_PER_C / 100),
            (
                Input("Q", "raw_meal_t", "t", "生料量", "raw meal", low=0.0, extensive=True),
                Input(
                    "FR_0",
                    "raw_meal_carbon_pct",
                    "%",
                    "生料中非燃料碳含量",
                    "non-fuel carbon of the raw meal",
                    0.0,
                    5.0,
                    default=True,
                ),
            ),
        ),
    ),
    number="F5-5",
)
CLINKER_FACTOR = Kind(
    "clinker_factor",
    "熟料过程排放（因子法）",
    "process emission of clinker, by factor",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q * EF",
            lambda v: v["Q"] * v["EF"],
            (
                _CLINKER,
                Input(
                    "EF",
                    "clinker_ef_tco2_t",
                    "tCO2/t",
                    "熟料过程排放因子",
                    "process factor of clinker",
                    0.1,
                    1.0,
                    default=True,
                ),
            ),
        ),
    ),
    number="F5-6",
)
SUBSTITUTE_DEDUCTION = Kind(
    "substitute_deduction",
    "非碳酸盐替代原料（扣减）",
    "non-carbonate raw material, deducted",
    (
        Step(
            EMISSION,
            "R",
            "tCO2e",
            "-M * d",
            lambda v: -v["M"] * v["d"],
            (
                Input(
                    "M",
                    "substitute_t",
                    "t",
                    "替代原料消耗量",
                    "substitute used",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "d",
                    "deduction_tco2_t",
                    "tCO2/t",
                    "扣减系数",
                    "deduction factor",
                    0.0,
                    1.0,
                    default=True,
                ),
            ),
        ),
    ),
    number="F5-6",
)
ALTERNATIVE_FUEL = Kind(
    "alternative_fuel",
    "替代燃料中的化石碳",
    "fossil carbon of alternative fuel",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q * HV * EF * alpha / 100",
            lambda v: v["Q"] * v["HV"] * v["EF"] * v["alpha"] * 1e-2,
            (
                Input(
                    "Q",
                    "alternative_fuel_t",
                    "t",
                    "替代燃料用量",
                    "alternative fuel used",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "HV",
                    "heating_value_gj_t",
                    "GJ/t",
                    "加权平均低位发热量",
                    "heating value",
                    1.0,
                    60.0,
                ),
                Input("EF", "ef_tco2_gj", "tCO2/GJ", "排放因子", "emission factor", 0.01, 0.2),
                Input(
                    "alpha",
                    "fossil_carbon_pct",
                    "%",
                    "化石碳的质量分数",
                    "fossil share of the carbon",
                    1.0,
                    100.0,
                ),
            ),
        ),
    ),
    number="F5-3",
)
CARBON_POWDER = Kind(
    "carbon_powder",
    "原料配料中碳粉氧化",
    "carbon powder of the batch",
    (
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "Q * C / 100 * 44 / 12",
            lambda v: v["Q"] * v["C"] * (CO2_PER_C / 100),
            (
                Input(
                    "Q",
                    "carbon_powder_t",
                    "t",
                    "碳粉消耗量",
                    "carbon powder",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "C",
                    "carbon_powder_carbon_pct",
                    "%",
                    "碳粉含碳量",
                    "carbon content of the powder",
                    1.0,
                    100.0,
                    default=True,
                ),
            ),
        ),
    ),
    number="F6-3",
)


def _from_oxide(carbonate: str, oxide: str, mass: str, symbol: str, column: str) -> Step:
    """Carbonate share from a measured oxide, the carbonate part of it only (F7-4)."""
    ratio = {"56": 100 / 56, "40": 84 / 40}[mass]
    text = {"56": "100 / 56", "40": "84 / 40"}[mass]
    return Step(
        column,
        f"C_{carbonate}",
        "%",
        f"{symbol} * ({text})",
        lambda v: v[symbol] * ratio,
        (
            Input(
                symbol,
                f"body_{oxide.lower()}_pct",
                "%",
                f"原料中碳酸盐来源的 {oxide} 含量",
                f"{oxide} of the raw material that comes from carbonate",
                0.0,
                56.0,
            ),
        ),
    )


#: F7-3: use rate of the raw material times its carbonates.
CERAMIC_BODY = Kind(
    "ceramic_body",
    "陶瓷烧成过程",
    "firing of ceramics",
    (
        _from_oxide("CaCO3", "CaO", "56", "CaO", "body_caco3_pct"),
        _from_oxide("MgCO3", "MgO", "40", "MgO", "body_mgco3_pct"),
        Step(
            EMISSION,
            "E",
            "tCO2e",
            "F_raw * (eta / 100) * (C_CaCO3 / 100 * 44 / 100 + C_MgCO3 / 100 * 44 / 84)",
            lambda v: v["F_raw"] * v["eta"] * 44e-4 * (v["C_CaCO3"] / 100 + v["C_MgCO3"] / 84),
            (
                Input(
                    "F_raw",
                    "ceramic_raw_t",
                    "t",
                    "原料消耗量（干基）",
                    "raw material, dry",
                    low=0.0,
                    extensive=True,
                ),
                Input(
                    "eta",
                    "raw_use_pct",
                    "%",
                    "原料利用率",
                    "use rate of the raw material",
                    1.0,
                    100.0,
                    default=True,
                ),
                Input(
                    "C_CaCO3",
                    "body_caco3_pct",
                    "%",
                    "原料中 CaCO3 的质量分数",
                    "CaCO3 of the raw material",
                    0.0,
                    100.0,
                ),
                Input(
                    "C_MgCO3",
                    "body_mgco3_pct",
                    "%",
                    "原料中 MgCO3 的质量分数",
                    "MgCO3 of the raw material",
                    0.0,
                    100.0,
                ),
            ),
        ),
    ),
    number="F7-3",
)
