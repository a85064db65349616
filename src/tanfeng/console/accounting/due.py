"""Which months were due: the reporting calendar, and how far the city has collected.

A month is due on a day of the month after it (``REPORT_DUE_DAY`` of the settings, the city's own
rule). It counts as missing only when its collection took place: when any enterprise of the city
reported that month or a later one. What nobody was asked for yet is nobody's gap; that a whole
city stopped collecting is said once, not as a gap of each enterprise. Pages, totals and the brief
all ask here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
from django.conf import settings
from django.utils import timezone

from tanfeng.console.accounting import frozen
from tanfeng.console.accounting.models import Run
from tanfeng.periods import Period


def closed(moment: datetime) -> Period:
    """Return the last month whose due day had passed at a moment."""
    today = timezone.localtime(moment).date()
    months_back = 1 if today.day > settings.REPORT_DUE_DAY else 2
    return _before(today, months_back)


def last_due(moment: datetime, collected: Period | None) -> Period | None:
    """Return the last month an enterprise owed at a moment.

    Parameters
    ----------
    moment : datetime
        As of when.
    collected : Period or None
        Last month any enterprise of the city reported; None when there is none.

    Returns
    -------
    Period or None
        None when nothing was collected yet: then nothing is missing either.
    """
    return None if collected is None else min(closed(moment), collected)


def months_due(year: int, last: Period | None) -> int:
    """Return how many months of a year were due."""
    if last is None or year > last.year:
        return 0
    return last.month if year == last.year else 12


def collected_in(months: pl.DataFrame) -> Period | None:
    """Return the last month anybody reported, from year and bits (January is bit 0)."""
    found = (
        months.filter(pl.col("months") > 0)
        .group_by("year")
        .agg(pl.col("months").bitwise_or())
        .sort("year", descending=True)
        .head(1)
        .rows()
    )
    return Period(found[0][0], int(found[0][1]).bit_length()) if found else None


def collected_by(run: Run) -> Period | None:
    """Return the last month anybody in the whole city had reported when a run was computed."""
    return collected_in(frozen.opened(run).coverage.select("year", "months"))


def _before(day: date, months: int) -> Period:
    for _month in range(months):
        day = day.replace(day=1) - timedelta(days=1)
    return Period(day.year, day.month)
