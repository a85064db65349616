"""What an expression comes to: a weighted sum of points or a formula over such sums, and its unit.

Units are those of slots, the base units of ``meter_units.csv``. A number without a unit is a bare
factor. Sums want one unit, products and quotients multiply them, and only a number with a unit in
brackets, ``277.78 [kWh/GJ]``, turns one into another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tanfeng.metering._expression import (
    Call,
    Chain,
    ExpressionError,
    Name,
    Number,
    Part,
    Pattern,
)
from tanfeng.metering.frames import SLOT_S, meter_units

#: Unit -> power, sorted; empty is a bare number.
Unit = tuple[tuple[str, int], ...]
BARE: Unit = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A value of each slot.

    Parameters
    ----------
    unit : Unit or None
        Its unit; None fits any, as the number 0 does.
    weights : mapping of str to float
        Point -> coefficient, while it is a weighted sum.
    constant : float
        Added to the weighted sum. [unit, per slot]
    formula : polars.Expr or None
        Over the columns of the points (:func:`column`), once it is no weighted sum; then
        ``weights`` names its inputs alone.
    """

    unit: Unit | None
    weights: Mapping[str, float]
    constant: float = 0.0
    formula: pl.Expr | None = None

    @property
    def is_number(self) -> bool:
        """Tell whether no point is in it."""
        return not self.weights and self.formula is None

    def expr(self) -> pl.Expr:
        """Return it as an expression over the columns of the points, none of them null."""
        if self.formula is not None:
            return self.formula
        return _sum(
            [pl.lit(self.constant), *(column(n) * w for n, w in sorted(self.weights.items()))]
        )

    def scaled(self, by: float, unit: Unit | None) -> Form:
        """Return it times a number."""
        if self.formula is not None:
            return Form(unit, self.weights, 0.0, self.formula * by)
        weights = {name: weight * by for name, weight in self.weights.items()}
        return Form(unit, weights, self.constant * by)


def column(name: str) -> pl.Expr:
    """Return the column of a point in a wide table; no point can be named as another column."""
    return pl.col(f"={name}")


def point(name: str, base_unit: str) -> Form:
    """Return a point as it stands."""
    return Form(((base_unit, 1),), {name: 1.0})


def form(part: Part, known: Mapping[str, Form], fitting: Mapping[str, list[str]]) -> Form:
    """Return what an expression comes to.

    Parameters
    ----------
    part : Part
        The expression.
    known : mapping of str to Form
        Point -> what it is: itself, or the weighted sum a virtual one comes to.
    fitting : mapping of str to list of str
        Pattern -> points.

    Raises
    ------
    ExpressionError
        If units do not fit, a unit is none, or something is divided by zero.
    """
    if isinstance(part, Number):
        return _number(part)
    if isinstance(part, Name):
        return known[part.name]
    if isinstance(part, Pattern):
        return _added([("+", known[name], part.position) for name in fitting[part.pattern]])
    if isinstance(part, Call):
        inner = [form(one, known, fitting) for one in part.arguments]
        if part.function == "sum":
            return _added([("+", one, part.position) for one in inner])
        return _extreme(part, inner)
    parts = [(sign, form(one, known, fitting), at) for sign, one, at in part.parts]
    return _added(parts) if parts[-1][0] in "+-" else _multiplied(part, parts)


def said(unit: Unit | None) -> str:
    """Return a unit in writing."""
    if not unit:
        return "1"
    above = [_power(name, power) for name, power in unit if power > 0]
    below = [_power(name, -power) for name, power in unit if power < 0]
    return "/".join(["*".join(above) or "1", *below])


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def _number(number: Number) -> Form:
    if not number.unit:
        return Form(None if number.value == 0 else BARE, {}, number.value)
    factor, unit = _unit(number)
    return Form(unit, {}, number.value * factor)


