"""Points of the engine's register that nobody owns, given to an enterprise.

``tanfeng meter import --create`` and files dropped into a folder make points the records know
nothing of. An officer of the city gives such a point to a meter; its readings stand under its name
and come along, and so do the devices the register knows.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from django.db import transaction
from django.http import HttpRequest

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit, rights
from tanfeng.console.core.models import User
from tanfeng.console.metering import publishing, services
from tanfeng.console.metering.models import Meter
from tanfeng.console.metering.services import problem
from tanfeng.errors import DataError

Request = HttpRequest | None


def as_meter(row: dict[str, Any]) -> Meter:
    """Return what the register says of a point in the words of a record, not stored."""
    return Meter(
        organisation=Organisation(), name=row["name"][:80], item_key=row["item_key"],
        multiplier=row["multiplier"], level=row["level"], point=row["point"],
        reading_kind=row["kind"], reading_unit=row["unit"], digits=row["digits"],
        rated_power=row["rated_power"], interval_s=row["interval_s"], sign=row["sign"],
        is_online=True,
    )  # fmt: skip


@transaction.atomic
def claim(
    user: User,
    organisation: Organisation,
    point: str,
    *,
    meter_no: str,
    name: str,
    request: Request = None,
    **more: Any,
) -> Meter:
    """Give a point of the engine's register to a meter of an enterprise.

    Parameters
    ----------
    organisation : Organisation
        Whose meter it is.
    point : str
        As the register names it.
    meter_no, name : str
        Of the meter: one that stands and sends nothing yet takes the point, else a new one is made.
    more
        ``level``, ``item_key``, ``reading_kind``, ``reading_unit``, ``multiplier``, where they are
        other than the register says.

    Raises
    ------
    DataError
        If the point is not waiting, the meter has one already, or the record is not whole.
    """
    rights.require(user, "metering.claim")
    rights.require(user, "upload", organisation)
    rows = publishing.unclaimed().filter(pl.col("point") == point)
    if rows.is_empty():
        zh, en = "该计量点不在待认领之列", "This point does not wait to be claimed"
        raise DataError([problem(zh, en)])
    made = as_meter(rows.row(0, named=True))
    names = (*services.SENT, "item_key", "multiplier", "level", "is_online")
    values = {key: getattr(made, key) for key in names if key not in ("unit", "gateway")}
    values |= {key: value for key, value in more.items() if value not in (None, "")}
    standing = Meter.objects.filter(
        organisation=organisation, meter_no=meter_no.strip(), withdrawn_at__isnull=True
    ).first()
    if standing is None:
        values |= {"meter_no": meter_no.strip()[:40], "name": name.strip()[:80] or made.name}
        meter = services.enter(user, organisation, values, request=request)
    else:
        if standing.point:
            zh, en = "该器具已有监测点", "This meter has a point already"
            raise DataError([problem(zh, en, "meter_no")])
        meter = standing
        # What the list of instruments says of it holds; the point adds what it sends.
        given = {key: values[key] for key in (*services.SENT, "is_online") if key in values}
        if meter.multiplier is None:
            given["multiplier"] = values["multiplier"]
        services.change(user, meter, given, request=request)
    audit.record("meter.claim", user=user, request=request, thing=meter, point=point)
    return meter
