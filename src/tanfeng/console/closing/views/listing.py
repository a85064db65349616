"""Which enterprises closed a month and which did not; the months of one enterprise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.closing import figures, services
from tanfeng.console.closing.figures import Month
from tanfeng.console.closing.models import MonthClose
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering.models import Meter
from tanfeng.errors import ModelError
from tanfeng.periods import LOCAL, Period

STATES = {
    "closed": gettext_lazy("month closed"),
    "open": gettext_lazy("not closed"),
    "over": gettext_lazy("above the limit"),
    "moved": gettext_lazy("moved since the close"),
}
#: Months an enterprise is shown to choose from.
_SHOWN = 12


def _percent(value: float | None) -> float | None:
    return None if value is None else 100.0 * value


COLUMNS = (
    Column("name", gettext_lazy("Enterprise"), sort="name"),
    Column("credit_code", gettext_lazy("Unified social credit code")),
    Column("place", gettext_lazy("County"), lambda row: str(row.place), sort="place__order"),
    Column("state", gettext_lazy("State"),
           lambda row: STATES["closed" if row.closed_at else "open"]),
    Column("closed_at", gettext_lazy("Closed on"), sort="closed_at"),
    Column("items", gettext_lazy("Items"), sort="items"),
    Column("worst", gettext_lazy("Largest deviation"), lambda row: _percent(row.worst),
           sort="worst", unit="%", places=2),
    Column("over", gettext_lazy("Items above the limit"), sort="over"),
    Column("moved", gettext_lazy("moved since the close"),
           lambda row: _("yes") if row.moved else "", sort="moved"),
)  # fmt: skip
CLOSES = (
    Column("period", gettext_lazy("Month")),
    Column("closed_at", gettext_lazy("Closed on"), sort="closed_at"),
    Column("closed_by", gettext_lazy("Closed by"), lambda row: str(row.closed_by)),
    Column("line_count", gettext_lazy("Items"), sort="line_count"),
    Column("worst_deviation", gettext_lazy("Largest deviation"),
           lambda row: _percent(row.worst_deviation), sort="worst_deviation", unit="%", places=2),
    Column("lines_over", gettext_lazy("Items above the limit"), sort="lines_over"),
    Column("reopened_at", gettext_lazy("Opened again")),
    Column("reason", gettext_lazy("Reason")),
)  # fmt: skip


def last_month() -> Month:
    """Return the month that ended last."""
    now = timezone.now().astimezone(LOCAL)
    return Month(now.year, now.month).before


def month_of(text: str) -> Month:
    """Return the month a query names, else the one that ended last."""
    try:
        asked = Period.parse(text.strip()[:7])
    except ValueError:
        return last_month()
    is_month = bool(asked.month) and figures.FIRST_YEAR <= asked.year <= last_month().year
    return Month(asked.year, asked.month or 1) if is_month else last_month()


@require_safe
def closings(request: HttpRequest) -> HttpResponse:
    """List the enterprises that have metering points, with the state of a month."""
    user = me(request)
    rights.require(user, "view", MonthClose)
    if user.org_code and request.GET.get("export") != "xlsx":
        own = rights.visible(user, Organisation).first()
        if own is not None:
            return redirect("closings-of", own.credit_code)
    month = month_of(request.GET.get("month", ""))
    moved, unknown = _moved(month)
    sending = rights.visible(user, Organisation).filter(Exists(_points("pk")))
    count = sending.count()
    seen = _of_month(sending, month, moved)
    narrowed = _narrowed(request, seen)
    listing = Listing(
        request,
        narrowed.select_related("place"),
        # Without a filter they are counted already, and without the join.
        total=count if narrowed is seen else None,
        name="closings",
        title=_("Month close %s") % month,
        columns=COLUMNS,
        default_sort="-worst",
        as_of=str(month),
    )
    if listing.wants_export:
        return listing.export()
    closed = rights.visible(user, MonthClose).filter(
        Exists(_points("organisation")), year=month.year, month=month.month, reopened_at=None
    )
    closed_count, rule = closed.count(), figures.rule(month)
    return render(
        request,
        "closing/closings.html",
        {
            "listing": listing,
            "page": listing.page,
            "month": month,
            "before": str(month.before),
            "after": str(month.next) if month != last_month() else "",
            "closed": closed_count,
            "waiting": count - closed_count,
            "moved": seen.filter(moved=True).count() if moved else 0,
            "unknown": unknown,
            "states": list(STATES.items()),
            "places": () if user.place_code else [(p.code, str(p)) for p in Place.objects.all()],
            "rule": rule,
            "source": rule.source,
            "sort": listing.sort,
            "asked": request.GET,
        },
    )


def _moved(month: Month) -> tuple[Collection[int], str]:
    """Return the closes of a month whose metered figures moved since, or why nobody knows."""
    try:
        return services.moved_in(month), ""
    except ModelError as error:
        return frozenset(), error.message(language())


def _points(organisation: str) -> QuerySet[Meter]:
    """Return the points of the enterprise of a row; a meter that is withdrawn has none."""
    return Meter.objects.filter(organisation=OuterRef(organisation), point__isnull=False)


def _of_month(
    rows: QuerySet[Organisation], month: Month, moved: Collection[int]
) -> QuerySet[Any]:  # fmt: skip
    """Return enterprises, and beside each the close of the month that stands."""
    return rows.annotate(
        standing=FilteredRelation(
            "month_closes",
            condition=Q(
                month_closes__year=month.year,
                month_closes__month=month.month,
                month_closes__reopened_at__isnull=True,
            ),
        ),
        closed_at=F("standing__closed_at"),
        items=F("standing__line_count"),
        worst=F("standing__worst_deviation"),
        over=F("standing__lines_over"),
        moved=ExpressionWrapper(Q(standing__pk__in=moved), output_field=BooleanField()),
    )


def _narrowed(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    asked = request.GET
    if asked.get("state") in ("closed", "open"):
        rows = rows.filter(closed_at__isnull=asked["state"] == "open")
    elif asked.get("state") == "over":
        rows = rows.filter(over__gt=0)
    elif asked.get("state") == "moved":
        rows = rows.filter(moved=True)
    if asked.get("place"):
        rows = rows.filter(place_id=asked["place"][:6])
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(Q(name__icontains=text) | Q(credit_code__istartswith=text))
    return rows


def _of_enterprise(closes: list[MonthClose]) -> Collection[int]:
    try:
        return services.items_moved(closes)
    except ModelError:  # the page of the month says why
        return ()


@require_safe
def closings_of(request: HttpRequest, code: str) -> HttpResponse:
    """List every close of an enterprise, and its last months to choose from."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    closes = rights.visible(user, MonthClose).filter(organisation=organisation)
    listing = Listing(
        request,
        closes.select_related("closed_by", "batch", "organisation"),
        name="month-closes",
        title=_("Month closes of %s") % organisation.name,
        columns=CLOSES,
        default_sort="-closed_at",
    )
    if listing.wants_export:
        return listing.export()
    audit.read_of(request, organisation, "month.read")
    months, month = [], last_month()
    standing = {
        (one.year, one.month): one
        for one in closes.filter(reopened_at=None).select_related("organisation", "batch")
    }
    for _number in range(_SHOWN):
        months.append((month, standing.get((month.year, month.month))))
        month = month.before
    shown = {close.pk: close for _month, close in months if close is not None}
    shown |= {close.pk: close for close in listing.page.object_list if close.is_closed}
    return render(
        request,
        "closing/enterprise.html",
        {
            "organisation": organisation,
            "listing": listing,
            "months": months,
            "open": sum(close is None for _month, close in months),
            "moved": _of_enterprise(list(shown.values())),
            "may_close": services.may_close(user, organisation),
            "sort": listing.sort,
        },
    )
