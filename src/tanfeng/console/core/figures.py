"""Numbers as a person reads them: rounded once by GB/T 8170, grouped, never a bare minus sign.

Nothing here looks at a request; templates use it through ``core.templatetags.ui``, views through
these functions when a sentence is put together in Python.
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tanfeng.units import round_gb8170

#: No-break space: a fifth of an em in Chinese fonts, and never the end of a line. The narrow one
#: (U+202F) is missing from most of them and comes out too thin to see.
GROUP = "\u00a0"
MINUS = "\u2212"
#: What stands where there is no data; no data is not zero.
NONE = "—"
WAN = 10_000.0


def number(value: Any) -> float | None:
    """Return ``value`` as a float, or None where there is no number.

    None, NaN, infinities and empty text are no numbers.
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        found = float(Decimal(str(value))) if isinstance(value, (str, Decimal)) else float(value)
    except (TypeError, ValueError, InvalidOperation):
        return None
    return found if math.isfinite(found) else None


def plain(value: Any, places: int = 0) -> str:
    """Return a number with thousands grouped, or a dash where there is none.

    Parameters
    ----------
    value : number or None
        Unrounded value.
    places : int
        Decimal places kept by GB/T 8170.
    """
    if places == 0 and type(value) is int:  # a count: nothing to round
        return _signed(f"{abs(value):,}", value < 0)
    found = number(value)
    if found is None:
        return NONE
    rounded = round_gb8170(found, places)
    return _signed(f"{abs(rounded):,f}", rounded < 0)


def _signed(digits: str, negative: bool) -> str:
    return f"{MINUS if negative else ''}{digits.replace(',', GROUP)}"


def wan(value: Any, places: int = 1) -> str:
    """Return a number in units of ten thousand (万)."""
    found = number(value)
    return plain(None if found is None else found / WAN, places)


def percent(share: Any, places: int = 1) -> str:
    """Return a share (0 to 1) as a percentage."""
    found = number(share)
    return NONE if found is None else f"{plain(found * 100.0, places)}%"


def moment(at: datetime | None, seconds: bool = False) -> str:
    """Return day and time as every list prints them, empty where there is none.

    Django's own filter asks for the formats of the language first, which a row has no need of.
    """
    if at is None:
        return ""
    return at.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def unit(text: Any) -> str:
    """Return a unit as a page prints it: ``tce/1e4 m3`` becomes ``tce/万 m³``, ``date`` a word."""
    stored = str(text or "")
    if stored == "date":
        return _("date")
    ten_thousand = _("10⁴ %(unit)s") % {"unit": ""}
    return gas(stored.replace("1e4 ", ten_thousand).replace("m3", "m³"))


def gas(text: str) -> str:
    """Return a text with CO₂ as pages write it; names of standards rows were shipped with CO2."""
    return text.replace("CO2", "CO₂")


def rounded_percent(share: float, places: int) -> Decimal:
    """Return a share as a rounded percentage; its sign decides the arrow that is drawn."""
    return round_gb8170(share * 100.0, places)


def change_words(share: Any, places: int = 1) -> str:
    """Return a change as words for a sentence: ``down 1.8%``, ``up 0.6%``, ``unchanged``.

    Parameters
    ----------
    share : number or None
        new / old - 1. [1]
    places : int
        Decimal places of the percentage.
    """
    found = number(share)
    if found is None:
        return NONE
    rounded = rounded_percent(found, places)
    if rounded == 0:
        return pgettext("change", "unchanged")
    amount = f"{plain(abs(found) * 100.0, places)}%"
    return (_("up %(amount)s") if rounded > 0 else _("down %(amount)s")) % {"amount": amount}


def share_of_change(new: Any, old: Any) -> float | None:
    """Return new / old - 1, or None when either is missing or the old one is not positive."""
    now, before = number(new), number(old)
    if now is None or before is None or before <= 0:
        return None
    return now / before - 1.0
