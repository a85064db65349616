"""What one morning forecasts of some nodes: two days, the month, how good that was, oddities.

One item of energy at a time, all nodes together, so that small and large works teach each other.
What is known ends with the day before; nothing here is a measurement, and each node says what its
forecast rests on: the model, the usual alone, or nothing yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from tanfeng.metering._rules import limits
from tanfeng.metering.forecast import (
    anomalies,
    back_test,
    day_ahead,
    forecast_errors,
    month_end,
)
from tanfeng.metering.workdays import WorkCalendar
from tanfeng.periods import LOCAL

#: Of the way forecasts are made; kept with each, so that an old one can be told from a new one.
VERSION = "1"
#: Days of hours a forecast looks at. [d]
REACH_DAYS = 200
#: Days of which every hour is known before anything is forecast: two of each weekday. [d]
LEAST_DAYS = 14
#: Days a forecast is tested on. [d]
TEST_DAYS = 28
#: Days shown beside the forecast, and searched for odd hours. [d]
WEEK = 7
#: From the last whole day known to tomorrow. [d]
HORIZON = 2
#: More days than there are: nothing is learnt.
_NEVER = 1e6

MODEL, USUAL, SHORT = "model", "usual", "short"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is forecast of the nodes of one item.

    Parameters
    ----------
    nodes : polars.DataFrame
        node, days_known, state: ``model``, ``usual`` (too little to learn from) or ``short``
        (fewer than ``LEAST_DAYS``: nothing is forecast).
    hours : polars.DataFrame
        node, start, actual, naive, usual, forecast, low, high: the last week as it was forecast
        two days before and as it came, today and tomorrow. [unit of amount]
    months : polars.DataFrame
        As of :func:`tanfeng.metering.forecast.month_end`, with last_month [unit of amount] and
        last_month_known (share of its hours) [1].
    errors : polars.DataFrame
        node and the columns of :func:`tanfeng.metering.forecast.forecast_errors`, over the last
        ``TEST_DAYS``, two days ahead.
    anomalies : polars.DataFrame
        As of :func:`tanfeng.metering.forecast.anomalies`, of the last week.
    """

    nodes: pl.DataFrame
    hours: pl.DataFrame
    months: pl.DataFrame
    errors: pl.DataFrame
    anomalies: pl.DataFrame


def outlook(
    hourly: pl.DataFrame,
    today: date,
    *,
    calendar: WorkCalendar,
    unit: str,
    seed: int = 0,
    changed: Mapping[str, float] | None = None,
) -> Outlook:
    """Forecast today, tomorrow and the month of every node, test that, and look for odd hours.

    Parameters
    ----------
    hourly : polars.DataFrame
        node, start, amount, completeness of ``ENERGY`` by hour, of one item; what starts today is
        not looked at.
    today : datetime.date
        Local day; the last whole day known is the one before.
    calendar : WorkCalendar
        Holidays and made-up days.
    unit : str
        Unit of the amounts, for the words of oddities.
    seed : int
        Of the models.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    Outlook
        Every node that has an hour in ``hourly``.
    """
    known_to = today - timedelta(days=1)
    past = hourly.filter(pl.col("start") < _midnight(today))
    nodes = _nodes(past, limits(changed))
    parts = []
    for state in (MODEL, USUAL):
        names = nodes.filter(pl.col("state") == state)["node"].to_list()
        if not names:
            continue
        without = {"train_days_min": _NEVER} if state == USUAL else {}
        part = past.filter(pl.col("node").is_in(names))
        parts.append(_of_some(part, known_to, calendar, unit, seed, {**(changed or {}), **without}))
    if not parts:
        empty = pl.DataFrame(schema={"node": pl.String})
        return Outlook(nodes, empty, empty, empty, empty)
    hours, months, errors, odd = (
        pl.concat(list(frames), how="vertical_relaxed") for frames in zip(*parts, strict=True)
    )
    return Outlook(nodes, hours, months, errors, odd)


