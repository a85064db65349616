"""Who the invented enterprises are: names, codes, places, lives."""

import numpy as np
import polars as pl
import pytest

from tanfeng import sheets
from tanfeng.demo._tables import table
from tanfeng.demo.enterprises import counts, credit_code, enterprises
from tanfeng.errors import ModelError


def test_credit_code_by_hand():
    # Values of 9 1 3 5 9 9 9 9 M A D E F 0 0 0 1: M = 21, A = 10, D = 13, E = 14, F = 15; weights
    # 3^i mod 31: 1 3 9 27 19 26 16 17 20 29 25 13 8 24 10 30 28. Products: 9 + 3 + 27 + 135 + 171 +
    # 234 + 144 + 153 + 420 + 290 + 325 + 182 + 120 + 0 + 0 + 0 + 28 = 2241 = 72 x 31 + 9;
    # 31 - 9 = 22, which is N.
    assert credit_code(1) == "91359999MADEF0001N"


@pytest.mark.parametrize("number", [0, 10_000])
def test_credit_code_has_four_digits_of_room(number):
    with pytest.raises(ModelError, match="outside 1 to 9999"):
        credit_code(number)


@pytest.mark.parametrize("total", [8, 20, 100, 600, 2000])
def test_counts_add_up_and_leave_no_sector_out(total):
    found = counts(total)
    kinds = table("kinds").with_columns(found=pl.Series(found))
    assert sum(found) == total
    assert min(found) >= 0
    assert kinds.group_by("sector").agg(pl.col("found").sum())["found"].min() >= 1


def test_counts_of_the_reference_city_are_the_table():
    assert counts(600) == table("kinds")["count"].to_list()


def test_a_city_needs_one_enterprise_per_sector():
    with pytest.raises(ModelError, match="at least 8"):
        counts(7)


def test_names_and_codes_are_plainly_invented(full_city):
    firms = full_city.firms
    assert firms["name"].str.starts_with("演示").all()
    assert firms["name"].is_unique().all()
    assert firms["credit_code"].is_unique().all()
    assert firms["credit_code"].str.slice(2, 6).unique().to_list() == ["359999"]


def test_the_product_accepts_the_credit_codes(full_city):
    assert {sheets.credit_code_problem(code) for code in full_city.firms["credit_code"]} == {""}


def test_trades_stand_where_the_city_has_them(full_city):
    def places(kind: str) -> set[str]:
        return set(full_city.firms.filter(pl.col("kind") == kind)["place_code"])

    assert places("flat_glass") == {"350181"}
    assert places("steel_bf") <= {"350112", "350123"}
    assert places("tiles") <= {"350124", "350125", "350123"}
    assert set(full_city.firms["place_code"]) == set(table("areas")["code"])


def test_parks_lie_in_the_county_of_their_enterprises(full_city):
    parks = table("parks").select(park_code="code", park_place="place_code")
    inside = full_city.firms.drop_nulls("park_code").join(parks, on="park_code")
    assert inside.height > 100
    assert (inside["place_code"] == inside["park_place"]).all()


def test_some_open_and_some_close_but_no_rare_trade():
    firms = enterprises(600, 60, np.random.default_rng(1))
    counted = firms.with_columns(many=pl.len().over("kind"))
    changing = counted.filter((pl.col("first_month") > 0) | (pl.col("last_month") < 59))
    assert changing.height > 10
    assert changing["many"].min() >= 7
    assert (firms["last_month"] > firms["first_month"]).all()
