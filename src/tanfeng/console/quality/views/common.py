"""What the pages of this room share: the month asked for, limits with their source, steps."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tanfeng.console.archive.models import Place
from tanfeng.console.core import rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.models import User
from tanfeng.console.quality import judging, limits_in_force, machines, models, services
from tanfeng.console.registers.workflow import Machine, Transition
from tanfeng.errors import DataError

#: Steps shown of one thing.
SHOWN = 60
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a page, with the last of its days that was judged."""

    text: str
    first: date
    days: int
    last: date | None

    @property
    def end(self) -> date:
        """Return its last day."""
        return self.first.replace(day=self.days)


def month_of(request: HttpRequest, months: list[str]) -> Month:
    """Return the month asked for, the newest judged one if none or a wrong one is."""
    asked = request.GET.get("month", "")
    mark = judging.mark_of()
    judged = mark.last_day if mark else None
    newest = months[-1] if months else f"{judged or timezone.localdate():%Y-%m}"
    text = asked if _MONTH.fullmatch(asked) and asked[:4] >= "2000" else newest
    first = date.fromisoformat(f"{text}-01")
    days = calendar.monthrange(first.year, first.month)[1]
    end = first.replace(day=days)
    last = min(end, judged) if judged and judged >= first else None
    return Month(text, first, days, last)


def day_of(text: str) -> date | None:
    """Return a day as a form gives it, None for none."""
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        return None


def rule(name: str, day: date | None = None) -> dict[str, Any]:
    """Return a limit as it stands on a day, today if none is given, with where it comes from."""
    return rules((name,), day)[name]


def rules(names: Iterable[str], day: date | None = None) -> dict[str, dict[str, Any]]:
    """Return limits as they stand on a day, in the language of the page."""
    in_english = language() == "en"
    return {
        one.rule.rule: {
            "value": one.value,
            "name": one.name,
            "source": one.source,
            "note": one.rule.note_en if in_english else one.rule.note_zh,
            "confidence": one.confidence,
        }
        for one in limits_in_force.standing(day or timezone.localdate(), names)
    }


def places(user: User) -> list[tuple[str, str]]:
    """Return the counties to filter by, for whoever sees several."""
    if user.org_code or user.place_code:
        return []
    return [(one.code, str(one)) for one in Place.objects.all()]


def of_firm(rows: QuerySet[Any], request: HttpRequest, *more: str) -> QuerySet[Any]:
    """Narrow rows to the enterprise and county asked for; ``more`` are fields to search too."""
    asked = request.GET
    if asked.get("place"):
        rows = rows.filter(organisation__place_id=asked["place"][:6])
    if text := asked.get("q", "").strip()[:60]:
        found = Q(organisation__name__icontains=text)
        found |= Q(organisation__credit_code__istartswith=text)
        for name in more:
            found |= Q(**{f"{name}__icontains": text})
        rows = rows.filter(found)
    return rows


def state(machine: Machine, key: str) -> tuple[str, str]:
    """Return the words of a state and the kind of its pill."""
    found = machine.state(key)
    return str(found.label), found.kind


def step(request: HttpRequest, machine: Machine, thing: Any) -> bool:
    """Take the step a form of the page names; tell what is missing where it cannot be taken."""
    key = request.POST.get("do", "")
    if not any(one.key == key and not one.by_system for one in machine.transitions):
        raise BadRequest("no such step")
    rights.require(me(request), key, thing)
    values: dict[str, Any] = {
        "remark": request.POST.get("remark", "").strip()[:500],
        "due_on": day_of(request.POST.get("due_on", "")),
    }
    try:
        services.take(me(request), machine, thing, key, values, request=request)
    except DataError as error:
        complain(None, error, request)
        return False
    messages.success(request, _("Done: %s") % machine.transition(key).label)
    return True


def offered(machine: Machine, user: User, thing: Any) -> list[Transition]:
    """Return the steps offered on the page."""
    return machine.offered(user, thing)


def history(user: User, machine: str, thing: Any) -> list[dict[str, Any]]:
    """Return the steps a person may see, newest first, in words."""
    rows = rights.visible(user, models.Step).filter(machine=machine, thing=thing.pk)
    table = machines.MACHINES.get(machine)
    words = {"enter": pgettext("step", "Entered"), "confirm": _("Repair confirmed")}
    told = []
    for row in rows.select_related("by")[:SHOWN]:
        label = None
        if table is not None:
            label = next((one.label for one in table.transitions if one.key == row.action), None)
        moved = table is not None and row.before != row.after and row.after
        told.append(
            {
                "row": row,
                "label": label or words.get(row.action, row.action),
                "state": state(table, row.after) if moved and table else None,
                "by": row.by or _("the program"),
            }
        )
    return told
