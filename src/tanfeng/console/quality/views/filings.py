"""Outage filings: the list, a new one, one with its files and steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality import machines, services
from tanfeng.console.quality.models import Evidence, Filing
from tanfeng.console.quality.views import common
from tanfeng.console.registers.mrv.files import examine
from tanfeng.errors import DataError

COLUMNS = (
    Column("number", gettext_lazy("Filing number"), sort="number"),
    *OF_ENTERPRISE,
    Column("kind", pgettext_lazy("outage filing", "Kind"), lambda row: row.get_kind_display(),
           sort="kind"),
    Column("points", gettext_lazy("Points"),
           lambda row: "、".join(one.point for one in row.meters.all())),
    Column("starts_on", gettext_lazy("From"), sort="starts_on"),
    Column("ends_on", pgettext_lazy("outage filing", "Until"), sort="ends_on"),
    Column("reason", gettext_lazy("Reason and measures")),
    Column("state", gettext_lazy("State"), lambda row: common.state(machines.FILING, row.state)[0],
           sort="state"),
    Column("filed_at", gettext_lazy("Filed"), sort="filed_at"),
    Column("accepted_at", gettext_lazy("Accepted"), sort="accepted_at"),
)  # fmt: skip


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FilingForm(forms.Form):
    """Which points, from when to when, why."""

    kind = forms.ChoiceField(
        label=pgettext_lazy("outage filing", "Kind"), choices=Filing.Kind.choices
    )
    starts_on = forms.DateField(label=gettext_lazy("From"), widget=_day())
    ends_on = forms.DateField(
        label=pgettext_lazy("outage filing", "Until"), widget=_day(), required=False,
        help_text=gettext_lazy("Left empty: until further notice"),
    )  # fmt: skip
    meters = forms.ModelMultipleChoiceField(
        Meter.objects.none(), label=gettext_lazy("Points"), widget=forms.CheckboxSelectMultiple
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason and measures"), max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("What is broken or stopped, what is done, how data is reported"),
    )  # fmt: skip
    file = forms.FileField(label=pgettext_lazy("outage filing", "Evidence"), required=False)

    def __init__(self, *args: Any, meters: QuerySet[Meter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["meters"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101  # narrows the type
        field.queryset = meters
        field.label_from_instance = lambda obj: f"{obj.point} {obj.name}"  # type: ignore[method-assign]


class FileForm(forms.Form):
    """A file that proves it."""

    file = forms.FileField(label=pgettext_lazy("outage filing", "Evidence"))


@require_safe
def filings(request: HttpRequest) -> HttpResponse:
    """List the filings in the person's scope."""
    user = me(request)
    rights.require(user, "view", Filing)
    seen = rights.visible(user, Filing)
    asked, rows = request.GET, seen
    if asked.get("state") in dict(machines.FILING.choices()):
        rows = rows.filter(state=asked["state"])
    if asked.get("kind") in Filing.Kind.values:
        rows = rows.filter(kind=asked["kind"])
    rows = common.of_firm(rows, request, "number")
    listing = Listing(
        request,
        rows.select_related("organisation__place"),
        name="outage-filings",
        title=gettext_lazy("Outage filings"),
        columns=COLUMNS,
        default_sort="-filed_at",
    )
    if listing.wants_export:
        listing.rows = listing.rows.prefetch_related("meters")
        return listing.export()
    counted = dict(
        Filing.objects.filter(pk__in=[one.pk for one in listing.page])
        .annotate(n=Count("meters"))
        .values_list("pk", "n")
    )
    return render(
        request,
        "quality/filings.html",
        {
            "listing": listing,
            "sort": listing.sort,
            "rows": [
                (one, counted.get(one.pk, 0), common.state(machines.FILING, one.state))
                for one in listing.page
            ],
            "waiting": seen.filter(state="filed").count(),
            "states": machines.FILING.choices(),
            "kinds": Filing.Kind.choices,
            "places": common.places(user),
            "may_file": rights.can(user, "file", Filing),
            "asked": asked,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """File an outage: an enterprise its own, the city on its behalf."""
    user = me(request)
    rights.require(user, "file", Filing)
    given = request.POST if request.method == "POST" else request.GET
    code = given.get("org", "").strip()[:18] or user.org_code
    if not code:
        return render(request, "quality/filing_choose.html", {})
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    meters = (
        rights.visible(user, Meter)
        .filter(organisation=organisation, point__isnull=False)
        .order_by("level", "point")
    )
    if request.method == "POST":
        form = FilingForm(request.POST, request.FILES, meters=meters)
        if form.is_valid():
            filing = _filed(request, organisation, form)
            if filing is not None:
                return redirect("outage-filing", filing.pk)
    else:
        first = common.day_of(given.get("from", "")) or timezone.localdate()
        picked = [one for one in given.getlist("meter") if one.isdecimal()]
        form = FilingForm(
            initial={"starts_on": first, "meters": picked, "kind": "fault"}, meters=meters
        )
    context = {"form": form, "organisation": organisation, "has_points": meters.exists()}
    return render(request, "quality/filing_new.html", context, status=422 if form.errors else 200)


def _filed(request: HttpRequest, organisation: Organisation, form: FilingForm) -> Filing | None:
    user, values = me(request), form.cleaned_data
    file = values["file"]
    try:
        if file:
            examine(file.read(), file.name)
            file.seek(0)
        filing = services.file_outage(user, organisation, values["meters"], values, request=request)
        if file:
            services.attach(user, filing, file.name, file.read(), request=request)
    except DataError as error:
        complain(form, error, request)
        return None
    messages.success(request, _("Filed as %s") % filing.number)
    return filing


@require_http_methods(["GET", "HEAD", "POST"])
def filing(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a filing with its points, files and steps; accept it, send it back, add a file."""
    user = me(request)
    one = rights.get_visible(user, Filing, pk=pk)
    form: FileForm | None = None
    if request.method == "POST":
        if request.POST.get("do") != "attach":
            common.step(request, machines.FILING, one)
            return redirect("outage-filing", one.pk)
        rights.require(user, "attach", one)
        form = FileForm(request.POST, request.FILES)
        if form.is_valid() and _attached(request, one, form):
            return redirect("outage-filing", one.pk)
    else:
        audit.read_of(request, one, "quality.read")
    may_attach = rights.can(user, "attach", one) and one.state in ("filed", "returned")
    return render(
        request,
        "quality/filing.html",
        {
            "filing": one,
            "organisation": one.organisation,
            "state": common.state(machines.FILING, one.state),
            "meters": one.meters.order_by("point"),
            "evidence": rights.visible(user, Evidence).filter(filing=one),
            "buttons": common.offered(machines.FILING, user, one),
            "form": form or (FileForm() if may_attach else None),
            "history": common.history(user, "filing", one),
        },
        status=422 if form is not None else 200,
    )


def _attached(request: HttpRequest, thing: Any, form: FileForm) -> bool:
    file = form.cleaned_data["file"]
    try:
        services.attach(me(request), thing, file.name, file.read(), request=request)
    except DataError as error:
        complain(form, error, request)
        return False
    return True


@require_safe
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out a file as it was handed in."""
    one = rights.get_visible(me(request), Evidence, pk=pk)
    return lists.kept_file(request, one, "quality.download", sha256=one.sha256)
