"""One feature at a time, with figures worked out by hand."""

from __future__ import annotations

import math

import pytest

from least_cost_cases import folder_of, small
from tanfeng.errors import ModelError
from tanfeng.pathway.osemosys import Model, read_folder, solve
from tanfeng.pathway.osemosys._build import build
from tanfeng.pathway.osemosys._results import price_tables
from tanfeng.pathway.solver import Solver

YEARS = [2025, 2026, 2027]
#: Technology A makes fuel F, one for one, nothing else said.
MAKES = [("R", "A", "F", 1, year, 1) for year in YEARS]
ONE = [("R", "A", "F", 1, 2025, 1)]
NO_RATE = {"DiscountRate": 0, "DiscountRateIdv": 0, "OperationalLife": 1}


def _solve(path, years, rows, *, defaults=None, technologies=("A",), **sets):
    case = read_folder(
        small(path, years, rows, defaults=defaults or {}, TECHNOLOGY=technologies, **sets)
    )
    return solve(case)


def _values(result, name):
    return {" ".join(map(str, row[:-1])): row[-1] for row in result.tables[name].iter_rows()}


ROWS = {
    "AccumulatedAnnualDemand": [("R", "F", year, 10) for year in YEARS],
    "OutputActivityRatio": MAKES,
    "OperationalLife": [("R", "A", 5)],
    "CapitalCost": [("R", "A", year, 100) for year in YEARS],
    "FixedCost": [("R", "A", year, 2) for year in YEARS],
    "VariableCost": [("R", "A", 1, year, 3) for year in YEARS],
}


@pytest.mark.parametrize(
    ("defaults", "invested", "left"),
    [
        # Sinking fund: of 5 years 3 are served.
        ({"DiscountRate": 0.1, "DiscountRateIdv": 0.1}, 1000, 1 - (1.1**3 - 1) / (1.1**5 - 1)),
        # Straight line: 2 of 5 years are left.
        ({"DiscountRate": 0.1, "DiscountRateIdv": 0.1, "DepreciationMethod": 2}, 1000, 2 / 5),
        # Without interest a sinking fund is a straight line.
        (NO_RATE, 1000, 2 / 5),
        # A rate of its own of 20 %: five payments at the beginning of years, worth 10 % to us.
        (
            {"DiscountRate": 0.1, "DiscountRateIdv": 0.2},
            1000 * (1 - 1 / 1.2) / (1 - 1.2**-5) * (1 - 1.1**-5) * 1.1 / 0.1,
            1 - (1.1**3 - 1) / (1.1**5 - 1),
        ),
        # Its own without interest: a fifth each year.
        (
            {"DiscountRate": 0.1, "DiscountRateIdv": 0},
            1000 / 5 * (1 - 1.1**-5) * 1.1 / 0.1,
            1 - (1.1**3 - 1) / (1.1**5 - 1),
        ),
    ],
)
def test_discounting_and_salvage(tmp_path, defaults, invested, left):
    """10 units built in the first year; running them costs 10 x (2 + 3) in each middle of year."""
    result = _solve(tmp_path, YEARS, ROWS, defaults=defaults)
    rate = 1 + defaults["DiscountRate"]
    running = 50 * (rate**-0.5 + rate**-1.5 + rate**-2.5)
    assert result.objective == pytest.approx(invested + running - invested * left / rate**3)
    assert _values(result, "NewCapacity") == {"R A 2025": 10}
    assert _values(result, "SalvageValue") == {"R A 2025": pytest.approx(invested * left)}
    assert _values(result, "TotalCapacityAnnual") == {f"R A {year}": 10 for year in YEARS}


