"""Dates and periods the way people write them.

``2025.3``, ``2025年3月``, full-width digits, ``202506``, ``20250601``, ``2025-03-01`` and Excel
serial numbers are dates. The result is ISO text; where only the month is known it stays a month.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from tanfeng.sheets._numbers import folded, show

#: How the text was understood. ``slip`` carries a suggestion instead of a value.
How = Literal["plain", "serial", "guess", "span", "slip", "bad"]

_EPOCH = dt.date(1899, 12, 30)
#: Serial numbers of 1954-10-03 and 2119-01-10: wide enough for any plant, no year or amount.
_FIRST_SERIAL, _LAST_SERIAL = 20000, 80000
_CHINESE = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | {"十": "10"}

_DAY = re.compile(
    r"(\d{4})(?:年|[-./])(\d{1,2})(?:月|[-./])(\d{1,2})日?"
    r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_MONTH = re.compile(r"(\d{4})(?:年|[-./])(\d{1,2})月?(?:份|底|末)?")
_YEAR = re.compile(r"(\d{4})年?(?:度|全年)?")
_SHORT = re.compile(r"'?(\d{2})(?:年|[-./])(\d{1,2})月?")
_BARE_MONTH = re.compile(r"(\d{1,2})月(?:份)?")
_SPAN = re.compile(r"(?:(\d{4})(?:年|[-./]))?(\d{1,2})月?[-~—–至到]+(\d{1,2})月")
_QUARTER = re.compile(
    r"(\d{4})年?(?:第?([1-4一二三四])季度?|[Qq]([1-4])|[-]?[Qq]([1-4])|([上下]半年))"
)
_CHINESE_MONTH = re.compile(r"(十[一二]?|[一二三四五六七八九])(?=月)")


@dataclass(frozen=True, slots=True)
class Dated:
    """What a cell says where a date is expected.

    Parameters
    ----------
    text : str
        ISO form, empty when there is none. A ``span`` gives its last month.
    how : str
        ``plain``; ``serial`` from an Excel day number; ``guess`` where January and October
        cannot be told apart; ``span`` for several months; ``slip`` when the year has two digits
        (``text`` is then only a suggestion); ``bad``.
    first_month : int
        First month of a span, else 0.
    """

    text: str
    how: How
    first_month: int = 0


_BAD = Dated("", "bad")


def from_cell(value: object, *, year: int | None = None) -> Dated:
    """Read a cell as a date.

    Parameters
    ----------
    value : object
        Text, number, date or datetime as the workbook gives it.
    year : int, optional
        Year stated above the table, for cells such as ``3月``.

    Returns
    -------
    Dated
    """
    if isinstance(value, dt.datetime):
        return Dated(value.date().isoformat(), "plain")
    if isinstance(value, dt.date):
        return Dated(value.isoformat(), "plain")
    if isinstance(value, bool):
        return _BAD
    if isinstance(value, int | float):
        return _from_number(float(value))
    return _from_text(str(value)[:64], year)


def _from_number(value: float) -> Dated:
    text = show(value)
    found = _from_text(text, None)
    # As a number 2025.10 has lost its last zero, so .1 may be January or October.
    if found.how == "plain" and re.fullmatch(r"\d{4}\.1", text):
        return Dated(found.text, "guess")
    return found


@lru_cache(maxsize=16384)
def _from_text(text: str, year: int | None) -> Dated:
    bare = folded(text).rstrip("。;,")
    spaced = re.sub(r"\s*([年月日./-])\s*", r"\1", bare)
    if _CHINESE_MONTH.search(spaced):
        spaced = _CHINESE_MONTH.sub(_month_word, spaced)
    if match := _DAY.fullmatch(spaced):
        return _day(*(int(part) for part in match.groups()[:3]))
    if match := _MONTH.fullmatch(spaced):
        return _month(int(match[1]), int(match[2]))
    if match := _YEAR.fullmatch(spaced):
        return Dated(match[1], "plain") if 1900 <= int(match[1]) <= 2100 else _BAD
    if re.fullmatch(r"\d{5,8}|\d{5}\.\d+", spaced):
        return _digits(spaced.split(".")[0])
    return _spans_and_slips(spaced, year)


def _month_word(match: re.Match[str]) -> str:
    word = match[1]
    return str(10 + int(_CHINESE[word[1]])) if len(word) == 2 else _CHINESE[word]


def _spans_and_slips(text: str, year: int | None) -> Dated:
    if match := _SPAN.fullmatch(text):
        stated = int(match[1]) if match[1] else year
        last = _month(stated, int(match[3])) if stated else _BAD
        return Dated(last.text, "span", int(match[2])) if last.text else _BAD
    if match := _QUARTER.fullmatch(text):
        return _quarter(match)
    if match := _BARE_MONTH.fullmatch(text):
        return _month(year, int(match[1])) if year else _BAD
    if match := _SHORT.fullmatch(text):
        return Dated(_month(2000 + int(match[1]), int(match[2])).text, "slip")
    return _BAD


def _quarter(match: re.Match[str]) -> Dated:
    if match[5]:
        first, last = (1, 6) if match[5] == "上半年" else (7, 12)
    else:
        number = match[2] or match[3] or match[4]
        last = 3 * int(_CHINESE.get(number, number))
        first = last - 2
    return Dated(f"{match[1]}-{last:02d}", "span", first)


def _digits(text: str) -> Dated:
    if len(text) == 8:
        return _day(int(text[:4]), int(text[4:6]), int(text[6:]))
    if len(text) == 6:
        return _month(int(text[:4]), int(text[4:]))
    if len(text) == 5 and _FIRST_SERIAL <= int(text) <= _LAST_SERIAL:
        return Dated((_EPOCH + dt.timedelta(days=int(text))).isoformat(), "serial")
    return _BAD


def _month(year: int, month: int) -> Dated:
    if 1900 <= year <= 2100 and 1 <= month <= 12:
        return Dated(f"{year:04d}-{month:02d}", "plain")
    return _BAD


def _day(year: int, month: int, day: int) -> Dated:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return _BAD
    return Dated(found.isoformat(), "plain") if 1900 <= year <= 2100 else _BAD
