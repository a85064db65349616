"""The list of carbon years, and opening one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.accounting import methods
from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Place
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.registers.mrv import machines, months, services
from tanfeng.console.registers.mrv.models import OPEN, EmissionReport, MonthlyFiling, QualityPlan
from tanfeng.console.registers.mrv.views.common import state


def method_name(key: str) -> str:
    """Return the name of a method in the language of the page, its key when there is none."""
    found = methods.METHODS.get(key)
    if found is None:
        return key
    return found.title_en if language() == "en" else found.title_zh


COLUMNS = (
    *OF_ENTERPRISE,
    Column("year", gettext_lazy("Year"), sort="year"),
    Column("method", gettext_lazy("Accounting method"), lambda row: method_name(row.method_key),
           sort="method_key"),
    Column("has_plan", gettext_lazy("Plan accepted")),
    Column("filed", gettext_lazy("Months filed"), sort="filed"),
    Column("unreviewed", gettext_lazy("Values to review"), sort="unreviewed"),
    Column("open_findings", gettext_lazy("Open findings"), sort="open_findings"),
    Column("total_tco2e", gettext_lazy("Emission as filed"), sort="total_tco2e", unit="tCO₂e"),
    Column("state", gettext_lazy("State"), lambda row: state(machines.REPORT, row.state)[0],
           sort="state"),
)  # fmt: skip


def counted(rows: Any) -> Any:
    """Add what the list shows of each year."""
    now = Q(filings__known_to__isnull=True)
    plans = QualityPlan.objects.filter(
        organisation=OuterRef("organisation"), state__in=months.IN_EFFECT
    )
    return (
        rows.annotate(
            filed=Count("filings__month", filter=now, distinct=True),
            unreviewed=Count("filings", filter=now & ~Q(filings__state="reviewed"), distinct=True),
            open_findings=Count("findings", filter=Q(findings__state__in=OPEN), distinct=True),
            has_plan=Exists(plans),
        )
        .select_related("organisation__place")
        .order_by("-year", "organisation__credit_code")
    )


def _narrowed(request: HttpRequest, rows: Any) -> Any:
    asked = request.GET
    if asked.get("year", "").isdecimal():
        rows = rows.filter(year=int(asked["year"][:4]))
    if asked.get("state") in dict(machines.REPORT.choices()):
        rows = rows.filter(state=asked["state"])
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(organisation__name__icontains=text) | Q(organisation__credit_code__istartswith=text)
        )
    if asked.get("open") == "1":
        rows = rows.filter(findings__state__in=OPEN).distinct()
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest) -> HttpResponse:
    """List the carbon years in the person's scope; a form opens another one."""
    user = me(request)
    if request.method == "POST":
        return _open(request)
    rights.require(user, "view", EmissionReport)
    seen = rights.visible(user, EmissionReport)
    listing = Listing(
        request,
        counted(_narrowed(request, seen)),
        name="mrv",
        title=gettext_lazy("Enterprise carbon data"),
        columns=COLUMNS,
        default_sort="-year",
    )
    if listing.wants_export:
        return listing.export()
    page = list(listing.page)
    told: dict[tuple[str, int], list[Any]] = {}
    for row in months.findings(user, page).iter_rows(named=True):
        told.setdefault((row["org_code"], row["year"]), []).append(row)
    return render(
        request,
        "mrv/reports.html",
        {
            "listing": listing,
            "rows": [
                {
                    "row": row,
                    "state": state(machines.REPORT, row.state),
                    "found": len(told.get((row.organisation.credit_code, row.year), ())),
                    "method": method_name(row.method_key),
                }
                for row in page
            ],
            "sort": listing.sort,
            "years": sorted(set(seen.order_by().values_list("year", flat=True)), reverse=True),
            "states": machines.REPORT.choices(),
            "places": [
                (one.code, str(one))
                for one in rights.visible(user, Place).only("code", "name_zh", "name_en")
            ],
            "asked": request.GET,
            "to_review": rights.visible(user, MonthlyFiling)
            .filter(known_to__isnull=True, state="entered")
            .count(),
            "may_open": services.reportable(user).exists(),
            "own": services.reportable(user).first() if user.org_code else None,
            "may_inspect": rights.can(user, "inspect", EmissionReport),
            "this_year": timezone.localdate().year,
        },
    )


def _open(request: HttpRequest) -> HttpResponse:
    user = me(request)
    rights.require(user, "enter", EmissionReport)
    year = request.POST.get("year", "")
    code = request.POST.get("code", "").strip().upper()
    organisation = get_object_or_404(services.reportable(user), credit_code=code)
    this_year = timezone.localdate().year
    if not year.isdecimal() or not 2000 <= int(year) <= this_year + 1:
        messages.error(request, _("The year is not one that can be filed for."))
        return redirect("mrv")
    report = services.open_year(user, organisation, int(year), request=request)
    return redirect("mrv-year", code, report.year)