def test_the_rate_of_a_region_is_that_of_its_technologies_unless_said(tmp_path):
    """No configuration and one rate given: another rate of its own would change the investment."""
    rows = {**ROWS, "DiscountRate": [("R", 0.1)]}
    case = read_folder(
        folder_of(
            tmp_path,
            {
                "REGION": ["R"],
                "TECHNOLOGY": ["A"],
                "FUEL": ["F"],
                "MODE_OF_OPERATION": [1],
                "TIMESLICE": ["L"],
                "YEAR": YEARS,
            },
            {**rows, "YearSplit": [("L", year, 1) for year in YEARS]},
        )
    )
    assert case.full("DiscountRateIdv").tolist() == [[0.1]]
    assert _values(solve(case), "CapitalInvestment") == {"R A 2025": pytest.approx(1000)}
    rows["DiscountRateIdv"] = [("R", "A", 0.2)]
    again = read_folder(small(tmp_path / "own", YEARS, rows, TECHNOLOGY=["A"]))
    assert again.full("DiscountRateIdv").tolist() == [[0.2]]


def _two(**more):
    """Dirty at 1 emits 1, clean at 5 emits none; 10 are asked; nothing is discounted."""
    return {
        "AccumulatedAnnualDemand": [("R", "F", 2025, 10)],
        "OutputActivityRatio": [("R", name, "F", 1, 2025, 1) for name in ("DIRTY", "CLEAN")],
        "VariableCost": [("R", "DIRTY", 1, 2025, 1), ("R", "CLEAN", 1, 2025, 5)],
        "EmissionActivityRatio": [("R", "DIRTY", "CO2", 1, 2025, 1)],
        **more,
    }


@pytest.mark.parametrize(
    ("more", "dirty", "cost", "price"),
    [
        ({}, 10, 10, 0),
        # 4 dirty and 6 clean; one tonne more would save 5 - 1.
        ({"AnnualEmissionLimit": [("R", "CO2", 2025, 4)]}, 4, 4 + 30, -4),
        # One of the four is emitted by others.
        (
            {
                "AnnualEmissionLimit": [("R", "CO2", 2025, 4)],
                "AnnualExogenousEmission": [("R", "CO2", 2025, 1)],
            },
            3,
            3 + 35,
            -4,
        ),
        ({"AnnualEmissionLimit": [("R", "CO2", 2025, 0)]}, 0, 50, -4),
        # The whole period's limit, of which 2 are gone.
        (
            {
                "ModelPeriodEmissionLimit": [("R", "CO2", 7)],
                "ModelPeriodExogenousEmission": [("R", "CO2", 2)],
            },
            5,
            5 + 25,
            0,
        ),
        # A penalty of 2 is less than what clean costs more, one of 6 is not.
        ({"EmissionsPenalty": [("R", "CO2", 2025, 2)]}, 10, 30, 0),
        ({"EmissionsPenalty": [("R", "CO2", 2025, 6)]}, 0, 50, 0),
    ],
)
def test_emission_limits_and_penalties(tmp_path, more, dirty, cost, price):
    result = _solve(
        tmp_path, [2025], _two(**more), defaults=NO_RATE, technologies=("DIRTY", "CLEAN")
    )
    assert result.objective == pytest.approx(cost)
    assert _values(result, "AnnualEmissions").get("R CO2 2025", 0) == pytest.approx(dirty)
    prices = _values(result, "E8_AnnualEmissionsLimit")
    assert prices.get("R CO2 2025", 0) == pytest.approx(price)


def test_what_takes_emissions_up_makes_room_for_what_emits(tmp_path):
    """SINK takes 1 up at 3: dirty with it costs 4 where clean costs 5."""
    rows = _two(AnnualEmissionLimit=[("R", "CO2", 2025, 0)])
    rows["EmissionActivityRatio"].append(("R", "SINK", "CO2", 1, 2025, -1))
    rows["VariableCost"].append(("R", "SINK", 1, 2025, 3))
    result = _solve(
        tmp_path, [2025], rows, defaults=NO_RATE, technologies=("DIRTY", "CLEAN", "SINK")
    )
    assert result.objective == pytest.approx(10 * (1 + 3))


def test_a_reserve_margin_asks_for_capacity_beside_what_runs(tmp_path):
    """10 run, a fifth more must stand: 12 at 7 each."""
    rows = {
        "AccumulatedAnnualDemand": [("R", "F", 2025, 10)],
        "OutputActivityRatio": ONE,
        "CapitalCost": [("R", "A", 2025, 7)],
        "ReserveMargin": [("R", 2025, 1.2)],
        "ReserveMarginTagFuel": [("R", "F", 2025, 1)],
        "ReserveMarginTagTechnology": [("R", "A", 2025, 1)],
    }
    result = _solve(tmp_path, [2025], rows, defaults=NO_RATE)
    assert _values(result, "NewCapacity") == {"R A 2025": pytest.approx(12)}
    assert result.objective == pytest.approx(84)


