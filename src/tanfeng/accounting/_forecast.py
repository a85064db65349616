"""What a year will come to, from the months so far: one method for emissions, energy and budgets.

With the shares last year's months had in last year's total, s, and the months known so far, a,

    T = sum a / sum s,

else with one twelfth for each month, which is told. The interval is that of the ratio estimator
when a month scatters around T s with a variance in proportion to s:

    T +- t sigma sqrt((1 - S) / S),   sigma^2 = sum((a - T s)^2 / s) / (k - 1),   S = sum s,

t being Student's with k - 1 degrees of freedom. One known month has no scatter and no interval.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from tanfeng.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MONTHS = 12
#: How a forecast was made -> the same in words.
METHODS: Mapping[str, tuple[str, str]] = {
    "complete": ("十二个月均有数据", "all twelve months are known"),
    "shares_of_last_year": (
        "按上年各月占全年的比例推算",
        "by the share each month had in last year's total",
    ),
    "even_split": (
        "上年月度数据不全，按各月相等推算",
        "every month alike, as last year's months are not all known",
    ),
    "none": ("没有任何月份的数据，不作推算", "no month is known, so nothing is forecast"),
}


class Forecast(NamedTuple):
    """Years forecast from their months; every array has one entry per year.

    Parameters
    ----------
    to_date, total, low, high : array, shape (n,)
        Sum of the known months, the year, and its interval; nan where there is none.
    known, gaps : array, shape (n,)
        Known months, and unknown ones before the last known.
    method : list of str
        Keys of ``METHODS``.
    """

    to_date: Array
    total: Array
    low: Array
    high: Array
    known: NDArray[np.int64]
    gaps: NDArray[np.int64]
    method: list[str]


def year_end(actual: Array, last_year: Array, *, level: float) -> Forecast:
    """Forecast years from their months.

    Parameters
    ----------
    actual, last_year : array, shape (n, 12)
        Months of the year and of the year before; nan where a month is not known.
    level : float
        Probability of the interval, between 0.5 and 0.999. [1]

    Returns
    -------
    Forecast
    """
    if not 0.5 <= level <= 0.999:
        raise ModelError(
            f"an interval of {level} is no probability between 0.5 and 0.999; 90 % is 0.9",
            f"置信水平 {level} 不在 0.5 至 0.999 之间；90 % 应写 0.9",
        )
    there = ~np.isnan(actual)
    known = there.sum(axis=1)
    last = np.where(there.any(axis=1), MONTHS - np.argmax(there[:, ::-1], axis=1), 0)
    seasonal = np.all(last_year > 0.0, axis=1)
    shares = np.full(actual.shape, 1.0 / MONTHS)
    shares[seasonal] = last_year[seasonal] / last_year[seasonal].sum(axis=1, keepdims=True)
    some = known > 0
    covered = np.where(some, np.where(there, shares, 0.0).sum(axis=1), 1.0)
    to_date = np.where(some, np.where(there, actual, 0.0).sum(axis=1), np.nan)
    whole = known == MONTHS
    total = np.where(whole, to_date, to_date / covered)
    rest = np.where(there, (actual - total[:, None] * shares) ** 2 / shares, 0.0).sum(axis=1)
    sigma = np.sqrt(rest / np.maximum(known - 1, 1))
    student = np.array([_student(int(k) - 1, level) if k > 1 else np.nan for k in known])
    half = student * sigma * np.sqrt(np.maximum(1.0 - covered, 0.0) / covered)
    half[whole] = 0.0
    method = np.select(
        [whole, ~some, seasonal], ["complete", "none", "shares_of_last_year"], "even_split"
    )
    low = total - half
    # Months that are never negative cannot bring the year below what is already used.
    positive = ~np.any(actual < 0.0, axis=1) & some
    low = np.where(positive, np.maximum(low, to_date), low)
    return Forecast(to_date, total, low, total + half, known, last - known, method.tolist())


def months_of(
    months: pl.DataFrame, groups: pl.DataFrame, by: Sequence[str], year: int, value: str
) -> Array:
    """Lay the months of a year out.

    Parameters
    ----------
    months : polars.DataFrame
        The columns of ``by``, year, month 1 to 12, and the value; null where not known.
    groups : polars.DataFrame
        One row per group: the columns of ``by``.
    by : sequence of str
        Columns that make a group.
    year : int
        Year wanted.
    value : str
        Column of the value.

    Returns
    -------
    array, shape (groups, 12)
        nan where a month is not known.

    Raises
    ------
    ModelError
        If a month is outside 1 to 12, or a group has a month twice.
    """
    if not months["month"].is_between(1, MONTHS).fill_null(False).all():
        raise ModelError(
            "months are 1 to 12; a figure of a whole year (month 0) tells no season",
            "月份应为 1 至 12；全年一个数（月份 0）看不出季节",
        )
    keys = [*by, "year", "month"]
    if months.select(keys).is_duplicated().any():
        raise ModelError(
            f"a month stands twice for one of {list(by)}", "同一对象的同一月份出现两次"
        )
    numbered = groups.select(by).with_row_index("_group")
    part = months.filter(pl.col("year") == year).join(numbered, on=list(by), how="inner")
    table = np.full((groups.height, MONTHS), np.nan)
    table[part["_group"].to_numpy(), part["month"].to_numpy().astype(np.int64) - 1] = (
        part[value].cast(pl.Float64).fill_null(np.nan).to_numpy()
    )
    return table


@lru_cache(maxsize=256)
def _student(freedom: int, level: float) -> float:
    """Return t with the probability ``level`` between -t and t."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _inside(middle, freedom) < level else (low, middle)
    return (low + high) / 2.0


def _inside(t: float, freedom: int) -> float:
    """Return the probability of Student's t between -t and t, a finite series for whole numbers."""
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2 == 1
    term, series = (cosine, cosine) if odd else (1.0, 1.0)
    if freedom == 1:
        series = 0.0
    for n in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine**2 * (n - 1) / n
        series += term
    return 2.0 / math.pi * (angle + sine * series) if odd else sine * series
