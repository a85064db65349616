"""What every formula and method of the room must hold (house rule 23)."""

from __future__ import annotations

import random
from dataclasses import fields
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity_rows import AS_OF, rows_of
from tanfeng import accounting, standards, testing, trace
from tanfeng.accounting import FactorSet

G, N = "gb_t_2589_2020", "ndrc_general_2015"
OWN = {"coef_used_tce": 0.9}
COKE = {"item_key": "coke", "consumption_total_qty": 80.0, "own_production_qty": 30.0}
COAL = {"item_key": "anthracite", "consumption_total_qty": 80.0, "feedstock_qty": 20.0}
POWER = {
    "item_key": "electricity",
    "consumption_total_qty": 80.0,
    "own_production_qty": 10.0,
    "green_power_1e4kwh": 5.0,
}
BOUGHT = {**POWER, "purchase_qty": 90.0, "transfer_out_qty": 20.0}
HEAT = {"item_key": "heat", "consumption_total_qty": 80.0, "own_production_qty": 10.0}
#: Formula -> a row that makes it speak. A formula without a row fails the first test.
CASES: dict[str, dict[str, object]] = {
    **{f"{G}.{m}": COKE for m in ("calorific", "equivalent")},
    **{f"{G}.{m}_own_coefficient": {**COKE, **OWN} for m in ("calorific", "equivalent")},
    **{f"{G}.{m}_primary": COAL for m in ("calorific", "equivalent")},
    **{f"{G}.{m}_primary_own_coefficient": {**COAL, **OWN} for m in ("calorific", "equivalent")},
    f"{G}.equivalent_electricity": POWER,
    **{f"{G}.feedstock_{m}": COAL for m in ("calorific", "equivalent")},
    **{f"{G}.feedstock_{m}_own_coefficient": {**COAL, **OWN} for m in ("calorific", "equivalent")},
    **{f"{G}.green_power_{m}": POWER for m in ("calorific", "equivalent")},
    f"{N}.fuel": {**COKE, "feedstock_qty": 5.0},
    f"{N}.fuel_primary": COAL,
    **{f"{N}.electricity_{basis}": BOUGHT for basis in accounting.BASES},
    **{f"{N}.electricity_{basis}_from_use": POWER for basis in accounting.BASES},
    f"{N}.heat": {**HEAT, "purchase_qty": 70.0, "transfer_out_qty": 5.0},
    f"{N}.heat_from_use": HEAT,
}
EVERY = pytest.mark.parametrize("key", sorted(accounting.FORMULAS))


@cache
def _factors() -> FactorSet:
    return accounting.factor_set([2022, 2023, 2024], as_of=AS_OF)


METHOD = testing.Method(
    formulas=accounting.FORMULAS,
    quantities={key: quantity.unit for key, quantity in accounting.QUANTITIES.items()},
    fields=accounting.ACTIVITY_SCHEMA,
    cases=CASES,
    run=lambda rows: accounting.account(rows_of(list(rows)), factors=_factors()),
)


@pytest.mark.parametrize("check", testing.checks(METHOD), ids=str)
def test_the_contract_of_every_method(check: testing.Check) -> None:
    check()


@EVERY
def test_the_evidence_of_a_clause_is_a_known_source(key: str) -> None:
    formula = accounting.FORMULAS[key]
    sources = standards.evidence(formula.clause_evidence)
    assert bool(sources) == bool(formula.clause)
    # Two sources confirm, one does not; the compiler's memory is no source.
    seen = {source.code for source in sources} - {"M"}
    assert len(seen) >= {"": 0, "recalled": 0, "single": 1}[formula.clause_confidence]


@EVERY
def test_a_line_is_worth_no_more_than_its_weakest_factor(run, key: str) -> None:
    account = run([CASES[key]])
    line = account.lines.filter(pl.col("formula") == key).row(0, named=True)
    confidences = [
        account.factors.filter(factor=line[name])["confidence"].item()
        for name in trace.FACTOR_COLUMNS
        if line[name] is not None
    ]
    weakest = max(confidences, key=trace.CONFIDENCES.index, default=None)
    assert line["confidence"] == weakest