def test_a_negative_cost_is_earned_and_units_are_whole(tmp_path):
    """B sells for 2 what its capacity makes; it comes in units of 4 at 1 each, 10 at most."""
    rows = {
        "CapitalCost": [("R", "A", 2025, 1)],
        "VariableCost": [("R", "A", 1, 2025, -2)],
        "CapacityOfOneTechnologyUnit": [("R", "A", 2025, 4)],
        "TotalAnnualMaxCapacity": [("R", "A", 2025, 10)],
    }
    result = _solve(tmp_path, [2025], rows, defaults=NO_RATE)
    assert _values(result, "NumberOfNewTechnologyUnits") == {"R A 2025": pytest.approx(2)}
    assert result.objective == pytest.approx(8 * 1 - 8 * 2)
    built = build(read_folder(tmp_path))
    assert price_tables(built, Solver(built.programme).solve()) == {}


def test_storage_carries_the_night_into_the_day(tmp_path):
    """Half of each day is night. A runs at night only; 10 are asked by day.

    Charging runs at 20 for half the year, a day's charge is 20 x 0.5 / 365, which is the capacity
    the storage needs; it costs 365 a unit. A makes 10 at 1, half of what is charged twice over is
    lost on the way in: the pump takes 20 for 10.
    """
    slices = ["NIGHT", "DAY"]
    rows = {
        "YearSplit": [(name, 2025, 0.5) for name in slices],
        "Conversionls": [(name, 1, 1) for name in slices],
        "Conversionld": [(name, 1, 1) for name in slices],
        "Conversionlh": [("NIGHT", 1, 1), ("DAY", 2, 1)],
        "DaySplit": [(1, 2025, 0.5 / 365), (2, 2025, 0.5 / 365)],
        "SpecifiedAnnualDemand": [("R", "F", 2025, 10)],
        "SpecifiedDemandProfile": [("R", "F", "DAY", 2025, 1)],
        "OutputActivityRatio": [("R", "A", "F", 1, 2025, 1), ("R", "PUMP", "F", 2, 2025, 1)],
        "InputActivityRatio": [("R", "PUMP", "F", 1, 2025, 2)],
        "CapacityFactor": [("R", "A", "DAY", 2025, 0)],
        "VariableCost": [("R", "A", 1, 2025, 1)],
        "TechnologyToStorage": [("R", "PUMP", "LAKE", 1, 1)],
        "TechnologyFromStorage": [("R", "PUMP", "LAKE", 2, 1)],
        "CapitalCostStorage": [("R", "LAKE", 2025, 365)],
        "OperationalLifeStorage": [("R", "LAKE", 1)],
        "StorageMaxChargeRate": [("R", "LAKE", 100)],
        "StorageMaxDischargeRate": [("R", "LAKE", 100)],
    }
    defaults = {**NO_RATE, "DiscountRateStorage": 0, "ResidualStorageCapacity": 0}
    sets = {
        "TIMESLICE": slices,
        "MODE_OF_OPERATION": [1, 2],
        "STORAGE": ["LAKE"],
        "SEASON": [1],
        "DAYTYPE": [1],
        "DAILYTIMEBRACKET": [1, 2],
    }
    path = small(
        tmp_path / "one", [2025], rows, defaults=defaults, TECHNOLOGY=["A", "PUMP"], **sets
    )
    result = solve(read_folder(path))
    assert _values(result, "NewStorageCapacity") == {"R LAKE 2025": pytest.approx(10 / 365)}
    assert result.objective == pytest.approx(20 * 1 + 10)
    assert _values(result, "ProductionByTechnologyAnnual") == {
        "R A F 2025": pytest.approx(20),
        "R PUMP F 2025": pytest.approx(10),
    }
    rows["StorageMaxChargeRate"] = [("R", "LAKE", 15)]
    path = small(
        tmp_path / "two", [2025], rows, defaults=defaults, TECHNOLOGY=["A", "PUMP"], **sets
    )
    short = solve(read_folder(path))
    assert short.status == "infeasible"
    # 15 through half a year are 7.5 of 10.
    (lack,) = short.lacking["demand"]
    assert (lack.amount, lack.slices) == (pytest.approx(2.5), ("DAY",))
    (limit,) = short.lacking["limits"]
    assert (limit.parameter, limit.amount) == ("StorageMaxChargeRate", pytest.approx(5))


