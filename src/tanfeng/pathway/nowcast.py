"""What the running year will come to, from its months so far, with its own back-test.

The months of a year before carry the season. Five ways to fill the months still to come stand
beside each other; at every number of known months the one is taken that erred least on years past,
and it is measured against the naive one (the same months of last year again). The interval is what
those past errors were, no distribution assumed: docs/methods/pathway_series.md.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tanfeng.errors import ModelError
from tanfeng.pathway import _input
from tanfeng.pathway._input import ROW, Rule

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MONTHS = 12
#: Way to fill the months to come -> the same in words.
METHODS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "naive": ("与上年同月相同", "the same months of last year again"),
        "growth": ("上年同月按本年累计增幅", "last year's months, grown as the year to date"),
        "damped": ("上年同月按累计增幅的一半", "last year's months, by half of that growth"),
        "recent": ("上年同月按最近三个月增幅", "last year's months, grown as the last three"),
        "shares": ("按前两年各月占比", "by the months' shares of the last two years"),
    }
)
#: Back-tested years a way must have behind it before it is chosen for its errors.
_LEAST = 2
_START = "growth"
_RULES: dict[str, Rule] = {
    "Y201": Rule(
        "“{value}”不是 1 至 12 的月份",
        "{value!r} is no month from 1 to 12",
        "请填写月份数字",
        "Write the number of the month",
    ),
    "Y202": Rule(
        "{value} 年的十二个月不全",
        "{value} does not have its twelve months",
        "推算需要上一年全部月份",
        "Every month of the year before is needed",
    ),
}
_EMPTY = {
    "what_zh": "没有数据的月份整行删除，不要写 0",
    "what_en": "Leave out the row of a month without data; do not write 0",
}
_NEGATIVE = {"what_zh": "请改正", "what_en": "Correct it"}
_TWICE = {"what_zh": "请只保留一行", "what_en": "Keep one row"}


@dataclass(frozen=True, slots=True, eq=False)
class Nowcast:
    """A year forecast from its months, and how such forecasts fared in years past.

    Parameters
    ----------
    year : int
        The running year.
    known : tuple of int
        Months that are known.
    to_date : float
        Their sum [unit of the months].
    total : float
        The year [unit of the yearly figures where given, else of the months].
    low, high : float or None
        Interval; None with too few years behind it.
    level : float
        Share of years the interval is to hold [1].
    method : str
        Key of ``METHODS``.
    back_test : pl.DataFrame
        months_known, method (those of ``METHODS`` and ``chosen``), years, error (mean of the
        absolute relative errors), bias, worst [1], skill (1 - error / error of naive) [1].
    errors : pl.DataFrame
        year, months_known, method, forecast, actual [unit of total], error [1], known (the
        twelve months as 0 and 1).
    """

    year: int
    known: tuple[int, ...]
    to_date: float
    total: float
    low: float | None
    high: float | None
    level: float
    method: str
    back_test: pl.DataFrame
    errors: pl.DataFrame


def nowcast(
    monthly: pl.DataFrame, annual: pl.DataFrame | None = None, *, level: float = 0.8
) -> Nowcast:
    """Forecast the running year from its months.

    Parameters
    ----------
    monthly : polars.DataFrame
        ``year``, ``month``, ``value``: metered or reported months of emission or energy, zero or
        more, in any one unit. The last year is the running one, the year before must be whole;
        the more whole years, the better the back-test.
    annual : polars.DataFrame, optional
        ``year``, ``emission``: yearly figures of the inventory. The months are then an indicator:
        the year is their forecast times inventory over indicator of the year before.
    level : float
        Share of years the interval is to hold, 0.5 to 0.95. [1]

    Returns
    -------
    Nowcast

    Raises
    ------
    DataError
        With every cell that is missing, repeated, negative or no number.
    ModelError
        If the level is out of range.
    """
    if not 0.5 <= level <= 0.95:
        raise ModelError(
            f"an interval of {level} is not between 0.5 and 0.95",
            f"区间水平 {level} 不在 0.5 至 0.95 之间",
        )
    years, months = _months(monthly)
    figures = {} if annual is None else _annual(annual)
    known = ~np.isnan(months[years[-1]])
    errors = pl.concat(
        [
            _errors(months, figures, mask, int(mask.sum()))
            for mask in [*(np.arange(MONTHS) < count for count in range(1, MONTHS)), known]
        ]
    ).unique(["year", "months_known", "method", "known"], maintain_order=True)
    shown = "".join("1" if one else "0" for one in known)
    own = errors.filter(known=shown)
    forecasts = _forecasts(months, years[-1], known)
    method = _choice(own, years[-1], forecasts)
    total = forecasts[method] * _ratio(months, figures, years[-1])
    half = _half(own.filter(method="chosen")["error"].to_numpy(), level)
    if known.all() and not figures:
        half = 0.0
    to_date = float(np.nansum(months[years[-1]]))
    least = 0.0 if figures else to_date
    return Nowcast(
        year=years[-1],
        known=tuple(int(month) + 1 for month in np.flatnonzero(known)),
        to_date=to_date,
        total=total,
        low=None if half is None else max(total / (1.0 + half), least),
        high=None if half is None or half >= 1.0 else total / (1.0 - half),
        level=level,
        method=method,
        back_test=_summary(errors.filter(pl.col("known") == _prefix())),
        errors=errors,
    )


def _prefix() -> pl.Expr:
    """Return the months known as text where they are the first ones of the year."""
    ones = pl.lit("1" * MONTHS).str.slice(0, pl.col("months_known"))
    return ones.str.pad_end(MONTHS, "0")


def _months(table: pl.DataFrame) -> tuple[list[int], dict[int, Floats]]:
    """Return the years and the months of each, nan where not known."""
    table = _input.with_rows(table, ["year", "month", "value"])
    year, found = _input.years(table)
    month, _told = _input.numbers(table, "month")
    value, more = _input.numbers(table, "value")
    found += more
    rows = table.select(ROW, year=year, month=month, value=value)
    good = pl.col("month").is_in([float(one) for one in range(1, MONTHS + 1)])
    wrong = {one.row for one in more}
    found += [
        _input.problem("Y201", row, "month", _RULES, value=table["month"][place])
        for place, row in rows.with_row_index("_place")
        .filter(~good.fill_null(False))
        .select("_place", ROW)
        .iter_rows()
    ]
    for row, number in rows.select(ROW, "value").iter_rows():
        if number is None and row not in wrong:
            found.append(_input.problem("Y003", row, "value", **_EMPTY))
        elif number is not None and number < 0.0:
            found.append(_input.problem("Y006", row, "value", value=number, **_NEGATIVE))
    found += _input.repeated(rows, ["year", "month"], "month", **_TWICE)
    _input.refuse(found)
    years = sorted(rows["year"].unique().to_list())
    months = {one: np.full(MONTHS, np.nan) for one in years}
    for one, which, number in rows.select("year", "month", "value").iter_rows():
        months[one][int(which) - 1] = number
    before = months.get(years[-1] - 1)
    if before is None or np.isnan(before).any() or not before.sum() > 0.0:
        _input.refuse([_input.problem("Y202", None, "month", _RULES, value=years[-1] - 1)])
    return years, months


def _annual(table: pl.DataFrame) -> dict[int, float]:
    table = _input.with_rows(table, ["year", "emission"])
    year, found = _input.years(table)
    value, told = _input.numbers(table, "emission")
    rows = table.select(ROW, year=year, emission=value)
    wrong = {one.row for one in told}
    empty = rows.filter(pl.col("emission").is_null() | (pl.col("emission") <= 0.0))
    found += told + [
        _input.problem("Y006", row, "emission", value=number, **_NEGATIVE)
        if number is not None
        else _input.problem("Y003", row, "emission", **_EMPTY)
        for row, number in empty.select(ROW, "emission").iter_rows()
        if row not in wrong
    ]
    found += _input.repeated(rows, ["year"], "year", **_TWICE)
    _input.refuse(found)
    return dict(rows.select("year", "emission").iter_rows())


def _forecasts(months: Mapping[int, Floats], year: int, known: Mask) -> dict[str, float]:
    """Return the year by each way, from these months of it and the years before alone."""
    this, last = months[year], months[year - 1]
    so_far, rest = float(this[known].sum()), float(last[~known].sum())
    base = float(last[known].sum())
    growth = so_far / base if base > 0.0 else 1.0
    late = np.flatnonzero(known)[-3:]
    recent = float(last[late].sum())
    found = {
        "naive": so_far + rest,
        "growth": so_far + growth * rest,
        "damped": so_far + (1.0 + growth) / 2.0 * rest,
        "recent": so_far + (float(this[late].sum()) / recent if recent > 0.0 else 1.0) * rest,
    }
    before = months.get(year - 2)
    if before is not None and not np.isnan(before).any():
        both = before + last
        share = float(both[known].sum()) / float(both.sum())
        if share > 0.0:
            found["shares"] = so_far / share
    return found


def _ratio(months: Mapping[int, Floats], figures: Mapping[int, float], year: int) -> float:
    """Return inventory over indicator in the last year before that has both; 1 without one."""
    both = [one for one in months if one < year and one in figures and _whole(months, one)]
    if not figures:
        return 1.0
    if not both:
        raise ModelError(
            f"no year before {year} has both twelve months and a yearly figure",
            f"{year} 年以前没有一年既有十二个月又有年度数",
        )
    return figures[max(both)] / float(months[max(both)].sum())


def _whole(months: Mapping[int, Floats], year: int) -> bool:
    return year in months and not np.isnan(months[year]).any() and months[year].sum() > 0.0


def _errors(
    months: Mapping[int, Floats], figures: Mapping[int, float], known: Mask, count: int
) -> pl.DataFrame:
    """Forecast every whole year before the running one, each as if only these months were known."""
    shown = "".join("1" if one else "0" for one in known)
    rows = []
    for year in sorted(months)[:-1]:
        if not (_whole(months, year) and _whole(months, year - 1)):
            continue
        if figures and (year not in figures or year - 1 not in figures):
            continue
        actual = figures[year] if figures else float(months[year].sum())
        ratio = _ratio(months, figures, year)
        for method, forecast in _forecasts(months, year, known).items():
            value = forecast * ratio
            rows.append((year, count, method, value, actual, value / actual - 1.0, shown))
    schema = {
        "year": pl.Int32, "months_known": pl.Int32, "method": pl.String, "forecast": pl.Float64,
        "actual": pl.Float64, "error": pl.Float64, "known": pl.String,
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    chosen = [
        frame.filter(year=year, method=_choice(frame, year, part["method"].to_list()))
        for (year,), part in frame.partition_by("year", as_dict=True).items()
    ]
    return pl.concat([frame, *(one.with_columns(method=pl.lit("chosen")) for one in chosen)])


def _choice(errors: pl.DataFrame, year: int, among: Collection[str]) -> str:
    """Return the way that erred least in the years before, if they are enough to say."""
    past = errors.filter((pl.col("year") < year) & pl.col("method").is_in(list(among)))
    mean = (
        past.group_by("method", maintain_order=True)
        .agg(pl.col("error").abs().mean(), years=pl.len())
        .filter(pl.col("years") >= max(_LEAST, past["year"].n_unique() - 1))
        .sort("error", maintain_order=True)
    )
    return str(mean["method"][0]) if mean.height else _START


def _half(errors: Floats, level: float) -> float | None:
    """Return the half-width that held the asked share of past errors; None with too few.

    The k-th smallest of n absolute errors, k = ceil((n + 1) level): the next year's error is below
    it with that probability if years are alike.
    """
    rank = math.ceil((len(errors) + 1) * level - 1e-9)
    if rank > len(errors):
        return None
    return float(np.sort(np.abs(errors))[rank - 1])


def _summary(errors: pl.DataFrame) -> pl.DataFrame:
    found = errors.group_by("months_known", "method", maintain_order=True).agg(
        years=pl.len(),
        error_=pl.col("error").abs().mean(),
        bias=pl.col("error").mean(),
        worst=pl.col("error").abs().max(),
    )
    naive = found.filter(method="naive").select("months_known", naive="error_")
    return (
        found.join(naive, on="months_known", how="left", maintain_order="left")
        .with_columns(
            skill=pl.when(pl.col("naive") > 0.0).then(1.0 - pl.col("error_") / pl.col("naive"))
        )
        .select("months_known", "method", "years", pl.col("error_").alias("error"), "bias", "worst",
                "skill")
    )  # fmt: skip
