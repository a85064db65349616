"""Allowance of units and lines by the plan of their sector and year; every figure is a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng import standards
from tanfeng.accounting._allowance_rules import (
    CEMENT_2025,
    FORMULAS,
    checked,
    period_of,
)
from tanfeng.errors import FactorNotFound
from tanfeng.trace import CONFIDENCES, FACTOR_COLUMNS, FACTOR_SCHEMA, INPUT_COLUMNS, LINE_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tanfeng.standards import Factor, Overrides
    from tanfeng.trace import Formula

    Array = NDArray[np.float64]

NOTE_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "activity_id": pl.Int64(),
        "code": pl.String(),
        "text_zh": pl.String(),
        "text_en": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Allowances:
    """Result of :func:`allowance`.

    Parameters
    ----------
    facilities : polars.DataFrame
        The rows given with ``activity_id`` and ``allowance_tco2``. [tCO2]
    lines, factors : polars.DataFrame
        Every number and the rows it leans on, as in :mod:`tanfeng.trace`; ``item_key`` is the
        class of the unit.
    formulas : mapping of str to Formula
        Every formula of the plans.
    notes : polars.DataFrame
        What a reader must know, columns of ``NOTE_SCHEMA``.
    """

    facilities: pl.DataFrame
    lines: pl.DataFrame
    factors: pl.DataFrame
    formulas: Mapping[str, Formula]
    notes: pl.DataFrame


def allowance(facilities: pl.DataFrame, *, overrides: Overrides | None = None) -> Allowances:
    """Compute the allowance of units and lines.

    Parameters
    ----------
    facilities : polars.DataFrame, shape (n, ...)
        Columns of ``FACILITY_SCHEMA``: one row per organisation, unit and year.
    overrides : Overrides, optional
        Values the city verified itself.

    Returns
    -------
    Allowances

    Raises
    ------
    DataError
        With every row that names an unknown sector or class, lacks what its plan asks for, or
        holds a fraction where a percentage is wanted.
    UnresolvedKeys
        If the plan of a sector, class and year is not in the standards: all that are missing, with
        the nearest rows. Nothing is carried over from another year.

    Notes
    -----
    Power 2019 to 2022: A = Q B F_l F_r F_f + H B_h with Q the electricity supplied, F_l of cooling,
    F_r = 1 - k a of heat supply and F_f of the load factor (conventional coal without heat supply).
    Power 2023 and 2024: A = Q B F_p + H B_h with Q generated and F_p of peak shaving. Steel, cement
    and aluminium 2024: the verified emission.
    """
    frame = checked(facilities)
    factors = _Factors(overrides if overrides is not None else standards.Overrides())
    run = _Run(frame, factors)
    groups = frame.select("sector", "facility_class", "year").unique(maintain_order=True)
    for sector, klass, year in groups.iter_rows():
        rows = np.flatnonzero(
            (
                (frame["sector"] == sector)
                & (frame["facility_class"] == klass)
                & (frame["year"] == year)
            ).to_numpy()
        )
        if sector == "power":
            _power(run, rows, klass, year)
        else:
            _verified(run, rows, sector, klass, year)
    if factors.missing:
        raise standards.UnresolvedKeys(factors.missing)
    return Allowances(
        facilities=frame.with_columns(pl.Series("allowance_tco2", run.total)),
        lines=run.frame(),
        factors=factors.frame(),
        formulas=FORMULAS,
        notes=pl.DataFrame(run.notes, schema=dict(NOTE_SCHEMA), orient="row"),
    )


@dataclass(slots=True)
class _Factors:
    """Rows of the standards numbered as they are used; those that are not there are kept."""

    overrides: Overrides
    rows: list[dict[str, object]] = field(default_factory=list)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    missing: list[FactorNotFound] = field(default_factory=list)

    def take(self, symbol: str, table: str, row: str) -> _Taken | None:
        """Look a row up and number it; None where it is not there."""
        try:
            factor = standards.lookup(table, overrides=self.overrides, id=row)
        except FactorNotFound as error:
            self.missing.append(error)
            return None
        key = (symbol, factor.ref)
        if key not in self.numbers:
            self.numbers[key] = len(self.rows) + 1
            self.rows.append(_factor_row(len(self.rows) + 1, symbol, factor))
        rank = CONFIDENCES.index(factor.confidence)
        return _Taken(factor.number, self.numbers[key], rank)

    def frame(self) -> pl.DataFrame:
        """Return the factors with the columns of ``trace.FACTOR_SCHEMA``."""
        return pl.DataFrame(self.rows, schema=FACTOR_SCHEMA)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A factor in a line: its value, its number, and the place of its confidence."""

    value: float
    number: int
    rank: int


