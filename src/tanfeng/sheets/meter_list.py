"""Words of the list of metering instruments: what a meter measures, what feeds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tanfeng.metering.frames import WATER
from tanfeng.sheets._items import by_name, items

__all__ = ["WATER", "behind_transformer", "item_names", "meter_item"]

_WATER = frozenset({"水", "新水", "自来水", "新鲜水", "water"})
#: What a person writes of a meter that is behind a transformer: the words, the rated current of
#: such meters, a secondary side, and the classes made for them.
_TRANSFORMER = re.compile(
    r"互感|变比|\bCT\b|\bPT\b|/\s*[15]\s*A|0\.[25]\s*S"
    r"|\b(?:0\.3\(1\.2\)|1\(1\.2\)|1\.5\(6\)|5\(6\))\s*A",
    re.IGNORECASE,
)
_WRITTEN = ("meter_name", "name", "model", "measuring_range", "accuracy_class", "remark")


def behind_transformer(row: Mapping[str, Any]) -> bool:
    """Tell whether what is written of an electricity meter says that a transformer feeds it.

    Parameters
    ----------
    row : mapping
        Name, model, range, accuracy class and remark, as far as they are there.

    Returns
    -------
    bool
        False also when nothing is written: a meter of which nothing is known.
    """
    told = " ".join(str(row.get(name) or "") for name in _WRITTEN)
    return bool(_TRANSFORMER.search(told.replace("\uff08", "(").replace("\uff09", ")")))


def meter_item(name: str | None) -> str:
    """Return what a meter measures.

    Parameters
    ----------
    name : str or None
        As the list says it.

    Returns
    -------
    str
        Key of the energy item, ``water`` for water, empty for a name nobody knows.
    """
    text = (name or "").strip()
    return WATER if text.lower() in _WATER else by_name(text)


def item_names(key: str) -> tuple[str, str]:
    """Return the Chinese and English name of what a meter measures, the key for an unknown one."""
    if key == WATER:
        return "水", "Water"
    item = items().get(key)
    return (item.name_zh, item.name_en) if item else (key, key)
