"""The published CO2 inventory of Fujian through the inventory engine.

The data lies beside the project and is read in place: CEADs, sector x fuel 1998-2019 (cite Guan et
al. 2021, doi 10.1029/2021EF002241; not to be redistributed). Run with ``-s`` to see the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tanfeng.accounting import inventory
from tanfeng.accounting.inventory import Inventory
from tanfeng.errors import ModelError

pytestmark = pytest.mark.real

YEARS = list(range(1998, 2020))
#: Columns the table carries without content.
EMPTY = ("Scope_2_Heat", "Scope_2_Electricity", "Other_Energy")


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    """Return the folder of the inventory."""
    return shared / "data" / "ceads_fujian_co2"


@pytest.fixture(scope="module")
def fujian(folder: Path) -> Inventory:
    """Read sector x fuel into cells."""
    table = pl.read_csv(folder / "ceads_fujian_sector_fuel_1998_2019.csv.gz")
    return inventory.read_table(
        table,
        place="350000",
        source="CEADs, Guan et al. 2021",
        unit_tco2=1e6,
        columns=("year", "sector", "fuel_or_source", "co2_mt"),
        total_sector="TotalEmissions",
        total_fuel="Scope_1_Total",
        skip_fuels=EMPTY,
    )


def test_the_table_has_47_sectors_18_sources_22_years(fujian: Inventory) -> None:
    cells = fujian.cells
    assert cells["sector"].n_unique() == 47
    assert cells["fuel"].n_unique() == 18  # 17 fuels and process
    assert sorted(cells["year"].unique().to_list()) == YEARS
    assert cells.height == 47 * 18 * 22
    assert cells["emission_tco2"].null_count() == 0


def test_the_published_totals_of_the_province_come_out(
    folder: Path, fujian: Inventory, tell: Callable[[str], None]
) -> None:
    published = pl.read_csv(folder / "ceads_provinces_total.csv").filter(actor_id="CN-FJ")
    both = fujian.totals(("year",)).join(
        published.select(pl.col("year").cast(pl.Int32), "total_emissions"), on="year", how="full"
    )
    assert both.height == len(YEARS)
    tell("\nyear   engine t          published t      difference t")
    for row in both.sort("year").iter_rows(named=True):
        difference = row["emission_tco2"] - row["total_emissions"]
        tell(
            f"{row['year']} {row['emission_tco2']:16.3f} {row['total_emissions']:16d} "
            f"{difference:14.3f}"
        )
        # The published totals are whole tonnes, cut off.
        assert 0.0 <= difference < 1.0


def test_every_printed_total_is_the_sum_of_its_cells(
    fujian: Inventory, tell: Callable[[str], None]
) -> None:
    checks = fujian.checks
    # 47 sector totals, 18 fuel totals and the grand total of 22 years
    assert checks.height == (47 + 18 + 1) * 22
    worst = checks["difference_tco2"].abs().max()
    tell(f"\n{checks.height} printed totals, largest difference {worst:.2e} t")
    assert isinstance(worst, float)
    assert worst < 1e-6
    grand = checks.filter(sector="TotalEmissions", fuel="Scope_1_Total").sort("year")
    assert grand["year"].to_list() == YEARS
    mt = (grand["computed_tco2"] / 1e6).round(1).to_list()
    assert (mt[0], mt[12], mt[-1]) == (46.6, 201.1, 278.1)  # 1998, 2010, 2019 as its README says


def test_the_sector_table_adds_up_to_the_years(fujian: Inventory) -> None:
    table = fujian.table("sector")
    assert table.shape == (47, 23)
    years = fujian.totals(("year",))
    for year, total in years.select("year", "emission_tco2").iter_rows():
        assert table[str(year)].sum() == pytest.approx(total, rel=1e-12)


def test_power_and_heat_are_not_in_the_table_and_are_refused(fujian: Inventory) -> None:
    with pytest.raises(ModelError, match="has no electricity, heat emissions"):
        fujian.totals(boundary="direct+power+heat")
