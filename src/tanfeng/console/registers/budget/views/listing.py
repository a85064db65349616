"""The list of quotas with how each stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng import sheets
from tanfeng.accounting import budget
from tanfeng.console.archive.models import Place
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.core.figures import unit
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.models import LIGHTS, Quota, Standing, basis_name
from tanfeng.console.registers.budget.views.common import measures, statuses, whole

COLUMNS = (
    lists.Column("name", gettext_lazy("Handed down to"), lambda row: row.quota.name,
                 sort="quota__object_key"),
    lists.Column("code", gettext_lazy("Code"), lambda row: row.quota.object_key),
    lists.Column("level", gettext_lazy("Level"), lambda row: row.quota.get_level_display()),
    lists.Column("year", gettext_lazy("Year"), lambda row: row.year, sort="year"),
    lists.Column("measure", gettext_lazy("Figure"), lambda row: row.quota.measure_name),
    lists.Column("unit", gettext_lazy("Unit"), lambda row: row.quota.unit),
    lists.Column("amount", gettext_lazy("Quota of the year"), lambda row: row.quota.amount,
                 sort="quota__amount", places=2),
    lists.Column("month", gettext_lazy("After month"), lambda row: row.month or None),
    lists.Column("budget_to_date", gettext_lazy("Budget to date"), places=2),
    lists.Column("is_display_only", gettext_lazy("Split evenly, for display only")),
    lists.Column("actual_to_date", gettext_lazy("Used to date"), sort="actual_to_date", places=2),
    lists.Column("deviation_rate", gettext_lazy("Deviation to date"),
                 lambda row: _percent(row.deviation_rate), sort="deviation_rate", unit="%",
                 places=2),
    lists.Column("missing_months", gettext_lazy("Months missing")),
    lists.Column("missing_rows", gettext_lazy("Rows or enterprises missing")),
    lists.Column("forecast", gettext_lazy("Forecast of the year"), sort="forecast", places=2),
    lists.Column("forecast_low", gettext_lazy("Lower end"), places=2),
    lists.Column("forecast_high", gettext_lazy("Upper end"), places=2),
    lists.Column("method", gettext_lazy("Basis of the forecast"), lambda row: basis(row)),
    lists.Column("forecast_rate", gettext_lazy("Forecast against quota"),
                 lambda row: _percent(row.forecast_rate), sort="forecast_rate", unit="%",
                 places=2),
    lists.Column("status", gettext_lazy("Standing"), lambda row: row.status_name, sort="status"),
    lists.Column("document", gettext_lazy("Document"), lambda row: row.quota.document),
)  # fmt: skip


#: What a page shows; an enterprise's row has forty columns, and reading them is half of a list.
_ON_THE_PAGE = (
    "year", "level", "month", "measure", "actual_to_date", "deviation_rate", "is_display_only",
    "missing_months", "missing_rows", "forecast", "forecast_rate", "status",
    "quota__level", "quota__amount", "quota__measure",
    "quota__organisation__name", "quota__place__name_zh", "quota__place__name_en",
    "quota__park__name_zh", "quota__park__name_en",
)  # fmt: skip


def _percent(rate: float | None) -> float | None:
    return None if rate is None else 100 * rate


def basis(row: Standing) -> str:
    """Return how a year was forecast, in words."""
    return basis_name(row.method)


def _told(rows: Iterable[Standing], *, month: bool) -> Iterator[dict[str, Any]]:
    """Return the rows of the page in words: a template that reads five records a row is slow."""
    base, levels = reverse("budgets"), dict(Quota.Level.choices)
    words = {key: (name, unit(budget.MEASURES[key].unit)) for key, name in measures()}
    standings = dict(statuses())
    for row in rows:
        quota = row.quota
        name, of = words[quota.measure]
        yield {
            "url": f"{base}{quota.pk}/" + (f"?month={row.month}" if month else ""),
            "name": quota.name,
            "level": levels[quota.level],
            "measure": name,
            "unit": of,
            "amount": quota.amount,
            "used": row.actual_to_date,
            "is_partial": row.is_partial,
            "deviation": row.deviation_text or "—",
            "deviation_kind": "muted" if row.is_display_only else "",
            "forecast": row.forecast,
            "forecast_text": row.forecast_text or "—",
            "standing": standings[row.status],
            "light": LIGHTS[row.status],
        }


@require_safe
def budgets(request: HttpRequest) -> HttpResponse:
    """List the quotas in scope, those forecast furthest above first."""
    user = me(request)
    rights.require(user, "view", Quota)
    if request.GET.get("format") == "form":
        return _as_form(request)
    seen = rights.visible(user, Standing)
    years = list(
        rights.visible(user, Quota)
        .filter(known_to=None)
        .order_by("-year")
        .values_list("year", flat=True)
        .distinct()
    )
    year = whole(request.GET.get("year")) or _newest(seen, years) or 0
    rows = _narrowed(request, seen.filter(year=year))
    whole_rows = rows.select_related("quota__organisation", "quota__place", "quota__park")
    counts = dict(rows.order_by().values_list("status").annotate(Count("pk")))
    wants_file = request.GET.get("export") == "xlsx"
    listing = lists.Listing(
        request,
        whole_rows if wants_file else whole_rows.only(*_ON_THE_PAGE),
        name="budgets",
        title=gettext_lazy("Energy and carbon budgets"),
        columns=COLUMNS,
        default_sort="-forecast_rate",
        total=sum(counts.values()),
    )
    if listing.wants_export:
        return listing.export()
    return render(
        request,
        "budget/budgets.html",
        {
            "listing": listing,
            "page": listing.page,
            "rows": list(_told(listing.page, month=bool(request.GET.get("month")))),
            "sort": listing.sort,
            "asked": request.GET,
            "year": year,
            "years": years,
            "above": sum(counts.get(key, 0) for key, kind in LIGHTS.items() if kind == "bad"),
            "tallies": [
                (key, words, LIGHTS[key], counts[key]) for key, words in statuses() if key in counts
            ],
            "statuses": statuses(),
            "levels": Quota.Level.choices,
            "measures": measures(),
            "months": range(1, 13),
            "places": [
                (one.code, str(one))
                for one in rights.visible(user, Place).only("code", "name_zh", "name_en")
            ],
            "may_set": rights.can(user, "set", Quota),
            "may_roll_up": rights.can(user, "budget.roll-up"),
            "run": services.published(),
        },
    )


def _newest(seen: Any, years: list[int]) -> int | None:
    """Return the newest year something was due in, else the newest there is."""
    return next(
        (year for year in years if seen.filter(year=year, month__gt=0).exists()),
        next(iter(years), None),
    )


def _narrowed(request: HttpRequest, rows: Any) -> Any:
    """Narrow standings to what the query asks; without a month, to the latest of each quota."""
    asked = request.GET
    month = whole(asked.get("month"))
    rows = rows.filter(month=month) if month else rows.filter(latest=True)
    if asked.get("status") in LIGHTS:
        rows = rows.filter(status=asked["status"])
    if asked.get("level") in Quota.Level.values:
        rows = rows.filter(level=asked["level"])
    if asked.get("measure") in budget.MEASURES:
        rows = rows.filter(measure=asked["measure"])
    if place := asked.get("place", "")[:6]:
        rows = rows.filter(Q(quota__organisation__place_id=place) | Q(quota__place_id=place))
    if text := asked.get("q", "").strip()[:60]:
        rows = rows.filter(
            Q(quota__organisation__name__icontains=text)
            | Q(quota__place__name_zh__icontains=text)
            | Q(quota__object_key__istartswith=text)
        )
    return rows


def _as_form(request: HttpRequest) -> HttpResponse:
    """Return the quotas of enterprises in the shape they are taken in by."""
    user = me(request)
    rows = rights.visible(user, Quota).filter(known_to=None, level=Quota.Level.ENTERPRISE)
    year = whole(request.GET.get("year"))
    rows = rows.filter(year=year) if year else rows
    event = audit.record(
        "export.budgets", request=request, form="energy_budget", year=year, rows=rows.count()
    )
    form = sheets.form("energy_budget")
    records = [
        {
            "credit_code": one.object_key,
            "org_name": one.name,
            "budget_year": one.year,
            "measure": budget.MEASURES[one.measure].name_zh,
            "amount": one.amount,
            **{f"month_{n:02d}": value for n, value in enumerate(one.months or (), start=1)},
            "document": one.document,
            "remark": one.remark,
        }
        for one in rows.select_related("organisation").order_by("object_key", "year", "measure")
    ]
    schema = {
        one.key: {"int": pl.Int64, "decimal": pl.Float64}.get(one.kind, pl.String)
        for one in form.columns
    }
    content = sheets.write(
        form,
        pl.DataFrame(records, schema=schema),
        lang=language(),
        demo=lists.holds_demo_data(),
        as_of=lists.stamp(event),
    )
    return lists.attachment(content, f"{_('Quotas of enterprises')}.xlsx")
