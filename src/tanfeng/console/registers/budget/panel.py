"""The quotas of an enterprise on its one-page file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from tanfeng.console.archive.models import Organisation
from tanfeng.console.archive.panels import Panel
from tanfeng.console.core import rights
from tanfeng.console.core.asked import me
from tanfeng.console.registers.budget.models import Standing

#: Quotas shown: two ways of counting and CO2 of two years.
_SHOWN = 6


def quotas(request: HttpRequest, organisation: Organisation) -> Mapping[str, Any]:
    """Return how the quotas of the newest years stand after the last month due."""
    rows = (
        rights.visible(me(request), Standing)
        .filter(latest=True, quota__organisation=organisation)
        .select_related("quota")
        .order_by("-year", "measure")
    )
    return {"rows": list(rows[:_SHOWN])}


PANEL = Panel("budget", 17, "budget/panel.html", quotas)
