"""The page of a visit, made for a phone."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tanfeng.accounting import mrv_checks
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.registers.mrv import (
    documents,
    files,
    forms,
    machines,
    overview,
    services,
    tables,
)
from tanfeng.console.registers.mrv.models import (
    CheckAnswer,
    EmissionReport,
    Evidence,
    Finding,
    SpotCheck,
)
from tanfeng.console.registers.mrv.views import common
from tanfeng.console.registers.mrv.views.common import state
from tanfeng.errors import DataError


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a visit: why, who, the checklist, photographs, findings, the result."""
    user = me(request)
    one = rights.get_visible(user, SpotCheck, pk=pk)
    form: Any = None
    if request.method == "POST":
        answer, form = _changed(request, one)
        if answer is not None:
            return answer
    elif request.GET.get("format") in documents.MEDIA_TYPES:
        return documents.check_record(request, user, one, request.GET["format"])
    else:
        audit.read_of(request, one, "mrv.read")
    return render(
        request, "mrv/check.html", _context(request, one, form), status=422 if form else 200
    )


def _context(request: HttpRequest, one: SpotCheck, form: Any) -> dict[str, Any]:
    user = me(request)
    answers = {row.item: row for row in rights.visible(user, CheckAnswer).filter(check_of=one)}
    may = rights.can(user, "fill", one)
    shown = rights.visible(user, Evidence).filter(check_of=one)
    bound = {type(form): form} if form is not None else {}
    lang = language()
    return {
        "check": one,
        "report": one.report,
        "organisation": one.organisation,
        "state": state(machines.CHECK, one.state),
        "points": [
            {"point": point, "answer": answers.get(point.key)} for point in tables.checklist()
        ],
        "answered": len(answers),
        "results": CheckAnswer.Result.choices,
        "reasons": [
            {
                "title": mrv_checks.rules()[rule].title(lang),
                "count": count,
                "points": points,
            }
            for rule, (count, points) in one.reasons.items()
            if rule in mrv_checks.rules()
        ]
        if rights.can(user, "risk", EmissionReport)
        else [],
        "found": overview.View(user, one.report).told() if may else [],
        "photos": [row for row in shown if files.ending(row.file_name) in files.PICTURES],
        "papers": [row for row in shown if files.ending(row.file_name) not in files.PICTURES],
        "findings": [
            (row, *state(machines.FINDING, row.state))
            for row in rights.visible(user, Finding).filter(check_of=one)
        ],
        "may_fill": may,
        "visit_form": bound.get(forms.VisitForm, forms.VisitForm(instance=one)) if may else None,
        "photo_form": bound.get(forms.PhotoForm, forms.PhotoForm()) if may else None,
        "find_form": bound.get(forms.FindingForm) or overview.finding_form(request)
        if may
        else None,
        "open_find": forms.FindingForm in bound or "rule" in request.GET,
        "buttons": common.buttons(machines.CHECK, user, one),
        "history": common.history(user, machine="check", thing=one.pk),
    }


def _changed(request: HttpRequest, one: SpotCheck) -> tuple[HttpResponse | None, Any]:
    user, do = me(request), request.POST.get("do", "")
    here = redirect("mrv-check", one.pk)
    if common.knows(machines.CHECK, do):
        common.step(request, machines.CHECK, one)
        return here, None
    rights.require(user, "fill", one)
    form: Any = None
    try:
        if do == "answer":
            services.answer_points(user, one, _answers(request), request=request)
            return redirect(f"{here.url}#points"), None
        if do == "visit":
            form = forms.VisitForm(request.POST)
            if form.is_valid():
                services.fill_check(user, one, form.cleaned_data, request=request)
                return here, None
        elif do == "photo":
            form = forms.PhotoForm(request.POST, request.FILES)
            if form.is_valid():
                file = form.cleaned_data["file"]
                services.attach(
                    user, one.report, file.read(), file.name, {"kind": Evidence.Kind.PHOTO},
                    check_of=one, request=request,
                )  # fmt: skip
                return redirect(f"{here.url}#photos"), None
        elif do == "find":
            form = forms.FindingForm(request.POST)
            if form.is_valid():
                services.find(user, one.report, form.cleaned_data, check_of=one, request=request)
                return redirect(f"{here.url}#findings"), None
        else:
            raise BadRequest("no such step")
    except DataError as error:
        complain(form, error, request)
    return None, form


def _answers(request: HttpRequest) -> dict[str, tuple[str, str]]:
    return {
        point.key: (result, request.POST.get(f"remark-{point.key}", "").strip())
        for point in tables.checklist()
        if (result := request.POST.get(f"result-{point.key}", "")) in CheckAnswer.Result.values
    }
