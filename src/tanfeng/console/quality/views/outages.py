"""Outages: the list with its terms, and the page of one, made for the phone beside the meter."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.quality import judging, services
from tanfeng.console.quality.models import OUTAGE_KINDS, Alert, Evidence, Filing, Outage
from tanfeng.console.quality.outage_keeping import work_calendar
from tanfeng.console.quality.views import common
from tanfeng.errors import DataError

COLUMNS = (
    *OF_ENTERPRISE,
    Column("point", pgettext_lazy("meter", "Point"), lambda row: row.meter.point,
           sort="meter__point"),
    Column("meter", gettext_lazy("Meter"), lambda row: row.meter.name),
    Column("first", gettext_lazy("Since"), sort="first"),
    Column("last", gettext_lazy("Last day without data")),
    Column("repaired", gettext_lazy("Back on"), sort="repaired"),
    Column("days_down", gettext_lazy("Days down"), sort="days_down"),
    Column("working_days", gettext_lazy("Working days")),
    Column("deadline", gettext_lazy("Repair by"), sort="deadline"),
    Column("state", gettext_lazy("State"), lambda row: row.get_state_display(), sort="state"),
    Column("filing_no", gettext_lazy("Filing")),
    Column("confirmed_at", gettext_lazy("Repair confirmed")),
    Column("cause", gettext_lazy("What it was")),
    Column("calendar_known", gettext_lazy("Counted by the holiday notice")),
)  # fmt: skip
#: What the rows of the lists and of their export are written from.
SHOWN = (
    "first", "last", "repaired", "days_down", "working_days", "deadline", "state",
    "calendar_known", "filing_no", "fell", "confirmed_at", "cause", "meter__point",
    "meter__name", "organisation__name", "organisation__credit_code", "organisation__is_demo",
    "organisation__place__name_zh", "organisation__place__name_en",
)  # fmt: skip


class RepairForm(forms.Form):
    """What it was, and a photograph of the meter."""

    cause = forms.CharField(
        label=gettext_lazy("What it was and what was done"), max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    photograph = forms.FileField(
        label=gettext_lazy("Photograph or report"), required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "image/*,.pdf"}),
    )  # fmt: skip


@lru_cache(maxsize=1024)
def working_days_left(deadline: date, today: date) -> int:
    """Return how many working days are left until a term ends; below zero: over by so many."""
    calendar = work_calendar()
    first, last = sorted((today, deadline))
    table = calendar.table(first, last)
    days = int(table["number"][-1]) - int(table["number"][0])
    return days if deadline >= today else -days


def countdown(row: Outage, today: date) -> tuple[str, str]:
    """Return how long the term still runs in words, and the kind of its pill."""
    if row.repaired or row.state == "filed":
        return "", ""
    left = working_days_left(row.deadline, today)
    if left < 0 or row.deadline < today:
        text = ngettext("%(days)d working day over", "%(days)d working days over", -left)
        return text % {"days": -left}, "bad"
    if row.deadline == today:
        return _("to be repaired today"), "bad"
    text = ngettext("%(days)d working day left", "%(days)d working days left", left)
    return text % {"days": left}, "late"


def told(row: Outage, today: date | None = None) -> dict[str, Any]:
    """Return an outage in words."""
    words, kind = countdown(row, today or timezone.localdate())
    return {
        "row": row,
        "url": reverse("outage", args=[row.pk]),
        "point_url": reverse("metering-point", args=[row.meter_id]),
        "state": (Outage.State(row.state).label, OUTAGE_KINDS[row.state]),
        "left": words,
        "left_kind": kind,
        "is_demo": row.organisation.is_demo,
    }


def _asked(request: HttpRequest, rows: QuerySet[Outage]) -> QuerySet[Outage]:
    asked = request.GET
    if asked.get("state") in Outage.State.values:
        rows = rows.filter(state=asked["state"])
    if asked.get("state") == "down":
        rows = rows.filter(repaired__isnull=True)
    if asked.get("broke") == "1":
        mark = judging.mark_of()
        last = mark.last_day if mark else None
        rows = rows.filter(fell=True, first=last) if last else rows.none()
    return common.of_firm(rows, request, "meter__point", "meter__name")


@require_safe
def outages(request: HttpRequest) -> HttpResponse:
    """List outages: since when, until when they must be repaired, what became of them."""
    user = me(request)
    rights.require(user, "view", Outage)
    seen = rights.visible(user, Outage).filter(stands=True)
    listing = Listing(
        request,
        _asked(request, seen).select_related("meter", "organisation__place").only(*SHOWN),
        name="outages",
        title=gettext_lazy("Outages of points"),
        columns=COLUMNS,
        default_sort="-first",
    )
    if listing.wants_export:
        return listing.export()
    today = timezone.localdate()
    return render(
        request,
        "quality/outages.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "rows": [told(row, today) for row in listing.page],
            "overdue": seen.filter(state="overdue").count(),
            "states": [("down", _("without data now")), *Outage.State.choices],
            "places": common.places(user),
            "rule": common.rule("repair_days"),
            "may_file": rights.can(user, "file", Filing),
            "asked": request.GET,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def outage(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an outage and its term; the enterprise confirms the repair here."""
    user = me(request)
    row = rights.get_visible(user, Outage, pk=pk)
    form = RepairForm()
    if request.method == "POST":
        rights.require(user, "confirm", row)
        if request.POST.get("do") != "confirm":
            raise BadRequest("no such step")
        form = RepairForm(request.POST, request.FILES)
        if form.is_valid() and _confirmed(request, row, form):
            return redirect("outage", row.pk)
    else:
        audit.read_of(request, row, "quality.read")
    may = rights.can(user, "confirm", row) and row.confirmed_at is None and row.stands
    return render(
        request,
        "quality/outage.html",
        {
            "outage": row,
            "told": told(row),
            "organisation": row.organisation,
            "form": form if may else None,
            "rule": common.rule("repair_days"),
            "reasons": reasons(user, row),
            "filing": _filing(user, row),
            "may_file": rights.can(user, "file", Filing) and row.is_down,
            "evidence": rights.visible(user, Evidence).filter(outage=row),
            "history": common.history(user, "outage", row),
        },
        status=422 if form.errors else 200,
    )


def _filing(user: Any, row: Outage) -> Filing | None:
    """Return the filing that excuses an outage, or one that waits to."""
    seen = rights.visible(user, Filing)
    if row.filing_no:
        return seen.filter(number=row.filing_no).first()
    waiting = seen.filter(meters=row.meter, state="filed", starts_on__lte=row.last)
    return waiting.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=row.first)).first()


def _confirmed(request: HttpRequest, row: Outage, form: RepairForm) -> bool:
    file = form.cleaned_data["photograph"]
    try:
        services.confirm_repair(
            me(request), row, form.cleaned_data["cause"],
            photograph=(file.name, file.read()) if file else None, request=request,
        )  # fmt: skip
    except DataError as error:
        complain(form, error, request)
        return False
    messages.success(request, _("Confirmed. The readings that come again will prove it."))
    return True


def reasons(user: Any, row: Outage) -> list[Alert]:
    """Return the alerts that explain an outage: of the point, and what is the cause of those."""
    rows = rights.visible(user, Alert)
    own = list(
        rows.filter(
            object_key=row.meter.point or "", last__gte=row.first, first__lte=row.last,
            rule__in=("point_silent", "point_incomplete"),
        )
    )  # fmt: skip
    roots = {one.root for one in own} - {one.key for one in own}
    return [*rows.filter(key__in=roots), *own]
