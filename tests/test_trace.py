"""Lines, formulas and the independent evaluator."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.errors import ModelError
from tanfeng.trace import (
    CONFIDENCES,
    FACTOR_SCHEMA,
    LINE_SCHEMA,
    MAX_INPUTS,
    TIERS,
    Formula,
    Symbol,
    check_lines,
    redo,
)


def formula(expression: str, *names: str, factors: tuple[str, ...] = ()) -> Formula:
    return Formula(
        key=f"test.{expression}",
        quantity="emission_fuel_tco2",
        symbol="E_i",
        unit="tCO2",
        expression=expression,
        symbols=tuple(
            Symbol(name, "t", name, name, field="" if name in factors else f"{name}_qty")
            for name in names
        ),
        document="test",
        clause="1",
        equation="1",
        name_zh="试",
        name_en="test",
        clause_confidence="recalled",
        clause_evidence="M",
    )


def numbers(**inputs: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in inputs.items()}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b * c", 2 + 3 * 4),
        ("(a + b) * c", (2 + 3) * 4),
        ("a - b - c", 2 - 3 - 4),
        ("a / b / c", 2 / 3 / 4),
        ("-a * b + c", -2 * 3 + 4),
        ("a * b * c * 44 / 12", 2 * 3 * 4 * 44 / 12),
    ],
)
def test_the_text_is_evaluated_as_arithmetic(expression: str, expected: float) -> None:
    value = formula(expression, "a", "b", "c").evaluate(numbers(a=2.0, b=3.0, c=4.0))
    assert value.tolist() == [expected]


NUMBERS = st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-3)


@st.composite
def trees(draw: st.DrawFn, depth: int = 0) -> str:
    if depth > 3 or draw(st.booleans()):
        return draw(st.sampled_from(["a", "b", "c", "2.5", "12"]))
    left, right = draw(trees(depth + 1)), draw(trees(depth + 1))
    operator = draw(st.sampled_from("+-*"))
    return f"({left} {operator} {right})"


@given(trees(), NUMBERS, NUMBERS, NUMBERS)
def test_any_text_agrees_with_python_itself(text: str, a: float, b: float, c: float) -> None:
    expression = f"{text} + 0 * a + 0 * b + 0 * c"
    value = formula(expression, "a", "b", "c").evaluate(numbers(a=a, b=b, c=c))
    assert value[0] == eval(expression, {"__builtins__": {}}, {"a": a, "b": b, "c": c})


@given(trees())
def test_any_text_prints_as_well_formed_mathml(text: str) -> None:
    expression = f"{text} + 0 * a + 0 * b + 0 * c"
    root = ET.fromstring(formula(expression, "a", "b", "c").mathml())
    assert root.tag == "math"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a ** 2", "Pow is no plain arithmetic"),
        ("__import__('os')", "Call is no plain arithmetic"),
        ("a.real", "Attribute is no plain arithmetic"),
        ("a if a else 1", "IfExp is no plain arithmetic"),
        ("a + 'x'", "'x' is no number"),
        ("+a", "UAdd is no plain arithmetic"),
        ("a + b", r"\['b'\] differ from the text"),
        ("2 * 3", r"\['a'\] differ from the text"),
    ],
)
def test_what_is_no_arithmetic_over_the_symbols_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        formula(expression, "a")


def test_too_many_inputs_are_refused() -> None:
    names = [f"x{n}" for n in range(MAX_INPUTS + 1)]
    with pytest.raises(ModelError, match="more than 6 inputs"):
        formula(" + ".join(names), *names)


@pytest.mark.parametrize(
    ("clause", "confidence", "evidence"),
    [("1", "", ""), ("1", "single", ""), ("1", "sure", "M"), ("", "recalled", ""), ("", "", "M")],
)
def test_a_clause_needs_its_confidence_and_its_evidence(
    clause: str, confidence: str, evidence: str
) -> None:
    known = formula("a", "a")
    assert replace(known, clause="", clause_confidence="", clause_evidence="").clause == ""
    with pytest.raises(ModelError, match="its confidence and its evidence"):
        replace(known, clause=clause, clause_confidence=confidence, clause_evidence=evidence)


def test_a_symbol_without_field_is_a_factor() -> None:
    assert Symbol("k", "tce/t", "系数", "coefficient").is_factor
    assert not Symbol("C", "t", "消费量", "consumption", field="consumption_total_qty").is_factor


def test_mathml_draws_fractions_brackets_indices_and_signs() -> None:
    text = formula("(FC - F_in) * NCV / 12 - (a - b) + -a", "FC", "F_in", "NCV", "a", "b").mathml()
    assert "<msub><mi>E</mi><mi>i</mi></msub><mo>=</mo>" in text
    assert "<msub><mi>F</mi><mi>in</mi></msub>" in text
    assert "<mfrac>" in text
    assert "<mo>(</mo>" in text
    assert "<mn>12</mn>" in text
    assert "&#215;" in text
    assert ET.fromstring(text).tag == "math"


def test_mathml_draws_numbers_over_numbers_apart() -> None:
    def fractions(node: ET.Element) -> int:
        inside = [fractions(child) for child in node]
        return max(inside, default=0) + (node.tag == "mfrac")

    flat = formula("C * OF * (44 / 12)", "C", "OF").mathml()
    assert fractions(ET.fromstring(flat)) == 1
    assert flat.count("<mfrac>") == 1
    assert "<mo>(</mo>" not in flat
    assert fractions(ET.fromstring(formula("C / 100 * 44 / 12", "C").mathml())) == 2


def test_mathml_escapes_what_could_be_markup() -> None:
    assert (
        "<script>"
        not in Formula(
            key="x",
            quantity="q",
            symbol="<script>",
            unit="t",
            expression="a",
            symbols=(Symbol("a", "t", "a", "a", field="a"),),
            document="",
            clause="",
            equation="",
            name_zh="",
            name_en="",
        ).mathml()
    )


FUEL = formula("C * k", "C", "k", factors=("k",))
WHOLE = formula("C", "C")


def lines(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"formula": FUEL.key, "quantity": FUEL.quantity, **row} for row in rows],
        schema=LINE_SCHEMA,
    )


def factors(*rows: tuple[int, float]) -> pl.DataFrame:
    return pl.DataFrame([{"factor": n, "value": v} for n, v in rows], schema=FACTOR_SCHEMA)


FORMULAS = {FUEL.key: FUEL, WHOLE.key: WHOLE}


def test_redo_computes_from_stored_inputs_alone_and_in_line_order() -> None:
    frame = lines(
        {"x1": 2.0, "x2": 3.0, "value": 999.0},
        {"formula": WHOLE.key, "x1": 7.0},
        {"x1": 4.0, "x2": 0.5},
        {"x1": 4.0},
    )
    assert redo(frame, FORMULAS)[:3].tolist() == [6.0, 7.0, 2.0]
    assert np.isnan(redo(frame, FORMULAS)[3])


def test_an_unknown_formula_is_refused() -> None:
    with pytest.raises(ModelError, match="unknown formula 'other'"):
        redo(lines({"formula": "other"}), FORMULAS)


def test_lines_that_hold_give_an_empty_answer() -> None:
    frame = lines({"line": 1, "x1": 2.0, "x2": 3.0, "f2": 1, "value": 6.0})
    assert check_lines(frame, factors((1, 3.0)), FORMULAS).is_empty()
    assert check_lines(lines().clear(), factors(), FORMULAS).is_empty()


def test_a_changed_value_a_changed_factor_and_a_lost_value_show() -> None:
    frame = lines(
        {"line": 1, "x1": 2.0, "x2": 3.0, "f2": 1, "value": 6.0 * (1 + 1e-11)},
        {"line": 2, "x1": 2.0, "x2": 3.1, "f2": 1, "value": 6.2},
        {"line": 3, "x1": 2.0, "x2": 3.0, "f2": 1},
        {"line": 4, "x1": 2.0, "x2": 3.0, "f2": 1, "value": 6.0},
        {"line": 5, "x1": 2.0, "x2": 3.0, "f1": 1, "value": 6.0},
    )
    failing = check_lines(frame, factors((1, 3.0)), FORMULAS)
    assert failing.select("line", "reason").rows() == [
        (1, "value"),
        (2, "f2"),
        (3, "value"),
        (5, "f1"),
    ]
    assert failing["redone"][0] == 6.0
    loose = check_lines(frame[:1], factors((1, 3.0)), FORMULAS, relative_tolerance=1e-9)
    assert loose.is_empty()


def test_a_zero_must_be_exactly_zero() -> None:
    frame = lines({"line": 1, "x1": 0.0, "x2": 3.0, "value": 1e-300})
    assert check_lines(frame, factors(), FORMULAS)["reason"].to_list() == ["value"]


def test_factors_without_gaps_in_any_order() -> None:
    frame = lines({"line": 1, "x1": 2.0, "x2": 3.0, "f2": 2, "value": 6.0})
    assert check_lines(frame, factors((2, 3.0), (1, 9.0)), FORMULAS).is_empty()
    with pytest.raises(ModelError, match="without gaps"):
        check_lines(frame, factors((2, 3.0)), FORMULAS)


def test_a_pointer_to_no_factor_shows() -> None:
    frame = lines({"line": 1, "x1": 2.0, "x2": 3.0, "f2": 9, "value": 6.0})
    assert check_lines(frame, factors((1, 3.0)), FORMULAS)["reason"].to_list() == ["f2"]


def test_mathml_brackets_a_sum_after_a_minus() -> None:
    text = formula("-(a + b)", "a", "b").mathml()
    assert "<mo>&#8722;</mo><mrow><mo>(</mo>" in text


def test_the_words_of_a_line_are_ordered_best_first() -> None:
    assert TIERS == ("measured", "reported", "estimated")
    assert CONFIDENCES[0] == "override"
    assert CONFIDENCES[-1] == "recalled"


def test_the_derivative_of_a_formula():
    formula = Formula(
        key="k",
        quantity="q",
        symbol="E",
        unit="t",
        expression="A * B / 2 - -A / B",
        symbols=(Symbol("A", "t", "", "", field="a"), Symbol("B", "t", "", "")),
        document="d",
        clause="",
        equation="",
        name_zh="",
        name_en="",
    )
    by_a, by_b = formula.derivatives({"A": np.array([3.0]), "B": np.array([4.0])})
    assert by_a[0] == pytest.approx(4 / 2 + 1 / 4, rel=1e-15)
    assert by_b[0] == pytest.approx(3 / 2 - 3 / 16, rel=1e-15)