def _unit(number: Number) -> tuple[float, Unit]:
    """Return a unit in brackets as factor and base units; a rate is held for the slot."""
    whole = meter_units().get(number.unit)
    if whole is not None:
        held = SLOT_S / 3600 if whole.measures == "rate" else 1.0
        return whole.factor * held, ((whole.base_unit, 1),)
    factor, powers = 1.0, BARE
    for place, name in enumerate(number.unit.split("/")):
        one = meter_units().get(name.strip())
        if place == 0 and name.strip() == "1":
            continue
        if one is None or one.measures != "amount":
            known = ", ".join(u.unit for u in meter_units().values() if u.measures == "amount")
            raise ExpressionError(
                number.position,
                f"[{number.unit}] is no unit; write one of {known}, or one over another",
                f"[{number.unit}] 不是单位；可用 {known}，或其比值",
            )
        factor = factor * one.factor if place == 0 else factor / one.factor
        powers = _times(powers, ((one.base_unit, 1),), 1 if place == 0 else -1)
    return factor, powers


def _times(a: Unit | None, b: Unit | None, sign: int) -> Unit:
    powers = dict(a or BARE)
    for name, power in b or BARE:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _common(parts: list[tuple[Form, int]]) -> Unit | None:
    """Return the one unit of parts that are added or compared."""
    unit: Unit | None = None
    for one, at in parts:
        if one.unit is None or one.unit == unit:
            continue
        if unit is not None:
            a, b = said(unit), said(one.unit)
            raise ExpressionError(
                at,
                f"{a} and {b} do not add up; turn one into the other with a number that says how, "
                f"such as * 1 [{a}/{b}]",
                f"{a} 与 {b} 不能相加；请用写明单位的系数换算，例如 * 1 [{a}/{b}]",
            )
        unit = one.unit
    return unit


def _added(parts: list[tuple[str, Form, int]]) -> Form:
    unit = _common([(one, at) for _sign, one, at in parts])
    signed = [one.scaled(-1.0, one.unit) if sign == "-" else one for sign, one, _at in parts]
    weights: dict[str, float] = {}
    for one in signed:
        for name, weight in one.weights.items():
            weights[name] = weights.get(name, 0.0) + weight
    if all(one.formula is None for one in signed):
        return Form(unit, weights, sum(one.constant for one in signed))
    return Form(unit, weights, 0.0, _sum([one.expr() for one in signed]))


def _multiplied(chain: Chain, parts: list[tuple[str, Form, int]]) -> Form:
    result = parts[0][1]
    for sign, one, at in parts[1:]:
        result = _product(result, one) if sign == "*" else _quotient(result, one, at)
    return result


def _product(a: Form, b: Form) -> Form:
    unit = _times(a.unit, b.unit, 1)
    if b.is_number:
        return a.scaled(b.constant, unit)
    if a.is_number:
        return b.scaled(a.constant, unit)
    return Form(unit, {**a.weights, **b.weights}, 0.0, a.expr() * b.expr())


def _quotient(a: Form, b: Form, at: int) -> Form:
    unit = _times(a.unit, b.unit, -1)
    if b.is_number:
        if b.constant == 0:
            raise ExpressionError(at, "this divides by zero", "此处除以零")
        return a.scaled(1.0 / b.constant, unit)
    below = b.expr()
    # Where nothing flowed there is nothing to divide by: not known, rather than infinite.
    return Form(
        unit,
        {**a.weights, **b.weights},
        0.0,
        pl.when(below != 0).then(a.expr() / below),
    )


def _sum(parts: list[pl.Expr]) -> pl.Expr:
    """Add parts up flat, however many; an unknown one makes the sum unknown."""
    return pl.sum_horizontal(parts, ignore_nulls=False)


def _extreme(call: Call, inner: list[Form]) -> Form:
    unit = _common([(one, call.position) for one in inner])
    if all(one.is_number for one in inner):
        pick = min if call.function == "min" else max
        return Form(unit, {}, pick(one.constant for one in inner))
    pick_expr = pl.min_horizontal if call.function == "min" else pl.max_horizontal
    weights = {name: weight for one in inner for name, weight in one.weights.items()}
    parts = [one.expr() for one in inner]
    # An unknown part makes the whole unknown; polars would pass over it.
    every = pl.all_horizontal([part.is_not_null() for part in parts])
    return Form(unit, weights, 0.0, pl.when(every).then(pick_expr(parts)))
