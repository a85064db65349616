"""Every write of virtual meters: what nobody hung and is computed from what hangs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from tanfeng.console.archive.models import Organisation
from tanfeng.console.core import audit
from tanfeng.console.core.models import User
from tanfeng.console.metering import expressions, services
from tanfeng.console.metering.models import Meter
from tanfeng.console.metering.services import problem
from tanfeng.errors import DataError, Problem

Request = HttpRequest | None
_AT = re.compile(r"第 (\d+) 个字符")


@dataclass(frozen=True, slots=True)
class Look:
    """What is said of an expression while it is being written.

    Parameters
    ----------
    problems : tuple of Problem
        Everything wrong with it.
    position : int
        Character of the first one, counted from 1; 0 where it concerns the whole.
    points : tuple of str
        Points it names, patterns written out.
    """

    problems: tuple[Problem, ...]
    position: int
    points: tuple[str, ...]


def whole(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return every field of a virtual meter: an amount of each interval, that nobody reads."""
    return services.complete(
        {
            **values, "reading_kind": Meter.Reading.AMOUNT, "multiplier": 1.0, "gateway": None,
            "is_online": None, "expression": (values.get("expression") or "").strip(),
        }
    )  # fmt: skip


def look(organisation: Organisation, meter: Meter | None, values: Mapping[str, Any]) -> Look:
    """Judge an expression before it is kept; nothing is written.

    Parameters
    ----------
    organisation : Organisation
        Whose it is: no other's points are known here.
    meter : Meter or None
        The virtual meter that is changed.
    values : mapping
        ``expression``, ``point``, ``item_key`` and ``reading_unit`` as far as they are given.
    """
    given = whole({"point": "?", **{key: one for key, one in values.items() if one}})
    text = given["expression"]
    if not text:
        return Look((), 0, ())
    found = expressions.examine(organisation, meter.point if meter else None, given)
    at = [_AT.search(one.message_zh) for one in found if one.value == text]
    metered = expressions.Own(expressions.own(organisation)).metered
    return Look(
        tuple(found),
        next((int(one[1]) for one in at if one), 0),
        tuple(expressions.used(text, metered)),
    )


@transaction.atomic
def enter(
    user: User, organisation: Organisation, values: Mapping[str, Any], *, request: Request = None
) -> Meter:
    """Enter a virtual meter of an enterprise.

    Raises
    ------
    DataError
        If its expression cannot be read, names a point that is not the enterprise's, comes to
        another unit or needs itself; or as of any meter.
    """
    given = whole(values)
    _refuse_empty(given)
    meter = services.enter(user, organisation, given, request=request)
    audit.record(
        "meter.expression", user=user, request=request, thing=meter, expression=meter.expression
    )
    return meter


@transaction.atomic
def change(
    user: User, meter: Meter, values: Mapping[str, Any], *, request: Request = None
) -> dict[str, list[Any]]:
    """Change a virtual meter; what it said before stays as a version.

    Raises
    ------
    DataError
        As when it is entered.
    """
    given = whole({**services.facts(meter), **values})
    _refuse_empty(given)
    # An emptied field is emptied: the whole form is given.
    return services.change(user, meter, {**given, "unit": values.get("unit")}, request=request)


def _refuse_empty(given: Mapping[str, Any]) -> None:
    found = []
    if not given["expression"]:
        found.append(problem("请填写计算公式", "Give its expression", "expression"))
    if not given["point"]:
        found.append(problem("请填写监测点编号", "Give it a point", "point"))
    if found:
        raise DataError(found)
