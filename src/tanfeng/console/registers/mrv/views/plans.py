"""The page of a version of the data-quality plan."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.registers.mrv import forms, machines, services
from tanfeng.console.registers.mrv.models import EmissionReport, PlanItem, QualityPlan
from tanfeng.console.registers.mrv.views import common
from tanfeng.console.registers.mrv.views.common import state
from tanfeng.errors import DataError


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a version of a plan; add, change and take out parameters; take its steps."""
    user = me(request)
    one = rights.get_visible(user, QualityPlan, pk=pk)
    form: Any = None
    if request.method == "POST":
        answer, form = _changed(request, one)
        if answer is not None:
            return answer
    else:
        audit.read_of(request, one, "mrv.read")
    items = rights.visible(user, PlanItem).filter(plan=one)
    may = rights.can(user, "change", one)
    if form is None and may:
        chosen = items.filter(parameter=request.GET.get("item", "")).first()
        form = forms.ItemForm(initial=_of(chosen) if chosen else None)
    years = rights.visible(user, EmissionReport).filter(organisation=one.organisation)
    return render(
        request,
        "mrv/plan.html",
        {
            "plan": one,
            "organisation": one.organisation,
            "state": state(machines.PLAN, one.state),
            "items": items,
            "form": form,
            "open_form": form is not None and (form.is_bound or bool(request.GET.get("item"))),
            "changed": _changes(one),
            "buttons": common.buttons(machines.PLAN, user, one),
            "history": common.history(user, machine="plan", thing=one.pk),
            "years": years.order_by("-year"),
            "versions": rights.visible(user, QualityPlan).filter(organisation=one.organisation),
            "states": {key: str(label) for key, label in machines.PLAN.choices()},
        },
        status=422 if form is not None and form.is_bound else 200,
    )


def _changed(request: HttpRequest, one: QualityPlan) -> tuple[HttpResponse | None, Any]:
    user, do = me(request), request.POST.get("do", "")
    here = redirect("mrv-plan", one.pk)
    if common.knows(machines.PLAN, do):
        common.step(request, machines.PLAN, one)
        return here, None
    rights.require(user, "change", one)
    if do == "remove":
        services.remove_item(user, one, request.POST.get("parameter", ""), request=request)
        return here, None
    if do != "item":
        raise BadRequest("no such step")
    form = forms.ItemForm(request.POST)
    if form.is_valid():
        given = dict(form.cleaned_data)
        try:
            services.set_item(user, one, given.pop("parameter"), given, request=request)
        except DataError as error:
            complain(form, error, request)
        else:
            return here, None
    return None, form


def _of(item: PlanItem) -> dict[str, Any]:
    return {
        "parameter": item.parameter,
        **{name: getattr(item, name) for name in services.ITEM},
    }


def _changes(one: QualityPlan) -> list[tuple[str, str, str]]:
    """Return what this version changed against the one before: parameter, before, after."""
    before = QualityPlan.objects.filter(
        organisation=one.organisation_id, version=one.version - 1
    ).first()
    if before is None:
        return []
    old = {item.parameter: item for item in before.items.all()}
    new = {item.parameter: item for item in one.items.all()}
    found: list[tuple[str, str, str]] = []
    for key in old | new:
        if key not in old or key not in new:
            name = (new.get(key) or old[key]).name
            found.append((name, "—" if key not in old else "✓", "—" if key not in new else "✓"))
            continue
        for field in services.ITEM:
            was, now = getattr(old[key], field), getattr(new[key], field)
            if was != now:
                label = PlanItem._meta.get_field(field).verbose_name  # type: ignore[union-attr]
                found.append((f"{new[key].name}: {label}", _told(was), _told(now)))
    return found


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "✓" if value else "—"
    return "—" if value in (None, "") else str(value)
