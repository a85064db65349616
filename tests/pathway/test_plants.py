"""Plans of plants: by hand, against every plan there is, and by what must always hold."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import assume, given, settings

from pathway.plant_kit import NO_LIMITS, PLAIN, best, cases, facilities, options
from tanfeng.errors import DataError, ModelError
from tanfeng.pathway import plants
from tanfeng.pathway.plants import Limits, Outlook, Plants
from tanfeng.pathway.solver import Options

YEARS = (2026, 2029)
#: One mill of 1,000 t a year: 2,000 t CO2 at 100,000 yuan; an arc furnace of 500 t at 160,000
#: for 400,000 yuan over ten years, 300,000 in place of the reline of 120,000 due in 2028.
MILL = facilities(("mill", "steel", "bf", 2028, None))
ROUTES = options(
    ("mill", "bf", None, 0.0, 120e3, 10, 100e3, 2000.0, 0.0, 1000.0, 1000.0, False),
    ("mill", "eaf", 2027, 400e3, 300e3, 10, 160e3, 500.0, 0.0, 1000.0, 1000.0, True),
    ("mill", "closed", None, 0.0, 0.0, 1, 0.0, 0.0, 0.0, 0.0, 0.0, False),
)
OPEN = Limits(demand_t={("steel", year): 1000.0 for year in range(2026, 2030)})


def _solve(limits=OPEN, outlook=PLAIN, **kwargs):
    return Plants(MILL, ROUTES, YEARS, outlook, limits, **kwargs).solve()


def test_what_is_paid_anyway_is_in_the_cost():
    """Four years at 100,000 and two of ten annuities of the reline: 400,000 + 24,000."""
    plan = _solve()
    assert plan.status == "optimal"
    assert plan.cost_cny == pytest.approx(424e3)
    assert plan.choices.is_empty()
    assert plan.years["emission_tco2"].to_list() == pytest.approx([2000.0] * 4)
    assert plan.years["invested_cny"].to_list() == pytest.approx([0, 0, 120e3, 0])
    assert plan.years["cap_price_cny_per_t"].null_count() == 4


def test_a_cap_moves_the_change_into_the_overhaul_when_it_can():
    """2028: 200,000 running + 2 * 160,000 + 2 / 10 of 300,000 = 580,000."""
    plan = _solve(replace(OPEN, cap_tco2={2028: 600.0, 2029: 600.0}))
    assert plan.cost_cny == pytest.approx(580e3)
    assert plan.choices.rows() == [("mill", "eaf", 2028, "overhaul", 1.0, 300e3)]
    assert plan.years["emission_tco2"].to_list() == pytest.approx([2000, 2000, 500, 500])


def test_an_earlier_cap_forces_the_change_between_overhauls():
    """2027: 100,000 + 3 * 160,000 + 3 / 10 of 400,000 = 700,000; nothing is relined."""
    plan = _solve(replace(OPEN, cap_tco2={2027: 600.0}))
    assert plan.cost_cny == pytest.approx(700e3)
    assert plan.choices.rows() == [("mill", "eaf", 2027, "switch", 1.0, 400e3)]
    running = plan.shares.filter(year=2029)
    assert running.rows() == [("mill", "eaf", 2029, 1.0)]


def test_without_demand_the_cheapest_mill_is_none():
    plan = _solve(NO_LIMITS)
    assert plan.cost_cny == pytest.approx(0.0)
    assert plan.choices["option"].to_list() == ["closed"]


def test_what_cannot_be_kept_to_is_told_with_its_size():
    """Nothing but closing goes below 500 t, and 2026 comes before the furnace."""
    plan = _solve(replace(OPEN, cap_tco2={2026: 1500.0, 2029: 400.0}))
    assert plan.status == "infeasible"
    assert plan.cost_cny != plan.cost_cny
    told = {(row["limit"], row["year"]): row["amount"] for row in plan.lacking.to_dicts()}
    assert told
    assert {name for name, _ in told} <= {"cap", "demand"}
    assert any(year == 2026 for _, year in told)


def test_the_price_of_a_cap_is_what_the_last_tonne_costs():
    """Shares of the mill: 100 t less in 2029 is a fifteenth of a furnace built that year.

    It costs 60,000 a year more to run and a tenth of 400,000 in 2029: 100,000 over 1,500 t; and
    the part not relined a year earlier saves 0: the reline is paid in 2028 whatever comes after.
    """
    limits = replace(OPEN, cap_tco2={2029: 1900.0})
    made = Plants(MILL, ROUTES, YEARS, PLAIN, limits, decisions="shares")
    plan = made.solve()
    price = plan.years["cap_price_cny_per_t"][3]
    made.cap(2029, 1899.0)
    assert made.solve().cost_cny - plan.cost_cny == pytest.approx(price)
    assert price > 0


def test_prices_of_whole_decisions_hold_them():
    plan = _solve(replace(OPEN, cap_tco2={2029: 1900.0}))
    assert plan.years["cap_price_cny_per_t"].to_list()[:3] == [None] * 3
    assert plan.years["cap_price_cny_per_t"][3] is not None


def test_a_cap_taken_away_again():
    made = Plants(MILL, ROUTES, YEARS, PLAIN, replace(OPEN, cap_tco2={2029: 600.0}))
    assert made.solve().choices.height == 1
    made.cap(2029, float("inf"))
    assert made.solve().cost_cny == pytest.approx(424e3)
    with pytest.raises(ModelError):
        made.cap(2050, 1.0)


def test_limits_of_years_and_products_nobody_computes_are_refused():
    with pytest.raises(ModelError, match="2050"):
        _solve(Limits(cap_tco2={2050: 1.0}))
    with pytest.raises(ModelError, match="glass"):
        _solve(Limits(suspended=frozenset({"glass"})))


def test_a_line_below_the_baseline_is_rebuilt_or_closed_in_time():
    late = MILL.with_columns(deadline_year=pl.lit(2027, pl.Int64))
    plan = Plants(late, ROUTES, YEARS, PLAIN, OPEN).solve()
    assert plan.choices.select("option", "year").rows() == [("eaf", 2027)]
    closed = Plants(late, ROUTES, YEARS, PLAIN).solve()
    assert closed.choices["option"].to_list() == ["closed"]


def test_new_capacity_replaces_old_or_is_not_built():
    """1.25 t closed for a tonne built: 800 t need the old 1,000 t gone."""
    site = facilities(
        ("old", "steel", "bf", None, None),
        ("new", "steel", "none", None, None),
    )
    rows = options(
        ("old", "bf", None, 0.0, 0.0, 10, 500e3, 2000.0, 0.0, 1000.0, 1000.0, True),
        ("old", "closed", None, 0.0, 0.0, 1, 0.0, 0.0, 0.0, 0.0, 0.0, True),
        ("new", "none", None, 0.0, 0.0, 1, 0.0, 0.0, 0.0, 0.0, 0.0, True),
        ("new", "eaf", None, 1000.0, 0.0, 10, 1000.0, 100.0, 0.0, 800.0, 800.0, True),
    )
    need = Limits(demand_t={("steel", 2029): 800.0}, replacement_ratio={"steel": 1.25})
    plan = Plants(site, rows, YEARS, PLAIN, need).solve()
    assert set(plan.choices["option"]) == {"closed", "eaf"}
    both = replace(need, demand_t={("steel", 2029): 1800.0})
    assert Plants(site, rows, YEARS, PLAIN, both).solve().status == "infeasible"
    told = Plants(site, rows, YEARS, PLAIN, both).solve().lacking
    assert set(told["limit"]) <= {"demand", "replacement"}
    banned = replace(need, suspended=frozenset({"steel"}))
    assert "eaf" not in Plants(site, rows, YEARS, PLAIN, banned).solve().choices["option"]


def _street(count):
    """Return many mills alike but for their size, and what they may change to."""
    sizes = [1.0 + number / count for number in range(count)]
    sites = facilities(*((f"m{i}", "steel", "bf", None, None) for i in range(count)))
    rows = options(
        *(
            (f"m{i}", name, None, cost * x, 0.0, 10, run * x, tonnes * x, 0.0, x, x, True)
            for i, x in enumerate(sizes)
            for name, cost, run, tonnes in (
                ("bf", 0.0, 100.0, 2000.0),
                ("eaf", 400.0, 160.0, 500.0),
                ("gas", 300.0, 150.0, 1100.0),
            )
        )
    )  # fmt: skip
    return (
        sites,
        rows,
        Limits(
            cap_tco2={2029: 1500.0 * sum(sizes)},
            demand_t={("steel", year): sum(sizes) for year in range(2026, 2030)},
        ),
    )


@pytest.mark.parametrize("gap", [0.01, 1e-9])
def test_many_decisions_are_looked_for_among_the_best(monkeypatch, gap):
    """With a wide gap the few suffice, with none the whole programme is solved after them."""
    sites, rows, limits = _street(8)
    solver = Options(gap=gap)
    every = Plants(sites, rows, YEARS, PLAIN, limits, options_of_solver=solver).solve()
    monkeypatch.setattr(plants, "_MANY", 1)
    monkeypatch.setattr(plants, "_TRIED", 2)
    few = Plants(sites, rows, YEARS, PLAIN, limits, options_of_solver=solver).solve()
    assert few.status == "optimal"
    assert few.cost_cny == pytest.approx(every.cost_cny, rel=2 * gap + 1e-6)
    assert few.gap <= gap
    tight = replace(limits, cap_tco2={2029: 1.0})
    assert Plants(sites, rows, YEARS, PLAIN, tight).solve().status == "infeasible"


def test_everything_wrong_is_told_at_once():
    wrong = facilities(("a", "x", "now", None, None), ("a", "x", "gone", None, None))
    rows = options(
        ("a", "now", None, 0.0, None, 0, 0.0, -1.0, 0.0, 0.0, 0.0, True),
        ("a", "now", None, 0.0, 0.0, 1, float("nan"), 0.0, 0.0, 0.0, 0.0, True),
        ("b", "now", None, 0.0, 0.0, 1, 0.0, 0.0, 0.0, 0.0, 0.0, True),
    )
    outlook = Outlook(discount_rate=0.0, grid_tco2_per_mwh={2026: 0.5})
    with pytest.raises(DataError) as refused:
        Plants(wrong, rows, (2026, 2027), outlook)
    assert [one.rule for one in refused.value.problems] == [
        "Y402", "Y405", "Y403", "Y404", "Y406", "Y407", "Y406", "Y407", "Y409",
    ]  # fmt: skip
    with pytest.raises(DataError) as refused:
        Plants(wrong.drop("product"), rows.drop("life_years"), (2027, 2027), outlook)
    assert [one.rule for one in refused.value.problems] == ["Y401", "Y401", "Y408"]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_no_plan_is_cheaper_than_the_one_found(case):
    """Against every plan there is."""
    plan = Plants(*case).solve()
    least = best(*case)
    if least is None:
        assert plan.status == "infeasible"
        assert not plan.lacking.is_empty()
    else:
        assert plan.cost_cny == pytest.approx(least, rel=1e-4, abs=1.0)


@settings(max_examples=25, deadline=None)
@given(cases())
def test_what_must_hold_of_any_plan(case):
    """Shares are no dearer than whole decisions; a tighter cap is never cheaper."""
    facilities_, options_, years, outlook, limits = case
    whole = Plants(*case).solve()
    assume(whole.status == "optimal")
    loose = Plants(*case, decisions="shares")
    relaxed = loose.solve()
    assert relaxed.cost_cny <= whole.cost_cny + 1.0
    last = years[1]
    emitted = relaxed.years["emission_tco2"][-1]
    loose.cap(last, max(emitted - 100.0, 0.0))
    tighter = loose.solve()
    if tighter.status == "optimal":
        assert tighter.cost_cny >= relaxed.cost_cny - 1.0
    else:
        assert not tighter.lacking.is_empty()
    fewer = options_.filter(pl.col("option") != "other")
    without = Plants(facilities_, fewer, years, outlook, limits).solve()
    if without.status == "optimal":
        assert whole.cost_cny <= without.cost_cny + max(1.0, 1e-4 * without.cost_cny)
