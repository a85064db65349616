"""Processes and machines of an enterprise: the tree below it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering import forms, services
from tanfeng.console.metering.models import ProcessUnit
from tanfeng.errors import DataError

_COLUMNS = (
    Column("name", gettext_lazy("Name"), sort="name"),
    Column("kind", gettext_lazy("Kind"), lambda row: row.get_kind_display(), sort="kind"),
    Column("parent", gettext_lazy("Part of"), lambda row: row.parent.name if row.parent else "",
           sort="parent__name"),
    Column("meter_count", gettext_lazy("Meters"), sort="meter_count"),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def units(request: HttpRequest, code: str) -> HttpResponse:
    """List the processes and machines of an enterprise; enter one or take one out."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    may = rights.can(user, "enter", ProcessUnit) and rights.can(user, "upload", organisation)
    form = forms.UnitForm(organisation=organisation)
    status = 200
    if request.method == "POST":
        rights.require(user, "enter", ProcessUnit)
        rights.require(user, "upload", organisation)
        answer, form = _changed(request, organisation)
        if answer is not None:
            return answer
        status = 422
    listing = Listing(
        request,
        rights.visible(user, ProcessUnit)
        .filter(organisation=organisation, removed_at__isnull=True)
        .select_related("parent")
        .annotate(meter_count=Count("meters", filter=Q(meters__withdrawn_at__isnull=True))),
        name="meter-units",
        title=gettext_lazy("Processes and equipment"),
        columns=_COLUMNS,
        default_sort="name",
    )
    if listing.wants_export:
        return listing.export()
    if request.method != "POST":
        audit.read_of(request, organisation, "meter.read")
    return render(
        request,
        "metering/units.html",
        {
            "organisation": organisation,
            "listing": listing,
            "form": form if may else None,
            "opened": status == 422,
            "sort": listing.sort,
        },
        status=status,
    )


def _changed(
    request: HttpRequest, organisation: Organisation
) -> tuple[HttpResponse | None, forms.UnitForm]:
    user, do = me(request), request.POST.get("do", "")
    form = forms.UnitForm(request.POST if do == "add" else None, organisation=organisation)
    here = redirect("meter-units", organisation.credit_code)
    try:
        if do == "add":
            if not form.is_valid():
                return None, form
            services.add_unit(user, organisation, **form.cleaned_data, request=request)
        elif do == "remove":
            pk = request.POST.get("unit", "")
            unit = rights.get_visible(
                user, ProcessUnit, pk=int(pk) if pk.isdecimal() else 0, organisation=organisation
            )
            services.remove_unit(user, unit, request=request)
        else:
            raise BadRequest("no such step")
    except DataError as error:
        complain(form if do == "add" else None, error, request)
        return (None, form) if do == "add" else (here, form)
    messages.success(request, _("Saved."))
    return here, form