def _factor_row(number: int, symbol: str, factor: Factor) -> dict[str, object]:
    return {
        "factor": number,
        "ref": factor.ref,
        "symbol": symbol,
        "value": factor.number,
        "unit": factor.unit,
        "name_zh": factor.name_zh,
        "name_en": factor.name_en,
        "document": factor.document,
        "clause": factor.clause,
        "valid_from": factor.valid_from,
        "valid_to": factor.valid_to,
        "region": factor.region,
        "confidence": factor.confidence,
        "choice_zh": factor.choice_zh,
        "choice_en": factor.choice_en,
        "override": factor.override_text,
    }


class _Run:
    """The facilities, the lines written so far, and how sure each facility's figures are."""

    def __init__(self, frame: pl.DataFrame, factors: _Factors) -> None:
        self.facilities = frame
        self.factors = factors
        self.total = np.full(frame.height, np.nan)
        self.rank = np.zeros(frame.height, dtype=np.int64)
        self.lines: list[pl.DataFrame] = []
        self.notes: list[tuple[int, str, str, str]] = []

    def column(self, name: str, rows: NDArray[np.int64]) -> Array:
        """Return a column of some facilities."""
        return self.facilities[name].to_numpy()[rows].astype(np.float64)

    def ids(self, rows: NDArray[np.int64]) -> list[int]:
        """Return the numbers of some facilities."""
        return [int(n) for n in self.facilities["activity_id"].to_numpy()[rows]]

    def take(self, symbol: str, row: str, *, table: str = "method_defaults") -> _Taken | None:
        """Look a row of the standards up."""
        return self.factors.take(symbol, table, row)

    def write(
        self,
        key: str,
        rows: NDArray[np.int64],
        inputs: Mapping[str, Array | _Taken | None],
        value: Callable[[Mapping[str, Array]], Array],
    ) -> Array:
        """Compute a formula for some facilities, write its lines and return the values.

        Where a factor is not there the values are nan; the run ends in an error.
        """
        formula = FORMULAS[key]
        if any(one is None for one in inputs.values()) or not len(rows):
            return np.full(len(rows), np.nan)
        arrays: dict[str, Array] = {}
        columns: dict[str, pl.Series | pl.Expr] = {}
        for symbol, x, f in zip(formula.symbols, INPUT_COLUMNS, FACTOR_COLUMNS, strict=False):
            one = inputs[symbol.name]
            assert one is not None  # noqa: S101  # looked at above
            if isinstance(one, _Taken):
                self.rank[rows] = np.maximum(self.rank[rows], one.rank)
                arrays[symbol.name] = np.full(len(rows), one.value)
                columns[f] = pl.lit(one.number, dtype=pl.UInt32)
            else:
                arrays[symbol.name] = one
            columns[x] = pl.Series(arrays[symbol.name])
        result = value(arrays)
        columns["value"] = pl.Series(result)
        columns["confidence"] = pl.Series([CONFIDENCES[r] for r in self.rank[rows]])
        self.lines.append(self._lines(formula, rows, columns))
        return result

    def _lines(
        self, formula: Formula, rows: NDArray[np.int64], columns: Mapping[str, pl.Series | pl.Expr]
    ) -> pl.DataFrame:
        part = self.facilities[rows]
        known: dict[str, pl.Series | pl.Expr] = {
            **{name: pl.lit(None) for name in LINE_SCHEMA},
            "quantity": pl.lit(formula.quantity),
            "org_code": part["org_code"],
            "year": part["year"],
            "month": pl.lit(0),
            "item_key": part["sector"] + "_" + part["facility_class"],
            "formula": pl.lit(formula.key),
            "activity_id": part["activity_id"],
            "tier": part["tier"],
            **columns,
        }
        return part.select(
            (known[name] if isinstance(known[name], pl.Expr) else pl.lit(known[name]))
            .cast(dtype)
            .alias(name)
            for name, dtype in LINE_SCHEMA.items()
        )

    def frame(self) -> pl.DataFrame:
        """Return every line, numbered."""
        whole = pl.concat(self.lines) if self.lines else pl.DataFrame(schema=LINE_SCHEMA)
        return whole.with_columns(line=pl.int_range(1, whole.height + 1, dtype=pl.UInt32))

    def note(self, rows: NDArray[np.int64], code: str, zh: str, en: str) -> None:
        """Tell something about some facilities."""
        self.notes += [(number, code, zh, en) for number in self.ids(rows)]


