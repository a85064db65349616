"""Units as people write them, and rounding as the standard writes it.

``units.csv`` beside this module lists every spelling met in files with the canonical unit and the
factor to it. Values are turned into the canonical unit once, at the edge; engines see bare
floats. A percent and a share are different units here: ``%`` has no factor to a bare fraction,
because mixing them silently has produced totals of the wrong sign.
"""

from __future__ import annotations

import csv
import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from tanfeng.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: t CO2 per t carbon. Source: molar masses used by every national guideline (44 and 12 g/mol).
CO2_PER_C = 44.0 / 12.0

_SUPERSCRIPTS = str.maketrans({"³": "3", "²": "2", "₂": "2", "·": "", "•": "", "．": "."})


class UnknownUnit(ModelError):
    """A spelling is in no list, or cannot be turned into the unit asked for."""


def _folded(spelling: str) -> str:
    """Drop spaces, brackets, full-width forms and superscripts; keep the case."""
    text = "".join(
        chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in spelling
    ).translate(_SUPERSCRIPTS)
    return re.sub(r"[\s()\[\]{}]", "", text)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Mapping[str, float]]:
    """Folded spelling -> canonical unit -> factor."""
    table: dict[str, dict[str, float]] = {}
    with (files("tanfeng") / "units.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            table.setdefault(_folded(row["spelling"]), {})[row["canonical_unit"]] = float(
                row["factor"]
            )
    for targets in list(table.values()):
        for canonical in targets:
            table.setdefault(_folded(canonical), {}).setdefault(canonical, 1.0)
    return MappingProxyType(table)


def canonical_units(spelling: str) -> tuple[str, ...]:
    """Return the canonical units a spelling may stand for, empty when it is unknown.

    ``吨`` may be a mass or an amount of CO2; the column it stands over decides.
    """
    return tuple(_table().get(_folded(spelling), ()))


def factor(spelling: str, canonical: str) -> float:
    """Return the number that turns a value in ``spelling`` into ``canonical``.

    Parameters
    ----------
    spelling : str
        Unit as written in a file, for example ``万度`` or ``m³``.
    canonical : str
        Unit of the column, for example ``1e4 kWh``.

    Returns
    -------
    float
        Value in ``canonical`` = value in ``spelling`` times this.

    Raises
    ------
    UnknownUnit
        If the spelling is unknown or belongs to another quantity.
    """
    known = _table().get(_folded(spelling), {})
    if canonical in known:
        return known[canonical]
    if not known:
        raise UnknownUnit(f"unit {spelling!r} is not known; expected a unit of {canonical}")
    raise UnknownUnit(f"unit {spelling!r} is {', '.join(known)}, which is no {canonical}")


def round_gb8170(value: float, places: int) -> Decimal:
    """Round the way GB/T 8170 says, at the report edge only.

    Parameters
    ----------
    value : float
        Unrounded value; its shortest decimal form is taken, so 0.125 is exactly 0.125.
    places : int
        Decimal places kept; negative rounds to tens, hundreds and so on.

    Returns
    -------
    decimal.Decimal

    References
    ----------
    .. [1] GB/T 8170-2008, clause 3.2: below five down, above five up, exactly five to the even
       neighbour; the value is rounded once, never in steps (clause 3.3).
    """
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return rounded if rounded else rounded.copy_abs()  # never print -0
