"""Outages found in the days kept, with the term of each; what people wrote on them stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from tanfeng.console.core.known import CHUNK, chunks
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality.filing_windows import windows
from tanfeng.console.quality.limits_in_force import changed_on
from tanfeng.console.quality.models import Outage
from tanfeng.metering import quality
from tanfeng.metering.judged import JudgedDays
from tanfeng.metering.workdays import WorkCalendar, published

#: How far back an outage that still lasts is followed; one that began before is told from there.
LOOK_BACK = timedelta(days=92)
#: Days of which it is told who broke on them, each time.
_FELL = 7
_DAY = timedelta(days=1)
_WRITTEN = (
    "last", "repaired", "days_down", "working_days", "deadline", "state", "calendar_known",
    "filing_no", "completeness", "fell", "stands",
)  # fmt: skip


def work_calendar() -> WorkCalendar:
    """Return the working days of the city, by the notices shipped."""
    return published()


def found(kept: JudgedDays, last: date) -> pl.DataFrame:
    """Return every outage of the time looked back, as of the day after the last judged.

    Returns
    -------
    polars.DataFrame
        As of ``quality.outages``.
    """
    days = kept.read(last - LOOK_BACK, last)
    return quality.outages(
        days, today=last + _DAY, calendar=work_calendar(), filings=windows(),
        changed=changed_on(last),
    )  # fmt: skip


def write(kept: JudgedDays, last: date) -> None:
    """Write the outages anew; one that is none any more stays, marked, if people wrote on it.

    Parameters
    ----------
    kept : JudgedDays
        The days.
    last : datetime.date
        Last day judged.
    """
    since = last - LOOK_BACK
    rows = found(kept, last)
    days = kept.read(since, last)
    share = days.select(
        "point", last="day",
        completeness=pl.when(pl.col("due") > 0).then(pl.col("received") / pl.col("due")),
    )  # fmt: skip
    rows = rows.join(share, on=["point", "last"], how="left")
    fell = _fell(days, last)
    meters = _meters(rows["point"].unique().to_list())
    was = {
        (one.meter_id, one.first): one
        for one in Outage.objects.filter(first__gte=since, stands=True)
    }
    made = [
        _outage(row, meters[row["point"]], (row["point"], row["first"]) in fell)
        for row in rows.iter_rows(named=True)
        if row["point"] in meters
    ]
    for one in made:
        before = was.pop((one.meter_id, one.first), None)
        # Who broke is told when it happens; looked at from later it still broke then.
        one.fell = one.fell or bool(before and before.fell and one.first <= last - _FELL * _DAY)
    Outage.objects.bulk_create(
        made, batch_size=_CHUNK, update_conflicts=True, unique_fields=["meter", "first"],
        update_fields=list(_WRITTEN),
    )  # fmt: skip
    _end([one.pk for one in was.values()])


_CHUNK = 200


def _end(gone: list[int]) -> None:
    """Mark outages that are none any more; those nobody wrote on are taken out."""
    for part in chunks(gone, CHUNK):
        bare = Outage.objects.filter(
            pk__in=part, confirmed_at__isnull=True, evidence__isnull=True
        ).values_list("pk", flat=True)
        Outage.objects.filter(pk__in=list(bare)).delete()
        Outage.objects.filter(pk__in=part).update(stands=False)


def _fell(days: pl.DataFrame, last: date) -> set[tuple[str, date]]:
    found: set[tuple[str, date]] = set()
    for back in range(_FELL):
        day = last - back * _DAY
        recent = days.filter(pl.col("day").is_between(day - 14 * _DAY, day))
        broke = quality.who_broke(recent, day, changed=changed_on(day))
        found |= {(point, day) for point in broke["point"]}
    return found


def _meters(points: list[str]) -> dict[str, tuple[int, int]]:
    """Return meter and enterprise of points; those without a record have no outage here."""
    rows: dict[str, tuple[int, int]] = {}
    for part in chunks(points, CHUNK):
        for point, pk, owner in Meter.objects.filter(point__in=part).values_list(
            "point", "pk", "organisation_id"
        ):
            rows[point or ""] = (pk, owner)
    return rows


def _outage(row: dict[str, Any], meter: tuple[int, int], fell: bool) -> Outage:
    return Outage(
        meter_id=meter[0],
        organisation_id=meter[1],
        first=row["first"],
        last=row["last"],
        repaired=row["repaired"],
        days_down=row["days_down"],
        working_days=row["working_days"],
        deadline=row["deadline"],
        state=row["state"],
        calendar_known=row["calendar_known"],
        filing_no=row["filing"] or "",
        completeness=row["completeness"],
        fell=fell,
        stands=True,
    )
