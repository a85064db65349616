"""The record of one meter: facts, what hangs there, verifications, history."""

from __future__ import annotations

from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.models import User
from tanfeng.console.metering import devices, expressions, forms, services
from tanfeng.console.metering.models import (
    Calibration,
    Device,
    Meter,
    MeterVersion,
    OwnedPoint,
)
from tanfeng.console.metering.views.common import due_pill
from tanfeng.errors import DataError
from tanfeng.sheets.meter_list import item_names

#: Versions shown.
_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def meter(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a meter; change it, enter a verification, hang, replace or take down its device."""
    user = me(request)
    one = rights.get_visible(user, Meter, pk=pk)
    if one.expression:
        return redirect("meter-virtual-of", one.pk)
    open_form: tuple[str, Any] = ("", None)
    if request.method == "POST":
        answer, open_form = _done(request, user, one)
        if answer is not None:
            return answer
        one = Meter.objects.select_related("organisation").get(pk=one.pk)
    else:
        audit.read_of(request, one, "meter.read")
    may = one.withdrawn_at is None and rights.can(user, "enter", one)
    device = devices.hanging(one)
    context = {
        "meter": one,
        "organisation": one.organisation,
        "due": due_pill(one.valid_until, timezone.localdate()),
        "devices": rights.visible(user, Device).filter(meter=one),
        "calibrations": rights.visible(user, Calibration).filter(meter=one),
        "versions": [
            (version, told_of(version))
            for version in rights.visible(user, MeterVersion)
            .filter(meter=one)
            .select_related("changed_by", "batch")[:_SHOWN]
        ],
        "users": expressions.users(one.organisation, one.point) if one.point else [],
        "let_go": rights.visible(user, OwnedPoint).filter(meter=one, released_at__isnull=False),
        "forms": _forms(one, device, open_form) if may else {},
        "opened": open_form[0],
    }
    return render(request, "metering/meter.html", context, status=422 if open_form[0] else 200)


def _forms(one: Meter, device: Device | None, given: tuple[str, Any]) -> dict[str, Any]:
    offered: dict[str, Any] = {
        "change": forms.MeterForm(instance=one, organisation=one.organisation, auto_id="change-%s"),
        "calibrate": forms.CalibrationForm(
            auto_id="calibrate-%s",
            initial={"verified_on": timezone.localdate(), "verified_by": one.verified_by},
        ),
    }
    if device is None:
        offered["hang"] = forms.HangForm(auto_id="hang-%s", initial={"serial_no": one.serial_no})
    else:
        offered |= {
            "replace": forms.ReplaceForm(
                auto_id="replace-%s",
                initial={"multiplier": device.multiplier, "digits": device.digits},
            ),
            "take-down": forms.TakeDownForm(auto_id="take-down-%s"),
        }
    return offered | ({given[0]: given[1]} if given[0] else {})


def _done(
    request: HttpRequest, user: User, one: Meter
) -> tuple[HttpResponse | None, tuple[str, Any]]:
    """Do what a form of the page asks for; the form comes back when it is wrong."""
    do = request.POST.get("do", "")
    rights.require(user, "enter", one)
    kinds: dict[str, Any] = {
        "calibrate": (forms.CalibrationForm, devices.calibrate),
        "hang": (forms.HangForm, devices.hang),
        "replace": (forms.ReplaceForm, devices.replace),
        "take-down": (forms.TakeDownForm, devices.take_down),
    }
    form: django_forms.BaseForm | None = None
    try:
        if do == "withdraw":
            reason = request.POST.get("reason", "").strip()
            services.withdraw(user, one, reason, request=request)
        elif do == "change":
            form = forms.MeterForm(request.POST, organisation=one.organisation, auto_id="change-%s")
            if not form.is_valid():
                return None, (do, form)
            # An emptied field is emptied: the page shows all of them.
            given = {name: form.cleaned_data[name] for name in services.GIVEN}
            services.change(user, one, given, request=request)
        elif do in kinds:
            kind, act = kinds[do]
            form = kind(request.POST, auto_id=f"{do}-%s")
            if not form.is_valid():
                return None, (do, form)
            act(user, one, **form.cleaned_data, request=request)
        else:
            raise BadRequest("no such step")
    except DataError as error:
        complain(form, error, request)
        return (redirect("meter", one.pk), ("", None)) if form is None else (None, (do, form))
    messages.success(request, _("Saved."))
    return redirect("meter", one.pk), ("", None)


def told_of(version: MeterVersion) -> list[tuple[str, str, str]]:
    """Return what a version changed: field, before, after, in words."""
    fields = {field.name: field for field in Meter._meta.concrete_fields}
    told = []
    for name, (before, after) in version.changes.items():
        field = fields.get(name)
        label = capfirst(str(field.verbose_name)) if field else name
        told.append((label, _word(field, before), _word(field, after)))
    return told


def _word(field: Any, value: Any) -> str:
    if value in (None, ""):
        return "—"
    if field is not None and field.name == "item_key":
        return item_names(value)[language() == "en"]
    words = dict(field.flatchoices) if field is not None else {}
    return str(words.get(value, value))
