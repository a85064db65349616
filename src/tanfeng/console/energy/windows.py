"""Which span of time a page is asked for, on the city's clock; what lies ahead is never in it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from django.http import QueryDict

from tanfeng.periods import LOCAL

By = Literal["hour", "day", "month"]
#: Kind of a span -> how its bars are cut.
KINDS: dict[str, By] = {"day": "hour", "month": "day", "year": "month"}
#: Longest span of a page that is asked for by its ends. [d]
LONGEST_D = 366
_DAY = timedelta(days=1)
_QUARTER_S = 900


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days, cut off at the last quarter hour that is over.

    Parameters
    ----------
    first, last : date
        Days asked for, both included.
    now : datetime
        Aware; nothing later is in it.
    """

    first: date
    last: date
    now: datetime

    @property
    def start(self) -> datetime:
        """Return when it begins."""
        return datetime.combine(self.first, time(), LOCAL)

    @property
    def end(self) -> datetime:
        """Return when it ends: after its last day, or with the last whole quarter hour."""
        now = self.now.timestamp()
        over = datetime.fromtimestamp(now - now % _QUARTER_S, LOCAL)
        return min(datetime.combine(self.last, time(), LOCAL) + _DAY, over)

    @property
    def is_ahead(self) -> bool:
        """Tell whether nothing of it is over yet."""
        return self.end <= self.start

    @property
    def days(self) -> int:
        """Return how many days were asked for."""
        return (self.last - self.first).days + 1

    @property
    def words(self) -> str:
        """Return its days as every list prints them."""
        return f"{self.first}" if self.first == self.last else f"{self.first} – {self.last}"

    def moved(self, days: int) -> Span:
        """Return a span of the same length some days later."""
        step = timedelta(days=days)
        return Span(self.first + step, self.last + step, self.now)


def read_day(text: str) -> date | None:
    """Return a day, or the first day of a month or year, None where there is none."""
    for shape in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            found = datetime.strptime(text, shape).date()
        except ValueError:
            continue
        # Two days of room on either side: clocks and neighbours stay on the calendar.
        return found if 2000 <= found.year <= 2100 else None
    return None


def month_of(day: date) -> tuple[date, date]:
    """Return the first and last day of the month of a day."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def of_kind(kind: str, at: date, now: datetime) -> Span:
    """Return the day, month or year around a day.

    Parameters
    ----------
    kind : {"day", "month", "year"}
        What is asked for.
    at : date
        A day in it.
    now : datetime
        Aware.
    """
    if kind == "day":
        return Span(at, at, now)
    if kind == "year":
        return Span(at.replace(month=1, day=1), at.replace(month=12, day=31), now)
    return Span(*month_of(at), now)


def beside(kind: str, at: date, step: int) -> date:
    """Return a day in the span before (-1) or after (+1) the one around ``at``."""
    if kind == "day":
        return at + step * _DAY
    if kind == "year":
        return at.replace(year=at.year + step, month=1, day=1)
    first, last = month_of(at)
    return (first - _DAY).replace(day=1) if step < 0 else last + _DAY


def usual(now: datetime) -> Span:
    """Return this month up to yesterday, or the month before while this one is a day old."""
    yesterday = now.astimezone(LOCAL).date() - _DAY
    return Span(yesterday.replace(day=1), yesterday, now)


def asked(query: QueryDict, now: datetime, prefix: str = "") -> Span | None:
    """Return the span a query asks for: a month, or its two ends.

    Parameters
    ----------
    query : QueryDict
        ``month``, or ``from`` and ``to``; each with the prefix.
    now : datetime
        Aware.
    prefix : str
        Before the names, where a page asks for two spans.

    Returns
    -------
    Span or None
        None where the query says nothing that makes sense; of ends that lie too far apart the
        last ``LONGEST_D`` days.
    """
    first, last = (read_day(query.get(f"{prefix}{name}", "")) for name in ("from", "to"))
    if first is not None and last is not None and first <= last:
        return Span(max(first, last - (LONGEST_D - 1) * _DAY), last, now)
    month = read_day(query.get(f"{prefix}month", ""))
    if month is None:
        return None
    first, last = month_of(month)
    yesterday = now.astimezone(LOCAL).date() - _DAY
    # Of the month that runs, the days that are over; its first day as far as it is.
    return Span(first, max(first, min(last, yesterday)), now)
