"""GB/T 2589-2020 综合能耗计算通则 (general rules for comprehensive energy consumption).

Scope: comprehensive energy of an energy user over a period, in tonnes of standard coal, by the
calorific method (当量值) and the equivalent method (等价值), with the deductions practice asks
for (energy used as feedstock, green power) kept as quantities of their own.

Of the standard's text only foreword and scope were seen, which name the chapters; the formula is
recalled. Both show 待核实. The deductions rest on two notices of 2022, not on the standard.
Coefficients come from ``energy_items`` (reference values of form 205-1) and ``coal_rate``
(national supply coal rate).
"""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from tanfeng.accounting._term import (
    CONSUMPTION,
    FEEDSTOCK,
    GREEN,
    OWN_COEFFICIENT,
    OWN_PRODUCTION,
    C,
    F,
    G,
    Gap,
    P,
    Quantity,
    Remark,
    Term,
)
from tanfeng.trace import Formula, Symbol

QUANTITIES = (
    Quantity(
        "energy_calorific_tce",
        "tce",
        "energy",
        "综合能耗（当量值）",
        "comprehensive energy, calorific",
    ),
    Quantity(
        "energy_equivalent_tce",
        "tce",
        "energy",
        "综合能耗（等价值）",
        "comprehensive energy, equivalent",
    ),
    Quantity(
        "feedstock_calorific_tce",
        "tce",
        "deduction",
        "原料用能（当量值）",
        "energy used as feedstock, calorific",
    ),
    Quantity(
        "feedstock_equivalent_tce",
        "tce",
        "deduction",
        "原料用能（等价值）",
        "energy used as feedstock, equivalent",
    ),
    Quantity(
        "green_power_calorific_tce",
        "tce",
        "deduction",
        "绿电（当量值）",
        "green power, calorific",
    ),
    Quantity(
        "green_power_equivalent_tce",
        "tce",
        "deduction",
        "绿电（等价值）",
        "green power, equivalent",
    ),
)

_REFERENCE = Symbol("k", "tce/item unit", "参考折标系数", "reference coefficient")
_COAL_RATE = Symbol("b", "gce/kWh", "全国供电煤耗", "national supply coal rate")
_K, _B = pl.col("k"), pl.col("b")
_DOCUMENT = "GB/T 2589-2020 综合能耗计算通则"
_DOCUMENT_FEEDSTOCK = (
    "发改环资〔2022〕803号 关于进一步做好原料用能不纳入能源消费总量控制有关工作的通知"
)
_DOCUMENT_GREEN = (
    "国家发展改革委、国家统计局、国家能源局 关于进一步做好新增可再生能源消费"
    "不纳入能源消费总量控制有关工作的通知（2022-11-16）"
)
#: Document, clause, its confidence, where it was seen.
_BASIS_SUM = (_DOCUMENT, "第7章", "single", "T5")
_BASIS_EQUIVALENT = (_DOCUMENT, "第7章、第8章", "single", "T5")
_BASIS_FEEDSTOCK = (_DOCUMENT_FEEDSTOCK, "第一条", "single", "T7")
_BASIS_GREEN = (_DOCUMENT_GREEN, "第二条（一）", "single", "T8")
#: gce/kWh x 1e4 kWh = 1e4 gce, and 1e6 gce = 1 tce. A factor, because polars divides a column by a
#: number otherwise than a single value, which would move the last bit with the size of the table.
_PER_RATE = 1.0 / 100.0
#: Coefficients nearer than this are one figure, rounded (check E013). [tce/1e4 kWh]
_SAME_COEFFICIENT = 0.0005


def _formula(
    key: str,
    quantity: str,
    expression: str,
    symbols: tuple[Symbol, ...],
    names: tuple[str, str],
    basis: tuple[str, str, str, str] = _BASIS_SUM,
) -> Formula:
    document, clause, confidence, evidence = basis
    return Formula(
        key=f"gb_t_2589_2020.{key}",
        quantity=quantity,
        symbol=f"{'D' if quantity.startswith(('feedstock', 'green')) else 'E'}_i",
        unit="tce",
        expression=expression,
        symbols=symbols,
        document=document,
        clause=clause,
        equation="E = Σ(e_i × k_i)",
        name_zh=names[0],
        name_en=names[1],
        confidence="recalled",
        clause_confidence=confidence,
        clause_evidence=evidence,
    )


#: Rows with an amount to convert; recovered heat that was not bought is not energy supplied.
_TAKEN = (
    pl.col("counted")
    & pl.col("consumption_total_qty").is_not_null()
    & ~pl.col("is_recovery_on_site")
)
_OWN = pl.col("own_coefficient")
_KNOWN = ~_OWN & pl.col("has_reference")
_SECONDARY = pl.col("is_secondary")
_ELECTRICITY = pl.col("is_electricity")
_FEED = _TAKEN & (pl.col("feedstock_qty") > 0) & pl.col("feedstock_deductible")
_GREEN = _TAKEN & _ELECTRICITY & (pl.col("green_power_1e4kwh") > 0)

_METHODS = (
    ("calorific", "energy_calorific_tce", "当量值", "calorific", pl.lit(True)),
    ("equivalent", "energy_equivalent_tce", "等价值", "equivalent", ~_ELECTRICITY),
)


