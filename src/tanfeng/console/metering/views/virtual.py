"""Virtual meters: the list, a new one, one with what it rests on and what rests on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tanfeng.console.archive import services as archive
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.lists import Listing
from tanfeng.console.core.models import User
from tanfeng.console.metering import expressions, forms, services
from tanfeng.console.metering import virtual as writes
from tanfeng.console.metering.models import Meter, MeterVersion
from tanfeng.console.metering.views.meters import form_columns
from tanfeng.console.metering.views.record import told_of
from tanfeng.errors import DataError

#: Versions and points shown.
_SHOWN, _POINTS = 20, 200


@require_safe
def virtual_meters(request: HttpRequest) -> HttpResponse:
    """List the virtual meters in the person's scope; exported in the form they are taken in by."""
    user = me(request)
    rights.require(user, "view", Meter)
    rows = rights.visible(user, Meter).filter(withdrawn_at__isnull=True).exclude(expression="")
    if text := request.GET.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(meter_no__istartswith=text)
            | Q(name__icontains=text)
            | Q(point__istartswith=text)
            | Q(organisation__name__icontains=text)
            | Q(organisation__credit_code__istartswith=text)
        )
    listing = Listing(
        request,
        rows.select_related("organisation", "unit"),
        name="virtual-meters",
        title=gettext_lazy("Virtual meters"),
        columns=form_columns(),
        default_sort="meter_no",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "metering/virtual.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "asked": request.GET,
            "may_enter": rights.can(user, "enter", Meter),
            "own": archive.reportable(user).first() if user.org_code else None,
        },
    )


def _organisation(request: HttpRequest, user: User) -> Organisation | None:
    """Return the enterprise a form is about; a foreign one is no enterprise here."""
    code = (request.POST or request.GET).get("org", "").strip().upper() or user.org_code
    if not code:
        return None
    organisation = archive.reportable(user).filter(credit_code=code).first()
    if organisation is None:
        rights.get_visible(user, Organisation, credit_code=code)
        raise Http404
    return organisation


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter a virtual meter of an enterprise the person may report for."""
    user = me(request)
    rights.require(user, "enter", Meter)
    organisation = _organisation(request, user)
    if organisation is None:
        return render(request, "metering/choose.html", {"virtual": True})
    form = forms.VirtualForm(request.POST or None, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            made = writes.enter(user, organisation, form.values(), request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            return redirect("meter-virtual-of", made.pk)
    return render(
        request,
        "metering/virtual_new.html",
        {"form": form, "organisation": organisation, "points": _points(organisation, None)},
        status=422 if request.method == "POST" else 200,
    )


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Judge an expression while it is being written; nothing is kept."""
    user = me(request)
    rights.require(user, "enter", Meter)
    organisation = _organisation(request, user)
    if organisation is None:
        raise Http404
    pk = request.POST.get("meter", "")
    meter = (
        rights.get_visible(user, Meter, pk=int(pk), organisation=organisation)
        if pk.isdecimal()
        else None
    )
    text = request.POST.get("expression", "")[:1000]
    seen = writes.look(
        organisation,
        meter,
        {
            "expression": text,
            "point": request.POST.get("point", "").strip()[:64],
            "item_key": request.POST.get("item_key", "")[:24],
            "reading_unit": request.POST.get("reading_unit", "")[:10] or "kWh",
        },
    )
    return render(request, "metering/_virtual_check.html", _told(organisation, text, seen))


def _told(organisation: Organisation, text: str, seen: writes.Look) -> dict[str, Any]:
    """Return a judgement in words, with the character it stumbles at apart."""
    shown, at = text.strip(), seen.position - 1
    known = Meter.objects.filter(organisation=organisation, point__in=seen.points)
    return {
        "text": shown,
        "problems": [one.message(language()) for one in seen.problems],
        "parts": (shown[:at], shown[at : at + 1] or "▯", shown[at + 1 :]) if at >= 0 else None,
        "used": known.order_by("point"),
    }


def _points(organisation: Organisation, meter: Meter | None) -> list[tuple[str, Meter]]:
    """Return the points an expression may name, as it names them."""
    rows = organisation.meters.filter(point__isnull=False).order_by("point")
    others = rows.exclude(pk=meter.pk) if meter else rows
    return [(expressions.quoted(str(one.point)), one) for one in others[:_POINTS]]


@require_http_methods(["GET", "HEAD", "POST"])
def virtual_meter(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a virtual meter; change or withdraw it."""
    user = me(request)
    one = rights.get_visible(user, Meter, pk=pk)
    if not one.expression:
        raise Http404
    form = None
    if request.method == "POST":
        answer, form = _done(request, user, one)
        if answer is not None:
            return answer
        one = Meter.objects.select_related("organisation").get(pk=one.pk)
    else:
        audit.read_of(request, one, "meter.read")
    may = one.withdrawn_at is None and rights.can(user, "enter", one)
    organisation = one.organisation
    metered = expressions.Own(expressions.own(organisation)).metered
    named = expressions.used(one.expression, metered)
    history = rights.visible(user, MeterVersion).filter(meter=one).select_related("changed_by")
    return render(
        request,
        "metering/virtual_of.html",
        {
            "meter": one,
            "organisation": organisation,
            "used": rights.visible(user, Meter).filter(point__in=named).order_by("point"),
            "users": expressions.users(organisation, one.point) if one.point else [],
            "form": (form or forms.VirtualForm(organisation=organisation, meter=one))
            if may
            else None,
            "opened": form is not None,
            "points": _points(organisation, one) if may else [],
            "versions": [(version, told_of(version)) for version in history[:_SHOWN]],
            "today": timezone.localdate(),
        },
        status=422 if form is not None else 200,
    )


def _done(
    request: HttpRequest, user: User, one: Meter
) -> tuple[HttpResponse | None, forms.VirtualForm | None]:
    rights.require(user, "enter", one)
    do, form = request.POST.get("do", ""), None
    try:
        if do == "withdraw":
            reason = request.POST.get("reason", "").strip()
            services.withdraw(user, one, reason, request=request)
        elif do == "change":
            form = forms.VirtualForm(request.POST, organisation=one.organisation, meter=one)
            if not form.is_valid():
                return None, form
            writes.change(user, one, form.values(), request=request)
        else:
            raise BadRequest("no such step")
    except DataError as error:
        complain(form, error, request)
        return (redirect("meter-virtual-of", one.pk), None) if form is None else (None, form)
    messages.success(request, _("Saved."))
    return redirect("meter-virtual-of", one.pk), None
