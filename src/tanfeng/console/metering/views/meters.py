"""The register of meters: the list, its export as the official form, and a new one."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import floatformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng import sheets
from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core import rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.figures import NONE
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering import forms, services, words
from tanfeng.console.metering.importers import CHOICES, TEXTS
from tanfeng.console.metering.models import Meter
from tanfeng.console.metering.views.common import DUE, due_condition, due_pill
from tanfeng.errors import DataError
from tanfeng.sheets.meter_list import item_names

_FORM = "meter_list"
#: Field of the form -> what the database sorts by.
_SORTS = {"meter_no": "meter_no", "meter_name": "name", "valid_until": "valid_until",
          "verified_on": "verified_on", "meter_level": "level"}  # fmt: skip
#: What the rows of the list are written from; the export has the whole record.
_SHOWN = (
    "meter_no", "name", "item_key", "level", "model", "serial_no", "multiplier", "valid_until",
    "status", "organisation__name",
)  # fmt: skip
_LEVELS, _STATES = dict(Meter.Level.choices), dict(Meter.Status.choices)
_SAME = (
    "meter_no", "multiplier", "verified_on", "cycle_months", "valid_until", "is_online", "point",
    "digits", "rated_power", "interval_s",
)  # fmt: skip


def _cell(key: str) -> Any:
    """Return how a column of the form is written from a meter, as it would be read again."""
    if key in TEXTS:
        return lambda row: getattr(row, TEXTS[key])
    if key in CHOICES:
        model, of = CHOICES[key]
        return lambda row: words.written(of, getattr(row, model))
    if key in _SAME:
        return lambda row: getattr(row, key)
    return _CELLS[key]


_CELLS: dict[str, Any] = {
    "energy_name": lambda row: item_names(row.item_key)[0],
    "in_cycle": lambda row: (
        None if row.valid_until is None else row.valid_until >= timezone.localdate()
    ),
    "credit_code": lambda row: row.organisation.credit_code,
    "org_name": lambda row: row.organisation.name,
    "node_name": lambda row: row.unit.name if row.unit else "",
}


def form_columns() -> list[Column]:
    """Return the columns of the official form: what is exported can be taken in again."""
    form, numbers = sheets.form(_FORM), count(1)
    return [
        Column(
            one.key,
            _heading(one),
            (lambda _row: next(numbers)) if one.key == "seq" else _cell(one.key),
            sort=_SORTS.get(one.key, ""),
        )
        for one in form.columns
    ]


def _heading(column: sheets.Column) -> Any:
    """Return the heading of the form in the language of the page, once the page is made."""
    return _Heading(column.heading_zh, column.heading_en)


class _Heading:
    """A heading of the form; the form keeps its own words in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        self._zh, self._en = zh, en

    def __str__(self) -> str:
        return self._en if language() == "en" else self._zh


def narrowed(request: HttpRequest, rows: Any) -> Any:
    """Narrow meters to what the query asks for."""
    asked = request.GET
    if asked.get("due") in DUE:
        rows = rows.filter(due_condition(asked["due"], timezone.localdate()))
    if asked.get("item"):
        rows = rows.filter(item_key=asked["item"][:24])
    if asked.get("level") in ("1", "2", "3"):
        rows = rows.filter(level=int(asked["level"]))
    if asked.get("status") in Meter.Status.values:
        rows = rows.filter(status=asked["status"])
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if asked.get("org"):
        rows = rows.filter(organisation__credit_code=asked["org"][:18])
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(meter_no__istartswith=text)
            | Q(name__icontains=text)
            | Q(serial_no__istartswith=text)
            | Q(point__istartswith=text)
            | Q(organisation__name__icontains=text)
            | Q(organisation__credit_code__istartswith=text)
        )
    return rows


def _told(row: Meter, today: date) -> dict[str, Any]:
    """Return a row of the list in words."""
    return {
        "url": f"{reverse('meters')}{row.pk}/",
        "name": row.name or row.meter_no,
        "meter_no": row.meter_no,
        "organisation": row.organisation.name,
        "item": row.item_name,
        "level": _LEVELS[row.level],
        "model": row.model or NONE,
        "serial_no": row.serial_no,
        "multiplier": "" if row.multiplier is None else floatformat(row.multiplier, "-3"),
        "valid_until": row.valid_until.isoformat() if row.valid_until else NONE,
        "due": due_pill(row.valid_until, today),
        "status": _STATES[row.status],
    }


@require_safe
def meters(request: HttpRequest) -> HttpResponse:
    """List the meters in the person's scope; exported as the official list of instruments."""
    user = me(request)
    rights.require(user, "view", Meter)
    # A virtual meter is no instrument.
    seen = rights.visible(user, Meter).filter(is_listed=True)
    rows = narrowed(request, seen)
    if request.GET.get("export") == "xlsx":
        rows = rows.select_related("organisation", "unit")
    else:
        rows = rows.select_related("organisation").only(*_SHOWN)
    listing = Listing(
        request,
        rows,
        name="meters",
        title=gettext_lazy("List of energy metering instruments"),
        columns=form_columns(),
        default_sort="meter_no",
    )
    if listing.wants_export:
        return listing.export()
    today = timezone.localdate()
    # One range of the index, not two conditions: those past it and those that reach it in 30 days.
    due = seen.filter(valid_until__lte=today + timedelta(days=30)).aggregate(
        all=Count("pk"), over=Count("pk", filter=due_condition("over", today))
    )
    own = archive.reportable(user).first() if user.org_code else None
    return render(
        request,
        "metering/meters.html",
        {
            "listing": listing,
            "rows": [_told(row, today) for row in listing.page],
            "over": due["over"],
            "soon": due["all"] - due["over"],
            "due": DUE.items(),
            "items": forms.energy_choices(),
            "levels": Meter.Level.choices,
            "states": Meter.Status.choices,
            "places": () if user.org_code else [(p.code, str(p)) for p in Place.objects.all()],
            "sort": listing.sort,
            "asked": request.GET,
            "own": own,
            "may_enter": rights.can(user, "enter", Meter),
            "may_claim": rights.can(user, "metering.claim"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter a meter of an enterprise the person may report for."""
    user = me(request)
    rights.require(user, "enter", Meter)
    code = (request.POST or request.GET).get("org", "").strip().upper() or user.org_code
    if not code:
        return render(request, "metering/choose.html", {})
    organisation = archive.reportable(user).filter(credit_code=code).first()
    if organisation is None:
        # The try at a foreign enterprise is an event; an unknown one is not.
        rights.get_visible(user, Organisation, credit_code=code)
        raise Http404
    form = forms.MeterForm(request.POST or None, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.enter(user, organisation, form.cleaned_data, request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            return redirect("meter", made.pk)
    return render(
        request,
        "metering/new.html",
        {"form": form, "organisation": organisation},
        status=422 if request.method == "POST" else 200,
    )