def _power(run: _Run, rows: NDArray[np.int64], klass: str, year: int) -> None:
    period = period_of(year)
    bench = run.take("B", f"power_{klass}_elec_{period}", table="ets")
    bench_heat = run.take("B", f"power_{klass}_heat_{period}", table="ets")
    if bench is None or bench_heat is None:
        return
    electricity = (
        _supplied(run, rows, klass, bench) if year <= 2022 else _generated(run, rows, klass, bench)
    )
    heat = run.write(
        "ets_power.heat",
        rows,
        {"H": run.column("heat_gj", rows), "B": bench_heat},
        lambda v: v["H"] * v["B"],
    )
    run.total[rows] = run.write(
        "ets_power.total",
        rows,
        {"A_e": electricity, "A_h": heat},
        lambda v: v["A_e"] + v["A_h"],
    )


def _supplied(run: _Run, rows: NDArray[np.int64], klass: str, bench: _Taken) -> Array:
    """Compute the allowance of electricity of 2019 to 2022, by what is supplied."""
    fuel = "gas" if klass == "gas" else "coal"
    ratio = run.write(
        "ets_power_2019.heat_supply",
        rows,
        {
            "k": run.take("k", f"ets_heat_slope_{fuel}"),
            "a": run.column("heat_ratio_pct", rows),
        },
        lambda v: 1.0 - v["k"] * v["a"] * 0.01,
    )
    load = _load_correction(run, rows, klass)
    cooling = run.facilities["cooling"].to_numpy()[rows]
    result = np.full(len(rows), np.nan)
    for kind in ("water", "air"):
        there = np.flatnonzero(cooling == kind)
        if not len(there):
            continue
        result[there] = run.write(
            "ets_power_2019.electricity",
            rows[there],
            {
                "Q": run.column("supplied_mwh", rows[there]),
                "B": bench,
                "F_l": run.take("F_l", f"ets_cooling_{kind}"),
                "F_r": ratio[there],
                "F_f": load[there],
            },
            lambda v: v["Q"] * v["B"] * v["F_l"] * v["F_r"] * v["F_f"],
        )
    return result


def _generated(run: _Run, rows: NDArray[np.int64], klass: str, bench: _Taken) -> Array:
    """Compute the allowance of electricity of 2023 and 2024, by what is generated."""
    factor = np.ones(len(rows))
    corrected = _corrected(run, rows, klass)
    if corrected.any():
        percent = run.column("load_factor_pct", rows)
        limit = run.take("t", "ets_peak_low")
        low = corrected & (percent < (limit.value if limit else np.nan))
        factor[low] = _power_law(run, rows[low], "ets_peak", percent[low])
    return run.write(
        "ets_power_2023.electricity",
        rows,
        {"Q": run.column("generated_mwh", rows), "B": bench, "F_p": factor},
        lambda v: v["Q"] * v["B"] * v["F_p"],
    )


def _corrected(run: _Run, rows: NDArray[np.int64], klass: str) -> NDArray[np.bool_]:
    """Tell which units have a correction by load: conventional coal without heat supply."""
    if not klass.startswith("conv_"):
        corrected = np.zeros(len(rows), dtype=bool)
    else:
        corrected = np.asarray(run.column("heat_gj", rows) == 0.0)
    run.note(
        rows[~corrected],
        "no_load_correction",
        "负荷（调峰）修正系数取 1：仅常规燃煤纯凝机组修正",
        "the correction by load is 1: only conventional coal units without heat supply have one",
    )
    return corrected


