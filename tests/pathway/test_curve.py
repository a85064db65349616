"""Cost curves of plans: by hand, and that the choices add up to the plan."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import assume, given, settings

from pathway.plant_kit import NO_LIMITS, PLAIN, cases, facilities, options
from tanfeng.errors import ModelError
from tanfeng.pathway.curve import curve
from tanfeng.pathway.plants import Limits, Plants

YEARS = (2026, 2029)
#: A mill of 1,000 t: an arc furnace saves 1,500 t a year for 60,000 more to run; a kiln of 50 t:
#: gas saves 200 t a year for 10,000 less to run.
SITES = facilities(("mill", "steel", "bf", 2028, None), ("kiln", "glass", "oil", None, None))
ROUTES = options(
    ("mill", "bf", None, 0.0, 120e3, 10, 100e3, 2000.0, 0.0, 1000.0, 1000.0, False),
    ("mill", "eaf", None, 400e3, 300e3, 10, 160e3, 500.0, 0.0, 1000.0, 1000.0, True),
    ("kiln", "oil", None, 0.0, 0.0, 10, 50e3, 600.0, 0.0, 50.0, 50.0, True),
    ("kiln", "gas", None, 50e3, 0.0, 10, 40e3, 400.0, 0.0, 50.0, 50.0, True),
)
NEED = {
    **{("steel", year): 1000.0 for year in range(2026, 2030)},
    **{("glass", year): 50.0 for year in range(2026, 2030)},
}


def _curve(limits, outlook=PLAIN, sites=SITES, routes=ROUTES):
    plants = Plants(sites, routes, YEARS, outlook, limits)
    return curve(plants, plants.solve())


def test_steps_are_cheapest_first_and_their_area_is_the_cost():
    """Gas from 2026: 4 * 200 t = 800 t for 4 / 10 of 50,000 less 4 * 10,000 = -20,000.

    The furnace at the overhaul of 2028: 2 * 1,500 t = 3,000 t for 2 / 10 of 300,000 less 2 / 10
    of the reline of 120,000 = 36,000, and 2 * 60,000 more to run: 156,000, 52 yuan a tonne.
    """
    found = _curve(Limits(demand_t=NEED, cap_tco2={2028: 1500.0, 2029: 1500.0}))
    told = found.steps.select("facility", "cny_per_t", "from_t", "to_t", "cost_cny")
    assert told.row(0) == pytest.approx(("kiln", -25.0, 0.0, 800.0, -20e3))
    assert told.row(1) == pytest.approx(("mill", 52.0, 800.0, 3800.0, 156e3))
    mill = found.choices.row(by_predicate=pl.col("facility") == "mill", named=True)
    assert mill["investment_cny"] == pytest.approx(36e3)
    assert mill["running_cny"] == pytest.approx(120e3)
    assert found.apart.is_empty()
    assert found.plan_cny - found.now_cny == pytest.approx(136e3)
    assert found.total("cost_cny") == pytest.approx(136e3)
    assert found.years["avoided_tco2"].to_list() == pytest.approx([200, 200, 1700, 1700])


def test_what_is_paid_for_carbon_stands_beside_the_cost():
    """At 500 yuan a tonne the furnace comes at once and avoids 4 * 1,500 t."""
    outlook = replace(PLAIN, carbon_price_cny_per_t=dict.fromkeys(range(2026, 2030), 500.0))
    found = _curve(Limits(demand_t=NEED), outlook)
    mill = found.choices.row(by_predicate=pl.col("facility") == "mill", named=True)
    assert mill["avoided_tco2"] == pytest.approx(6000.0)
    assert mill["carbon_cny"] == pytest.approx(-500.0 * 6000.0)
    # 4 / 10 of 400,000 less 2 / 10 of 120,000, and 4 * 60,000 more to run.
    assert mill["cost_cny"] == pytest.approx(160e3 - 24e3 + 240e3)


def test_a_choice_that_avoids_nothing_stands_apart():
    """Oil from elsewhere at 20,000 less a year: no tonne, 80,000 saved; it is in the sum."""
    cheap = options(
        ("kiln", "oil", None, 0.0, 0.0, 10, 50e3, 600.0, 0.0, 50.0, 50.0, True),
        ("kiln", "oil2", None, 0.0, 0.0, 10, 30e3, 600.0, 0.0, 50.0, 50.0, True),
    )
    found = _curve(Limits(), sites=SITES.filter(facility="kiln"), routes=cheap)
    assert found.steps.is_empty()
    assert found.apart.select("option", "avoided_tco2", "cost_cny").row(0) == pytest.approx(
        ("oil2", 0.0, -80e3)
    )
    assert found.total("cost_cny") == pytest.approx(found.plan_cny - found.now_cny)


def test_closing_tells_the_output_it_gives_up():
    closed = ROUTES.with_columns(
        output_t=pl.when(option="eaf").then(0.0).otherwise("output_t"),
        running_cny=pl.when(option="eaf").then(0.0).otherwise("running_cny"),
    )
    found = _curve(Limits(cap_tco2={2029: 1200.0}), sites=SITES, routes=closed)
    mill = found.choices.row(by_predicate=pl.col("facility") == "mill", named=True)
    years = found.by_year.filter(facility="mill").height
    assert mill["output_t"] == pytest.approx(-1000.0 * years)


def test_without_a_plan_there_is_no_curve():
    with pytest.raises(ModelError):
        _curve(Limits(demand_t=NEED, cap_tco2={2026: 1.0}))


@settings(max_examples=20, deadline=None)
@given(cases())
def test_choices_add_up_to_the_plan(case):
    """In tonnes year by year and in yuan, whole or split, and the other world by another way."""
    sites, routes, years, outlook, _ = case
    for decisions in ("whole", "shares"):
        plants = Plants(*case, decisions=decisions)
        plan = plants.solve()
        assume(plan.status == "optimal")
        found = curve(plants, plan)
        by_year = found.by_year.group_by("year").agg(pl.col("avoided_tco2").sum())
        told = found.years.join(by_year, on="year", how="left").fill_null(0.0)
        assert told["avoided_tco2_right"].to_list() == pytest.approx(
            told["avoided_tco2"].to_list(), abs=0.01
        )
        assert found.total("avoided_tco2") == pytest.approx(told["avoided_tco2"].sum(), abs=0.01)
        cost = found.total("cost_cny") + found.total("carbon_cny")
        assert cost == pytest.approx(found.plan_cny - found.now_cny, abs=1.0)
        assert found.steps.height + found.apart.height == found.choices.height
    alone = routes.join(sites, on=["facility", "option"], how="semi")
    same = Plants(
        sites.with_columns(deadline_year=pl.lit(None, pl.Int64)), alone, years, outlook, NO_LIMITS
    ).solve()
    assert same.cost_cny == pytest.approx(found.now_cny, abs=1.0)
