"""Every number is a line that can be redone.

A line says what was computed, for whom and when, by which formula, from which inputs and with
which rows of the standards. Lines are columnar: one frame holds millions of them, and a tree is
a query over it. Factors stand once in a second frame and lines point to them by number.

A :class:`Formula` is declared in plain arithmetic over named symbols. The engines compute their
lines with vectorised expressions of their own; :func:`redo` computes them again from the stored
inputs and the declared text alone, so an error in either shows.

Line columns (``LINE_SCHEMA``)
------------------------------
line : UInt32
    Number of the line inside its run; ``run:line`` is its address.
quantity : Categorical
    Name of the quantity, unit in the name, for example ``emission_fuel_tco2``.
org_code : Categorical
    Unified social credit code of the organisation.
year : Int32, month : Int8
    Period; month 0 stands for the whole year.
item_key : Categorical
    Energy item or material.
formula : Categorical
    Key of the formula.
x1 .. x6 : Float64
    Inputs in the order of the formula's symbols; null where the formula has fewer.
f1 .. f6 : UInt32
    Row of the factor frame an input was taken from; null for activity data.
value : Float64
    Result in the unit of the formula, unrounded.
activity_id : Int64
    Row of the activity table the line rests on.
tier : Categorical
    Data quality: ``measured``, ``reported``, ``estimated``.
confidence : Categorical
    Weakest confidence among the factors used: ``confirmed``, ``single``, ``recalled``.

Factor columns (``FACTOR_SCHEMA``)
----------------------------------
factor, ref, symbol, value, unit, name_zh, name_en, document, clause, valid_from, valid_to,
region, confidence, choice_zh, choice_en (how it was chosen and what was passed over), override.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np
import polars as pl

from tanfeng.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

#: Most inputs a formula may have; a wider one should be two formulas.
MAX_INPUTS = 6
INPUT_COLUMNS = tuple(f"x{n}" for n in range(1, MAX_INPUTS + 1))
FACTOR_COLUMNS = tuple(f"f{n}" for n in range(1, MAX_INPUTS + 1))
TIERS = ("measured", "reported", "estimated")
#: From best to worst; "override" is a value the city verified itself.
CONFIDENCES = ("override", "confirmed", "single", "recalled")

#: Step of the complex-step derivative; no subtraction takes place, so it may be this small.
_STEP = 1e-100

LINE_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.UInt32(),
    "quantity": pl.Categorical(),
    "org_code": pl.Categorical(),
    "year": pl.Int32(),
    "month": pl.Int8(),
    "item_key": pl.Categorical(),
    "formula": pl.Categorical(),
    **{name: pl.Float64() for name in INPUT_COLUMNS},
    **{name: pl.UInt32() for name in FACTOR_COLUMNS},
    "value": pl.Float64(),
    "activity_id": pl.Int64(),
    "tier": pl.Categorical(),
    "confidence": pl.Categorical(),
}

FACTOR_SCHEMA: dict[str, pl.DataType] = {
    "factor": pl.UInt32(),
    "ref": pl.String(),
    "symbol": pl.String(),
    "value": pl.Float64(),
    "unit": pl.String(),
    "name_zh": pl.String(),
    "name_en": pl.String(),
    "document": pl.String(),
    "clause": pl.String(),
    "valid_from": pl.String(),
    "valid_to": pl.String(),
    "region": pl.String(),
    "confidence": pl.String(),
    "choice_zh": pl.String(),
    "choice_en": pl.String(),
    "override": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """One input of a formula.

    Parameters
    ----------
    name : str
        Symbol as the document prints it, a Python identifier.
    unit : str
        Unit the stored input is in.
    name_zh, name_en : str
        What the symbol means.
    field : str
        Activity column it comes from; empty for a factor from the standards.
    """

    name: str
    unit: str
    name_zh: str
    name_en: str
    field: str = ""

    @property
    def is_factor(self) -> bool:
        """Tell whether the input is a row of the standards."""
        return not self.field


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of a document, written as arithmetic over its symbols.

    Parameters
    ----------
    key : str
        Identifier stored in every line.
    quantity : str
        Quantity the formula gives, unit in the name.
    symbol : str
        Left-hand side as the document prints it.
    unit : str
        Unit of the result.
    expression : str
        Right-hand side: symbols, numbers, ``+ - * /`` and brackets.
    symbols : tuple of Symbol
        Inputs in the order of the columns ``x1 ..``.
    document, clause, equation : str
        Where the formula stands; the clause stays empty while nobody has seen it.
    name_zh, name_en : str
        What it computes.
    confidence : str
        How well the formula itself is confirmed, as for factors.
    clause_confidence : str
        How well the clause is confirmed, as for factors; empty with an empty clause.
    clause_evidence : str
        Codes of the sources the clause was seen in, as in the tables of the standards.
    """

    key: str
    quantity: str
    symbol: str
    unit: str
    expression: str
    symbols: tuple[Symbol, ...]
    document: str
    clause: str
    equation: str
    name_zh: str
    name_en: str
    confidence: str = "single"
    clause_confidence: str = ""
    clause_evidence: str = ""

    def __post_init__(self) -> None:
        """Check that the text is arithmetic over its symbols and that a clause has its evidence."""
        if len(self.symbols) > MAX_INPUTS:
            raise ModelError(f"formula {self.key} has more than {MAX_INPUTS} inputs; split it")
        used = {n.id for n in ast.walk(_tree(self.expression)) if isinstance(n, ast.Name)}
        declared = {symbol.name for symbol in self.symbols}
        if used != declared:
            raise ModelError(f"formula {self.key}: {sorted(used ^ declared)} differ from the text")
        known = CONFIDENCES if self.clause else ("",)
        if self.clause_confidence not in known or bool(self.clause) != bool(self.clause_evidence):
            raise ModelError(
                f"formula {self.key}: a clause needs its confidence and its evidence, and an empty "
                "clause has neither"
            )

    def evaluate(self, inputs: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Compute the formula from its text.

        Parameters
        ----------
        inputs : mapping of str to array, shape (n,)
            One array per symbol, in the symbol's unit.

        Returns
        -------
        array, shape (n,)
            Result in the unit of the formula.
        """
        return np.asarray(_compute(_tree(self.expression).body, inputs), dtype=np.float64)

    def derivatives(
        self, inputs: Mapping[str, NDArray[np.float64]]
    ) -> tuple[NDArray[np.float64], ...]:
        """Differentiate the formula by each of its symbols.

        Parameters
        ----------
        inputs : mapping of str to array, shape (n,)
            One array per symbol, in the symbol's unit.

        Returns
        -------
        tuple of array, shape (n,)
            Change of the result per unit of each symbol, in the order of ``symbols``.

        Notes
        -----
        A complex step: plain arithmetic is analytic, so the imaginary part of f(x + ih) over h
        is the derivative to machine precision, without the cancellation of a difference.
        """
        tree = _tree(self.expression).body
        whole = {name: np.asarray(value, dtype=np.complex128) for name, value in inputs.items()}
        found = []
        for symbol in self.symbols:
            moved = {**whole, symbol.name: whole[symbol.name] + 1j * _STEP}
            found.append(np.asarray(_compute(tree, moved)).imag / _STEP)
        return tuple(found)

    def mathml(self) -> str:
        """Return the formula as presentation MathML, safe to print into a page."""
        right = _mathml(_tree(self.expression).body)
        return (
            f'<math display="block"><mrow>{_identifier(self.symbol)}<mo>=</mo>{right}</mrow></math>'
        )


_OPERATORS: dict[type[ast.operator], Callable[..., NDArray[Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SIGNS = {ast.Add: "+", ast.Sub: "&#8722;", ast.Mult: "&#215;"}


@lru_cache(maxsize=1024)
def _tree(expression: str) -> ast.Expression:
    tree = ast.parse(expression, mode="eval")
    allowed = (
        ast.Expression,
        ast.BinOp,
        ast.UnaryOp,
        ast.USub,
        ast.Name,
        ast.Load,
        ast.Constant,
        *_OPERATORS,
    )
    for node in ast.walk(tree):
        if not isinstance(node, allowed):
            raise ModelError(f"{expression!r}: {type(node).__name__} is no plain arithmetic")
        if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float)):
            raise ModelError(f"{expression!r}: {node.value!r} is no number")
    return tree


def _compute(node: ast.expr, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any] | float:
    if isinstance(node, ast.BinOp):
        left, right = _compute(node.left, inputs), _compute(node.right, inputs)
        return _OPERATORS[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp):
        return -_compute(node.operand, inputs)
    if isinstance(node, ast.Name):
        return inputs[node.id]
    assert isinstance(node, ast.Constant)
    return float(node.value)  # type: ignore[arg-type]  # _tree() let only numbers through


def _identifier(name: str) -> str:
    base, _, index = name.partition("_")
    if not index:
        return f"<mi>{escape(base)}</mi>"
    return f"<msub><mi>{escape(base)}</mi><mi>{escape(index)}</mi></msub>"


def _mathml(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return _identifier(node.id)
    if isinstance(node, ast.Constant):
        return f"<mn>{node.value!r}</mn>"
    if isinstance(node, ast.UnaryOp):
        operand = _bracketed(node.operand, _mathml(node.operand))
        return f"<mrow><mo>&#8722;</mo>{operand}</mrow>"
    assert isinstance(node, ast.BinOp)
    left, right = _mathml(node.left), _mathml(node.right)
    if isinstance(node.op, ast.Div):
        return f"<mfrac>{left}{right}</mfrac>"
    if isinstance(node.op, ast.Mult):
        left, right = _bracketed(node.left, left), _bracketed(node.right, right)
    elif isinstance(node.op, ast.Sub):
        right = _bracketed(node.right, right)
    return f"<mrow>{left}<mo>{_SIGNS[type(node.op)]}</mo>{right}</mrow>"


def _bracketed(node: ast.expr, text: str) -> str:
    needs = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>" if needs else text


def places_of(codes: NDArray[np.integer[Any]]) -> list[NDArray[np.intp]]:
    """Group equal numbers.

    Parameters
    ----------
    codes : array of integers, shape (n,)
        For example the physical codes of the formulas of lines.

    Returns
    -------
    list of array
        The places of each number, in order; the numbers in the order they first appear, so that
        a step of a method comes after the steps it rests on.
    """
    if not len(codes):
        return []
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order])) + 1
    return sorted(np.split(order, bounds), key=lambda places: int(places[0]))


def redo(lines: pl.DataFrame, formulas: Mapping[str, Formula]) -> NDArray[np.float64]:
    """Compute every line again from its stored inputs and the text of its formula.

    Parameters
    ----------
    lines : polars.DataFrame, shape (n, ...)
        Lines with the columns of ``LINE_SCHEMA``.
    formulas : mapping of str to Formula
        Every formula the lines name.

    Returns
    -------
    array, shape (n,)
        Recomputed values, in line order.

    Raises
    ------
    ModelError
        If a line names an unknown formula.
    """
    result = np.full(lines.height, np.nan)
    names = lines["formula"].cast(pl.Categorical())
    for chosen in places_of(names.to_physical().to_numpy()):
        key = names[int(chosen[0])]
        if key not in formulas:
            raise ModelError(f"lines name the unknown formula {key!r}")
        formula = formulas[key]
        part = lines[chosen]
        inputs = {
            symbol.name: part[column].to_numpy().astype(np.float64)
            for symbol, column in zip(formula.symbols, INPUT_COLUMNS, strict=False)
        }
        result[chosen] = formula.evaluate(inputs)
    return result


def check_lines(
    lines: pl.DataFrame,
    factors: pl.DataFrame,
    formulas: Mapping[str, Formula],
    *,
    relative_tolerance: float = 1e-12,
) -> pl.DataFrame:
    """Return the lines that do not hold, empty when every number is what it says.

    A line holds when its value equals the recomputed one and when every input that points to a
    factor equals the value of that factor row.

    Parameters
    ----------
    lines, factors : polars.DataFrame
        Frames with the columns of ``LINE_SCHEMA`` and ``FACTOR_SCHEMA``.
    formulas : mapping of str to Formula
        Every formula the lines name.
    relative_tolerance : float
        Allowed relative difference. [1]

    Returns
    -------
    polars.DataFrame
        The failing lines with ``redone`` and ``reason`` added.
    """
    value = lines["value"].to_numpy()
    redone = redo(lines, formulas)
    differs = ~np.isclose(value, redone, rtol=relative_tolerance, atol=0.0)
    reason = np.where(differs, "value", "")
    table = factors.sort("factor")
    # Row 0 of the look-up stands for "no factor"; factor numbers start at 1.
    values = np.concatenate([[np.nan], table["value"].to_numpy()])
    if table.height and table["factor"].to_list() != list(range(1, table.height + 1)):
        raise ModelError("factors must be numbered 1, 2, 3 ... without gaps")
    for input_column, factor_column in zip(INPUT_COLUMNS, FACTOR_COLUMNS, strict=True):
        index = lines[factor_column].fill_null(0).to_numpy()
        stored = lines[input_column].fill_null(np.nan).to_numpy()
        dangling = index >= len(values)
        wrong = dangling | ((index > 0) & (stored != values[np.where(dangling, 0, index)]))
        reason = np.where(wrong & (reason == ""), factor_column, reason)
    failing = reason != ""
    return lines.with_columns(pl.Series("redone", redone), pl.Series("reason", reason)).filter(
        pl.Series(failing)
    )
