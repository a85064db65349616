"""One gradient-boosted model over all nodes: what an hour departs from its usual by.

The model sees nothing of a day it forecasts but the calendar; every other feature is known
``horizon`` days before. Amounts are shares of the node's own level, so small and large works teach
each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tanfeng.metering._seasonal import (
    Floats,
    Hours,
    Ints,
    baselines,
    last_week,
    shifted,
    trailing_mean,
)


class Model(Protocol):
    """What is asked of a model of the library."""

    def predict(self, features: npt.NDArray[np.float32]) -> Floats:
        """Answer each row."""


#: Quantiles of a forecast: the ends of an interval of 80 % and the median between.
QUANTILES = (0.1, 0.5, 0.9)
#: Names of the features, in order.
FEATURES = (
    "hour",
    "kind",
    "works",
    "worked_before",
    "works_after",
    "horizon",
    "usual",
    "usual_day",
    "last_day_hour",
    "last_day",
    "last_week_hour",
    "week",
    "drift",
)
_KIND = FEATURES.index("kind")
_LEVEL_DAYS, _WEEK = 28, 7
_MEDIAN = QUANTILES[1]
#: Days an interval is measured on. [d]
_HELD_OUT = 28
#: Rows below which nothing is fitted: two leaves.
_LEAST_ROWS = 120
#: Rows of features held in memory at once while a part is drawn.
_ROWS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """What a model learns from or answers, flat over node, day and hour."""

    features: npt.NDArray[np.float32]
    usual: Floats
    level: Floats
    shape: tuple[int, int, int]


def rows_of(hours: Hours, days: Ints, horizon: int, limit: Mapping[str, float]) -> Rows:
    """Features of some days as known ``horizon`` days before."""
    usual = baselines(hours, days, horizon, limit)
    shape = usual.shape
    daily = hours.amount.mean(axis=2)
    week, month = trailing_mean(daily, _WEEK), trailing_mean(daily, _LEVEL_DAYS)
    level = np.abs(shifted(month, days, horizon))
    level = np.where(level > 0, level, np.nan)
    works = hours.works
    after = np.append(works[1:], works[-1:])
    before = np.append(works[:1], works[:-1])

    def each(of_day: npt.ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(of_day, dtype=np.float64)[None, :, None], shape)

    def of_node(values: Floats) -> Floats:
        return np.broadcast_to((values / level)[:, :, None], shape)

    scale = level[:, :, None]
    with np.errstate(invalid="ignore"):
        columns = (
            np.broadcast_to(np.arange(shape[2], dtype=np.float64), shape),
            each(hours.kind[days]),
            each(works[days]),
            each(before[days]),
            each(after[days]),
            each(np.full(len(days), horizon)),
            usual / scale,
            of_node(usual.mean(axis=2)),
            shifted(hours.amount, days, horizon) / scale,
            of_node(shifted(daily, days, horizon)),
            last_week(hours, days, horizon) / scale,
            of_node(shifted(week, days, horizon)),
            of_node(shifted(week, days, horizon) - usual.mean(axis=2)),
        )
    features = np.stack([c.ravel() for c in columns], axis=1).astype(np.float32)
    return Rows(features, usual.ravel(), np.broadcast_to(scale, shape).ravel(), shape)


@dataclass(frozen=True, slots=True)
class Learner:
    """Fitted models, one per quantile; or one of the mean where there are no quantiles.

    ``widen`` moves both ends of the interval outward, as a share of the level.
    """

    models: tuple[Model, ...]
    widen: float = 0.0

    def answer(self, rows: Rows) -> Floats:
        """Forecast amounts, one row per quantile (or the mean), NaN where no usual is known."""
        able = ~np.isnan(rows.usual) & ~np.isnan(rows.level)
        found = np.full((len(self.models), len(able)), np.nan)
        if able.any():
            for number, model in enumerate(self.models):
                off = _predict(model, rows.features[able])
                found[number, able] = rows.usual[able] + off * rows.level[able]
        if len(found) == len(QUANTILES):
            found[0] -= self.widen * rows.level
            found[-1] += self.widen * rows.level
        return np.sort(found, axis=0)


def learn_mean(
    hours: Hours, days: Ints, horizons: tuple[int, ...], limit: Mapping[str, float], *, seed: int
) -> Learner | None:
    """Fit the mean to days that have passed; None where there is too little to learn from."""
    fitted = _fit(_training(hours, days, horizons, limit, seed), seed, loss="squared_error")
    return None if fitted is None else Learner((fitted,))


def learn_interval(
    hours: Hours, days: Ints, horizon: int, limit: Mapping[str, float], *, seed: int
) -> Learner | None:
    """Fit median and interval to days that have passed; None where there is too little.

    The ends of the interval are fitted without the last four weeks and then moved so that they
    hold as much of those weeks as they should.
    """
    least = int(limit["train_days_min"])
    if len(days) < least:
        return None
    whole = _training(hours, days, (horizon,), limit, seed)
    early, late = days[:-_HELD_OUT], days[-_HELD_OUT:]
    held_out = len(early) >= least
    part = _training(hours, early, (horizon,), limit, seed) if held_out else whole
    models = [
        _fit(whole if q == _MEDIAN else part, seed, loss="quantile", quantile=q) for q in QUANTILES
    ]
    fitted = tuple(model for model in models if model is not None)
    if len(fitted) < len(QUANTILES):
        return None
    if not held_out:
        return Learner(fitted)
    features, target = _training(hours, late, (horizon,), limit, seed)
    if not len(target):
        return Learner(fitted)
    low, high = _predict(fitted[0], features), _predict(fitted[-1], features)
    beyond = np.maximum(low - target, target - high)
    return Learner(fitted, float(np.quantile(beyond, QUANTILES[-1] - QUANTILES[0])))


def _fit(
    training: tuple[npt.NDArray[np.float32], Floats], seed: int, **loss: object
) -> Model | None:
    from sklearn.ensemble import (
        HistGradientBoostingRegressor,
    )

    features, target = training
    if len(target) < _LEAST_ROWS:
        return None
    unfitted = HistGradientBoostingRegressor(
        max_iter=80,
        learning_rate=0.05,
        max_leaf_nodes=5,
        min_samples_leaf=60,
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=[_KIND],
        random_state=seed,
        **loss,
    )
    with _one_thread():
        model: Model = unfitted.fit(features, target)
    return model


def _predict(model: Model, features: npt.NDArray[np.float32]) -> Floats:
    with _one_thread():
        return model.predict(features)


def _one_thread() -> AbstractContextManager[object]:
    """Keep the library to one thread: small fits only wait for each other on more."""
    from threadpoolctl import threadpool_limits

    limited: AbstractContextManager[object] = threadpool_limits(1)
    return limited


def _training(
    hours: Hours, days: Ints, horizons: tuple[int, ...], limit: Mapping[str, float], seed: int
) -> tuple[npt.NDArray[np.float32], Floats]:
    """Features and departures of past days; of too many rows an even share, drawn by the seed."""
    nodes, _, slots = hours.amount.shape
    share = limit["train_rows_max"] / max(1, nodes * slots * len(days) * len(horizons))
    draw = np.random.default_rng(seed)
    at_once = max(1, _ROWS_AT_ONCE // (nodes * slots))
    features, target = [], []
    for horizon in horizons:
        for begin in range(0, len(days), at_once):
            part = days[begin : begin + at_once]
            rows = rows_of(hours, part, horizon, limit)
            off = (hours.amount[:, part].ravel() - rows.usual) / rows.level
            able = ~np.isnan(off)
            if share < 1:
                able &= draw.random(len(able)) < share
            features.append(rows.features[able])
            target.append(off[able])
    return np.concatenate(features), np.concatenate(target)
