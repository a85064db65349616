"""Choosing whom to visit by risk, and the page of a visit, made for a phone."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from tanfeng.accounting import mrv_checks
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.lists import Column, attachment, workbook
from tanfeng.console.registers.mrv import (
    documents,
    files,
    forms,
    machines,
    months,
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

_COLUMNS = (
    Column("rank", gettext_lazy("Rank"), lambda row: row["rank"]),
    Column("name", gettext_lazy("Enterprise"), lambda row: row["report"].organisation.name),
    Column(
        "code",
        gettext_lazy("Unified social credit code"),
        lambda row: row["report"].organisation.credit_code,
    ),
    Column("score", gettext_lazy("Risk score (own weights)"), lambda row: row["score"]),
    Column(
        "reasons",
        gettext_lazy("Reasons"),
        lambda row: "; ".join(f"{one['title']} ×{one['count']}" for one in row["reasons"]),
    ),
    Column("check", gettext_lazy("Spot check"), lambda row: row["check_words"]),
)


@require_http_methods(["GET", "HEAD", "POST"])
def selection(request: HttpRequest) -> HttpResponse:
    """List the enterprises of a year by risk with every reason; plan visits to some."""
    user = me(request)
    rights.require(user, "risk", EmissionReport)
    seen = rights.visible(user, EmissionReport)
    years = sorted(set(seen.order_by().values_list("year", flat=True)), reverse=True)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else (years or [0])[0]
    if request.method == "POST":
        return _planned(request)
    ranked = _ranked(request, year)
    if request.GET.get("export") == "xlsx":
        event = audit.record("export.mrv-selection", request=request, rows=len(ranked), year=year)
        title = _("Risk of %d") % year
        return attachment(workbook(title, _COLUMNS, ranked, event=event), f"{title}.xlsx")
    lang = language()
    return render(
        request,
        "mrv/selection.html",
        {
            "rows": ranked,
            "year": year,
            "year_options": [(one, one) for one in years],
            "rules": [
                {"rule": one, "title": one.title(lang)} for one in mrv_checks.rules().values()
            ],
            "may_inspect": rights.can(user, "inspect", EmissionReport),
            "today": timezone.localdate(),
            "worth": sum(row["score"] > 0 for row in ranked),
        },
    )


def _ranked(request: HttpRequest, year: int) -> list[dict[str, Any]]:
    user, lang = me(request), language()
    reports = list(
        rights.visible(user, EmissionReport)
        .filter(year=year)
        .exclude(state="accepted")
        .select_related("organisation__place")
    )
    reasons: dict[str, list[dict[str, Any]]] = {}
    for row in months.risks(user, reports).iter_rows(named=True):
        title = mrv_checks.rules()[row["rule"]].title(lang)
        reasons.setdefault(row["org_code"], []).append(row | {"title": title})
    checks = {
        one.report_id: one
        for one in rights.visible(user, SpotCheck)
        .filter(report__in=reports)
        .exclude(state="cancelled")
        .order_by("pk")
    }
    rows: list[dict[str, Any]] = [
        {
            "report": report,
            "reasons": found,
            "score": found[0]["score"] if found else 0.0,
            "check": checks.get(report.pk),
            "check_words": _told(checks.get(report.pk))[0],
            "check_kind": _told(checks.get(report.pk))[1],
        }
        for report in reports
        for found in [reasons.get(report.organisation.credit_code, [])]
    ]
    rows.sort(key=lambda row: (-row["score"], row["report"].organisation.credit_code))
    return [row | {"rank": rank} for rank, row in enumerate(rows, start=1)]


def _told(check: SpotCheck | None) -> tuple[str, str]:
    return state(machines.CHECK, check.state) if check is not None else ("", "")


def _planned(request: HttpRequest) -> HttpResponse:
    user = me(request)
    rights.require(user, "inspect", EmissionReport)
    chosen = [key for key in request.POST.getlist("report") if key.isdecimal()]
    day = parse_date(request.POST.get("planned_on", "")) if chosen else None
    if not chosen or day is None:
        messages.error(request, _("Choose at least one enterprise and a day."))
        return redirect(f"{request.path}?{request.GET.urlencode()}")
    reports = rights.visible(user, EmissionReport).filter(pk__in=chosen)
    made = services.plan_checks(
        user, reports, planned_on=day, team=request.POST.get("team", "")[:120], request=request
    )
    text = ngettext("%(count)d visit planned.", "%(count)d visits planned.", len(made))
    messages.success(request, text % {"count": len(made)})
    return redirect(f"{request.path}?{request.GET.urlencode()}")


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
