"""When an enterprise produced and when it stood still: what it told, and telling it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering.models import ProcessUnit
from tanfeng.console.quality import production as telling
from tanfeng.console.quality.models import PRODUCTION, ProductionChange
from tanfeng.errors import DataError

COLUMNS = (
    Column("since", pgettext_lazy("production", "From"), sort="since"),
    Column("about", gettext_lazy("Enterprise or process"), lambda row: row.about),
    Column("producing", gettext_lazy("State"), lambda row: row.state),
    Column("reason", gettext_lazy("Reason")),
    Column("created_by", gettext_lazy("Entered by"), lambda row: str(row.created_by)),
    Column("created_at", gettext_lazy("Entered"), sort="created_at"),
    Column("withdrawn_at", pgettext_lazy("limit", "Withdrawn")),
    Column("withdrawn_by", gettext_lazy("Withdrawn by"), lambda row: str(row.withdrawn_by or "")),
    Column("withdrawn_reason", pgettext_lazy("production", "Why withdrawn")),
)  # fmt: skip


class StateForm(forms.Form):
    """What produces or stands still, from when on, and why."""

    unit = forms.ModelChoiceField(
        ProcessUnit.objects.none(), label=gettext_lazy("Process"), required=False,
        empty_label=gettext_lazy("The whole enterprise"),
    )  # fmt: skip
    producing = forms.TypedChoiceField(
        label=gettext_lazy("State"), coerce=lambda text: text == "yes",
        choices=[("no", PRODUCTION[False]), ("yes", PRODUCTION[True])],
    )  # fmt: skip
    since = forms.DateTimeField(
        label=pgettext_lazy("production", "From"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, required=False,
        help_text=gettext_lazy("Needed where it stands still: overhaul, no orders, a holiday"),
    )  # fmt: skip

    def __init__(self, organisation: Organisation, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  # told to the type checker
        field.queryset = ProcessUnit.objects.filter(organisation=organisation, removed_at=None)


@require_http_methods(["GET", "HEAD", "POST"])
def production(request: HttpRequest, code: str) -> HttpResponse:
    """List the states of an enterprise and its processes; it tells another or takes one back."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    form = StateForm(organisation)
    if request.method == "POST":
        if request.POST.get("do") == "withdraw":
            return _withdrawn(request, organisation)
        form = StateForm(organisation, request.POST)
        rights.require(user, "say", ProductionChange)
        if form.is_valid():
            try:
                telling.tell(user, organisation, form.cleaned_data, request=request)
            except DataError as error:
                complain(form, error, request)
            else:
                messages.success(request, _("Told; the days it is about are judged again"))
                return redirect("quality-production", code)
    rows = rights.visible(user, ProductionChange).filter(organisation=organisation)
    listing = Listing(
        request,
        rows.select_related("organisation", "unit", "created_by", "withdrawn_by"),
        name="production-states",
        title=_("Production states of %s") % organisation.name,
        columns=COLUMNS,
        default_sort="-since",
    )
    if listing.wants_export:
        return listing.export()
    audit.read_of(request, organisation, "quality.read")
    may_say = rights.can(user, "say", ProductionChange)
    return render(
        request,
        "quality/production.html",
        {
            "organisation": organisation,
            "listing": listing,
            "form": form if may_say else None,
            "now": rows.filter(withdrawn_at=None, unit=None).order_by("-since").first(),
        },
        status=422 if form.errors else 200,
    )


def _withdrawn(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    user, pk = me(request), request.POST.get("change", "")
    rows = rights.visible(user, ProductionChange).filter(organisation=organisation)
    change = get_object_or_404(rows, pk=pk if pk.isdecimal() else 0)
    try:
        telling.withdraw(user, change, request.POST.get("reason", ""), request=request)
    except DataError as error:
        complain(None, error, request)
    else:
        messages.success(request, _("Withdrawn; the days it is about are judged again"))
    return redirect("quality-production", organisation.credit_code)
