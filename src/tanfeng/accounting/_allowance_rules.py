"""The plans of the national market as declarations: sectors, classes, inputs and formulas."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from tanfeng.accounting._problems import Rule, refuse
from tanfeng.errors import ModelError
from tanfeng.trace import TIERS, Formula, Symbol

#: Columns of a facility. ``heat_ratio_pct`` is heat supplied over heat produced (F11-12),
#: ``load_factor_pct`` the mean output over the rated one (F11-16). [MWh, GJ, %, tCO2]
FACILITY_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "org_code": pl.String(),
        "unit": pl.String(),
        "year": pl.Int32(),
        "sector": pl.String(),
        "facility_class": pl.String(),
        "supplied_mwh": pl.Float64(),
        "generated_mwh": pl.Float64(),
        "heat_gj": pl.Float64(),
        "heat_ratio_pct": pl.Float64(),
        "load_factor_pct": pl.Float64(),
        "cooling": pl.String(),
        "verified_tco2": pl.Float64(),
        "carbide_slag_pct": pl.Float64(),
        "tier": pl.String(),
    }
)
#: Sector -> its classes, with their names.
CLASSES: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "power": {
            "conv_gt300": ("300MW等级以上常规燃煤机组", "conventional coal above 300 MW"),
            "conv_le300": ("300MW等级及以下常规燃煤机组", "conventional coal up to 300 MW"),
            "unconv": (
                "非常规燃煤机组（含循环流化床）",
                "unconventional coal, fluidised bed included",
            ),
            "gas": ("燃气机组", "gas"),
        },
        "steel": {"all": ("钢铁", "steel")},
        "cement": {
            "all": ("水泥熟料", "cement clinker"),
            "white_clinker": ("白水泥熟料", "white clinker"),
            "carbide_slag": ("电石渣熟料", "clinker of carbide slag"),
            "gypsum_acid": ("石膏制酸联产熟料", "clinker beside acid from gypsum"),
        },
        "aluminium": {"all": ("铝冶炼", "aluminium smelting")},
    }
)
SECTORS = tuple(CLASSES)
#: Special clinker of the plan of 2025 -> row of the table ``ets``.
CEMENT_2025: Mapping[str, str] = MappingProxyType(
    {
        "white_clinker": "cement_exception_white",
        "gypsum_acid": "cement_exception_gypsum",
    }
)
_FIRST_PERIOD = (2019, 2020)
#: First year whose power benchmark is per MWh generated.
_GENERATED_FROM = 2023
_PLAN_A = (
    "2019—2020年、2021、2022年度全国碳排放权交易配额总量设定与分配方案（发电行业）"
    "（国环规气候〔2020〕3号、国环规气候〔2023〕1号）"
)
_PLAN_B = "2023、2024年度全国碳排放权交易发电行业配额总量和分配方案（国环规气候〔2024〕1号）"
_PLAN_C = "2024、2025年度全国碳排放权交易市场钢铁、水泥、铝冶炼行业配额总量和分配方案（2025-11）"


def period_of(year: int) -> str:
    """Return the period of a power benchmark, as the rows of the table ``ets`` end."""
    return "2019-2020" if year in _FIRST_PERIOD else str(year)


def _formula(
    key: str,
    quantity: str,
    symbol: str,
    expression: str,
    symbols: tuple[Symbol, ...],
    document: str,
    names: tuple[str, str],
    confidence: str = "recalled",
) -> Formula:
    unit = "1" if quantity.startswith(("correction", "exponent")) else "tCO2"
    return Formula(
        key=key,
        quantity=quantity,
        symbol=symbol,
        unit=unit,
        expression=expression,
        symbols=symbols,
        document=document,
        clause="",
        equation="",
        name_zh=names[0],
        name_en=names[1],
        confidence=confidence,
    )


_BENCH = Symbol("B", "tCO2/MWh", "电量基准值", "benchmark of electricity")
_LOAD = Symbol("X", "%", "负荷（出力）系数", "load factor", field="load_factor_pct")
_VERIFIED = Symbol("E", "tCO2", "核查的排放量", "verified emission", field="verified_tco2")
_POWER = (
    _formula(
        "ets_power_2019.heat_supply",
        "correction_heat_supply",
        "F_r",
        "1 - k * a / 100",
        (
            Symbol("k", "1", "斜率", "slope"),
            Symbol("a", "%", "供热比", "heat ratio", field="heat_ratio_pct"),
        ),
        _PLAN_A,
        ("供热量修正系数", "correction of heat supply"),
    ),
    _formula(
        "ets_power_2019.load",
        "correction_load",
        "F_f",
        "c + k * (t - X)",
        (
            Symbol("c", "1", "上端的修正系数", "correction at the upper end"),
            Symbol("k", "1/%", "每百分点的增量", "rise per percent"),
            Symbol("t", "%", "上端的负荷系数", "load factor at the upper end"),
            _LOAD,
        ),
        _PLAN_A,
        ("负荷（出力）系数修正系数", "correction of the load factor"),
    ),
    _formula(
        "ets_power.load_exponent",
        "exponent_load",
        "n",
        "o - k * X",
        (
            Symbol("o", "1", "常数项", "exponent at no load"),
            Symbol("k", "1/%", "每百分点的减量", "fall per percent"),
            _LOAD,
        ),
        f"{_PLAN_A}；{_PLAN_B}",
        ("负荷（调峰）修正系数的指数", "exponent of the correction by load"),
    ),
    _formula(
        "ets_power_2019.electricity",
        "allowance_electricity_tco2",
        "A_e",
        "Q * B * F_l * F_r * F_f",
        (
            Symbol("Q", "MWh", "供电量", "electricity supplied", field="supplied_mwh"),
            _BENCH,
            Symbol("F_l", "1", "冷却方式修正系数", "correction of cooling"),
            Symbol("F_r", "1", "供热量修正系数", "correction of heat supply", field="F_r"),
            Symbol("F_f", "1", "负荷（出力）系数修正系数", "correction of load", field="F_f"),
        ),
        _PLAN_A,
        ("供电配额", "allowance of electricity supplied"),
    ),
    _formula(
        "ets_power_2023.electricity",
        "allowance_electricity_tco2",
        "A_e",
        "Q * B * F_p",
        (
            Symbol("Q", "MWh", "发电量", "electricity generated", field="generated_mwh"),
            _BENCH,
            Symbol("F_p", "1", "调峰修正系数", "correction of peak shaving", field="F_p"),
        ),
        _PLAN_B,
        ("发电配额", "allowance of electricity generated"),
    ),
    _formula(
        "ets_power.heat",
        "allowance_heat_tco2",
        "A_h",
        "H * B",
        (
            Symbol("H", "GJ", "供热量", "heat supplied", field="heat_gj"),
            Symbol("B", "tCO2/GJ", "供热基准值", "benchmark of heat"),
        ),
        f"{_PLAN_A}；{_PLAN_B}",
        ("供热配额", "allowance of heat"),
    ),
    _formula(
        "ets_power.total",
        "allowance_tco2",
        "A",
        "A_e + A_h",
        (
            Symbol("A_e", "tCO2", "电量配额", "allowance of electricity", field="A_e"),
            Symbol("A_h", "tCO2", "供热配额", "allowance of heat", field="A_h"),
        ),
        f"{_PLAN_A}；{_PLAN_B}",
        ("机组配额", "allowance of the unit"),
    ),
)
_OTHERS = (
    *(
        _formula(
            f"ets_{sector}.verified",
            "allowance_tco2",
            "A",
            "E * r",
            (_VERIFIED, Symbol("r", "1", "配额与核查量之比", "allowance per verified emission")),
            _PLAN_C,
            (f"{zh}：按核查量等额", f"{en}: equal to the verified emission"),
            "single",
        )
        for sector in ("steel", "cement", "aluminium")
        for zh, en in (CLASSES[sector]["all"],)
    ),
    _formula(
        "ets_cement.carbide_slag",
        "allowance_tco2",
        "A",
        "E",
        (_VERIFIED,),
        _PLAN_C,
        ("电石渣熟料：按核查量等额", "clinker of carbide slag: equal to the verified emission"),
        "single",
    ),
)
#: Every formula of the plans by its key.
FORMULAS: Mapping[str, Formula] = MappingProxyType({one.key: one for one in (*_POWER, *_OTHERS)})


def _power() -> pl.Expr:
    return pl.col("sector") == "power"


def _absent(name: str) -> pl.Expr:
    return pl.col(name).is_null() | ~pl.col(name).is_finite() | (pl.col(name) < 0)


def _no_percent(name: str) -> pl.Expr:
    """Tell values that are no percentage: a fraction, a negative, or more than 100."""
    return ~((pl.col(name) == 0) | pl.col(name).is_between(1.0, 100.0)).fill_null(False)


def _rules() -> tuple[Rule, ...]:
    """Return what is asked of every facility; that of power units stands apart."""
    pairs = [f"{sector}/{klass}" for sector, classes in CLASSES.items() for klass in classes]
    named = pl.concat_str(pl.col("sector"), pl.col("facility_class"), separator="/")
    return (
        Rule(
            "K001",
            "facility_class",
            ~named.is_in(pairs).fill_null(False),
            f"行业与机组（产线）类别不在已知的组合之中：{'、'.join(pairs)}",
            f"sector and class are none of {', '.join(pairs)}",
        ),
        Rule(
            "K002",
            "tier",
            ~pl.col("tier").is_in(TIERS).fill_null(False),
            f"数据质量不在 {'、'.join(TIERS)} 之中",
            f"the data quality is none of {', '.join(TIERS)}",
        ),
        *_power_rules(),
        Rule(
            "K009",
            "verified_tco2",
            ~_power() & _absent("verified_tco2"),
            "缺少核查的排放量",
            "the verified emission is missing",
        ),
        Rule(
            "K010",
            "carbide_slag_pct",
            (pl.col("facility_class") == "carbide_slag") & _no_percent("carbide_slag_pct"),
            "电石渣原料占比以百分数填报（1 至 100）",
            "the share of carbide slag is a percentage (1 to 100)",
        ),
        Rule(
            "K011",
            "unit",
            pl.struct("org_code", "unit", "year").is_duplicated(),
            "同一单位、同一机组（产线）、同一年度出现两次",
            "an organisation's unit stands twice in a year",
        ),
    )


def _power_rules() -> tuple[Rule, ...]:
    old = _power() & (pl.col("year") < _GENERATED_FROM)
    conventional = _power() & pl.col("facility_class").str.starts_with("conv_")
    return (
        Rule(
            "K003",
            "supplied_mwh",
            old & _absent("supplied_mwh"),
            "2022 年度及以前按供电量核定配额，缺少供电量",
            "up to 2022 the allowance goes by electricity supplied, which is missing",
        ),
        Rule(
            "K004",
            "generated_mwh",
            _power() & ~(pl.col("year") < _GENERATED_FROM) & _absent("generated_mwh"),
            "2023 年度起按发电量核定配额，缺少发电量",
            "from 2023 the allowance goes by electricity generated, which is missing",
        ),
        Rule(
            "K005",
            "heat_gj",
            _power() & _absent("heat_gj"),
            "缺少供热量；纯凝机组请填 0",
            "heat supplied is missing; a unit without heat supply states 0",
        ),
        Rule(
            "K006",
            "heat_ratio_pct",
            old
            & (
                _no_percent("heat_ratio_pct")
                | ((pl.col("heat_gj") > 0) != (pl.col("heat_ratio_pct") > 0)).fill_null(False)
            ),
            "供热比以百分数填报（1 至 100；不供热为 0），并须与供热量一致",
            "the heat ratio is a percentage (1 to 100; 0 without heat supply) and agrees with the "
            "heat supplied",
        ),
        Rule(
            "K007",
            "load_factor_pct",
            conventional & (pl.col("heat_gj") == 0) & _no_percent("load_factor_pct"),
            "常规燃煤纯凝机组须填负荷（出力）系数，以百分数填报（1 至 100）",
            "conventional coal without heat supply needs its load factor, a percentage (1 to 100)",
        ),
        Rule(
            "K008",
            "cooling",
            old & ~pl.col("cooling").is_in(["water", "air"]).fill_null(False),
            "冷却方式应为 water（水冷）或 air（空冷）",
            "cooling is water or air",
        ),
    )


def checked(facilities: pl.DataFrame) -> pl.DataFrame:
    """Return the facilities typed and numbered, or tell every row that cannot be computed.

    Parameters
    ----------
    facilities : polars.DataFrame
        Columns of ``FACILITY_SCHEMA``.

    Returns
    -------
    polars.DataFrame
        With ``activity_id`` from 1.

    Raises
    ------
    ModelError
        If a column is missing.
    DataError
        With every row that meets one of the rules.
    """
    missing = [name for name in FACILITY_SCHEMA if name not in facilities.columns]
    if missing:
        raise ModelError(f"facilities lack the columns {missing}", f"机组数据缺少列 {missing}")
    typed = facilities.with_columns(pl.col(n).cast(dtype) for n, dtype in FACILITY_SCHEMA.items())
    refuse(typed, _rules())
    return typed.with_row_index("activity_id", offset=1).with_columns(
        pl.col("activity_id").cast(pl.Int64)
    )
