"""What every accounting method must hold, whatever standard it follows.

A method is tested with its own worked examples; on top of them stands one contract for all: zero
in gives zero out, twice the activity gives twice the result, every formula says what it rests on,
every line can be redone, lines add up to totals, a result cannot be changed, and a column nobody
knows is refused. A test file of a method needs three lines::

    METHOD = testing.Method(formulas=..., quantities=..., fields=..., cases=..., run=...)

    @pytest.mark.parametrize("check", testing.checks(METHOD), ids=str)
    def test_contract(check):
        check()

Imports leaf modules and polars only, so that engines can be tested without the rooms above them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any, Protocol

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.trace import (
    CONFIDENCES,
    FACTOR_COLUMNS,
    FACTOR_SCHEMA,
    INPUT_COLUMNS,
    LINE_SCHEMA,
    Formula,
    check_lines,
)

Row = Mapping[str, object]
#: Largest relative difference two ways of adding the same numbers may have. [1]
TOLERANCE = 1e-12
#: Ending of a quantity's name -> its unit.
UNITS = {"_tce": "tce", "_tco2": "tCO2", "_tco2e": "tCO2e", "_tch4": "tCH4", "_tn2o": "tN2O"}
#: A column no form has.
_STRANGER = "column_nobody_knows"


class Result(Protocol):
    """What a method returns."""

    @property
    def lines(self) -> pl.DataFrame:
        """Lines with the columns of ``trace.LINE_SCHEMA``."""

    @property
    def factors(self) -> pl.DataFrame:
        """Factors with the columns of ``trace.FACTOR_SCHEMA``."""

    def totals(self) -> pl.DataFrame:
        """Return sums with the columns quantity and value."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method and what its contract is tried on.

    Parameters
    ----------
    formulas : mapping of str to Formula
        Every formula of the method by its key; lines of other methods are left alone.
    quantities : mapping of str to str
        Quantity -> its unit.
    fields : collection of str
        Columns of the activity a symbol may come from.
    cases : mapping of str to Row
        Formula -> one activity row that makes it speak.
    run : callable
        Accounts a sequence of rows.
    extensive : tuple of str
        Endings of the columns that grow with the activity; the others are properties.
    """

    formulas: Mapping[str, Formula]
    quantities: Mapping[str, str]
    fields: Collection[str]
    cases: Mapping[str, Row]
    run: Callable[[Sequence[Row]], Result]
    extensive: tuple[str, ...] = ("_qty", "_1e4kwh")

    def case(self, key: str) -> Row:
        """Return the row of a formula."""
        _holds(key in self.cases, f"{key} has no row that makes it speak")
        return self.cases[key]

    def lines_of(self, key: str, times: float = 1.0) -> pl.DataFrame:
        """Return the lines of a formula for its row, the activity taken ``times`` over."""
        lines = self.run([scaled(self.case(key), times, self.extensive)]).lines
        return lines.filter(pl.col("formula").cast(pl.String) == key)


@dataclass(frozen=True, slots=True)
class Check:
    """One assertion of the contract, ready to call."""

    name: str
    subject: str
    call: Callable[[], None]

    def __call__(self) -> None:
        """Raise AssertionError, with what differs, if the method breaks the contract."""
        self.call()

    def __str__(self) -> str:
        """Return the name a test run prints."""
        return f"{self.name}-{self.subject}"


def checks(method: Method) -> tuple[Check, ...]:
    """Return every assertion of the contract for a method.

    Parameters
    ----------
    method : Method
        The method and its rows.

    Returns
    -------
    tuple of Check
        To be given to ``pytest.mark.parametrize``; each raises AssertionError when called.
    """

    def bound(check: Callable[[Method, str], None], key: str) -> Check:
        return Check(check.__name__.removeprefix("assert_"), key, lambda: check(method, key))

    keys = sorted(method.formulas)
    return (
        Check("every_formula_has_a_case", "all", lambda: assert_every_formula_has_a_case(method)),
        Check("rows_add_up", "all", lambda: assert_rows_add_up(method)),
        Check("result_is_frozen", "all", lambda: assert_result_is_frozen(method)),
        Check("stranger_is_refused", "all", lambda: assert_stranger_is_refused(method)),
        *(bound(assert_documented, key) for key in keys),
        *(bound(check, key) for key in keys for check in _OF_A_CASE),
    )


def scaled(row: Row, times: float, extensive: tuple[str, ...]) -> dict[str, object]:
    """Multiply what grows with the activity; leave coefficients and names alone."""
    return {
        name: value * times
        if isinstance(value, int | float) and name.endswith(extensive)
        else value
        for name, value in row.items()
    }


def assert_every_formula_has_a_case(method: Method) -> None:
    """Assert that each formula has a row and no row is left from a formula that went."""
    _same(set(method.cases), set(method.formulas), "formulas with a row, and formulas")


def assert_zero_gives_zero(method: Method, key: str) -> None:
    """Assert that nothing used makes nothing; no line at all counts as nothing."""
    _same(float(method.lines_of(key, 0.0)["value"].sum()), 0.0, f"{key} of no activity")


def assert_doubling_doubles(method: Method, key: str) -> None:
    """Assert that a formula is linear in the activity and that its row makes it speak."""
    once = float(method.lines_of(key)["value"].sum())
    _holds(once != 0.0, f"the row of {key} gives no line, or zero")
    _close(float(method.lines_of(key, 2.0)["value"].sum()), 2.0 * once, f"{key} of twice the row")


def assert_documented(method: Method, key: str) -> None:
    """Assert that a formula names document, words, units and what its clause rests on."""
    formula = method.formulas[key]
    _same(formula.key, key, "key of the formula, and its place")
    _holds(formula.quantity in method.quantities, f"{key} gives an unknown quantity")
    _same(formula.unit, method.quantities[formula.quantity], f"{key}: unit, and its quantity's")
    ending = next((e for e in UNITS if formula.quantity.endswith(e)), "")
    _same(UNITS.get(ending), formula.unit, f"{key}: unit in the name of the quantity, and unit")
    for name in ("document", "equation", "name_zh", "name_en", "symbol"):
        _holds(bool(getattr(formula, name)), f"{key} has no {name}")
    _holds(formula.name_en.isascii(), f"{key}: the English name is not ASCII")
    _holds(formula.confidence in CONFIDENCES, f"{key}: confidence {formula.confidence!r}")
    clause = (bool(formula.clause), bool(formula.clause_confidence), bool(formula.clause_evidence))
    _holds(len(set(clause)) == 1, f"{key}: clause, its confidence and evidence stand together")
    for symbol in formula.symbols:
        for name in ("unit", "name_zh", "name_en"):
            _holds(bool(getattr(symbol, name)), f"{key}: symbol {symbol.name} has no {name}")
        known = symbol.is_factor or symbol.field in method.fields
        _holds(known, f"{key}: symbol {symbol.name} comes from no column: {symbol.field}")
    _frozen(formula, key)


def assert_traced(method: Method, key: str) -> None:
    """Assert that a line can be redone and every factor in it leads to a document."""
    result = method.run([method.case(key)])
    own = result.lines.filter(pl.col("formula").cast(pl.String).is_in(list(method.formulas)))
    failing = check_lines(own, result.factors, method.formulas)
    _holds(failing.is_empty(), f"{key}: lines that do not hold: {failing.to_dicts()[:3]}")
    formula = method.formulas[key]
    of = own.filter(pl.col("formula").cast(pl.String) == key)
    _holds(not of.is_empty(), f"the row of {key} gives no line")
    line = of.row(0, named=True)
    _same(line["quantity"], formula.quantity, f"{key}: quantity of the line, and of the formula")
    for place, (x, f) in enumerate(zip(INPUT_COLUMNS, FACTOR_COLUMNS, strict=True)):
        if place >= len(formula.symbols):
            _same((line[x], line[f]), (None, None), f"{key}: inputs beyond its symbols")
            continue
        symbol = formula.symbols[place]
        _same(line[f] is not None, symbol.is_factor, f"{key}: {symbol.name} points to a factor")
        if line[f] is not None:
            _leads_to_a_document(result.factors, line[f], line[x], f"{key}: {symbol.name}")


def _leads_to_a_document(factors: pl.DataFrame, number: int, value: float, what: str) -> None:
    factor = factors.filter(pl.col("factor") == number).row(0, named=True)
    _same(factor["symbol"], what.rpartition(": ")[2], f"{what}, symbol of the factor")
    _same(factor["value"], value, f"{what}, value of the factor")
    for name in ("ref", "document", "unit", "choice_zh", "choice_en"):
        _holds(bool(factor[name]), f"{what}: the factor has no {name}")
    _holds(factor["confidence"] in CONFIDENCES, f"{what}: confidence {factor['confidence']!r}")


def assert_rows_add_up(method: Method) -> None:
    """Assert that rows give together what they give one by one, and totals are their sums."""
    rows = [
        {**row, "activity_id": place, "org_code": f"91350000{place:010d}"}
        for place, row in enumerate(method.cases.values(), start=1)
    ]
    whole = method.run(rows)
    _same(dict(whole.lines.schema), LINE_SCHEMA, "columns of the lines, and of the trace")
    _same(dict(whole.factors.schema), FACTOR_SCHEMA, "columns of the factors, and of the trace")
    alone = pl.concat(method.run([row]).lines.select("quantity", "value") for row in rows)
    for quantity, value in whole.totals().select("quantity", "value").iter_rows():
        for name, lines in (("lines", whole.lines), ("rows one by one", alone)):
            of = lines.filter(pl.col("quantity").cast(pl.String) == quantity)["value"]
            scale = float(of.abs().sum())
            _close(value or 0.0, float(of.sum()), f"total of {quantity}, and its {name}", scale)


def assert_result_is_frozen(method: Method) -> None:
    """Assert that nobody can put another number into a result."""
    _frozen(method.run(list(method.cases.values())[:1]), "the result")


def assert_stranger_is_refused(method: Method) -> None:
    """Assert that an unknown column is an error that names it, never dropped in silence."""
    row = next(iter(method.cases.values()))
    try:
        method.run([{**row, _STRANGER: 1.0}])
    except ModelError as error:
        _holds(_STRANGER in str(error), f"the refusal does not name the column: {error}")
    else:
        raise AssertionError("an unknown column was accepted")


_OF_A_CASE = (assert_zero_gives_zero, assert_doubling_doubles, assert_traced)


def _frozen(thing: Any, what: str) -> None:
    name = fields(thing)[0].name
    try:
        setattr(thing, name, getattr(thing, name))
    except FrozenInstanceError:
        return
    raise AssertionError(f"{what} can be changed: {name}")


def _close(one: float, other: float, what: str, scale: float = 0.0) -> None:
    equal = math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale)
    _holds(equal, f"{what}: {one!r} is not {other!r}")


def _same(one: object, other: object, what: str) -> None:
    _holds(one == other, f"{what}: {one!r} is not {other!r}")


def _holds(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
