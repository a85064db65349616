"""Propagation by hand, groups, and Monte Carlo where theory says they agree."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from method_rows import row, run
from tanfeng.accounting import methods
from tanfeng.errors import ModelError

STEEL = "gb_t_32151_5_2015"


def widths(*rows):
    """Return uncertainties; each row holds what it names and its width."""
    empty = {"activity_id": None, "column": None, "factor_ref": None, "group": None}
    given_rows = [{**empty, "distribution": "normal", **one} for one in rows]
    return pl.DataFrame(given_rows, schema=dict(methods.UNCERTAINTY_SCHEMA))


def limestone(*amounts):
    return run(STEEL, [row("flux", "material", "limestone", used_qty=one) for one in amounts])


def amount(number, pct, **more):
    return {"activity_id": number, "column": "used_qty", "relative_pct": pct, **more}


EF = {"factor_ref": "process_factors/pf_steel_limestone", "relative_pct": 4.0}


def test_independent_amounts_add_in_squares():
    # 300 t +- 3 % and 400 t +- 3 %: 9 and 12 t wide, together 15 t; 15 / 700 = 2.142857 %
    found = methods.propagate(limestone(300.0, 400.0), widths(amount(1, 3.0), amount(2, 3.0)))
    assert found.total_tco2e == pytest.approx(700 * 0.44)
    assert found.relative_pct == pytest.approx(100 * 15 / 700, rel=1e-12)
    low, high = found.interval_tco2e
    assert high - found.total_tco2e == pytest.approx(15 * 0.44, rel=1e-12)
    assert low == pytest.approx(685 * 0.44, rel=1e-12)


def test_a_shared_factor_is_one_variable():
    # The same factor in both rows: its 4 % stay 4 % of the sum, they do not average out.
    found = methods.propagate(limestone(300.0, 400.0), widths(EF))
    assert found.relative_pct == pytest.approx(4.0, rel=1e-12)
    both = methods.propagate(limestone(300.0, 400.0), widths(EF, amount(1, 3.0), amount(2, 3.0)))
    assert both.relative_pct == pytest.approx(math.hypot(4.0, 100 * 15 / 700), rel=1e-12)
    shares = both.contributions.filter(pl.col("share") > 0)["share"].to_list()
    # variances: 28^2 = 784 of the factor, 9^2 and 12^2 of the amounts
    assert shares == pytest.approx([784 / 1009, 144 / 1009, 81 / 1009], rel=1e-12)


def test_a_named_group_errs_together():
    apart = methods.propagate(
        limestone(300.0, 400.0),
        widths(amount(1, 3.0, group="scale"), amount(2, 3.0, group="scale")),
    )
    assert apart.relative_pct == pytest.approx(3.0, rel=1e-12)
    assert apart.contributions["share"].sum() == pytest.approx(1.0, rel=1e-12)


def test_a_removal_with_the_same_error_takes_it_back():
    # Bought and sold pig iron by the same scale: 100 t x 0.172 - 100 t x 0.172 = 0, no error.
    account = run(
        STEEL,
        [
            row("material", "material", "pig_iron", used_qty=100.0),
            row("fixed_carbon", "fixed_carbon", "pig_iron", product_qty=100.0),
        ],
    )
    shared = {"factor_ref": "process_factors/pf_steel_pig_iron", "relative_pct": 10.0}
    found = methods.propagate(account, widths(shared))
    assert found.standard_tco2e == pytest.approx(0.0, abs=1e-12)


def test_a_stock_balance_is_walked_through():
    # use = 100 + 50 - 30 - 0 - 0 = 120 t; the error of the purchase is 5 t of 120 t.
    account = run(
        STEEL,
        [
            row(
                "flux",
                "material",
                "limestone",
                purchased_qty=100.0,
                opening_stock_qty=50.0,
                closing_stock_qty=30.0,
            )
        ],
    )
    bought = {"activity_id": 1, "column": "purchased_qty", "relative_pct": 5.0}
    found = methods.propagate(account, widths(bought))
    assert found.total_tco2e == pytest.approx(120 * 0.44)
    assert found.relative_pct == pytest.approx(100 * 5 / 120, rel=1e-12)


@settings(max_examples=8)
@given(st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_monte_carlo_agrees_with_the_propagation_of_a_linear_sum(amounts, seed):
    account = limestone(*amounts)
    asked = widths(*(amount(number + 1, 5.0) for number in range(len(amounts))))
    exact = methods.propagate(account, asked)
    drawn = methods.simulate(account, asked, draws=10_000, seed=seed)
    # standard error of a standard deviation from n draws: 1 / sqrt(2 n) = 0.7 %; six of them
    assert drawn.standard_tco2e == pytest.approx(exact.standard_tco2e, rel=0.045)
    assert drawn.total_tco2e == exact.total_tco2e
    assert drawn.contributions["share"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("distribution", ["uniform", "lognormal"])
def test_other_distributions_keep_the_standard_deviation(distribution):
    account = limestone(100.0)
    asked = widths(amount(1, 20.0, distribution=distribution))
    drawn = methods.simulate(account, asked, draws=40_000, seed=1)
    exact = methods.propagate(account, asked)
    assert drawn.standard_tco2e == pytest.approx(exact.standard_tco2e, rel=0.02)


def test_the_same_seed_gives_the_same_numbers():
    asked = widths(amount(1, 3.0))
    one, two = (methods.simulate(limestone(10.0), asked, draws=50, seed=3) for _ in range(2))
    assert one.interval_tco2e == two.interval_tco2e


@pytest.mark.parametrize(
    "wrong",
    [
        {"relative_pct": 3.0},
        {**EF, "activity_id": 1, "column": "used_qty"},
        amount(1, -1.0),
        amount(1, 3.0, distribution="guess"),
    ],
)
def test_an_uncertainty_that_says_nothing_is_refused(wrong):
    with pytest.raises(ModelError):
        methods.propagate(limestone(1.0), widths(wrong))


def test_one_draw_is_no_spread():
    with pytest.raises(ModelError, match="at least 2"):
        methods.simulate(limestone(1.0), widths(amount(1, 3.0)), draws=1, seed=1)
    with pytest.raises(ModelError, match="twice"):
        methods.propagate(limestone(1.0), widths(amount(1, 3.0), amount(1, 3.0)))
