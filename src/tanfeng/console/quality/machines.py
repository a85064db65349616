"""Workflows of filings and alerts, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.core.models import Role, User
from tanfeng.console.quality import models
from tanfeng.console.registers.workflow import Machine, State, Took, Transition

_Missing = Iterator[tuple[str, str]]
OFFICERS = (Role.CITY, Role.COUNTY)
#: States of an alert nobody has finished with.
WAITING = ("open", "acknowledged", "ordered", "answered")


def _took(machine: str) -> Took:
    def took(user: User, thing: Any, names: tuple[str, ...]) -> bool:
        steps = models.Step.objects.filter(machine=machine, thing=thing.pk, by=user)
        return steps.filter(action__in=names).exists()

    return took


def _has_due(_alert: Any, values: Mapping[str, Any]) -> _Missing:
    if not values.get("due_on"):
        yield "请填写办理期限", "Say by when"


def _has_owner(alert: Any, values: Mapping[str, Any]) -> _Missing:
    if alert.organisation_id is None:
        yield "该告警不属于任何企业，不能派单", "It belongs to no enterprise: nobody to order"
    yield from _has_due(alert, values)


FILING = Machine(
    "filing",
    _("Outage filing"),
    (
        State("filed", pgettext_lazy("outage filing", "Waits for acceptance"), "note"),
        State("accepted", pgettext_lazy("outage filing", "Accepted"), "good"),
        State("returned", _("Sent back"), "late"),
        State("withdrawn", pgettext_lazy("outage filing", "Withdrawn"), "muted"),
    ),
    (
        Transition(
            "accept_filing", _("Accept the filing"), ("filed",), "accepted", OFFICERS,
            not_by=("enter", "file_again"),
        ),
        Transition(
            "return_filing", _("Send the filing back"), ("filed",), "returned", OFFICERS,
            must=("remark",),
        ),
        Transition(
            "file_again", _("File it again"), ("returned",), "filed", (Role.ENTERPRISE, Role.CITY)
        ),
        Transition(
            "withdraw_filing", _("Withdraw the filing"), ("filed", "returned"), "withdrawn",
            (Role.ENTERPRISE, Role.CITY), must=("remark",),
        ),
    ),
    _took("filing"),
)  # fmt: skip

ALERT = Machine(
    "alert",
    _("Alert"),
    (
        State("open", pgettext_lazy("alert", "New"), "bad"),
        State("acknowledged", pgettext_lazy("alert", "Acknowledged"), "note"),
        State("ordered", pgettext_lazy("alert", "Work order out"), "late"),
        State("answered", pgettext_lazy("alert", "Answered"), "note"),
        State("closed", pgettext_lazy("alert", "Closed"), "good"),
    ),
    (
        Transition("acknowledge", _("Acknowledge"), ("open",), "acknowledged", OFFICERS),
        Transition(
            "order", _("Give a work order"), ("open", "acknowledged"), "ordered", OFFICERS,
            must=("remark",), needs=_has_owner,
        ),
        Transition(
            "answer_order", _("Answer the work order"), ("ordered",), "answered",
            (Role.ENTERPRISE,), must=("remark",),
        ),
        Transition(
            "order_again", _("Not done: order again"), ("answered",), "ordered", OFFICERS,
            must=("remark",), needs=_has_due,
        ),
        Transition(
            "close_alert", _("Close the alert"), WAITING, "closed", OFFICERS, must=("remark",),
            not_by=("answer_order",),
        ),
        Transition("recover", _("Ended by itself"), ("open",), "closed", (), by_system=True),
        Transition("reopen", _("Came again"), ("closed",), "open", (), by_system=True),
        Transition("grow", _("Got worse"), ("acknowledged",), "open", (), by_system=True),
    ),
    _took("alert"),
)  # fmt: skip

MACHINES: Mapping[str, Machine] = {one.key: one for one in (FILING, ALERT)}


def words() -> dict[str, Promise]:
    """Return what the audit log calls the events of this room."""
    told: dict[str, Any] = {
        f"quality.{step.key}": step.label
        for one in MACHINES.values()
        for step in one.transitions
        if not step.by_system
    }
    return told | {
        "quality.enter": _("Outage filed"),
        "quality.confirm": _("Repair confirmed"),
        "quality.attach": _("Evidence uploaded"),
        "quality.read": _("Data quality opened"),
        "quality.download": _("Evidence downloaded"),
        "quality.issue": _("Bulletin issued"),
        "quality.limit": _("Limit changed"),
        "quality.limit-back": _("Changed limit withdrawn"),
        "quality.production": _("Production state told"),
        "quality.production-back": _("Production state withdrawn"),
        "quality.judge": _("Data quality judged"),
        "alert.read": _("Alert opened"),
    }