def test_demand_that_cannot_be_met_is_told_with_what_lacks(tmp_path):
    """10 asked, 6 of capacity allowed: 4 lack in 2026, or the limit is 4 too low."""
    rows = {
        "AccumulatedAnnualDemand": [("R", "F", 2025, 5), ("R", "F", 2026, 10)],
        "OutputActivityRatio": MAKES[:2],
        "TotalAnnualMaxCapacity": [("R", "A", 2025, 6), ("R", "A", 2026, 6)],
    }
    result = _solve(tmp_path, [2025, 2026], rows, defaults=NO_RATE)
    assert result.status == "infeasible"
    assert math.isnan(result.objective)
    assert result.tables == {}
    (lack,) = result.lacking["demand"]
    assert lack.share == pytest.approx(0.4)
    assert lack.text("zh") == "R F 2026：需求 10，缺 4（40 %）[AccumulatedAnnualDemand]"
    assert lack.text("en") == "R F 2026: demand 10, lacks 4 (40 %) [AccumulatedAnnualDemand]"
    (limit,) = result.lacking["limits"]
    assert limit.text("zh") == "R A 2026：TotalAnnualMaxCapacity 为 6，差 4"
    assert limit.text("en") == "R A 2026: TotalAnnualMaxCapacity is 6, missed by 4"
    assert limit.plain()["technology"] == "A"


def test_a_cap_too_low_says_by_how_much(tmp_path):
    """Only dirty is there: 10 asked emit 10, 4 are allowed."""
    case = read_folder(
        small(
            tmp_path,
            [2025],
            {
                "AccumulatedAnnualDemand": [("R", "F", 2025, 10)],
                "OutputActivityRatio": ONE,
                "EmissionActivityRatio": [("R", "A", "CO2", 1, 2025, 1)],
            },
            defaults=NO_RATE,
            TECHNOLOGY=["A"],
        )
    )
    model = Model(case)
    assert model.solve().status == "optimal"
    model.cap("CO2", 2025, 4)
    result = model.solve()
    (lack,), (limit,) = result.lacking["demand"], result.lacking["limits"]
    assert (lack.amount, limit.amount, limit.asked) == (pytest.approx(6), pytest.approx(6), 4)


def test_where_neither_is_enough_both_are_told(tmp_path):
    """Nobody makes G, and what A must do emits more than is allowed."""
    rows = {
        "AccumulatedAnnualDemand": [("R", "G", 2025, 3)],
        "OutputActivityRatio": ONE,
        "TotalTechnologyAnnualActivityLowerLimit": [("R", "A", 2025, 8)],
        "EmissionActivityRatio": [("R", "A", "CO2", 1, 2025, 1)],
        "AnnualEmissionLimit": [("R", "CO2", 2025, 5)],
    }
    result = _solve(tmp_path, [2025], rows, defaults=NO_RATE, FUEL=["F", "G"])
    assert set(result.lacking) == {"both"}
    told = {lack.parameter: lack.amount for lack in result.lacking["both"]}
    # Of 8 that must run and 5 that may, the shares are least when the minimum gives way.
    assert told == {
        "AccumulatedAnnualDemand": pytest.approx(3),
        "TotalTechnologyAnnualActivityLowerLimit": pytest.approx(3),
    }


