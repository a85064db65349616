"""The way of a movement: entered, confirmed by the city, or withdrawn; who may take which step."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.workflow import Machine, State, Transition

#: Who enters what an account shows: the enterprise, or the city on its behalf.
FIRM = (Role.ENTERPRISE, Role.CITY)
CITY = (Role.CITY,)


def _took(user: User, thing: Any, names: tuple[str, ...]) -> bool:
    return "enter" in names and thing.entered_by_id == user.pk


MOVEMENT = Machine(
    "movement",
    _("Movement"),
    (
        State("entered", pgettext_lazy("movement", "entered"), "note"),
        State("confirmed", pgettext_lazy("movement", "confirmed"), "good"),
        State("withdrawn", pgettext_lazy("movement", "withdrawn"), "muted"),
    ),
    (
        Transition(
            "confirm_movement", pgettext_lazy("movement", "Confirm"), ("entered",), "confirmed",
            CITY, not_by=("enter",),
        ),
        Transition(
            "withdraw_movement", pgettext_lazy("movement", "Withdraw"), ("entered",), "withdrawn",
            FIRM, must=("remark",),
        ),
        Transition(
            "annul_movement", _("Withdraw a confirmed one"), ("confirmed",), "withdrawn", CITY,
            must=("remark",),
        ),
    ),
    _took,
)  # fmt: skip


def words() -> dict[str, Promise]:
    """Return the events of this register in words."""
    return {
        "market.open": _("Compliance account opened"),
        "market.state": _("Compliance account changed"),
        "market.verify": _("Verified emission entered"),
        "market.unit": _("Unit of a compliance account changed"),
        "market.unit-out": _("Unit of a compliance account taken out"),
        "market.move": _("Movement of allowances entered"),
        "market.confirm_movement": _("Movement of allowances confirmed"),
        "market.withdraw_movement": _("Movement of allowances withdrawn"),
        "market.annul_movement": _("Movement of allowances withdrawn"),
        "market.refresh": _("Compliance accounts computed anew"),
        "market.register": _("Certificate registered"),
        "market.unregister": _("Certificate withdrawn"),
        "market.claim": _("Certificate claimed"),
        "market.release": _("Claim of a certificate released"),
        "market.attach": _("Evidence of the market uploaded"),
        "market.download": _("Evidence of the market downloaded"),
        "market.read": _("Compliance account opened to read"),
        "export.market": _("Compliance accounts exported"),
        "export.market-movements": _("Movements of allowances exported"),
        "export.market-certificates": _("Certificates exported"),
        "export.market-calendar": _("Surrender calendar exported"),
    }
