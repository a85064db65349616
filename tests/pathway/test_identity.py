"""Amounts become factors: Kaya and the four of the requirement, with their sub-levels."""

from __future__ import annotations

import math

import polars as pl
import pytest

from tanfeng.errors import DataError, ModelError
from tanfeng.pathway.identity import factors_of
from tanfeng.pathway.lmdi import decompose

COLUMNS = ["sector", "fuel", "year", "factor", "value"]


def long(rows, columns=COLUMNS):
    return pl.DataFrame(rows, schema=columns, orient="row")


#: Two years, two sectors, two fuels; gas is new in 2020.
ACTIVITY = {2015: {"steel": 100.0, "textile": 300.0}, 2020: {"steel": 150.0, "textile": 350.0}}
ENERGY = {
    2015: {("steel", "coal"): 80.0, ("steel", "gas"): 0.0, ("textile", "coal"): 30.0},
    2020: {("steel", "coal"): 90.0, ("steel", "gas"): 10.0, ("textile", "coal"): 28.0},
}
PER_TCE = {"coal": 2.6, "gas": 1.6}


def amounts():
    rows = []
    for year, heads, gdp in ((2015, 7.0, 560.0), (2020, 8.0, 800.0)):
        rows += [("", "", year, "population", heads), ("", "", year, "gdp", gdp)]
        rows += [(s, "", year, "activity", v) for s, v in ACTIVITY[year].items()]
        for (sector, fuel), used in ENERGY[year].items():
            rows.append((sector, fuel, year, "energy", used))
            rows.append((sector, fuel, year, "emission", used * PER_TCE[fuel]))
    return long(rows)


def without(*names):
    return amounts().filter(~pl.col("factor").is_in(names))


def test_the_four_and_the_emission_factor_by_hand():
    factors = factors_of(without("population", "gdp"))
    found = decompose(factors)
    assert found.factors == ("scale", "structure", "intensity", "energy_mix", "emission_factor")
    # (80 + 30) x 2.6 = 286; 90 x 2.6 + 10 x 1.6 + 28 x 2.6 = 322.8
    assert found.totals == {2015: pytest.approx(286.0), 2020: pytest.approx(322.8)}
    effect = dict(found.total().select("factor", "effect").iter_rows())
    mean = {
        "steel coal": (234 - 208) / math.log(234 / 208),
        "textile coal": (72.8 - 78) / math.log(72.8 / 78),
    }
    # Scale 400 -> 500 for both sectors; the new gas, 16 t, is all a change of the mix.
    assert effect["scale"] == pytest.approx(sum(mean.values()) * math.log(500 / 400))
    assert effect["structure"] == pytest.approx(
        mean["steel coal"] * math.log(0.3 / 0.25) + mean["textile coal"] * math.log(0.7 / 0.75)
    )
    assert effect["intensity"] == pytest.approx(
        mean["steel coal"] * math.log((100 / 150) / (80 / 100))
        + mean["textile coal"] * math.log((28 / 350) / (30 / 300))
    )
    assert effect["energy_mix"] == pytest.approx(mean["steel coal"] * math.log(0.9) + 16)
    assert effect["emission_factor"] == pytest.approx(0.0, abs=1e-12)
    assert found.closure < 1e-12


def test_kaya_multiplies_to_the_emission():
    found = decompose(factors_of(amounts(), "kaya"))
    assert found.factors == (
        "population", "gdp_per_head", "structure", "intensity", "energy_mix", "emission_factor",
    )  # fmt: skip
    assert found.change == pytest.approx(36.8)
    assert found.total()["effect"].sum() == pytest.approx(36.8)
    # GDP 560 is more than the 400 of these sectors: the structure is a share of the GDP.
    row = factors_of(amounts(), "kaya").filter(year=2015, sector="steel", fuel="coal")
    assert dict(row.select("factor", "value").iter_rows()) == pytest.approx(
        {
            "population": 7.0,
            "gdp_per_head": 80.0,
            "structure": 100 / 560,
            "intensity": 0.8,
            "energy_mix": 1.0,
            "emission_factor": 2.6,
        }
    )


