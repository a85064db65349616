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
    kept_days,
    month_end,
)
from tanfeng.metering.workdays import WorkCalendar
from tanfeng.periods import LOCAL

#: Of the way forecasts are made; kept with each, so that an old one can be told from a new one.
VERSION = "2"
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

#: What the past of a node may tell of its calendar.
_KEPT = ("holidays", "made_up")
MODEL, USUAL, SHORT, SILENT = "model", "usual", "short", "silent"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is forecast of the nodes of one item.

    Parameters
    ----------
    nodes : polars.DataFrame
        node, days_known, state: ``model``, ``usual`` (too little to learn from), ``short`` (fewer
        than ``LEAST_DAYS``) or ``silent`` (not one hour of the last week is known); of the last
        two nothing is forecast.
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
        Holidays and made-up days; each node is judged by those it keeps.
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
    nodes = _with_kept(
        _nodes(past, known_to, limits(changed)), past, known_to, calendar, changed
    )  # fmt: skip
    parts = []
    # What its past does not tell is taken as the notices say.
    groups = nodes.filter(pl.col("state").is_in([MODEL, USUAL])).with_columns(
        pl.col(_KEPT).fill_null(True).name.prefix("as_")
    )
    by = groups.partition_by("state", "as_holidays", "as_made_up", as_dict=True)
    for (state, holidays, made_up), group in sorted(by.items()):
        without = {"train_days_min": _NEVER} if state == USUAL else {}
        part = past.filter(pl.col("node").is_in(group["node"].implode()))
        own = calendar.kept(holidays=holidays, made_up=made_up)
        limit = {**(changed or {}), **without}
        hours, months, errors, odd = _of_some(part, known_to, own, unit, seed, limit)
        odd = _excused(odd, part, group, calendar, known_to, unit, limit)
        parts.append((hours, months, errors, odd))
    if not parts:
        empty = pl.DataFrame(schema={"node": pl.String})
        return Outlook(nodes, empty, empty, empty, empty)
    hours, months, errors, odd = (
        pl.concat(list(frames), how="vertical_relaxed") for frames in zip(*parts, strict=True)
    )
    return Outlook(nodes, hours, months, errors, odd)


def _with_kept(
    nodes: pl.DataFrame,
    past: pl.DataFrame,
    known_to: date,
    calendar: WorkCalendar,
    changed: Mapping[str, float] | None,
) -> pl.DataFrame:
    """Add which days of the notices a node keeps, of those something is forecast of."""
    enough = nodes.filter(pl.col("state").is_in([MODEL, USUAL]))["node"]
    if enough.is_empty():
        return nodes.with_columns(pl.lit(None, pl.Boolean).alias(name) for name in _KEPT)
    part = past.filter(pl.col("node").is_in(enough.implode()))
    # The week that is searched for odd hours does not say itself what is usual.
    before = known_to - timedelta(days=WEEK)
    told = kept_days(part, before, calendar=calendar, changed=changed)
    return nodes.join(told.select("node", *_KEPT), on="node", how="left", maintain_order="left")


def _excused(
    odd: pl.DataFrame,
    past: pl.DataFrame,
    nodes: pl.DataFrame,
    calendar: WorkCalendar,
    known_to: date,
    unit: str,
    changed: Mapping[str, float],
) -> pl.DataFrame:
    """Leave out what is odd by the notices alone, of nodes whose past does not tell they count."""
    unsure = [
        (nodes.filter(pl.col(name).is_null())["node"], days)
        for name, days in zip(_KEPT, (calendar.holidays, calendar.made_up), strict=True)
    ]
    doubted = odd.with_columns(last=pl.col("end") - pl.duration(hours=1)).filter(
        pl.any_horizontal(
            pl.col("node").is_in(names.implode())
            & (_day().is_in(sorted(days)) | _day("last").is_in(sorted(days)))
            for names, days in unsure
        )
    )
    if doubted.is_empty():
        return odd
    plain = anomalies(
        past.filter(pl.col("node").is_in(doubted["node"].implode())),
        known_to - timedelta(days=WEEK - 1), known_to, calendar=WorkCalendar(), unit=unit,
        changed=changed,
    )  # fmt: skip
    both = doubted.select("node", "start", "end", "direction").join(
        plain.select("node", "direction", other_start="start", other_end="end"),
        on=["node", "direction"],
    )
    stands = both.filter(
        (pl.col("other_start") < pl.col("end")) & (pl.col("other_end") > pl.col("start"))
    )
    excused = doubted.join(stands, on=["node", "start", "direction"], how="anti")
    return odd.join(
        excused, on=["node", "start", "direction"], how="anti", maintain_order="left"
    )  # fmt: skip


def _nodes(past: pl.DataFrame, known_to: date, limit: Mapping[str, float]) -> pl.DataFrame:
    """How many whole days of each node are known, and what that allows."""
    known = pl.col("amount").is_not_null() & (pl.col("completeness") >= 1)
    whole = (
        past.with_columns(day=_day())
        .group_by("node", "day")
        .agg(whole=known.sum() == 24, some=known.any())
        .group_by("node")
        .agg(
            days_known=pl.col("whole").sum().cast(pl.Int64),
            lately=(pl.col("some") & (pl.col("day") > known_to - timedelta(days=WEEK))).any(),
        )
        .sort("node")
    )
    days = pl.col("days_known")
    return whole.select(
        "node",
        "days_known",
        state=pl.when(~pl.col("lately"))
        .then(pl.lit(SILENT))
        .when(days >= limit["train_days_min"])
        .then(pl.lit(MODEL))
        .when(days >= LEAST_DAYS)
        .then(pl.lit(USUAL))
        .otherwise(pl.lit(SHORT)),
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


def _day(column: str = "start") -> pl.Expr:
    return pl.col(column).dt.convert_time_zone("Asia/Shanghai").dt.date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), LOCAL)
