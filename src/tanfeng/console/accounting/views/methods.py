"""Accounts by sector methods: the list, handing in a workbook, one account, one of its lines."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng import reports
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import method_files, method_pages, method_services, uncertainty
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.accounting.views.common import choice, number, signed_in
from tanfeng.console.accounting.views.paging import counted_page
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, jobs, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.errors import DataError, ModelError, StandardError
from tanfeng.periods import FIRST_YEAR, LAST_YEAR
from tanfeng.reports.method_document import method_document
from tanfeng.reports.method_report import method_workbook
from tanfeng.sheets.method_account import weakest
from tanfeng.sheets.method_template import method_template

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FORMATS = ("xlsx", "docx", "workbook")
#: Sectors of enterprises -> sectors of methods, where the words differ.
_SECTORS = {
    "petrochemical": ("petrochemicals", "chemicals"),
    "equipment": ("machinery",),
}


class MethodForm(forms.Form):
    """A filled-in workbook, the method it was filled in for, and the year."""

    method = forms.ChoiceField(label=gettext_lazy("Sector method"))
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)
    file = forms.FileField(
        label=gettext_lazy("Filled-in workbook"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
    )
    partial = forms.BooleanField(
        label=gettext_lazy("Leave rows with an error out and list them with the account"),
        required=False,
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ChoiceField", self.fields["method"])
        keys = ordered(organisation)
        field.choices = [(key, method_pages.method_name(key)) for key in keys]
        self.fields["method"].initial = keys[0]


def ordered(organisation: Organisation) -> list[str]:
    """Return the methods, those of the enterprise's sector first."""
    sector = organisation.sector
    own = _SECTORS.get(sector, (sector,))
    return sorted(METHODS, key=lambda key: METHODS[key].sector not in own)


_COLUMNS = (
    lists.Column("number", gettext_lazy("No."), lambda run: f"M{run.number}", sort="number"),
    lists.Column("organisation__name", gettext_lazy("Enterprise"), sort="organisation__name"),
    lists.Column("organisation__credit_code", gettext_lazy("Credit code")),
    lists.Column(
        "method", gettext_lazy("Method"), lambda run: method_pages.method_name(run.method_key)
    ),
    lists.Column("year", gettext_lazy("Year"), sort="year"),
    lists.Column(
        "emission_total_tco2e",
        gettext_lazy("Emission"),
        sort="emission_total_tco2e",
        unit="tCO2e",
        places=2,
    ),
    lists.Column("missing_rows", gettext_lazy("Rows not counted"), sort="missing_rows"),
    lists.Column("warning_count", gettext_lazy("To check"), sort="warning_count"),
    lists.Column("replaced", gettext_lazy("Replaced by"), lambda run: _replaced(run)),
    lists.Column("created_at", gettext_lazy("Computed"), sort="created_at"),
    lists.Column("created_by", gettext_lazy("By")),
)


def _replaced(run: MethodRun) -> str:
    later = getattr(run, "replaced_by", None)
    return f"M{later.number}" if later else ""


@require_safe
def methods(request: HttpRequest) -> HttpResponse:
    """List the method accounts the person may see."""
    user = signed_in(request)
    rows = rights.visible(user, MethodRun).select_related(
        "organisation", "created_by", "replaced_by"
    )
    text = request.GET.get("q", "").strip()[:80]
    key = choice(request, "method", METHODS, "")
    state = choice(request, "state", ("all",), "")
    year = number(request, "year")
    if text:
        name, code = Q(organisation__name__icontains=text), Q(organisation__credit_code=text)
        rows = rows.filter(name | code)
    if key:
        rows = rows.filter(method_key=key)
    if year is not None:
        rows = rows.filter(year=year)
    if not state:
        rows = rows.filter(replaced_by=None)
    listing = lists.Listing(
        request,
        rows,
        name="methods",
        title=_("Accounts by sector methods"),
        columns=_COLUMNS,
        default_sort="-number",
    )
    if listing.wants_export:
        return listing.export()
    for run in listing.page:
        run.method_name = method_pages.method_name(run.method_key)
    years = rights.visible(user, MethodRun).order_by("-year").values_list("year", flat=True)
    return render(
        request,
        "accounting/methods.html",
        {
            "listing": listing,
            "page": listing.page,
            "sort": listing.sort,
            "text": text,
            "key": key,
            "year": year,
            "state": state,
            "states": [("", _("Current")), ("all", _("With replaced ones"))],
            "years": list(dict.fromkeys(years)),
            "methods": [(one, method_pages.method_name(one)) for one in METHODS],
        },
    )


