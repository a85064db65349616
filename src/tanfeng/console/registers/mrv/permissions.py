"""Who sees and does what with the MRV record.

* Everything follows its organisation: the enterprise its own, a county and a park theirs, a
  verifier the enterprises assigned to it, the city all.
* Who may take which step stands in the tables of ``machines``, and nowhere else.
* The enterprise enters and corrects; the city may on its behalf, and then cannot accept it.
* Spot checks are chosen, planned and filled in by the city. One that is only planned is known to
  city and county alone, so that nobody is warned.
* City and verifier raise findings; the county notes a first look and changes nothing.
* The risk score is for city and county.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from tanfeng.console.archive.permissions import organisation_scope, through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User
from tanfeng.console.registers.mrv import machines, models

#: States of a check the enterprise is not told of.
UNTOLD = ("planned", "cancelled")
_OFFICERS = (Role.CITY, Role.COUNTY)


def _told(user: User, scope: Q, path: str = "") -> Q:
    if user.role in _OFFICERS or scope == rights.NOTHING:
        return scope
    return scope & ~Q(**{f"{path}state__in": UNTOLD})


def _checks(user: User) -> Q:
    return _told(user, through_organisation(user))


def _answers(user: User) -> Q:
    return _told(user, organisation_scope(user, "check_of__organisation__"), "check_of__")


def _steps(user: User) -> Q:
    scope = through_organisation(user)
    if user.role in _OFFICERS or scope == rights.NOTHING:
        return scope
    return scope & ~Q(machine="check", after__in=UNTOLD)


def _items(user: User) -> Q:
    return organisation_scope(user, "plan__organisation__")


def _may_edit_plan(user: User, plan: Any) -> bool:
    return user.role in machines.FIRM and (plan is None or plan.state in ("draft", "returned"))


def _may_enter(user: User, report: Any) -> bool:
    return user.role in machines.FIRM and (
        report is None or report.state in ("open", "returned", "reported")
    )


def _may_edit_report(user: User, report: Any) -> bool:
    return user.role in machines.FIRM and (report is None or report.state in ("open", "returned"))


def _may_fill(user: User, check: Any) -> bool:
    return user.role == Role.CITY and (check is None or check.state in ("planned", "visiting"))


def register() -> None:
    """Declare the rules of this app."""
    city = rights.is_role(Role.CITY)
    rights.register(
        models.EmissionReport,
        through_organisation,
        enter=_may_enter,
        edit=_may_edit_report,
        attach=rights.is_role(Role.ENTERPRISE, Role.CITY, Role.VERIFIER),
        inspect=city,
        find=rights.is_role(Role.CITY, Role.VERIFIER),
        risk=rights.is_role(*_OFFICERS),
        **machines.REPORT.actions(),
    )
    rights.register(
        models.QualityPlan, through_organisation, change=_may_edit_plan, **machines.PLAN.actions()
    )
    rights.register(models.PlanItem, _items)
    rights.register(models.Tally, through_organisation)
    rights.register(models.MonthlyFiling, through_organisation, **machines.FILING.actions())
    rights.register(models.SpotCheck, _checks, fill=_may_fill, **machines.CHECK.actions())
    rights.register(models.CheckAnswer, _answers)
    rights.register(models.Finding, through_organisation, **machines.FINDING.actions())
    for model in (models.Correction, models.Evidence):
        rights.register(model, through_organisation)
    rights.register(models.Step, _steps)
