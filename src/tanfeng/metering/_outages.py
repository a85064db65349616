"""Points that went silent: who broke, how long, until when, and whether it was filed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from tanfeng.metering._calendar import local
from tanfeng.metering._rules import limits
from tanfeng.metering.frames import TIME, _schema
from tanfeng.metering.workdays import WorkCalendar

FILINGS = _schema(
    {
        "point": pl.String,
        "start": TIME,
        "end": TIME,  # null: until further notice
        "filed": TIME,
        "accepted": TIME,  # null: not accepted, excuses nothing
        "number": pl.String,
    }
)
"""Outages filed with the authority; one accepted takes its time out of what is due."""

#: What has become of an outage. ``overdue`` is open, past its term and not filed.
STATES = ("repaired", "repaired_late", "filed", "open", "overdue")


def _status(days: pl.DataFrame, limit: Mapping[str, float]) -> pl.DataFrame:
    """Point, day, completeness, up: days on which anything was owed or excused."""
    owed = days.filter((pl.col("due") > 0) | (pl.col("excused") > 0)).select(
        "point",
        "day",
        "due",
        "received",
        completeness=pl.when(pl.col("due") > 0).then(pl.col("received") / pl.col("due")),
    )
    up = (pl.col("received") >= limit["connected_min"] * pl.col("due")) & (pl.col("due") > 0)
    return owed.with_columns(up=up).sort("point", "day")


def who_broke(
    days: pl.DataFrame, day: date, *, changed: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """Points that were connected on the days before and fell on this one.

    Parameters
    ----------
    days : polars.DataFrame
        ``Quality.days``, from ``broke_after_days`` days before ``day`` on.
    day : datetime.date
        The day, usually yesterday.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        point, day, due, received, completeness, completeness_before (of those days) [1]; those
        that lost most first. Days on which nothing was due do not count; fewer days known than
        asked for: not told.
    """
    limit = limits(changed)
    needed = int(limit["broke_after_days"])
    status = _status(days, limit)
    before = (
        status.filter((pl.col("day") < day) & (pl.col("due") > 0))
        .group_by("point", maintain_order=True)
        .tail(needed)
        .group_by("point")
        .agg(
            good=pl.col("up").all() & (pl.len() >= needed),
            completeness_before=pl.col("received").sum() / pl.col("due").sum(),
        )
        .filter("good")
    )
    return (
        status.filter((pl.col("day") == day) & (pl.col("due") > 0) & ~pl.col("up"))
        .join(before, on="point")
        .select("point", "day", "due", "received", "completeness", "completeness_before")
        .sort("completeness", "point")
    )


def outages(
    days: pl.DataFrame,
    *,
    today: date,
    calendar: WorkCalendar,
    filings: pl.DataFrame | None = None,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Every run of days a point was not connected, with its term and what became of it.

    Parameters
    ----------
    days : polars.DataFrame
        ``Quality.days``.
    today : datetime.date
        Local day it is looked at.
    calendar : WorkCalendar
        Days of rest and work.
    filings : polars.DataFrame, optional
        Columns of ``FILINGS``.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        point, first (first day down), last (last day down), repaired (first day up again, null:
        not yet), days_down [d], working_days (after the first day, up to the repair or today),
        deadline, needs_filing (longer than the term), filing (its number), state (one of
        ``STATES``), calendar_known (false: a year was counted by weekends alone).

    Notes
    -----
    The term of ``repair_days`` working days starts on the day after the first day down. A run of
    days excused by an accepted filing belongs to the outage; days nothing was due do not end it.
    """
    limit = limits(changed)
    status = _status(days, limit)
    runs = (
        status.with_columns(run=pl.struct("point", "up").rle_id(), repaired=pl.col("day").shift(-1))
        .with_columns(next=pl.col("point").shift(-1))
        .filter(~pl.col("up"))
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("point").first(),
            first=pl.col("day").first(),
            last=pl.col("day").last(),
            days_down=pl.len().cast(pl.Int64),
            repaired=pl.when(pl.col("next").last() == pl.col("point").last()).then(
                pl.col("repaired").last()
            ),
        )
        .drop("run")
    )
    terms = _terms(runs, today, calendar, int(limit["repair_days"]))
    return _states(
        terms.join(_filed(terms, filings, today), on=["point", "first"], how="left"), today
    )


def _terms(runs: pl.DataFrame, today: date, calendar: WorkCalendar, term: int) -> pl.DataFrame:
    """Deadline and working days so far, from one table of the days concerned."""
    begin = min((day for day in runs["first"]), default=today)
    # A term of n working days ends well within n weeks and the longest holiday.
    table = calendar.table(begin, max(today, begin) + timedelta(days=7 * term + 30))
    number = table.select("day", number="number")
    by_number = (
        table.filter("works").select(deadline="day", goal="number").with_columns(pl.col("goal"))
    )
    # A term that runs into a year without a notice may end later than it seems.
    ends = [(first, calendar.deadline(first, term)) for first in runs["first"]]
    known = [calendar.covers(first, max(today, deadline)) for first, deadline in ends]
    return (
        runs.with_columns(
            until=pl.coalesce("repaired", pl.lit(today)),
            calendar_known=pl.Series(known, dtype=pl.Boolean),
        )
        .join(number.rename({"day": "first", "number": "n0"}), on="first", how="left")
        .join(number.rename({"day": "until", "number": "n1"}), on="until", how="left")
        .with_columns(goal=pl.col("n0") + term, working_days=pl.col("n1") - pl.col("n0"))
        .join(by_number, on="goal", how="left")
        .drop("n0", "n1", "goal", "until")
    )


def _filed(terms: pl.DataFrame, filings: pl.DataFrame | None, today: date) -> pl.DataFrame:
    """Find the number of the first accepted filing that meets an outage."""
    if filings is None or filings.is_empty():
        schema = {"point": pl.String, "first": pl.Date, "filing": pl.String}
        return pl.DataFrame(schema=schema)
    days = {name: local(pl.col(name)).dt.date() for name in ("start", "end", "accepted")}
    accepted = (
        filings.select("point", "number", "filed", **days)
        .filter(pl.col("accepted") <= today)
        .sort("filed")
    )
    meets = (pl.col("start") <= pl.col("last")) & (
        pl.col("end").is_null() | (pl.col("end") >= pl.col("first"))
    )
    return (
        terms.select("point", "first", "last")
        .join(accepted, on="point", maintain_order="right")
        .filter(meets)
        .group_by("point", "first", maintain_order=True)
        .agg(filing=pl.col("number").first())
    )


def _states(terms: pl.DataFrame, today: date) -> pl.DataFrame:
    late = pl.coalesce("repaired", pl.lit(today)) > pl.col("deadline")
    mended = pl.col("repaired").is_not_null()
    state = (
        pl.when(pl.col("filing").is_not_null())
        .then(pl.lit("filed"))
        .when(mended & late)
        .then(pl.lit("repaired_late"))
        .when(mended)
        .then(pl.lit("repaired"))
        .when(late)
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("open"))
    )
    return terms.select(
        "point",
        "first",
        "last",
        "repaired",
        "days_down",
        "working_days",
        "deadline",
        needs_filing=late,
        filing="filing",
        state=state.cast(pl.Enum(STATES)),
        calendar_known="calendar_known",
    ).sort("first", "point")
