"""What this room knows of an enterprise, for its page and for its file as Word and PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from django.db.models import Count, QuerySet
from django.utils import timezone

from tanfeng.console.accounting import due, figures, measures
from tanfeng.console.accounting.models import EnergyRecord, Run, Total
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Batch, User
from tanfeng.periods import Period
from tanfeng.reports.enterprise_file import YEAR_COLUMNS, no_years

_SHOWN_PROBLEMS = 30
_SHOWN_UPLOADS = 10


def totals(user: User, run: Run, organisation: Organisation) -> list[dict[str, Any]]:
    """Return the totals of an enterprise by year and month; month 0 is the year."""
    rows = rights.visible(user, Total).filter(run=run, organisation=organisation)
    return [dict(row) for row in rows.order_by("year", "month").values()]


def calendar(user: User, organisation: Organisation) -> Mapping[str, Any]:
    """Return which months were reported, as the records stand now."""
    rows = (
        rights.visible(user, EnergyRecord)
        .filter(organisation=organisation, known_to__isnull=True)
        .order_by()
        .values_list("year", "month")
        .annotate(items=Count("pk"))
    )
    found = {(year, month): count for year, month, count in rows}
    if not found:
        return {"years": ()}
    last = _last_due(user, found)
    owed = last if organisation.active else None
    years = range(min(year for year, _month in found), max(last.year, *(y for y, _ in found)) + 1)
    laid: list[dict[str, Any]] = [
        {"year": year, "months": [_cell(found, year, month, owed) for month in range(1, 13)]}
        for year in years
    ]
    missing = sum(cell["state"] == "missing" for row in laid for cell in row["months"])
    return {"years": laid[::-1], "missing": missing, "due": str(last) if owed else ""}


def _last_due(user: User, found: Mapping[tuple[int, int], int]) -> Period:
    """Return the last month due now: as far as the city, or this enterprise, has reported."""
    own = max(Period(year, month or 12) for year, month in found)
    run = figures.run_for(user)
    city = due.collected_by(run) if run is not None else None
    return min(due.closed(timezone.now()), max(own, city or own))


def _cell(
    found: Mapping[tuple[int, int], int], year: int, month: int, owed: Period | None
) -> dict[str, Any]:
    count = found.get((year, month)) or found.get((year, 0))
    if count:
        state = "there"
    elif owed is not None and Period(year, month) <= owed:
        state = "missing"
    else:
        state = "ahead"
    return {"month": month, "state": state, "items": count or 0}


def problems(user: User, organisation: Organisation) -> Mapping[str, Any]:
    """Return what the run found about the enterprise."""
    run = figures.run_for(user)
    if run is None:
        return {"rows": (), "run": None}
    notes = figures.findings(user, run).filter(pl.col("org_code") == organisation.credit_code)
    lang = language()
    rows = [
        {**row, "text": row[f"text_{lang}"], "period": period(row["year"], row["month"])}
        for row in notes.filter(pl.col("severity") != "info").head(_SHOWN_PROBLEMS).to_dicts()
    ]
    return {"rows": rows, "run": run, "more": max(notes.height - len(rows), 0)}


def period(year: int | None, month: int | None) -> str:
    """Return a period as ISO text; month 0 or None is the year."""
    if year is None:
        return ""
    return str(Period(year, month or 0))


def uploads(user: User, organisation: Organisation) -> QuerySet[Batch]:
    """Return the files that spoke of the enterprise and that the person may see."""
    return (
        rights.visible(user, Batch)
        .filter(subjects__org_code=organisation.credit_code, book=None)
        .select_related("uploaded_by")
        .order_by("-uploaded_at")
        .distinct()[:_SHOWN_UPLOADS]
    )


def figures_told(user: User, organisation: Organisation) -> Mapping[str, Any]:
    """Return the yearly table of the file and the run it comes from."""
    run = figures.run_for(user)
    if run is None:
        return {}
    rows = [row for row in totals(user, run, organisation) if row["month"] == 0]
    years = [
        (
            row["year"],
            *(measures.of(row, name) for name in YEAR_COLUMNS[1:6]),
            *(row[name] for name in YEAR_COLUMNS[6:]),
        )
        for row in rows
    ]
    return {
        "run": str(run.number),
        "as_of": timezone.localtime(run.as_of).strftime("%Y-%m-%d"),
        "years": pl.DataFrame(years, schema=no_years().schema, orient="row"),
    }


def months_told(user: User, organisation: Organisation) -> Mapping[str, Any]:
    """Return the months that are missing, None when nothing was reported at all."""
    laid = calendar(user, organisation)
    if not laid["years"]:
        return {"gaps": None}
    gaps = [
        str(Period(row["year"], cell["month"]))
        for row in reversed(laid["years"])
        for cell in row["months"]
        if cell["state"] == "missing"
    ]
    return {"gaps": gaps, "due": laid["due"]}


def uploads_told(user: User, organisation: Organisation) -> Mapping[str, Any]:
    """Return the latest files."""
    files = [
        (
            batch.file_name,
            str(batch.get_status_display()),
            timezone.localtime(batch.uploaded_at).strftime("%Y-%m-%d"),
            str(batch.uploaded_by),
        )
        for batch in uploads(user, organisation)
    ]
    return {"files": files}


def problems_told(user: User, organisation: Organisation) -> Mapping[str, Any]:
    """Return the open findings of the run."""
    rows = problems(user, organisation)["rows"]
    return {"problems": [(row["text"], row["period"]) for row in rows]}
