"""Limits of quality: what stands, since when and by what, and every change; the city sets them."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.core import rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.quality import limits as setting
from tanfeng.console.quality.limits_in_force import UNITS, standing
from tanfeng.console.quality.models import LimitChange
from tanfeng.errors import DataError
from tanfeng.metering.limit_changes import CHANGEABLE
from tanfeng.metering.quality import quality_rules


def _name(rule: str) -> str:
    one = quality_rules()[rule]
    return one.name_en if language() == "en" else one.name_zh


def _unit(rule: str) -> str:
    unit = quality_rules()[rule].unit
    return str(UNITS.get(unit, unit))


def _choice(rule: str) -> str:
    unit = _unit(rule)
    return f"{_name(rule)} [{unit}]" if unit else _name(rule)


COLUMNS = (
    Column("rule", pgettext_lazy("quality", "Limit"), lambda row: _name(row.rule), sort="rule"),
    Column("value", gettext_lazy("Value"), places=4),
    Column("unit", gettext_lazy("Unit"), lambda row: _unit(row.rule)),
    Column("shipped", gettext_lazy("Shipped value"),
           lambda row: quality_rules()[row.rule].value, places=4),
    Column("valid_from", gettext_lazy("Valid from"), sort="valid_from"),
    Column("document", gettext_lazy("Document")),
    Column("clause", gettext_lazy("Clause")),
    Column("checked", pgettext_lazy("limit", "Read in the document")),
    Column("note", gettext_lazy("Note")),
    Column("created_by", pgettext_lazy("limit", "Set by"), lambda row: str(row.created_by)),
    Column("created_at", pgettext_lazy("limit", "Set on"), sort="created_at"),
    Column("withdrawn_at", pgettext_lazy("limit", "Withdrawn")),
    Column("withdrawn_by", gettext_lazy("Withdrawn by"), lambda row: str(row.withdrawn_by or "")),
    Column("withdrawn_reason", gettext_lazy("Reason")),
)  # fmt: skip


class LimitForm(forms.Form):
    """A limit, from when, and where it is written."""

    rule = forms.ChoiceField(label=pgettext_lazy("quality", "Limit"))
    value = forms.FloatField(label=gettext_lazy("Value"), min_value=0)
    valid_from = forms.DateField(
        label=gettext_lazy("Valid from"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The 1st of a month: a month has one limit"),
    )  # fmt: skip
    document = forms.CharField(label=gettext_lazy("Document"), max_length=200)
    clause = forms.CharField(label=gettext_lazy("Clause"), max_length=80, required=False)
    checked = forms.BooleanField(
        label=gettext_lazy("I read the value in the document; otherwise it is to be verified"),
        required=False,
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)

    def __init__(self, *args: object, **words: object) -> None:
        super().__init__(*args, **words)  # type: ignore[arg-type]
        field = self.fields["rule"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # told to the type checker
        field.choices = [(one, _choice(one)) for one in CHANGEABLE]


@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: HttpRequest) -> HttpResponse:
    """Show the limits as they stand with every change; the city sets or withdraws one."""
    user = me(request)
    rights.require(user, "view", LimitChange)
    form = LimitForm(initial={"valid_from": timezone.localdate().replace(day=1)})
    if request.method == "POST":
        rights.require(user, "set", LimitChange)
        if request.POST.get("do") == "withdraw":
            return _withdrawn(request)
        form = LimitForm(request.POST)
        if form.is_valid():
            try:
                setting.set_limit(user, form.cleaned_data["rule"], form.cleaned_data,
                                  request=request)  # fmt: skip
            except DataError as error:
                complain(form, error, request)
            else:
                messages.success(request, _("Set; what was judged since is judged again"))
                return redirect("quality-limits")
    rows = rights.visible(user, LimitChange).select_related("created_by", "withdrawn_by")
    listing = Listing(
        request, rows, name="limits", title=gettext_lazy("Changed limits of quality"),
        columns=COLUMNS, default_sort="-created_at",
    )  # fmt: skip
    if listing.wants_export:
        return listing.export()
    stands = standing(timezone.localdate())
    return render(
        request,
        "quality/limits.html",
        {
            "stands": stands,
            "changed": sum(one.change is not None for one in stands),
            "listing": listing,
            "rows": [(one, _name(one.rule)) for one in listing.page],
            "form": form if rights.can(user, "set", LimitChange) else None,
        },
        status=422 if form.errors else 200,
    )


def _withdrawn(request: HttpRequest) -> HttpResponse:
    pk = request.POST.get("change", "")
    change = get_object_or_404(LimitChange, pk=pk if pk.isdecimal() else 0)
    try:
        setting.withdraw_limit(me(request), change, request.POST.get("reason", ""),
                               request=request)  # fmt: skip
    except DataError as error:
        complain(None, error, request)
    else:
        messages.success(request, _("Withdrawn; what was judged since is judged again"))
    return redirect("quality-limits")
