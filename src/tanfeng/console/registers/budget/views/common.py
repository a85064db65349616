"""What the pages of this register share."""

from __future__ import annotations

from tanfeng.accounting import budget
from tanfeng.console.registers.budget.models import LIGHTS, in_words, measure_name


def measures() -> list[tuple[str, str]]:
    """Return the figures a quota may be set in, by name."""
    return [(key, measure_name(key)) for key in budget.MEASURES]


def statuses() -> list[tuple[str, str]]:
    """Return the standings in words."""
    return [(key, in_words(pair)) for key, pair in budget.STATUSES.items()]


def lights() -> dict[str, str]:
    """Return standing -> kind of its light."""
    return LIGHTS


def whole(text: str | None) -> int | None:
    """Return a number typed in a query, None for none."""
    return int(text[:4]) if text and text.isdecimal() else None