def test_a_target_that_is_a_ratio_has_no_amount_asked(tmp_path):
    """All of F is to be renewable, A is not and nothing else is there."""
    rows = {
        "AccumulatedAnnualDemand": [("R", "F", 2025, 10)],
        "OutputActivityRatio": ONE,
        "RETagFuel": [("R", "F", 2025, 1)],
        "REMinProductionTarget": [("R", 2025, 0.5)],
    }
    result = _solve(tmp_path, [2025], rows, defaults=NO_RATE)
    (limit,) = result.lacking["limits"]
    assert limit.text("en") == "R 2025: REMinProductionTarget is missed by 5"
    assert limit.text("zh") == "R 2025：REMinProductionTarget 差 5"
    assert "asked" not in limit.plain()
    assert math.isnan(limit.share)


def test_what_cannot_be_let_go_is_infeasible_without_a_reason(tmp_path):
    """A stands with 5 of capacity, of which a zero maximum is no limit that could be raised."""
    rows = {
        "OutputActivityRatio": ONE,
        "TotalTechnologyAnnualActivityLowerLimit": [("R", "A", 2025, 8)],
        "VariableCost": [("R", "A", 1, 2025, 1)],
        "AvailabilityFactor": [("R", "A", 2025, 0)],
    }
    result = _solve(tmp_path, [2025], rows, defaults=NO_RATE)
    assert result.status == "infeasible"
    (limit,) = result.lacking["limits"]
    assert limit.amount == pytest.approx(8)


def test_one_way_trade_is_told_and_two_ways_move_fuel(tmp_path):
    """The South makes at 1, the North at 9; 10 go north at no loss."""
    rows = {
        "YearSplit": [("L", 2025, 1)],
        "AccumulatedAnnualDemand": [("N", "F", 2025, 10)],
        "OutputActivityRatio": [(region, "A", "F", 1, 2025, 1) for region in "NS"],
        "VariableCost": [("N", "A", 1, 2025, 9), ("S", "A", 1, 2025, 1)],
        "TradeRoute": [
            ("N", "S", "F", 2025, 1),
            ("S", "N", "F", 2025, 1),
            ("N", "N", "F", 2025, 1),
        ],
    }
    sets = {
        "REGION": ["N", "S"],
        "TECHNOLOGY": ["A"],
        "FUEL": ["F"],
        "EMISSION": ["CO2"],
        "MODE_OF_OPERATION": [1],
        "TIMESLICE": ["L"],
        "YEAR": [2025],
    }
    case = read_folder(folder_of(tmp_path / "two", sets, rows, NO_RATE))
    result = solve(case)
    assert result.objective == pytest.approx(10)
    assert _values(result, "Trade") == {"N S L F 2025": -10, "S N L F 2025": 10}
    rows["TradeRoute"] = rows["TradeRoute"][:1]
    case = read_folder(folder_of(tmp_path / "one", sets, rows, NO_RATE))
    (told,) = case.warnings
    assert (told.rule, told.value) == ("LC17", "N S F 2025")
    assert solve(case).objective == pytest.approx(0)


def test_caps_name_their_region_where_there_are_several(tmp_path):
    case = read_folder(
        small(
            tmp_path,
            [2025],
            {"OutputActivityRatio": ONE},
            defaults=NO_RATE,
            TECHNOLOGY=["A"],
            REGION=["R", "Q"],
        )
    )
    model = Model(case)
    with pytest.raises(ModelError, match="name the region of the cap: R, Q"):
        model.cap("CO2", 2025, 1)
    with pytest.raises(ModelError, match="SO2 is no member of EMISSION: CO2"):
        model.cap("SO2", 2025, 1, "R")
    with pytest.raises(ModelError, match="not a number"):
        model.cap("CO2", 2025, math.nan, "R")
    model.cap("CO2", 2025, 1, "Q")
    assert model.solve().objective == 0.0


def test_a_dear_plant_that_is_built_is_told(tmp_path):
    rows = {
        "AccumulatedAnnualDemand": [("R", "F", 2025, 1)],
        "OutputActivityRatio": ONE,
        "CapitalCost": [("R", "A", 2025, 99_999)],
    }
    result = _solve(tmp_path, [2025], rows, defaults=NO_RATE)
    assert [one.value for one in result.warnings] == ["R A"]
