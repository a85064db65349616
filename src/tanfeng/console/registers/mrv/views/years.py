"""The page of a carbon year, of one month of a parameter, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import documents, forms, machines, months, overview, services
from tanfeng.console.registers.mrv.models import (
    EmissionReport,
    Evidence,
    Finding,
    MonthlyFiling,
    QualityPlan,
    SpotCheck,
)
from tanfeng.console.registers.mrv.views import common
from tanfeng.console.registers.mrv.views.common import state
from tanfeng.console.registers.mrv.views.listing import method_name
from tanfeng.errors import DataError

#: Files shown on the page of a year.
SHOWN_FILES = 10


def _report(request: HttpRequest, code: str, year: int) -> EmissionReport:
    return rights.get_visible(
        me(request), EmissionReport, organisation__credit_code=code, year=year
    )


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """Show a carbon year: months, plan, findings, files, what is due next; take its steps."""
    report = _report(request, code, year)
    if request.method == "POST":
        return _changed(request, report)
    audit.read_of(request, report, "mrv.read")
    if request.GET.get("format") in documents.MEDIA_TYPES:
        return documents.findings_list(request, me(request), report, request.GET["format"])
    return render(request, "mrv/year.html", _year(request, report))


def _changed(request: HttpRequest, report: EmissionReport) -> HttpResponse:
    """Do what a form of the page asks for."""
    user, do = me(request), request.POST.get("do", "")
    form: Any = None
    if common.knows(machines.REPORT, do):
        common.step(request, machines.REPORT, report)
        return _back(report)
    try:
        if do == "edit":
            rights.require(user, "edit", report)
            form = _report_form(request, report)
            if form.is_valid():
                services.edit_report(user, report, form.cleaned_data, request=request)
                return _back(report)
        elif do == "attach":
            rights.require(user, "attach", report)
            form = forms.EvidenceForm(request.POST, request.FILES, kinds=("report", "other"))
            if form.is_valid():
                file = form.cleaned_data["file"]
                services.attach(
                    user, report, file.read(), file.name, form.values(), request=request
                )
                return _back(report)
        elif do == "plan":
            rights.require(user, "change", QualityPlan)
            form = forms.PlanForm(request.POST)
            if form.is_valid():
                plan = services.new_plan(
                    user, report.organisation, **form.cleaned_data, request=request
                )
                return redirect("mrv-plan", plan.pk)
        elif do == "find":
            rights.require(user, "find", report)
            form = forms.FindingForm(request.POST)
            if form.is_valid():
                services.find(user, report, form.cleaned_data, request=request)
                return _back(report)
        else:
            raise BadRequest("no such step")
    except DataError as error:
        complain(form, error, request)
    context = _year(request, report) | {f"{do}_form": form, "opened": do}
    return render(request, "mrv/year.html", context, status=422)


def _back(report: EmissionReport) -> HttpResponse:
    return redirect("mrv-year", report.organisation.credit_code, report.year)


def _report_form(request: HttpRequest, report: EmissionReport) -> forms.ReportForm:
    data = request.POST if request.method == "POST" else None
    return forms.ReportForm(data, instance=report, user=me(request), language=language())


def _year(request: HttpRequest, report: EmissionReport) -> dict[str, Any]:
    user = me(request)
    view = overview.View(user, report)
    run = report.run if report.run and rights.can(user, "view", report.run) else None
    return {
        "report": report,
        "organisation": report.organisation,
        "state": state(machines.REPORT, report.state),
        "method": method_name(report.method_key),
        "run": run,
        "accounts": _accounts(user, report),
        "stages": view.stages(),
        "rows": view.rows(),
        "months": list(months.MONTHS),
        "filed": view.filed_months,
        "due": view.due_months,
        "next": view.next_due(),
        "found": view.told(),
        "plans": [
            (one, *state(machines.PLAN, one.state))
            for one in rights.visible(user, QualityPlan).filter(organisation=report.organisation)
        ],
        "checks": [
            (one, *state(machines.CHECK, one.state))
            for one in rights.visible(user, SpotCheck).filter(report=report)
        ],
        "findings": [
            (one, *state(machines.FINDING, one.state))
            for one in rights.visible(user, Finding).filter(report=report)
        ],
        "open_findings": view.open_findings,
        **_documents(user, report),
        "history": common.history(user, report=report),
        "buttons": common.buttons(machines.REPORT, user, report),
        "edit_form": _report_form_or_none(request, user, report),
        "attach_form": forms.EvidenceForm(kinds=("report", "other"), initial={"kind": "report"})
        if rights.can(user, "attach", report)
        else None,
        "plan_form": forms.PlanForm(initial={"valid_from": f"{report.year}-01-01"})
        if rights.can(user, "change", QualityPlan)
        else None,
        "find_form": overview.finding_form(request) if rights.can(user, "find", report) else None,
        "may_enter": rights.can(user, "enter", report),
    }


def _accounts(user: User, report: EmissionReport) -> list[dict[str, Any]]:
    """Return the standing accounts of the year by a sector method beside what was filed.

    ``difference`` is the emission as filed less the account, in percent of the account; empty where
    either is not there. [%]
    """
    runs = rights.visible(user, MethodRun).filter(
        organisation=report.organisation, year=report.year, replaced_by=None
    )
    filed = report.total_tco2e
    return [
        {
            "number": run.number,
            "method": method_name(run.method_key),
            "total": run.emission_total_tco2e,
            "missing": run.missing_rows,
            "to_check": run.warning_count,
            "is_own": run.method_key == report.method_key,
            "difference": f"{(filed / run.emission_total_tco2e - 1.0) * 100.0:+.2f}"
            if filed is not None and run.emission_total_tco2e
            else "",
        }
        for run in runs.order_by("-number")
    ]


def _documents(user: User, report: EmissionReport) -> dict[str, Any]:
    """Return the newest files of the year and how many there are."""
    rows = rights.visible(user, Evidence).filter(report=report).select_related("entered_by")
    count = rows.count()
    return {
        "evidence": rows[:SHOWN_FILES],
        "evidence_count": count,
        "more_evidence": count > SHOWN_FILES,
    }


def _report_form_or_none(
    request: HttpRequest, user: User, report: EmissionReport
) -> forms.ReportForm | None:
    if not rights.can(user, "edit", report):
        return None
    return forms.ReportForm(instance=report, user=user, language=language())


@require_http_methods(["GET", "HEAD", "POST"])
def filing(request: HttpRequest, code: str, year: int, month: int, parameter: str) -> HttpResponse:
    """Show a month of a parameter: what stands, every version before, files, checks; file it."""
    report, user = _report(request, code, year), me(request)
    item = months.items(report).get((month, parameter))
    rows = rights.visible(user, MonthlyFiling).filter(
        report=report, month=month, parameter=parameter
    )
    now = rows.filter(known_to__isnull=True).first()
    if item is None and now is None:
        raise Http404
    form: Any = None
    do = request.POST.get("do", "")
    if request.method == "POST":
        answer, form = _filed(request, report, now, item, (month, parameter))
        if answer is not None:
            return answer
    else:
        audit.read_of(request, now or report, "mrv.read")
    told = [
        one
        for one in overview.View(user, report).told()
        if (one["month"], one["parameter"]) == (month, parameter)
    ]
    context = {
        "report": report,
        "organisation": report.organisation,
        "month": month,
        "month_text": f"{month:02d}",
        "places": _places(rows),
        "item": item,
        "name": item.name if item else parameter,
        "now": now,
        "state": state(machines.FILING, now.state) if now else None,
        "due": overview.month_due(report.year, month),
        "versions": rows.select_related("entered_by", "batch").order_by("-known_from"),
        "evidence": rights.visible(user, Evidence).filter(filing__in=rows),
        "found": told,
        "buttons": common.buttons(machines.FILING, user, now) if now else [],
        "history": common.history(
            user, machine="filing", thing__in=list(rows.values_list("pk", flat=True))
        ),
        "neighbours": overview.neighbours(report, month, parameter),
        **_filing_forms(user, report, now, item),
    }
    if form is not None:
        context["filing_form" if do == "file" else "attach_form"] = form
    return render(request, "mrv/filing.html", context, status=422 if form is not None else 200)


def _places(rows: Any) -> int:
    """Return the decimal places the values of a month were given with, four at most."""
    values = [one for row in rows for one in (row.value, row.invoice_value) if one is not None]
    return max((len(f"{one:.4f}".rstrip("0").partition(".")[2]) for one in values), default=0)


def _filing_forms(
    user: User, report: EmissionReport, now: MonthlyFiling | None, item: Any
) -> dict[str, Any]:
    may = rights.can(user, "enter", report) and item is not None
    names = ("value", "invoice_value", "sampled_on", "tested_on", "laboratory", "accredited")
    initial = {name: getattr(now, name) for name in names} if now else {}
    own = report.organisation
    stated = {"stated_name": own.name, "stated_code": own.credit_code}
    return {
        "filing_form": forms.FilingForm(initial=initial, correcting=now is not None)
        if may
        else None,
        "attach_form": forms.EvidenceForm(
            kinds=("lab", "invoice", "ledger", "photo", "other"), initial=stated
        )
        if now is not None and rights.can(user, "attach", report)
        else None,
    }


def _filed(
    request: HttpRequest,
    report: EmissionReport,
    now: MonthlyFiling | None,
    item: Any,
    key: tuple[int, str],
) -> tuple[HttpResponse | None, Any]:
    """Do what a form of the page asks for; the form comes back when something is wrong."""
    user, do = me(request), request.POST.get("do", "")
    here = redirect("mrv-filing", report.organisation.credit_code, report.year, *key)
    if now is not None and common.knows(machines.FILING, do):
        common.step(request, machines.FILING, now)
        return here, None
    form: Any
    try:
        if do == "file" and item is not None:
            rights.require(user, "enter", report)
            form = forms.FilingForm(request.POST, correcting=now is not None)
            if form.is_valid():
                values: Mapping[str, Any] = {**form.cleaned_data, "unit": item.unit}
                services.file_month(user, report, *key, values, request=request)
                messages.success(request, _("Filed. Somebody else of the enterprise reviews it."))
                return here, None
            return None, form
        if do == "attach" and now is not None:
            rights.require(user, "attach", report)
            form = forms.EvidenceForm(request.POST, request.FILES)
            if form.is_valid():
                file = form.cleaned_data["file"]
                services.attach(
                    user, report, file.read(), file.name, form.values(), filing=now,
                    request=request,
                )  # fmt: skip
                return here, None
            return None, form
    except DataError as error:
        complain(form, error, request)
        return None, form
    rights.require(user, "enter", report)
    raise BadRequest("no such step")


@require_safe
def evidence(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out a file of evidence as it was handed in."""
    one = rights.get_visible(me(request), Evidence, pk=pk)
    return lists.kept_file(request, one, "mrv.download", sha256=one.sha256)
