"""Forecasts of the scope, those of an enterprise, and the anomalies; all as they were kept."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.figures import percent, plain, unit
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.templatetags import ui
from tanfeng.console.forecast import jobs, output, pages
from tanfeng.console.forecast.models import Anomaly, Forecast

#: Anomalies told on a page about something else.
_SHOWN = 8


def _amount(key: str, label: Any, sort: str = "") -> Column:
    return Column(key, label, sort=sort, places=1)


_ENERGY = Column(
    "item", gettext_lazy("Energy"), lambda row: pages.item_name(row.item_key), sort="item_key"
)
_UNIT = Column("unit", gettext_lazy("Unit"))
COLUMNS = (
    *OF_ENTERPRISE,
    _ENERGY,
    _UNIT,
    Column("month", gettext_lazy("Month")),
    _amount("total", gettext_lazy("Month-end forecast"), "total"),
    _amount("low", pgettext_lazy("forecast", "Low (10 %)")),
    _amount("high", pgettext_lazy("forecast", "High (90 %)")),
    _amount("so_far", pgettext_lazy("forecast", "So far")),
    _amount("last_month", gettext_lazy("Last month")),
    Column("last_month_known", pgettext_lazy("forecast", "Known of last month"), places=3),
    _amount("last_year", gettext_lazy("Same month last year")),
    Column("last_year_known", pgettext_lazy("forecast", "Known of that month"), places=3),
    _amount("peak", gettext_lazy("Peak hour tomorrow"), "peak"),
    Column("peak_at", gettext_lazy("Peak at")),
    Column("wape", gettext_lazy("Error of the forecast"), sort="wape", places=4),
    Column("naive_wape", gettext_lazy("Error of the naive"), places=4),
    Column("odd", gettext_lazy("Anomalies of 7 days"), sort="odd"),
    Column("state", gettext_lazy("Rests on"), lambda row: row.get_state_display(), sort="state"),
    Column("days_known", gettext_lazy("Whole days known"), sort="days_known"),
    Column("known_to", gettext_lazy("Known to")),
    Column("computed_at", gettext_lazy("Computed")),
)
ANOMALY_COLUMNS = (
    *OF_ENTERPRISE,
    _ENERGY,
    _UNIT,
    Column("start", pgettext_lazy("anomaly", "From"), sort="start"),
    Column("end", pgettext_lazy("anomaly", "Until")),
    Column("hours", pgettext_lazy("forecast", "Hours"), sort="hours"),
    _amount("amount", pgettext_lazy("anomaly", "Used"), "amount"),
    _amount("usual", pgettext_lazy("anomaly", "Usual")),
    _amount("excess", pgettext_lazy("anomaly", "More than usual"), "excess"),
    Column("ratio", pgettext_lazy("anomaly", "Times the usual"), sort="ratio", places=2),
    Column("reason", gettext_lazy("Reason"),
           lambda row: row.reason_en if language() == "en" else row.reason_zh),
    Column("found_at", gettext_lazy("Found")),
)  # fmt: skip


#: What the rows of the list are written from; the export has all of a forecast but its hours.
_LISTED = (
    "item_key", "unit", "state", "days_known", "total", "low", "high", "last_month",
    "last_month_known", "last_year", "last_year_known", "peak", "peak_at", "wape", "naive_wape",
    "odd", "organisation__name", "organisation__credit_code", "organisation__is_demo",
    "organisation__place__name_zh", "organisation__place__name_en",
)  # fmt: skip


def narrowed(request: HttpRequest, rows: Any) -> Any:
    """Narrow rows of enterprises and items to what the query asks for."""
    asked = request.GET
    if asked.get("item"):
        rows = rows.filter(item_key=asked["item"][:24])
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if asked.get("org"):
        rows = rows.filter(organisation__credit_code=asked["org"][:18])
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(organisation__name__icontains=text) | Q(organisation__credit_code__istartswith=text)
        )
    return rows


def _filters(request: HttpRequest) -> dict[str, Any]:
    user = me(request)
    keys = rights.visible(user, Forecast).order_by("item_key").values_list("item_key", flat=True)
    return {
        "asked": request.GET,
        "items": [(key, pages.item_name(key)) for key in keys.distinct()],
        "places": () if user.org_code else [(p.code, str(p)) for p in Place.objects.all()],
    }


@require_http_methods(["GET", "HEAD", "POST"])
def forecasts(request: HttpRequest) -> HttpResponse:
    """List the month-end and day-ahead forecasts of the scope; the city computes them anew."""
    user = me(request)
    if request.method == "POST":
        rights.require(user, "compute", Forecast)
        jobs.queue(user)
        messages.success(request, _("The forecasts are being computed anew."))
        return redirect("forecasts")
    rights.require(user, "view", Forecast)
    seen = rights.visible(user, Forecast)
    rows = narrowed(request, seen).select_related("organisation__place")
    is_export = request.GET.get("export") == "xlsx"
    listing = Listing(
        request,
        rows.defer("hours", "errors") if is_export else rows.only(*_LISTED),
        name="forecasts",
        title=gettext_lazy("Forecast and anomalies"),
        columns=COLUMNS,
        default_sort="-odd",
        long=lists.PER_PAGE,
    )
    if listing.wants_export:
        return listing.export()
    odd = rights.visible(user, Anomaly).select_related("organisation")
    newest = seen.order_by("-computed_at").values("known_to", "computed_at").first()
    if newest:
        odd = odd.filter(start__gte=pages.week_of(newest["known_to"]))
    return render(
        request,
        "forecast/forecasts.html",
        {
            "listing": listing,
            "rows": [_in_list(row) for row in listing.page],
            "sort": listing.sort,
            "newest": newest,
            "forecast_count": seen.exclude(state__in=Forecast.NOTHING).count(),
            "odd_count": odd.count(),
            "odd": pages.told(user, narrowed(request, odd).order_by("-start")[:_SHOWN]),
            "may_compute": rights.can(user, "compute", Forecast),
            **_filters(request),
        },
    )


_NOTES = {
    "usual": gettext_lazy("%(has)s of the %(needed)s days a model needs"),
    "short": gettext_lazy("%(has)s of %(needed)s whole days"),
}
_KINDS = {"model": "good", "usual": "note", "short": "late", "silent": "bad"}


def _in_list(row: Forecast) -> dict[str, Any]:
    """Return a row of the list in words."""
    firm, words, past = row.organisation, unit(row.unit), pages.compared(row)
    note = _NOTES.get(row.state, "") % {"has": row.days_known, "needed": pages.needed(row)}
    return {
        "url": f"{reverse('forecasts')}{firm.credit_code}/?item={row.item_key}",
        "name": firm.name,
        "is_demo": firm.is_demo,
        "place": str(firm.place),
        "item": pages.item_name(row.item_key),
        "total": ui.num(row.total, 0, words),
        "band": "" if row.low is None else f"{plain(row.low)}–{plain(row.high)}",
        "last_month": _against(past["last_month"]),
        "last_year": _against(past["last_year"]),
        "peak": ui.num(row.peak, 0, words),
        "peak_at": f"{timezone.localtime(row.peak_at):%m-%d %H:%M}" if row.peak_at else "",
        "wape": ui.percent(row.wape, 1),
        "naive": percent(row.naive_wape, 1),
        "odd": row.odd,
        "state": (Forecast.State(row.state).label, _KINDS[row.state], note),
    }


def _against(past: dict[str, Any]) -> tuple[Any, str]:
    """Return what a month is compared with: the change and, smaller, what it is taken from."""
    if past["change"] is not None:
        return ui.change(past["change"]), plain(past["amount"])
    if past["amount"] is not None:
        return plain(past["amount"]), _("known %(share)s") % {"share": percent(past["known"], 0)}
    return ui.num(None), ""


def _told(row: Forecast) -> dict[str, Any]:
    return {
        "row": row,
        "item": pages.item_name(row.item_key),
        "unit": unit(row.unit),
        "needed": pages.needed(row),
        "calendar": pages.calendar_words(row),
        **pages.compared(row),
    }


@require_safe
def anomalies(request: HttpRequest) -> HttpResponse:
    """List every anomaly kept, the newest first."""
    user = me(request)
    rights.require(user, "view", Anomaly)
    seen = rights.visible(user, Anomaly)
    listing = Listing(
        request,
        narrowed(request, seen).select_related("organisation__place"),
        name="anomalies",
        title=gettext_lazy("Anomalies of use"),
        columns=ANOMALY_COLUMNS,
        default_sort="-start",
    )
    if listing.wants_export:
        made = output.of(user, listing.rows)
        listing.columns += (
            Column("output", _("Output of the month"), lambda row: made[row.pk].words),
        )
        return listing.export()
    return render(
        request,
        "forecast/anomalies.html",
        {
            "listing": listing,
            "rows": pages.told(user, listing.page),
            "sort": listing.sort,
            **_filters(request),
        },
    )


@require_safe
def forecast(request: HttpRequest, code: str) -> HttpResponse:
    """Show what is forecast of an enterprise, how good that was lately, and what was odd."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    rows = {
        row.item_key: row
        for row in rights.visible(user, Forecast).filter(organisation=organisation)
    }
    asked = request.GET.get("item", "")
    # Without a choice the item most of the energy goes through: electricity, where it is metered.
    key = next((one for one in (asked, "electricity") if one in rows), next(iter(rows), ""))
    row = rows.get(key)
    if row is not None and request.GET.get("export") == "xlsx":
        return _export(request, row)
    audit.read_of(request, organisation)
    odd = rights.visible(user, Anomaly).filter(organisation=organisation, item_key=key)
    return render(
        request,
        "forecast/forecast.html",
        {
            "organisation": organisation,
            "one": _told(row) if row else None,
            "row": row,
            "item": key,
            "items": [(one, pages.item_name(one)) for one in rows],
            "picture": pages.picture(row) if row else None,
            "errors": pages.errors(row) if row else [],
            "odd": pages.told(user, odd.select_related("organisation").order_by("-start")[:25]),
        },
    )


