"""The page of a compliance account, and the files of this register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.accounting import market
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.library.links import row_url
from tanfeng.console.registers.market import forms, machines, overview, services
from tanfeng.console.registers.market.models import (
    Facility,
    MarketEvidence,
    Movement,
    Position,
)
from tanfeng.console.registers.market.views.common import BASES, FORECASTS, pill, surrender_state
from tanfeng.console.registers.mrv import machines as mrv
from tanfeng.console.registers.mrv.models import EmissionReport
from tanfeng.errors import DataError

MOVED = (
    Column("date", gettext_lazy("Day"), sort="date"),
    Column("kind", gettext_lazy("Kind"), lambda row: row.get_kind_display(), sort="kind"),
    Column("document", gettext_lazy("Transaction number")),
    Column("amount", gettext_lazy("Quantity moved"), lambda row: row.amount_t, unit="t", places=0),
    Column("vintage", gettext_lazy("Allowances of the year")),
    Column("to_vintage", gettext_lazy("Carried into")),
    Column("compliance_year", gettext_lazy("For the compliance year")),
    Column("counterparty", gettext_lazy("Counterparty"),
           lambda row: row.get_counterparty_display()),
    Column("basis", gettext_lazy("Document and clause")),
    Column("state", gettext_lazy("State"),
           lambda row: str(machines.MOVEMENT.state(row.state).label)),
    Column("entered_by", gettext_lazy("Entered by"), lambda row: str(row.entered_by)),
    Column("remark", gettext_lazy("Remark")),
    Column("reason", gettext_lazy("Why it was withdrawn")),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """Show an account: position, months, rule, movements, duty; take what its forms ask for."""
    user = me(request)
    position = rights.get_visible(user, Position, organisation__credit_code=code, year=year)
    if request.method == "POST":
        return _changed(request, position)
    if request.GET.get("export") == "xlsx":
        return _movements(request, position)
    audit.read_of(request, position, "market.read")
    return render(request, "market/year.html", _context(request, position))


def _movements(request: HttpRequest, position: Position) -> HttpResponse:
    """Hand out every movement of the enterprise, the withdrawn ones included."""
    rows = rights.visible(me(request), Movement).filter(organisation=position.organisation_id)
    return Listing(
        request,
        rows.select_related("entered_by").order_by("-date", "-pk"),
        name="market-movements",
        title=_("Movements of %s") % position.organisation.name,
        columns=MOVED,
    ).export()


def _context(request: HttpRequest, position: Position) -> dict[str, Any]:
    user = me(request)
    view = overview.View(user, position)
    state = surrender_state(position.is_settled, position.due_on, view.today)
    others = rights.visible(user, Position).filter(organisation=position.organisation_id)
    seen = rights.visible(user, MarketEvidence).filter(position=position)
    report = view.report()
    return {
        "position": position,
        "organisation": position.organisation,
        "state": pill(state),
        "left": (position.due_on - view.today).days if position.due_on else None,
        "left_over": (view.today - position.due_on).days if position.due_on else None,
        "spare": None if position.missing_t is None else -position.missing_t,
        "due_url": row_url(position.due_ref) if position.due_ref else "",
        "forecast": FORECASTS.get(position.forecast_method, ""),
        "allowance_from": BASES[position.allowance_basis],
        "note": position.allowance_note[language() == "en"] if position.allowance_note else "",
        "source_url": view.source_url(),
        "method_run": view.method_run(),
        "told": view.sources(),
        "report": report,
        "report_state": mrv.REPORT.state(report.state) if report else None,
        "limits": view.limits(),
        "waterfall": view.waterfall(),
        "months": view.months(),
        "rule": view.rule(),
        "units": [(one, _class_name(position, one)) for one in position.facilities.all()],
        "movements": view.rows(),
        "holdings": view.holdings(),
        "claims": view.claims(),
        "evidence": seen.select_related("entered_by"),
        "years": [one.year for one in others.only("year").order_by("year")],
        **_forms(request, position, report),
    }


def _class_name(position: Position, unit: Facility) -> str:
    names = market.CLASSES[position.sector].get(unit.facility_class)
    return names[language() == "en"] if names else unit.facility_class


def _forms(
    request: HttpRequest, position: Position, report: EmissionReport | None
) -> dict[str, Any]:
    """Return the forms the person may use, filled with what stands."""
    user = me(request)
    may_enter = rights.can(user, "enter", position)
    wanted = position.facilities.filter(unit=request.GET.get("unit", "")).first()
    return {
        "unit_form": forms.UnitForm(
            instance=wanted, sector=position.sector, language=language(), auto_id="unit-%s"
        )
        if may_enter
        else None,
        "unit_open": wanted is not None,
        "move_form": forms.MovementForm(
            initial={"vintage": position.year, "kind": "allocated", "counterparty": "authority"}
        )
        if may_enter
        else None,
        "verify_form": forms.VerifyForm(
            auto_id="verify-%s",
            initial=_verified(position, report),
        )
        if rights.can(user, "verify", position)
        else None,
        "state_form": forms.AccountForm(instance=position, auto_id="account-%s")
        if rights.can(user, "state", position)
        else None,
        "file_form": forms.FileForm() if rights.can(user, "attach", position) else None,
    }


def _verified(position: Position, report: EmissionReport | None) -> dict[str, Any]:
    """Return what the form of the verified emission opens with; a verified report proposes it."""
    if position.verified_tco2 is None and report and report.state in ("verified", "accepted"):
        return {"verified_tco2": report.total_tco2e, "document": ""}
    return {"verified_tco2": position.verified_tco2, "document": position.verified_document}


def _changed(request: HttpRequest, position: Position) -> HttpResponse:
    """Do what a form of the page asks for."""
    do = request.POST.get("do", "")
    here = redirect("market-year", position.organisation.credit_code, position.year)
    if any(one.key == do for one in machines.MOVEMENT.transitions):
        _step(request, position, do)
        return here
    action = _ACTIONS.get(do)
    if action is None:
        raise BadRequest("no such step")
    form = action(request, position)
    if form is None:
        messages.success(request, _("Saved."))
        return here
    context = _context(request, position) | {f"{do}_form": form, "opened": do}
    return render(request, "market/year.html", context, status=422)


def _step(request: HttpRequest, position: Position, do: str) -> None:
    movement = rights.get_visible(
        me(request), Movement, pk=_number(request), organisation=position.organisation_id
    )
    rights.require(me(request), do, movement)
    remark = request.POST.get("remark", "").strip()
    try:
        services.decide(me(request), movement, do, remark, request=request)
    except DataError as error:
        complain(None, error, request)
        return
    messages.success(request, _("Done: %s") % machines.MOVEMENT.transition(do).label)


def _number(request: HttpRequest) -> int:
    text = request.POST.get("movement", "")
    if not text.isdecimal() or len(text) > 15:
        raise Http404
    return int(text)


def _written(form: Any, request: HttpRequest, write: Callable[[dict[str, Any]], object]) -> Any:
    """Write what a form says; return it when something is wrong with it."""
    if not form.is_valid():
        return form
    try:
        write(form.cleaned_data)
    except DataError as error:
        complain(form, error, request)
        return form
    return None


def _unit(request: HttpRequest, position: Position) -> Any:
    user = me(request)
    rights.require(user, "enter", position)
    form = forms.UnitForm(
        request.POST, sector=position.sector, language=language(), auto_id="unit-%s"
    )
    return _written(
        form,
        request,
        lambda given: services.set_unit(user, position, given.pop("unit"), given, request=request),
    )


def _unit_out(request: HttpRequest, position: Position) -> None:
    services.remove_unit(me(request), position, request.POST.get("unit", ""), request=request)


def _move(request: HttpRequest, position: Position) -> Any:
    user = me(request)
    rights.require(user, "enter", position)
    return _written(
        forms.MovementForm(request.POST),
        request,
        lambda given: services.move(user, position.organisation, given, request=request),
    )


def _verify(request: HttpRequest, position: Position) -> Any:
    user = me(request)
    rights.require(user, "verify", position)
    return _written(
        forms.VerifyForm(request.POST, auto_id="verify-%s"),
        request,
        lambda given: services.verify(user, position, **given, request=request),
    )


def _state(request: HttpRequest, position: Position) -> Any:
    user = me(request)
    rights.require(user, "state", position)
    return _written(
        forms.AccountForm(request.POST, auto_id="account-%s"),
        request,
        lambda given: services.state_account(
            user,
            position,
            sector=given["sector"],
            due_on=given["stated_due_on"],
            document=given["stated_document"],
            request=request,
        ),
    )


def _file(request: HttpRequest, position: Position) -> Any:
    user = me(request)
    movement = None
    if request.POST.get("movement"):
        movement = rights.get_visible(
            user, Movement, pk=_number(request), organisation=position.organisation_id
        )
        rights.require(user, "enter", movement)
    else:
        rights.require(user, "attach", position)
    return _written(
        forms.FileForm(request.POST, request.FILES),
        request,
        lambda given: services.attach(
            user,
            given["file"].read(),
            given["file"].name,
            position=None if movement else position,
            movement=movement,
            request=request,
        ),
    )


_ACTIONS: dict[str, Callable[[HttpRequest, Position], Any]] = {
    "unit": _unit,
    "unit-out": _unit_out,
    "move": _move,
    "verify": _verify,
    "state": _state,
    "file": _file,
}


@require_safe
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out a file of evidence as it was handed in."""
    one = rights.get_visible(me(request), MarketEvidence, pk=pk)
    return lists.kept_file(request, one, "market.download", sha256=one.sha256)
