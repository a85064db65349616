"""The calendar of days as rows of cells: a colour, a sign, and the words for who sees neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tanfeng.console.core.asked import language
from tanfeng.console.core.figures import percent
from tanfeng.console.quality.models import HEAT
from tanfeng.metering.quality import limits

#: Class of a day -> sign in its cell; colour never speaks alone.
SIGNS = {"full": "", "connected": "·", "weak": "▽", "broken": "▼", "silent": "✕", "not_due": ""}


@lru_cache(maxsize=8)
def _bounds(connected: float | None) -> tuple[float, float, float]:
    limit = limits()
    return limit["heat_full"], connected or limit["connected_min"], limit["heat_weak"]


def class_of(share: float | None, connected: float | None = None) -> str:
    """Return the class of a completeness; the engine's ``heat_class`` for one number."""
    full, connected, weak = _bounds(connected)
    if share is None:
        return "not_due"
    if share >= full:
        return "full"
    if share >= connected:
        return "connected"
    if share >= weak:
        return "weak"
    return "broken" if share > 0 else "silent"


def cells(
    shares: Sequence[float | None],
    first: date,
    last: date | None,
    url: str = "",
    connected: float | None = None,
) -> SafeString:
    """Return the cells of one row.

    Parameters
    ----------
    shares : sequence of float or None
        Completeness of each day of the month. [1]
    first : datetime.date
        First day of the month.
    last : datetime.date or None
        Last day judged: what lies after it is empty.
    url : str
        Where a cell leads, ``{day}`` in it; nowhere if empty.
    connected : float, optional
        Least completeness of a connected day, where the city changed it. [1]
    """
    in_language, link, made = language(), escape(url), []
    for place, share in enumerate(shares):
        day = first + timedelta(days=place)
        if last is None or day > last:
            made.append('<td class="h"></td>')
            continue
        head, inner = _cell(day, share, connected, in_language)
        if url:
            to = link.replace("{day}", day.isoformat())
            inner = f'<a href="{to}" tabindex="-1">{inner}</a>'
        made.append(f"{head}{inner}</td>")
    return mark_safe("".join(made))  # noqa: S308  # words escaped, the rest are our own


@lru_cache(maxsize=8192)
def _cell(
    day: date, share: float | None, connected: float | None, _in_language: str
) -> tuple[str, str]:
    """Return the beginning of a cell and what stands in it, in the language of the page."""
    key = class_of(share, connected)
    amount = "" if share is None else f" {percent(share)}"
    text = f"{day:%m-%d} {escape(str(HEAT[key]))}{amount}"
    inner = f'<i aria-hidden="true">{SIGNS[key]}</i><span class="vh">{text}</span>'
    return f'<td class="h h-{key}" title="{text}">', inner


def heads(first: date, count: int, off: Mapping[date, bool] | None = None) -> SafeString:
    """Return the heads of the days of a month; days of rest are marked."""
    made = []
    for place in range(count):
        day = first + timedelta(days=place)
        rest = (off or {}).get(day, day.weekday() > 4)
        made.append(format_html('<th scope="col" class="h{}">{}</th>', " off" if rest else "",
                                day.day))  # fmt: skip
    return mark_safe("".join(made))  # noqa: S308  # each is safe already


def legend() -> list[tuple[str, str, str]]:
    """Return class, sign and words of every kind of day."""
    return [(key, SIGNS[key], str(words)) for key, words in HEAT.items()]
