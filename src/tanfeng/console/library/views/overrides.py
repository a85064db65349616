"""The city's verified values: those that hold, and every one that ever did."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from tanfeng import standards
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.library import services, tables
from tanfeng.console.library.forms import WithdrawForm
from tanfeng.console.library.models import FactorOverride
from tanfeng.errors import DataError

STATES = (
    ("active", gettext_lazy("In use")),
    ("withdrawn", gettext_lazy("Withdrawn")),
    ("", gettext_lazy("All")),
)


def row_name(row: FactorOverride) -> str:
    """Return the name of the row a value replaces, or its id when the row is gone."""
    known = {info.name for info in standards.tables()}
    data = tables.row(tables.table(row.table), row.row_id) if row.table in known else None
    if data is None:
        return row.row_id
    return str((language() == "en" and data["@name_en"]) or data["@name_zh"])


def table_title(row: FactorOverride) -> str:
    """Return the title of the table a value belongs to."""
    titles = {info.name: info.title(language()) for info in standards.tables()}
    return titles.get(row.table, row.table)


COLUMNS = (
    Column("table", gettext_lazy("Table"), value=table_title, sort="table"),
    Column("row_id", gettext_lazy("Row"), sort="row_id"),
    Column("name", gettext_lazy("Name"), value=row_name),
    Column("value", gettext_lazy("Verified value"), sort="value"),
    Column("shipped", gettext_lazy("Shipped value")),
    Column("unit", gettext_lazy("Unit")),
    Column("document", gettext_lazy("Document"), sort="document"),
    Column("clause", gettext_lazy("Clause")),
    Column("verified_on", gettext_lazy("Verified on"), sort="verified_on"),
    Column("created_by", gettext_lazy("Verified by"), sort="created_by__username"),
    Column("created_at", gettext_lazy("Entered"), sort="created_at"),
    Column("withdrawn_at", gettext_lazy("Withdrawn"), sort="withdrawn_at"),
    Column("withdrawn_by", gettext_lazy("Withdrawn by")),
    Column("withdrawn_reason", gettext_lazy("Reason")),
    Column("note", gettext_lazy("Note")),
)


@require_safe
def overrides(request: HttpRequest) -> HttpResponse:
    """List the verified values."""
    rights.require(request.user, "view", FactorOverride)
    seen = rights.visible(request.user, FactorOverride)
    state = request.GET.get("state", "active")
    rows = seen.select_related("created_by", "withdrawn_by")
    if state in ("active", "withdrawn"):
        rows = rows.filter(withdrawn_at__isnull=state == "active")
    if request.GET.get("table"):
        rows = rows.filter(table=request.GET["table"])
    for word in request.GET.get("q", "").split():
        rows = rows.filter(
            Q(row_id__icontains=word)
            | Q(document__icontains=word)
            | Q(clause__icontains=word)
            | Q(note__icontains=word)
        )
    listing = Listing(
        request,
        rows,
        name="overrides",
        title=gettext_lazy("Verified values"),
        columns=COLUMNS,
        default_sort="-created_at",
    )
    if listing.wants_export:
        return listing.export()
    used = set(seen.order_by().values_list("table", flat=True).distinct())
    return render(
        request,
        "library/overrides.html",
        {
            "listing": listing,
            "rows": [(row, row_name(row), table_title(row)) for row in listing.page],
            "states": STATES,
            "state": state,
            "keep": [
                ("state", request.GET.get("state", "")),
                ("sort", request.GET.get("sort", "")),
            ],
            "tables": [
                (info.name, info.title(language()))
                for info in standards.tables()
                if info.name in used
            ],
            "active": seen.filter(withdrawn_at__isnull=True).count(),
            "withdrawn": seen.filter(withdrawn_at__isnull=False).count(),
            "may_add": rights.can(request.user, "add", FactorOverride),
            "may_withdraw": rights.can(request.user, "withdraw", FactorOverride),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why, then take a verified value back."""
    found = rights.get_visible(request.user, FactorOverride, pk=pk)
    rights.require(request.user, "withdraw", found)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_override(
                request.user,  # type: ignore[arg-type]
                found,
                reason=form.cleaned_data["reason"],
                request=request,
            )
        except DataError as error:
            form.add_error(None, [one.message(language()) for one in error.problems])
        else:
            messages.success(request, _("Withdrawn; the shipped value holds again."))
            return redirect("standards-row", found.table, found.row_id)
    return render(
        request,
        "library/withdraw.html",
        {"override": found, "name": row_name(found), "form": form},
        status=422 if form.errors else 200,
    )
