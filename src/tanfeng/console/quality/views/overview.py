"""The overview: how connected and how good the scope is this month, day by day, and who broke."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.core import rights
from tanfeng.console.core.asked import me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import Role, User
from tanfeng.console.metering import engine
from tanfeng.console.quality import heat, jobs
from tanfeng.console.quality.models import MonthQuality, Outage
from tanfeng.console.quality.views import common
from tanfeng.console.quality.views.outages import SHOWN
from tanfeng.console.quality.views.outages import told as told_outage

_PERCENT = 100.0


def _of_percent(name: str) -> Any:
    def value(row: MonthQuality) -> float | None:
        share = getattr(row, name)
        return None if share is None else _PERCENT * share

    return value


SHARES = (
    Column("connectivity", gettext_lazy("Stable connectivity"), _of_percent("connectivity"),
           sort="connectivity", unit="%", places=1),
    Column("score", gettext_lazy("Quality score"), sort="score", places=1),
    Column("completeness", gettext_lazy("Completeness"), _of_percent("completeness"),
           sort="completeness", unit="%", places=1),
    Column("timeliness", gettext_lazy("Timeliness"), _of_percent("timeliness"),
           sort="timeliness", unit="%", places=1),
    Column("plausibility", gettext_lazy("Plausibility"), _of_percent("plausibility"),
           sort="plausibility", unit="%", places=1),
    Column("consistency", gettext_lazy("Consistency"), _of_percent("consistency"),
           sort="consistency", unit="%", places=1),
    Column("judged_weight", gettext_lazy("Judged, of 100"), places=0),
    Column("points", gettext_lazy("Points"), sort="points"),
    Column("days_due", gettext_lazy("Days due")),
    Column("days_connected", gettext_lazy("Days connected")),
    Column("due", gettext_lazy("Readings due")),
    Column("received", gettext_lazy("Readings received")),
    Column("excused", gettext_lazy("Readings excused")),
)  # fmt: skip
_MONTH = Column("month", gettext_lazy("Month"))
COLUMNS = (*OF_ENTERPRISE, _MONTH, *SHARES)
PLACE_COLUMNS = (
    Column("name", pgettext_lazy("quality", "County or park"), lambda row: row.name), _MONTH,
    *SHARES,
)  # fmt: skip
#: Who broke: shown on the overview, the rest in the list.
_BROKE = 8


def _sum_of(user: User, rows: QuerySet[MonthQuality]) -> MonthQuality | None:
    """Return the row of the person's own place; a verifier has none."""
    kinds = {Role.CITY: "city", Role.COUNTY: "county", Role.PARK: "park"}
    kind = kinds.get(Role(user.role))
    return rows.filter(kind=kind).first() if kind else None


def _months(user: User, seen: QuerySet[MonthQuality]) -> list[str]:
    """Return the months there is something of: those of the own sum, where there is one."""
    own = {
        Role.CITY: engine.CITY,
        Role.COUNTY: user.place_code,
        Role.PARK: f"park:{user.park_code}",
    }.get(Role(user.role))
    rows = MonthQuality.objects.filter(node=own) if own else seen.distinct()
    return list(rows.order_by("month").values_list("month", flat=True))


@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: HttpRequest) -> HttpResponse:
    """Show the month of the scope: figures, calendar of days, who broke on the last day."""
    user = me(request)
    rights.require(user, "view", MonthQuality)
    if request.method == "POST":
        return _judge(request, user)
    seen = rights.visible(user, MonthQuality)
    if user.org_code:
        return redirect("quality-of", user.org_code)
    months = _months(user, seen)
    month = common.month_of(request, months)
    of_month = seen.filter(month=month.text)
    by_place = user.role == Role.CITY and request.GET.get("rows") == "county"
    listing = Listing(
        request,
        _asked(request, of_month, by_place),
        name="quality",
        title=_("Data quality of %s") % month.text,
        columns=PLACE_COLUMNS if by_place else COLUMNS,
        default_sort="score",
    )
    if listing.wants_export:
        return listing.export()
    rules = common.rules(_RULES, month.first)
    outages = rights.visible(user, Outage).filter(stands=True)
    broke = outages.filter(fell=True, first=month.last) if month.last else outages.none()
    return render(
        request,
        "quality/overview.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "rows": [_told(row, month, rules["connected_min"]["value"]) for row in listing.page],
            "whole": _sum_of(user, of_month),
            "month": month,
            "months": months[::-1],
            "heads": heat.heads(month.first, month.days),
            "legend": heat.legend(),
            "rules": rules,
            "overdue": outages.filter(state="overdue").count(),
            "broke": [told_outage(one) for one in _with_reason(broke)[:_BROKE]],
            "broke_total": broke.count(),
            "by_place": by_place,
            "row_kinds": [("", _("Enterprises")), ("county", _("Counties"))]
            if user.role == Role.CITY
            else (),
            "places": [] if by_place else common.places(user),
            "may_judge": rights.can(user, "judge", MonthQuality) and month.last,
            "asked": request.GET,
        },
    )


#: Limits the page names, with where they come from.
_RULES = ("completeness_min", "connected_min", "monthly_deviation_max", "late_max", "repair_days")


def _with_reason(rows: QuerySet[Outage]) -> QuerySet[Outage]:
    rows = rows.select_related("meter", "organisation__place").only(*SHOWN)
    return rows.order_by("completeness", "pk")


#: What the rows of enterprises and of their export are written from.
_OF_ROW = (
    "kind", "month", "points", "days", "days_due", "days_connected", "due", "received", "excused",
    "connectivity", "score", "completeness", "timeliness", "plausibility", "consistency",
    "judged_weight", "organisation__name", "organisation__credit_code", "organisation__is_demo",
    "organisation__place__name_zh", "organisation__place__name_en",
)  # fmt: skip


def _asked(
    request: HttpRequest, rows: QuerySet[MonthQuality], by_place: bool
) -> QuerySet[MonthQuality]:
    if by_place:
        return rows.filter(kind__in=("county", "park")).select_related("place", "park")
    rows = rows.filter(kind="enterprise").select_related("organisation__place").only(*_OF_ROW)
    if request.GET.get("low") == "1":
        rows = rows.filter(days_connected__lt=F("days_due"))
    return common.of_firm(rows, request)


def _told(row: MonthQuality, month: common.Month, connected: float) -> dict[str, Any]:
    """Return a row of the list in words."""
    shares = row.days.get("completeness") or [None] * month.days
    url = ""
    if row.organisation is not None:
        url = f"{reverse('quality-of', args=[row.organisation.credit_code])}?month={month.text}"
    elif row.place_id:
        url = f"{reverse('quality')}?month={month.text}&place={row.place_id}"
    return {
        "name": row.name,
        "url": url,
        "is_demo": bool(row.organisation and row.organisation.is_demo),
        "points": row.points,
        "connectivity": row.connectivity,
        "score": row.score,
        "judged": row.judged_weight,
        "cells": heat.cells(shares, month.first, month.last, connected=connected),
    }


def _judge(request: HttpRequest, user: User) -> HttpResponse:
    """Judge a month again on demand, in the background."""
    if request.POST.get("do") != "judge":
        raise BadRequest("no such step")
    rights.require(user, "judge", MonthQuality)
    month = common.month_of(request, [])
    if month.last is None:
        messages.info(request, _("No day of this month is over and judged yet"))
        return redirect("quality")
    job = jobs.queue(user, month.first, month.last)
    return redirect("job", job.pk)
