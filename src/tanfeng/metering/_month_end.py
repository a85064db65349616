"""What a month will come to: what is known of it, the hours that are missing, the days to come."""

from __future__ import annotations

import calendar as months
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from tanfeng.metering._learner import Learner, learn_mean, rows_of
from tanfeng.metering._rules import limits
from tanfeng.metering._seasonal import HOURS, Floats, Hours, Ints, baselines, hours_of, until
from tanfeng.metering.workdays import WorkCalendar

#: Ends of the interval, as shares of past errors.
_LOW, _HIGH = 0.1, 0.9
#: Days of past origins the interval is measured on; the model of the interval saw none of them.
_HELD_OUT = 120
#: Horizons the model of whole days learns at; trees take the nearest for those between. [d]
_HORIZONS = (1, 2, 3, 5, 7, 10, 14, 21, 28)


def month_end(
    hourly: pl.DataFrame,
    known_to: date,
    *,
    calendar: WorkCalendar,
    seed: int = 0,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Forecast what the running month of every node will come to.

    Parameters
    ----------
    hourly : polars.DataFrame
        As for ``forecast.day_ahead``.
    known_to : datetime.date
        Last whole local day known; the forecast is of the month of the day after.
    calendar : WorkCalendar
        Holidays and made-up days, those of the coming days included.
    seed : int
        Of the model.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        node, month, so_far (known hours), gaps (the usual of hours that are missing so far), rest
        (forecast of the days to come), rest_usual, total (so_far + gaps + rest), total_usual, low,
        high [unit of amount], days_left, hours_missing, basis (``model``, ``usual`` or
        ``none``). Null where an hour has no usual: nothing is taken for zero.

    Notes
    -----
    The days to come are forecast as whole days, each from what is known today; a day of which an
    hour is missing teaches nothing. Both methods forecast as many coming days from each of the
    last 120 days, the model fitted to none of them; the one that erred less is taken, the usual
    where fewer than ``month_origins_min`` such days are known. low and high are the total with
    the rest moved by the quantile of its relative errors that should hold 0.8, raised for how few
    of the overlapping windows stand for themselves.
    """
    limit = limits(changed)
    tomorrow = known_to + timedelta(days=1)
    begin = tomorrow.replace(day=1)
    last = tomorrow.replace(day=months.monthrange(tomorrow.year, tomorrow.month)[1])
    hours = hours_of(until(hourly, known_to), last, calendar)
    daily, known = hours.by_day(), hours.place(known_to)
    left = hours.place(last) - known
    so_far, gaps, missing = _so_far(hours, hours.place(begin), known, limit)
    origin = np.array([known])
    usual = _coming(daily, origin, left, None, limit)[:, 0]
    past = _past(daily, known, left, limit, seed)
    learner = _learner(daily, known, limit, seed) if past.by_model.any() else None
    model = usual if learner is None else _coming(daily, origin, left, learner, limit)[:, 0]
    by_model = past.by_model & (learner is not None) & ~np.isnan(model)
    rest = np.where(by_model, model, usual)
    done = so_far + gaps
    columns = {
        "so_far": so_far,
        "gaps": gaps,
        "rest": rest,
        "rest_usual": usual,
        "total": done + rest,
        "total_usual": done + usual,
        "low": done + rest * np.maximum(0.0, 1 - past.radius),
        "high": done + rest * (1 + past.radius),
    }
    return pl.DataFrame(
        {
            "node": pl.Series(hours.names),
            "month": [f"{tomorrow:%Y-%m}"] * len(hours.names),
            **{name: pl.Series(values).fill_nan(None) for name, values in columns.items()},
            "days_left": [left] * len(hours.names),
            "hours_missing": missing,
            "basis": np.where(by_model, "model", np.where(np.isnan(usual), "none", "usual")),
        }
    )


def _so_far(
    hours: Hours, begin: int, known: int, limit: Mapping[str, float]
) -> tuple[Floats, Floats, Ints]:
    """Known hours of the month, the usual of those that are missing, and how many are."""
    days = np.arange(max(begin, 0), known + 1)
    amount = hours.amount[:, days]
    unknown = np.isnan(amount)
    so_far = np.where(unknown, 0.0, amount).sum(axis=(1, 2))
    usual = baselines(hours, days, 1, limit)
    gaps = np.where(unknown, usual, 0.0).sum(axis=(1, 2))
    if begin < 0:  # the month began before the first hour of anybody
        gaps = np.full(len(gaps), np.nan)
    missing = unknown.sum(axis=(1, 2)) + max(0, -begin) * HOURS
    return so_far, gaps, missing.astype(np.int64)


def _learner(daily: Hours, known: int, limit: Mapping[str, float], seed: int) -> Learner | None:
    days = np.arange(max(0, known + 1 - int(limit["train_days"])), known + 1)
    return learn_mean(daily, days, _HORIZONS, limit, seed=seed)


def _coming(
    daily: Hours, origins: Ints, length: int, learner: Learner | None, limit: Mapping[str, float]
) -> Floats:
    """Forecast sums of the ``length`` days after each origin: node x origin."""
    total = np.zeros((len(daily.names), len(origins)))
    for horizon in range(1, length + 1):
        if learner is None:
            found = baselines(daily, origins + horizon, horizon, limit)
        else:
            found = learner.answer(rows_of(daily, origins + horizon, horizon, limit))
        total += found.reshape(total.shape)
    return total


@dataclass(frozen=True, slots=True)
class _Past:
    """What forecasts of as many days were off by in the past, per node."""

    by_model: npt.NDArray[np.bool_]
    radius: Floats


def _past(daily: Hours, known: int, length: int, limit: Mapping[str, float], seed: int) -> _Past:
    """Choose the method that erred less on past origins and take the size of its errors."""
    never = np.zeros(len(daily.names), dtype=np.bool_)
    none = np.full(len(daily.names), np.nan)
    least = int(limit["month_origins_min"])
    start = max(int(limit["train_days_min"]), known - length - _HELD_OUT + 1)
    origins = np.arange(start, known - length + 1)
    if length == 0 or len(origins) < least:
        return _Past(never, none)
    came = np.stack([daily.amount[:, o + 1 : o + 1 + length, 0].sum(axis=1) for o in origins], 1)
    usual = _off(_coming(daily, origins, length, None, limit), came)
    learner = _learner(daily, int(origins[0]), limit, seed)
    modelled = np.full_like(usual, np.nan)
    if learner is not None:
        modelled = _off(_coming(daily, origins, length, learner, limit), came)
    both = ~np.isnan(usual) & ~np.isnan(modelled)
    better = np.where(both, modelled, 0.0).sum(axis=1) < np.where(both, usual, 0.0).sum(axis=1)
    chosen = np.where(better[:, None], modelled, usual)
    known_ones = (~np.isnan(chosen)).sum(axis=1)
    radius = none.copy()
    for node in np.flatnonzero(known_ones >= least):
        # Windows of neighbouring origins overlap: only every length-th tells something of its own.
        own = known_ones[node] / length
        share = min(1.0, (_HIGH - _LOW) * (1 + 1 / own))
        radius[node] = np.nanquantile(chosen[node], share)
    return _Past(better, radius)


def _off(said: Floats, came: Floats) -> Floats:
    """Size of the relative errors; NaN where nothing or less was forecast or a day is not known."""
    return np.where(said > 0, np.abs(came / np.where(said > 0, said, 1.0) - 1), np.nan)
