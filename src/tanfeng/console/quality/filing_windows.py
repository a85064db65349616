"""Accepted filings as the engine reads them: windows that excuse a point."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import polars as pl

from tanfeng.console.quality.models import Filing
from tanfeng.metering.judged import midnight
from tanfeng.metering.quality import FILINGS

_DAY = timedelta(days=1)


def windows(points: Collection[str] | None = None) -> pl.DataFrame:
    """Return what is excused, of some points or of all.

    Returns
    -------
    polars.DataFrame
        Columns of ``quality.FILINGS``: whole local days.
    """
    rows = Filing.objects.filter(state="accepted", meters__point__isnull=False).values_list(
        "meters__point", "starts_on", "ends_on", "filed_at", "accepted_at", "number"
    )
    wanted = None if points is None else set(points)
    return pl.DataFrame(
        [
            (point, midnight(first), midnight(last + _DAY) if last else None, filed, taken, number)
            for point, first, last, filed, taken, number in rows
            if wanted is None or point in wanted
        ],
        schema=FILINGS,
        orient="row",
    )
