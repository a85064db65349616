"""Choosing whom to visit by risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Case, F, Prefetch, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from tanfeng.accounting import mrv_checks
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import machines, months, services, tallies
from tanfeng.console.registers.mrv.models import EmissionReport, SpotCheck
from tanfeng.console.registers.mrv.views.common import state

#: Rule, count and points.
Reasons = list[tuple[str, int, float]]


def _columns(reasons: Callable[[EmissionReport], Reasons]) -> tuple[Column, ...]:
    rules, lang = mrv_checks.rules(), language()

    def in_words(row: EmissionReport) -> str:
        return "; ".join(f"{rules[rule].title(lang)} ×{n}" for rule, n, _points in reasons(row))

    return (
        Column("name", gettext_lazy("Enterprise"), lambda row: row.organisation.name,
               sort="organisation__name"),
        Column("code", gettext_lazy("Unified social credit code"),
               lambda row: row.organisation.credit_code),
        Column("score", gettext_lazy("Risk score (own weights)"), sort="score"),
        Column("reasons", gettext_lazy("Reasons"), in_words),
        Column("check", gettext_lazy("Spot check"), lambda row: _visit(row)[1]),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def selection(request: HttpRequest) -> HttpResponse:
    """List the enterprises of a year by risk with every reason; plan visits to some."""
    user = me(request)
    rights.require(user, "risk", EmissionReport)
    if request.method == "POST":
        return _planned(request)
    tallies.settle()
    seen = rights.visible(user, EmissionReport)
    years = sorted(set(seen.order_by().values_list("year", flat=True).distinct()), reverse=True)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else (years or [0])[0]
    rows, reasons = _ranked(user, year)
    listing = Listing(
        request,
        rows,
        name="mrv-selection",
        title=_("Risk of %d") % year,
        columns=_columns(reasons),
        default_sort="-score",
    )
    if listing.wants_export:
        return listing.export()
    if tallies.renamed(listing.page):
        return selection(request)
    rules, lang = mrv_checks.rules(), language()
    return render(
        request,
        "mrv/selection.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "rows": [
                {
                    "report": row,
                    "reasons": [
                        {"title": rules[rule].title(lang), "count": count, "points": points}
                        for rule, count, points in reasons(row)
                    ],
                    "visit": _visit(row),
                }
                for row in listing.page
            ],
            "year": year,
            "year_options": [(one, one) for one in years],
            "rules": [{"rule": one, "title": one.title(lang)} for one in rules.values()],
            "may_inspect": rights.can(user, "inspect", EmissionReport),
            "today": timezone.localdate(),
            "worth": rows.filter(score__gt=0).count(),
        },
    )


def _ranked(user: User, year: int) -> tuple[Any, Callable[[EmissionReport], Reasons]]:
    """Return the years to choose from with their score, and what tells the reasons of one."""
    today = timezone.localdate()
    visits = rights.visible(user, SpotCheck).exclude(state="cancelled").order_by("pk")
    rows = (
        rights.visible(user, EmissionReport)
        .filter(year=year)
        .exclude(state="accepted")
        .select_related("organisation__place", "tally")
        .prefetch_related(Prefetch("checks", queryset=visits, to_attr="visits"))
    )
    apart = tallies.in_part(user, rows)
    own: dict[int, Reasons] = {one.pk: [] for one in apart}
    by_code = {one.organisation.credit_code: one.pk for one in apart}
    for row in months.risks(user, apart).iter_rows(named=True) if apart else ():
        own[by_code[row["org_code"]]].append((row["rule"], row["count"], row["points"]))
    known = [
        When(pk=key, then=Value(sum(points for _rule, _count, points in found)))
        for key, found in own.items()
    ]
    score = Case(*known, default=F("tally__score")) if known else F("tally__score")

    def reasons(row: EmissionReport) -> Reasons:
        return own[row.pk] if row.pk in own else tallies.reasons(row.tally, today)

    return rows.annotate(score=score), reasons


def _visit(row: Any) -> tuple[SpotCheck | None, str, str]:
    """Return the last visit of a year with its state in words and colour."""
    check = next(reversed(row.visits), None)
    return (check, *(state(machines.CHECK, check.state) if check is not None else ("", "")))


def _planned(request: HttpRequest) -> HttpResponse:
    user = me(request)
    rights.require(user, "inspect", EmissionReport)
    chosen = [key for key in request.POST.getlist("report") if key.isdecimal()]
    day = parse_date(request.POST.get("planned_on", "")) if chosen else None
    if not chosen or day is None:
        messages.error(request, _("Choose at least one enterprise and a day."))
        return redirect(f"{request.path}?{request.GET.urlencode()}")
    reports = rights.visible(user, EmissionReport).filter(pk__in=chosen)
    made = services.plan_checks(
        user, reports, planned_on=day, team=request.POST.get("team", "")[:120], request=request
    )
    text = ngettext("%(count)d visit planned.", "%(count)d visits planned.", len(made))
    messages.success(request, text % {"count": len(made)})
    return redirect(f"{request.path}?{request.GET.urlencode()}")
