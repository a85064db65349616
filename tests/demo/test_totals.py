"""The account of the demonstration city has the size its calibration table promises."""

from datetime import date

import polars as pl
import pytest

from tanfeng import accounting
from tanfeng.demo._tables import table

AS_OF = date(2026, 1, 31)


def _activity(city):
    drop = ("org_name", "place_code", "remark")
    rows = city.planted.energy.drop(drop).with_row_index("activity_id")
    return rows.with_columns(pl.col("activity_id").cast(pl.Int64))


@pytest.fixture(scope="module")
def account(full_city):
    factors = accounting.factor_set(full_city.years, as_of=AS_OF)
    return accounting.account(_activity(full_city), factors=factors)


@pytest.fixture(scope="module")
def by_sector(account, full_city):
    members = full_city.firms.select(org_code="credit_code", sector="sector")
    return accounting.headline(account.totals(by=["sector", "year"], members=members))


def test_direct_emission_of_each_sector_is_the_calibrated_one(by_sector):
    first = by_sector.filter(pl.col("year") == 2021).join(table("sectors"), on="sector")
    assert first.height == 8
    ratio = first["emission_direct_tco2"] / first["direct_tco2_2021"]
    # Chance in the size of a few large works is what is left.
    assert ratio.min() > 0.9
    assert ratio.max() < 1.1


def test_sectors_move_the_way_the_table_says(by_sector):
    wide = by_sector.pivot(on="year", index="sector", values="emission_direct_tco2")
    change = dict(wide.select("sector", pl.col("2025") / pl.col("2021")).iter_rows())
    assert change["building"] < 0.85
    assert change["petrochemical"] > 1.05
    assert 0.85 < change["steel"] < 1.0


def test_the_mix_of_the_city_is_that_of_the_province(by_sector):
    first = by_sector.filter(pl.col("year") == 2021).sort("emission_direct_tco2", descending=True)
    assert first["sector"].head(3).to_list() == ["power", "steel", "petrochemical"]


def test_the_city_sells_power_and_its_plants_deliver_most_of_its_heat(by_sector):
    last = by_sector.filter(pl.col("year") == 2025)
    power = last.filter(pl.col("sector") == "power")
    assert power["emission_electricity_tco2"][0] < 0
    bought = last.filter(pl.col("sector") != "power")["emission_heat_tco2"].sum()
    assert 0.5 * bought < -power["emission_heat_tco2"][0] < 1.2 * bought


def test_energy_by_the_two_methods_differs_as_it_should(by_sector):
    # Everybody who buys power has more by the equivalent method; plants that sell it have less.
    seller = pl.col("sector") == "power"
    more = pl.col("energy_equivalent_tce") > pl.col("energy_calorific_tce")
    assert by_sector.select((more != seller).all()).item()


def test_only_planted_rows_are_not_counted(account, full_city):
    planted = [f for f in full_city.planted.faults if f["fault"] == "consumption_missing"]
    assert set(account.errors["code"]) == {"consumption_missing"}
    assert account.errors["rows"].sum() == len(planted)


def test_most_of_the_energy_is_measured(account):
    total = accounting.headline(account.totals(by=["year"]))
    assert total["energy_measured_share"].min() > 0.5
    assert total["energy_estimated_share"].max() < 0.1


def test_a_small_city_has_every_sector(small_city):
    factors = accounting.factor_set(small_city.years, as_of=AS_OF)
    account = accounting.account(_activity(small_city), factors=factors)
    members = small_city.firms.select(org_code="credit_code", sector="sector")
    totals = accounting.headline(account.totals(by=["sector"], members=members))
    assert set(totals["sector"]) == set(table("sectors")["sector"])
    assert totals["energy_calorific_tce"].min() > 0
    largest = totals.sort("emission_direct_tco2", descending=True, nulls_last=True)["sector"][0]
    assert largest == "power"
