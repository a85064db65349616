"""Choose the default of every parameter, once per method, stream, material and year."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tanfeng import standards
from tanfeng.accounting._factors import _Chooser
from tanfeng.errors import StandardError
from tanfeng.trace import CONFIDENCES, FACTOR_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from tanfeng.accounting.methods._declare import Default, Input, Item, Kind, Stream
    from tanfeng.standards import Factor, Overrides

_POWER_TABLE = "electricity_heat_factors"
#: Spelling of a unit in the tables -> the same unit as the inputs spell it.
_SPELLED = {
    "kgCO2/kWh": "tCO2/MWh",
    "tCO2/t clinker": "tCO2/t",
    "tCO2/t material": "tCO2/t",
    "tCO2/t CaCO3": "tCO2/t",
    "tCO2/t CO2 used": "tCO2/t",
    "kgN2O/t HNO3": "kgN2O/t",
    "kgCF4/tAl": "kg/t",
    "kgC2F6/tAl": "kg/t",
    "tC/tAl": "tC/t",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A stream computed one way with one material in one year.

    Parameters
    ----------
    method : str
        Key of the method.
    stream : Stream
        The stream.
    kind : Kind
        How it is computed.
    item : Item
        The material.
    year : int
        Accounting year.
    """

    method: str
    stream: Stream
    kind: Kind
    item: Item
    year: int


@dataclass(slots=True)
class Defaults:
    """Numbers the factors in the order they are first used and keeps what was looked up.

    Parameters
    ----------
    as_of : date
        Only what was published by this day is looked at.
    overrides : Overrides
        Values the city verified itself.
    """

    as_of: date
    overrides: Overrides
    rows: list[dict[str, object]] = field(default_factory=list)
    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def frame(self) -> pl.DataFrame:
        """Return the factors with the columns of ``trace.FACTOR_SCHEMA``."""
        return pl.DataFrame(self.rows, schema=FACTOR_SCHEMA)

    def column(
        self, slots: Sequence[Slot], one: Input
    ) -> tuple[NDArray[np.float64], NDArray[np.uint32], NDArray[np.uint8]]:
        """Return value, factor number and confidence rank of an input for every slot.

        Returns
        -------
        tuple of array, shape (slots,)
            Value in the unit of the input, nan where there is no default; number of the factor,
            0 where there is none; place of its confidence in ``trace.CONFIDENCES``.
        """
        value = np.full(len(slots), np.nan)
        number = np.zeros(len(slots), dtype=np.uint32)
        rank = np.zeros(len(slots), dtype=np.uint8)
        for place, slot in enumerate(slots):
            default = slot.item.defaults.get(one.column) if one.default else None
            if default is not None:
                factor, zh, en = self._look_up(default, slot.year)
                _same_unit(factor, one, slot.item)
                value[place] = factor.number
                number[place] = self._number(factor, one.symbol, zh, en)
                rank[place] = CONFIDENCES.index(factor.confidence)
        return value, number, rank

    def _look_up(self, default: Default, year: int) -> tuple[Factor, str, str]:
        factor, zh, en = _shipped(default, year, self.as_of)
        if factor.ref in self.overrides:
            factor = standards.lookup(factor.table, overrides=self.overrides, id=factor.row_id)
        return factor, zh, en

    def _number(self, factor: Factor, symbol: str, zh: str, en: str) -> int:
        key = (symbol, factor.ref, zh)
        if key not in self.numbers:
            self.numbers[key] = len(self.rows) + 1
            self.rows.append(
                {
                    "factor": len(self.rows) + 1,
                    "ref": factor.ref,
                    "symbol": symbol,
                    "value": factor.number,
                    "unit": factor.unit,
                    "name_zh": factor.name_zh,
                    "name_en": factor.name_en,
                    "document": factor.document,
                    "clause": factor.clause,
                    "valid_from": factor.valid_from,
                    "valid_to": factor.valid_to,
                    "region": factor.region,
                    "confidence": factor.confidence,
                    "choice_zh": zh,
                    "choice_en": en,
                    "override": factor.override_text,
                }
            )
        return self.numbers[key]


@lru_cache(maxsize=8192)
def _shipped(default: Default, year: int, as_of: date) -> tuple[Factor, str, str]:
    """Return the shipped row of a default and the words of the choice."""
    if default.ref:
        table, _, row = default.ref.partition("/")
        return standards.lookup(table, id=row), default.rule_zh, default.rule_en
    chosen = _Chooser(as_of, standards.Overrides()).of_year(
        _POWER_TABLE, year, {"kind": default.kind, "region": default.region}
    )
    return (
        chosen.factor,
        f"{default.rule_zh}；{chosen.choice_zh}",
        f"{default.rule_en}; {chosen.choice_en}",
    )


def input_unit(one: Input, item: Item) -> str:
    """Return the unit of an input for a material.

    Parameters
    ----------
    one : Input
        The input.
    item : Item
        The material, whose own unit takes the place of ``item unit``.

    Returns
    -------
    str
        The unit as the form prints it.
    """
    return one.unit.replace("item unit", item.unit)


def spelled(unit: str) -> str:
    """Return a unit of the tables as the inputs of the kinds spell it."""
    if re.fullmatch(r"t \S+/t \S+", unit):  # by-product per gas used
        return "kg/kg"
    return _SPELLED.get(unit, unit.replace("10^4 Nm3", "1e4 Nm3"))


def _same_unit(factor: Factor, one: Input, item: Item) -> None:
    needed = input_unit(one, item)
    if spelled(factor.unit) != needed:
        raise StandardError(
            f"default {factor.ref} of {one.symbol} is in {factor.unit}, {item.key} needs {needed}",
            f"{one.symbol} 的缺省值 {factor.ref} 单位为 {factor.unit}，{item.key} 需要 {needed}",
        )


def slots_of(combinations: pl.DataFrame, streams: Mapping[tuple[str, str], Stream]) -> list[Slot]:
    """Return the slot of every row of distinct method, stream, item, year and kind."""
    found = []
    for method, stream_key, item_key, year, kind in combinations.iter_rows():
        stream = streams[method, stream_key]
        item = next(item for item in stream.items if item.key == item_key)
        found.append(Slot(method, stream, stream.kind(kind), item, year))
    return found
