"""What to look at first: a list computed from how things stand, gravest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import polars as pl
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tanfeng.console.accounting import due, figures, findings, measures
from tanfeng.console.accounting.models import EnergyRecord, Run
from tanfeng.console.core import rights
from tanfeng.console.core.figures import percent
from tanfeng.console.core.models import Batch, User

#: Share of the emission resting on 待核实 factors from which it is worth a line. [1]
_UNVERIFIED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do: how grave, what, where it opens."""

    kind: str
    label: str
    text: str
    url: str
    note: str = ""


#: What other rooms remind a user of; they add themselves when the apps start.
REMINDERS: list[Callable[[User], Iterable[Todo]]] = []


def todo_list(user: User, overview: figures.Overview | None) -> list[Todo]:
    """Return what waits for this user, gravest first.

    Parameters
    ----------
    user : User
        Whose scope counts.
    overview : Overview or None
        Figures of the page; None when no run is published.
    """
    found = [*_uploads(user), *(one for remind in REMINDERS for one in remind(user))]
    if overview is None:
        found += _no_run(user)
    else:
        found += [
            *_findings(user, overview),
            *_collection(overview),
            *_missing_months(overview),
            *_news(user, overview.run),
            *_unverified(overview),
        ]
    rank = {"bad": 0, "late": 1, "note": 2}
    return sorted(found, key=lambda one: rank[one.kind])


def _uploads(user: User) -> Iterator[Todo]:
    counts = (
        rights.visible(user, Batch)
        .filter(book=None)
        .aggregate(
            refused=Count("pk", filter=Q(status=Batch.Status.REFUSED)),
            faulty=Count("pk", filter=Q(status=Batch.Status.PREVIEW, errors__gt=0)),
            good=Count("pk", filter=Q(status=Batch.Status.PREVIEW, errors=0)),
        )
    )
    page = reverse("uploads")
    texts = (
        (
            "refused",
            "bad",
            _("Refused"),
            ngettext(
                "%(count)s file could not be taken at all",
                "%(count)s files could not be taken at all",
                counts["refused"],
            ),
        ),
        (
            "faulty",
            "bad",
            _("Errors"),
            ngettext(
                "%(count)s file has errors; nothing of the bad rows is taken in",
                "%(count)s files have errors; nothing of the bad rows is taken in",
                counts["faulty"],
            ),
        ),
        (
            "good",
            "late",
            _("Waiting"),
            ngettext(
                "%(count)s upload waits to be confirmed",
                "%(count)s uploads wait to be confirmed",
                counts["good"],
            ),
        ),
    )
    for key, kind, label, text in texts:
        if counts[key]:
            status = Batch.Status.REFUSED if key == "refused" else Batch.Status.PREVIEW
            yield Todo(kind, label, text % {"count": counts[key]}, f"{page}?status={status.value}")


def _no_run(user: User) -> Iterator[Todo]:
    if rights.can(user, "compute", Run):
        text = _("No run is published yet: confirm the forms, compute a run and publish it")
        yield Todo("late", _("To do"), text, reverse("runs"))


def _findings(user: User, overview: figures.Overview) -> Iterator[Todo]:
    notes = figures.findings(user, overview.run, scope=overview.scope)
    page = reverse("run-findings", args=[overview.run.number])
    of_year = notes.filter(pl.col("year") == overview.year)
    errors = of_year.filter(pl.col("severity") == "error")
    if errors.height:
        rows, firms = int(errors["rows"].sum()), errors["org_code"].n_unique()
        of_firms = ngettext("%(count)s enterprise", "%(count)s enterprises", firms) % {
            "count": firms
        }
        text = ngettext(
            "%(rows)s row of the forms (%(firms)s) could not be counted; the total lacks it",
            "%(rows)s rows of the forms (%(firms)s) could not be counted; the total lacks them",
            rows,
        )
        query = urlencode({"severity": "error", "year": overview.year})
        yield Todo(
            "bad", _("Not counted"), text % {"rows": rows, "firms": of_firms}, f"{page}?{query}"
        )
    stock = of_year.filter(pl.col("code") == findings.STOCK_CODE)
    if stock.height:
        text = ngettext(
            "Opening and closing stock of %(count)s row do not fit its consumption",
            "Opening and closing stock of %(count)s rows do not fit their consumption",
            stock.height,
        )
        query = urlencode({"code": findings.STOCK_CODE, "year": overview.year})
        yield Todo("late", _("Stock"), text % {"count": stock.height}, f"{page}?{query}")


def _collection(overview: figures.Overview) -> Iterator[Todo]:
    """Tell that the city stopped collecting; no enterprise is blamed for it."""
    if overview.scope.kind not in {"city", "place"}:
        return
    collected, closed = due.collected_by(overview.run), due.closed(overview.as_of)
    if collected is not None and collected < closed:
        text = _("No enterprise has reported a month after %(month)s; %(due)s was due") % {
            "month": collected,
            "due": closed,
        }
        yield Todo("late", _("Collection"), text, reverse("uploads"))


def _missing_months(overview: figures.Overview) -> Iterator[Todo]:
    rows = overview.coverage.filter(pl.col("year") == overview.year).to_dicts()
    if not rows or not rows[0]["with_gaps"]:
        return
    row = rows[0]
    months = row["months_expected"] - row["months_reported"]
    text = ngettext(
        "%(count)s enterprise has months missing in %(year)s, %(months)s in all",
        "%(count)s enterprises have months missing in %(year)s, %(months)s in all",
        row["with_gaps"],
    )
    query = urlencode({"completeness": "gaps", "year": overview.year})
    yield Todo(
        "late",
        _("Missing"),
        text % {"count": row["with_gaps"], "year": overview.year, "months": months},
        f"{reverse('enterprises')}?{query}",
    )


def _news(user: User, run: Run) -> Iterator[Todo]:
    """Tell of records that came or went after the run; the published figures do not hold them."""
    later = Q(known_from__gt=run.as_of) | Q(known_to__gt=run.as_of)
    count = (
        rights.visible(user, EnergyRecord)
        .filter(later, year__range=(run.first_year, run.last_year))
        .count()
    )
    if count:
        text = ngettext(
            "%(count)s record changed after run %(run)s; published figures do not hold it yet",
            "%(count)s records changed after run %(run)s; published figures do not hold them yet",
            count,
        )
        yield Todo(
            "note", _("New data"), text % {"count": count, "run": run.number}, reverse("runs")
        )


def _unverified(overview: figures.Overview) -> Iterator[Todo]:
    share = measures.shares(overview.headline, "emission_tco2.")["unverified_share"]
    if share is None or share < _UNVERIFIED_SHARE:
        return
    text = _("%(share)s of the CO₂ of %(year)s rests on factors nobody has verified yet")
    url = f"{reverse('run-factors', args=[overview.run.number])}?confidence=unverified"
    yield Todo(
        "note",
        _("To be verified"),
        text % {"share": percent(share, 0), "year": overview.year},
        url,
    )