def _energy_terms() -> list[Term]:
    """Energy of an item: consumption less own production of secondary energy, times k."""
    terms = []
    for method, quantity, zh, en, rows in _METHODS:
        for suffix, k, chosen, roles in (
            ("", _REFERENCE, _KNOWN, {"k": "reference"}),
            ("_own_coefficient", OWN_COEFFICIENT, _OWN, {}),
        ):
            made = "采用系数" if suffix else "参考系数"
            by = "own coefficient" if suffix else "reference coefficient"
            terms += [
                Term(
                    _formula(
                        f"{method}{suffix}",
                        quantity,
                        "(C - P) * k",
                        (CONSUMPTION, OWN_PRODUCTION, k),
                        (f"二次能源{zh}（{made}）", f"secondary energy, {en}, {by}"),
                    ),
                    _TAKEN & rows & chosen & _SECONDARY,
                    (C - P) * _K,
                    MappingProxyType(roles),
                ),
                Term(
                    _formula(
                        f"{method}_primary{suffix}",
                        quantity,
                        "C * k",
                        (CONSUMPTION, k),
                        (f"一次能源{zh}（{made}）", f"primary energy, {en}, {by}"),
                    ),
                    _TAKEN & rows & chosen & ~_SECONDARY,
                    C * _K,
                    MappingProxyType(roles),
                ),
            ]
    terms.append(
        Term(
            _formula(
                "equivalent_electricity",
                "energy_equivalent_tce",
                "(C - P) * b / 100",
                (CONSUMPTION, OWN_PRODUCTION, _COAL_RATE),
                ("电力等价值", "electricity, equivalent"),
                _BASIS_EQUIVALENT,
            ),
            _TAKEN & _ELECTRICITY,
            (C - P) * _B * _PER_RATE,
            MappingProxyType({"b": "coal_rate"}),
        )
    )
    return terms


def _deduction_terms() -> list[Term]:
    """Feedstock and green power: positive quantities, subtracted only in the net variants."""
    terms = []
    for method, quantity, zh, en in (
        ("calorific", "feedstock_calorific_tce", "当量值", "calorific"),
        ("equivalent", "feedstock_equivalent_tce", "等价值", "equivalent"),
    ):
        for suffix, k, chosen, roles in (
            ("", _REFERENCE, _KNOWN, {"k": "reference"}),
            ("_own_coefficient", OWN_COEFFICIENT, _OWN, {}),
        ):
            by = (
                ("采用系数", "own coefficient") if suffix else ("参考系数", "reference coefficient")
            )
            terms.append(
                Term(
                    _formula(
                        f"feedstock_{method}{suffix}",
                        quantity,
                        "F * k",
                        (FEEDSTOCK, k),
                        (f"原料用能{zh}（{by[0]}）", f"feedstock, {en}, {by[1]}"),
                        _BASIS_FEEDSTOCK,
                    ),
                    _FEED & chosen,
                    F * _K,
                    MappingProxyType(roles),
                )
            )
    terms += [
        Term(
            _formula(
                "green_power_calorific",
                "green_power_calorific_tce",
                "G * k",
                (GREEN, _REFERENCE),
                ("绿电当量值", "green power, calorific"),
                _BASIS_GREEN,
            ),
            _GREEN,
            G * _K,
            MappingProxyType({"k": "reference"}),
        ),
        Term(
            _formula(
                "green_power_equivalent",
                "green_power_equivalent_tce",
                "G * b / 100",
                (GREEN, _COAL_RATE),
                ("绿电等价值", "green power, equivalent"),
                _BASIS_GREEN,
            ),
            _GREEN,
            G * _B * _PER_RATE,
            MappingProxyType({"b": "coal_rate"}),
        ),
    ]
    return terms


TERMS: tuple[Term, ...] = (*_energy_terms(), *_deduction_terms())
FORMULAS = MappingProxyType({term.formula.key: term.formula for term in TERMS})

_AMOUNT = pl.col("consumption_total_qty") - pl.when(_SECONDARY).then(
    "own_production_qty"
).otherwise(0.0)
GAPS = (
    Gap(
        "consumption_missing",
        ("energy_calorific_tce", "energy_equivalent_tce"),
        pl.col("counted") & pl.col("consumption_total_qty").is_null(),
    ),
    Gap(
        "coefficient_missing",
        ("energy_calorific_tce", "energy_equivalent_tce"),
        _TAKEN & ~_OWN & ~pl.col("has_reference") & (_AMOUNT != 0),
    ),
    Gap(
        "coefficient_missing",
        ("feedstock_calorific_tce", "feedstock_equivalent_tce"),
        _FEED & ~_OWN & ~pl.col("has_reference"),
    ),
)
REMARKS = (
    Remark("recovered_heat_not_counted", pl.col("counted") & pl.col("is_recovery_on_site")),
    Remark(
        "own_production_of_primary_energy",
        pl.col("counted") & ~_SECONDARY & (pl.col("own_production_qty") > 0),
    ),
    Remark(
        "own_coefficient_of_electricity",
        pl.col("counted")
        & _ELECTRICITY
        & ((pl.col("coef_used_tce") - pl.col("reference")).abs() > _SAME_COEFFICIENT),
    ),
    Remark(
        "own_coefficient_out_of_range",
        pl.col("counted")
        & _OWN
        & (
            (pl.col("coef_used_tce") < pl.col("reference_low"))
            | (pl.col("coef_used_tce") > pl.col("reference_high"))
        ),
    ),
    Remark(
        "feedstock_not_deducted",
        pl.col("counted") & (pl.col("feedstock_qty") > 0) & ~pl.col("feedstock_deductible"),
    ),
    Remark(
        "feedstock_unlikely",
        _FEED & ~pl.col("feedstock_possible"),
    ),
    Remark(
        "green_power_on_other_item",
        pl.col("counted") & ~_ELECTRICITY & (pl.col("green_power_1e4kwh") > 0),
    ),
    Remark("green_power_with_own_generation", _GREEN & (pl.col("own_production_qty") > 0)),
)
