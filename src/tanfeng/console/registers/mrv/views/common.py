"""What the pages of this register share: the person, the words of errors, steps and files."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tanfeng.console.core import rights
from tanfeng.console.core.asked import complain, language, me
from tanfeng.console.core.models import User
from tanfeng.console.registers.mrv import machines, models, services
from tanfeng.console.registers.workflow import Machine, Transition
from tanfeng.errors import DataError

#: Steps shown of one thing.
SHOWN = 40


def said(error: DataError) -> list[str]:
    """Return what is wrong as sentences in the language of the page."""
    return [one.message(language()) for one in error.problems]


def step(request: HttpRequest, machine: Machine, thing: Any) -> bool:
    """Take the step a form of the page names; tell what is missing where it cannot be taken."""
    key = request.POST.get("do", "")
    values = {name: request.POST.get(name, "").strip() for name in ("remark", "answer")}
    one = machine.transition(key)
    rights.require(me(request), key, thing)
    try:
        services.take(me(request), machine, thing, key, values, request=request)
    except DataError as error:
        complain(None, error, request)
        return False
    messages.success(request, _("Done: %s") % one.label)
    return True


def knows(machine: Machine, key: str) -> bool:
    """Tell whether a form names a step a person can take."""
    return any(one.key == key and not one.by_system for one in machine.transitions)


def buttons(machine: Machine, user: User, thing: Any, *but: str) -> list[Transition]:
    """Return the steps offered on the page."""
    return [one for one in machine.offered(user, thing) if one.key not in but]


def state(machine: Machine, key: str) -> tuple[str, str]:
    """Return the words of a state and the kind of its pill."""
    found = machine.state(key)
    return str(found.label), found.kind


def history(user: User, **condition: Any) -> list[dict[str, Any]]:
    """Return the steps a person may see, newest first, in words."""
    rows = rights.visible(user, models.Step).filter(**condition).select_related("by")[:SHOWN]
    told = []
    for row in rows:
        machine = machines.MACHINES[row.machine]
        label = next((one.label for one in machine.transitions if one.key == row.action), None)
        words = {
            "enter": pgettext("step", "Entered"), "edit": pgettext("step", "Changed"),
            "item": _("Parameter"),
        }  # fmt: skip
        moved = row.before != row.after and row.after
        told.append(
            {
                "row": row,
                "what": machine.label,
                "label": label or words.get(row.action, row.action),
                "state": state(machine, row.after) if moved else None,
            }
        )
    return told
