"""Points of the engine's register nobody owns: the list, and giving one to an enterprise."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tanfeng.console.archive import services as archive
from tanfeng.console.core import audit, lists, rights
from tanfeng.console.core.asked import complain, me
from tanfeng.console.core.lists import Listing
from tanfeng.console.metering import adoption, engine, forms, publishing
from tanfeng.console.metering.views.meters import form_columns
from tanfeng.errors import DataError
from tanfeng.sheets.meter_list import item_names


@require_http_methods(["GET", "HEAD", "POST"])
def unclaimed(request: HttpRequest) -> HttpResponse:
    """List the points that wait; exported as the list of instruments, to be filled in and taken in.

    A form gives one of them to an enterprise.
    """
    user = me(request)
    rights.require(user, "metering.claim")
    form, status = None, 200
    if request.method == "POST":
        answer, form = _claimed(request)
        if answer is not None:
            return answer
        status = 422
    waiting = publishing.unclaimed()
    if text := request.GET.get("q", "").strip()[:60]:
        folded = pl.col("point").str.to_lowercase().str.contains(text.lower(), literal=True)
        waiting = waiting.filter(folded)
    rows = [adoption.as_meter(row) for row in waiting.iter_rows(named=True)]
    if request.GET.get("export") == "xlsx":
        event = audit.record("export.unclaimed", request=request, rows=len(rows))
        title = _("Points waiting to be claimed")
        book = lists.workbook(title, form_columns(), rows, event=event)
        return lists.attachment(book, f"{title}.xlsx")
    listing = Listing(
        request,
        rows,  # type: ignore[arg-type]  # sorted as the register is
        name="unclaimed",
        title=gettext_lazy("Points waiting to be claimed"),
        columns=(),
    )
    shown = list(listing.page)
    latest = _latest([str(one.point) for one in shown])
    return render(
        request,
        "metering/unclaimed.html",
        {
            "listing": listing,
            "rows": [(one, item_names(one.item_key), latest.get(str(one.point))) for one in shown],
            "form": form or forms.ClaimForm(),
            "asked": request.GET,
            "opened": request.POST.get("point", "") if status == 422 else "",
        },
        status=status,
    )


def _latest(points: list[str]) -> dict[str, dict[str, Any]]:
    """Return the newest reading of some points."""
    if not points:
        return {}
    rows = engine.store().latest(points)
    return {row["point"]: row for row in rows.iter_rows(named=True)}


def _claimed(request: HttpRequest) -> tuple[HttpResponse | None, forms.ClaimForm]:
    user, form = me(request), forms.ClaimForm(request.POST)
    if not form.is_valid():
        return None, form
    given = dict(form.cleaned_data)
    code = given.pop("code").strip().upper()
    organisation = archive.reportable(user).filter(credit_code=code).first()
    if organisation is None:
        form.add_error("code", _("There is no enterprise with this code"))
        return None, form
    try:
        meter = adoption.claim(user, organisation, given.pop("point"), request=request, **given)
    except DataError as error:
        complain(form, error, request)
        return None, form
    messages.success(request, _("Claimed: its readings belong to this meter now."))
    return redirect("meter", meter.pk), form
