"""Who sees what the accounts of an enterprise differ by: whoever sees the enterprise."""

from __future__ import annotations

from tanfeng.console.archive.permissions import through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role
from tanfeng.console.registers.reconciliation.models import Reconciliation


def register() -> None:
    """Declare the rules of this app; computing all of them again is the city's."""
    rights.register(Reconciliation, through_organisation, compute=rights.is_role(Role.CITY))