def _export(request: HttpRequest, row: Forecast) -> HttpResponse:
    """Return the hours of the picture as a workbook."""
    kept = row.hours
    names = ("actual", "naive", "usual", "forecast", "low", "high")
    labels = {
        "actual": _("as it came"), **{key: str(name) for key, name in pages.METHODS.items()},
        "low": pgettext("forecast", "Low (10 %)"), "high": pgettext("forecast", "High (90 %)"),
    }  # fmt: skip
    columns = [
        Column("start", gettext_lazy("Time"), lambda one: one["start"]),
        *(
            Column(name, labels[name], lambda one, name=name: one[name], unit=row.unit, places=2)  # type: ignore[misc]
            for name in names
        ),
    ]
    hours = [
        dict(zip(("start", *names), cells, strict=True))
        for cells in zip(*(kept.get(name, []) for name in ("start", *names)), strict=True)
    ]
    for one in hours:
        one["start"] = one["start"][:16].replace("T", " ")
    event = audit.record(
        "export.forecast", request=request, thing=row.organisation, item=row.item_key,
        rows=len(hours),
    )  # fmt: skip
    title = _("Forecast")
    book = lists.workbook(title, columns, hours, event=event, as_of=f"{row.known_to}")
    name = f"{row.organisation.name} {pages.item_name(row.item_key)} {title}.xlsx"
    return lists.attachment(book, name)
