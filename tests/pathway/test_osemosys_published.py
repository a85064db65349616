"""Published models, and one with every feature: the figures of GNU MathProg and GLPK.

Where the figures come from stands in ``data/README.md``. GLPK prints six digits.
"""

from __future__ import annotations

import csv
from collections import defaultdict

import polars as pl
import pytest

from every_feature import everything
from least_cost_cases import DATA, published
from tanfeng.pathway.osemosys import Model, read_folder, solve, write_folder
from tanfeng.pathway.osemosys._schema import PARAMETERS, SETS
from tanfeng.pathway.solver import Options

#: UTOPIA's objective as its authors' tests state it.
PUBLISHED = 29446.86269


def _reference():
    made = defaultdict(lambda: defaultdict(dict))
    with (DATA / "glpk.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            made[row["case"]][row["table"]][row["place"]] = float(row["value"])
    return made


REFERENCE = _reference()


def _cells(table):
    return {" ".join(map(str, row[:-1])): row[-1] for row in table.iter_rows()}


def _same(result, case):
    """Every cell GLPK has, and no other."""
    expected = REFERENCE[case]
    assert result.status == "optimal"
    assert result.objective == pytest.approx(expected["objective"][""], rel=1e-8)
    for name in ("NewCapacity", "NewStorageCapacity", "AnnualEmissions", "TotalDiscountedCost"):
        found = {key: value for key, value in _cells(result.tables[name]).items() if value > 1e-6}
        assert found == pytest.approx(expected[name], rel=1e-5, abs=1e-6), name


@pytest.fixture(scope="module")
def utopia(tmp_path_factory):
    return read_folder(published("utopia", tmp_path_factory.mktemp("utopia")))


@pytest.fixture(scope="module")
def solved(utopia):
    return solve(utopia)


def test_utopia_is_the_published_one(solved):
    assert solved.objective == pytest.approx(PUBLISHED, rel=1e-6)
    assert len(REFERENCE["utopia"]["NewCapacity"]) > 100
    _same(solved, "utopia")


def test_old_ways_to_say_no_limit_are_told(utopia):
    (told,) = utopia.warnings
    assert (told.rule, told.severity, told.sheet) == (
        "LC09",
        "warning",
        "TotalAnnualMaxCapacity.csv",
    )
    assert "22 row(s)" in told.message("en")


@pytest.mark.parametrize("method", [1, 2])
def test_every_feature_at_once_is_what_glpk_finds(tmp_path, method):
    """Whole units, storage, trade, limits, margins, targets, penalties, both depreciations."""
    case = read_folder(everything(tmp_path, method))
    assert case.warnings == ()
    used = {name for name, table in case.tables.items() if len(table.values)}
    assert used == set(PARAMETERS)
    result = solve(case, Options(gap=0.0))
    _same(result, f"every{method}")
    sent = result.tables["Trade"]
    there, back = (sent.filter(pl.col("REGION") == region) for region in "NS")
    assert there["VALUE"].sum() == pytest.approx(-back["VALUE"].sum())
    units = result.tables["NumberOfNewTechnologyUnits"]["VALUE"]
    assert units.to_list() == pytest.approx(units.round().to_list())
    # Whole units have no price; with them held the rest of the programme has.
    assert len(result.tables["EBa11_EnergyBalanceEachTS5"]) > 10
    assert result.gap == 0.0


def test_money_of_the_tables_adds_up_to_the_objective(solved):
    tables = solved.tables
    total = tables["ModelPeriodCostByRegion"]["VALUE"].item()
    assert total == pytest.approx(solved.objective, rel=1e-9)
    parts = (
        tables["DiscountedCapitalInvestment"]["VALUE"].sum()
        + tables["DiscountedOperationalCost"]["VALUE"].sum()
        - tables["DiscountedSalvageValue"]["VALUE"].sum()
    )
    assert parts == pytest.approx(solved.objective, rel=1e-9)
    made, used = (
        tables[f"{flow}ByTechnologyAnnual"].filter(FUEL="ELC")["VALUE"].sum()
        for flow in ("Production", "Use")
    )
    asked = tables["Demand"].filter(FUEL="ELC")["VALUE"].sum()
    assert made >= used + asked - 1e-6


def test_tables_are_otooles(solved, tmp_path):
    """Names and columns as otoole's configuration of results lists them; none is missing."""
    files = solved.write(tmp_path / "out")
    axes = {
        "NewCapacity": "REGION,TECHNOLOGY,YEAR",
        "AnnualTechnologyEmissionByMode": "REGION,TECHNOLOGY,EMISSION,MODE_OF_OPERATION,YEAR",
        "RateOfActivity": "REGION,TIMESLICE,TECHNOLOGY,MODE_OF_OPERATION,YEAR",
        "RateOfUseByTechnologyByMode": "REGION,TIMESLICE,TECHNOLOGY,MODE_OF_OPERATION,FUEL,YEAR",
        "StorageLevelDayTypeStart": "REGION,STORAGE,SEASON,DAYTYPE,YEAR",
        "TotalTechnologyModelPeriodActivity": "REGION,TECHNOLOGY",
        "Trade": "REGION,_REGION,TIMESLICE,FUEL,YEAR",
        "E8_AnnualEmissionsLimit": "REGION,EMISSION,YEAR",
        "EBa11_EnergyBalanceEachTS5": "REGION,TIMESLICE,FUEL,YEAR",
    }
    for name, columns in axes.items():
        first = (tmp_path / "out" / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"{columns},VALUE"
    assert len(files) == 48
    years = pl.read_csv(tmp_path / "out" / "NewCapacity.csv")["YEAR"]
    assert years.dtype == pl.Int64


def test_a_cap_tightened_in_place_is_the_model_made_so(utopia, solved, tmp_path):
    model = Model(utopia)
    free = model.solve()
    assert free.objective == pytest.approx(solved.objective)
    emitted = _cells(free.tables["AnnualEmissions"])["UTOPIA CO2 2005"]
    model.cap("CO2", 2005, 0.8 * emitted)
    capped = model.solve()
    assert capped.objective > free.objective
    assert _cells(capped.tables["AnnualEmissions"])["UTOPIA CO2 2005"] <= 0.8 * emitted + 1e-6
    # One tonne less allowed costs what the price says.
    price = _cells(capped.tables["E8_AnnualEmissionsLimit"])["UTOPIA CO2 2005"]
    model.cap("CO2", 2005, 0.8 * emitted - 1e-4)
    assert model.solve().objective - capped.objective == pytest.approx(-price * 1e-4, rel=1e-3)
    write_folder(model.case, tmp_path / "again")
    again = solve(read_folder(tmp_path / "again"))
    assert again.objective == pytest.approx(model.solve().objective, rel=1e-9)
    model.cap("CO2", 2005, None, region="UTOPIA")
    assert model.solve().objective == pytest.approx(free.objective, rel=1e-9)


def test_a_backstop_in_use_is_told(utopia):
    model = Model(utopia)
    model.cap("CO2", 2000, 0.1)
    result = model.solve()
    assert result.status == "optimal"
    (told,) = [one for one in result.warnings if one.rule == "LC20"]
    assert told.value == "UTOPIA TXu"


def test_a_folder_written_and_read_again_is_the_same(utopia, tmp_path):
    write_folder(utopia, tmp_path / "copy")
    again = read_folder(tmp_path / "copy")
    assert again.sets == utopia.sets
    assert {name for name in SETS if (tmp_path / "copy" / f"{name}.csv").exists()} == set(SETS)
    for name in PARAMETERS:
        assert (again.full(name) == utopia.full(name)).all(), name
    assert [one.rule for one in again.warnings] == ["LC09"]
    write_folder(again, tmp_path / "twice")
    for file in sorted((tmp_path / "copy").iterdir()):
        assert file.read_bytes() == (tmp_path / "twice" / file.name).read_bytes()
