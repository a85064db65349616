"""Many draws: shares that can be known beforehand, and that settle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pathway.scenario_kit import projection
from tanfeng.errors import ModelError
from tanfeng.pathway.ensemble import BATCHES, Cancelled, ensemble, sensitivity

#: Emission 100 in 2020, between 80 and 120 in 2021, nothing in 2022.
FALLING = """
[a]
first_year = 2020
last_year = 2022
[a.x]
emission = { unit = "tCO2", 2020 = 100, 2021 = "80..120", 2022 = 0 }
"""


@pytest.mark.parametrize("sampling", ["sobol", "latin_hypercube"])
def test_a_probability_that_can_be_known(sampling):
    """2021 lies above 100 in half of all draws: the peak is 2020 or 2021."""
    found = ensemble(projection("a", FALLING), draws=4096, sampling=sampling)
    assert found.draws == 4096
    told = found.probability(2021)
    assert told["probability"][-1] == pytest.approx(0.5, abs=0.002)
    assert told["standard_error"][0] is None
    assert told["standard_error"][-1] < 0.002
    assert told["draws"][-1] == 4096
    assert found.probability(2022)["probability"][-1] == 1
    assert found.peaks()["year"].to_list() == [2020, 2021]


def test_a_draw_that_still_rises_at_the_end_has_no_peak():
    rising = FALLING.replace("2022 = 0", "2022 = 200")
    found = ensemble(projection("a", rising), draws=64)
    assert found.peaks()["year"].to_list() == [None]
    assert found.central_peak() == (None, 200)
    assert found.probability(2100)["probability"][-1] == 0


def test_a_plateau_peaks_in_its_last_year():
    flat = FALLING.replace('"80..120"', "100").replace("2022 = 0", "2022 = 50")
    found = ensemble(projection("a", flat), draws=16)
    assert found.central_peak() == (2021, 100)
    assert found.peak_years().max() == found.peak_years().min() == 2021


def test_bands_are_those_of_the_distribution():
    bands = ensemble(projection("a", FALLING), draws=8192).bands
    row = bands.filter(sector="", year=2021).row(0, named=True)
    assert row["central"] == pytest.approx(100)
    assert row["p05"] == pytest.approx(82, abs=0.1)
    assert row["p95"] == pytest.approx(118, abs=0.1)
    assert row["mean"] == pytest.approx(100, abs=0.1)
    assert bands.filter(sector="x").drop("sector").equals(bands.filter(sector="").drop("sector"))


def test_the_same_seed_gives_the_same_anywhere():
    one = projection("strong")
    here = ensemble(one, draws=256, seed=7)
    with ThreadPoolExecutor(3) as pool:
        there = ensemble(one, draws=256, seed=7, executor=pool)
    assert np.array_equal(here.emission_tco2, there.emission_tco2)
    assert not np.array_equal(here.emission_tco2, ensemble(one, draws=256, seed=8).emission_tco2)


def test_a_scenario_without_uncertainty_is_its_own_ensemble():
    certain = FALLING.replace('"80..120"', "90")
    found = ensemble(projection("a", certain), draws=16)
    assert found.probability(2021)["probability"][-1] == 1
    assert found.bands["p05"].equals(found.bands["central"].rename("p05"))


def test_progress_is_told_and_a_stop_is_heard():
    told = []
    ensemble(projection("a", FALLING), draws=64, progress=lambda *at: told.append(at))
    assert told == [(n, BATCHES) for n in range(1, BATCHES + 1)]
    with pytest.raises(Cancelled):
        ensemble(projection("a", FALLING), draws=64, cancelled=lambda: True)
    with ThreadPoolExecutor(1) as pool, pytest.raises(Cancelled):
        ensemble(projection("a", FALLING), draws=64, executor=pool, cancelled=lambda: True)


def test_too_few_draws_are_refused():
    with pytest.raises(ModelError, match="at least 16"):
        ensemble(projection("a", FALLING), draws=5)


SUM = """
[a]
first_year = 2020
last_year = 2021
[a.x]
emission = { unit = "tCO2", 2020 = 1, 2021 = "0..1" }
[a.y]
emission = { unit = "tCO2", 2020 = 1, 2021 = "0..2" }
"""


def test_the_variance_of_a_sum_is_shared_by_its_terms():
    """Uniform variances 1/12 and 4/12: a fifth and four fifths."""
    found = sensitivity(projection("a", SUM), year=2021, points=512)
    assert found["variable"].to_list() == ["y.emission", "x.emission"]
    assert found["first_order"].to_list() == pytest.approx([0.8, 0.2], abs=0.04)
    assert found["total"].to_list() == pytest.approx([0.8, 0.2], abs=0.04)
    assert (found["total_low"] <= found["total"]).all()
    assert (found["total_high"] >= found["total"]).all()


def test_a_single_variable_is_all_there_is():
    found = sensitivity(projection("a", FALLING), year=2021, points=64)
    assert found["total"].to_list() == pytest.approx([1.0], abs=0.05)
    assert sensitivity(projection("a", FALLING), year=2020, points=64)["total"].to_list() == [0]


def test_what_cannot_be_told_apart_is_refused():
    certain = SUM.replace('"0..1"', "1").replace('"0..2"', "1")
    with pytest.raises(ModelError, match="uncertain"):
        sensitivity(projection("a", certain), year=2021)
    with pytest.raises(ModelError, match="2050"):
        sensitivity(projection("a", SUM), year=2050)
