"""Working days of the city: weekends off, and what the yearly holiday notice changes.

The notice of the State Council comes once a year; those known when the package was made are in
``tables/workday_notices.csv`` with number and address, and a later one is given as arguments. A
year the calendar was not given is counted by weekends alone, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.metering._rules import table_rows

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Days of rest and of work that depart from the week.

    Parameters
    ----------
    holidays : frozenset of date
        Days off beside Saturdays and Sundays.
    made_up : frozenset of date
        Saturdays and Sundays that are worked in exchange.
    years : frozenset of int
        Years whose notice is in these days; other years are counted by weekends alone.
    """

    holidays: frozenset[date] = field(default_factory=frozenset)
    made_up: frozenset[date] = field(default_factory=frozenset)
    years: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls, holidays: Iterable[date], made_up: Iterable[date] = (), years: Iterable[int] = ()
    ) -> WorkCalendar:
        """Make a calendar; the years of the days given count as covered beside those named."""
        off, on = frozenset(holidays), frozenset(made_up)
        if off & on:
            day = min(off & on)
            raise ModelError(f"{day} is both off and worked", f"{day} 既是休息日又是补班日")
        return cls(off, on, frozenset(years) | {day.year for day in off | on})

    def works(self, day: date) -> bool:
        """Whether the day is worked."""
        if day in self.made_up:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def kept(self, *, holidays: bool, made_up: bool) -> WorkCalendar:
        """Return the days of a works that keeps the holidays or the made-up days, or neither."""
        return WorkCalendar(
            self.holidays if holidays else frozenset(),
            self.made_up if made_up else frozenset(),
            self.years,
        )

    def covers(self, first: date, last: date) -> bool:
        """Whether the notices of all years from the first day to the last are known."""
        return all(year in self.years for year in range(first.year, last.year + 1))

    def deadline(self, start: date, working_days: int) -> date:
        """Last day of a term: the n-th working day after the day it starts.

        Parameters
        ----------
        start : date
            Day the term starts; not counted itself.
        working_days : int
            Length of the term. [working day]

        Returns
        -------
        date
            With 0 the start itself.
        """
        day = start
        while working_days > 0:
            day += timedelta(days=1)
            working_days -= self.works(day)
        return day

    def table(self, first: date, last: date) -> pl.DataFrame:
        """Every day between two days, both included, with what it is.

        Returns
        -------
        polars.DataFrame
            day, works (bool), number (working days from the first day up to this one).
        """
        days = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
        works = [self.works(day) for day in days["day"]]
        return days.with_columns(works=pl.Series(works, dtype=pl.Boolean)).with_columns(
            number=pl.col("works").cast(pl.Int64).cum_sum()
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Days off, or a day worked in exchange, as one notice arranges them.

    Parameters
    ----------
    year : int
        Year the notice is for.
    first, last : date
        Both included.
    is_off : bool
        Off; else worked.
    name_zh, name_en : str
        The holiday.
    document : str
        Number of the notice.
    source : str
        Where it was read.
    """

    year: int
    first: date
    last: date
    is_off: bool
    name_zh: str
    name_en: str
    document: str
    source: str

    @property
    def days(self) -> list[date]:
        """The days, in order."""
        return [self.first + timedelta(days=i) for i in range((self.last - self.first).days + 1)]


@lru_cache(maxsize=1)
def notices() -> tuple[Notice, ...]:
    """Return what the notices known arrange, from ``tables/workday_notices.csv``."""
    return tuple(
        Notice(
            year=int(row["year"]),
            first=date.fromisoformat(row["first"]),
            last=date.fromisoformat(row["last"]),
            is_off=row["kind"] == "off",
            **{name: row[name] for name in ("name_zh", "name_en", "document", "source")},
        )
        for row in table_rows("workday_notices")
    )


@lru_cache(maxsize=1)
def published() -> WorkCalendar:
    """Return the calendar of every notice known.

    Returns
    -------
    WorkCalendar
        ``years`` are those a notice was made for; all others are counted by weekends alone.
    """
    days = {
        is_off: [day for row in notices() if row.is_off == is_off for day in row.days]
        for is_off in (True, False)
    }
    return WorkCalendar.of(days[True], days[False], {row.year for row in notices()})
