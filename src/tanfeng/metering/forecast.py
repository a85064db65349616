"""What a works will use tomorrow and by the end of the month, how sure that is, and what was odd.

Two forecasts stand side by side: the usual (the median of the same hour on the last days of the
same kind) and a gradient-boosted model of what departs from it (scikit-learn's
``HistGradientBoostingRegressor``, seeded). Where too little is known to learn from, the usual
stands alone and says so. ``back_test`` measures both against the same hour of the last week, on
origins that roll through the past; docs/methods/metering-forecast.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering._anomalies import OUTPUT, anomalies
from tanfeng.metering._holidays import kept_days
from tanfeng.metering._learner import FEATURES, QUANTILES, Learner, learn_interval, rows_of
from tanfeng.metering._month_end import month_end
from tanfeng.metering._rules import limits
from tanfeng.metering._seasonal import Floats, Hours, Ints, hours_of, last_week, until
from tanfeng.metering.frames import TIME
from tanfeng.metering.workdays import WorkCalendar
from tanfeng.periods import LOCAL

__all__ = [
    "FEATURES",
    "OUTPUT",
    "QUANTILES",
    "anomalies",
    "back_test",
    "day_ahead",
    "forecast_errors",
    "kept_days",
    "month_end",
]

#: Forecasts of a back-test, as columns.
_METHODS = ("naive", "usual", "forecast")


def day_ahead(
    hourly: pl.DataFrame,
    day: date,
    *,
    calendar: WorkCalendar,
    known_to: date | None = None,
    seed: int = 0,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Forecast the hours of one day of every node.

    Parameters
    ----------
    hourly : polars.DataFrame
        node, start, amount of ``ENERGY`` by hour, of one item; null is not known, nor is an hour
        whose completeness, if the column is there, is below 1. What starts after ``known_to`` is
        not looked at.
    day : datetime.date
        Local day to forecast.
    calendar : WorkCalendar
        Holidays and made-up days, those of the coming day included.
    known_to : datetime.date, optional
        Last whole day known; the day before when not given.
    seed : int
        Of the model.
    changed : mapping of str to float, optional
        Limits in place of those of ``tables/quality_rules.csv``.

    Returns
    -------
    polars.DataFrame
        node, start, usual, forecast, low, high [unit of amount] and basis: ``model``, ``usual``
        (too little to learn from: no interval) or ``none`` (nothing known: null, not zero).

    Raises
    ------
    ModelError
        If ``known_to`` does not lie before the day, or the hours are not as described.

    Notes
    -----
    low and high are the quantiles 0.1 and 0.9. Nothing of the days after ``known_to`` enters: not
    the usual, not the level, not the training.
    """
    limit = limits(changed)
    known = known_to or day - timedelta(days=1)
    horizon = (day - known).days
    if horizon < 1:
        raise ModelError(f"{known} does not lie before {day}", f"{known} 不早于 {day}")
    hours = hours_of(until(hourly, known), day, calendar)
    wanted = np.array([hours.place(day)])
    past = _training_days(hours, hours.place(known), limit)
    learner = learn_interval(hours, past, horizon, limit, seed=seed)
    return _table(hours, wanted, horizon, learner, limit).select(
        "node", "start", "usual", "forecast", "low", "high", "basis"
    )


def _training_days(hours: Hours, known: int, limit: Mapping[str, float]) -> Ints:
    return np.arange(max(0, known + 1 - int(limit["train_days"])), known + 1)


def _table(
    hours: Hours, days: Ints, horizon: int, learner: Learner | None, limit: Mapping[str, float]
) -> pl.DataFrame:
    """Usual, forecast and interval of some days, in rows of node, day and hour."""
    rows = rows_of(hours, days, horizon, limit)
    none = np.full((len(QUANTILES), len(rows.usual)), np.nan)
    found = none if learner is None else learner.answer(rows)
    by_model = ~np.isnan(found[1])
    nodes, n_days, slots = rows.shape
    zero = datetime.combine(hours.first, datetime.min.time(), LOCAL)
    start = [zero + timedelta(days=int(d), hours=h) for d in days for h in range(slots)]
    basis = np.where(by_model, "model", np.where(np.isnan(rows.usual), "none", "usual"))
    columns = {
        "usual": rows.usual,
        "forecast": np.where(by_model, found[1], rows.usual),
        "low": found[0],
        "high": found[2],
    }
    return pl.DataFrame(
        {
            "node": pl.Series(hours.names).gather(np.repeat(np.arange(nodes), n_days * slots)),
            "start": pl.Series(start * nodes).dt.convert_time_zone("UTC").cast(TIME),
            **{name: pl.Series(values).fill_nan(None) for name, values in columns.items()},
            "basis": basis,
        }
    )


