"""Published emission series through the peak verdict and the decomposition, read in place.

CEADs, provinces and Fujian by sector 1998-2019 (cite Guan et al. 2021, doi 10.1029/2021EF002241;
not to be redistributed). Run with ``-s`` to see the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tanfeng.accounting import inventory
from tanfeng.pathway.lmdi import decompose
from tanfeng.pathway.series import inventory_series
from tanfeng.pathway.verdict import NOT_DECIDABLE, NOT_PEAKED, PEAKED, judge, outcome

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    """Return the folder of the inventories."""
    return shared / "data" / "ceads_fujian_co2"


@pytest.fixture(scope="module")
def provinces(folder: Path) -> dict[str, pl.DataFrame]:
    """Return province -> year, emission [t]."""
    table = pl.read_csv(folder / "ceads_provinces_total.csv").sort("year")
    return {
        str(name): part.select("year", emission="total_emissions")
        for (name,), part in table.partition_by("actor_id", as_dict=True).items()
    }


@pytest.fixture(scope="module")
def sectors(folder: Path) -> pl.DataFrame:
    """Return sector, year, emission [Mt] of Fujian."""
    table = pl.read_csv(folder / "ceads_fujian_sector_fuel_1998_2019.csv.gz")
    return table.filter(
        pl.col("fuel_or_source") == "Scope_1_Total", pl.col("sector") != "TotalEmissions"
    ).select("sector", "year", emission="co2_mt")


def test_no_province_is_called_peaked_without_proof(
    provinces: dict[str, pl.DataFrame], tell: Callable[[str], None]
) -> None:
    found = {name: judge(part) for name, part in provinces.items()}
    for name, one in found.items():
        tell(f"{name} {one.verdict} {one.stage} maximum {one.peak_year}")
    count = Counter(one.verdict for one in found.values())
    assert count == {NOT_PEAKED: 16, NOT_DECIDABLE: 14}
    fujian = found["CN-FJ"]
    # 278.1 Mt in 2019, above the 249.3 Mt before the dip of 2015 and 2016.
    assert (fujian.verdict, fujian.stage, fujian.peak_year) == (NOT_PEAKED, "rising", 2019)


def _replayed(provinces: dict[str, pl.DataFrame]) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    for part in provinces.values():
        years, values = tuple(part["year"]), part["emission"].to_numpy().astype(float)
        for known in range(8, len(years)):
            yield years[:known], values


def test_replayed_year_by_year_no_claim_is_proven_wrong(
    provinces: dict[str, pl.DataFrame], tell: Callable[[str], None]
) -> None:
    claims = wrong = bare = bare_wrong = 0
    for years, values in _replayed(provinces):
        known = values[: len(years)]
        later = values[len(years) :].max() > known.max()
        if outcome(years, known) == PEAKED:
            claims, wrong = claims + 1, wrong + later
        if known[-2:].max() < known.max():  # two later years below, and nothing else asked
            bare, bare_wrong = bare + 1, bare_wrong + later
    tell(f"claimed {claims}, exceeded later {wrong}; two years below alone {bare}, {bare_wrong}")
    assert (claims, wrong) == (3, 0)
    assert (bare, bare_wrong) == (95, 38)


def test_the_dip_of_the_nation_was_no_peak(folder: Path) -> None:
    nation = pl.read_csv(folder / "ceads_china_national_total.csv").sort("year")
    table = nation.select("year", emission="total_emissions")
    for last in range(2013, 2020):
        assert judge(table.filter(pl.col("year") <= last)).verdict != PEAKED
    assert judge(table).verdict == NOT_PEAKED


def test_sectors_of_fujian(sectors: pl.DataFrame, tell: Callable[[str], None]) -> None:
    found = {
        str(name): judge(part.sort("year"))
        for (name,), part in sectors.partition_by("sector", as_dict=True).items()
    }
    peaked = {name: one.peak_year for name, one in found.items() if one.verdict == PEAKED}
    tell(f"peaked: {peaked}")
    assert peaked == {
        "Textile Industry": 2006,
        "Beverage Production": 2006,
        "Ferrous Metals Mining and Dressing": 2011,
    }


def test_structure_of_fujian_closes_over_47_sectors(
    sectors: pl.DataFrame, tell: Callable[[str], None]
) -> None:
    """Scale and share of 47 sectors, some of them zero in some years: nothing is left over."""
    total = pl.col("emission").sum().over("year")
    wide = sectors.with_columns(scale=total, share=pl.col("emission") / total)
    table = wide.unpivot(
        on=["scale", "share"], index=["sector", "year"], variable_name="factor", value_name="value"
    )
    found = decompose(table)
    tell(f"{found.change:.3f} Mt, closure {found.closure:.1e}")
    assert found.closure < 1e-12
    assert found.change == pytest.approx(278.1 - 46.6, abs=0.1)
    assert found.total()["effect"].sum() == pytest.approx(found.change, rel=1e-12)
    by_sector = found.by("sector").group_by("sector").agg(pl.col("effect").sum())
    ends = sectors.filter(year=2019).join(sectors.filter(year=1998), on="sector")
    both = by_sector.join(ends, on="sector")
    moved = (both["emission"] - both["emission_right"]).to_numpy()
    assert np.abs(both["effect"].to_numpy() - moved).max() < 1e-9


def test_cells_of_the_inventory_engine_become_a_series(folder: Path) -> None:
    table = pl.read_csv(folder / "ceads_fujian_sector_fuel_1998_2019.csv.gz")
    cells = inventory.read_table(
        table,
        place="350000",
        source="CEADs, Guan et al. 2021",
        unit_tco2=1e6,
        columns=("year", "sector", "fuel_or_source", "co2_mt"),
        total_sector="TotalEmissions",
        total_fuel="Scope_1_Total",
        skip_fuels=("Scope_2_Heat", "Scope_2_Electricity", "Other_Energy"),
    ).cells
    series = inventory_series(cells, base_year=2005)
    totals = series.totals()
    assert totals["missing_cells"].sum() == 0
    assert (totals["emission_tco2"][-1] / 1e6) == pytest.approx(278.1, abs=0.05)
    found = judge(series.for_verdict())
    assert found.verdict == NOT_PEAKED
    status = dict(found.criteria.select("key", "status").iter_rows())
    assert status["membership"] == status["coverage"] == status["not_filled"] == "pass"
