"""Working days of the city: weekends off, and what the yearly holiday notice changes.

The notice of the State Council comes once a year and is no part of the package: its days arrive as
arguments. A year the calendar was not given is counted by weekends alone, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from tanfeng.errors import ModelError

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
