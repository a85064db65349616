"""Planted faults: what goes wrong in real forms, put where the product has to find it.

``tables/faults.csv`` lists every kind, where it is put and which check or run finding names it.
This module plants the faults of reported data (they pass the import, some with a warning); the
faults that keep a file out are written by ``uploads``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from tanfeng.demo._tables import table

KEY = ("org_code", "year", "month", "item_key")
_YUAN_PER_KCNY = 1000.0
#: Equivalent coefficient of electricity some enterprises type by mistake. [tce/1e4 kWh]
_EQUIVALENT = 3.02
_LARGE_ENOUGH = 5.0


@dataclass(slots=True)
class Planted:
    """The forms with their faults, and where each one is.

    Parameters
    ----------
    energy, output : polars.DataFrame
        The forms as enterprises first report them.
    corrections : polars.DataFrame
        Energy rows reported again later, with the right values.
    late : polars.DataFrame
        Energy rows that come in after their county's file.
    faults : list of dict
        fault, org_code, year, month, item_key, field.
    """

    energy: pl.DataFrame
    output: pl.DataFrame
    corrections: pl.DataFrame = field(default_factory=pl.DataFrame)
    late: pl.DataFrame = field(default_factory=pl.DataFrame)
    faults: list[dict[str, object]] = field(default_factory=list)

    def note(self, fault: str, rows: pl.DataFrame, field_key: str) -> None:
        """Write down where a fault is."""
        self.faults += [
            {
                "fault": fault,
                "org_code": row["org_code"],
                "year": row["year"],
                "month": row["month"],
                "item_key": row.get("item_key", ""),
                "field": field_key,
            }
            for row in rows.iter_rows(named=True)
        ]


class _Picker:
    """Picks rows of enterprises no other fault has touched."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.used: set[str] = set()

    def firms(self, rows: pl.DataFrame, count: int) -> list[str]:
        """Pick up to ``count`` enterprises among the rows, each never again."""
        codes = rows["org_code"].unique(maintain_order=True).to_list()
        free = [code for code in codes if code not in self.used]
        if not free:
            return []
        picks = self.rng.choice(len(free), min(count, len(free)), replace=False)
        chosen = [free[index] for index in sorted(picks)]
        self.used.update(chosen)
        return chosen

    def rows(self, rows: pl.DataFrame, count: int) -> pl.DataFrame:
        """Pick one row of each of up to ``count`` untouched enterprises."""
        chosen = []
        for code in self.firms(rows, count):
            own = rows.filter(pl.col("org_code") == code)
            chosen.append(own.slice(int(self.rng.integers(own.height)), 1))
        return pl.concat(chosen) if chosen else rows.clear()


def count(fault: str) -> int:
    """Return how often a fault is planted."""
    return int(table("faults").row(by_predicate=pl.col("fault") == fault, named=True)["count"])


def plant(
    energy: pl.DataFrame, output: pl.DataFrame, rng: np.random.Generator, *, scale: float = 1.0
) -> Planted:
    """Plant the faults of reported data.

    Parameters
    ----------
    energy, output : polars.DataFrame
        Clean forms of the whole story.
    rng : numpy.random.Generator
        Chooses where.
    scale : float
        Share of the listed counts, at least one of each; smaller for small cities. [1]
    """
    planted = Planted(energy, output)
    picker = _Picker(rng)
    steps: tuple[tuple[str, Callable[[Planted, _Picker, int], None]], ...] = (
        ("stock_imbalance", _stock_imbalance),
        ("opening_break", _opening_break),
        ("consumption_missing", _consumption_missing),
        ("green_and_own", _green_and_own),
        ("frozen_values", _frozen_values),
        ("growth_jump", _growth_jump),
        ("amount_in_yuan", _amount_in_yuan),
        ("amount_missing", _amount_missing),
        ("electricity_coefficient", _electricity_coefficient),
        ("output_zero", _output_zero),
        ("value_added_negative", _value_added_negative),
        ("corrected_value", _corrected_value),
        ("late_month", _late_month),
        ("missing_months", _missing_months),
    )
    for fault, step in steps:
        step(planted, picker, max(1, round(count(fault) * scale)))
    return planted


