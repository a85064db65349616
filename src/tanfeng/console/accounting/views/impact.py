"""The preview: what the figures would be with another value or edition. Nothing is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.accounting import factor_impact
from tanfeng.console.accounting.views.common import number, signed_in, table_export
from tanfeng.console.core import jobs, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.console.library import links, tables
from tanfeng.console.library.permissions import READ
from tanfeng.errors import ModelError, StandardError

_SHOWN = 25
_COLUMNS = (
    lists.Column("kind", gettext_lazy("Account no.")),
    lists.Column("name", gettext_lazy("Enterprise")),
    lists.Column("org_code", gettext_lazy("Credit code")),
    lists.Column("year", gettext_lazy("Year")),
    lists.Column("before", gettext_lazy("As it stands"), unit="tCO2", places=2),
    lists.Column("after", gettext_lazy("Preview"), unit="tCO2", places=2),
    lists.Column("difference", gettext_lazy("Difference"), unit="tCO2", places=2),
)


@require_safe
def row(request: HttpRequest, table: str, row: str) -> HttpResponse:
    """Preview another value of a row, typed in or that of another edition."""
    user = signed_in(request)
    rights.require(user, READ)
    ref = f"{table}/{row}"
    asked = _asked(request, "value", "to")
    try:
        context = _row_context(ref)
    except StandardError:
        raise Http404 from None

    def changes() -> tuple[list[factor_impact.Change], list[str]] | None:
        if not asked["value"] and not asked["to"]:
            return None
        return factor_impact.of_row(user, ref, value=_value(asked), to=asked["to"]), []

    return _page(request, {**context, "asked": asked}, changes)


@require_safe
def edition(request: HttpRequest, table: str) -> HttpResponse:
    """Preview another edition of a table: every row gives way to its counterpart."""
    user = signed_in(request)
    rights.require(user, READ)
    if table not in tables.EDITION:
        raise Http404
    asked = _asked(request, "old", "new")

    def changes() -> tuple[list[factor_impact.Change], list[str]] | None:
        if not asked["old"] or not asked["new"]:
            return None
        return factor_impact.of_edition(user, table, asked["old"], asked["new"])

    return _page(request, {**_table_context(tables.table(table)), "asked": asked}, changes)


def _asked(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip()[:120] for name in names}


def _page(
    request: HttpRequest,
    context: dict[str, Any],
    changes: Callable[[], tuple[list[factor_impact.Change], list[str]] | None],
) -> HttpResponse:
    """Show the choices, and what would change once something was chosen."""
    status = 200
    try:
        chosen = changes()
    except ModelError as error:
        context["error"], status, chosen = jobs.explain(error), 422, None
    if chosen is not None:
        found = factor_impact.preview(signed_in(request), *chosen, number(request, "year"))
        if request.GET.get("export") == "xlsx":
            return _export(request, found)
        moved = [one for one in found.changes if one.old != one.new]
        context |= {
            "found": found,
            "tried": moved,
            "same": len(found.changes) - len(moved),
            "by_org": found.by_org[:_SHOWN],
            "more": max(len(found.by_org) - _SHOWN, 0),
            "year_options": [(year, year) for year in found.years],
            "data_as_of": found.run.as_of if found.run else None,
        }
    return render(request, "accounting/impact.html", context, status=status)


def _value(asked: dict[str, str]) -> float | None:
    if not asked["value"]:
        return None
    try:
        return float(asked["value"].replace(",", ""))
    except ValueError:
        raise ModelError(_("The value must be a number that is not negative")) from None


def _row_context(ref: str) -> dict[str, Any]:
    table, found = factor_impact.shown_row(ref)
    return {
        **_table_context(table),
        "row_value": found["value_num"],
        "row_unit": found["@unit"],
        "row_name": (language() == "en" and found["@name_en"]) or found["@name_zh"],
        "row_url": links.row_url(ref),
        "editions": factor_impact.other_editions(ref),
    }


def _table_context(table: tables.Table) -> dict[str, Any]:
    editions = _editions(table)
    return {
        "offered": (editions[0], editions[-1]) if editions else ("", ""),
        "table": table.info,
        "table_title": table.info.title(language()),
        "edition_label": _edition_label(table),
        "whole_editions": editions,
    }


def _edition_label(table: tables.Table) -> str:
    edition = tables.EDITION.get(table.info.name)
    return table.heading(edition, language()) if edition else ""


def _editions(table: tables.Table) -> list[str]:
    """Return the editions of a table that hold numbers."""
    edition = tables.EDITION.get(table.info.name)
    if edition is None:
        return []
    held = table.frame.filter(table.frame["value_num"].is_not_null())
    return sorted(one for one in held[edition].unique().to_list() if one)


def _export(request: HttpRequest, found: factor_impact.Preview) -> HttpResponse:
    city = [{**row, "kind": _("Energy and CO₂"), "year": found.year} for row in found.by_org]
    accounts = [{**row, "kind": f"M{row['number']} {row['method']}"} for row in found.accounts]
    total = {**found.total, "kind": _("Energy and CO₂"), "name": found.scope.name}
    return table_export(
        request,
        name="impact",
        title=_("Preview of another factor, nothing saved"),
        columns=_COLUMNS,
        rows=[{**total, "year": found.year}, *city, *accounts],
        run=found.run,
        changes={one.ref: one.new for one in found.changes},
    )