@require_safe
def template(request: HttpRequest, method_key: str) -> HttpResponse:
    """Hand out the empty workbook of a method."""
    if method_key not in METHODS:
        raise Http404
    method = METHODS[method_key]
    content = method_template(method, lang=language())
    return lists.attachment(content, f"{method_pages.method_name(method_key)}.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, credit_code: str) -> HttpResponse:
    """Choose the method, hand in its workbook, and see every problem or the account."""
    user = signed_in(request)
    organisation = rights.get_visible(user, Organisation, credit_code=credit_code)
    rights.require(user, "upload", organisation)
    form = MethodForm(
        request.POST or None,
        request.FILES or None,
        organisation=organisation,
        initial={"year": timezone.localdate().year - 1},
    )
    problems: list[Any] = []
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            run = method_services.account(
                user,
                organisation,
                asked["file"].read(),
                asked["file"].name,
                method_key=asked["method"],
                year=asked["year"],
                partial=asked["partial"],
                request=request,
            )
        except DataError as error:
            problems = list(error.problems)
        except (ModelError, StandardError) as error:
            form.add_error(None, jobs.explain(error))
        else:
            return redirect("method-run", run_number=run.number)
    elif request.method != "POST":
        audit.read_of(request, organisation)
    context = {
        "organisation": organisation,
        "form": form,
        "problems": problems,
        "errors": sum(one.severity == "error" for one in problems),
        "methods": [_offered(key) for key in ordered(organisation)],
    }
    status = 200 if request.method != "POST" else 400
    return render(request, "accounting/method_new.html", context, status=status)


def _offered(key: str) -> dict[str, Any]:
    method = METHODS[key]
    return {
        "key": key,
        "number": method.number,
        "title": method.title_en if language() == "en" else method.title_zh,
        "edition": method.edition,
        "span": f"{method.valid_from or '…'} – {method.valid_to or '…'}",
        "streams": len(method.streams),
        "confidence": weakest(None, method),
    }


@require_safe
def show(request: HttpRequest, run_number: int) -> HttpResponse:
    """Show an account, or hand out its report or the workbook it rests on."""
    user = signed_in(request)
    run = rights.get_visible(user, MethodRun, number=run_number)
    kind = choice(request, "format", _FORMATS, "")
    if kind:
        return _file(request, run, kind)
    audit.read_of(request, run)
    kept = method_files.opened(run)
    stream = choice(request, "stream", {one["stream"] for one in kept.told["streams"]}, "")
    listed = method_pages.lines(run, stream)
    others = method_pages.others(user, run)
    asked = number(request, "against")
    other = next((one for one in others if one.number == asked), others[0] if others else None)
    streams = method_pages.streams(run)
    return render(
        request,
        "accounting/method_run.html",
        {
            "run": run,
            "organisation": run.organisation,
            "method": kept.told["method"],
            "method_title": method_pages.told(kept.told["method"], "title"),
            "boundary": method_pages.told(kept.told["method"], "boundary"),
            "doubts": kept.told["method"][f"doubts_{language()}"],
            "replaced_by": getattr(run, "replaced_by", None),
            "streams": streams,
            "some_outside": any(not one["in_total"] for one in streams),
            "waterfall": method_pages.waterfall(run),
            "units": method_pages.units(run),
            "findings": method_pages.findings(user, run),
            "panel": uncertainty.panel(run),
            "problems": kept.told["problems"],
            "stream": stream,
            "stream_name": next((one["name"] for one in streams if one["stream"] == stream), ""),
            "page": counted_page(request, len(listed), lambda start, stop: listed[start:stop]),
            "others": [
                {
                    "number": one.number,
                    "year": one.year,
                    "method_name": method_pages.method_name(one.method_key),
                }
                for one in others
            ],
            "difference": method_pages.difference(run, other) if other else None,
            "causes": method_pages.CAUSES,
            "checked": method_files.broken_files(run) if "check" in request.GET else None,
            "may_upload": rights.can(user, "upload", run.organisation),
            "data_as_of": run.created_at,
        },
    )


def _file(request: HttpRequest, run: MethodRun, kind: str) -> HttpResponse:
    """Return the report or the workbook; the deed is written down before anything leaves."""
    kept = method_files.opened(run)
    name = f"{run.organisation.name} {run.year} {kept.told['method']['number']}"
    if kind == "workbook":
        audit.record("export.method-workbook", request=request, thing=run, number=run.number)
        return lists.attachment(kept.content, run.file_name)
    read_on = date.fromisoformat(run.manifest["read_on"])
    try:
        answer = method_files.answer(run, read_on)
    except ModelError as error:
        return HttpResponse(
            jobs.explain(error), content_type="text/plain; charset=utf-8", status=409
        )
    event = audit.record(
        "export.method-report", request=request, thing=run,
        number=run.number, kind=kind, rows=run.line_count,
    )  # fmt: skip
    lang, demo, stamp = language(), run.is_demo, lists.stamp(event)
    told = uncertainty.reported(run)
    if kind == "xlsx":
        content = method_workbook(answer, lang=lang, demo=demo, stamp=stamp, uncertainty=told)
        return lists.attachment(content, f"{name}.xlsx")
    document = method_document(
        answer, lang=lang, issued_on=timezone.localdate(), demo=demo, stamp=stamp, uncertainty=told
    )
    content = reports.to_word(document)
    return lists.attachment(content, f"{name}.docx", _DOCX)


@require_safe
def line(request: HttpRequest, run_number: int, line_number: int) -> HttpResponse:
    """Show one line: formula, inputs with cell or factor, and candidates passed over."""
    run = rights.get_visible(signed_in(request), MethodRun, number=run_number)
    shown = method_pages.line(run, line_number)
    if shown is None:
        raise Http404
    audit.read_of(request, run)
    row, redone = shown["row"], shown["redone"]
    return render(
        request,
        "accounting/method_line.html",
        {
            **shown,
            "run": run,
            "organisation": run.organisation,
            "address": f"M{run.number}:{line_number}",
            "mathml": shown["formula"].mathml(),
            "asked_to_redo": "redo" in request.GET,
            "equal": abs(redone - row["value"]) <= 1e-12 * max(abs(redone), abs(row["value"])),
            "data_as_of": run.created_at,
        },
    )