def _recent(frame: pl.DataFrame, item: str = "") -> pl.DataFrame:
    """Rows of the last year after its first quarter: they have months and a year before them."""
    rows = frame.filter((pl.col("year") == frame["year"].max()) & (pl.col("month") > 4))
    return rows.filter(pl.col("item_key") == item) if item else rows


def _change(planted: Planted, rows: pl.DataFrame, **values: pl.Expr) -> None:
    """Replace columns in the rows with the given keys."""
    marked = planted.energy.join(
        rows.select(KEY).with_columns(_hit=pl.lit(True)), on=KEY, how="left", maintain_order="left"
    )
    planted.energy = marked.with_columns(
        pl.when(pl.col("_hit")).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    ).drop("_hit")


def _stocked(planted: Planted) -> pl.DataFrame:
    enough = pl.col("consumption_total_qty") > _LARGE_ENOUGH
    return _recent(planted.energy).filter(
        enough & (pl.col("opening_stock_qty") > 0) & (pl.col("purchase_qty") > 0)
    )


def _stock_imbalance(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_stocked(planted), times)
    short = (pl.col("purchase_qty") - 0.15 * pl.col("consumption_total_qty")).clip(0).round(2)
    _change(planted, rows, purchase_qty=short)
    planted.note("stock_imbalance", rows, "purchase_qty")


def _opening_break(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_stocked(planted).filter(_covers()), times)
    shift = (0.2 * pl.col("consumption_total_qty")).round(2)
    _change(
        planted,
        rows,
        opening_stock_qty=(pl.col("opening_stock_qty") + shift).round(2),
        purchase_qty=(pl.col("purchase_qty") - shift).round(2),
    )
    planted.note("opening_break", rows, "opening_stock_qty")


def _covers() -> pl.Expr:
    return pl.col("purchase_qty") > 0.5 * pl.col("consumption_total_qty")


def _consumption_missing(planted: Planted, picker: _Picker, times: int) -> None:
    gas = _recent(planted.energy, "natural_gas").filter(
        pl.col("consumption_total_qty") > _LARGE_ENOUGH
    )
    rows = picker.rows(gas, times)
    _change(planted, rows, consumption_total_qty=pl.lit(None, pl.Float64))
    planted.note("consumption_missing", rows, "consumption_total_qty")


def _bought_electricity(planted: Planted) -> pl.DataFrame:
    rows = _recent(planted.energy, "electricity")
    return rows.filter(
        pl.col("own_production_qty").is_null() & (pl.col("purchase_qty") > _LARGE_ENOUGH)
    )


def _green_and_own(planted: Planted, picker: _Picker, times: int) -> None:
    roofs = _recent(planted.energy, "electricity").filter(
        (pl.col("own_production_qty") > 0)
        & (pl.col("purchase_qty") > _LARGE_ENOUGH)
        & pl.col("transfer_out_qty").is_null()
        & pl.col("green_power_1e4kwh").is_null()
    )
    rows = picker.rows(roofs, times)
    _change(planted, rows, green_power_1e4kwh=(0.1 * pl.col("purchase_qty")).round(2))
    planted.note("green_and_own", rows, "green_power_1e4kwh")


def _frozen_values(planted: Planted, picker: _Picker, times: int) -> None:
    for code in picker.firms(_bought_electricity(planted), times):
        own = _recent(planted.energy, "electricity").filter(pl.col("org_code") == code).head(4)
        if own.height < 4:
            continue
        first = own.row(0, named=True)
        _change(
            planted,
            own,
            consumption_total_qty=pl.lit(first["consumption_total_qty"]),
            purchase_qty=pl.lit(first["purchase_qty"]),
            green_power_1e4kwh=pl.lit(first["green_power_1e4kwh"], pl.Float64),
        )
        planted.note("frozen_values", own.tail(1), "consumption_total_qty")


def _growth_jump(planted: Planted, picker: _Picker, times: int) -> None:
    old = planted.energy.filter(
        (pl.col("year") == planted.energy["year"].max() - 1)  # type: ignore[operator]
        & (pl.col("item_key") == "electricity")
    ).select("org_code", "month")
    rows = picker.rows(
        _bought_electricity(planted).join(old, on=["org_code", "month"], how="semi"), times
    )
    columns = ("purchase_qty", "consumption_total_qty", "purchase_amount_kcny")
    _change(planted, rows, **{name: (pl.col(name) * 4.2).round(2) for name in columns})
    planted.note("growth_jump", rows, "consumption_total_qty")


