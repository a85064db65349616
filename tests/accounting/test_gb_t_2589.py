"""Comprehensive energy by GB/T 2589-2020; arithmetic beside each case."""

from __future__ import annotations

import polars as pl
import pytest

CALORIFIC, EQUIVALENT = "energy_calorific_tce", "energy_equivalent_tce"


def row(item: str, consumption: float | None = None, **more: object) -> dict[str, object]:
    return {"item_key": item, "consumption_total_qty": consumption, **more}


def test_the_example_of_the_method_page(run, of) -> None:
    account = run(
        [
            row("steam_coal", 1000.0),
            row("heat", 6000.0, own_production_qty=8000.0, transfer_out_qty=2000.0),
            row("electricity", 500.0, purchase_qty=500.0, green_power_1e4kwh=100.0),
        ]
    )
    # 1000 t x 0.7143 = 714.3; (6000 - 8000) GJ x 0.0341 = -68.2; 500 x 1.229 = 614.5
    assert sorted(of(account, CALORIFIC)) == pytest.approx([-68.2, 614.5, 714.3], rel=1e-12)
    # electricity 500 x 301.9 / 100 = 1509.5; the others as before
    assert sorted(of(account, EQUIVALENT)) == pytest.approx([-68.2, 714.3, 1509.5], rel=1e-12)
    # green power 100 x 1.229 = 122.9 and 100 x 301.9 / 100 = 301.9
    assert of(account, "green_power_calorific_tce") == pytest.approx([122.9], rel=1e-12)
    assert of(account, "green_power_equivalent_tce") == pytest.approx([301.9], rel=1e-12)


def test_own_production_of_secondary_energy_is_not_counted_twice(run, of) -> None:
    account = run([row("coke", 100.0, own_production_qty=100.0)])
    assert of(account, CALORIFIC) == [0.0]  # (100 - 100) x 0.9714


def test_energy_made_and_sold_leaves_the_total(run, of) -> None:
    # A power plant: 1000 t raw coal in, 250 x 1e4 kWh made, 20 used, 230 sold.
    account = run(
        [
            row("raw_coal", 1000.0),
            row("electricity", 20.0, own_production_qty=250.0, transfer_out_qty=230.0),
        ]
    )
    # 1000 x 0.7143 + (20 - 250) x 1.229 = 714.3 - 282.67 = 431.63
    assert sum(of(account, CALORIFIC)) == pytest.approx(431.63, rel=1e-12)


def test_own_production_of_primary_energy_is_not_taken_off(run, of) -> None:
    account = run([row("raw_coal", 100.0, own_production_qty=5000.0)])
    assert of(account, CALORIFIC) == pytest.approx([71.43], rel=1e-12)  # 100 x 0.7143
    assert account.notes["code"].to_list() == [
        "own_production_of_primary_energy",
        "fuel_mapped",
    ]


def test_the_coefficient_of_the_form_wins_and_is_an_input_of_its_own(run, of) -> None:
    account = run([row("raw_coal", 100.0, coef_used_tce=0.8)])
    line = account.lines.filter(pl.col("quantity") == CALORIFIC).row(0, named=True)
    assert line["value"] == pytest.approx(80.0)
    assert line["formula"] == "gb_t_2589_2020.calorific_primary_own_coefficient"
    assert (line["x2"], line["f2"], line["confidence"]) == (0.8, None, None)
    assert of(account, EQUIVALENT) == pytest.approx([80.0])


def test_a_coefficient_outside_its_range_is_used_and_noted(run, of) -> None:
    account = run([row("raw_coal", 100.0, coef_used_tce=7.143)])
    assert of(account, CALORIFIC) == pytest.approx([714.3])
    assert "own_coefficient_out_of_range" in account.notes["code"].to_list()


def test_electricity_keeps_its_calorific_value_whatever_the_form_says(run, of) -> None:
    account = run([row("electricity", 100.0, purchase_qty=100.0, coef_used_tce=3.0)])
    assert of(account, CALORIFIC) == pytest.approx([122.9], rel=1e-12)
    assert account.notes["code"].to_list() == ["own_coefficient_of_electricity"]
    rounded = run([row("electricity", 100.0, purchase_qty=100.0, coef_used_tce=1.2290)])
    assert rounded.notes.is_empty()


