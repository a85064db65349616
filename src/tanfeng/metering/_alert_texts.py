"""Alerts in words, in both languages: what, where, how much, since when, and what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from tanfeng.metering.alerts import AlertRule

_WORDS = ("title", "text", "remedy", "source")


def shown(value: float, unit: str, places: int = 1) -> str:
    """Return a value with its unit as people write it: a share in percent, no needless zeros.

    Parameters
    ----------
    value : float
        In ``unit``; an infinite one is written as a sign.
    unit : str
        ``1`` for a share, ``s`` for seconds; any other is left out.
    places : int
        Decimals.

    Returns
    -------
    str
    """
    if math.isinf(value):
        return "∞"
    if unit == "1":
        return f"{100 * value:.{places}f}".removesuffix("." + "0" * places) + " %"
    number = amount_text(value, places)
    return f"{number} s" if unit == "s" else number


def shown_beside(value: float, threshold: float, unit: str) -> str:
    """Return a value with as many decimals as tell it from its threshold.

    Parameters
    ----------
    value, threshold : float
        Both in ``unit``.
    unit : str
        As of :func:`shown`.

    Returns
    -------
    str
    """
    for places in range(1, 4):
        told = shown(value, unit, places)
        if value == threshold or told != shown(threshold, unit, places):
            break
    return told


def amount_text(value: float, places: int = 1) -> str:
    """Return an amount with that many decimals below a hundred, one less above."""
    if abs(value) >= 100:
        return f"{value:,.{places - 1}f}"
    return f"{value:,.{places}f}".removesuffix("." + "0" * places)


def with_texts(
    alerts: pl.DataFrame, rules: Mapping[str, AlertRule], names: pl.DataFrame | None
) -> pl.DataFrame:
    """Add tag, and title, text, remedy and source in both languages."""
    called = dict(names.select("object", "name").iter_rows()) if names is not None else {}
    columns: dict[str, list[str]] = {"tag": []}
    for word in _WORDS:
        columns[f"{word}_zh"], columns[f"{word}_en"] = [], []
    for row in alerts.iter_rows(named=True):
        rule = rules[row["rule"]]
        columns["tag"].append(rule.tag)
        for lang in ("zh", "en"):
            facts = {
                "object": called.get(row["object"]) or row["object"],
                "value": shown_beside(row["value"], row["threshold"], rule.unit),
                "threshold": shown(row["threshold"], rule.unit),
                "first": row["first"].isoformat(),
                "last": row["last"].isoformat(),
                "count": row["count"],
            }
            columns[f"title_{lang}"].append(getattr(rule, f"name_{lang}"))
            columns[f"text_{lang}"].append(getattr(rule, f"text_{lang}").format(**facts))
            columns[f"remedy_{lang}"].append(getattr(rule, f"remedy_{lang}"))
            columns[f"source_{lang}"].append(getattr(rule, f"source_{lang}"))
    return alerts.with_columns(
        pl.Series(name, values, dtype=pl.String) for name, values in columns.items()
    )
