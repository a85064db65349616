"""Numbers the way people write them, and the factor from what they wrote to our unit.

``1,234``, ``1 288 000``, full-width digits, ``1.2万``, ``￥639,600``, ``837,200元``, ``30kW``,
``8%`` are numbers. ``—``, ``/``, ``无`` are no data, never zero. ``约100``, ``11.0-13.3`` or
``1,23`` are not one number, and nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tanfeng import units
from tanfeng.sheets._tables import tokens

Sort = Literal["number", "nil", "error", "formula", "range", "text"]

ERRORS = frozenset(
    {"#REF!", "#DIV/0!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#GETTING_DATA", "#SPILL!"}
)
#: Word behind a number -> what it multiplies by.
SCALES = {"百万": 1e6, "千万": 1e7, "万": 1e4, "亿": 1e8, "千": 1e3}

#: No number is longer; anything longer is prose and not worth remembering.
LONGEST = 64
PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_NUMBER = re.compile(
    r"""
    (?P<open>\()?
    (?P<money>[¥￥]|RMB|CNY)?
    (?P<digits>[+-]?(?:\d{1,3}(?:[,'\ ]\d{3})+|\d+)?(?:\.\d*)?)
    (?P<power>[eE][+-]?\d{1,3})?
    (?P<close>\))?
    (?P<tail>.*)
    """,
    re.VERBOSE,
)
_RANGE = re.compile(r"[+-]?\d+(?:\.\d+)?\s*[-~—–至]+\s*\d+(?:\.\d+)?")
_MINUS = str.maketrans({"−": "-", "﹣": "-", "－": "-"})


@dataclass(frozen=True, slots=True)
class Written:
    """What a cell of text says where a number is expected.

    Parameters
    ----------
    sort : str
        ``number``, ``nil`` (no data), ``error`` (``#REF!``), ``formula`` (no stored result),
        ``range`` or ``text``.
    value : float or None
        The number as written, before scale and unit. [unit as written]
    scale_word : str
        ``万`` and the like behind the number.
    unit : str
        Unit written with the number, empty when there is none.
    plain : bool
        True when a program would have read the text as it stands.
    """

    sort: Sort
    value: float | None = None
    scale_word: str = ""
    unit: str = ""
    plain: bool = False


def folded(text: str) -> str:
    """Return half-width text without surrounding or repeated blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_MINUS).split())


def is_nil(text: str) -> bool:
    """Tell whether a text stands for no data."""
    return unicodedata.normalize("NFKC", "".join(text.split())) in _nils()


@lru_cache(maxsize=1)
def _nils() -> frozenset[str]:
    return frozenset(unicodedata.normalize("NFKC", token) for token in tokens()["nil"])


def is_pending(text: str) -> bool:
    """Tell whether a text says that there is nothing yet, such as 未办理."""
    return "".join(text.split()) in tokens()["pending"]


def written(text: str) -> Written:
    """Read a text as a number.

    Parameters
    ----------
    text : str
        What stands in the cell.

    Returns
    -------
    Written
    """
    if len(text) > LONGEST:
        return Written("text")
    return _read(text)


@lru_cache(maxsize=65536)
def _read(text: str) -> Written:
    if PLAIN.fullmatch(text):
        return Written("number", float(text), plain=True)
    bare = folded(text)
    if not bare or is_nil(bare):
        return Written("nil")
    if bare.upper() in ERRORS:
        return Written("error")
    if bare == "零":
        return Written("number", 0.0)
    if bare.startswith("="):
        return Written("formula")
    if _RANGE.fullmatch(bare):
        return Written("range")
    match = _NUMBER.fullmatch(bare)
    if match is None or not any(c.isdigit() for c in match["digits"]):
        return Written("text")
    return _matched(match)


def _matched(match: re.Match[str]) -> Written:
    digits = re.sub(r"[,' ]", "", match["digits"])
    tail = match["tail"].strip()
    if bool(match["open"]) != bool(match["close"]) or tail[:1].isdigit() or tail[:1] in set(",.'"):
        return Written("text")
    value = float(digits + (match["power"] or ""))
    if value in (float("inf"), float("-inf")):
        return Written("text")
    if match["open"]:
        value = -abs(value)
    word = next((w for w in SCALES if tail.startswith(w) and not _is_unit(tail)), "")
    unit = tail[len(word) :].strip() or ("元" if match["money"] else "")
    if unit and not _is_unit(unit) and not _is_counter(unit):
        return Written("text")
    return Written("number", value, word, unit)


@lru_cache(maxsize=4096)
def _is_unit(text: str) -> bool:
    # A lone 万 or 亿 is a multiplier here, although it also means money in the units table.
    return text not in SCALES and bool(units.canonical_units(text.split("/")[0]))


def _is_counter(text: str) -> bool:
    return text in {"极", "级", "r/min", "转/分", "V", "A", "°"}


@lru_cache(maxsize=4096)
def to_unit(spelling: str, unit: str) -> float | None:
    """Return the factor from a spelling to the unit of a field, or None when it is no such unit.

    Parameters
    ----------
    spelling : str
        Unit as written in a heading or cell.
    unit : str
        Unit of the field, for example ``1e4 kWh`` or ``1e4 CNY``.
    """
    if not unit:
        return None
    try:
        if unit == "1e4 CNY":
            return units.factor(spelling, "1e3 CNY") / 10
        return units.factor(spelling, unit)
    except units.UnknownUnit:
        return _through_canonical(spelling, unit)


def _through_canonical(spelling: str, unit: str) -> float | None:
    """Return the factor to a unit that is itself only a spelling, such as MWh or kg."""
    known = units.canonical_units(unit)
    shared = [one for one in units.canonical_units(spelling) if one in known]
    if unit in known or not shared:
        return None
    return units.factor(spelling, shared[0]) / units.factor(unit, shared[0])


def scaled(said: Written, unit: str, heading_unit: str, factor: float) -> float | None:
    """Turn a written number into the unit of its field.

    Parameters
    ----------
    said : Written
        A number.
    unit : str
        Unit of the field.
    heading_unit : str
        Unit the heading names, empty when it names none.
    factor : float
        Factor from the unit of the heading (or of the row) to the unit of the field.

    Returns
    -------
    float or None
        None when the cell names a unit of another kind.

    Notes
    -----
    A unit in the cell wins over the heading. A scale word counts from the base unit: 7.2亿 under
    万元 is 72,000, 7.2亿 under 亿元 is 7.2, 98.4万 under kWh is 984,000 kWh.
    """
    value = said.value if said.value is not None else 0.0
    if said.unit and unit:
        whole = to_unit(said.scale_word + said.unit, unit)
        if whole is not None:
            return _times(value, whole)
        own = to_unit(said.unit, unit)
        if own is not None:
            return _times(value * SCALES.get(said.scale_word, 1.0), own)
        if not _is_counter(said.unit):
            return None
    if not said.scale_word:
        return _times(value, factor)
    return _times(value * SCALES[said.scale_word] / _scale_of(heading_unit), factor)


def _scale_of(heading_unit: str) -> float:
    """Return what 万元, 亿元, 万吨 carry as a multiplier of their base; 千瓦时 carries none."""
    for word in ("百万", "千万", "万", "亿"):
        if heading_unit.startswith(word) and heading_unit != "百万千焦":
            return SCALES[word]
    return 1e3 if heading_unit == "千元" else 1.0


def times(values: NDArray[np.float64], factor: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply, dividing by the inverse where that is a whole number.

    1,256,000 kWh times 0.0001 is 125.60000000000001 in binary; divided by 10,000 it is 125.6.
    """
    inverse = np.rint(1.0 / np.asarray(factor, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        divides = (inverse > 1) & np.isclose(inverse * factor, 1.0, rtol=1e-12, atol=0)
        return np.where(divides, values / np.where(divides, inverse, 1.0), values * factor)


def _times(value: float, factor: float) -> float:
    return float(times(np.asarray(value), factor)) if factor != 1.0 else value


def show(value: float) -> str:
    """Return a number as a finding prints it: shortest form, no exponent below 1e15."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.10g}"
