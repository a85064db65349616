"""A term of an account: which rows it takes, its formula, and the engine's own arithmetic.

A standard's module declares terms; :mod:`tanfeng.accounting._engine` runs them. A term's value
is a polars expression written by hand, apart from the text of its formula, so that the
independent evaluator of :mod:`tanfeng.trace` can show an error in either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from tanfeng.trace import Formula, Symbol


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity the lines hold.

    Parameters
    ----------
    key : str
        Name with its unit, as it stands in ``lines.quantity``.
    unit : str
        Unit of the value.
    kind : str
        ``energy``, ``deduction``, ``direct``, ``electricity`` or ``heat``.
    name_zh, name_en : str
        Name in words.
    """

    key: str
    unit: str
    kind: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Term:
    """One term: rows it applies to, formula, arithmetic, and the role of each factor symbol.

    Parameters
    ----------
    formula : Formula
        What a reader redoes.
    rows : polars.Expr
        Boolean over the prepared activity.
    value : polars.Expr
        The engine's arithmetic over columns named after the formula's symbols.
    roles : mapping of str to str
        Factor symbol -> role in the slots of a factor set.
    """

    formula: Formula
    rows: pl.Expr
    value: pl.Expr
    roles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows a quantity needs and cannot take; they are told, never counted as zero.

    Parameters
    ----------
    code : str
        Key of the text in :mod:`tanfeng.accounting._notes`.
    quantities : tuple of str
        Quantities that lack these rows.
    rows : polars.Expr
        Boolean over the prepared activity.
    """

    code: str
    quantities: tuple[str, ...]
    rows: pl.Expr


@dataclass(frozen=True, slots=True)
class Remark:
    """Rows that were counted, or left out by rule, in a way the reader must be told.

    Parameters
    ----------
    code : str
        Key of the text in :mod:`tanfeng.accounting._notes`.
    rows : polars.Expr
        Boolean over the prepared activity.
    general : bool
        One remark per energy item instead of one per organisation, year and item.
    """

    code: str
    rows: pl.Expr
    general: bool = False


#: Symbols that come from the activity, shared by the formulas of every standard.
CONSUMPTION = Symbol(
    "C", "item unit", "消费量合计", "total consumption", field="consumption_total_qty"
)
OWN_PRODUCTION = Symbol("P", "item unit", "自产量", "own production", field="own_production_qty")
FEEDSTOCK = Symbol("F", "item unit", "用于原材料", "used as feedstock", field="feedstock_qty")
PURCHASE = Symbol("A", "item unit", "购进量", "purchase", field="purchase_qty")
TRANSFER = Symbol("T", "item unit", "外供量", "supplied to others", field="transfer_out_qty")
GREEN = Symbol("G", "1e4 kWh", "绿电量", "green power", field="green_power_1e4kwh")
OWN_COEFFICIENT = Symbol(
    "k", "tce/item unit", "采用折标系数", "coefficient used", field="coef_used_tce"
)
C, P, F, A, T, G = (pl.col(name) for name in "CPFATG")
