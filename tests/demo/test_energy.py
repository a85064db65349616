"""What the invented enterprises report: balances hold, calendars show, the same every time."""

import numpy as np
import polars as pl
import pytest

from tanfeng.demo.city import draw
from tanfeng.demo.energy import energy_rows, pairs
from tanfeng.demo.enterprises import enterprises
from tanfeng.demo.output import output_rows, story


@pytest.fixture(scope="module")
def clean() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return enterprises, energy and output without any planted fault."""
    rng = np.random.default_rng(3)
    firms = enterprises(120, 36, rng)
    tale = story(firms, 36, rng)
    return firms, energy_rows(tale, rng), output_rows(tale, rng)


def _flow(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0.0)


def test_stocks_balance_to_the_last_digit(clean):
    _firms, energy, _output = clean
    left = (
        _flow("opening_stock_qty")
        + _flow("purchase_qty")
        + _flow("own_production_qty")
        - _flow("consumption_total_qty")
        - _flow("transfer_out_qty")
        - _flow("closing_stock_qty")
    )
    assert energy.select(left.abs().max()).item() < 1e-6


def test_opening_stock_is_the_closing_stock_before(clean):
    _firms, energy, _output = clean
    ordered = energy.sort("org_code", "item_key", "year", "month").with_columns(
        before=pl.col("closing_stock_qty").shift().over("org_code", "item_key")
    )
    known = ordered.drop_nulls(["before", "opening_stock_qty"])
    assert known.height > 1000
    assert (known["before"] == known["opening_stock_qty"]).all()


def test_nothing_is_negative_and_parts_stay_below_their_whole(clean):
    _firms, energy, _output = clean
    quantities = [name for name in energy.columns if name.endswith(("_qty", "_kcny", "_1e4kwh"))]
    least = energy.select(pl.col(quantities).min()).row(0)
    assert min(value for value in least if value is not None) >= 0
    assert (energy["feedstock_qty"] <= energy["consumption_total_qty"]).drop_nulls().all()
    assert (energy["green_power_1e4kwh"] <= energy["purchase_qty"]).drop_nulls().all()


def test_what_cannot_be_stored_has_no_stock(clean):
    _firms, energy, _output = clean
    piped = energy.filter(pl.col("item_key").is_in(["electricity", "heat", "natural_gas"]))
    assert piped["opening_stock_qty"].null_count() == piped.height


def test_purchase_has_an_amount(clean):
    _firms, energy, _output = clean
    bought = energy.filter(pl.col("purchase_qty") > 1)
    assert (bought["purchase_amount_kcny"] > 0).all()


def test_the_spring_festival_shows_where_work_rests(clean):
    firms, _energy, output = clean
    # 2021: festival on 12 February, seven days before to nine after are all in February.
    textile = firms.filter(pl.col("kind") == "spinning")["credit_code"].implode()
    months = (
        output.filter(pl.col("org_code").is_in(textile) & (pl.col("year") == 2021))
        .group_by("month")
        .agg(pl.col("output_qty").sum())
        .sort("month")["output_qty"]
    )
    assert months[1] < 0.8 * months[2]


def test_green_power_and_roofs_grow(full_city):
    power = full_city.planted.energy.filter(
        (pl.col("item_key") == "electricity") & pl.col("transfer_out_qty").is_null()
    )
    by_year = (
        power.group_by("year")
        .agg(pl.col("green_power_1e4kwh").sum(), pl.col("own_production_qty").sum())
        .sort("year")
    )
    assert by_year["green_power_1e4kwh"].is_sorted()
    assert by_year["green_power_1e4kwh"][-1] > 3 * by_year["green_power_1e4kwh"][0]
    assert by_year["own_production_qty"].is_sorted()


def test_coal_shrinks_where_gas_and_power_replace_it(full_city):
    building = full_city.firms.filter(pl.col("kind") == "tiles")["credit_code"].implode()
    coal = (
        full_city.planted.energy.filter(
            pl.col("org_code").is_in(building) & (pl.col("item_key") == "raw_coal")
        )
        .group_by("year")
        .agg(pl.col("consumption_total_qty").sum())
        .sort("year")["consumption_total_qty"]
    )
    assert coal[-1] < 0.6 * coal[0]


def test_most_energy_is_measured_and_some_estimated(full_city):
    shares = full_city.planted.energy["tier"].value_counts(normalize=True)
    found = dict(shares.rows())
    assert found["measured"] > 0.4
    assert 0.02 < found["estimated"] < 0.1
    assert set(found) == {"measured", "reported", "estimated"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_those_who_use_a_shared_item_carry_the_whole_of_their_kind(seed):
    firms = enterprises(600, 60, np.random.default_rng(seed))
    drawn = pairs(firms, np.random.default_rng(seed)).with_columns(
        output=pl.col("firm").replace_strict(dict(enumerate(firms["output"])))
    )
    petcoke = drawn.filter(pl.col("item_key") == "petcoke")
    # 0.035 t per t of glass and 1,100,000 t of glass: 38,500 t, whether one works burns it or all.
    assert (petcoke["use"] * petcoke["output"]).sum() == pytest.approx(38_500)


def test_the_same_seed_gives_the_same_city():
    assert draw(40, 24, 7).digest() == draw(40, 24, 7).digest()
    assert draw(40, 24, 7).digest() != draw(40, 24, 8).digest()


def test_the_demonstration_city_has_the_size_it_promises(full_city):
    assert full_city.firms.height == 600
    assert full_city.years == [2021, 2022, 2023, 2024, 2025]
    assert 90_000 < full_city.planted.energy.height < 110_000
