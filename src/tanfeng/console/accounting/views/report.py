"""The brief: one page with its choices, and the file itself."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tanfeng.console.accounting import figures, measures
from tanfeng.console.accounting.brief import brief_data
from tanfeng.console.accounting.views.common import (
    basis_options,
    choice,
    number,
    run_of,
    signed_in,
)
from tanfeng.console.core import audit, lists, rights
from tanfeng.reports import city_brief, to_pdf, to_word

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@require_safe
def city(request: HttpRequest) -> HttpResponse:
    """Show what the brief will speak of, or hand it out as PDF or Word."""
    user = signed_in(request)
    rights.require(user, "report.city")
    run = run_of(request)
    basis = choice(request, "basis", measures.BASES, "average")
    kind = choice(request, "format", MEDIA_TYPES, "")
    if not kind:
        found = figures.overview_data(user, year=number(request, "year"), basis=basis, run=run)
        options = {
            "overview": found,
            "basis": basis,
            "basis_options": basis_options(),
            "year_options": [(year, year) for year in found.years] if found else [],
        }
        return render(request, "accounting/report.html", options)
    brief = brief_data(user, year=number(request, "year"), basis=basis, run=run)
    if brief is None:
        raise Http404
    event = audit.record("export.brief", request=request, year=brief.year, run=brief.run, kind=kind)
    document = replace(city_brief(brief), stamp=lists.stamp(event))
    content = to_pdf(document) if kind == "pdf" else to_word(document)
    name = _("Brief %(scope)s %(year)s") % {"scope": brief.scope, "year": brief.year}
    return lists.attachment(content, f"{name}.{kind}", MEDIA_TYPES[kind])
