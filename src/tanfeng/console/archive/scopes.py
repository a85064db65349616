"""Names of counties, parks and enterprises for the accounts that are bound to one."""

from __future__ import annotations

from django.db import models

from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core import scopes


def _name(model: type[models.Model], **lookup: str) -> str:
    row = model._default_manager.filter(**lookup).first()
    return "" if row is None else str(row)


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
