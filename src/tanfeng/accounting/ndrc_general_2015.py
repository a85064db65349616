"""NDRC 1722 of 2015: guideline for industrial enterprises without a sector text.

工业其他行业企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）. Scope here: fuel
combustion (F0-1), purchased electricity (F0-5) on three selectable bases, purchased heat (F0-6).
Carbonates, wastewater and recovered gases of the same text need forms that come later. The text
itself was not seen: formula numbers carry what they rest on, and an unseen one stays empty.

The data-year rule and the bases residual and fossil are ours, after the yearly announcements of
the Ministry of Ecology and Environment and the statistics office; see
``docs/methods/general-fuel-electricity-heat.md``.
"""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from tanfeng.accounting._term import (
    CONSUMPTION,
    FEEDSTOCK,
    GREEN,
    OWN_PRODUCTION,
    PURCHASE,
    TRANSFER,
    A,
    C,
    F,
    G,
    Gap,
    P,
    Quantity,
    Remark,
    T,
    Term,
)
from tanfeng.trace import Formula, Symbol
from tanfeng.units import CO2_PER_C

#: Basis of purchased electricity -> its name (Chinese, English).
BASIS_NAMES = MappingProxyType(
    {
        "average": ("平均因子（省级）", "average (province)"),
        "residual": ("剩余因子（不含市场化交易非化石电量）", "residual, without traded non-fossil"),
        "fossil": ("化石能源电力因子", "fossil-only"),
    }
)
BASES = tuple(BASIS_NAMES)

QUANTITIES = (
    Quantity("emission_fuel_tco2", "tCO2", "direct", "化石燃料燃烧排放", "CO₂ of fuel combustion"),
    *(
        Quantity(
            f"emission_electricity_{basis}_tco2",
            "tCO2",
            "electricity",
            f"净购入电力排放：{zh}",
            f"CO₂ of purchased electricity: {en}",
        )
        for basis, (zh, en) in BASIS_NAMES.items()
    ),
    Quantity("emission_heat_tco2", "tCO2", "heat", "净购入热力排放", "CO₂ of purchased heat"),
)

_DOCUMENT = (
    "NDRC 工业其他行业企业温室气体排放核算方法与报告指南（试行）（发改办气候〔2015〕1722号）"
)
#: Document of the bases the guideline does not know: its formula, another factor.
_DOCUMENT_BASIS = f"{_DOCUMENT}；因子口径：生态环境部、国家统计局年度电力二氧化碳排放因子公告"
#: Formula number, its confidence, where it was seen.
_CLAUSE_FUEL = ("公式（2）", "recalled", "M")
_CLAUSE_POWER = ("公式（14）", "single", "T6+M")
_CLAUSE_HEAT = ("公式（15）", "recalled", "M")
_CLAUSE_UNSEEN = ("", "", "")
_NCV = Symbol("NCV", "GJ/item unit", "低位发热量", "net calorific value")
_CC = Symbol("CC", "tC/GJ", "单位热值含碳量", "carbon content per unit heat")
_OF = Symbol("OF", "%", "碳氧化率", "oxidation rate")
_EF_HEAT = Symbol("EF", "tCO2/GJ", "热力排放因子", "CO₂ factor of heat")
_EF_POWER = Symbol("EF", "kgCO2/kWh", "电力排放因子", "CO₂ factor of electricity")
#: OF is in percent; multiplied, not divided, as in ``gb_t_2589``.
_BURNED = pl.col("NCV") * pl.col("CC") * pl.col("OF") * (CO2_PER_C / 100.0)
_EF = pl.col("EF")
#: kgCO2/kWh x 1e4 kWh = 1e4 kg = 10 t.
_PER_FACTOR = 10.0

_COUNTED = pl.col("counted")
_BURNS = _COUNTED & pl.col("is_fuel") & pl.col("consumption_total_qty").is_not_null()
_ELECTRICITY = _COUNTED & pl.col("is_electricity")
_HEAT = _COUNTED & pl.col("is_heat")
_BOUGHT = pl.col("purchase_qty").is_not_null()
_FROM_USE = ~_BOUGHT & pl.col("consumption_total_qty").is_not_null()
_NEITHER = ~_BOUGHT & pl.col("consumption_total_qty").is_null()
_SECONDARY = pl.col("is_secondary")
#: Power or heat that came in less what went out; negative where the works sells. [item unit]
_NET_PURCHASE = (
    pl.when(_BOUGHT)
    .then(pl.col("purchase_qty") - pl.col("transfer_out_qty"))
    .otherwise(pl.col("consumption_total_qty") - pl.col("own_production_qty"))
)


def _formula(
    key: str,
    quantity: str,
    expression: str,
    symbols: tuple[Symbol, ...],
    equation: str,
    names: tuple[str, str],
    *,
    clause: tuple[str, str, str],
    document: str = _DOCUMENT,
) -> Formula:
    return Formula(
        key=f"ndrc_general_2015.{key}",
        quantity=quantity,
        symbol={"fuel": "E_fuel", "heat": "E_heat"}.get(key.split("_")[0], "E_el"),
        unit="tCO2",
        expression=expression,
        symbols=symbols,
        document=document,
        clause=clause[0],
        equation=equation,
        name_zh=names[0],
        name_en=names[1],
        confidence="single",
        clause_confidence=clause[1],
        clause_evidence=clause[2],
    )


