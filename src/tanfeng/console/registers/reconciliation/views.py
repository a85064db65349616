"""The list of what accounts differ by, and one enterprise and year line by line."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng.console.accounting import method_pages
from tanfeng.console.accounting.models import MethodRun
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core import audit, jobs, lists, rights
from tanfeng.console.core.asked import me
from tanfeng.console.registers.reconciliation import jobs as own_jobs
from tanfeng.console.registers.reconciliation import pages, services, sides
from tanfeng.console.registers.reconciliation.models import Reconciliation
from tanfeng.errors import ModelError

_T = "tCO2"
COLUMNS = (
    lists.Column("organisation__name", gettext_lazy("Enterprise"), sort="organisation__name"),
    lists.Column("organisation__credit_code", gettext_lazy("Credit code")),
    lists.Column("place", gettext_lazy("County"), lambda row: str(row.organisation.place)),
    lists.Column("year", gettext_lazy("Year"), sort="year"),
    lists.Column("method", gettext_lazy("Method"),
                 lambda row: method_pages.method_name(row.method_run.method_key)),
    lists.Column("base_tco2", gettext_lazy("By the sector method"), sort="base_tco2", unit=_T,
                 places=2),
    lists.Column("statistics_tco2", gettext_lazy("By city statistics"), sort="statistics_tco2",
                 unit=_T, places=2),
    lists.Column("difference_tco2", gettext_lazy("Difference"), sort="difference_tco2", unit=_T,
                 places=2),
    lists.Column("boundary_tco2", gettext_lazy("of which boundary"), unit=_T, places=2),
    lists.Column("missing_tco2", gettext_lazy("of which missing data"), unit=_T, places=2),
    lists.Column("method_tco2", gettext_lazy("of which method"), unit=_T, places=2),
    lists.Column("activity_tco2", gettext_lazy("of which activity data"), unit=_T, places=2),
    lists.Column("factor_tco2", gettext_lazy("of which factors"), unit=_T, places=2),
    lists.Column("to_clarify_tco2", gettext_lazy("To clarify"), sort="to_clarify_tco2", unit=_T,
                 places=2),
    lists.Column("unvalued_rows", gettext_lazy("Lines without a value"), sort="unvalued_rows"),
    lists.Column("account", gettext_lazy("Account"), lambda row: f"M{row.method_run.number}"),
    lists.Column("run", gettext_lazy("Run"), lambda row: row.run.number),
    lists.Column("computed_at", gettext_lazy("Computed")),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def reconciliations(request: HttpRequest) -> HttpResponse:
    """List what the accounts in scope differ by, the largest to clarify first."""
    user = me(request)
    if request.method == "POST":
        rights.require(user, "compute", Reconciliation)
        run = services.published()
        if run is not None:
            own_jobs.queue(user, run)
        messages.success(request, _("The accounts are being compared again."))
        return redirect("reconciliations")
    rights.require(user, "view", Reconciliation)
    seen = rights.visible(user, Reconciliation).filter(current=True)
    listing = lists.Listing(
        request,
        _narrowed(request, seen).select_related("organisation__place", "method_run", "run"),
        name="reconciliations",
        title=gettext_lazy("Reconciliation"),
        columns=COLUMNS,
        default_sort="-to_clarify_tco2",
    )
    if listing.wants_export:
        return listing.export()
    for row in listing.page:
        row.method_name = method_pages.method_name(row.method_run.method_key)
    years = seen.order_by("-year").values_list("year", flat=True).distinct()
    return render(
        request,
        "reconciliation/reconciliations.html",
        {
            "listing": listing,
            "page": listing.page,
            "sort": listing.sort,
            "asked": request.GET,
            "years": list(years),
            "places": [
                (one.code, str(one))
                for one in rights.visible(user, Place).only("code", "name_zh", "name_en")
            ],
            "may_compute": rights.can(user, "compute", Reconciliation),
            "run": services.published(),
        },
    )


def _narrowed(request: HttpRequest, rows: Any) -> Any:
    asked = request.GET
    if asked.get("year", "").isdecimal():
        rows = rows.filter(year=int(asked["year"][:4]))
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(organisation__name__icontains=text) | Q(organisation__credit_code__istartswith=text)
        )
    return rows


@require_safe
def show(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """Show the sides of an enterprise and year, and every line they differ by."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    accounts = list(
        rights.visible(user, MethodRun)
        .filter(organisation=organisation, year=year, replaced_by=None)
        .order_by("-number")
    )
    if not accounts:
        raise Http404
    asked = request.GET.get("account", "")
    account = next((one for one in accounts if str(one.number) == asked), accounts[0])
    run = services.published()
    try:
        found = sides.of(account, run)
    except ModelError as error:
        return HttpResponse(
            jobs.explain(error), content_type="text/plain; charset=utf-8", status=409
        )
    others = [key for key in found.views if key != "market"]
    key = request.GET.get("side", "")
    key = key if key in others else next(iter(others), "")
    rows = pages.rows(account, run, found, key)
    if request.GET.get("export") == "xlsx":
        return _workbook(request, account, run, found)
    audit.read_of(request, organisation)
    sums = services.figures_of(found)
    return render(
        request,
        "reconciliation/reconciliation.html",
        {
            "organisation": organisation,
            "year": year,
            "account": account,
            "accounts": [
                (one.number, method_pages.method_name(one.method_key)) for one in accounts
            ],
            "method_name": method_pages.method_name(account.method_key),
            "run": run,
            "sides": [(one, pages.name_of(view)) for one, view in found.views.items()],
            "side": key,
            "side_name": pages.name_of(found.views[key]) if key else "",
            "base_name": pages.name_of(found.views["market"]),
            "options": [(one, pages.name_of(found.views[one])) for one in others],
            "valued": [
                pages.name_of(view) for view in found.views.values() if not view.amounts_only
            ],
            "scopes": pages.scopes(found),
            "waterfall": pages.waterfall(found, key) if key else None,
            "rows": rows,
            "causes": pages.cause_names().values(),
            "to_clarify": pages.to_clarify(found),
            "sums": sums,
            "line_sums": _sums(rows),
            "meters_note": pages.meters_note(found),
        },
    )


