"""Accounts of allowances and registers of certificates: what is refused, and what adds up."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng.accounting import market
from tanfeng.errors import DataError, ModelError

Row = tuple[str, str, date, str, int | None, float, int | None]


def movements(*rows: Row) -> pl.DataFrame:
    """Return movements as a frame."""
    return pl.DataFrame(list(rows), schema=dict(market.MOVEMENT_SCHEMA), orient="row")


def due(*rows: tuple[str, int, float]) -> pl.DataFrame:
    """Return obligations as a frame."""
    return pl.DataFrame(list(rows), schema=dict(market.OBLIGATION_SCHEMA), orient="row")


def codes(error: DataError) -> list[tuple[int | None, str]]:
    """Return row and rule of every problem."""
    return [(problem.row, problem.rule) for problem in error.problems]


D1, D2, D3 = date(2025, 3, 1), date(2025, 6, 1), date(2025, 12, 1)
GRANT: Row = ("A", "d1", D1, "allocated", 2024, 1000.0, None)
BUY: Row = ("A", "d2", D2, "bought", 2024, 200.0, None)
SELL: Row = ("A", "d3", D2, "sold", 2024, 50.0, None)
PAY: Row = ("A", "d4", D3, "surrendered", 2024, 1100.0, 2024)
OFFSET: Row = ("A", "d5", D3, "offset", None, 40.0, 2024)


def test_balance_of_each_vintage():
    # 1000 + 200 - 50 - 1100 = 50 of 2024; 300 of 2023 stay apart.
    other: Row = ("A", "d6", D1, "allocated", 2023, 300.0, None)
    done = market.balance(movements(PAY, GRANT, SELL, other, BUY, OFFSET))
    assert done.select("vintage", "balance_t").rows() == [(2023, 300.0), (2024, 50.0)]
    assert done.row(1, named=True)["bought_t"] == 200.0


def test_what_is_carried_over_leaves_one_year_and_enters_another():
    # 1000 less 300 carried out = 700 of 2024; the 300 of 2025 cover 250 of it.
    out: Row = ("A", "d7", D2, "carried_out", 2024, 300.0, None)
    into: Row = ("A", "d7/in", D2, "carried_in", 2025, 300.0, None)
    paid: Row = ("A", "d8", D3, "surrendered", 2025, 250.0, 2025)
    table = movements(GRANT, out, into, paid)
    done = market.balance(table)
    assert done.select("vintage", "balance_t").rows() == [(2024, 700.0), (2025, 50.0)]
    assert market.settle(table, due(("A", 2025, 250.0)))["is_met"].to_list() == [True]


def test_settlement():
    # 1140 due: 1100 surrendered, 40 offset (limit 5 % = 57), nothing open.
    row = market.settle(movements(GRANT, BUY, SELL, PAY, OFFSET), due(("A", 2024, 1140.0))).row(
        0, named=True
    )
    assert (row["open_t"], row["is_met"]) == (0.0, True)
    assert row["offset_limit_t"] == pytest.approx(57.0)
    assert row["limit_confidence"] == "single"


def test_what_nobody_paid_is_open():
    row = market.settle(movements(GRANT), due(("A", 2024, 1140.0))).row(0, named=True)
    assert (row["open_t"], row["is_met"]) == (1140.0, False)


def test_a_surrender_counts_once():
    with pytest.raises(DataError) as caught:
        market.settle(movements(GRANT, BUY, PAY, PAY), due(("A", 2024, 2400.0)))
    assert codes(caught.value) == [(3, "R004"), (4, "R004")]
    again: Row = ("A", "d9", D3, "surrendered", 2024, 90.0, 2024)
    with pytest.raises(DataError, match="counted twice") as caught:
        market.settle(movements(GRANT, BUY, PAY, again), due(("A", 2024, 1100.0)))
    assert codes(caught.value) == [(None, "R014")]


def test_an_allowance_of_another_year_is_refused_unless_a_rule_is_named():
    late: Row = ("A", "d1", D1, "allocated", 2023, 1000.0, None)
    pay: Row = ("A", "d4", D3, "surrendered", 2023, 1000.0, 2024)
    with pytest.raises(DataError, match="no rule that allows it"):
        market.settle(movements(late, pay), due(("A", 2024, 1000.0)))
    done = market.settle(
        movements(late, pay), due(("A", 2024, 1000.0)), usable={2024: {2023, 2024}}
    )
    assert done["is_met"].to_list() == [True]


def test_a_vintage_cannot_be_overdrawn_by_another():
    other: Row = ("A", "d6", D1, "allocated", 2023, 300.0, None)
    with pytest.raises(DataError, match="100 t short"):
        market.balance(movements(GRANT, other, PAY))


def test_what_is_sold_before_it_is_there_is_refused():
    early: Row = ("A", "d0", date(2025, 1, 1), "sold", 2024, 10.0, None)
    with pytest.raises(DataError) as caught:
        market.balance(movements(GRANT, early))
    assert codes(caught.value) == [(2, "R010")]


def test_offsets_above_the_limit_and_without_a_duty():
    more: Row = ("A", "d5", D3, "offset", None, 58.0, 2024)
    with pytest.raises(DataError, match="above 5 %"):
        market.settle(movements(GRANT, more), due(("A", 2024, 1140.0)))
    with pytest.raises(DataError, match="nothing due"):
        market.settle(movements(GRANT, more), due(("B", 2024, 1140.0)))
    with pytest.raises(ModelError, match="one row per organisation"):
        market.settle(movements(GRANT), due(("A", 2024, 1.0), ("A", 2024, 2.0)))


def test_every_bad_movement_is_told():
    bad = movements(
        ("A", "1", D1, "gift", 2024, 1.0, None),
        ("A", "2", D1, "bought", 2024, -1.0, None),
        ("A", "", D1, "bought", 2024, 1.0, None),
        ("A", "4", D1, "bought", None, 1.0, None),
        ("A", "5", D1, "surrendered", 2024, 1.0, None),
    )
    with pytest.raises(DataError) as caught:
        market.balance(bad)
    assert codes(caught.value) == [(1, "R001"), (2, "R002"), (3, "R003"), (4, "R005"), (5, "R006")]
    with pytest.raises(ModelError, match="vintage"):
        market.balance(movements(GRANT).drop("vintage"))


@given(st.lists(st.tuples(st.integers(2021, 2024), st.floats(1.0, 1e6)), min_size=1, max_size=20))
def test_order_and_splitting_change_no_balance(grants):
    rows: list[Row] = [
        ("A", f"d{n}", D1, "allocated", vintage, amount, None)
        for n, (vintage, amount) in enumerate(grants)
    ]
    halves: list[Row] = [
        (org, f"{number}{part}", day, kind, vintage, amount / 2, year)
        for org, number, day, kind, vintage, amount, year in rows
        for part in "ab"
    ]
    whole = market.balance(movements(*rows))["balance_t"].to_list()
    assert market.balance(movements(*reversed(rows)))["balance_t"].to_list() == pytest.approx(whole)
    assert market.balance(movements(*halves))["balance_t"].to_list() == pytest.approx(whole)


# Certificates -----------------------------------------------------------------------------------


def certificates(*rows: tuple[str, str, str, float, date | None, date | None]) -> pl.DataFrame:
    """Return certificates as a frame."""
    return pl.DataFrame(list(rows), schema=dict(market.CERTIFICATE_SCHEMA), orient="row")


def claimed(*rows: tuple[str, str, str, str, date]) -> pl.DataFrame:
    """Return claims as a frame."""
    return pl.DataFrame(list(rows), schema=dict(market.CLAIM_SCHEMA), orient="row")


GREEN = ("G1", "green_certificate", "A", 1.0, date(2024, 1, 1), date(2025, 12, 31))
CCER = ("C1", "ccer", "A", 100.0, None, None)


def test_a_claim_stands_beside_its_certificate():
    done = market.claims(certificates(GREEN, CCER), claimed(("C1", "ets_offset", "A", "2024", D3)))
    assert done.select("certificate", "unit", "purpose").rows() == [
        ("G1", "MWh", None),
        ("C1", "tCO2", "ets_offset"),
    ]


def test_a_green_certificate_used_for_two_purposes_is_refused_naming_both():
    with pytest.raises(DataError) as caught:
        market.claims(
            certificates(GREEN),
            claimed(
                ("G1", "energy_deduction", "A", "2024", D1),
                ("G1", "market_factor", "A", "2024", D2),
            ),
        )
    (problem,) = caught.value.problems
    assert (problem.row, problem.rule) == (2, "R023")
    assert "green power left out of energy consumption in row 1" in problem.message("en")
    assert "electricity accounted at zero" in problem.message("en")
    assert "能耗扣除（绿电）" in problem.message("zh")
    assert "电力排放计零" in problem.message("zh")


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (("X9", "footprint", "A", "2024", D1), "nobody registered"),
        (("G1", "gift", "A", "2024", D1), "purpose is none of"),
        (("G1", "footprint", "B", "2024", D1), "belongs to A"),
        (("G1", "ets_offset", "A", "2024", D1), "cannot serve offset"),
        (("C1", "energy_deduction", "A", "2024", D1), "cannot serve green power"),
        (("G1", "footprint", "A", "2026", date(2026, 1, 1)), "outside the validity"),
    ],
)
def test_claims_that_cannot_be(claim, text):
    with pytest.raises(DataError, match=text):
        market.claims(certificates(GREEN, CCER), claimed(claim))


def test_bad_certificates():
    bad = certificates(
        GREEN, GREEN, ("X", "gold", "A", 1.0, None, None), ("Y", "ccer", "A", 0.0, None, None)
    )
    with pytest.raises(DataError) as caught:
        market.claims(bad, claimed())
    assert codes(caught.value) == [(1, "R020"), (2, "R020"), (3, "R021"), (4, "R022")]
