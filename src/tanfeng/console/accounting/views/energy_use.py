"""Tables 2 to 4 of the energy-utilisation report: the filled tables, the checks, the workbook."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tanfeng.console.accounting import energy_use, figures
from tanfeng.console.accounting.views.common import as_of_text, number, signed_in
from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language
from tanfeng.sheets.energy_use import (
    TABLES,
    Empty,
    EnergyUse,
    ReportColumn,
    ReportTable,
    columns,
)
from tanfeng.sheets.energy_use_book import GROUPS_EN, energy_use_workbook
from tanfeng.sheets.energy_use_checks import Checked, checks
from tanfeng.sheets.forms import UNIT_NAMES

_ORDER = {"finding": 0, "not_run": 1, "passed": 2}


@require_safe
def show(request: HttpRequest, credit_code: str) -> HttpResponse:
    """Show what the account fills and what its checks find, or hand the workbook out."""
    user = signed_in(request)
    organisation = rights.get_visible(user, Organisation, credit_code=credit_code)
    run = figures.run_for(user)
    years = list(range(run.last_year, run.first_year - 1, -1)) if run else []
    year = number(request, "year")
    if year is None and run is not None:
        year = figures.default_year(user, run)
    found = energy_use.report(user, organisation, year) if year in years else None
    if request.GET.get("export") == "xlsx":
        if found is None:
            raise Http404
        return _file(request, organisation, *found)
    audit.read_of(request, organisation)
    context: dict[str, Any] = {
        "organisation": organisation,
        "year": year,
        "year_options": [(one, one) for one in years],
        "report": None,
    }
    if found is not None:
        told = sorted(checks(found[1]), key=lambda one: _ORDER[one.status])
        context |= {
            "run": found[0],
            "report": found[1],
            "tables": [_shown(found[1].tables[key]) for key in TABLES],
            "findings": [_said(one) for one in told if one.status == "finding"],
            "not_run": [_said(one) for one in told if one.status == "not_run"],
            "passed": sum(one.status == "passed" for one in told),
            "remarks": [
                (_pair(one.row), one.text_en if _english() else one.text_zh)
                for one in found[1].remarks
            ],
            "data_as_of": found[0].as_of,
        }
    return render(request, "accounting/energy_use.html", context)


def _file(
    request: HttpRequest, organisation: Organisation, run: Any, report: EnergyUse
) -> HttpResponse:
    """Return the workbook; the deed is written down before it leaves."""
    event = audit.record(
        "export.energy-use",
        request=request,
        thing=organisation,
        year=report.year,
        run=run.number,
        rows=sum(len(table.rows) for table in report.tables.values()),
    )
    content = energy_use_workbook(
        report,
        lang=language(),
        demo=organisation.is_demo,
        as_of=as_of_text(run),
        stamp=lists.stamp(event),
    )
    title = _("Energy-utilisation report, tables 2 to 4")
    return lists.attachment(content, f"{organisation.name} {report.year} {title}.xlsx")


def _english() -> bool:
    return language() == "en"


def _pair(value: Any) -> str:
    return str(value[_english()]) if isinstance(value, tuple) else str(value)


def _said(one: Checked) -> dict[str, Any]:
    return {
        "check": _label(one.check),
        "row": _pair(one.row),
        "text": one.text_en if _english() else one.text_zh,
        "severity": one.severity,
        "unverified": one.unverified,
    }


def _label(check: str) -> str:
    """Return the number of a check, or table and printed number of a column's rule."""
    table, _dot, field = check.partition(".")
    column = next((one for one in columns().get(table, ()) if one.key == field.split(" ")[0]), None)
    if column is None:
        return check
    number = table.removeprefix("eur_t0").replace("a", "-1")
    words = {"table": number, "column": _name(column)}
    return _("Table %(table)s: %(column)s") % words


def _name(column: ReportColumn) -> str:
    """Return the heading of a column behind its group."""
    parts = (GROUPS_EN.get(column.group_zh, ""), column.heading_en)
    if not _english():
        parts = (column.group_zh, column.heading_zh)
    return " · ".join(filter(None, parts))


def _shown(table: ReportTable) -> dict[str, Any]:
    """Return a table as the page prints it."""
    english = _english()
    between = ", " if english else " "
    title = (table.title_en if english else table.title_zh).split(between, 1)[-1]
    title = title[:1].upper() + title[1:]
    if table.key == "eur_t03":
        return {"title": title, **_matrix(table)}
    return {
        "title": title,
        "columns": [
            {
                "name": _name(one),
                "number": "" if english and not one.number.isdecimal() else one.number,
                "is_number": one.kind in {"decimal", "percent", "int"},
            }
            for one in table.columns
        ],
        "rows": [[_cell(row[one.key]) for one in table.columns] for row in table.rows],
        "foot": [
            (_pair(label), _pair(UNIT_NAMES.get(unit, (unit, unit))), cell)
            for label, unit, cell in table.foot
            if isinstance(cell, float)
        ],
    }


def _matrix(table: ReportTable) -> dict[str, Any]:
    """Return table 3 as it is printed: a row per line of the balance, a column per item."""
    rows: dict[str, list[dict[str, Any]]] = {}
    items: dict[str, str] = {}
    for one in table.rows:
        items[_pair(one["energy_name"])] = _pair(one["unit_zh"])
        rows.setdefault(_pair(one["balance_row"]), []).append(_cell(one["quantity"]))
    return {
        "columns": [
            {"name": _("Balance row"), "number": "", "is_number": False},
            *({"name": name, "number": unit, "is_number": True} for name, unit in items.items()),
        ],
        "rows": [[{"text": name}, *cells] for name, cells in rows.items()],
    }


def _cell(value: Any) -> dict[str, Any]:
    """Return what a cell holds: a number, a text, or why it is empty."""
    if isinstance(value, Empty):
        return {"empty": value.value}
    if isinstance(value, float):
        return {"number": value, "places": 4 if 0 < abs(value) < 100 else 2}
    return {"text": _pair(value)}
