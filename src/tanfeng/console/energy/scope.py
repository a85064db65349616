"""Whose energy a page shows, and what it is made of: city, county or park, enterprise, process.

A sum is shown only to who may see every enterprise in it. Names come from the records office; what
is metered hangs at the nodes of the engine's tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from tanfeng.console.archive.models import Organisation, Park, Place
from tanfeng.console.core import rights
from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Role, User
from tanfeng.console.metering import engine
from tanfeng.console.metering.models import Meter, ProcessUnit

#: Keys of the query that name what is looked at, narrowest first.
ASKED = ("unit", "org", "place", "park")


@dataclass(frozen=True, slots=True)
class Part:
    """Something one step below: a county, an enterprise, a process or a point.

    Parameters
    ----------
    key : str
        Its node in the tree, or its point.
    kind : {"county", "enterprise", "unit", "point"}
        What it is.
    name, url : str
        For people.
    is_demo : bool
        Whether it is of the demonstration.
    is_main : bool
        A point that makes the amount of its node, in place of a part of it.
    """

    key: str
    kind: str
    name: str
    url: str
    is_demo: bool = False
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page is about.

    Parameters
    ----------
    kind : {"city", "county", "park", "firms", "enterprise", "unit"}
        Step of the tree; ``firms`` are those assigned to a verifier.
    name : str
        For people.
    nodes : tuple of str
        What its energy is the sum of.
    parts : tuple of Part
        One step below.
    organisation : Organisation or None
        The enterprise it lies in.
    unit : ProcessUnit or None
        The process.
    above : tuple of (str, str)
        Names and addresses on the way back.
    enterprises : int
        Enterprises in it, metered or not.
    """

    kind: str
    name: str
    nodes: tuple[str, ...]
    parts: tuple[Part, ...]
    organisation: Organisation | None = None
    unit: ProcessUnit | None = None
    above: tuple[tuple[str, str], ...] = ()
    enterprises: int = field(default=1)

    @property
    def points(self) -> list[str]:
        """Return the points among its parts."""
        return [one.key for one in self.parts if one.kind == "point"]


def of(user: User, query: QueryDict) -> Scope:
    """Return what a query asks for, else the widest scope of the person.

    Raises
    ------
    Http404
        If the person may not see all of it, or it is not there.
    """
    key = next((one for one in ASKED if query.get(one)), "")
    if not key:
        return _own(user)
    value = query.get(key) or ""
    if key == "unit":
        number = int(value) if value.isdecimal() and len(value) < 16 else 0
        found = rights.get_visible(user, ProcessUnit, pk=number)
        return _unit(user, found)
    if key == "org":
        return _enterprise(user, rights.get_visible(user, Organisation, credit_code=value[:18]))
    if key == "place":
        place = rights.get_visible(user, Place, code=value[:6])
        return _county(user, place)
    return _park(user, rights.get_visible(user, Park, code=value[:20]))


def _own(user: User) -> Scope:
    """Return the widest scope of a person."""
    if user.role == Role.CITY:
        return _city()
    if user.role == Role.COUNTY and user.place_code:
        return _county(user, rights.get_visible(user, Place, code=user.place_code))
    if user.role == Role.PARK and user.park_code:
        return _park(user, rights.get_visible(user, Park, code=user.park_code))
    firms = list(rights.visible(user, Organisation).select_related("place").order_by("name"))
    if user.role == Role.ENTERPRISE and firms:
        return _enterprise(user, firms[0])
    nodes = tuple(one.credit_code for one in firms)
    return Scope("firms", _("Assigned enterprises"), nodes, _firms(firms), enterprises=len(firms))


def _city() -> Scope:
    held = set(engine.register().nodes()["node"])
    places = [one for one in Place.objects.all() if one.code in held]
    parts = tuple(
        Part(one.code, "county", str(one), f"{reverse('energy')}?place={one.code}")
        for one in places
    )
    name = settings.CITY_NAMES[language()]
    count = Organisation.objects.count()
    return Scope("city", name, (engine.CITY,), parts, enterprises=count)


def _whole(user: User, condition: Q) -> list[Organisation]:
    """Return the enterprises of a sum; one the person may not see all of is not there."""
    every = Organisation.objects.filter(condition)
    seen = rights.visible(user, Organisation).filter(condition)
    count = every.count()
    if not count or seen.count() < count:
        raise rights.NotVisible(f"a sum over {condition}")
    return list(seen.select_related("place").order_by("name"))


def _county(user: User, place: Place) -> Scope:
    firms = _whole(user, Q(place=place))
    return Scope(
        "county", str(place), (place.code,), _firms(firms), above=_way(user, None),
        enterprises=len(firms),
    )  # fmt: skip


def _park(user: User, park: Park) -> Scope:
    firms = _whole(user, Q(park=park))
    return Scope(
        "park", str(park), (f"park:{park.code}",), _firms(firms), above=_way(user, None),
        enterprises=len(firms),
    )  # fmt: skip


def _firms(firms: Iterable[Organisation]) -> tuple[Part, ...]:
    """Return the enterprises that are in the tree."""
    held = set(engine.register().nodes()["node"])
    here = reverse("energy")
    return tuple(
        Part(one.credit_code, "enterprise", one.name, f"{here}?org={one.credit_code}", one.is_demo)
        for one in firms
        if one.credit_code in held
    )


def _enterprise(user: User, firm: Organisation) -> Scope:
    return Scope(
        "enterprise",
        firm.name,
        (firm.credit_code,),
        _inside(firm, None),
        organisation=firm,
        above=_way(user, firm),
    )


def _unit(user: User, unit: ProcessUnit) -> Scope:
    firm = unit.organisation
    here = reverse("energy")
    way = [*_way(user, firm), (firm.name, f"{here}?org={firm.credit_code}")]
    up, at = [], unit.parent
    while at is not None:
        up.append((at.name, f"{here}?unit={at.pk}"))
        at = at.parent
    return Scope(
        "unit",
        unit.name,
        (unit.node,),
        _inside(firm, unit),
        organisation=firm,
        unit=unit,
        above=(*way, *reversed(up)),
    )


def _inside(firm: Organisation, unit: ProcessUnit | None) -> tuple[Part, ...]:
    """Return the processes and points one step below an enterprise or process."""
    here = reverse("energy")
    below = ProcessUnit.objects.filter(
        organisation=firm, parent=unit, removed_at__isnull=True
    ).order_by("pk")
    meters = list(
        Meter.objects.filter(
            organisation=firm, unit=unit, point__isnull=False, withdrawn_at__isnull=True
        ).order_by("level", "meter_no")
    )
    top: dict[str, int] = {}
    for one in meters:
        top.setdefault(one.item_key, one.level)
    return (
        *(Part(one.node, "unit", one.name, f"{here}?unit={one.pk}", firm.is_demo) for one in below),
        *(
            Part(
                str(one.point), "point", one.name, reverse("metering-point", args=[one.pk]),
                firm.is_demo, is_main=one.level == top[one.item_key],
            )
            for one in meters
        ),
    )  # fmt: skip


def _way(user: User, firm: Organisation | None) -> tuple[tuple[str, str], ...]:
    """Return the steps above that the person may open."""
    here = reverse("energy")
    steps = []
    if user.role == Role.CITY:
        steps.append((settings.CITY_NAMES[language()], here))
        if firm is not None:
            steps.append((str(firm.place), f"{here}?place={firm.place_id}"))
    elif firm is not None and user.role != Role.ENTERPRISE:
        steps.append((_("Metered energy"), here))
    return tuple(steps)
