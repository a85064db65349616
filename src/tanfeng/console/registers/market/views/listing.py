"""The list of compliance accounts: who will be short, by how much, who has not surrendered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Place
from tanfeng.console.core import rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.figures import plain
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.templatetags import ui
from tanfeng.console.registers.market import forms, services
from tanfeng.console.registers.market.emissions import MONTHS
from tanfeng.console.registers.market.models import Position, Source
from tanfeng.console.registers.market.views.common import (
    BASES,
    FORECASTS,
    STATES,
    of_state,
    state_of,
)
from tanfeng.errors import DataError

_T = "tCO₂"
COLUMNS = (
    *OF_ENTERPRISE,
    Column("year", gettext_lazy("Compliance year"), sort="year"),
    Column("sector", gettext_lazy("Sector"), lambda row: row.get_sector_display(), sort="sector"),
    Column("allowance", gettext_lazy("Allowance"), lambda row: row.allowance_tco2,
           sort="allowance_tco2", unit=_T, places=0),
    Column("allowance_basis", gettext_lazy("Allowance from"),
           lambda row: str(BASES[row.allowance_basis])),
    Column("emission", gettext_lazy("Emission so far"), lambda row: row.emission_tco2,
           sort="emission_tco2", unit=_T, places=0),
    Column("source", gettext_lazy("Emission from"), lambda row: row.get_emission_source_display()),
    Column("months", gettext_lazy("Months known"), lambda row: row.known_months),
    Column("forecast", gettext_lazy("Emission of the year"), lambda row: row.forecast_tco2,
           sort="forecast_tco2", unit=_T, places=0),
    Column("basis", gettext_lazy("Foreseen"), lambda row: str(FORECASTS[row.forecast_method])
           if row.forecast_method else ""),
    Column("gap", gettext_lazy("Gap at year end"), lambda row: row.gap_tco2, sort="gap_tco2",
           unit=_T, places=0),
    Column("gap_low", gettext_lazy("Lower end"), lambda row: row.gap_low_tco2, unit=_T, places=0),
    Column("gap_high", gettext_lazy("Upper end"), lambda row: row.gap_high_tco2, unit=_T,
           places=0),
    Column("missing", gettext_lazy("Still missing at year end"), lambda row: row.missing_t,
           sort="missing_t", unit="t", places=0),
    Column("held", gettext_lazy("Held of the year"), lambda row: row.held_t, sort="held_t",
           unit="t", places=0),
    Column("verified", gettext_lazy("Due for surrender"), lambda row: row.verified_tco2,
           sort="verified_tco2", unit="t", places=0),
    Column("surrendered", gettext_lazy("Surrendered"), lambda row: row.surrendered_t, unit="t",
           places=0),
    Column("offset", gettext_lazy("Offset"), lambda row: row.offset_t, unit="t", places=0),
    Column("open", gettext_lazy("Still to surrender"), lambda row: row.open_t, sort="open_t",
           unit="t", places=0),
    Column("due_on", gettext_lazy("Surrender by"), sort="due_on"),
    Column("state", gettext_lazy("Surrender"), lambda row: state_of(row)[0],
           sort="is_settled"),
)  # fmt: skip


#: What the rows of the lists are written from; the rest of an account stays where it is.
SHOWN = (
    "year", "sector", "emission_source", "known_months", "emission_tco2", "forecast_tco2",
    "forecast_method", "allowance_tco2", "allowance_basis", "allowance_confidence", "gap_tco2",
    "gap_low_tco2", "gap_high_tco2", "missing_t", "held_t", "verified_tco2", "surrendered_t",
    "offset_t", "open_t", "is_settled", "due_on", "due_ref", "due_confidence", "stated_document",
    "organisation__name", "organisation__credit_code", "organisation__place__name_zh",
    "organisation__place__name_en",
)  # fmt: skip


def narrowed(request: HttpRequest, rows: QuerySet[Position]) -> QuerySet[Position]:
    """Return the accounts the filters of the query leave."""
    asked = request.GET
    if asked.get("year", "").isdecimal():
        rows = rows.filter(year=int(asked["year"][:4]))
    if asked.get("sector") in dict(forms.sectors()):
        rows = rows.filter(sector=asked["sector"])
    if asked.get("surrender") in STATES:
        rows = rows.filter(of_state(asked["surrender"], timezone.localdate()))
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if asked.get("short") == "1":
        rows = rows.filter(missing_t__gt=0, is_settled=False)
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(organisation__name__icontains=text) | Q(organisation__credit_code__istartswith=text)
        )
    return rows


def summed(rows: QuerySet[Position]) -> dict[str, Any]:
    """Return what the headline states: accounts, those short and by how much, those not settled."""
    today = timezone.localdate()
    short = Q(missing_t__gt=0, is_settled=False)
    return rows.order_by().aggregate(
        count=Count("pk"),
        short=Count("pk", filter=short),
        missing=Sum("missing_t", filter=short),
        overdue=Count("pk", filter=of_state("overdue", today)),
        open_t=Sum("open_t", filter=Q(is_settled=False)),
        unknown=Count("pk", filter=Q(missing_t__isnull=True)),
    )


def told(row: Any) -> dict[str, Any]:
    """Return a row of the list in words: a page of 25 is written from plain text."""
    low, high, missing = row.gap_low_tco2, row.gap_high_tco2, row.missing_t
    basis = [str(row.get_emission_source_display())]
    if row.emission_source != Source.VERIFIED and row.forecast_method:
        basis.append(str(FORECASTS[row.forecast_method]))
    if 0 < row.known_months < MONTHS:
        known = ngettext("%(months)s month", "%(months)s months", row.known_months)
        basis.append(known % {"months": row.known_months})
    spare = missing is not None and missing <= 0
    sign = "+" if row.gap_tco2 is not None and row.gap_tco2 > 0 else ""
    return {
        **about(row),
        "allowance": plain(row.allowance_tco2),
        "issued": row.allowance_basis == "allocated",
        "allowance_mark": ui.unverified(row.allowance_confidence)
        if row.allowance_basis == "rule"
        else "",
        "forecast": plain(row.forecast_tco2),
        "basis": " · ".join(basis),
        "gap": sign + plain(row.gap_tco2),
        "range": f"{plain(low)} … {plain(high)}" if low != high else "",
        "short": not row.is_settled and missing is not None and missing > 0,
        "missing": "—"
        if row.is_settled
        else _("%(spare)s to spare") % {"spare": plain(-missing)}
        if spare
        else plain(missing),
        "open": plain(row.open_t),
    }


def about(row: Any) -> dict[str, Any]:
    """Return what every list says of an account: whose, which year, what became of it."""
    code = row.organisation.credit_code
    return {
        "url": f"{reverse('market')}{code}/{row.year}/",
        "name": row.organisation.name,
        "about": f"{row.get_sector_display()} · {row.organisation.place}",
        "year": row.year,
        "state": ui.pill(*state_of(row)),
        "due": row.due_on.isoformat() if row.due_on else "",
        "due_mark": ui.unverified(row.due_confidence) if row.due_on else "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
def positions(request: HttpRequest) -> HttpResponse:
    """List the accounts in the person's scope; a form opens another one."""
    user = me(request)
    if request.method == "POST":
        return _done(request)
    rights.require(user, "view", Position)
    seen = rights.visible(user, Position)
    years = sorted(seen.order_by().values_list("year", flat=True).distinct(), reverse=True)
    chosen = narrowed(request, seen)
    listing = Listing(
        request,
        chosen.select_related("organisation__place").only(*SHOWN),
        name="market",
        title=gettext_lazy("Compliance accounts"),
        columns=COLUMNS,
        default_sort="-year",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "market/positions.html",
        {
            "listing": listing,
            "rows": [told(row) for row in listing.page],
            "sums": summed(chosen),
            "years": years,
            "states": [(key, words) for key, (words, _kind) in STATES.items()],
            "sectors": forms.sectors(),
            "places": [
                (one.code, str(one))
                for one in rights.visible(user, Place).only("code", "name_zh", "name_en")
            ],
            "sort": listing.sort,
            "asked": request.GET,
            "may_open": rights.can(user, "enter", Position),
            "may_refresh": rights.can(user, "refresh", Position),
            "own": services.reportable(user).first() if user.org_code else None,
            "this_year": timezone.localdate().year,
        },
    )


def _done(request: HttpRequest) -> HttpResponse:
    """Open an account, or compute all anew."""
    user = me(request)
    if request.POST.get("do") == "refresh":
        count = services.recompute(user, request=request)
        done = ngettext("%d account computed anew.", "%d accounts computed anew.", count)
        messages.success(request, done % count)
        return redirect("market")
    rights.require(user, "enter", Position)
    code = request.POST.get("code", "").strip().upper()
    year = request.POST.get("year", "")
    organisation = get_object_or_404(services.reportable(user), credit_code=code)
    try:
        position = services.open_account(
            user,
            organisation,
            int(year) if year.isdecimal() and len(year) == 4 else 0,
            request.POST.get("sector", ""),
            request=request,
        )
    except DataError as error:
        complain(None, error, request)
        return redirect("market")
    return redirect("market-year", code, position.year)