def test_feedstock_is_a_positive_deduction_by_both_methods(run, of) -> None:
    account = run(
        [
            row("anthracite", 1000.0, feedstock_qty=600.0, coef_used_tce=0.9),
            row("natural_gas", 100.0, feedstock_qty=40.0),
        ]
    )
    # 600 x 0.9 = 540; 40 x 13.3 = 532
    assert sorted(of(account, "feedstock_calorific_tce")) == pytest.approx([532.0, 540.0])
    assert sorted(of(account, "feedstock_equivalent_tce")) == pytest.approx([532.0, 540.0])
    # The gross total still holds it: 1000 x 0.9 + 100 x 13.3
    assert sum(of(account, CALORIFIC)) == pytest.approx(2230.0)


def test_power_and_heat_cannot_be_feedstock(run, of) -> None:
    account = run(
        [
            row("electricity", 10.0, purchase_qty=10.0, feedstock_qty=5.0),
            row("heat", 10.0, purchase_qty=10.0, feedstock_qty=5.0),
        ]
    )
    assert of(account, "feedstock_calorific_tce") == []
    assert account.notes["code"].to_list() == ["feedstock_not_deducted"] * 2


def test_an_unlikely_feedstock_is_deducted_and_noted(run, of) -> None:
    account = run([row("gasoline", 10.0, feedstock_qty=2.0)])
    assert of(account, "feedstock_calorific_tce") == pytest.approx([2 * 1.4714])
    assert "feedstock_unlikely" in account.notes["code"].to_list()


def test_recovered_heat_is_not_supplied_energy(run, of) -> None:
    used_here = run([row("waste_heat", 500.0)])
    assert of(used_here, CALORIFIC) == []
    assert used_here.notes["code"].to_list() == ["recovered_heat_not_counted"]
    balanced = run([row("waste_heat", 500.0, own_production_qty=500.0)])
    assert of(balanced, CALORIFIC) == [0.0]
    bought = run([row("waste_heat", 500.0, purchase_qty=500.0)])
    assert of(bought, CALORIFIC) == pytest.approx([17.05])  # 500 x 0.0341


def test_green_power_belongs_to_the_electricity_row(run, of) -> None:
    account = run([row("heat", 10.0, purchase_qty=10.0, green_power_1e4kwh=5.0)])
    assert of(account, "green_power_calorific_tce") == []
    assert account.notes["code"].to_list() == ["green_power_on_other_item"]


def test_green_power_beside_own_generation_wants_a_look(run) -> None:
    account = run(
        [
            row(
                "electricity",
                100.0,
                purchase_qty=90.0,
                own_production_qty=10.0,
                green_power_1e4kwh=5.0,
            )
        ]
    )
    assert account.notes["code"].to_list() == ["green_power_with_own_generation"]


def test_an_item_without_coefficient_is_an_error_and_never_zero(run, of) -> None:
    account = run([row("other_washed_coal", 10.0)])
    assert of(account, CALORIFIC) == []
    gaps = account.gaps.filter(pl.col("code") == "coefficient_missing")
    assert gaps["quantity"].cast(pl.String).to_list() == [CALORIFIC, EQUIVALENT]
    error = account.errors.filter(pl.col("code") == "coefficient_missing").row(0, named=True)
    assert error["text_zh"].startswith("其他洗煤：没有参考折标系数")
    assert error["text_en"].startswith("Other washed coal: there is no reference coefficient")
    tested = run([row("other_washed_coal", 10.0, coef_used_tce=0.5, feedstock_qty=1.0)])
    assert of(tested, CALORIFIC) == [5.0]
    assert of(tested, "feedstock_calorific_tce") == [0.5]


def test_feedstock_without_coefficient_is_a_gap_of_its_own(run) -> None:
    account = run([row("other_washed_coal", 10.0, feedstock_qty=4.0)])
    assert "feedstock_calorific_tce" in account.gaps["quantity"].cast(pl.String).to_list()


def test_nothing_used_needs_no_coefficient(run) -> None:
    account = run([row("other_washed_coal", 0.0, purchase_qty=5.0)])
    assert "coefficient_missing" not in account.notes["code"].to_list()


def test_an_empty_consumption_is_missing_not_zero(run, of) -> None:
    account = run([row("diesel", None, purchase_qty=12.0)])
    assert account.lines.is_empty()
    assert account.gaps["code"].cast(pl.String).unique().to_list() == ["consumption_missing"]
    assert account.gaps.height == 3  # both energies and the CO2 of combustion


def test_the_coal_rate_follows_the_year(run) -> None:
    account = run(
        [row("electricity", 100.0, purchase_qty=100.0, year=year) for year in (2023, 2024)]
    )
    lines = account.lines.filter(pl.col("quantity") == EQUIVALENT)
    # 100 x 301.9 / 100 and 100 x 302.4 / 100
    assert lines["value"].to_list() == pytest.approx([301.9, 302.4], rel=1e-12)
