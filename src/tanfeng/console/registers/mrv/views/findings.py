"""The page of a finding: what is wrong, the answers, what was decided."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tanfeng.accounting import mrv_checks
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.registers.mrv import forms, machines, services
from tanfeng.console.registers.mrv.models import Correction, Evidence, Finding
from tanfeng.console.registers.mrv.views import common
from tanfeng.console.registers.mrv.views.common import state
from tanfeng.errors import DataError


@require_http_methods(["GET", "HEAD", "POST"])
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a finding with its answers and files; answer it, accept it or send it back."""
    user = me(request)
    one = rights.get_visible(user, Finding, pk=pk)
    form: Any = None
    if request.method == "POST":
        answer, form = _changed(request, one)
        if answer is not None:
            return answer
    else:
        audit.read_of(request, one, "mrv.read")
    buttons = common.buttons(machines.FINDING, user, one)
    may_answer = any(step.key == "answer" for step in buttons)
    rule = mrv_checks.rules().get(one.rule)
    checks = one.check_of if one.check_of and rights.can(user, "view", one.check_of) else None
    return render(
        request,
        "mrv/finding.html",
        {
            "finding": one,
            "report": one.report,
            "organisation": one.organisation,
            "check": checks,
            "state": state(machines.FINDING, one.state),
            "rule": rule.title(language()) if rule else "",
            "late": one.state in ("open", "returned") and one.due_on < timezone.localdate(),
            "corrections": rights.visible(user, Correction).filter(finding=one),
            "evidence": rights.visible(user, Evidence).filter(finding=one),
            "buttons": [step for step in buttons if step.key != "answer"],
            "answer_form": forms.AnswerForm() if may_answer else None,
            "attach_form": form
            or (forms.EvidenceForm(initial={"kind": "other"}) if may_answer else None),
            "history": common.history(user, machine="finding", thing=one.pk),
        },
        status=422 if form is not None else 200,
    )


def _changed(request: HttpRequest, one: Finding) -> tuple[HttpResponse | None, Any]:
    user, do = me(request), request.POST.get("do", "")
    here = redirect("mrv-finding", one.pk)
    if common.knows(machines.FINDING, do):
        common.step(request, machines.FINDING, one)
        return here, None
    rights.require(user, "answer", one)
    if do != "attach":
        raise BadRequest("no such step")
    form = forms.EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            services.attach(
                user, one.report, file.read(), file.name, form.values(), finding=one,
                request=request,
            )  # fmt: skip
        except DataError as error:
            complain(form, error, request)
        else:
            return here, None
    return None, form
