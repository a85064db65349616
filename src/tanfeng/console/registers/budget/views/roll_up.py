"""City and counties: what came down, what was handed on, and where each is heading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.accounting import budget
from tanfeng.console.archive.models import Place
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import me
from tanfeng.console.registers.budget.models import CITY, Quota, Standing, measure_name
from tanfeng.console.registers.budget.views.common import whole

_COLUMNS = (
    ("name", gettext_lazy("City or county"), None),
    ("quota", gettext_lazy("Quota of the year"), 2),
    ("members", gettext_lazy("Quotas handed on"), None),
    ("handed_down", gettext_lazy("Sum handed on"), 2),
    ("unallocated", gettext_lazy("Not handed on"), 2),
    ("used", gettext_lazy("Used to date"), 2),
    ("forecast", gettext_lazy("Forecast of the year"), 2),
    ("rate", gettext_lazy("Forecast against quota"), 4),
    ("status_name", gettext_lazy("Standing"), None),
    ("above", gettext_lazy("Enterprises above or likely above"), None),
)


@require_safe
def roll_up(request: HttpRequest) -> HttpResponse:
    """Show one figure of one year down from the city to the counties."""
    user = me(request)
    rights.require(user, "budget.roll-up")
    seen = rights.visible(user, Quota).filter(known_to=None)
    years = list(seen.order_by("-year").values_list("year", flat=True).distinct())
    year = whole(request.GET.get("year")) or _default_year(user, years) or 0
    own = seen.filter(year=year)
    known = dict(own.order_by().values_list("measure").annotate(Count("pk")))
    wide = dict(
        own.exclude(level=Quota.Level.ENTERPRISE)
        .order_by()
        .values_list("measure")
        .annotate(Count("pk"))
    )
    offered = [key for key in budget.MEASURES if key in known]
    measure = request.GET.get("measure", "")
    if measure not in offered:
        # The figure most counties have a quota in; energy first.
        measure = max(offered, key=lambda key: wide.get(key, 0), default="")
    rows = _rows(user, own, year, measure) if measure else []
    unit = budget.MEASURES[measure].unit if measure else ""
    if request.GET.get("export") == "xlsx":
        return _workbook(request, rows, year, measure)
    return render(
        request,
        "budget/roll_up.html",
        {
            "rows": rows,
            "year": year,
            "years": years,
            "measure": measure,
            "measures": [(key, measure_name(key)) for key in offered],
            "measure_name": measure_name(measure) if measure else "",
            "unit": unit,
        },
    )


def _default_year(user: Any, years: list[int]) -> int | None:
    seen = rights.visible(user, Standing)
    return next(
        (year for year in years if seen.filter(year=year, month__gt=0).exists()),
        next(iter(years), None),
    )


def _rows(user: Any, own: Any, year: int, measure: str) -> list[dict[str, Any]]:
    wide = (Quota.Level.CITY, Quota.Level.COUNTY)
    quotas = {
        code: (amount, pk)
        for code, amount, pk in own.filter(measure=measure, level__in=wide).values_list(
            "object_key", "amount", "pk"
        )
    }
    below = {
        place: (total, members)
        for place, total, members in own.filter(measure=measure, level=Quota.Level.ENTERPRISE)
        .order_by()
        .values_list("organisation__place_id")
        .annotate(total=Sum("amount"), members=Count("pk"))
    }
    handed = _handed(quotas, below, year, measure)
    standings = {
        one.quota.object_key: one
        for one in rights.visible(user, Standing)
        .filter(latest=True, year=year, measure=measure, level__in=wide)
        .select_related("quota")
    }
    above = _above(user, year, measure)
    names = [(CITY, str(_("The whole city")))] if CITY in quotas else []
    names += [(one.code, str(one)) for one in rights.visible(user, Place).order_by("order")]
    rows = []
    for code, name in names:
        amount, pk = quotas.get(code, (None, None))
        told = handed.get(code, {})
        standing = standings.get(code)
        if amount is None and not told:
            continue
        rows.append(
            {
                "code": code,
                "name": name,
                "is_city": code == CITY,
                "quota": amount,
                "pk": pk,
                "members": told.get("members", 0),
                "handed_down": told.get("handed_down"),
                "unallocated": told.get("unallocated"),
                "standing": standing,
                "used": standing.actual_to_date if standing else None,
                "forecast": standing.forecast if standing else None,
                "rate": standing.forecast_rate if standing else None,
                "status_name": standing.status_name if standing else "",
                "above": sum(above.values()) if code == CITY else above.get(code, 0),
            }
        )
    return rows


def _handed(
    quotas: Mapping[str, tuple[float, int]],
    below: Mapping[str, tuple[float, int]],
    year: int,
    measure: str,
) -> dict[str, dict[str, Any]]:
    """Return what city and counties handed on; where nothing came down, the sum alone.

    The enterprises of a county come as one member with their sum.
    """
    counties = [code for code in quotas if code != CITY]
    rows = [(code, year, 0, measure, amount) for code, (amount, _pk) in quotas.items()]
    rows += [(f"below {code}", year, 0, measure, total) for code, (total, _n) in below.items()]
    parents = dict.fromkeys(counties, CITY) if CITY in quotas else {}
    parents |= {f"below {code}": code for code in below if code in quotas}
    frame = pl.DataFrame(rows, schema=dict(budget.BUDGET_SCHEMA), orient="row")
    told = {
        row["object"]: row
        for row in budget.allocation(frame, parents, year=year).iter_rows(named=True)
    }
    for code, (total, members) in below.items():
        one = told.setdefault(code, {"handed_down": total, "unallocated": None})
        one["members"] = members
    return told


def _above(user: Any, year: int, measure: str) -> dict[str, int]:
    """Return county -> enterprises that are above their quota or forecast to be."""
    rows = rights.visible(user, Standing).filter(
        latest=True, year=year, measure=measure, level=Quota.Level.ENTERPRISE,
        status__in=("exceeded", "likely_over"),
    )  # fmt: skip
    counted = rows.order_by().values_list("quota__organisation__place_id")
    return dict(counted.annotate(Count("pk")))


def _workbook(
    request: HttpRequest, rows: list[dict[str, Any]], year: int, measure: str
) -> HttpResponse:
    event = audit.record(
        "export.budget-roll-up", request=request, year=year, measure=measure, rows=len(rows)
    )
    unit = budget.MEASURES[measure].unit if measure else ""
    columns = [
        lists.Column(key, label, lambda row, at=key: row[at],  # type: ignore[misc]
                     unit=unit if places == 2 else "", places=places)
        for key, label, places in _COLUMNS
    ]  # fmt: skip
    title = _("Budgets of city and counties")
    name = measure_name(measure) if measure else ""
    content = lists.workbook(f"{title} {year} {name}", columns, rows, event=event)
    return lists.attachment(content, f"{title} {year}.xlsx")
