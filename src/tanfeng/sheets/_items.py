"""Energy items: the names and codes people write, and what the standard says of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import polars as pl

from tanfeng import standards
from tanfeng.sheets._headings import half_width, stripped

#: Items that are part of the electricity row and never an item of their own.
MEMO = frozenset({"green_power", "self_gen_power"})


@dataclass(frozen=True, slots=True)
class Item:
    """One energy item of form 205-1.

    Parameters
    ----------
    key, code, name_zh, name_en : str
        Identifier, code of the form (empty for items it does not print), names.
    unit_zh, unit : str
        Statistical unit in Chinese and its canonical form.
    parent : str
        Item it is part of, empty at the top level.
    reference, low, high : float or None
        Reference standard-coal coefficient and its plausible range. [tce per unit]
    stock : bool
        Whether it can lie in stock.
    printed : bool
        Whether form 205-1 prints it.
    """

    key: str
    code: str
    name_zh: str
    name_en: str
    unit_zh: str
    unit: str
    parent: str
    reference: float | None
    low: float | None
    high: float | None
    stock: bool
    printed: bool


def _table() -> pl.DataFrame:
    return standards.load("energy_items")


def _number(text: str | None) -> float | None:
    return float(text) if text else None


@lru_cache(maxsize=1)
def items() -> Mapping[str, Item]:
    """Return the energy items by key, in the order of the form."""
    found = {
        row["item_key"]: Item(
            key=row["item_key"],
            code=row["code"] or "",
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            unit_zh=row["unit_zh"],
            unit=row["unit"],
            parent=row["parent_key"] or "",
            reference=_number(row["ref_sce"]),
            low=_number(row["ref_sce_low"]),
            high=_number(row["ref_sce_high"]),
            stock=row["stock_possible"] == "yes",
            printed=row["in_form"] == "yes",
        )
        for row in _table().iter_rows(named=True)
    }
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for row in _table().iter_rows(named=True):
        for name in (row["name_zh"], *(row["synonyms_zh"] or "").split(";"), row["name_en"]):
            if name:
                names.setdefault(_fold(name), row["item_key"])
    return MappingProxyType(names)


@lru_cache(maxsize=1)
def _codes() -> Mapping[str, str]:
    return MappingProxyType({item.code: item.key for item in items().values() if item.code})


def _fold(name: str) -> str:
    return stripped(half_width(name)).strip(":：、,.").lower()


@lru_cache(maxsize=4096)
def by_name(name: str) -> str:
    """Return the key of the item a name means, empty when it is unknown."""
    return _names().get(_fold(name[:80]), "")


def both_names(key: str | None, written: object = "") -> tuple[str, str]:
    """Return the Chinese and English name of an item, or what was written for an unknown one."""
    item = items().get(key or "")
    text = str(written or "")
    return (item.name_zh, item.name_en) if item else (text, text)


@lru_cache(maxsize=4096)
def by_code(code: str) -> str:
    """Return the key of the item of a code, empty when it is unknown."""
    bare = unicodedata.normalize("NFKC", code[:20]).strip().removesuffix(".0")
    return _codes().get(bare.zfill(2), "") if bare else ""
