"""Who sees which records and runs.

* Energy and output records, the totals of a run and accounts by sector methods follow their
  organisation; who may hand in forms for an enterprise may account its workbook and state what
  its inputs may be off by.
* That a published run exists may be known to everybody signed in; runs that are not published are
  for the city and the counties. What a run says about an enterprise is shown only
  to those who may see the enterprise.
* Computing and publishing a run is the city's alone.
* The yearly brief speaks of a city, a county or a park, so it is for those who see one.
"""

from __future__ import annotations

from django.db.models import Q

from tanfeng.console.accounting import models
from tanfeng.console.archive.permissions import through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User

#: Roles that see drafts and the counts of a whole run.
OFFICERS = (Role.CITY, Role.COUNTY)


def run_scope(user: User) -> Q:
    """Return which runs a user may see."""
    return rights.EVERYTHING if user.role in OFFICERS else Q(published=True)


def register() -> None:
    """Declare the rules of this app."""
    city = rights.is_role(Role.CITY)
    rights.register(models.EnergyRecord, through_organisation)
    rights.register(models.OutputRecord, through_organisation)
    rights.register(models.ConversionRecord, through_organisation)
    rights.register(models.Total, through_organisation)
    rights.register(models.MethodRun, through_organisation)
    rights.register(models.InputUncertainty, through_organisation)
    rights.register(models.Run, run_scope, compute=city, publish=city)
    rights.register_action("report.city", *OFFICERS, Role.PARK)
