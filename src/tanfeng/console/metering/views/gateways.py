"""Gateways: the list, and one with its keys, its points and those nobody knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.archive import services as archive
from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.core.models import User
from tanfeng.console.metering import forms, listening
from tanfeng.console.metering import gateways as writes
from tanfeng.console.metering.models import ApiKey, Gateway, Meter, SeenPoint
from tanfeng.errors import DataError

_COLUMNS = (
    Column("gateway", gettext_lazy("Gateway"), lambda row: row.name, sort="name"),
    *OF_ENTERPRISE,
    Column("link", gettext_lazy("Link"), lambda row: row.get_link_display(), sort="link"),
    Column("firmware", gettext_lazy("Model and firmware")),
    Column("points", gettext_lazy("Points"), sort="points"),
    Column("unknown", gettext_lazy("Unknown points"), sort="unknown"),
    Column("last_seen_at", gettext_lazy("Last seen"), sort="last_seen_at"),
    Column("is_active", gettext_lazy("In use"), sort="is_active"),
)
#: Unknown points and points shown on the page of a gateway.
_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
def gateways(request: HttpRequest) -> HttpResponse:
    """List the gateways in the person's scope; a form registers one."""
    user = me(request)
    rights.require(user, "view", Gateway)
    form = forms.GatewayForm() if rights.can(user, "enter", Gateway) else None
    status = 200
    if request.method == "POST":
        answer, form = _entered(request, user)
        if answer is not None:
            return answer
        status = 422
    rows = rights.visible(user, Gateway)
    if text := request.GET.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(name__icontains=text)
            | Q(organisation__name__icontains=text)
            | Q(organisation__credit_code__istartswith=text)
        )
    open_key = ApiKey.objects.filter(gateway=OuterRef("pk"), revoked_at__isnull=True)
    listing = Listing(
        request,
        rows.select_related("organisation__place").annotate(
            points=Count("meters", filter=Q(meters__withdrawn_at__isnull=True), distinct=True),
            unknown=Count("seen_points", distinct=True),
            has_key=Exists(open_key),
        ),
        name="gateways",
        title=gettext_lazy("Gateways"),
        columns=_COLUMNS,
        default_sort="gateway",
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "metering/gateways.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "asked": request.GET,
            "form": form,
            "opened": status == 422,
            "own": archive.reportable(user).first() if user.org_code else None,
            "given_code": request.POST.get("code", ""),
        },
        status=status,
    )


def _entered(request: HttpRequest, user: User) -> tuple[HttpResponse | None, forms.GatewayForm]:
    rights.require(user, "enter", Gateway)
    form = forms.GatewayForm(request.POST)
    code = request.POST.get("code", "").strip().upper()
    organisation = archive.reportable(user).filter(credit_code=code).first()
    if organisation is None:
        rights.get_visible(user, Organisation, credit_code=code)
        raise Http404
    if form.is_valid():
        try:
            made = writes.enter(user, organisation, **form.cleaned_data, request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            return redirect("gateway", made.pk), form
    return None, form


_PLACES = {
    "address": gettext_lazy("address of the broker"),
    "topic": gettext_lazy("topic"),
    "secret_name": gettext_lazy("variable of the password"),
    "message": gettext_lazy("message of the gateway"),
    "file": gettext_lazy("file in the folder"),
}


def _trouble(one: Gateway) -> dict[str, Any] | None:
    """Return what the way in complains of, where, and what to do."""
    found = writes.trouble_of(one)
    if found is None:
        return None
    return {
        "words": found.message(language()),
        "remedy": found.remedy(language()),
        "rule": found.rule,
        "place": _PLACES.get(found.heading, ""),
        "value": found.value,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def gateway(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a gateway; make or revoke a key, take it out of use, adopt an unknown point."""
    user = me(request)
    one = rights.get_visible(user, Gateway, pk=pk)
    made, form = "", None
    if request.method == "POST":
        answer, made, form = _done(request, user, one)
        if answer is not None:
            return answer
    else:
        audit.read_of(request, one, "gateway.read")
    seen = rights.visible(user, SeenPoint).filter(gateway=one)
    may_adopt = rights.can(user, "adopt", SeenPoint) and rights.can(user, "enter", Meter)
    now = timezone.now()
    return render(
        request,
        "metering/gateway.html",
        {
            "gateway": one,
            "organisation": one.organisation,
            "trouble": _trouble(one),
            "keys": [
                (key, key.holds(now))
                for key in rights.visible(user, ApiKey)
                .filter(gateway=one)
                .select_related("entered_by", "revoked_by")
            ],
            "made": made,
            "address": request.build_absolute_uri("/api/v1/readings"),
            "points": rights.visible(user, Meter)
            .filter(gateway=one, withdrawn_at__isnull=True)
            .order_by("point")[:_SHOWN],
            "seen": seen[:_SHOWN],
            "adopt_form": (
                form
                if isinstance(form, forms.AdoptForm)
                else forms.AdoptForm(organisation=one.organisation)
            )
            if may_adopt
            else None,
            "connect_form": (
                form
                if isinstance(form, forms.ConnectForm)
                else forms.ConnectForm(
                    instance=one,
                    initial={
                        "topic": one.topic or "tanfeng/+/readings",
                        "sends_as": one.sends_as or f"g{one.pk}",
                    },
                )
            )
            if one.link == Gateway.Link.MQTT and rights.can(user, "connect", one)
            else None,
            "folder": listening.folder_of(one) if one.link == Gateway.Link.FILE else None,
            "key_form": forms.KeyForm() if rights.can(user, "enter", one) else None,
            "topic": one.topic.replace("+", one.sends_as) or "—",
            "may_enter": rights.can(user, "enter", one),
        },
        status=422 if form is not None else 200,
    )


def _done(request: HttpRequest, user: User, one: Gateway) -> tuple[HttpResponse | None, str, Any]:
    """Do what a form of the page asks for; a key just made is shown on this answer alone."""
    do = request.POST.get("do", "")
    here = redirect("gateway", one.pk)
    form: Any = None
    try:
        if do == "key":
            rights.require(user, "enter", one)
            given = forms.KeyForm(request.POST)
            if not given.is_valid():
                raise BadRequest("no such term")
            days = timedelta(days=int(given.cleaned_data["days"]))
            _key, words = writes.make_key(
                user, one, expires_at=timezone.now() + days, request=request
            )
            return None, words, None
        if do == "revoke":
            prefix = request.POST.get("key", "")
            key = rights.get_visible(user, ApiKey, prefix=prefix, gateway=one)
            writes.revoke(user, key, request=request)
        elif do == "connect":
            rights.require(user, "connect", one)
            form = forms.ConnectForm(request.POST)
            if not form.is_valid():
                return None, "", form
            writes.connect(user, one, **form.cleaned_data, request=request)
        elif do in ("stop", "start"):
            writes.switch(user, one, active=do == "start", request=request)
        elif do == "adopt":
            rights.require(user, "enter", Meter)
            form = forms.AdoptForm(request.POST, organisation=one.organisation)
            if not form.is_valid():
                return None, "", form
            given_values = dict(form.cleaned_data)
            seen = rights.get_visible(user, SeenPoint, pk=given_values.pop("seen"), gateway=one)
            writes.adopt(user, seen, given_values.pop("meter"), request=request, **given_values)
        else:
            rights.require(user, "enter", one)
            raise BadRequest("no such step")
    except DataError as error:
        complain(form, error, request)
        return (None, "", form) if form is not None else (here, "", None)
    messages.success(request, _("Saved."))
    return here, "", None
