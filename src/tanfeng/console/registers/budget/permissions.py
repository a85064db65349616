"""Who sees and sets which quota.

* An enterprise sees its own; a county its own and those of its enterprises and parks; a park its
  own and those of its enterprises; a verifier those of the enterprises assigned; the city all.
* The city sets quotas of every level, a county those of its own enterprises.
"""

from __future__ import annotations

from django.db.models import Q

from tanfeng.console.archive.models import Organisation, Park
from tanfeng.console.archive.permissions import through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.budget.models import Quota, Standing


def quota_scope(user: User) -> Q:
    """Return the condition on quotas."""
    if user.role == Role.COUNTY and user.place_code:
        # By lists of keys: the database joins three tables for every row else.
        inside = Organisation.objects.filter(place_id=user.place_code).values("pk")
        parks = Park.objects.filter(place_id=user.place_code).values("pk")
        own = Q(organisation__in=inside) | Q(park__in=parks)
        return own | Q(place_id=user.place_code)
    if user.role == Role.PARK and user.park_code:
        inside = Organisation.objects.filter(park_id=user.park_code).values("pk")
        return Q(organisation__in=inside) | Q(park_id=user.park_code)
    return through_organisation(user)


def standing_scope(user: User) -> Q:
    """Return the condition on standings: that of their quotas."""
    scope = quota_scope(user)
    if scope in (rights.EVERYTHING, rights.NOTHING):
        return scope
    return Q(quota__in=Quota._default_manager.filter(scope).values("pk"))


def may_set(user: User, quota: Quota | None) -> bool:
    """Tell whether the user may set a quota inside its scope; None: any at all."""
    if user.role == Role.CITY:
        return True
    return user.role == Role.COUNTY and (quota is None or quota.level == Quota.Level.ENTERPRISE)


def register() -> None:
    """Declare the rules of this app."""
    rights.register(Quota, quota_scope, set=may_set, compute=rights.is_role(Role.CITY))
    rights.register(Standing, standing_scope)
    rights.register_action("budget.roll-up", Role.CITY, Role.COUNTY)
