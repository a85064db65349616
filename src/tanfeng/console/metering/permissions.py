"""Who sees and does what with meters, points, gateways and keys.

* Everything follows its organisation: the enterprise its own, a county and a park theirs, a
  verifier the enterprises assigned to it, the city all.
* Who may hand in forms for an enterprise (the enterprise, its county, the city) keeps its meters,
  processes, devices, verifications and required numbers.
* Gateways and keys are kept by the enterprise and the city: a key lets readings in. Where the
  program itself connects to, and with which password, is the city's to say.
* Points of the engine's register nobody owns yet are the city's to give to an enterprise.
* Park and verifier read. A key itself is shown once to who made it and to nobody ever after.
"""

from __future__ import annotations

from django.db.models import Q

from tanfeng.console.archive.permissions import organisation_scope, through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.metering import models

#: Who keeps the records of an enterprise's meters.
KEEPERS = (Role.ENTERPRISE, Role.COUNTY, Role.CITY)
#: Who may let a gateway in.
OPENERS = (Role.ENTERPRISE, Role.CITY)


def _of_meter(user: User) -> Q:
    return organisation_scope(user, "meter__organisation__")


def _of_gateway(user: User) -> Q:
    return organisation_scope(user, "gateway__organisation__")


def register() -> None:
    """Declare the rules of this app."""
    keep, let_in = rights.is_role(*KEEPERS), rights.is_role(*OPENERS)
    for model in (models.Meter, models.ProcessUnit, models.RequiredCount):
        rights.register(model, through_organisation, enter=keep)
    rights.register(
        models.Gateway, through_organisation, enter=let_in, connect=rights.is_role(Role.CITY)
    )
    rights.register(models.OwnedPoint, through_organisation)
    rights.register_action("metering.claim", Role.CITY)
    rights.register(models.ApiKey, _of_gateway, enter=let_in)
    rights.register(models.SeenPoint, _of_gateway, adopt=keep)
    for part in (models.Device, models.Calibration, models.MeterVersion):
        rights.register(part, _of_meter)
    rights.register_internal(models.Mark, "a number of the program's own")
