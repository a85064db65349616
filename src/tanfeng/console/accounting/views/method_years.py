"""The page of an enterprise's method accounts year on year."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.accounting import method_pages, method_years
from tanfeng.console.accounting.views.common import choice, signed_in, table_export
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists, rights

_COLUMNS = (
    lists.Column("from_year", gettext_lazy("From")),
    lists.Column("from_run", gettext_lazy("No.")),
    lists.Column("to_year", gettext_lazy("To")),
    lists.Column("to_run", gettext_lazy("No.")),
    lists.Column("name", gettext_lazy("Stream")),
    lists.Column("emission_a_tco2e", gettext_lazy("Earlier"), unit="tCO2e", places=4),
    *(
        lists.Column(cause, name, unit="tCO2e", places=4)
        for cause, name in method_pages.CAUSES.items()
    ),
    lists.Column("emission_b_tco2e", gettext_lazy("Later"), unit="tCO2e", places=4),
    lists.Column("difference_tco2e", gettext_lazy("Difference"), unit="tCO2e", places=4),
)


@require_safe
def years(request: HttpRequest, credit_code: str) -> HttpResponse:
    """Show what moved from year to year by cause, or hand the steps out as a workbook."""
    user = signed_in(request)
    organisation = rights.get_visible(user, Organisation, credit_code=credit_code)
    keys = method_years.keys(user, organisation)
    key = choice(request, "method", keys, keys[0] if keys else "")
    found = method_years.year_on_year(user, organisation, key)
    if request.GET.get("export") == "xlsx":
        return table_export(
            request,
            name="method-years",
            title=_("%(name)s year on year by cause") % {"name": organisation.name},
            columns=_COLUMNS,
            rows=method_years.rows(found),
            organisation=organisation.credit_code,
            runs=[run.number for run in found.runs],
        )
    audit.read_of(request, organisation)
    return render(
        request,
        "accounting/method_years.html",
        {
            "organisation": organisation,
            "found": found,
            "causes": method_pages.CAUSES,
            "method": key,
            "methods": [(one, method_pages.method_name(one)) for one in keys],
            "accounts": [(run, method_pages.method_name(run.method_key)) for run in found.runs],
        },
    )
