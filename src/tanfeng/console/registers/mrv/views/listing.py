"""The list of carbon years, and opening one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
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
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import machines, months, services, tallies
from tanfeng.console.registers.mrv.models import EmissionReport, Tally
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
    Column("has_plan", gettext_lazy("Plan accepted"), lambda row: row.tally.has_plan),
    Column("filed", gettext_lazy("Months filed"), lambda row: row.tally.filed, sort="tally__filed"),
    Column("unreviewed", gettext_lazy("Values to review"), lambda row: row.tally.unreviewed,
           sort="tally__unreviewed"),
    Column("open_findings", gettext_lazy("Open findings"), lambda row: row.tally.open_findings,
           sort="tally__open_findings"),
    Column("total_tco2e", gettext_lazy("Emission as filed"), sort="total_tco2e", unit="tCO₂e"),
    Column("state", gettext_lazy("State"), lambda row: state(machines.REPORT, row.state)[0],
           sort="state"),
)  # fmt: skip


#: What a list reads; an enterprise's row has forty columns.
_READ = (
    "year", "method_key", "state", "total_tco2e",
    *(f"organisation__{name}" for name in ("credit_code", "name", "former_names", "industry_code",
                                           "sector", "place")),
    *(f"tally__{name}" for name in ("names", "has_plan", "filed", "unreviewed", "open_findings",
                                    "found", "shared")),
)  # fmt: skip


def _found(user: User, page: Iterable[EmissionReport]) -> dict[int, int]:
    """Return how many automatic findings each year on a page has, as far as the person sees."""
    rows = list(page)
    if rights.visible_codes(user) is not None:
        apart = [row for row in rows if row.tally.shared]
        live = Counter(
            (one["org_code"], one["year"])
            for one in months.findings(user, apart).iter_rows(named=True)
        )
    else:
        apart, live = [], Counter()
    own = {row.pk: live[row.organisation.credit_code, row.year] for row in apart}
    return {row.pk: own.get(row.pk, row.tally.found) for row in rows}


def _to_review(user: User) -> int:
    waiting = rights.visible(user, Tally).filter(to_review__gt=0)
    return waiting.aggregate(values=Sum("to_review"))["values"] or 0


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
        rows = rows.filter(tally__open_findings__gt=0)
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest) -> HttpResponse:
    """List the carbon years in the person's scope; a form opens another one."""
    user = me(request)
    if request.method == "POST":
        return _open(request)
    rights.require(user, "view", EmissionReport)
    tallies.settle()
    seen = rights.visible(user, EmissionReport)
    listing = Listing(
        request,
        _narrowed(request, seen).select_related("organisation__place", "tally").only(*_READ),
        name="mrv",
        title=gettext_lazy("Enterprise carbon data"),
        columns=COLUMNS,
        default_sort="-year",
    )
    if listing.wants_export:
        return listing.export()
    if tallies.renamed(listing.page):
        return reports(request)
    page = list(listing.page)
    found, base = _found(user, page), reverse("mrv")
    return render(
        request,
        "mrv/reports.html",
        {
            "listing": listing,
            "rows": [_told(row, found[row.pk], base) for row in page],
            "sort": listing.sort,
            "years": sorted(
                set(seen.order_by().values_list("year", flat=True).distinct()), reverse=True
            ),
            "states": machines.REPORT.choices(),
            "places": [
                (one.code, str(one))
                for one in rights.visible(user, Place).only("code", "name_zh", "name_en")
            ],
            "asked": request.GET,
            "to_review": _to_review(user),
            "may_open": services.reportable(user).exists(),
            "own": services.reportable(user).first() if user.org_code else None,
            "may_inspect": rights.can(user, "inspect", EmissionReport),
            "this_year": timezone.localdate().year,
        },
    )


def _told(row: EmissionReport, found: int, base: str) -> dict[str, Any]:
    """Return a row in words: a template that looks into three records a cell is slow."""
    organisation, tally = row.organisation, row.tally
    words, kind = state(machines.REPORT, row.state)
    return {
        "url": f"{base}{organisation.credit_code}/{row.year}/",
        "organisation": organisation.name,
        "code": organisation.credit_code,
        "has_plan": tally.has_plan,
        "year": row.year,
        "place": str(organisation.place),
        "method": method_name(row.method_key) or "—",
        "filed": tally.filed,
        "found": found,
        "open_findings": tally.open_findings,
        "state": words,
        "kind": kind,
    }


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
