"""Meters there are against meters there should be: enterprises, and the table of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Exists, Func, IntegerField, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering import rates as figures
from tanfeng.console.metering import services
from tanfeng.console.metering.models import Meter, RequiredCount
from tanfeng.errors import DataError

_COLUMNS = (
    Column("name", gettext_lazy("Enterprise"), sort="name"),
    Column("credit_code", gettext_lazy("Unified social credit code")),
    Column("place", gettext_lazy("County"), lambda row: str(row.place), sort="place__order"),
    Column("meter_count", gettext_lazy("Meters"), sort="meter_count"),
    Column("over", gettext_lazy("Verification expired"), sort="over"),
    Column("undated", gettext_lazy("Verification not entered"), sort="undated"),
)
_SHOWN = ("name", "credit_code", "is_demo", "place__name_zh", "place__name_en", "place__order")


def _edition(request: HttpRequest) -> str:
    asked = request.GET.get("edition", "")
    return asked if asked in figures.EDITIONS else figures.edition_on(timezone.localdate())


def _editions() -> list[tuple[str, str]]:
    return [(one, f"GB 17167-{one}") for one in figures.EDITIONS]


@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """List the enterprises that have meters, with how many cells of their table are short."""
    user = me(request)
    rights.require(user, "view", Meter)
    if user.org_code:
        own = rights.visible(user, Organisation).first()
        if own is not None and request.GET.get("export") != "xlsx":
            return redirect("meter-rates-of", own.credit_code)
    today = timezone.localdate()
    rows = rights.visible(user, Organisation).filter(
        Exists(Meter.objects.filter(organisation=OuterRef("pk")))
    )
    if request.GET.get("place"):
        rows = rows.filter(place_id=request.GET["place"][:6])
    if text := request.GET.get("q", "").strip()[:60]:
        rows = rows.filter(Q(name__icontains=text) | Q(credit_code__istartswith=text))
    rows = (
        rows.select_related("place")
        .only(*_SHOWN)
        .annotate(
            meter_count=_count(),
            over=_count(valid_until__lt=today),
            undated=_count(valid_until__isnull=True),
        )
    )
    listing = Listing(
        request,
        rows,
        name="meter-rates",
        title=gettext_lazy("Equipping with meters"),
        columns=_COLUMNS,
        default_sort="name",
    )
    if listing.wants_export:
        return listing.export()
    edition, page = _edition(request), list(listing.page)
    asked = figures.wanted(edition)
    amiss = figures.amiss(page, asked)
    return render(
        request,
        "metering/rates.html",
        {
            "listing": listing,
            "rows": [_told(row, *amiss[row.pk]) for row in page],
            "edition": edition,
            "editions": _editions(),
            "is_empty": _is_empty(asked),
            "places": [(place.code, str(place)) for place in Place.objects.all()],
            "sort": listing.sort,
            "asked": request.GET,
        },
    )


def _count(**conditions: Any) -> Subquery:
    """Return how many instruments of an enterprise meet some conditions, for each row of a list.

    A question of its own for each, answered from one index: a list sorted by one of them asks
    nothing else of all enterprises.
    """
    listed = Meter.objects.filter(organisation=OuterRef("pk"), is_listed=True, **conditions)
    # Not Count: an aggregate would be grouped, and grouping costs more than counting.
    count = Func(template="COUNT(*)", output_field=IntegerField())
    return Subquery(listed.order_by().annotate(n=count).values("n"))


def _told(row: Any, short: int, unstated: int) -> dict[str, Any]:
    """Return a row of the list in words."""
    return {
        "url": f"{reverse('meter-rates')}{row.credit_code}/",
        "name": row.name,
        "is_demo": row.is_demo,
        "place": str(row.place),
        "meters": row.meter_count,
        "over": row.over,
        "short": short,
        "unstated": unstated,
    }


def _is_empty(asked: figures.Wanted) -> bool:
    return all(value is None for value, _confidence, _ref in asked.values())


def _of_level(
    index: int, value: Callable[[figures.Cell], Any], row: tuple[figures.Kind, list[figures.Cell]]
) -> Any:
    return value(row[1][index])


#: Columns of the exported table: the official form's, level by level.
def _sheet_columns() -> list[Column]:
    parts: tuple[tuple[str, Any, Callable[[figures.Cell], Any]], ...] = (
        ("wanted", gettext_lazy("rate asked for"), attrgetter("wanted_pct")),
        ("required", pgettext_lazy("meter", "required"), attrgetter("required")),
        ("actual", gettext_lazy("there are"), attrgetter("actual")),
        ("rate", gettext_lazy("rate"), attrgetter("rate_pct")),
        ("verified", pgettext_lazy("meter", "verified"), attrgetter("verified_pct")),
    )
    columns = [Column("kind", gettext_lazy("Energy"), lambda row: row[0].name)]
    for index, level in enumerate(Meter.Level):
        for key, label, value in parts:
            unit = "%" if key in ("wanted", "rate", "verified") else ""
            columns.append(
                Column(
                    f"l{level}_{key}",
                    f"{level.label} · {label}",
                    partial(_of_level, index, value),
                    unit=unit,
                    places=1 if unit else None,
                )
            )
    return columns


@require_http_methods(["GET", "HEAD", "POST"])
def rates_of(request: HttpRequest, code: str) -> HttpResponse:
    """Show the table of an enterprise by an edition; state how many meters it has to have."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    may = rights.can(user, "enter", RequiredCount) and rights.can(user, "upload", organisation)
    if request.method == "POST":
        return _stated(request, organisation)
    edition = _edition(request)
    table = figures.tables([organisation], edition)[organisation.pk]
    shown = [one for one in table if any(c.actual or c.required is not None for c in one[1])]
    if request.GET.get("export") == "xlsx":
        event = audit.record(
            "export.meter-rates", request=request, thing=organisation, rows=len(shown),
            edition=edition,
        )  # fmt: skip
        title = _("Equipping rate of meters, %s") % organisation.name
        book = lists.workbook(
            title, _sheet_columns(), shown, event=event, as_of=f"GB 17167-{edition}"
        )
        return lists.attachment(book, f"{title}.xlsx")
    audit.read_of(request, organisation, "meter.read")
    short, unstated = figures.counted(cell for _kind, cells in shown for cell in cells)
    return render(
        request,
        "metering/rates_of.html",
        {
            "organisation": organisation,
            "table": table if may else shown,
            "levels": Meter.Level.choices,
            "short": short,
            "unstated": unstated,
            "edition": edition,
            "editions": _editions(),
            "is_empty": _is_empty(figures.wanted(edition)),
            "may_state": may,
        },
    )


def _stated(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    user = me(request)
    rights.require(user, "enter", RequiredCount)
    rights.require(user, "upload", organisation)
    here = redirect("meter-rates-of", organisation.credit_code)
    try:
        for kind in figures.kinds():
            for level in Meter.Level.values:
                text = request.POST.get(f"{kind}-{level}")
                if text is None:
                    continue
                if text.strip() and not text.strip().isdecimal():
                    raise BadRequest("a count is a whole number")
                required = int(text) if text.strip() else None
                services.state_required(user, organisation, kind, level, required, request=request)
    except DataError as error:
        complain(None, error, request)
        return here
    messages.success(request, _("Saved."))
    return here
