"""What holds for every model: tighter caps, more demand, more options."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from least_cost_cases import small
from tanfeng.pathway.osemosys import Model, read_folder, solve

YEARS = [2025, 2026, 2027]
_cost = st.integers(0, 50)
OPTIONS = st.lists(st.tuples(_cost, _cost, _cost, st.integers(0, 5)), min_size=2, max_size=4)
SAID = {"DiscountRate": 0.05, "OperationalLife": 2, "DepreciationMethod": 2}


def _case(options, scale=1.0, residual=1.0):
    """Options of capital, fixed and variable cost and emission; one stands already; 10 asked."""
    names = [f"T{at}" for at in range(len(options))]
    rows = {
        "AccumulatedAnnualDemand": [("R", "F", y, scale * (10 + y - 2025)) for y in YEARS],
        "OutputActivityRatio": [("R", name, "F", 1, y, 1) for name in names for y in YEARS],
        "ResidualCapacity": [("R", "T0", y, scale * residual) for y in YEARS],
        "TotalAnnualMaxCapacity": [("R", "T1", y, scale * 4) for y in YEARS],
    }
    for at, parameter in enumerate(("CapitalCost", "FixedCost")):
        rows[parameter] = [
            ("R", name, y, one[at]) for name, one in zip(names, options, strict=True) for y in YEARS
        ]
    for at, parameter, key in ((2, "VariableCost", (1,)), (3, "EmissionActivityRatio", ("CO2", 1))):
        rows[parameter] = [
            ("R", name, *key, y, one[at])
            for name, one in zip(names, options, strict=True)
            for y in YEARS
        ]
    with tempfile.TemporaryDirectory() as folder:
        return read_folder(small(Path(folder), YEARS, rows, defaults=SAID, TECHNOLOGY=names))


@settings(max_examples=8, deadline=None)
@given(OPTIONS, st.floats(0.3, 1.0))
def test_a_tighter_cap_never_lowers_the_cost(options, share):
    model = Model(_case(options))
    free = model.solve()
    emitted = sum(free.tables["AnnualEmissions"].filter(YEAR=2026)["VALUE"])
    model.cap("CO2", 2026, share * emitted)
    capped = model.solve()
    assert capped.status == "infeasible" or capped.objective >= free.objective - 1e-6


@settings(max_examples=8, deadline=None)
@given(OPTIONS, st.floats(0, 12))
def test_twice_the_demand_and_everything_else_costs_twice(options, residual):
    once, twice = (solve(_case(options, scale, residual)) for scale in (1.0, 2.0))
    assert twice.objective == pytest.approx(2 * once.objective, rel=1e-7, abs=1e-6)


@settings(max_examples=8, deadline=None)
@given(OPTIONS, st.tuples(_cost, _cost, _cost, st.integers(0, 5)))
def test_one_more_option_never_costs_more(options, another):
    assert solve(_case([*options, another])).objective <= solve(_case(options)).objective + 1e-6