def _sums(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the last row of the table: sums of the lines that are compared."""
    compared = [row for row in rows if row["is_valued"]]

    def known(name: str) -> float | None:
        values = [row[name] for row in compared if row[name] is not None]
        return sum(values) if values else None

    return {
        "left_out": len(rows) - len(compared),
        "base": known("base_emission_tco2"),
        "other": known("emission_tco2"),
        "causes": [
            (label, sum(row["causes"][place] for row in rows))
            for place, label in enumerate(pages.cause_names().values())
        ],
        "difference": known("difference_tco2"),
    }


def _line_columns() -> tuple[lists.Column, ...]:
    def cell(name: str) -> Any:
        return lambda row: row[name]

    def cause(place: int) -> Any:
        return lambda row: row["causes"][place]

    causes = tuple(
        lists.Column(f"cause_{place}", label, cause(place), unit=_T, places=4)
        for place, label in enumerate(pages.cause_names().values())
    )  # fmt: skip
    return (
        lists.Column("side", gettext_lazy("Compared with"), cell("side")),
        lists.Column("scope", gettext_lazy("Scope"), cell("scope_name")),
        lists.Column("item", gettext_lazy("Item"), cell("name")),
        lists.Column("unit", gettext_lazy("Unit"), cell("unit")),
        lists.Column("base_activity", gettext_lazy("Amount, sector method"), cell("base_activity")),
        lists.Column("activity", gettext_lazy("Amount, other side"), cell("activity")),
        lists.Column("base", gettext_lazy("Emission, sector method"), cell("base_emission_tco2"),
                     unit=_T, places=4),
        lists.Column("other", gettext_lazy("Emission, other side"), cell("emission_tco2"),
                     unit=_T, places=4),
        *causes,
        lists.Column("difference", gettext_lazy("Difference"), cell("difference_tco2"), unit=_T,
                     places=4),
        lists.Column("known_share", gettext_lazy("Share of the year known"),
                     lambda row: 1.0 if row["known_share"] is None else row["known_share"],
                     places=4),
        lists.Column("explanation", gettext_lazy("Explanation"), cell("explanation")),
    )  # fmt: skip


def _workbook(
    request: HttpRequest, account: MethodRun, run: Any, found: sides.Sides
) -> HttpResponse:
    rows = [
        {**row, "side": pages.name_of(view)}
        for key, view in found.views.items()
        if key != "market"
        for row in pages.rows(account, run, found, key)
    ]
    event = audit.record(
        "export.reconciliation", request=request, thing=account.organisation,
        year=account.year, number=account.number, rows=len(rows),
    )  # fmt: skip
    title = _("Reconciliation")
    as_of = _("account M%(account)s, run %(run)s") % {
        "account": account.number,
        "run": run.number if run else "—",
    }
    content = lists.workbook(title, _line_columns(), rows, event=event, as_of=as_of)
    name = f"{account.organisation.name} {account.year} {title}.xlsx"
    return lists.attachment(content, name)
