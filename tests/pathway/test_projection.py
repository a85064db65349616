"""The emission of a scenario, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pathway.scenario_kit import CONVERSION, TEXT, projection
from tanfeng.errors import DataError
from tanfeng.pathway.projection import PARTS, Projection, provenance, table
from tanfeng.pathway.scenario_files import from_toml


def _of(frame, sector, year):
    return dict(frame.filter(sector=sector, year=year).select("part", "emission_tco2").iter_rows())


def test_a_sector_in_its_first_year_by_hand():
    """100 x 10^4 t, a tenth recycled at 0.1 tce/t, the rest at 0.6.

    energy  10^6 * (0.6 * 0.9 + 0.1 * 0.1)            = 550,000 tce
    fuel    550,000 * 0.8 * 2.6                       = 1,144,000 t
    process 10^6 * (0.1 * 0.9 + 0 * 0.1)              = 90,000 t
    power   550,000 * 0.2 / 1.229 * 5 tCO2/10^4 kWh   = 447,518.3 t
    """
    found = table(projection())
    of = _of(found, "steel", 2020)
    assert of["fuel"] == pytest.approx(1_144_000)
    assert of["process"] == pytest.approx(90_000)
    assert of["power"] == pytest.approx(550_000 * 0.2 / 1.229 * 5)
    assert of["heat"] == 0
    energy = found.filter(sector="steel", year=2020)["energy_tce"].unique().to_list()
    assert energy == pytest.approx([550_000])


def test_years_between_are_interpolated_as_their_row_says():
    """2022: output 108, intensity 0.58, share 0.14; the rest of the city doubles twice in ten."""
    found = table(projection())
    energy = 1.08e6 * (0.58 * 0.86 + 0.1 * 0.14)
    assert found.filter(sector="steel", year=2022)["energy_tce"][0] == pytest.approx(energy)
    assert _of(found, "other", 2025)["fuel"] == pytest.approx(2_000_000)  # sqrt(1 * 4)
    assert found.filter("history")["year"].max() == 2022
    assert found.columns == [
        "scenario", "sector", "year", "part", "emission_tco2", "energy_tce", "history",
    ]  # fmt: skip
    assert found.height == 2 * 11 * len(PARTS)


def test_a_child_takes_what_it_does_not_write():
    """2030: output 100 * 0.9, half of it recycled at 0.1 tce/t, the rest at 0.5."""
    one = projection("strong")
    found = table(one)
    assert found.filter(sector="steel", year=2030)["energy_tce"][0] == pytest.approx(
        0.9e6 * (0.5 * 0.5 + 0.1 * 0.5)
    )
    assert found.filter(sector="steel", year=2020)["energy_tce"][0] == pytest.approx(550_000)
    told = provenance(one.resolved).filter(sector="steel", driver="output")
    assert told["written_by"].to_list() == ["base", "base", "strong"]
    assert told["inherited"].to_list() == [True, True, False]
    assert told["written"][2] == "*0.9"
    assert told["unit"].unique().to_list() == ["万t"]
    grid = provenance(one.resolved).filter(driver="grid_factor")
    assert grid["ref"].to_list() == ["甲", "甲"]
    assert grid["centre"].to_list() == pytest.approx([5.0, 3.0])


def test_what_producers_burn_is_counted_at_those_who_use_it():
    text = TEXT.replace('name = "基准"', 'name = "基准"\nproducers = ["other"]')
    one = projection(text=text)
    found = one.central()
    direct = one.total(found, "direct")[0, :, 0]
    assert direct == pytest.approx([1_234_000, 1_000_000])
    assert one.total(found, "direct_and_purchased")[0, :, 0] == pytest.approx(
        [1_234_000 + 550_000 * 0.2 / 1.229 * 5, 0]
    )


def test_value_added_of_the_city_and_its_structure():
    """500 亿元 * 0.4 = 200 亿元; 0.5 tce/万元 makes 10^6 tce, 30 % of it heat at 0.1 t/GJ."""
    text = """
    [a]
    first_year = 2020
    last_year = 2021
    [a."全市"]
    value_added = { unit = "亿元", 2020 = 500, 2021 = 500 }
    heat_factor = { unit = "tCO2/GJ", way = "step", 2020 = 0.1 }
    capture_share = { way = "step", 2020 = "50%" }
    [a.textile]
    structure = { unit = "%", 2020 = 40, 2021 = 40 }
    intensity = { unit = "tce/万元", 2020 = 0.5, 2021 = 0.5 }
    heat_share = { 2020 = 0.3, 2021 = 0.3 }
    fuel_factor = { unit = "tCO2/tce", 2020 = 2, 2021 = 2 }
    """
    of = _of(table(projection("a", text)), "textile", 2021)
    assert of["fuel"] == pytest.approx(1e6 * 0.7 * 2 * 0.5)
    assert of["heat"] == pytest.approx(1e6 * 0.3 / 0.03412 * 0.1)


def test_sectors_share_what_is_the_city_s():
    """Both sectors buy 20 % of 10^6 tce as electricity at 5 t/10^4 kWh."""
    rows = """
    output = { unit = "t", way = "step", 2020 = 1e6 }
    intensity = { unit = "tce/t", way = "step", 2020 = 1 }
    electrification = { way = "step", 2020 = 0.2 }
    fuel_factor = { unit = "tCO2/tce", way = "step", 2020 = 2 }
    """
    head = "[a]\nfirst_year = 2020\nlast_year = 2021\n[a.city]\n"
    grid = 'grid_factor = { unit = "kgCO2/kWh", way = "step", 2020 = 0.5 }\n'
    found = table(projection("a", f"{head}{grid}[a.x]{rows}[a.y]{rows}"))
    power = found.filter(part="power", year=2020)["emission_tco2"].to_list()
    assert power == pytest.approx([1e6 * 0.2 / 1.229 * 5] * 2)


def test_draws_at_their_middle_are_the_written_numbers():
    one = projection("strong")
    half = np.full((1, len(one.variables)), 0.5)
    central, drawn = one.central(), one.drawn(half)
    for part in PARTS:
        assert drawn.emission_tco2[part] == pytest.approx(central.emission_tco2[part])


def test_paths_of_a_group_are_one_variable():
    text = """
    [a]
    first_year = 2020
    last_year = 2021
    [a.x]
    emission = { unit = "tCO2", group = "g", 2020 = 1, 2021 = "1..3" }
    [a.y]
    emission = { unit = "tCO2", group = "g", 2020 = 1, 2021 = "2..6" }
    """
    one = projection("a", text)
    assert one.variables == ("g",)
    drawn = one.total(one.drawn(np.array([[0.0], [0.25], [1.0]])), "direct")
    assert drawn[:, :, 1] == pytest.approx(np.array([[1, 2], [1.5, 3], [3, 6]]))


def test_shares_of_one_whole_are_not_more_than_it():
    text = TEXT.replace('electrification = { 2020 = "20%", 2030 = "20%" }',
                        'electrification = { way = "step", 2020 = "70%" }\n'
                        'heat_share = { way = "step", 2020 = "40%" }\n'
                        'heat_factor = { unit = "tCO2/GJ", way = "step", 2020 = 0.1 }')  # fmt: skip
    with pytest.raises(DataError) as refused:
        projection(text=text)
    (one,) = refused.value.problems
    assert one.rule == "Y314"
    assert one.value == "1.1"


def test_draws_above_one_burn_nothing():
    text = TEXT.replace('"20%", 2030 = "20%"', '"20%", 2030 = "90% ± 5%"').replace(
        "[base.other]",
        'heat_share = { 2020 = "5%", 2030 = "9%" }\n'
        'heat_factor = { unit = "tCO2/GJ", way = "step", 2020 = 0.1 }\n[base.other]',
    )
    one = projection(text=text)
    drawn = one.drawn(np.full((1, len(one.variables)), 0.999))
    assert drawn.emission_tco2["fuel"][0, 0, -1] == 0


def test_the_frames_of_a_scenario_have_numbers_only():
    found = Projection(from_toml(TEXT).resolve("base"), CONVERSION)
    assert table(found).null_count().sum_horizontal().item() == 0
    assert provenance(found.resolved).schema["row"] == pl.Int64
