"""The page of an enterprise: its points day by day, what is wrong, balance and reports."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.lists import Column
from tanfeng.console.metering.models import Meter
from tanfeng.console.quality import heat, of_firm, output_line
from tanfeng.console.quality.models import Alert, MonthQuality, Outage
from tanfeng.console.quality.views import common
from tanfeng.console.quality.views.outages import told as told_outage
from tanfeng.sheets.meter_list import item_names

#: Points on a page: thirty days of each are a lot of cells.
_POINTS = 40
_COLUMNS = (
    Column("point", pgettext_lazy("meter", "Point"), lambda row: row.meter.point),
    Column("meter", gettext_lazy("Meter"), lambda row: row.meter.name),
    Column("item", gettext_lazy("Energy"), lambda row: row.meter.item_name),
    Column("completeness", gettext_lazy("Completeness"), lambda row: row.completeness, places=4),
    Column("timeliness", gettext_lazy("Timeliness"), lambda row: row.timeliness, places=4),
    Column("plausibility", gettext_lazy("Plausibility"), lambda row: row.plausibility, places=4),
    Column("days_due", gettext_lazy("Days due")),
    Column("days_connected", gettext_lazy("Days connected")),
    Column("faults", gettext_lazy("What was wrong"), lambda row: row.fault_text),
)
_OUTPUT = (
    Column("month", gettext_lazy("Month"), lambda row: row["month"]),
    Column("output", pgettext_lazy("quality", "Output"), lambda row: row["output"], places=2),
    Column("energy", gettext_lazy("Metered"), lambda row: row["energy"], unit="tce", places=2),
    Column("expected", pgettext_lazy("energy", "Expected"), lambda row: row["expected"],
           unit="tce", places=2),
    Column("residual", pgettext_lazy("balance", "Difference"), lambda row: row["residual"],
           unit="tce", places=2),
    Column("sigmas", gettext_lazy("Times the scatter"), lambda row: row["sigmas"], places=2),
    Column("beyond", gettext_lazy("stands out"), lambda row: row["beyond"]),
)  # fmt: skip
_BALANCES = (
    Column("name", gettext_lazy("Enterprise or process"), lambda row: row["name"]),
    Column("item", gettext_lazy("Energy"), lambda row: row["item"]),
    Column("unit", gettext_lazy("Unit"), lambda row: row["unit"]),
    Column("main", gettext_lazy("Main meter"), lambda row: row["main"], places=1),
    Column("parts", gettext_lazy("Sum of those below"), lambda row: row["parts"], places=1),
    Column("difference", pgettext_lazy("balance", "Difference"), lambda row: row["difference"],
           places=1),
    Column("deviation", gettext_lazy("Of the main meter"), lambda row: row["deviation"], places=4),
    Column("verdict", pgettext_lazy("balance", "Verdict"), lambda row: row["verdict"][0]),
    Column("days", gettext_lazy("Days judged"), lambda row: row["days"]),
    Column("days_off", gettext_lazy("Days beyond the tolerance"), lambda row: row["days_off"]),
)  # fmt: skip
VIEWS = ("days", "balance", "output")
#: Limits the page names or draws by.
_RULES = (
    "submeter_max", "monthly_deviation_max", "consistency_known_min", "completeness_min",
    "residual_sigma", "residual_months_min", "connected_min",
)  # fmt: skip


@require_safe
def firm(request: HttpRequest, code: str) -> HttpResponse:
    """Show a month of an enterprise: points by day, or its balance and reports."""
    user = me(request)
    organisation = rights.get_visible(user, Organisation, credit_code=code)
    rows = rights.visible(user, MonthQuality).filter(organisation=organisation)
    months = list(rows.order_by("month").values_list("month", flat=True))
    month = common.month_of(request, months)
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "days"
    meters = rights.visible(user, Meter).filter(organisation=organisation, point__isnull=False)
    meters = meters.order_by("level", "point")
    if request.GET.get("export") == "xlsx":
        return _export(request, organisation, meters, month, view)
    audit.read_of(request, organisation, "quality.read")
    page = Paginator(meters, _POINTS).get_page(request.GET.get("page"))
    whole = rows.filter(month=month.text).first()
    rules = common.rules(_RULES, month.first)
    return render(
        request,
        "quality/firm.html",
        {
            "organisation": organisation,
            "whole": whole,
            "parts": _parts(whole) if whole else (),
            "month": month,
            "months": months[::-1],
            "view": view,
            "views": [("days", _("Day by day")), ("balance", _("Balance and reports")),
                      ("output", _("Energy and output"))],
            "page": page,
            "rows": _rows(page, month, rules["connected_min"]["value"]) if view == "days" else (),
            "held": of_firm.held(code, month.first, month.last, _items(meters))
            if view == "balance" and month.last
            else None,
            "line": output_line.of_firm(code, month.first) if view == "output" else None,
            "heads": heat.heads(month.first, month.days),
            "legend": heat.legend(),
            "rules": rules,
            "outages": _outages(user, organisation),
            "alerts": rights.visible(user, Alert)
            .filter(organisation=organisation, found="open")
            .order_by("-worst", "-explains", "-last")[:8],
            "asked": request.GET,
        },
    )  # fmt: skip


def _outages(user: Any, organisation: Organisation) -> list[dict[str, Any]]:
    rows = rights.visible(user, Outage).filter(
        organisation=organisation, stands=True, repaired__isnull=True
    )
    return [told_outage(one) for one in rows.select_related("meter", "organisation")[:8]]


def _items(meters: Any) -> dict[str, str]:
    place = language() == "en"
    keys = set(meters.order_by().values_list("item_key", flat=True).distinct())
    return {key: item_names(key)[place] for key in keys}


def _rows(page: Any, month: common.Month, connected: float) -> list[dict[str, Any]]:
    found = of_firm.point_rows(list(page), month.first, month.end)
    return [
        {
            "row": one,
            "cells": heat.cells(
                one.shares, month.first, month.last,
                f"{reverse('metering-point', args=[one.meter.pk])}?span=day&to={{day}}", connected,
            ),
        }
        for one in found
    ]  # fmt: skip


def _parts(whole: MonthQuality) -> list[tuple[str, float | None, float, str]]:
    """Return the parts of the score: name, share, weight, and where it comes from."""
    counted = {
        "completeness": (_("Completeness"), f"{whole.received} / {whole.due}"),
        "consistency": (_("Consistency"), f"{whole.reports_within} / {whole.reports_judged}"),
        "timeliness": (_("Timeliness"), f"{whole.timely} / {whole.automatic}"),
        "plausibility": (
            _("Plausibility"), f"{whole.measured - whole.implausible} / {whole.measured}"
        ),
    }  # fmt: skip
    rules = common.rules(f"weight_{key}" for key in counted)
    return [
        (name, getattr(whole, key), rules[f"weight_{key}"]["value"], count)
        for key, (name, count) in counted.items()
    ]


def _export(
    request: HttpRequest, organisation: Organisation, meters: Any, month: common.Month, view: str
) -> HttpResponse:
    columns: tuple[Column, ...] = _COLUMNS
    rows: list[Any]
    if view == "balance":
        columns = _BALANCES
        rows = (
            of_firm.held(organisation.credit_code, month.first, month.last, _items(meters)).balances
            if month.last
            else []
        )
    elif view == "output":
        columns = _OUTPUT
        rows = output_line.of_firm(organisation.credit_code, month.first).rows
    else:
        rows = list(of_firm.point_rows(list(meters), month.first, month.end))
    event = audit.record(
        "export.quality", request=request, thing=organisation, rows=len(rows), month=month.text
    )
    title = _("Data quality of %(name)s in %(month)s") % {
        "name": organisation.name, "month": month.text,
    }  # fmt: skip
    book = lists.workbook(title, columns, rows, event=event)
    return lists.attachment(book, f"{title}.xlsx")
