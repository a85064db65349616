"""The uncertainty of a method account: every input, what is stated of it, and what follows."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng import sheets
from tanfeng.console.accounting import method_files, method_pages, uncertainty, uncertainty_services
from tanfeng.console.accounting.models import InputUncertainty, MethodRun
from tanfeng.console.accounting.views.common import signed_in
from tanfeng.console.core import audit, jobs, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.errors import ModelError
from tanfeng.reports.document import words
from tanfeng.reports.method_uncertainty import uncertainty_table


class StatementForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Half width, distribution, what errs together, and the grounds."""

    class Meta:
        """What a person states."""

        model = InputUncertainty
        fields = ("relative_pct", "distribution", "together", "group", "grounds")
        labels: ClassVar = {
            "relative_pct": gettext_lazy("Half width of the 95 % interval (%)"),
            "together": gettext_lazy("The rows share one error, as those of one meter do"),
            "group": gettext_lazy("Shared with other inputs (a name, such as one scale)"),
            "grounds": gettext_lazy("Grounds: certificate, class of the meter, document"),
        }
        widgets: ClassVar = {
            "relative_pct": forms.NumberInput(
                attrs={"min": 0, "max": uncertainty_services.WIDEST, "step": "any"}
            ),
        }

    def _post_clean(self) -> None:
        """Leave the instance alone: the service writes."""


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, run_number: int) -> HttpResponse:
    """Show every input of an account with its uncertainty, and take a statement."""
    user = signed_in(request)
    run = rights.get_visible(user, MethodRun, number=run_number)
    key = (request.POST if request.method == "POST" else request.GET).get("input", "")[:160]
    form = None
    if request.method == "POST":
        rights.require(user, "upload", run.organisation)
        form = StatementForm(request.POST)
        if _done(request, run, key, form):
            return redirect("method-uncertainty", run_number=run.number)
    else:
        audit.read_of(request, run)
    panel = uncertainty.panel(run)
    if request.GET.get("export") == "xlsx":
        return _workbook(request, run, panel)
    chosen = next((row for row in panel["rows"] if row["key"] == key), None)
    may_state = rights.can(user, "upload", run.organisation)
    if chosen is not None and form is None and may_state:
        form = StatementForm(instance=chosen["stated"])
    return render(
        request,
        "accounting/method_uncertainty.html",
        {
            "run": run,
            "organisation": run.organisation,
            "method": method_files.opened(run).told["method"],
            "method_title": method_pages.method_name(run.method_key),
            "panel": panel,
            "chosen": chosen,
            "form": form if chosen is not None else None,
            "may_state": may_state,
        },
        status=400 if form is not None and form.is_bound else 200,
    )


def _done(request: HttpRequest, run: MethodRun, key: str, form: StatementForm) -> bool:
    """Take a statement, or withdraw one; tell what is wrong where it cannot be taken."""
    user = signed_in(request)
    try:
        if request.POST.get("do") == "withdraw":
            uncertainty_services.withdraw(user, run, key, request=request)
            messages.success(request, _("Withdrawn; the input counts as without a statement."))
            return True
        if not form.is_valid():
            return False
        uncertainty_services.state(user, run, key, request=request, **form.cleaned_data)
    except ModelError as error:
        form.add_error(None, jobs.explain(error))
        return False
    messages.success(request, _("Stated."))
    return True


def _workbook(request: HttpRequest, run: MethodRun, panel: dict[str, Any]) -> HttpResponse:
    event = audit.record(
        "export.uncertainty", request=request, thing=run,
        number=run.number, rows=len(panel["rows"]),
    )  # fmt: skip
    told = uncertainty.reported(run)
    if told is None:
        raise Http404
    lang = language()
    content = sheets.tables_workbook(
        [uncertainty_table(told, words(lang))],
        lang=lang, demo=run.is_demo, stamp=lists.stamp(event),
        as_of=timezone.localtime().strftime("%Y-%m-%d %H:%M"),
    )  # fmt: skip
    title = _("Uncertainty of account M%s") % run.number
    return lists.attachment(content, f"{run.organisation.name} {run.year} {title}.xlsx")
