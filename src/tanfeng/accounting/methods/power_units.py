"""Results per unit of a power facility: heat ratio, intensities, load factor, yearly carbon.

They stand beside the emission and are lines like it: each can be redone from its inputs and its
formula (F11-12 to F11-16, all recalled: 待核实). A result that lacks an input is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng.accounting.methods._declare import EMISSION, Input, Step
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_COLUMNS, INPUT_COLUMNS, LINE_SCHEMA, Formula

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tanfeng.accounting.methods._engine import MethodAccount

_KEYS = ("activity_id", "org_code", "unit", "year", "month")
_E = Input("E", "emission_tco2e", "tCO2", "机组排放量", "emission of the unit")
_A = Input("a", "heat_ratio_pct", "%", "供热比", "heat ratio", 0.0, 100.0)
_Q_GR = Input("Q_gr", "heat_supplied_gj", "GJ", "供热量", "heat supplied", 0.0)
_Q_CR = Input("Q_cr", "boiler_heat_gj", "GJ", "锅炉总产热量", "heat of the boiler", 0.0)
_W = Input("W_fd", "generation_mwh", "MWh", "发电量", "electricity generated", 0.0)
_B_R = Input("b_r", "heat_rate_tce_gj", "tce/GJ", "供热煤耗", "coal per heat supplied", 0.0)
_E_FD = Input("E_fd", "emission_generation_tco2", "tCO2", "发电排放量", "emission of generation")
_E_GR = Input("E_gr", "emission_heat_supply_tco2", "tCO2", "供热排放量", "emission of heat")


def _efficiency(symbol: str, column: str, zh: str, en: str) -> Input:
    return Input(symbol, column, "%", zh, en, 50.0, 100.0)


#: In order; a later step uses what an earlier one gave.
_STEPS = (
    Step(
        "boiler_heat_gj",
        "Q_cr",
        "GJ",
        "Q_st - Q_fw + Q_rh",
        lambda v: v["Q_st"] + v["Q_rh"] - v["Q_fw"],
        (
            Input("Q_st", "steam_heat_gj", "GJ", "主蒸汽热量", "heat of the main steam", 0.0),
            Input("Q_fw", "feed_heat_gj", "GJ", "锅炉给水热量", "heat of the feed water", 0.0),
            Input("Q_rh", "reheat_heat_gj", "GJ", "再热吸热量", "heat taken up by reheat", 0.0),
        ),
    ),
    Step(
        "heat_rate_tce_gj",
        "b_r",
        "tce/GJ",
        "0.03412 / (eta_gl / 100 * eta_gd / 100 * eta_rw / 100)",
        lambda v: 34120.0 / (v["eta_gl"] * v["eta_gd"] * v["eta_rw"]),
        (
            _efficiency("eta_gl", "boiler_efficiency_pct", "锅炉效率", "boiler efficiency"),
            _efficiency("eta_gd", "pipe_efficiency_pct", "管道效率", "pipe efficiency"),
            _efficiency("eta_rw", "exchanger_efficiency_pct", "换热效率", "exchanger efficiency"),
        ),
    ),
    Step(
        "heat_ratio_pct",
        "a",
        "%",
        "Q_gr / Q_cr * 100",
        lambda v: 100 * v["Q_gr"] / v["Q_cr"],
        (_Q_GR, _Q_CR),
    ),
    Step(
        "heat_ratio_pct",
        "a",
        "%",
        "b_r * Q_gr / B_h * 100",
        lambda v: 100 * v["b_r"] * v["Q_gr"] / v["B_h"],
        (_B_R, _Q_GR, Input("B_h", "fuel_tce", "tce", "机组耗用总标煤量", "fuel of the unit", 0.0)),
    ),
    Step(
        "emission_heat_supply_tco2",
        "E_gr",
        "tCO2",
        "a / 100 * E",
        lambda v: v["a"] * v["E"] * 1e-2,
        (_A, _E),
    ),
    Step(
        "emission_generation_tco2",
        "E_fd",
        "tCO2",
        "(1 - a / 100) * E",
        lambda v: (100 - v["a"]) * v["E"] * 1e-2,
        (_A, _E),
    ),
    Step(
        "intensity_generation_tco2_mwh",
        "S_fd",
        "tCO2/MWh",
        "E_fd / W_fd",
        lambda v: v["E_fd"] / v["W_fd"],
        (_E_FD, _W),
    ),
    Step(
        "intensity_heat_tco2_gj",
        "S_gr",
        "tCO2/GJ",
        "E_gr / Q_gr",
        lambda v: v["E_gr"] / v["Q_gr"],
        (_E_GR, _Q_GR),
    ),
    Step(
        "load_factor_pct",
        "X",
        "%",
        "W_fd / (P_e * t) * 100",
        lambda v: 100 * v["W_fd"] / (v["P_e"] * v["t"]),
        (
            _W,
            Input("P_e", "capacity_mw", "MW", "装机容量", "installed capacity", 0.0),
            Input("t", "hours_h", "h", "运行小时数", "hours run", 0.0, 8784.0),
        ),
    ),
)
_NAMES = {
    "boiler_heat_gj": ("锅炉总产热量", "heat of the boiler"),
    "heat_rate_tce_gj": ("供热煤耗", "coal per heat supplied"),
    "heat_ratio_pct": ("供热比", "heat ratio"),
    "emission_heat_supply_tco2": ("供热排放量", "emission of heat supplied"),
    "emission_generation_tco2": ("发电排放量", "emission of generation"),
    "intensity_generation_tco2_mwh": ("发电碳排放强度", "intensity of generation"),
    "intensity_heat_tco2_gj": ("供热碳排放强度", "intensity of heat supplied"),
    "load_factor_pct": ("负荷率", "load factor"),
}


def _key(place: int) -> str:
    return f"power_units.{_STEPS[place].quantity}.{place + 1}"


#: Formula of every result by its key, as its line stores it.
FORMULAS: Mapping[str, Formula] = MappingProxyType(
    {
        _key(place): Formula(
            key=_key(place),
            quantity=step.quantity,
            symbol=step.symbol,
            unit=step.unit,
            expression=step.expression,
            symbols=tuple(one.as_symbol for one in step.inputs),
            document="企业温室气体排放核算与报告指南 发电设施（环办气候函〔2022〕485号）",
            clause="",
            equation="",
            name_zh=_NAMES[step.quantity][0],
            name_en=_NAMES[step.quantity][1],
            confidence="recalled",
        )
        for place, step in enumerate(_STEPS)
    }
)
_COLUMNS = frozenset(one.column for step in _STEPS for one in step.inputs) - {"emission_tco2e"}
#: What a form asks of a unit, in the order of the report.
ASKED: tuple[Input, ...] = tuple(
    next(one for step in _STEPS for one in step.inputs if one.column == column)
    for column in (
        "generation_mwh",
        "heat_supplied_gj",
        "capacity_mw",
        "hours_h",
        "boiler_heat_gj",
        "steam_heat_gj",
        "feed_heat_gj",
        "reheat_heat_gj",
        "fuel_tce",
        "boiler_efficiency_pct",
        "pipe_efficiency_pct",
        "exchanger_efficiency_pct",
    )
)


def unit_results(
    account: MethodAccount, production: pl.DataFrame, *, with_electricity: bool = True
) -> pl.DataFrame:
    """Return the results per unit as lines.

    Parameters
    ----------
    account : MethodAccount
        Account of power facilities; its rows carry the unit.
    production : polars.DataFrame
        One row per unit and period: activity_id, org_code, unit, year, month (0 for the year,
        which takes the sum of the months), and any of generation_mwh, heat_supplied_gj,
        boiler_heat_gj or steam_heat_gj, feed_heat_gj, reheat_heat_gj [GJ];
        boiler_efficiency_pct, pipe_efficiency_pct, exchanger_efficiency_pct [%] and fuel_tce
        [tce] where the boiler's heat is not metered; capacity_mw, hours_h.
    with_electricity : bool
        Whether the emission that is split holds purchased electricity.

    Returns
    -------
    polars.DataFrame
        Columns of ``trace.LINE_SCHEMA``. A unit with a row that could not be computed has no
        emission and no result that needs one. A unit that supplies no heat has heat ratio 0.

    Raises
    ------
    ModelError
        If a column is unknown, or a value is outside its range.
    """
    extra = [name for name in production.columns if name not in (*_KEYS, *_COLUMNS)]
    if extra:
        raise ModelError(f"production of units has unknown columns {extra}")
    frame = _with_emission(account, production, with_electricity)
    values = {column: _values(frame, column) for column in (*_COLUMNS, "emission_tco2e")}
    _refuse_outside(values)
    if "reheat_heat_gj" not in frame.columns:
        values["reheat_heat_gj"] = np.where(np.isnan(values["steam_heat_gj"]), np.nan, 0.0)
    none = (values["heat_supplied_gj"] == 0) & np.isnan(values["boiler_heat_gj"])
    values["heat_ratio_pct"] = np.where(none, 0.0, values["heat_ratio_pct"])
    lines = [
        line
        for place, step in enumerate(_STEPS)
        for line in _computed(_key(place), step, frame, values)
    ]
    whole = pl.concat(lines) if lines else pl.DataFrame(schema=LINE_SCHEMA)
    return whole.with_columns(line=pl.int_range(1, whole.height + 1, dtype=pl.UInt32))


def yearly_carbon(account: MethodAccount) -> pl.DataFrame:
    """Return coal burned and its carbon of the year, weighted by the months (F11-10).

    Parameters
    ----------
    account : MethodAccount
        Account of power facilities.

    Returns
    -------
    polars.DataFrame
        org_code, unit, year, item, used_qty [t], carbon_content_tc [tC/t].
    """
    ends = account.lines.filter(pl.col("quantity") == EMISSION)
    rows = account.streams.filter(pl.col("kind").cast(pl.String) == "coal_burned")
    joined = rows.join(
        ends.select("activity_id", used_qty="x1", carbon="x2"), on="activity_id", how="inner"
    )
    return joined.group_by("org_code", "unit", "year", "item", maintain_order=True).agg(
        pl.col("used_qty").sum(),
        carbon_content_tc=(pl.col("used_qty") * pl.col("carbon")).sum() / pl.col("used_qty").sum(),
    )


def _with_emission(
    account: MethodAccount, production: pl.DataFrame, with_electricity: bool
) -> pl.DataFrame:
    """Add the emission of the unit and period, null where a row of it could not be computed."""
    ends = account.lines.filter(pl.col("quantity") == EMISSION)
    rows = account.streams.join(ends.select("activity_id", "value"), on="activity_id", how="left")
    if not with_electricity:
        rows = rows.filter(pl.col("stream").cast(pl.String) != "electricity")
    value = pl.col("value")
    emission = pl.when(value.is_not_null().all()).then(value.sum()).alias("emission_tco2e")
    keys = ["org_code", "unit", "year", "month"]
    rows = rows.with_columns(pl.col("org_code", "unit").cast(pl.String))
    sums = pl.concat(
        [
            rows.group_by(keys[:3]).agg(emission).with_columns(month=pl.lit(0, dtype=pl.Int8)),
            rows.filter(pl.col("month") > 0).group_by(keys).agg(emission),
        ],
        how="diagonal",
    )
    return production.with_columns(
        pl.col("org_code", "unit").cast(pl.String),
        pl.col("year").cast(pl.Int32),
        pl.col("month").cast(pl.Int8),
    ).join(sums, on=keys, how="left", maintain_order="left")


def _values(frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in frame.columns:
        return np.full(frame.height, np.nan)
    return frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()


def _refuse_outside(values: Mapping[str, NDArray[np.float64]]) -> None:
    for one in {one.column: one for step in _STEPS for one in step.inputs}.values():
        value = values[one.column]
        if np.any((value < one.low) | (value > one.high)):
            raise ModelError(f"{one.column} of a unit is outside {one.low:g} to {one.high:g}")


def _computed(
    key: str, step: Step, frame: pl.DataFrame, values: dict[str, NDArray[np.float64]]
) -> list[pl.DataFrame]:
    """Compute a step where it is not there yet, every input is and nothing is divided by zero."""
    given = {one.symbol: values[one.column] for one in step.inputs}
    known = values.get(step.quantity, np.full(frame.height, np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        result = step.value(given)
    rows = np.flatnonzero(np.isnan(known) & np.isfinite(result))
    values[step.quantity] = np.where(np.isnan(known) & np.isfinite(result), result, known)
    if not rows.size:
        return []
    part = frame[rows]
    inputs = {
        column: pl.Series(given[one.symbol][rows])
        for column, one in zip(INPUT_COLUMNS, step.inputs, strict=False)
    }
    columns = {
        "line": pl.lit(0, dtype=pl.UInt32),
        "quantity": pl.lit(step.quantity),
        "item_key": pl.lit("power_unit"),
        "formula": pl.lit(key),
        **{name: pl.lit(None, dtype=pl.Float64) for name in INPUT_COLUMNS},
        **{name: pl.lit(None, dtype=pl.UInt32) for name in FACTOR_COLUMNS},
        **{name: pl.lit(series) for name, series in inputs.items()},
        "value": pl.lit(pl.Series(result[rows])),
        "tier": pl.lit("reported"),
        "confidence": pl.lit(None, dtype=pl.String),
    }
    return [
        part.select(
            columns.get(name, pl.col(name)).cast(dtype).alias(name)
            for name, dtype in LINE_SCHEMA.items()
        )
    ]
