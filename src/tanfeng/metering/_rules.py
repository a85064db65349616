"""Tables of rules the quality of metering is judged by: limits with their source, not code."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from tanfeng.errors import ModelError


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One limit or weight.

    Parameters
    ----------
    rule : str
        Its name.
    value : float
        The limit. [unit]
    unit : str
        Unit of the limit; ``1`` is a share.
    tag : str
        Mark of the requirement: ``V`` seen in public material, ``own`` defined by us.
    confidence : {"confirmed", "single", "recalled", "own"}
        ``single`` and ``recalled`` are shown as to be verified.
    source_zh, source_en : str
        Where the limit comes from.
    name_zh, name_en, note_zh, note_en : str
        For people.
    """

    rule: str
    value: float
    unit: str
    tag: str
    confidence: str
    source_zh: str
    source_en: str
    name_zh: str
    name_en: str
    note_zh: str
    note_en: str

    @property
    def verified(self) -> bool:
        """Whether nobody need check the limit: confirmed, or a definition of our own."""
        return self.confidence in ("confirmed", "own")


def table_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of this room as text."""
    table = resources.files("tanfeng.metering") / "tables" / f"{name}.csv"
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


@lru_cache(maxsize=1)
def quality_rules() -> Mapping[str, QualityRule]:
    """Every limit and weight as shipped, by its name.

    Returns
    -------
    mapping of str to QualityRule
        From ``tables/quality_rules.csv``.
    """
    return MappingProxyType(
        {
            row["rule"]: QualityRule(**{**row, "value": float(row["value"])})  # type: ignore[arg-type]
            for row in table_rows("quality_rules")
        }
    )


def limits(changed: Mapping[str, float] | None = None) -> Mapping[str, float]:
    """Limits by name, those a city set for itself in place of the shipped ones.

    Raises
    ------
    ModelError
        If a name is none of the table, or a value is not a number from 0 on.
    """
    values = {name: rule.value for name, rule in quality_rules().items()}
    for name, value in (changed or {}).items():
        if name not in values or not value >= 0:
            raise ModelError(
                f"{name}={value} is no limit of quality; names: {', '.join(values)}",
                f"{name}={value} 不是质量规则的限值；可用：{'、'.join(values)}",
            )
        values[name] = float(value)
    return MappingProxyType(values)
