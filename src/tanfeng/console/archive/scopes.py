"""Names of counties, parks and enterprises for the accounts that are bound to one."""

from __future__ import annotations

from django.db import models

from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core import scopes
from tanfeng.console.core.models import User


def _name(model: type[models.Model], **lookup: str) -> str:
    row = model._default_manager.filter(**lookup).first()
    return "" if row is None else str(row)


def _place(user: User) -> str:
    """Return the county of the park or enterprise an account is bound to."""
    if user.org_code:
        row = Organisation.objects.filter(credit_code=user.org_code).only("place_id").first()
        return row.place_id if row is not None else ""
    park = Park.objects.filter(code=user.park_code).only("place_id").first()
    return (park.place_id or "") if park is not None else ""


scopes.register(
    "place_code",
    lambda code: _name(Place, code=code),
    lambda: [(place.code, str(place)) for place in Place.objects.all()],
)
scopes.register(
    "park_code",
    lambda code: _name(Park, code=code),
    lambda: [(park.code, str(park)) for park in Park.objects.all()],
)

scopes.register("org_code", lambda code: _name(Organisation, credit_code=code))
scopes.register_place(_place)
