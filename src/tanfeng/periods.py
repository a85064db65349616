"""Accounting periods and the clock of the city: years, quarters, months, days as ISO text.

A period is a string that sorts: ``2024``, ``2024-Q1``, ``2024-03``, ``2024-03-05``. Local time is
UTC+08:00, without daylight saving. Nothing here reads a clock; "now" is always an argument.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta, timezone

#: China Standard Time, the time of every period of the product.
LOCAL = timezone(timedelta(hours=8), "UTC+08:00")

#: Years a form may speak of. Outside of it a year is a slip, not a period.
FIRST_YEAR, LAST_YEAR = 1990, 2060

_PATTERN = re.compile(
    r"(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>\d{2})(?:-(?P<day>\d{2}))?))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A year, quarter, month or day.

    Parameters
    ----------
    year : int
        Calendar year.
    month : int
        1 to 12 for a month or day, 0 for a year or quarter.
    day : int
        Day of the month, 0 unless the period is a day.
    quarter : int
        1 to 4 for a quarter, else 0.

    Raises
    ------
    ValueError
        If the parts do not name a period between the years 1990 and 2060.
    """

    year: int
    month: int = 0
    day: int = 0
    quarter: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not on the calendar."""
        if not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise ValueError(f"year {self.year} is outside {FIRST_YEAR} to {LAST_YEAR}")
        if not 0 <= self.month <= 12 or not 0 <= self.quarter <= 4:
            raise ValueError(f"month {self.month} or quarter {self.quarter} is not on the calendar")
        if self.quarter and (self.month or self.day):
            raise ValueError("a quarter has no month or day")
        if self.day:
            date(self.year, self.month, self.day)

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read the ISO form; how people write periods is the business of ``sheets``."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no period; write 2024, 2024-Q1, 2024-03 or 2024-03-05")
        parts = {name: int(value or 0) for name, value in match.groupdict().items()}
        if match["month"] == "00" or match["day"] == "00":
            raise ValueError(f"{text!r} has month or day 0")
        return cls(**parts)

    def __str__(self) -> str:
        """Return the ISO form."""
        if self.quarter:
            return f"{self.year}-Q{self.quarter}"
        tail = "".join(f"-{part:02d}" for part in (self.month, self.day) if part)
        return f"{self.year}{tail}"

    @property
    def start(self) -> date:
        """First day."""
        month = self.month or 3 * (self.quarter or 1) - 2
        return date(self.year, month, self.day or 1)

    @property
    def end(self) -> date:
        """Last day, itself part of the period."""
        if self.day:
            return self.start
        month = self.month or (3 * self.quarter if self.quarter else 12)
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    def contains(self, other: Period) -> bool:
        """Tell whether the other period lies wholly inside this one."""
        return self.start <= other.start and other.end <= self.end

    def months(self) -> list[Period]:
        """Return the months of a year or quarter, or the month itself."""
        return [Period(self.year, m) for m in range(self.start.month, self.end.month + 1)]

    def year_before(self) -> Period:
        """Return the same period one year earlier (29 February becomes the 28th)."""
        day = min(self.day, calendar.monthrange(self.year - 1, self.month)[1]) if self.day else 0
        return Period(self.year - 1, self.month, day, self.quarter)
