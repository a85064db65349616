"""The contract catches a method that breaks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
import pytest

from tanfeng import testing
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_SCHEMA, LINE_SCHEMA, Formula, Symbol

FORMULA = Formula(
    key="toy.fuel",
    quantity="emission_fuel_tco2",
    symbol="E_fuel",
    unit="tCO2",
    expression="C * k",
    symbols=(
        Symbol("C", "t", "消费量", "consumption", field="consumption_total_qty"),
        Symbol("k", "tCO2/t", "系数", "factor"),
    ),
    document="test",
    clause="1",
    equation="E = C × k",
    name_zh="试",
    name_en="toy",
    clause_confidence="recalled",
    clause_evidence="M",
)
#: t CO2 per t, and the words a factor needs.
FACTOR = {
    "factor": 1,
    "ref": "toy/k",
    "symbol": "k",
    "value": 2.5,
    "unit": "tCO2/t",
    "document": "test",
    "confidence": "single",
    "choice_zh": "唯一",
    "choice_en": "the only one",
}
KNOWN = {"consumption_total_qty", "activity_id", "org_code"}


@dataclass(frozen=True)
class Frozen:
    """Lines and factors of the toy method."""

    lines: pl.DataFrame
    factors: pl.DataFrame

    def totals(self) -> pl.DataFrame:
        """Add up by quantity."""
        by = pl.col("quantity").cast(pl.String)
        return self.lines.group_by(by).agg(pl.col("value").sum())


@dataclass
class Loose:
    """A result that can be changed."""

    lines: pl.DataFrame
    factors: pl.DataFrame
    totals = Frozen.totals


def toy(
    amount: Callable[[float], float] = lambda c: c * 2.5,
    result: type = Frozen,
    *,
    strict: bool = True,
    factor: Mapping[str, object] = FACTOR,
) -> Callable[[Sequence[testing.Row]], testing.Result]:
    """Return a method with one formula; the arguments break it."""

    def run(rows: Sequence[testing.Row]) -> testing.Result:
        if strict and (strangers := {name for row in rows for name in row} - KNOWN):
            raise ModelError(f"unknown columns: {sorted(strangers)}")
        lines = [
            {
                "line": place,
                "quantity": FORMULA.quantity,
                "formula": FORMULA.key,
                "x1": row["consumption_total_qty"],
                "x2": 2.5,
                "f2": 1,
                "value": amount(row["consumption_total_qty"]),  # type: ignore[arg-type]
            }
            for place, row in enumerate(rows, start=1)
        ]
        return result(
            pl.DataFrame(lines, schema=LINE_SCHEMA), pl.DataFrame([factor], schema=FACTOR_SCHEMA)
        )

    return run


METHOD = testing.Method(
    formulas={FORMULA.key: FORMULA},
    quantities={FORMULA.quantity: "tCO2"},
    fields=("consumption_total_qty",),
    cases={FORMULA.key: {"consumption_total_qty": 4.0}},
    run=toy(),
)


@pytest.mark.parametrize("check", testing.checks(METHOD), ids=str)
def test_a_sound_method_passes(check: testing.Check) -> None:
    check()


def refusals(method: testing.Method) -> dict[str, str]:
    found = {}
    for check in testing.checks(method):
        try:
            check()
        except AssertionError as error:
            found[check.name] = str(error)
    return found


@pytest.mark.parametrize(
    ("broken", "caught"),
    [
        ({"run": toy(lambda c: c * 2.5 + 1)}, {"zero_gives_zero", "doubling_doubles", "traced"}),
        ({"run": toy(lambda c: min(c, 5.0) * 2.5)}, {"doubling_doubles"}),
        ({"run": toy(lambda c: c * 2.6)}, {"traced"}),
        ({"run": toy(factor={**FACTOR, "document": ""})}, {"traced"}),
        ({"run": toy(factor={**FACTOR, "value": 2.4})}, {"traced"}),
        ({"run": toy(factor={**FACTOR, "confidence": "sure"})}, {"traced"}),
        ({"run": toy(result=Loose)}, {"result_is_frozen"}),
        ({"run": toy(strict=False)}, {"stranger_is_refused"}),
        ({"fields": ("purchase_qty",)}, {"documented"}),
        ({"quantities": {FORMULA.quantity: "tCH4"}}, {"documented"}),
        ({"formulas": {FORMULA.key: replace(FORMULA, equation="")}}, {"documented"}),
        ({"formulas": {FORMULA.key: replace(FORMULA, name_en="试")}}, {"documented"}),
    ],
)
def test_a_broken_method_is_caught(broken: dict[str, object], caught: set[str]) -> None:
    assert set(refusals(replace(METHOD, **broken))) == caught  # type: ignore[arg-type]


def test_a_formula_without_a_row_is_caught() -> None:
    other = replace(FORMULA, key="toy.other")
    found = refusals(replace(METHOD, formulas={**METHOD.formulas, other.key: other}))
    assert "toy.other" in found["every_formula_has_a_case"]


def test_coefficients_do_not_grow_with_the_activity() -> None:
    row = {"consumption_total_qty": 4.0, "coef_used_tce": 0.9, "item_key": "coke", "year": 2023}
    assert testing.scaled(row, 2.0, ("_qty",)) == {**row, "consumption_total_qty": 8.0}
