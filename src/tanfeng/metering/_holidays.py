"""Whether a works keeps the days off and the made-up days of the notices, learnt from its past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl

from tanfeng.metering._rules import limits
from tanfeng.metering._seasonal import Floats, hours_of, middle, until
from tanfeng.metering.workdays import WorkCalendar

#: Days before a day off or made up that it is held against. [d]
_REACH = 56
#: A day tells something where the two it could be like differ by this share of the larger. [1]
_TELLS = 0.1
#: Days that tell, before anything is said of a works. [d]
LEAST = 2
_FRIDAY, _SUNDAY = 4, 6


def kept_days(
    hourly: pl.DataFrame,
    known_to: date,
    *,
    calendar: WorkCalendar,
    changed: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Tell of each node whether its days off and its made-up days went as the notices say.

    Parameters
    ----------
    hourly : polars.DataFrame
        As for :func:`tanfeng.metering.forecast.day_ahead`.
    known_to : datetime.date
        Last whole local day known.
    calendar : WorkCalendar
        Holidays and made-up days.
    changed : mapping of str to float, optional
        Limits in place of the shipped ones.

    Returns
    -------
    polars.DataFrame
        node, holidays, made_up (bool; null: its past does not tell), holidays_seen, made_up_seen
        (days that told). [d]

    Notes
    -----
    Each day off is held against the median of the last ordinary Sundays and of the last ordinary
    days of its own weekday, within eight weeks; a made-up day against the last ordinary Fridays.
    A day tells where those two differ by a tenth; its departures are counted in that difference.
    The nearer of the two over all days that told is what the node does.
    """
    limit = limits(changed)
    hours = hours_of(until(hourly, known_to), known_to, calendar)
    days = [hours.first + timedelta(days=i) for i in range(hours.days)]
    weekday = np.array([day.weekday() for day in days])
    ordinary = np.array([day not in calendar.holidays | calendar.made_up for day in days])
    last = int(limit["baseline_days"])
    columns: dict[str, pl.Series] = {}
    for name, special, like in (
        ("holidays", calendar.holidays, _SUNDAY),
        ("made_up", calendar.made_up, _FRIDAY),
    ):
        nodes = len(hours.names)
        said, week, seen = np.zeros(nodes), np.zeros(nodes), np.zeros(nodes, dtype=np.int64)
        for place in (place for place, day in enumerate(days) if day in special):
            past = np.arange(max(0, place - _REACH), place)
            past = past[ordinary[past]]
            alike, own = (past[weekday[past] == kind][-last:] for kind in (like, weekday[place]))
            if not (len(alike) and len(own)):
                continue
            as_said, as_week = (middle(hours.amount[:, of], 1) for of in (alike, own))
            off_said, off_week = (
                _off(hours.amount[:, place], usual, as_said, as_week)
                for usual in (as_said, as_week)
            )
            tells = ~np.isnan(off_said)
            said += np.where(tells, off_said, 0.0)
            week += np.where(tells, off_week, 0.0)
            seen += tells
        columns[name] = pl.Series(said < week).set(pl.Series(seen < LEAST), None)
        columns[f"{name}_seen"] = pl.Series(seen)
    return pl.DataFrame({"node": pl.Series(hours.names, dtype=pl.String), **columns}).select(
        "node", "holidays", "made_up", "holidays_seen", "made_up_seen"
    )


def _off(amount: Floats, usual: Floats, one: Floats, other: Floats) -> Floats:
    """Departure of a day from what it could be like, in the difference of both; NaN: tells not."""
    gap = np.abs(one - other).sum(axis=1)
    size = np.maximum(np.abs(one).sum(axis=1), np.abs(other).sum(axis=1))
    off = np.abs(amount - usual).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(gap > _TELLS * size, off / gap, np.nan)
    return found