def test_without_energy_the_intensity_is_that_of_the_emission():
    found = decompose(factors_of(without("population", "gdp", "energy")))
    assert found.factors == ("scale", "structure", "intensity", "energy_mix")
    assert found.change == pytest.approx(36.8)
    plain = without("population", "gdp", "energy").filter(
        (pl.col("fuel") == "") | (pl.col("sector") == "textile")
    )
    plain = plain.filter(pl.col("sector") == "textile").with_columns(fuel=pl.lit(""))
    found = decompose(factors_of(plain))
    assert found.factors == ("scale", "structure", "intensity")
    assert found.change == pytest.approx(-5.2)


def test_sub_sectors_have_a_structure_of_their_own():
    columns = ["sector", "part", "year", "factor", "value"]
    rows = []
    for year, parts in ((2015, (10.0, 30.0, 60.0)), (2020, (20.0, 20.0, 80.0))):
        named = (("metal", "steel"), ("metal", "copper"), ("light", "textile"))
        for (sector, part), size in zip(named, parts, strict=True):
            rows += [(sector, part, year, "activity", size), (sector, part, year, "emission", size)]
    factors = factors_of(long(rows, columns))
    found = decompose(factors)
    assert found.factors == ("scale", "structure_sector", "structure_part", "intensity")
    steel = factors.filter(year=2015, part="steel")
    # 100 in all, 40 of them metal, 10 of those steel.
    assert steel["value"].to_list() == pytest.approx([100.0, 0.4, 0.25, 1.0])
    effect = dict(found.total().select("factor", "effect").iter_rows())
    assert effect["intensity"] == 0.0
    assert sum(effect.values()) == pytest.approx(20.0)
    assert found.by("sector")["effect"].sum() == pytest.approx(20.0)


def test_a_sector_that_was_not_there_has_no_intensity():
    table = without("population", "gdp").with_columns(
        pl.when((pl.col("year") == 2015) & (pl.col("sector") == "textile"))
        .then(0.0)
        .otherwise("value")
        .alias("value")
    )
    factors = factors_of(table)
    gone = factors.filter(year=2015, sector="textile", factor="intensity")
    assert gone["value"].to_list() == [None]
    found = decompose(factors)
    assert found.by("sector").filter(sector="textile", factor="structure")["effect"].to_list() == [
        pytest.approx(28 * 2.6)
    ]


def problems(table, identity="four", **asked):
    with pytest.raises(DataError) as caught:
        factors_of(table, identity, **asked)
    return [(one.rule, one.row, one.heading) for one in caught.value.problems]


def test_amounts_that_are_not_there_or_not_known():
    assert problems(without("population", "gdp", "activity")) == [("Y111", None, "factor")]
    assert problems(without("gdp"))[0] == ("Y112", 1, "factor")
    with pytest.raises(ModelError, match="no identity 'ipat'"):
        factors_of(amounts(), "ipat")


def test_bad_amounts_are_named_at_once():
    rows = [
        ("s", "", 2015, "activity", "1"), ("s", "", 2015, "activity", "2"),
        ("s", "f", 2015, "emission", "-1"), ("s", "f", 2020, "emission", None),
        ("s", "f", 2021, "emission", "?"),
    ]  # fmt: skip
    assert problems(long(rows)) == [
        ("Y005", 2, "factor"),
        ("Y006", 3, "value"),
        ("Y003", 4, "value"),
        ("Y002", 5, "value"),
    ]


def test_emission_without_activity_and_over_nothing():
    rows = [
        ("s", "", 2015, "activity", 0.0), ("s", "f", 2015, "emission", 4.0),
        ("s", "f", 2020, "emission", 4.0),
    ]  # fmt: skip
    assert problems(long(rows)) == [("Y114", 3, "factor")]
    with_more = [*rows, ("s", "", 2020, "activity", 2.0)]
    assert problems(long(with_more)) == [("Y113", 2, "value")]


def test_levels_must_lie_within_each_other():
    rows = [("s", "f", 2015, "activity", 1.0), ("s", "", 2015, "emission", 4.0)]
    assert problems(long(rows), levels=["sector", "fuel"]) == [("Y115", None, "factor")]