def back_test(
    hourly: pl.DataFrame,
    first: date,
    last: date,
    *,
    calendar: WorkCalendar,
    horizon: int = 1,
    refit_days: int = 28,
    seed: int = 0,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Forecast every day of a span of the past from what was known before it.

    Parameters
    ----------
    hourly : polars.DataFrame
        As for :func:`day_ahead`.
    first, last : datetime.date
        Local days to forecast, both included.
    calendar : WorkCalendar
        Holidays and made-up days.
    horizon : int
        Days between the last whole day known and the day forecast; 1 is the next day. [d]
    refit_days : int
        The model is fitted anew, to what was known by then, every so many days. [d]
    seed : int
        Of the model.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        node, start, actual, naive (same hour of the latest week known), usual, forecast, low,
        high, basis.
    """
    limit = limits(changed)
    hours = hours_of(hourly, last, calendar)
    begin, end = hours.place(first), hours.place(last)
    if begin < 1 or end < begin or horizon < 1 or refit_days < 1:
        raise ModelError(
            f"no back-test from {first} to {last} on hours from {hours.first}",
            f"小时数据自 {hours.first} 起，不能回测 {first} 至 {last}",
        )
    parts = []
    for origin in range(begin, end + 1, refit_days):
        days = np.arange(origin, min(origin + refit_days, end + 1))
        past = _training_days(hours, origin - horizon, limit)
        learner = learn_interval(hours, past, horizon, limit, seed=seed)
        table = _table(hours, days, horizon, learner, limit)
        parts.append(
            table.with_columns(
                actual=_series(hours.amount[:, days]),
                naive=_series(last_week(hours, days, horizon)),
            )
        )
    columns = ("node", "start", "actual", *_METHODS, "low", "high", "basis")
    return pl.concat(parts).select(columns).sort("node", "start")


def _series(values: Floats) -> pl.Series:
    return pl.Series(values.ravel()).fill_nan(None)


def forecast_errors(tested: pl.DataFrame) -> pl.DataFrame:
    """Measure what a back-test gave, over the hours every method could forecast.

    Parameters
    ----------
    tested : polars.DataFrame
        What :func:`back_test` gave.

    Returns
    -------
    polars.DataFrame
        One row per method: method, n (hours), mae, bias (mean of forecast - actual) [unit of
        amount], wape (sum of errors / sum of actuals) [1], mape (of the hours whose actual is not
        zero, mape_n of them) [1], skill (1 - mae / mae of the naive) [1]; of the model also
        pinball_10, pinball_50, pinball_90 [unit of amount] and coverage (share of hours within
        low and high, aimed at 0.8) [1].
    """
    both = tested.drop_nulls(["actual", *_METHODS])
    fair = both.filter(pl.col("low").is_not_null() & pl.col("high").is_not_null())
    actual = pl.col("actual")
    naive = _mean(both, (pl.col("naive") - actual).abs())
    rows = []
    for method in _METHODS:
        off = pl.col(method) - actual
        mae = _mean(both, off.abs())
        size = float(both["actual"].abs().sum())
        nonzero = both.filter(actual != 0)
        row: dict[str, object] = {
            "method": method,
            "n": both.height,
            "mae": mae,
            "bias": _mean(both, off),
            "wape": mae * both.height / size if mae is not None and size else None,
            "mape": _mean(nonzero, (off / actual).abs()),
            "mape_n": nonzero.height,
            "skill": 1 - mae / naive if mae is not None and naive else None,
        }
        if method == "forecast":
            row |= {
                "pinball_10": _pinball(fair, "low", QUANTILES[0]),
                "pinball_50": _pinball(fair, "forecast", QUANTILES[1]),
                "pinball_90": _pinball(fair, "high", QUANTILES[2]),
                "coverage": _mean(fair, actual.is_between("low", "high").cast(pl.Float64)),
            }
        rows.append(row)
    floats = ("mae", "bias", "wape", "mape", "skill", "pinball_10", "pinball_50", "pinball_90")
    kinds = {**dict.fromkeys((*floats, "coverage"), pl.Float64), "n": pl.Int64, "mape_n": pl.Int64}
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=kinds)


def _mean(frame: pl.DataFrame, value: pl.Expr) -> float | None:
    found = frame.select(value.mean()).item()
    return None if found is None else float(found)


def _pinball(frame: pl.DataFrame, column: str, share: float) -> float | None:
    off = pl.col("actual") - pl.col(column)
    return _mean(frame, pl.max_horizontal(share * off, (share - 1) * off))
