"""Who sees which organisation; every other register follows it through its organisation."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from tanfeng.console.archive import models
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role, User


def organisation_scope(user: User, path: str = "") -> Q:
    """Return the condition on organisations, reached through ``path`` (``organisation__``)."""
    if user.role == Role.CITY:
        return rights.EVERYTHING
    if user.role == Role.COUNTY and user.place_code:
        return Q(**{f"{path}place_id": user.place_code})
    if user.role == Role.PARK and user.park_code:
        return Q(**{f"{path}park_id": user.park_code})
    if user.role == Role.ENTERPRISE and user.org_code:
        return Q(**{f"{path}credit_code": user.org_code})
    if user.role == Role.VERIFIER:
        today = timezone.localdate()
        assigned = models.Assignment.objects.filter(verifier=user, valid_from__lte=today).filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=today)
        )
        return Q(**{f"{path}id__in": assigned.values("organisation_id")})
    return rights.NOTHING


def through_organisation(user: User) -> Q:
    """Return the scope of a register with a foreign key ``organisation``."""
    return organisation_scope(user, "organisation__")


def visible_codes(user: User) -> QuerySet[Any, Any] | None:
    """Return the credit codes in the user's scope, None for all; the kernel asks for uploads."""
    condition = organisation_scope(user)
    if condition == rights.EVERYTHING:
        return None
    return models.Organisation.objects.filter(condition).order_by().values_list("credit_code")


def _own_assignments(user: User) -> Q:
    return Q(verifier=user) if user.role == Role.VERIFIER else through_organisation(user)


def _signed_in(_user: User) -> Q:
    return rights.EVERYTHING


def register() -> None:
    """Declare the rules of this app."""
    rights.register_codes(visible_codes)
    officers = rights.is_role(Role.CITY, Role.COUNTY)
    rights.register(
        models.Organisation,
        organisation_scope,
        change=officers,
        upload=may_upload_for,
        call=may_call,
    )
    rights.register(models.OrganisationVersion, through_organisation)
    rights.register(models.Membership, through_organisation, change=rights.is_role(Role.CITY))
    rights.register(models.Site, through_organisation, change=officers)
    rights.register(models.Contact, through_organisation, change=_keeps_contacts)
    rights.register(models.Assignment, _own_assignments, change=rights.is_role(Role.CITY))
    rights.register(models.Place, _signed_in, change=rights.is_role(Role.CITY))
    for model in (models.Park, models.OfficialList, models.Plant):
        rights.register(model, _signed_in)


def may_upload_for(user: User, organisation: models.Organisation | None) -> bool:
    """Tell whether the user may hand in forms for an organisation inside its scope.

    With None the question is whether the user may hand in forms at all.
    """
    if user.role in (Role.CITY, Role.COUNTY):
        return True
    if user.role != Role.ENTERPRISE:
        return False
    return organisation is None or organisation.credit_code == user.org_code


def may_call(user: User, organisation: models.Organisation | None) -> bool:
    """Tell whether the telephone numbers of an enterprise in scope are whole for the user.

    City and county ask an enterprise back about its forms; that is their office. A park operator
    and a verifier have no such duty here, an administrator sees no enterprise at all.
    """
    return may_upload_for(user, organisation)


def _keeps_contacts(user: User, contact: models.Contact | None) -> bool:
    """Officers keep the contacts of their scope, an enterprise its own."""
    return may_upload_for(user, None if contact is None else contact.organisation)
