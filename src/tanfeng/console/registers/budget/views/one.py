"""One quota: how it stands month by month, what was set before, and setting it anew."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tanfeng.console.accounting import charts
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import language, me
from tanfeng.console.registers.budget import services
from tanfeng.console.registers.budget.forms import MONTHS, QuotaForm
from tanfeng.console.registers.budget.models import Quota, Standing, basis_name
from tanfeng.console.registers.budget.views.common import whole
from tanfeng.errors import DataError

_YEAR = 12


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Set a quota; setting one that stands closes it and adds the new one."""
    user = me(request)
    rights.require(user, "set", Quota)
    form = QuotaForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        quota = _set(request, form)
        if quota is not None:
            messages.success(request, _("The quota stands."))
            return redirect("budget", pk=quota.pk)
    status = 400 if form.is_bound else 200
    return render(request, "budget/new.html", {"form": form}, status=status)


def _set(request: HttpRequest, form: QuotaForm) -> Quota | None:
    try:
        return services.set_quota(me(request), form.wanted(), request=request)
    except DataError as error:
        for one in error.problems:
            field = one.column if one.column in form.fields else None
            form.add_error(field, one.message(language()))
    return None


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a quota after the month asked for, or after the last that was due."""
    user = me(request)
    quota = rights.get_visible(user, Quota, pk=pk)
    may_set = quota.known_to is None and rights.can(user, "set", quota)
    form = None
    if request.method == "POST":
        rights.require(user, "set", quota)
        if quota.known_to is None and request.POST.get("do") == "withdraw":
            services.withdraw(user, quota, request=request)
            messages.success(request, _("The quota is withdrawn."))
            return redirect("budgets")
        form = QuotaForm(request.POST, user=user, quota=quota)
        changed = _set(request, form) if quota.known_to is None and form.is_valid() else None
        if changed is not None:
            messages.success(request, _("The quota stands."))
            return redirect("budget", pk=changed.pk)
    else:
        audit.read_of(request, quota)
    if form is None and may_set:
        months = dict(zip(MONTHS, quota.months or (), strict=False))
        told = {"amount": quota.amount, "document": quota.document, **months}
        form = QuotaForm(user=user, quota=quota, initial=told)
    standings = list(quota.standings.select_related("run").order_by("month"))
    asked = whole(request.GET.get("month"))
    now = next((one for one in standings if one.month == asked), None) or next(
        (one for one in standings if one.latest), None
    )
    return render(
        request,
        "budget/budget.html",
        {
            "quota": quota,
            "now": now,
            "basis_line": _("forecast: %s") % basis_name(now.method) if now else "",
            "basis": basis_name(now.method) if now else "",
            "rows": _rows(quota, standings, now),
            "months": [(one.month, str(one.month)) for one in standings if one.month],
            "cumulated": _cumulated(quota, standings, now),
            "forecasts": _forecasts(quota, standings),
            "advice": _advice(quota, now),
            "history": _history(user, quota),
            "form": form if may_set else None,
            "opened": bool(form and form.is_bound),
            "may_set": may_set,
        },
        status=400 if form is not None and form.is_bound else 200,
    )


def _rows(quota: Quota, standings: list[Standing], now: Standing | None) -> list[dict[str, Any]]:
    """Return the months up to the one looked at, with the address of the lines behind each."""
    if now is None:
        return []
    return [
        {"standing": one, "url": trace_url(quota, one)}
        for one in standings
        if 0 < one.month <= now.month
    ]


def trace_url(quota: Quota, standing: Standing) -> str:
    """Return the address of the lines, or of the groups of a county's year."""
    if standing.run is None:
        return ""
    asked: dict[str, Any] = {
        "run": standing.run.number, "year": quota.year, "measure": quota.measure,
    }  # fmt: skip
    if quota.organisation is not None:
        asked |= {"org": quota.object_key, "month": standing.month}
    elif quota.place_id:
        asked["place"] = quota.place_id
    elif quota.park_id:
        asked["park"] = quota.park_id
    return f"{reverse('trace')}?{urlencode(asked)}"


def _cumulated(
    quota: Quota, standings: list[Standing], now: Standing | None
) -> dict[str, Any] | None:
    """Return used to date against the budget to date, and where the year is heading."""
    if now is None or not now.month:
        return None
    by_month = {one.month: one for one in standings}
    typed = quota.months or [quota.amount / _YEAR] * _YEAR
    planned = [sum(typed[:month]) for month in range(1, _YEAR + 1)]
    used: list[float | None] = [
        by_month[month].actual_to_date if month <= now.month and month in by_month else None
        for month in range(1, _YEAR + 1)
    ]
    heading: list[float | None] = [None] * _YEAR
    if now.month < _YEAR and now.forecast is not None:
        heading[now.month - 1] = used[now.month - 1]
        heading[_YEAR - 1] = now.forecast
        start = heading[now.month - 1]
        if start is not None:
            steps = _YEAR - now.month
            for place in range(now.month, _YEAR - 1):
                share = (place - now.month + 1) / steps
                heading[place] = start + (now.forecast - start) * share
    return charts.columns(
        list(range(1, _YEAR + 1)),
        [
            ("budget", _("Budget") if quota.months else _("Budget, split evenly"), planned),
            ("used", _("Actual use"), used),
            ("forecast", _("Heading for"), heading),
        ],
        unit=quota.unit,
    )


def _forecasts(quota: Quota, standings: list[Standing]) -> dict[str, Any] | None:
    """Return the year as it was forecast after each month, with the quota as a line."""
    told = [one for one in standings if one.month and one.forecast is not None]
    if len(told) < 2:
        return None
    data = charts.columns(
        [one.month for one in told],
        [
            ("forecast", _("Forecast of the year"), [one.forecast for one in told]),
            ("quota", _("Quota of the year"), [quota.amount] * len(told)),
        ],
        unit=quota.unit,
    )
    return data


def _advice(quota: Quota, now: Standing | None) -> dict[str, float | int] | None:
    """Return what is left for the months to come and what a month used so far."""
    if now is None or now.actual_to_date is None or not now.known_months:
        return None
    months = _YEAR - now.known_months
    if not months:
        return None
    left = quota.amount - now.actual_to_date
    return {
        "left": left,
        "months": months,
        "a_month": left / months,
        "so_far": now.actual_to_date / now.known_months,
    }


def _history(user: Any, quota: Quota) -> list[Quota]:
    rows = rights.visible(user, Quota).filter(
        object_key=quota.object_key, year=quota.year, measure=quota.measure
    )
    return list(rows.select_related("entered_by").order_by("-known_from", "-pk"))