def _load_correction(run: _Run, rows: NDArray[np.int64], klass: str) -> Array:
    """Return F_f: 1 from 85 %, two straight lines down to 75 %, a power law below."""
    result = np.ones(len(rows))
    corrected = _corrected(run, rows, klass)
    if not corrected.any():
        return result
    percent = run.column("load_factor_pct", rows)
    taken = [run.take("t", f"ets_load_{name}") for name in ("full", "middle", "low")]
    full, middle, low = (one.value if one else np.nan for one in taken)
    for name, start, there in (
        ("high", taken[0], (percent < full) & (percent >= middle)),
        ("middle", taken[1], (percent < middle) & (percent >= low)),
    ):
        chosen = np.flatnonzero(corrected & there)
        if len(chosen):
            result[chosen] = run.write(
                "ets_power_2019.load",
                rows[chosen],
                {
                    "c": run.take("c", f"ets_load_base_{name}"),
                    "k": run.take("k", f"ets_load_slope_{name}"),
                    "t": start,
                    "X": percent[chosen],
                },
                lambda v: v["c"] + v["k"] * v["t"] - v["k"] * v["X"],
            )
    chosen = np.flatnonzero(corrected & (percent < low))
    result[chosen] = _power_law(run, rows[chosen], "ets_load", percent[chosen])
    return result


def _power_law(run: _Run, rows: NDArray[np.int64], name: str, percent: Array) -> Array:
    """Return base ** (origin - slope X); the exponent is a line, the power is told in a note."""
    if not len(rows):
        return np.ones(0)
    base = run.take("b", f"{name}_power_base")
    exponent = run.write(
        "ets_power.load_exponent",
        rows,
        {
            "o": run.take("o", f"{name}_power_origin"),
            "k": run.take("k", f"{name}_power_slope"),
            "X": percent,
        },
        lambda v: v["o"] - v["k"] * v["X"],
    )
    if base is None:
        return np.full(len(rows), np.nan)
    run.rank[rows] = np.maximum(run.rank[rows], base.rank)
    result = base.value**exponent
    for place, (power, value) in enumerate(zip(exponent, result, strict=True)):
        text = f"{base.value:g}^{power:.6g} = {value:.8g}"
        run.note(
            rows[place : place + 1],
            "load_power_law",
            f"负荷（调峰）修正系数 {text}（待核实）",
            f"correction by load {text} (to be verified)",
        )
    return np.asarray(result)


def _verified(run: _Run, rows: NDArray[np.int64], sector: str, klass: str, year: int) -> None:
    """Grant steel, cement and aluminium their verified emission, where the plan does."""
    if klass == "carbide_slag":
        rows = _carbide_slag(run, rows, year)
    if not len(rows):
        return
    special = CEMENT_2025.get(klass) if year == 2025 else None
    ratio = run.take("r", special or f"{sector}_{year}_allocation", table="ets")
    run.total[rows] = run.write(
        f"ets_{sector}.verified",
        rows,
        {"E": run.column("verified_tco2", rows), "r": ratio},
        lambda v: v["E"] * v["r"],
    )
    _note_verified(run, rows)


def _carbide_slag(run: _Run, rows: NDArray[np.int64], year: int) -> NDArray[np.int64]:
    """Grant clinker lines of 2025 with enough carbide slag; return those the rule is not for."""
    if year != 2025:
        return rows
    limit = run.take("t", "cement_exception_carbide", table="ets")
    if limit is None:
        return rows
    enough = run.column("carbide_slag_pct", rows) > limit.value
    granted = rows[enough]
    run.rank[granted] = np.maximum(run.rank[granted], limit.rank)
    run.total[granted] = run.write(
        "ets_cement.carbide_slag",
        granted,
        {"E": run.column("verified_tco2", granted)},
        lambda v: v["E"],
    )
    run.note(
        granted,
        "carbide_slag",
        f"电石渣原料占比高于 {limit.value:g} %（ets/cement_exception_carbide，待核实）",
        f"more than {limit.value:g} % carbide slag (ets/cement_exception_carbide, to be verified)",
    )
    _note_verified(run, granted)
    return rows[~enough]


def _note_verified(run: _Run, rows: NDArray[np.int64]) -> None:
    run.note(
        rows,
        "equals_verified",
        "配额等于核查的排放量，缺口恒为零；清缴仍须完成",
        "the allowance equals the verified emission, so there is no gap; it still has to be "
        "surrendered",
    )
