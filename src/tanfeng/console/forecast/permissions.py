"""Who sees a forecast: whoever sees the enterprise. Computing all of them anew is the city's."""

from __future__ import annotations

from tanfeng.console.archive.permissions import through_organisation
from tanfeng.console.core import rights
from tanfeng.console.core.models import Role
from tanfeng.console.forecast.models import Anomaly, Forecast


def register() -> None:
    """Declare the rules of this app."""
    rights.register(Forecast, through_organisation, compute=rights.is_role(Role.CITY))
    rights.register(Anomaly, through_organisation)
