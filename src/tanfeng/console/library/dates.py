"""ISO dates that may stop at the month or the year."""

from __future__ import annotations

import calendar
from datetime import date


def last_day(text: str) -> date:
    """Return the last day a date such as ``2025``, ``2025-06`` or ``2025-06-30`` may mean."""
    parts = [int(part) for part in text.split("-")]
    year = parts[0]
    month = parts[1] if len(parts) > 1 else 12
    day = parts[2] if len(parts) > 2 else calendar.monthrange(year, month)[1]
    return date(year, month, day)


def reached(text: str, day: date) -> bool:
    """Tell whether a date has surely come by ``day``; one without a day counts as its last."""
    return last_day(text) <= day


def in_force(valid_from: str, valid_to: str, day: date) -> str:
    """Return ``coming``, ``ended`` or ``in_force`` for a row with open ends as empty texts."""
    if valid_from and not reached(valid_from, day):
        return "coming"
    if valid_to and last_day(valid_to) < day:
        return "ended"
    return "in_force"
