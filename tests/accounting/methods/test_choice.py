"""Which value of a parameter is taken, and what is said about the others."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from method_rows import AS_OF, by_row, frames, row
from tanfeng.accounting import methods
from tanfeng.errors import ModelError

STEEL = "gb_t_32151_5_2015"
COAL = row("fuel", "fuel", "anthracite", used_qty=1000.0)
LIMESTONE = row("flux", "material", "limestone", used_qty=10.0)


def candidate(value, tier="measured", *, number=1, column="ncv_gj", **more):
    """Return a candidate for the heat of row 1."""
    return {
        "activity_id": number,
        "column": column,
        "value": value,
        "tier": tier,
        "sample_date": None,
        "test_date": None,
        "laboratory": "",
        "accredited": None,
        "evidence": "",
        **more,
    }


def run(*candidates, rows=(COAL,)):
    return methods.account(
        frames(STEEL, list(rows)),
        [methods.METHODS[STEEL]],
        as_of=AS_OF,
        candidates=pl.DataFrame(list(candidates), schema=dict(methods.CANDIDATE_SCHEMA)),
    )


def rules(account):
    return account.choices.select("chosen", pl.col("rule").cast(pl.String)).rows()


def test_a_test_wins_over_a_supplier_and_over_the_default():
    found = run(candidate(25.0, "supplier"), candidate(24.0))
    assert rules(found) == [(False, "lower_tier"), (True, "best")]
    # 1000 t x 24 GJ/t x 0.0274 tC/GJ x 94 % x 44/12
    assert by_row(found) == [pytest.approx(1000 * 24.0 * 0.0274 * 0.94 * 44 / 12)]
    line = found.lines.row(0, named=True)
    assert (line["x2"], line["f2"]) == (24.0, None)


def test_the_newer_of_two_tests_wins():
    older = candidate(24.0, sample_date=date(2023, 3, 1), test_date=date(2023, 3, 5))
    newer = candidate(23.0, sample_date=date(2023, 9, 1), test_date=date(2023, 9, 4))
    assert rules(run(older, newer)) == [(False, "older_test"), (True, "best")]


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("no_value", candidate(None)),
        ("no_value", candidate(float("nan"))),
        ("out_of_range", candidate(24_000.0)),
        (
            "test_before_sample",
            candidate(24.0, sample_date=date(2023, 3, 5), test_date=date(2023, 3, 1)),
        ),
        ("sample_outside_period", candidate(24.0, sample_date=date(2022, 12, 31))),
    ],
)
def test_a_value_that_breaks_a_rule_is_passed_over_and_the_default_stays(rule, given):
    found = run(given)
    assert rules(found) == [(False, rule)]
    # default of the table: 26.7 GJ/t
    assert by_row(found) == [pytest.approx(1000 * 26.7 * 0.0274 * 0.94 * 44 / 12)]


def test_a_value_in_the_row_itself_wins():
    stated = row("fuel", "fuel", "anthracite", used_qty=1000.0, ncv_gj=22.0)
    found = run(candidate(24.0), rows=(stated,))
    assert rules(found) == [(False, "form_wins")]
    assert found.lines["x2"].to_list() == [22.0]


def test_a_candidate_goes_to_its_own_row_only():
    found = run(candidate(24.0, number=2), rows=(COAL, COAL, LIMESTONE))
    heats = found.lines.filter(pl.col("item_key") == "anthracite").sort("activity_id")["x2"]
    assert heats.to_list() == [26.7, 24.0]
    assert by_row(found)[2] == pytest.approx(10 * 0.44)


def test_a_candidate_for_nothing_is_an_error():
    with pytest.raises(ModelError, match="unknown rows"):
        run(candidate(24.0, number=9))
    with pytest.raises(ModelError, match="does not have"):
        run(candidate(24.0, column="purity_pct"))
    with pytest.raises(ModelError, match="unknown tier"):
        run(candidate(24.0, "guessed"))
