"""Whom to call at an enterprise: the contact of the archive form and those of the register.

Who may read a number whole, and where, stands in ``docs/reference/rights.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from tanfeng.console.archive.models import Contact, Organisation
from tanfeng.console.core import masking, rights
from tanfeng.console.core.models import User


@dataclass(frozen=True, slots=True)
class Line:
    """One person to call.

    Parameters
    ----------
    role : str
        What the person is asked about.
    name : str
        Name.
    phone : str
        Number as the reader may see it.
    call : str
        Number to dial, empty when the reader may not see it whole.
    """

    role: str
    name: str
    phone: str
    call: str = ""


def of(user: User, organisation: Organisation, *, to_call: bool = False) -> list[Line]:
    """Return the contacts of an enterprise.

    Parameters
    ----------
    user : User
        Who reads.
    organisation : Organisation
        The enterprise, found visible.
    to_call : bool
        Whether this is the page an officer calls from: there the number is whole for those whose
        office it is. What leaves the console (workbook, Word, PDF) never asks for that.
    """
    whole = to_call and rights.can(user, "call", organisation)
    people = [
        (_("Day-to-day contact"), organisation.contact_name, organisation.contact_phone),
        *rights.visible(user, Contact)
        .filter(organisation=organisation)
        .values_list("role", "name", "phone"),
    ]
    return [
        _line(role, name, phone, user, organisation, whole=whole)
        for role, name, phone in people
        if name or phone
    ]


def _line(
    role: str, name: str, phone: str, user: User, organisation: Organisation, *, whole: bool
) -> Line:
    shown = phone if whole else masking.telephone_for(user, organisation.credit_code, phone)
    digits = "".join(sign for sign in phone if sign.isdigit() or sign == "+")
    return Line(role, name, shown, digits if whole and digits else "")