def _nodes(past: pl.DataFrame, limit: Mapping[str, float]) -> pl.DataFrame:
    """How many whole days of each node are known, and what that allows."""
    known = pl.col("amount").is_not_null() & (pl.col("completeness") >= 1)
    whole = (
        past.with_columns(day=_day())
        .group_by("node", "day")
        .agg(whole=known.sum() == 24)
        .group_by("node")
        .agg(days_known=pl.col("whole").sum().cast(pl.Int64))
        .sort("node")
    )
    days = pl.col("days_known")
    return whole.with_columns(
        state=pl.when(days >= limit["train_days_min"])
        .then(pl.lit(MODEL))
        .when(days >= LEAST_DAYS)
        .then(pl.lit(USUAL))
        .otherwise(pl.lit(SHORT))
    )


def _of_some(
    past: pl.DataFrame,
    known_to: date,
    calendar: WorkCalendar,
    unit: str,
    seed: int,
    changed: Mapping[str, float],
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Hours, months, errors and oddities of nodes that have enough days."""
    ahead = pl.concat(
        day_ahead(
            past, known_to + timedelta(days=step), calendar=calendar, known_to=known_to,
            seed=seed, changed=changed,
        )
        for step in (1, HORIZON)
    )  # fmt: skip
    first_known = past["start"].min()
    begin = first_known.astimezone(LOCAL).date()  # type: ignore[union-attr]
    tested_from = max(known_to - timedelta(days=TEST_DAYS - 1), begin + timedelta(days=HORIZON))
    tested = back_test(
        past, tested_from, known_to, calendar=calendar, horizon=HORIZON, refit_days=TEST_DAYS,
        seed=seed, changed=changed,
    )  # fmt: skip
    errors = pl.concat(
        forecast_errors(part).insert_column(0, pl.Series("node", [name] * 3))
        for (name,), part in sorted(tested.partition_by("node", as_dict=True).items())
    )
    months = month_end(past, known_to, calendar=calendar, seed=seed, changed=changed)
    odd = anomalies(
        past, known_to - timedelta(days=WEEK - 1), known_to, calendar=calendar, unit=unit,
        changed=changed,
    )  # fmt: skip
    week = tested.filter(pl.col("start") >= _midnight(known_to - timedelta(days=WEEK - 1)))
    hours = pl.concat([week, _with_naive(ahead, past)], how="diagonal_relaxed")
    return (
        hours.select("node", "start", "actual", "naive", "usual", "forecast", "low", "high").sort(
            "node", "start"
        ),
        months.join(_last_month(past, known_to), on="node", how="left", maintain_order="left"),
        errors,
        odd,
    )


def _with_naive(ahead: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Add the same hours of the week before."""
    whole = past.filter(pl.col("completeness") >= 1)
    before = whole.select(
        "node", start=pl.col("start").cast(ahead.schema["start"]) + pl.duration(days=7),
        naive=pl.col("amount"),
    )  # fmt: skip
    return ahead.join(before, on=["node", "start"], how="left", maintain_order="left")


def _last_month(past: pl.DataFrame, known_to: date) -> pl.DataFrame:
    """Sum up the month before the running one, and say how much of it is known."""
    running = (known_to + timedelta(days=1)).replace(day=1)
    begin = (running - timedelta(days=1)).replace(day=1)
    due = (running - begin).days * 24
    known = pl.col("amount").is_not_null()
    return (
        past.filter(pl.col("start") >= _midnight(begin), pl.col("start") < _midnight(running))
        .group_by("node")
        .agg(
            last_month=pl.when(known.any()).then(pl.col("amount").sum()),
            last_month_known=pl.col("completeness").fill_null(0.0).sum() / due,
        )
    )


def _day() -> pl.Expr:
    return pl.col("start").dt.convert_time_zone("Asia/Shanghai").dt.date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), LOCAL)