def _fuel_terms() -> list[Term]:
    """Burned amount (F0-4 without feedstock) times NCV, carbon content and oxidation (F0-1)."""
    factors = (_NCV, _CC, _OF)
    roles = MappingProxyType({"NCV": "ncv", "CC": "carbon_content", "OF": "oxidation_rate"})
    equation = "E = Σ FC × NCV × CC × OF × 44/12"
    return [
        Term(
            _formula(
                "fuel",
                "emission_fuel_tco2",
                "(C - P - F) * NCV * CC * (OF / 100) * (44 / 12)",
                (CONSUMPTION, OWN_PRODUCTION, FEEDSTOCK, *factors),
                equation,
                ("二次能源燃烧", "combustion of secondary energy"),
                clause=_CLAUSE_FUEL,
            ),
            _BURNS & _SECONDARY,
            (C - P - F) * _BURNED,
            roles,
        ),
        Term(
            _formula(
                "fuel_primary",
                "emission_fuel_tco2",
                "(C - F) * NCV * CC * (OF / 100) * (44 / 12)",
                (CONSUMPTION, FEEDSTOCK, *factors),
                equation,
                ("一次能源燃烧", "combustion of primary energy"),
                clause=_CLAUSE_FUEL,
            ),
            _BURNS & ~_SECONDARY,
            (C - F) * _BURNED,
            roles,
        ),
    ]


def _electricity_terms() -> list[Term]:
    """Net purchase times the factor of the basis; green power leaves residual and fossil."""
    terms = []
    for basis, (zh, en) in BASIS_NAMES.items():
        known = basis == "average"
        less = () if known else (GREEN,)
        text, green = ("", pl.lit(0.0)) if known else (" - G", G)
        clause, document = (
            (_CLAUSE_POWER, _DOCUMENT) if known else (_CLAUSE_UNSEEN, _DOCUMENT_BASIS)
        )
        for suffix, rows, expression, amount, symbols, how in (
            ("", _BOUGHT, "A - T", A - T, (PURCHASE, TRANSFER), ("购入", "purchase")),
            (
                "_from_use",
                _FROM_USE,
                "C - P",
                C - P,
                (CONSUMPTION, OWN_PRODUCTION),
                ("由消费量推算", "from consumption"),
            ),
        ):
            terms.append(
                Term(
                    _formula(
                        f"electricity_{basis}{suffix}",
                        f"emission_electricity_{basis}_tco2",
                        f"({expression}{text}) * EF * 10",
                        (*symbols, *less, _EF_POWER),
                        "E = (AD购入 - AD外供) × EF",
                        (f"净购入电力，{zh}，{how[0]}", f"net electricity, {en}, {how[1]}"),
                        clause=clause,
                        document=document,
                    ),
                    _ELECTRICITY & rows,
                    (amount - green) * _EF * _PER_FACTOR,
                    MappingProxyType({"EF": f"electricity_{basis}"}),
                )
            )
    return terms


def _heat_terms() -> list[Term]:
    """Net purchase of heat times its factor (F0-6)."""
    return [
        Term(
            _formula(
                f"heat{suffix}",
                "emission_heat_tco2",
                f"({expression}) * EF",
                (*symbols, _EF_HEAT),
                "E = (AD购入 - AD外供) × EF",
                (f"净购入热力，{how[0]}", f"net heat, {how[1]}"),
                clause=_CLAUSE_HEAT,
            ),
            _HEAT & rows,
            amount * _EF,
            MappingProxyType({"EF": "heat"}),
        )
        for suffix, rows, expression, amount, symbols, how in (
            ("", _BOUGHT, "A - T", A - T, (PURCHASE, TRANSFER), ("购入", "purchase")),
            (
                "_from_use",
                _FROM_USE,
                "C - P",
                C - P,
                (CONSUMPTION, OWN_PRODUCTION),
                ("由消费量推算", "from consumption"),
            ),
        )
    ]


TERMS: tuple[Term, ...] = (*_fuel_terms(), *_electricity_terms(), *_heat_terms())
FORMULAS = MappingProxyType({term.formula.key: term.formula for term in TERMS})

_ELECTRIC_QUANTITIES = tuple(f"emission_electricity_{basis}_tco2" for basis in BASES)
_BURNED_QTY = (
    pl.col("consumption_total_qty")
    - pl.when(_SECONDARY).then("own_production_qty").otherwise(0.0)
    - pl.col("feedstock_qty")
)
GAPS = (
    Gap(
        "consumption_missing",
        ("emission_fuel_tco2",),
        _COUNTED
        & (pl.col("is_fuel") | pl.col("fuel_factor_missing"))
        & pl.col("consumption_total_qty").is_null(),
    ),
    Gap(
        "fuel_factor_missing",
        ("emission_fuel_tco2",),
        _COUNTED & pl.col("fuel_factor_missing") & (_BURNED_QTY != 0),
    ),
    Gap("electricity_missing", _ELECTRIC_QUANTITIES, _ELECTRICITY & _NEITHER),
    Gap("heat_missing", ("emission_heat_tco2",), _HEAT & _NEITHER),
    Gap("steam_in_tonnes", ("emission_heat_tco2",), _COUNTED & pl.col("is_steam")),
)
REMARKS = (
    Remark("gas_reference_conditions", _BURNS & pl.col("is_gas"), general=True),
    Remark("fuel_mapped", _BURNS & pl.col("is_mapped"), general=True),
    Remark("biogenic_without_factor", _COUNTED & pl.col("is_biogenic"), general=True),
    Remark("feedstock_not_burned", _BURNS & (pl.col("feedstock_qty") > 0)),
    Remark("electricity_from_use", _ELECTRICITY & _FROM_USE),
    Remark("heat_from_use", _HEAT & _FROM_USE),
    Remark(
        "green_power_above_net_purchase",
        _ELECTRICITY
        & (pl.col("green_power_1e4kwh") > 0)
        & (pl.col("green_power_1e4kwh") > _NET_PURCHASE),
    ),
    Remark("electricity_exported", _ELECTRICITY & (_NET_PURCHASE < 0)),
    Remark("heat_exported", _HEAT & (_NET_PURCHASE < 0)),
)
