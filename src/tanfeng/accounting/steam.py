"""Heat of steam: specific enthalpy by IAPWS-IF97, and the GJ of a steam bill by two rules.

The NDRC guidelines of 2013 to 2015 take the enthalpy of steam at its pressure and temperature
from a printed table and subtract 83.74 kJ/kg, water of 20 C; the GB/T texts from 2024 on take the
whole enthalpy. Here the enthalpy is computed by IAPWS R7-97(2012) instead of interpolated, so a
printed table can be checked against it (:func:`compare`).

Pressure is absolute. A gauge reads pressure above the atmosphere: a row says which of the two it
states, and with a gauge reading also the pressure of the atmosphere. Nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting import _if97
from tanfeng.accounting._problems import Rule, refuse
from tanfeng.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

#: Rule of a text -> enthalpy it subtracts. [kJ/kg]
RULES: Mapping[str, float] = MappingProxyType({"ndrc": 83.74, "whole": 0.0})
#: Columns of a steam row. ``pressure_kind`` is ``absolute`` or ``gauge``; ``dryness`` is the mass
#: share of vapour in saturated steam, 0 to 1. [t, MPa, MPa, C, 1]
STEAM_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "mass_t": pl.Float64(),
        "pressure_mpa": pl.Float64(),
        "pressure_kind": pl.String(),
        "atmosphere_mpa": pl.Float64(),
        "temperature_c": pl.Float64(),
        "dryness": pl.Float64(),
    }
)
#: Distance from the saturation line within which pressure and temperature do not tell how much of
#: the steam is water. [K]
NEAR_SATURATION = 1.0
#: Highest temperature of saturated steam here: above it the saturated states are in region 3. [C]
SATURATED_UP_TO = _if97.T_13 - _if97.ZERO_C
#: Atmospheres there are, from the Tibetan plateau to the sea. [MPa]
_ATMOSPHERE = (0.05, 0.11)


def saturation_pressure(temperature_c: ArrayLike) -> Array:
    """Return the pressure at which water boils.

    Parameters
    ----------
    temperature_c : array_like
        0 to 373.946. [C]

    Returns
    -------
    array
        Absolute. [MPa]

    Raises
    ------
    ModelError
        If a temperature has no saturation pressure.
    """
    kelvin = np.asarray(temperature_c, dtype=np.float64) + _if97.ZERO_C
    if not np.all((kelvin >= _if97.T_LOW) & (kelvin <= _if97.T_CRITICAL)):
        raise ModelError(
            "water boils between 0 and 373.946 C only; a temperature is outside",
            "水只在 0 至 373.946 ℃ 之间有饱和压力，给出的温度超出范围",
        )
    return _if97.saturation_pressure(kelvin)


def saturation_temperature(pressure_mpa: ArrayLike) -> Array:
    """Return the temperature at which water boils.

    Parameters
    ----------
    pressure_mpa : array_like
        Absolute, 0.000611213 to 22.064. [MPa]

    Returns
    -------
    array
        Temperature. [C]

    Raises
    ------
    ModelError
        If a pressure has no saturation temperature.
    """
    pressure = np.asarray(pressure_mpa, dtype=np.float64)
    if not np.all((pressure >= 0.000611213) & (pressure <= _if97.P_CRITICAL)):
        raise ModelError(
            "water boils between 0.000611213 and 22.064 MPa absolute only; a pressure is outside",
            "水只在 0.000611213 至 22.064 MPa（绝对压力）之间有饱和温度，给出的压力超出范围",
        )
    return _if97.saturation_temperature(pressure) - _if97.ZERO_C


def enthalpy(pressure_mpa: ArrayLike, temperature_c: ArrayLike) -> Array:
    """Return the specific enthalpy of water or steam that is not saturated.

    Parameters
    ----------
    pressure_mpa : array_like
        Absolute, to 100. [MPa]
    temperature_c : array_like
        0 to 800. [C]

    Returns
    -------
    array
        Specific enthalpy. [kJ/kg]

    Raises
    ------
    ModelError
        If a point is in region 3 (dense fluid near the critical point), in region 5 (above
        800 C), or outside of the formulation.

    Notes
    -----
    Region 1 (liquid): h = R T tau dgamma/dtau with eq. 7; region 2 (vapour): the same with the
    ideal-gas and the residual part, eq. 16 and 17.

    References
    ----------
    .. [1] IAPWS R7-97(2012), sections 5 and 6.
    """
    pressure, celsius = np.broadcast_arrays(
        np.asarray(pressure_mpa, dtype=np.float64), np.asarray(temperature_c, dtype=np.float64)
    )
    kelvin = celsius + _if97.ZERO_C
    region = _if97.regions(pressure, kelvin)
    refused = ~np.isin(region, (1, 2))
    if refused.any():
        first = np.flatnonzero(refused.ravel())[0]
        place = f"p = {pressure.ravel()[first]:g} MPa, t = {celsius.ravel()[first]:g} C"
        raise ModelError(
            f"{place} is {_REGION_EN[int(region.ravel()[first])]}; this formulation holds regions "
            "1 and 2 of IAPWS-IF97: state the enthalpy itself",
            f"{place} {_REGION_ZH[int(region.ravel()[first])]}；此处只含 IAPWS-IF97 的 1、2 区，"
            "请直接填写热焓",
        )
    result = np.full(pressure.shape, np.nan)
    for number, of in ((1, _if97.enthalpy_liquid), (2, _if97.enthalpy_vapour)):
        there = region == number
        result[there] = of(pressure[there], kelvin[there])
    return result


_REGION_EN = {
    3: "in region 3, around the critical point",
    5: "in region 5, above 800 C",
    0: "outside of IAPWS-IF97 (up to 100 MPa and 0 to 800 C)",
}
_REGION_ZH = {3: "在 3 区（临界点附近）", 5: "在 5 区（800 ℃ 以上）", 0: "超出 IAPWS-IF97 的范围"}


def saturated_enthalpy(
    *,
    pressure_mpa: ArrayLike | None = None,
    temperature_c: ArrayLike | None = None,
    dryness: ArrayLike,
) -> Array:
    """Return the specific enthalpy of saturated steam.

    Parameters
    ----------
    pressure_mpa : array_like, optional
        Absolute, to 16.5291643; either this or the temperature. [MPa]
    temperature_c : array_like, optional
        0 to 350. [C]
    dryness : array_like
        Mass share of vapour: 1 dry saturated steam, 0 boiling water. [1]

    Returns
    -------
    array
        h = h' + x (h'' - h'). [kJ/kg]

    Raises
    ------
    ModelError
        If not exactly one of pressure and temperature is given, the dryness is no share, or the
        state is above 350 C, where the saturated states are in region 3.
    """
    if (pressure_mpa is None) == (temperature_c is None):
        raise ModelError(
            "saturated steam is named by its pressure or by its temperature, one of the two",
            "饱和蒸汽由压力或温度之一确定，请只给一个",
        )
    share = np.asarray(dryness, dtype=np.float64)
    if not np.all((share >= 0.0) & (share <= 1.0)):
        raise ModelError(
            "dryness is a mass share from 0 to 1; 95 % is 0.95",
            "干度是 0 至 1 的质量份额；95 % 应写 0.95",
        )
    if temperature_c is not None:
        pressure = saturation_pressure(temperature_c)
        celsius = np.asarray(temperature_c, dtype=np.float64)
    elif pressure_mpa is not None:
        pressure = np.asarray(pressure_mpa, dtype=np.float64)
        celsius = saturation_temperature(pressure)
    if np.any(celsius > SATURATED_UP_TO):
        raise ModelError(
            "saturated steam above 350 C (16.529 MPa) is in region 3 of IAPWS-IF97, which is not "
            "held: state the enthalpy itself",
            "350 ℃（16.529 MPa）以上的饱和蒸汽在 IAPWS-IF97 的 3 区，此处不含，请直接填写热焓",
        )
    kelvin = celsius + _if97.ZERO_C
    liquid = _if97.enthalpy_liquid(pressure, kelvin)
    return np.asarray(liquid + share * (_if97.enthalpy_vapour(pressure, kelvin) - liquid))


_P, _T, _X = (pl.col(name) for name in ("pressure_mpa", "temperature_c", "dryness"))
_KIND, _AIR = pl.col("pressure_kind"), pl.col("atmosphere_mpa")
#: Looked at before anything is computed.
_ROW_RULES = (
    Rule(
        "T001",
        "mass_t",
        pl.col("mass_t").is_null() | ~pl.col("mass_t").is_finite() | (pl.col("mass_t") < 0),
        "缺少蒸汽量或不是非负数",
        "the mass is missing or no number of at least 0",
    ),
    Rule(
        "T002",
        "pressure_kind",
        _P.is_not_null() & ~_KIND.is_in(["absolute", "gauge"]).fill_null(False),
        "未说明压力是绝对压力（absolute）还是表压（gauge）",
        "it is not said whether the pressure is absolute or gauge",
    ),
    Rule(
        "T003",
        "atmosphere_mpa",
        _P.is_not_null()
        & (_KIND == "gauge").fill_null(False)
        & ~_AIR.is_between(*_ATMOSPHERE).fill_null(False),
        "表压须同时填当地大气压（0.05 至 0.11 MPa），海平面为 0.101325 MPa",
        "a gauge pressure needs the pressure of the atmosphere (0.05 to 0.11 MPa; 0.101325 at "
        "sea level)",
    ),
    Rule(
        "T004",
        "dryness",
        ~_X.is_between(0.0, 1.0).fill_null(True),
        "干度是 0 至 1 的份额，不是百分数",
        "dryness is a share from 0 to 1, not a percentage",
    ),
    Rule(
        "T005",
        "dryness",
        _X.is_null() & (_P.is_null() | _T.is_null()),
        "过热蒸汽须填压力和温度；饱和蒸汽须填压力或温度，并填干度（干饱和为 1）",
        "superheated steam needs pressure and temperature; saturated steam one of them and its "
        "dryness (1 when dry)",
    ),
    Rule(
        "T006",
        "temperature_c",
        _X.is_not_null() & _P.is_null() & _T.is_null(),
        "饱和蒸汽须填压力或温度",
        "saturated steam needs its pressure or its temperature",
    ),
)


def heat(rows: pl.DataFrame, *, rule: str) -> pl.DataFrame:
    """Turn the mass of steam into heat.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, ...)
        Columns of ``STEAM_SCHEMA``; others are kept. Superheated steam has pressure and
        temperature and no dryness; saturated steam has a dryness and its pressure, its
        temperature, or both in agreement.
    rule : {"ndrc", "whole"}
        Whether 83.74 kJ/kg are subtracted.

    Returns
    -------
    polars.DataFrame, shape (n, ...)
        The rows with ``pressure_absolute_mpa`` [MPa], ``enthalpy_kj_kg`` [kJ/kg] (the whole one:
        the column of that name of the kinds of steam of the methods), ``heat_rule`` and
        ``heat_gj`` [GJ].

    Raises
    ------
    ModelError
        If the rule is unknown or a column is missing.
    DataError
        With every row that cannot be computed: a pressure without its kind, a state that is not
        determined or is no steam, or one outside of regions 1 and 2.

    Notes
    -----
    Q = Ma (En - 83.74) / 1000, or Q = Ma En / 1000. Within 1 K of the saturation line pressure and
    temperature do not tell wet from dry steam, 2000 kJ/kg apart; such a row needs its dryness.
    """
    if rule not in RULES:
        raise ModelError(
            f"rule {rule!r} is none of {', '.join(RULES)}",
            f"规则 {rule} 不在 {'、'.join(RULES)} 之中",
        )
    missing = [name for name in STEAM_SCHEMA if name not in rows.columns]
    if missing:
        raise ModelError(f"steam rows lack the columns {missing}", f"蒸汽数据缺少列 {missing}")
    frame = rows.with_columns(pl.col(name).cast(dtype) for name, dtype in STEAM_SCHEMA.items())
    refuse(frame, _ROW_RULES)
    absolute = _P + pl.when(_KIND == "gauge").then(_AIR).otherwise(0.0)
    frame = frame.with_columns(pressure_absolute_mpa=absolute)
    pressure, celsius, dryness = (
        frame[name].to_numpy() for name in ("pressure_absolute_mpa", "temperature_c", "dryness")
    )
    frame = frame.with_columns(_state(pressure, celsius, dryness))
    refuse(frame, _STATE_RULES)
    value = _enthalpies(pressure, celsius, dryness)
    return frame.drop("_state").with_columns(
        pl.Series("enthalpy_kj_kg", value),
        heat_rule=pl.lit(rule),
        heat_gj=pl.col("mass_t") * (pl.Series(value) - RULES[rule]) / 1000.0,
    )


def _state(pressure: Array, celsius: Array, dryness: Array) -> pl.Series:
    """Name what keeps a row from being computed; empty where nothing does."""
    kelvin = celsius + _if97.ZERO_C
    wet = ~np.isnan(dryness)
    line_p = np.clip(np.nan_to_num(pressure, nan=1.0), 0.000611213, _if97.P_CRITICAL)
    boiling = _if97.saturation_temperature(line_p) - _if97.ZERO_C
    below = ~np.isnan(pressure) & (pressure < _if97.P_CRITICAL)
    both = below & ~np.isnan(celsius)
    near = both & (np.abs(celsius - boiling) <= NEAR_SATURATION)
    region = _if97.regions(np.nan_to_num(pressure, nan=-1.0), np.nan_to_num(kelvin, nan=-1.0))
    by_pressure = (pressure >= 0.000611213) & (boiling <= SATURATED_UP_TO) & below
    by_temperature = np.isnan(pressure) & (celsius >= 0.0) & (celsius <= SATURATED_UP_TO)
    code = np.select(
        [
            wet & both & ~near,
            wet & ~by_pressure & ~by_temperature,
            ~wet & near,
            ~wet & (region == 1),
            ~wet & (region != 2),
        ],
        ["disagree", "saturated_outside", "undetermined", "liquid", "outside"],
        default="",
    )
    return pl.Series("_state", code)


_STATE_RULES = (
    Rule(
        "T007",
        "temperature_c",
        pl.col("_state") == "disagree",
        "填了干度，但压力与温度不在饱和线上（相差超过 1 ℃）；是否误把表压当作绝对压力？",
        "it has a dryness, yet pressure and temperature are more than 1 K off the saturation line; "
        "was a gauge pressure entered as absolute?",
    ),
    Rule(
        "T008",
        "pressure_mpa",
        pl.col("_state") == "saturated_outside",
        "饱和状态超出范围（0 至 350 ℃，16.529 MPa 以下；以上为 3 区）",
        "the saturated state is out of range (0 to 350 C, up to 16.529 MPa; region 3 beyond)",
    ),
    Rule(
        "T009",
        "dryness",
        pl.col("_state") == "undetermined",
        "压力与温度在饱和线上，看不出干湿；请填干度（干饱和为 1）",
        "pressure and temperature are on the saturation line, which does not tell wet from dry: "
        "state the dryness (1 when dry)",
    ),
    Rule(
        "T010",
        "temperature_c",
        pl.col("_state") == "liquid",
        "该压力、温度下是水不是蒸汽；请核对单位，热水按热水公式计算",
        "at this pressure and temperature it is water, not steam: check the units; hot water has "
        "a formula of its own",
    ),
    Rule(
        "T011",
        "pressure_mpa",
        pl.col("_state") == "outside",
        "该状态在 3 区、5 区或公式范围以外，请直接填写热焓",
        "the state is in region 3 or 5 or outside of the formulation: state the enthalpy itself",
    ),
)


def _enthalpies(pressure: Array, celsius: Array, dryness: Array) -> Array:
    result = np.full(pressure.shape, np.nan)
    wet = ~np.isnan(dryness)
    by_pressure = wet & ~np.isnan(pressure)
    by_temperature = wet & np.isnan(pressure)
    result[by_pressure] = saturated_enthalpy(
        pressure_mpa=pressure[by_pressure], dryness=dryness[by_pressure]
    )
    result[by_temperature] = saturated_enthalpy(
        temperature_c=celsius[by_temperature], dryness=dryness[by_temperature]
    )
    result[~wet] = enthalpy(pressure[~wet], celsius[~wet])
    return result


def compare(printed: pl.DataFrame, *, tolerance_kj_kg: float = 2.0) -> pl.DataFrame:
    """Check a printed table of steam enthalpies against IAPWS-IF97.

    Parameters
    ----------
    printed : polars.DataFrame, shape (n, ...)
        is_saturated (dry saturated steam), pressure_mpa (absolute) [MPa], temperature_c [C] and
        enthalpy_kj_kg [kJ/kg].
    tolerance_kj_kg : float
        Difference that is no anomaly. [kJ/kg]

    Returns
    -------
    polars.DataFrame, shape (n, ...)
        The rows with ``if97_kj_kg`` and ``difference_kj_kg`` (printed less computed), both null
        where region 3 or 5 is not held, ``boiling_c`` of saturated rows [C], and ``finding``:
        ``ok``, ``enthalpy`` (off by more than the tolerance), ``temperature`` (a saturated row
        whose temperature is more than 0.5 K from the boiling point) or ``not_checked``.
    """
    pressure, celsius = (printed[n].to_numpy() for n in ("pressure_mpa", "temperature_c"))
    saturated = printed["is_saturated"].to_numpy()
    boiling = np.full(pressure.shape, np.nan)
    boiling[saturated] = saturation_temperature(pressure[saturated])
    computed = np.full(pressure.shape, np.nan)
    held = saturated & (boiling <= SATURATED_UP_TO)
    computed[held] = saturated_enthalpy(pressure_mpa=pressure[held], dryness=1.0)
    held = ~saturated & np.isin(_if97.regions(pressure, celsius + _if97.ZERO_C), (1, 2))
    computed[held] = enthalpy(pressure[held], celsius[held])
    difference = pl.col("enthalpy_kj_kg") - pl.col("if97_kj_kg")
    return printed.with_columns(
        pl.Series("if97_kj_kg", computed, nan_to_null=True),
        pl.Series("boiling_c", boiling, nan_to_null=True),
    ).with_columns(
        difference_kj_kg=difference,
        finding=pl.when((pl.col("temperature_c") - pl.col("boiling_c")).abs() > 0.5)
        .then(pl.lit("temperature"))
        .when(difference.is_null())
        .then(pl.lit("not_checked"))
        .when(difference.abs() > tolerance_kj_kg)
        .then(pl.lit("enthalpy"))
        .otherwise(pl.lit("ok")),
    )
