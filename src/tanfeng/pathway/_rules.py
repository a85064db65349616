"""Rules of the peak verdict and limits of its trend test: tables with their source, not code."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

import numpy as np


class VerdictRule(NamedTuple):
    """One limit of the verdict.

    Parameters
    ----------
    rule : str
        Its name.
    value : float
        The limit. [unit]
    unit : str
        ``1`` is a share or a ratio, ``a`` years.
    tag, confidence : str
        ``own``: defined by us, prescribed by no authority.
    name_zh, name_en, note_zh, note_en : str
        For people.
    """

    rule: str
    value: float
    unit: str
    tag: str
    confidence: str
    name_zh: str
    name_en: str
    note_zh: str
    note_en: str


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files("tanfeng.pathway") / "tables" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def rules() -> Mapping[str, VerdictRule]:
    """Return the rules of the verdict by name."""
    return MappingProxyType(
        {
            row["rule"]: VerdictRule(**{**row, "value": float(row["value"])})  # type: ignore[arg-type]
            for row in _rows("verdict_rules.csv")
        }
    )


def limits() -> Mapping[str, float]:
    """Return the values of the rules by name."""
    return MappingProxyType({name: rule.value for name, rule in rules().items()})


@lru_cache(maxsize=1)
def _trend_limits() -> Mapping[tuple[int, int], float]:
    rows = _rows("trend_limits.csv")
    return {(int(row["years"]), int(row["after"])): float(row["limit"]) for row in rows}


def trend_limit(years: int, after: int) -> float:
    """Return the limit of the trend statistic; nan outside the table.

    Parameters
    ----------
    years : int
        Years of the series; a longer one than the table's longest is judged as that.
    after : int
        Years after the maximum.
    """
    table = _trend_limits()
    longest = max(count for count, _after in table)
    count = min(years, longest)
    most = max(one for length, one in table if length == longest)
    return table.get((count, min(after, most)), np.nan)
