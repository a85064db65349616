"""What one unit of an item is worth equals what the account of a year says of many."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tanfeng import accounting
from tanfeng.errors import ModelError
from tanfeng.metering.frames import FACTORS

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="module")
def worth() -> pl.DataFrame:
    return accounting.unit_worth(accounting.factor_set([2023, 2024], as_of=AS_OF))


def row(worth: pl.DataFrame, item: str, year: int = 2023) -> dict:
    return worth.row(
        by_predicate=(pl.col("item_key") == item) & (pl.col("year") == year), named=True
    )


def test_the_table_is_the_one_metering_takes(worth):
    assert worth.schema == FACTORS
    assert worth.height == worth.select("item_key", "year").n_unique()
    assert set(worth["unit"].unique()) == {"kWh", "m3", "GJ", "t", "tce"}


def test_a_kilowatt_hour_is_a_ten_thousandth_of_the_printed_unit(worth):
    # 1.229 tce/1e4 kWh by energy content; Fujian 2023: 0.4211 kgCO2/kWh.
    kwh = row(worth, "electricity")
    assert kwh["calorific_tce_per_unit"] == pytest.approx(1.229e-4, rel=1e-12)
    assert kwh["emission_tco2e_per_unit"] == pytest.approx(0.4211e-3, rel=1e-12)
    assert kwh["equivalent_tce_per_unit"] > kwh["calorific_tce_per_unit"]
    assert "energy_items/electricity" in kwh["refs"].split(";")


def test_many_units_are_worth_what_the_account_of_the_year_says(worth):
    given = {"electricity": (1234.5, 1e4), "natural_gas": (67.8, 1e4), "heat": (910.0, 1.0)}
    activity = pl.DataFrame(
        [
            {
                "activity_id": n,
                "org_code": "A",
                "year": 2023,
                "month": 0,
                "item_key": item,
                "tier": "measured",
                "consumption_total_qty": qty,
            }
            for n, (item, (qty, _many)) in enumerate(given.items())
        ]
    )
    made = accounting.account(activity, factors=accounting.factor_set([2023], as_of=AS_OF))
    head = accounting.headline(made.totals(["item_key"]))
    for item, (qty, many) in given.items():
        figure = head.row(by_predicate=pl.col("item_key") == item, named=True)
        one = row(worth, item)
        for mine, its in (
            ("calorific_tce_per_unit", "energy_calorific_tce"),
            ("equivalent_tce_per_unit", "energy_equivalent_tce"),
            ("emission_tco2e_per_unit", "emission_total_tco2"),
        ):
            assert one[mine] * qty * many == pytest.approx(figure[its], rel=1e-12), (item, mine)


def test_what_the_account_cannot_say_is_null(worth):
    assert row(worth, "steam_t")["calorific_tce_per_unit"] is None
    assert "green_power" not in worth["item_key"].to_list()


def test_the_weakest_confidence_shows(worth):
    assert row(worth, "coal_products")["confidence"] == "recalled"
    assert set(worth["confidence"].unique()) <= {"", "override", "confirmed", "single", "recalled"}


def test_another_basis_of_electricity_is_another_worth(worth):
    factors = accounting.factor_set([2023], as_of=AS_OF)
    fossil = row(accounting.unit_worth(factors, basis="fossil"), "electricity")
    assert fossil["emission_tco2e_per_unit"] > row(worth, "electricity")["emission_tco2e_per_unit"]
    with pytest.raises(ModelError, match="'green' is none of"):
        accounting.unit_worth(factors, basis="green")
