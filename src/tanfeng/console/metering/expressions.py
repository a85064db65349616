"""Expressions of virtual meters, read over the points of one enterprise and no other.

An expression names points; whoever may write one could name anybody's. It is therefore read by the
engine over a register that holds the enterprise's own points alone: another's point is as unknown
as one that never was. A pattern is written out into the points it fits before the engine's register
is told, so that it can never grow to another's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

import polars as pl

from tanfeng.console.archive.models import Organisation
from tanfeng.console.metering.models import Meter
from tanfeng.errors import DataError, Problem
from tanfeng.metering.frames import WATER
from tanfeng.metering.virtual import VirtualMeters, named, virtual_meters

#: Water is counted in m3 wherever it is summed: 1 t is 1 m3.
_OF_WATER = {"t": "m3", "kg": "L", "t/h": "m3/h", "kg/h": "L/h"}
_OF = re.compile(r"虚拟计量点 (.+)，第 \d+ 个字符")
_PLAIN = re.compile(r"[^\W\d][\w.:#]*\Z")
_SCHEMA = {"point": pl.String, "unit": pl.String, "expression": pl.String}


@dataclass(frozen=True, slots=True)
class Own:
    """The points of an enterprise as the engine would know them.

    Parameters
    ----------
    rows : mapping of str to (str, str)
        Point -> unit and expression, empty for one that is metered.
    """

    rows: Mapping[str, tuple[str, str]]

    def read(self) -> VirtualMeters:
        """Read all expressions together.

        Raises
        ------
        DataError
            With everything wrong in any of them.
        """
        rows = [(point, unit, text or None) for point, (unit, text) in self.rows.items()]
        return virtual_meters(pl.DataFrame(rows, schema=_SCHEMA, orient="row"))

    @property
    def metered(self) -> list[str]:
        """Return the points that are metered, sorted."""
        return sorted(point for point, (_unit, text) in self.rows.items() if not text)


def unit_of(item_key: str, unit: str) -> str:
    """Return the unit the engine's register has a point in."""
    return _OF_WATER.get(unit, unit) if item_key == WATER else unit


def own(organisation: Organisation) -> dict[str, tuple[str, str]]:
    """Return the points of an enterprise: point -> unit and expression."""
    rows = Meter.objects.filter(organisation=organisation, point__isnull=False).order_by("point")
    return {
        str(point): (unit_of(item, unit), text)
        for point, item, unit, text in rows.values_list(
            "point", "item_key", "reading_unit", "expression"
        )
    }


def examine(
    organisation: Organisation, before: str | None, values: Mapping[str, Any] | None
) -> list[Problem]:
    """Return what is wrong with the expressions of an enterprise after a change of a meter.

    Parameters
    ----------
    organisation : Organisation
        Whose meter it is.
    before : str or None
        Point the meter had.
    values : mapping or None
        What the meter would say; None when it is withdrawn.

    Returns
    -------
    list of Problem
        Of its own expression, with the character counted from 1; of others' that rest on it; the
        path where they need each other in a circle.
    """
    point = (values or {}).get("point") or ""
    text = (values or {}).get("expression") or ""
    if (
        not text
        and not Meter.objects.filter(organisation=organisation)
        .exclude(expression="")
        .filter(point__isnull=False)
        .exclude(point=before)
        .exists()
    ):
        return []
    rows = own(organisation)
    if before:
        rows.pop(before, None)
    if values is not None and point:
        rows[point] = (unit_of(values["item_key"], values["reading_unit"]), text)
    try:
        Own(rows).read()
    except DataError as error:
        return [_placed(one, text) for one in error.problems]
    return []


def examine_together(
    organisation: Organisation, gone: Collection[str], rows: Mapping[str, tuple[str, str]]
) -> dict[str, list[Problem]]:
    """Return what is wrong with the expressions of an enterprise once several meters change.

    Parameters
    ----------
    organisation : Organisation
        Whose meters they are.
    gone : collection of str
        Points the meters had.
    rows : mapping of str to (str, str)
        Point -> unit and expression, empty for a metered one, as they would stand.

    Returns
    -------
    dict of str to list of Problem
        Virtual point -> what is wrong with it, of those that stand beside the rows, too; each
        point of a circle has the path.
    """
    standing = {point: one for point, one in own(organisation).items() if point not in gone}
    found: dict[str, list[Problem]] = {}
    try:
        Own({**standing, **rows}).read()
    except DataError as error:
        for one in error.problems:
            for point in _whose(one):
                told = one if point in rows else _placed(one, "")
                found.setdefault(point, []).append(told)
    return found


def _whose(one: Problem) -> list[str]:
    """Return the virtual points a problem speaks of."""
    if one.rule == "V003":
        return list(dict.fromkeys(one.message_zh.split("：", 1)[1].split(" → ")))
    said = _OF.match(one.message_zh)
    return [said[1]] if said else [""]


def in_order(rows: Mapping[str, str]) -> list[str]:
    """Return points so that each comes after those it is computed from.

    Parameters
    ----------
    rows : mapping of str to str
        Point -> expression, empty for a metered one; no circle among them.
    """
    left = {point: set(named(text).points) for point, text in rows.items() if text}
    placed = [point for point, text in rows.items() if not text]
    while left:
        free = [point for point, of in left.items() if not of & left.keys()]
        placed += free
        for point in free:
            del left[point]
    return placed


def _placed(one: Problem, text: str) -> Problem:
    """Tell of another expression that it is the change that breaks it."""
    if one.value == text or one.rule == "V003":
        return one
    return Problem(
        "V006", "error", f"有虚拟计量点用到它：{one.message_zh}",
        f"a virtual point rests on it: {one.message_en}",
        "请先修改或撤销该虚拟计量点", "Change or withdraw that virtual point first",
    )  # fmt: skip


def spelled(text: str, metered: Sequence[str]) -> str:
    """Write the patterns of an expression out into the points they fit.

    Parameters
    ----------
    text : str
        As a person wrote it; it has been examined.
    metered : sequence of str
        The enterprise's own metered points.
    """
    written = text
    for pattern, position in reversed(named(text).patterns):
        fits = re.compile(translate(pattern.replace("[", "[[]"))).match
        points = ", ".join(quoted(point) for point in metered if fits(point))
        start = position - 1
        written = f"{written[:start]}{points}{written[start + len(pattern) + 2 :]}"
    return written


def quoted(point: str) -> str:
    """Return a point as it is written in an expression."""
    return point if _PLAIN.match(point) and point not in ("min", "max", "sum") else f'"{point}"'


def used(text: str, metered: Sequence[str]) -> list[str]:
    """Return the points an expression names, patterns written out, in the order they stand."""
    return list(dict.fromkeys(named(spelled(text, metered)).points))


def users(organisation: Organisation, point: str) -> list[Meter]:
    """Return the virtual meters of an enterprise that name a point themselves."""
    rows = Meter.objects.filter(organisation=organisation, point__isnull=False)
    virtual = list(rows.exclude(expression="").order_by("point"))
    if not virtual:
        return []
    metered = Own(own(organisation)).metered
    return [one for one in virtual if point in used(one.expression, metered)]
