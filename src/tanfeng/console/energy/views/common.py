"""What the pages of one enterprise share: whose, over which span, and the way between them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.asked import me
from tanfeng.console.energy import windows
from tanfeng.console.energy.windows import Span
from tanfeng.console.metering import amounts

#: Figures this fresh are of now.
_FRESH = timedelta(minutes=2)
PAGES = (
    ("energy-balance", gettext_lazy("Energy balance")),
    ("energy-time-of-use", gettext_lazy("Time of use")),
    ("energy-compare", gettext_lazy("Comparison of periods")),
)


def enterprise(request: HttpRequest, code: str) -> Organisation:
    """Return the enterprise if the person may see it; opening its page is an event."""
    firm = rights.get_visible(me(request), Organisation, credit_code=code)
    if request.GET.get("export") != "xlsx":
        audit.read_of(request, firm, "energy.read")
    return firm


def span_of(request: HttpRequest) -> Span:
    """Return the span asked for, else the usual one; say so where it was cut."""
    now = timezone.now()
    found = windows.asked(request.GET, now) or windows.usual(now)
    first = windows.read_day(request.GET.get("from", ""))
    if first is not None and found.days == windows.LONGEST_D and first < found.first:
        messages.warning(
            request, _("A span is %(days)d days at most; the last of them are shown.")
            % {"days": windows.LONGEST_D},
        )  # fmt: skip
    return found


def figures_as_of() -> dict[str, Any]:
    """Return up to when readings are in the figures, where that is not now."""
    now, at = timezone.now(), amounts.as_of()
    return {"at": at if at and now - at > _FRESH else None, "being_made": at is None}


def shell(firm: Organisation, span: Span, page: str) -> dict[str, Any]:
    """Return what the head of every page of an enterprise shows."""
    query = f"?from={span.first}&to={span.last}"
    first = span.first - timedelta(days=1)
    last = windows.month_of(span.last)[1] + timedelta(days=1)
    return {
        "organisation": firm,
        "span": span,
        "tabs": [
            (label, f"{reverse(name, args=[firm.credit_code])}{query}", name == page)
            for name, label in PAGES
        ],
        "figures": figures_as_of(),
        "month_before": f"{first:%Y-%m}",
        "month_after": f"{last:%Y-%m}" if last <= timezone.localdate() else "",
    }
