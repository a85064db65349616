"""Who sees and does what with quality, outages, filings and alerts.

* Everything about an enterprise follows it: the enterprise its own, a county and a park theirs, a
  verifier the enterprises assigned to it, the city all. A county and a park also see the sum of
  their own place, the city every sum; nobody sees the sum of another's.
* The enterprise files outages, confirms repairs and answers work orders; the city may file on its
  behalf and then cannot accept it.
* County and city accept or send back; taking a point out of use, removing or replacing it is the
  city's to accept. They acknowledge alerts, order work and close.
* City and county issue the bulletin of a month, the county that of its own; it is frozen then.
  Everybody sees of a bulletin the lines they see the months of: an enterprise its own alone.
* The enterprise says when it produces and when it stands still, the city on its behalf.
* Limits are read by everybody signed in and set by the city.
* Park and verifier read. An alert that belongs to no enterprise is the city's.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from tanfeng.console.archive.permissions import through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.quality import machines, models

#: What only the city accepts.
OF_THE_CITY = (models.Filing.Kind.STOP, models.Filing.Kind.CHANGE)
FILERS = (Role.ENTERPRISE, Role.CITY)


def _months(user: User) -> Q:
    scope = through_organisation(user)
    if user.role == Role.COUNTY and user.place_code:
        return scope | Q(kind="county", place_id=user.place_code)
    if user.role == Role.PARK and user.park_code:
        return scope | Q(kind="park", park_id=user.park_code)
    return scope


def _lines(user: User) -> Q:
    scope = through_organisation(user)
    if user.role == Role.COUNTY and user.place_code:
        return scope | Q(kind="county", place_id=user.place_code)
    return scope


def _bulletins(user: User) -> Q:
    lines = _lines(user)
    if lines in (rights.EVERYTHING, rights.NOTHING):
        return lines
    return Q(pk__in=models.BulletinLine.objects.filter(lines).order_by().values("bulletin"))


def _signed_in(_user: User) -> Q:
    return rights.EVERYTHING


def register() -> None:
    """Declare the rules of this app."""
    rights.register(models.MonthQuality, _months, judge=rights.is_role(Role.CITY))
    rights.register(
        models.Outage, through_organisation, confirm=rights.is_role(*FILERS),
    )  # fmt: skip
    steps = machines.FILING.actions()
    accept = steps["accept_filing"]

    def may_accept(user: User, filing: Any) -> bool:
        of_city = filing is not None and filing.kind in OF_THE_CITY
        return accept(user, filing) and (user.role == Role.CITY or not of_city)

    filing_rules = {**steps, "accept_filing": may_accept}
    rights.register(
        models.Filing, through_organisation, file=rights.is_role(*FILERS),
        attach=rights.is_role(*FILERS), **filing_rules,
    )  # fmt: skip
    rights.register(
        models.Alert, through_organisation, attach=rights.is_role(Role.ENTERPRISE),
        **machines.ALERT.actions(),
    )  # fmt: skip
    rights.register(
        models.Bulletin, _bulletins, issue=rights.is_role(Role.CITY, Role.COUNTY),
    )  # fmt: skip
    rights.register(models.BulletinLine, _lines)
    rights.register(
        models.ProductionChange, through_organisation, say=rights.is_role(*FILERS),
    )  # fmt: skip
    rights.register(models.LimitChange, _signed_in, set=rights.is_role(Role.CITY))
    for model in (models.Evidence, models.Step):
        rights.register(model, through_organisation)
    rights.register_internal(models.Judgement, "how far the program has judged")
    rights.register_internal(models.ToJudge, "work the program has still to do")
