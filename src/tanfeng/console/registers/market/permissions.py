"""Who sees and does what in the carbon market.

* Everything follows its organisation: the enterprise its own, a county and a park theirs, a
  verifier the enterprises assigned to it, the city all.
* The enterprise enters what its account in the market shows, its units and its certificates; the
  city may on its behalf, and then cannot confirm the movement itself.
* The verified emission is entered by the verifier assigned or the city, never by the enterprise.
* A deadline the standards do not have is entered by the city.
* County and park read.
"""

from __future__ import annotations

from django.db.models import Q

from tanfeng.console.archive.permissions import organisation_scope, through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.market import machines, models


def _units(user: User) -> Q:
    return organisation_scope(user, "position__organisation__")


def register() -> None:
    """Declare the rules of this app."""
    firm, city = rights.is_role(*machines.FIRM), rights.is_role(Role.CITY)
    rights.register(
        models.Position,
        through_organisation,
        enter=firm,
        state=city,
        refresh=city,
        verify=rights.is_role(Role.VERIFIER, Role.CITY),
        attach=rights.is_role(*machines.FIRM, Role.VERIFIER),
    )
    rights.register(models.Facility, _units)
    rights.register(
        models.Movement, through_organisation, enter=firm, **machines.MOVEMENT.actions()
    )
    rights.register(models.Certificate, through_organisation, enter=firm, claim=firm)
    rights.register(models.Claim, through_organisation, release=firm)
    rights.register(models.MarketEvidence, through_organisation)
