"""Rows that are counted once, not at all, or refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tanfeng import accounting
from tanfeng.errors import ModelError
from tanfeng.trace import FACTOR_SCHEMA, LINE_SCHEMA

CALORIFIC = "energy_calorific_tce"


def row(item: str, consumption: float | None = None, **more: object) -> dict[str, object]:
    return {"item_key": item, "consumption_total_qty": consumption, **more}


def test_lines_and_factors_have_the_columns_of_the_trace(run) -> None:
    account = run([row("diesel", 1.0)])
    assert dict(account.lines.schema) == LINE_SCHEMA
    assert dict(account.factors.schema) == FACTOR_SCHEMA
    assert account.lines["line"].to_list() == [1, 2, 3]


def test_no_rows_give_no_lines(make_activity, factors) -> None:
    empty = make_activity([row("diesel", 1.0)]).clear()
    account = accounting.account(empty, factors=factors)
    assert account.lines.is_empty()
    assert dict(account.lines.schema) == LINE_SCHEMA
    assert account.notes.is_empty()
    assert account.totals().is_empty()


def test_totals_and_memo_rows_are_never_added(run) -> None:
    account = run([row("total", 100.0), row("green_power", 5.0), row("self_gen_power", 5.0)])
    assert account.lines.is_empty()
    assert account.notes.is_empty()


def test_a_row_with_every_cell_empty_says_nothing(run) -> None:
    account = run([row("lignite", None, opening_stock_qty=None)])
    assert account.lines.is_empty()
    assert account.gaps.is_empty()


def test_raw_coal_is_not_counted_beside_its_kinds(run, of) -> None:
    account = run(
        [
            row("raw_coal", 100.0),
            row("anthracite", 40.0),
            row("steam_coal", 60.0),
            row("raw_coal", 10.0, month=2),
            row("raw_coal", 10.0, org_code="91350000B"),
        ]
    )
    # January: 40 x 0.9428 + 60 x 0.7143 = 80.57; February and the other firm: 10 x 0.7143 each
    assert sum(of(account, CALORIFIC)) == pytest.approx(80.57 + 2 * 7.143)
    notes = account.notes.filter(pl.col("code") == "parent_not_counted")
    assert notes.select("org_code", "item_key", "rows").rows() == [("91350000A", "raw_coal", 1)]
    assert account.errors.is_empty()


def test_a_difference_between_the_sum_row_and_its_kinds_is_an_error(run) -> None:
    account = run([row("raw_coal", 100.0), row("anthracite", 40.0), row("steam_coal", 59.0)])
    assert account.errors["code"].to_list() == ["parent_differs"]
    assert set(account.gaps["quantity"].cast(pl.String)) == {
        CALORIFIC,
        "energy_equivalent_tce",
        "emission_fuel_tco2",
    }
    within = run([row("raw_coal", 100.0), row("anthracite", 40.0), row("steam_coal", 59.6)])
    assert within.errors.is_empty()


def test_sum_rows_belong_to_one_site(run, of) -> None:
    account = run(
        [
            row("raw_coal", 100.0, site="north"),
            row("anthracite", 40.0, site="south"),
            row("raw_coal", 40.0, site="south"),
        ]
    )
    # north: 100 x 0.7143, south: 40 x 0.9428
    assert sum(of(account, CALORIFIC)) == pytest.approx(71.43 + 37.712)


def test_biomass_and_its_details_follow_the_same_rule(run, of) -> None:
    account = run([row("biomass", 10.0), row("bagasse", 10.0)])
    assert of(account, CALORIFIC) == pytest.approx([5.0])  # 10 x 0.5, once


def test_a_kind_without_amount_does_not_displace_the_sum_row(run, of) -> None:
    account = run([row("raw_coal", 100.0), row("lignite", None)])
    assert of(account, CALORIFIC) == pytest.approx([71.43])


def test_the_row_of_the_year_is_not_counted_beside_its_months(run, of) -> None:
    months = [row("diesel", 1.0, month=month) for month in range(1, 13)]
    account = run([row("diesel", 12.0, month=0), *months, row("diesel", 5.0, month=0, year=2022)])
    assert len(of(account, CALORIFIC)) == 13
    assert sum(of(account, CALORIFIC)) == pytest.approx(17 * 1.4571)
    assert account.notes["code"].to_list() == ["year_not_counted"]


def test_months_that_do_not_make_up_the_year_are_an_error(run) -> None:
    account = run([row("diesel", 12.0, month=0), row("diesel", 1.0, month=1)])
    assert account.errors["code"].to_list() == ["year_differs"]
    assert account.gaps.height == 3


def test_copies_are_counted_and_told(run, of) -> None:
    account = run([row("diesel", 1.0), row("diesel", 1.0), row("diesel", 1.0, month=2)])
    assert len(of(account, CALORIFIC)) == 3
    note = account.notes.row(0, named=True)
    assert (note["code"], note["rows"], note["activity_id"]) == ("duplicate_rows", 2, 1)
    sites = run([row("diesel", 1.0, site="a"), row("diesel", 1.0, site="b")])
    assert sites.notes.is_empty()


def test_use_beyond_what_came_in_makes_own_production_suspect(run) -> None:
    account = run(
        [
            row(
                "coke",
                100.0,
                opening_stock_qty=10.0,
                purchase_qty=50.0,
                closing_stock_qty=10.0,
            ),
            row("electricity", 100.0, purchase_qty=60.0),
        ]
    )
    notes = account.notes.filter(pl.col("code") == "own_production_suspected")
    assert sorted(notes["item_key"]) == ["coke", "electricity"]


def test_tiers_and_activity_go_through_to_the_lines(run) -> None:
    account = run([row("diesel", 1.0, tier="measured", activity_id=77)])
    assert account.lines["tier"].cast(pl.String).unique().to_list() == ["measured"]
    assert account.lines["activity_id"].unique().to_list() == [77]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.lit(1).alias("verbrauch"), "unknown columns .'verbrauch'."),
        (pl.lit(13).alias("month"), "month must lie in 0"),
        (pl.lit("guessed").alias("tier"), "guessed"),
        (pl.lit(None, dtype=pl.String).alias("org_code"), "'org_code'. have empty cells"),
        (pl.lit(float("nan")).alias("feedstock_qty"), "'feedstock_qty'. hold values that are no"),
        (pl.lit(float("inf")).alias("purchase_qty"), "'purchase_qty'. hold values that are no"),
        (pl.lit("peat").alias("item_key"), "unknown energy items: .'peat'."),
        (pl.lit(2019).alias("year"), "has the years .2019., the factor set has"),
        (pl.lit(2025).alias("year"), "has the years .2025., the factor set has"),
        (pl.lit(1).alias("activity_id"), "activity_id 1 stands on more than one row"),
    ],
)
def test_what_breaks_the_schema_is_refused_by_name(
    make_activity, factors, change: pl.Expr, words: str
) -> None:
    activity = make_activity([row("diesel", 1.0), row("coke", 1.0)]).with_columns(change)
    with pytest.raises(ModelError, match=words):
        accounting.account(activity, factors=factors)


def test_a_missing_column_is_named(make_activity, factors) -> None:
    activity = make_activity([row("diesel", 1.0)]).drop("tier")
    with pytest.raises(ModelError, match=r"lacks .'tier'."):
        accounting.account(activity, factors=factors)


def test_text_and_category_columns_are_both_taken(make_activity, factors) -> None:
    text = make_activity([row("diesel", 1.0), row("electricity", 2.0, purchase_qty=2.0)])
    category = text.with_columns(pl.col(pl.String).cast(pl.Categorical))
    one = accounting.account(text, factors=factors)
    other = accounting.account(category, factors=factors)
    assert one.lines.equals(other.lines)


def test_notes_are_ordered_errors_first(run) -> None:
    account = run(
        [
            row("natural_gas", 1.0),
            row("other_washed_coal", 1.0),
            row("electricity", 5.0, purchase_qty=5.0, coef_used_tce=3.0, year=2024),
        ]
    )
    order = {"error": 0, "warning": 1, "info": 2}
    ranks = [order[severity] for severity in account.notes["severity"]]
    assert ranks == sorted(ranks)


def test_a_million_numbers_would_not_share_a_line(run) -> None:
    account = run([row("diesel", float(n + 1), month=n % 12 + 1) for n in range(36)])
    numbers = account.lines["line"].to_numpy()
    assert np.array_equal(numbers, np.arange(1, len(numbers) + 1))