def _amount_in_yuan(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_bought_electricity(planted), times)
    _change(planted, rows, purchase_amount_kcny=pl.col("purchase_amount_kcny") * _YUAN_PER_KCNY)
    planted.note("amount_in_yuan", rows, "purchase_amount_kcny")


def _amount_missing(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_bought_electricity(planted), times)
    _change(planted, rows, purchase_amount_kcny=pl.lit(None, pl.Float64))
    planted.note("amount_missing", rows, "purchase_amount_kcny")


def _electricity_coefficient(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_bought_electricity(planted), times)
    _change(planted, rows, coef_used_tce=pl.lit(_EQUIVALENT))
    planted.note("electricity_coefficient", rows, "coef_used_tce")


def _change_output(planted: Planted, rows: pl.DataFrame, **values: pl.Expr) -> None:
    key = ["org_code", "year", "month"]
    marked = planted.output.join(
        rows.select(key).with_columns(_hit=pl.lit(True)), on=key, how="left", maintain_order="left"
    )
    planted.output = marked.with_columns(
        pl.when(pl.col("_hit")).then(value).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    ).drop("_hit")


def _output_zero(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_recent(planted.output).filter(pl.col("gross_output_kcny") > 100), times)
    _change_output(
        planted,
        rows,
        output_qty=pl.lit(0.0),
        gross_output_kcny=pl.lit(0.0),
        value_added_kcny=pl.lit(None, pl.Float64),
    )
    planted.note("output_zero", rows, "output_qty")


def _value_added_negative(planted: Planted, picker: _Picker, times: int) -> None:
    rows = picker.rows(_recent(planted.output).filter(pl.col("value_added_kcny") > 100), times)
    _change_output(planted, rows, value_added_kcny=(pl.col("value_added_kcny") * -0.3).round(1))
    planted.note("value_added_negative", rows, "value_added_kcny")


def _before_last(planted: Planted) -> pl.DataFrame:
    year = planted.energy["year"].max()
    return planted.energy.filter(pl.col("year") == year - 1)  # type: ignore[operator]


def _corrected_value(planted: Planted, picker: _Picker, times: int) -> None:
    """Report electricity of the third quarter too high at first and rightly later."""
    quarter = _before_last(planted).filter(
        (pl.col("item_key") == "electricity")
        & pl.col("month").is_between(7, 9)
        & (pl.col("purchase_qty") > _LARGE_ENOUGH)
        & pl.col("transfer_out_qty").is_null()
    )
    codes = picker.firms(quarter, times)
    rows = quarter.filter(pl.col("org_code").is_in(codes))
    planted.corrections = rows.with_columns(remark=pl.lit("更正"))
    raise_ = 0.25 * pl.col("consumption_total_qty")
    _change(
        planted,
        rows,
        consumption_total_qty=(pl.col("consumption_total_qty") + raise_).round(2),
        purchase_qty=(pl.col("purchase_qty") + raise_).round(2),
    )
    planted.note("corrected_value", rows, "consumption_total_qty")


def _late_month(planted: Planted, picker: _Picker, times: int) -> None:
    december = _before_last(planted).filter(pl.col("month") == 12)
    codes = picker.firms(december, times)
    late = (pl.col("org_code").is_in(codes)) & (pl.col("month") == 12)
    late &= pl.col("year") == december["year"].max()
    planted.late = planted.energy.filter(late)
    planted.energy = planted.energy.filter(~late)
    planted.note("late_month", planted.late, "")


def _missing_months(planted: Planted, picker: _Picker, times: int) -> None:
    for code in picker.firms(_recent(planted.energy), times):
        length = int(picker.rng.integers(1, 4))
        first = int(picker.rng.integers(5, 12 - length))
        gone = (
            (pl.col("org_code") == code)
            & (pl.col("year") == planted.energy["year"].max())
            & pl.col("month").is_between(first, first + length - 1)
        )
        planted.note("missing_months", planted.energy.filter(gone), "")
        planted.energy = planted.energy.filter(~gone)
        planted.output = planted.output.filter(~gone)
