"""Quotas and budgets of energy and CO2 against what was used: by month, to date, at year end.

A budget names its figure, one of those :func:`tanfeng.accounting.headline` derives: energy by
calorific value (当量) or by equivalent value (等价), whole or net of feedstock, of green power or
of both, and CO2 direct or in all. It is compared with that very figure and with no other.

The national dual-control rules leave energy used as feedstock and newly added renewable energy out
of the totals that are controlled: the figures ``*_net_both_tce``. Which figure a budget is set in
is the city's decision and stays with the budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng.accounting._forecast import METHODS, MONTHS, months_of, year_end
from tanfeng.accounting._problems import Rule, refuse
from tanfeng.errors import DataError, ModelError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Measure(NamedTuple):
    """A figure a budget may be set in.

    Parameters
    ----------
    unit : str
        tce or tCO2.
    method : str
        ``calorific``, ``equivalent`` or, for CO2, ``co2``.
    name_zh, name_en : str
        Name in words.
    """

    unit: str
    method: str
    name_zh: str
    name_en: str


_VARIANTS = (
    ("", "", ""),
    ("_net_feedstock", "（扣除原料用能）", ", net of feedstock"),
    ("_net_green_power", "（扣除绿电）", ", net of green power"),
    ("_net_both", "（扣除原料用能和绿电）", ", net of feedstock and green power"),
)
#: Column of ``headline`` -> what it is.
MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        **{
            f"energy_{method}{suffix}_tce": Measure("tce", method, f"{zh}{more_zh}", en + more_en)
            for method, zh, en in (
                ("calorific", "当量值综合能耗", "energy by calorific value"),
                ("equivalent", "等价值综合能耗", "energy by equivalent value"),
            )
            for suffix, more_zh, more_en in _VARIANTS
        },
        "emission_direct_tco2": Measure("tCO2", "co2", "直接排放", "direct emission"),
        "emission_total_tco2": Measure(
            "tCO2", "co2", "直接排放与外购电、热排放", "direct emission with power and heat bought"
        ),
    }
)
#: A budget of a year (month 0) and, where typed, of its twelve months. [unit of the measure]
BUDGET_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "object": pl.String(),
        "year": pl.Int32(),
        "month": pl.Int8(),
        "measure": pl.String(),
        "amount": pl.Float64(),
    }
)
#: What was used in a month; ``missing_rows`` could not be counted. [unit of the measure]
ACTUAL_SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "object": pl.String(),
        "year": pl.Int32(),
        "month": pl.Int8(),
        "measure": pl.String(),
        "value": pl.Float64(),
        "missing_rows": pl.Int64(),
    }
)
#: How the year stands -> the same in words.
STATUSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "exceeded": ("已超过全年预算", "budget used up"),
        "likely_over": ("预计超过全年预算", "forecast above budget"),
        "at_risk": ("预计不超，但区间上限超过预算", "within, upper end above"),
        "within": ("预计在全年预算之内", "forecast within budget"),
        "uncertain": (
            "预计在预算之内，只有一个月数据，没有区间",
            "forecast within on a single month, which has no interval",
        ),
        "no_data": ("没有数据，不作判断", "no data, no verdict"),
    }
)
#: How a year was forecast -> the same in words.
FORECASTS = METHODS
#: Difference between twelve typed months and their year that is only rounding. [1]
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Tracking:
    """Result of :func:`track`.

    Parameters
    ----------
    months : polars.DataFrame
        object, year, measure, unit, month; budget and budget_to_date; is_display_only (the month's
        budget is a twelfth of the year, for display); actual and actual_to_date; is_partial and
        missing_months (text); deviation_to_date and deviation_rate (to date, like for like: over
        the months that are known). Null where nothing is known. [unit of the measure, 1]
    years : polars.DataFrame
        object, year, measure, unit, budget, actual_to_date, known_months, missing_months,
        missing_rows, is_partial, forecast with forecast_low and forecast_high, method with
        method_zh and method_en, deviation, deviation_rate (forecast against budget), status with
        status_zh and status_en.
    """

    months: pl.DataFrame
    years: pl.DataFrame


def figures(headline: pl.DataFrame, *, object_column: str) -> pl.DataFrame:
    """Turn monthly headline figures into the long form :func:`track` takes.

    Parameters
    ----------
    headline : polars.DataFrame
        Result of :func:`tanfeng.accounting.headline` over totals by object, year and month.
    object_column : str
        Column that names the object: org_code, a county, a park.

    Returns
    -------
    polars.DataFrame
        Columns of ``ACTUAL_SCHEMA``.

    Raises
    ------
    ModelError
        If year or month is missing from the totals.
    """
    keys = [object_column, "year", "month"]
    missing = [name for name in keys if name not in headline.columns]
    if missing:
        raise ModelError(
            f"the totals were not taken by {missing}", f"汇总没有按 {missing} 分组，无法逐月比较"
        )
    there = [name for name in MEASURES if name in headline.columns]
    rows = {"tce": "energy_missing_rows", "tCO2": "emission_missing_rows"}
    long = headline.unpivot(
        there,
        index=[*keys, *rows.values()],
        variable_name="measure",
        value_name="value",
    )
    is_energy = pl.col("measure").str.ends_with("_tce")
    return long.select(
        object=pl.col(object_column).cast(pl.String),
        year=pl.col("year").cast(pl.Int32),
        month=pl.col("month").cast(pl.Int8),
        measure="measure",
        value="value",
        missing_rows=pl.when(is_energy)
        .then(pl.col(rows["tce"]))
        .otherwise(pl.col(rows["tCO2"]))
        .fill_null(0)
        .cast(pl.Int64),
    )


def track(
    budgets: pl.DataFrame, actual: pl.DataFrame, *, year: int, through: int, level: float = 0.9
) -> Tracking:
    """Compare budgets with what was used, month by month, to date and at year end.

    Parameters
    ----------
    budgets : polars.DataFrame
        Columns of ``BUDGET_SCHEMA``: per object and measure the year (month 0) and, if typed, all
        twelve months.
    actual : polars.DataFrame
        Columns of ``ACTUAL_SCHEMA``: months of the year and, where known, of the year before.
    year : int
        Year looked at.
    through : int
        Last month that should have been reported, 1 to 12; later ones are not missing.
    level : float
        Probability of the forecast's interval. [1]

    Returns
    -------
    Tracking

    Raises
    ------
    DataError
        If a budget is wrong in itself, or an object reports another figure than its budget is set
        in: equivalent against calorific value, or whole against net.
    ModelError
        If a column is missing or a month is not on the calendar.

    Notes
    -----
    A month without data is not zero: the sum to date is then of the months known, is marked
    partial, and is compared with the budget of those months only. A budget split evenly is for
    display; it says nothing about the season, so a deviation from it is no finding.
    """
    if not 1 <= through <= MONTHS:
        raise ModelError(
            f"month {through} is not on the calendar", f"月份 {through} 不在 1 至 12 之间"
        )
    plans = _checked(budgets).filter(pl.col("year") == year)
    used = _typed(actual, ACTUAL_SCHEMA, "actual figures")
    keys = ["object", "measure"]
    groups = plans.filter(pl.col("month") == 0).select(*keys, "amount").sort(keys)
    _refuse_other_figures(groups, used.filter(pl.col("year") == year))
    this, before = (months_of(used, groups, keys, n, "value") for n in (year, year - 1))
    this[:, through:] = np.nan
    typed = months_of(plans.filter(pl.col("month") > 0), groups, keys, year, "amount")
    whole = groups["amount"].to_numpy()
    even: NDArray[np.bool_] = np.asarray(np.isnan(typed).any(axis=1))
    monthly = np.where(even[:, None], whole[:, None] / MONTHS, typed)
    lost = _lost(used, groups, keys, year, through)
    head = groups.select(
        "object",
        pl.lit(year, dtype=pl.Int32).alias("year"),
        "measure",
        unit=pl.col("measure").replace_strict({k: m.unit for k, m in MEASURES.items()}),
    )
    return Tracking(
        months=_months(head, monthly, even, this, lost),
        years=_years(head, whole, this, before, through, level, lost.sum(axis=1)),
    )


def _typed(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], what: str) -> pl.DataFrame:
    missing = [name for name in schema if name not in frame.columns]
    if missing:
        raise ModelError(f"{what} lack the columns {missing}", f"数据缺少列 {missing}")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _checked(budgets: pl.DataFrame) -> pl.DataFrame:
    """Return the budgets typed, or tell every one that is wrong in itself."""
    typed = _typed(budgets, BUDGET_SCHEMA, "budgets")
    keys = ["object", "year", "measure"]
    monthly = pl.col("month") > 0
    count = monthly.sum().over(keys)
    parts = pl.col("amount").filter(monthly).sum().over(keys)
    whole = pl.col("amount").filter(pl.col("month") == 0).first().over(keys)
    refuse(
        typed,
        (
            Rule(
                "B001",
                "measure",
                ~pl.col("measure").is_in(list(MEASURES)).fill_null(False),
                f"预算指标不在 {'、'.join(MEASURES)} 之中",
                f"the figure of a budget is none of {', '.join(MEASURES)}",
            ),
            Rule(
                "B002",
                "amount",
                ~((pl.col("amount") >= 0) & pl.col("amount").is_finite()).fill_null(False),
                "预算应为不小于零的数",
                "a budget is a number of at least 0",
            ),
            Rule(
                "B003",
                "month",
                ~pl.col("month").is_between(0, MONTHS).fill_null(False)
                | pl.struct(*keys, "month").is_duplicated(),
                "月份应为 0（全年）至 12，且不重复",
                "the month is 0 (the year) to 12, and stands once",
            ),
            Rule(
                "B004",
                "month",
                (monthly & (count != MONTHS)).fill_null(False),
                "月度预算须十二个月都填，或都不填",
                "type all twelve months of a budget or none",
            ),
            Rule(
                "B005",
                "amount",
                whole.is_null(),
                "缺少全年预算（月份 0）",
                "the budget of the year (month 0) is missing",
            ),
            Rule(
                "B006",
                "amount",
                (
                    (pl.col("month") == 0)
                    & (count == MONTHS)
                    & ((parts - whole).abs() > whole.abs() * _ROUNDING + _ROUNDING)
                ).fill_null(False),
                "十二个月预算之和与全年预算不等",
                "the twelve months do not add up to the year",
            ),
        ),
    )
    return typed


def _refuse_other_figures(groups: pl.DataFrame, used: pl.DataFrame) -> None:
    """Refuse an object that reports another figure of the same kind than its budget is set in."""
    problems = []
    reported: dict[str, set[str]] = {}
    for name, measure in (
        used.filter(pl.col("value").is_not_null()).select("object", "measure").unique().iter_rows()
    ):
        reported.setdefault(name, set()).add(measure)
    for name, measure in groups.select("object", "measure").iter_rows():
        own = reported.get(name, set())
        same_unit = {
            one for one in own & set(MEASURES) if MEASURES[one].unit == MEASURES[measure].unit
        }
        if measure in own or not same_unit:
            continue
        other = min(same_unit)
        problems.append(
            Problem(
                rule="B010",
                severity="error",
                message_zh=f"{name} 的预算是“{MEASURES[measure].name_zh}”，实际是"
                f"“{MEASURES[other].name_zh}”，口径不同，不能比较",
                message_en=f"the budget of {name} is {MEASURES[measure].name_en}, what it used is "
                f"{MEASURES[other].name_en}: the two cannot be compared",
                remedy_zh="请按预算的口径取实际值，或按实际的口径重下预算。",
                remedy_en="Take the actual figure the budget is set in, or set the budget anew.",
                column="measure",
                value=measure,
            )
        )
    if problems:
        raise DataError(problems)


def _lost(
    used: pl.DataFrame, groups: pl.DataFrame, keys: list[str], year: int, through: int
) -> Array:
    """Return how many rows of each group and month so far could not be counted."""
    return np.nan_to_num(months_of(used, groups, keys, year, "missing_rows")[:, :through])


def _months(
    head: pl.DataFrame, budget: Array, even: NDArray[np.bool_], actual: Array, lost: Array
) -> pl.DataFrame:
    through = lost.shape[1]
    known = ~np.isnan(actual)
    so_far = np.where(known, actual, 0.0).cumsum(axis=1)
    like = np.where(known, budget, 0.0).cumsum(axis=1)
    some = known.cumsum(axis=1) > 0
    places = np.arange(1, MONTHS + 1)
    reached = np.broadcast_to(places <= through, known.shape)
    shown = some & reached
    gap = np.where(shown, so_far - like, np.nan)
    # A share of nothing is no rate.
    rate = np.where(like > 0.0, gap / np.where(like > 0.0, like, 1.0), np.nan)
    missing = ~known & reached
    missing[:, :through] |= lost > 0.0
    partial = (missing.cumsum(axis=1) > 0) & reached
    frame = head[np.repeat(np.arange(head.height), MONTHS)]
    columns = {
        "budget": budget,
        "budget_to_date": budget.cumsum(axis=1),
        "actual": np.where(reached, actual, np.nan),
        "actual_to_date": np.where(shown, so_far, np.nan),
        "deviation_to_date": gap,
        "deviation_rate": rate,
    }
    return frame.with_columns(
        pl.Series("month", np.tile(places, head.height), dtype=pl.Int8),
        *(pl.Series(n, table.ravel(), nan_to_null=True) for n, table in columns.items()),
        pl.Series("is_display_only", np.repeat(even, MONTHS)),
        pl.Series("is_partial", partial.ravel()),
        pl.Series("missing_months", [text for row in known for text in _named(row, through)]),
    ).select(
        "object",
        "year",
        "measure",
        "unit",
        "month",
        "budget",
        "budget_to_date",
        "is_display_only",
        "actual",
        "actual_to_date",
        "is_partial",
        "missing_months",
        "deviation_to_date",
        "deviation_rate",
    )


def _named(known: NDArray[np.bool_], through: int) -> list[str]:
    """Name for every month which months up to it are missing, as ``2 5``."""
    texts, gone = [], []
    for month, there in enumerate(known, start=1):
        if not there and month <= through:
            gone.append(str(month))
        texts.append(" ".join(gone) if month <= through else "")
    return texts


def _years(
    head: pl.DataFrame,
    budget: Array,
    actual: Array,
    before: Array,
    through: int,
    level: float,
    lost: Array,
) -> pl.DataFrame:
    done = year_end(actual, before, level=level)
    missing = [_named(~np.isnan(row), through)[through - 1] for row in actual]
    deviation = done.total - budget
    rate = np.where(budget > 0.0, deviation / np.where(budget > 0.0, budget, 1.0), np.nan)
    status = np.select(
        [
            np.isnan(done.total),
            done.to_date > budget,
            done.total > budget,
            np.isnan(done.high),
            done.high > budget,
        ],
        ["no_data", "exceeded", "likely_over", "uncertain", "at_risk"],
        default="within",
    )
    columns = {
        "budget": budget,
        "actual_to_date": done.to_date,
        "forecast": done.total,
        "forecast_low": done.low,
        "forecast_high": done.high,
        "deviation": deviation,
        "deviation_rate": rate,
    }
    return head.with_columns(
        *(pl.Series(n, values, nan_to_null=True) for n, values in columns.items()),
        pl.Series("known_months", done.known),
        pl.Series("missing_months", missing, dtype=pl.String),
        pl.Series("missing_rows", lost.astype(np.int64)),
        pl.Series("method", done.method, dtype=pl.String),
        pl.Series("status", status.tolist(), dtype=pl.String),
    ).with_columns(
        is_partial=(pl.col("missing_months") != "") | (pl.col("missing_rows") > 0),
        **{
            f"{name}_{lang}": pl.col(name).replace_strict(
                {key: text[place] for key, text in words.items()}, return_dtype=pl.String
            )
            for name, words in (("method", METHODS), ("status", STATUSES))
            for place, lang in enumerate(("zh", "en"))
        },
    )


def allocation(quotas: pl.DataFrame, parents: Mapping[str, str], *, year: int) -> pl.DataFrame:
    """Set the quotas handed down against the quota they come from.

    Parameters
    ----------
    quotas : polars.DataFrame
        Columns of ``BUDGET_SCHEMA``, month 0: quotas of a city, its counties, parks, enterprises.
    parents : mapping of str to str
        Object -> the object its quota comes from.
    year : int
        Year looked at.

    Returns
    -------
    polars.DataFrame
        Per parent and measure: object, measure, unit, amount, handed_down, unallocated (negative:
        more was handed down than there is), members. [unit of the measure]

    Raises
    ------
    DataError
        If a quota is wrong in itself, or a member's is set in another figure than its parent's.
    """
    own = _checked(quotas).filter((pl.col("year") == year) & (pl.col("month") == 0))
    below = own.with_columns(
        parent=pl.col("object").replace_strict(dict(parents), default=None, return_dtype=pl.String)
    ).drop_nulls("parent")
    above = own.select("measure", "amount", parent="object")
    strange = below.join(above, on=["parent", "measure"], how="anti")
    if strange.height:
        raise DataError(
            Problem(
                rule="B011",
                severity="error",
                message_zh=f"{row['object']} 的指标是“{MEASURES[row['measure']].name_zh}”，"
                f"上级 {row['parent']} 没有这一口径的指标",
                message_en=f"the quota of {row['object']} is {MEASURES[row['measure']].name_en}; "
                f"{row['parent']} above it has none in that figure",
                column="measure",
                value=row["measure"],
            )
            for row in strange.iter_rows(named=True)
        )
    return (
        above.join(
            below.group_by("parent", "measure").agg(
                handed_down=pl.col("amount").sum(), members=pl.len()
            ),
            on=["parent", "measure"],
            how="inner",
        )
        .with_columns(
            unallocated=pl.col("amount") - pl.col("handed_down"),
            unit=pl.col("measure").replace_strict({k: m.unit for k, m in MEASURES.items()}),
        )
        .select(
            "measure", "unit", "amount", "handed_down", "unallocated", "members", object="parent"
        )
        .sort("object", "measure")
    )
