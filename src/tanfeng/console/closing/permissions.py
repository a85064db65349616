"""Who sees and closes the months of an enterprise.

Whoever sees the enterprise sees its closes. Closing and opening again is the enterprise's, and the
city's on its behalf; the county reads.
"""

from __future__ import annotations

from django.db.models import Q

from tanfeng.console.archive.permissions import organisation_scope, through_organisation
from tanfeng.console.closing import models
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User

CLOSERS = (Role.ENTERPRISE, Role.CITY)


def _of_line(user: User) -> Q:
    return organisation_scope(user, "close__organisation__")


def register() -> None:
    """Declare the rules of this app."""
    may = rights.is_role(*CLOSERS)
    rights.register(models.MonthClose, through_organisation, close=may, reopen=may)
    rights.register(models.CloseLine, _of_line)