def test_texts_of_quantities_and_notes_are_complete_in_both_languages() -> None:
    from tanfeng.accounting._notes import TEXTS

    for quantity in accounting.QUANTITIES.values():
        assert all(getattr(quantity, field.name) for field in fields(quantity))
        assert quantity.name_en.replace("₂", "2").isascii()
    for code, text in TEXTS.items():
        assert text.severity in {"error", "warning", "info"}, code
        assert text.en.replace("₂", "2").isascii(), code
        assert "{item}" in text.zh, code
        assert "{item}" in text.en, code


def test_every_code_has_words_and_every_word_is_used() -> None:
    from tanfeng.accounting._engine import GAPS, REMARKS
    from tanfeng.accounting._notes import TEXTS

    assert {finding.code for finding in (*GAPS, *REMARKS)} == set(TEXTS)


ITEMS = st.sampled_from(
    (
        *("raw_coal", "anthracite", "coke", "natural_gas", "diesel", "electricity", "heat"),
        *("biomass", "waste_heat", "gangue", "total", "lng"),
    )
)
QTY = st.none() | st.floats(0, 1e7).map(lambda x: round(x, 6))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "item_key": ITEMS,
            "org_code": st.sampled_from(["A", "B", "C"]),
            "year": st.sampled_from([2022, 2023, 2024]),
            "month": st.integers(0, 12),
            "tier": st.sampled_from(trace.TIERS),
            "consumption_total_qty": QTY,
            "purchase_qty": QTY,
            "own_production_qty": QTY,
            "feedstock_qty": QTY,
            "transfer_out_qty": QTY,
            "opening_stock_qty": QTY,
            "closing_stock_qty": QTY,
            "green_power_1e4kwh": QTY,
            "coef_used_tce": st.none() | st.floats(0.01, 20),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_every_line_can_be_redone_from_its_inputs(run, rows: list[dict[str, object]]) -> None:
    account = run(rows)
    failing = trace.check_lines(account.lines, account.factors, accounting.FORMULAS)
    assert failing.is_empty(), failing.select("formula", "value", "redone", "reason")


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_changes_nothing(
    make_activity, factors, rows: list[dict[str, object]], shuffle: random.Random
) -> None:
    activity = make_activity(rows)
    order = list(range(activity.height))
    shuffle.shuffle(order)
    one = accounting.account(activity, factors=factors)
    other = accounting.account(activity[order], factors=factors)
    assert one.lines.equals(other.lines)
    assert one.notes.equals(other.notes)
    assert one.totals(["org_code"]).equals(other.totals(["org_code"]))


@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_lines_add_up_to_the_totals_and_the_totals_to_the_headline(
    run, rows: list[dict[str, object]]
) -> None:
    account = run(rows)
    totals = account.totals()
    for line in totals.iter_rows(named=True):
        of = account.lines.filter(pl.col("quantity") == line["quantity"])["value"].to_numpy()
        scale = float(np.abs(of).sum())
        if line["value"] is None:
            assert of.size == 0
            assert line["missing_rows"] > 0
            continue
        assert line["value"] == pytest.approx(of.sum(), rel=1e-12, abs=1e-12 * scale)
        parts = line["measured"] + line["reported"] + line["estimated"]
        assert parts == pytest.approx(line["value"], rel=1e-9, abs=1e-12 * scale)
    figures = accounting.headline(totals).row(0, named=True) if totals.height else {}
    direct, indirect = figures.get("emission_direct_tco2"), figures.get("emission_indirect_tco2")
    if direct is not None and indirect is not None:
        assert figures["emission_total_tco2"] == pytest.approx(direct + indirect)


@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_the_answer_does_not_depend_on_the_other_firms(run, rows: list[dict[str, object]]) -> None:
    numbered = [{**row, "activity_id": place} for place, row in enumerate(rows)]
    together = run(numbered).totals(["org_code"])
    for org in {str(row["org_code"]) for row in rows}:
        alone = run([row for row in numbered if row["org_code"] == org]).totals(["org_code"])
        assert alone.equals(together.filter(org_code=org))


def test_what_is_promised_is_exported() -> None:
    assert accounting.__all__ == sorted(accounting.__all__, key=lambda n: (not n.isupper(), n))
    for name in accounting.__all__:
        assert getattr(accounting, name).__doc__ or name.isupper()
