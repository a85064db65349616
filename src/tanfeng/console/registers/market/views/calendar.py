"""The surrender calendar: what is due when, for whom, and how much is still open."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tanfeng.console.archive.listing import OF_ENTERPRISE
from tanfeng.console.archive.models import Place
from tanfeng.console.core import rights
from tanfeng.console.core.asked import me
from tanfeng.console.core.figures import plain
from tanfeng.console.core.lists import Column, Listing
from tanfeng.console.library.links import row_url
from tanfeng.console.registers.market import forms
from tanfeng.console.registers.market.models import Position
from tanfeng.console.registers.market.reminders import NEAR_DAYS
from tanfeng.console.registers.market.views.common import STATES, state_of
from tanfeng.console.registers.market.views.listing import SHOWN, about, narrowed

COLUMNS = (
    Column("due_on", gettext_lazy("Surrender by"), sort="due_on"),
    *OF_ENTERPRISE,
    Column("year", gettext_lazy("Compliance year"), sort="year"),
    Column("sector", gettext_lazy("Sector"), lambda row: row.get_sector_display(), sort="sector"),
    Column("verified", gettext_lazy("Due for surrender"), lambda row: row.verified_tco2,
           sort="verified_tco2", unit="t", places=0),
    Column("open", gettext_lazy("Still to surrender"), lambda row: row.open_t, sort="open_t",
           unit="t", places=0),
    Column("held", gettext_lazy("Held of the year"), lambda row: row.held_t, unit="t", places=0),
    Column("state", gettext_lazy("Surrender"), lambda row: state_of(row)[0],
           sort="is_settled"),
    Column("document", gettext_lazy("Document of the deadline"),
           lambda row: row.due_ref or row.stated_document),
)  # fmt: skip


def _deadlines(rows: Any) -> list[dict[str, Any]]:
    """Return the deadlines with how many are settled, the next ones first."""
    today = timezone.localdate()
    found = (
        rows.order_by("due_on", "year", "sector")
        .values("due_on", "year", "sector", "due_ref", "due_confidence")
        .annotate(
            count=Count("pk"), settled=Count("pk", filter=Q(is_settled=True)), open_t=Sum("open_t")
        )
    )
    names = dict(forms.sectors())
    told = []
    for one in found:
        day = one["due_on"]
        left = (day - today).days if day else None
        waiting = one["count"] - one["settled"]
        told.append(
            {
                **one,
                "sector_name": names[one["sector"]],
                "left": left,
                "left_over": -left if left is not None else None,
                "waiting": waiting,
                "url": row_url(one["due_ref"]) if one["due_ref"] else "",
                "kind": "good"
                if not waiting
                else "muted"
                if left is None
                else "bad"
                if left < 0
                else "late"
                if left <= NEAR_DAYS
                else "note",
            }
        )
    # What still wants something stands first; inside, by day.
    return sorted(told, key=lambda one: (one["waiting"] == 0, one["left"] is None))


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show every deadline and the accounts behind it."""
    user = me(request)
    rights.require(user, "view", Position)
    seen = rights.visible(user, Position)
    rows = narrowed(request, seen)
    listing = Listing(
        request,
        rows.select_related("organisation__place").only(*SHOWN),
        name="market-calendar",
        title=gettext_lazy("Surrender calendar"),
        columns=COLUMNS,
        default_sort="-due_on",
    )
    if listing.wants_export:
        return listing.export()
    today = timezone.localdate()
    deadlines = _deadlines(rows)
    return render(
        request,
        "market/calendar.html",
        {
            "listing": listing,
            "rows": [
                {
                    **about(row),
                    "verified": plain(row.verified_tco2),
                    "open": plain(row.open_t),
                    "held": plain(row.held_t),
                }
                for row in listing.page
            ],
            "deadlines": deadlines,
            "waiting": sum(one["waiting"] for one in deadlines),
            "overdue": sum(one["waiting"] for one in deadlines if (one["left"] or 0) < 0),
            "states": [(key, words) for key, (words, _kind) in STATES.items()],
            "sectors": forms.sectors(),
            "years": sorted(
                seen.order_by().values_list("year", flat=True).distinct(), reverse=True
            ),
            "places": [
                (one.code, str(one))
                for one in rights.visible(user, Place).only("code", "name_zh", "name_en")
            ],
            "sort": listing.sort,
            "asked": request.GET,
            "today": today,
        },
    )
