"""Cells by place, sector, fuel and year."""

from __future__ import annotations

import polars as pl
import pytest

from tanfeng.accounting import inventory
from tanfeng.errors import ModelError


def row(item: str, consumption: float | None = None, **more: object) -> dict[str, object]:
    return {"item_key": item, "consumption_total_qty": consumption, **more}


MEMBERS = pl.DataFrame(
    {
        "org_code": ["91350000A", "91350000B"],
        "sector": ["chemicals", "cement"],
        "place": ["350104", "350121"],
    }
)


@pytest.fixture(scope="module")
def city(run):
    """Two firms over two years."""
    return run(
        [
            row("diesel", 10.0, tier="measured"),
            row("electricity", 100.0, purchase_qty=100.0),
            row("heat", 50.0, purchase_qty=50.0, year=2022),
            row("diesel", 20.0, org_code="91350000B", year=2022),
            row("gangue", 1.0, org_code="91350000B", coef_used_tce=0.3),
        ]
    )


DIESEL = 43.33 * 0.0202 * 0.98 * 44 / 12  # tCO2 per t


def test_an_account_rolls_up_to_cells(city) -> None:
    rolled = inventory.from_account(city, MEMBERS)
    assert dict(rolled.cells.schema) == inventory.CELL_SCHEMA
    assert (rolled.source, rolled.basis) == ("account", "average")
    years = rolled.totals()
    assert years["emission_tco2"].to_list() == pytest.approx([20 * DIESEL, 10 * DIESEL])
    wider = rolled.totals(boundary="direct+power+heat")
    # 2022: heat 50 x 0.11; 2023: electricity 100 x 10 x 0.4211
    assert wider["emission_tco2"].to_list() == pytest.approx(
        [20 * DIESEL + 5.5, 10 * DIESEL + 421.1]
    )
    assert wider["measured_tco2"].to_list() == pytest.approx([0.0, 10 * DIESEL])
    assert wider["missing_rows"].to_list() == [0, 1]
    assert wider["missing_cells"].to_list() == [0, 1]  # gangue has no value at all


def test_the_basis_of_electricity_is_a_switch(city) -> None:
    fossil = inventory.from_account(city, MEMBERS, basis="fossil")
    power = fossil.totals(("part",), boundary="direct+power+heat").filter(part="electricity")
    assert power["emission_tco2"].item() == pytest.approx(827.3)  # 100 x 10 x 0.8273
    with pytest.raises(ModelError, match="none of average"):
        inventory.from_account(city, MEMBERS, basis="market")


def test_cells_add_up_whatever_they_are_grouped_by(city) -> None:
    rolled = inventory.from_account(city, MEMBERS)
    whole = rolled.totals((), boundary="direct+power+heat")["emission_tco2"].item()
    for by in inventory.CELL_KEYS:
        parts = rolled.totals((by,), boundary="direct+power+heat")
        assert parts["emission_tco2"].sum() == pytest.approx(whole)


def test_the_series_has_a_column_per_year_and_null_for_no_data(city) -> None:
    table = inventory.from_account(city, MEMBERS).table("sector")
    assert table.columns == ["sector", "2022", "2023"]
    assert table.row(0) == ("cement", pytest.approx(20 * DIESEL), None)
    assert table.row(1) == ("chemicals", None, pytest.approx(10 * DIESEL))


def test_members_need_sector_and_place(city) -> None:
    with pytest.raises(ModelError, match="org_code, sector, place"):
        inventory.from_account(city, MEMBERS.drop("place"))


PUBLISHED = pl.DataFrame(
    {
        "y": [2019] * 8,
        "s": ["steel", "cement", "all", "steel", "cement", "all", "steel", "all"],
        "f": ["coal", "coal", "coal", "gas", "gas", "gas", "total", "total"],
        "mt": [1.0, 2.0, 3.0, 0.25, None, 0.25, 1.25, 3.5],
    }
)
ARGUMENTS = {
    "place": "CN-FJ",
    "source": "a published table",
    "unit_tco2": 1e6,
    "columns": ("y", "s", "f", "mt"),
    "total_sector": "all",
    "total_fuel": "total",
}


def read(frame: pl.DataFrame = PUBLISHED, **more: object) -> inventory.Inventory:
    return inventory.read_table(frame, **{**ARGUMENTS, **more})  # type: ignore[arg-type]


def test_a_published_table_becomes_the_same_cells() -> None:
    table = read()
    assert dict(table.cells.schema) == inventory.CELL_SCHEMA
    total = table.totals().row(0, named=True)
    assert total["emission_tco2"] == 3_250_000.0
    assert (total["cells"], total["missing_cells"]) == (3, 1)
    assert total["measured_tco2"] is None  # the table does not say how values were obtained


def test_printed_totals_are_compared_and_not_counted() -> None:
    checks = read().checks
    assert checks.rows() == [
        (2019, "all", "coal", 3e6, 3e6, 0.0),
        (2019, "all", "gas", 0.25e6, 0.25e6, 0.0),
        (2019, "all", "total", 3.5e6, 3.25e6, -0.25e6),  # the table contradicts itself here
        (2019, "steel", "total", 1.25e6, 1.25e6, 0.0),
    ]
    assert dict(checks.schema) == inventory.CHECK_SCHEMA


def test_a_table_without_totals_is_taken_as_it_is() -> None:
    plain = PUBLISHED.filter((pl.col("s") != "all") & (pl.col("f") != "total"))
    table = read(plain, total_sector="", total_fuel="")
    assert table.checks.is_empty()
    assert table.totals(())["emission_tco2"].item() == 3_250_000.0


def test_fuels_can_be_left_out_by_name() -> None:
    assert read(skip_fuels=["gas"]).totals(("fuel",))["fuel"].to_list() == ["coal"]


def test_a_boundary_without_data_is_refused() -> None:
    with pytest.raises(ModelError, match="a published table has no electricity, heat emissions"):
        read().totals(boundary="direct+power+heat")


@pytest.mark.parametrize(("by", "boundary"), [(("county",), "direct"), (("year",), "everything")])
def test_unknown_columns_and_boundaries_are_refused(by: tuple[str, ...], boundary: str) -> None:
    with pytest.raises(ModelError, match="columns are place, sector, fuel, year, part"):
        read().totals(by, boundary=boundary)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit_tco2": 0.0}, "positive unit"),
        ({"columns": ("year", "s", "f", "mt")}, "needs year, s, f, mt"),
        ({"total_sector": "sum"}, "no sector 'sum'"),
        ({"total_fuel": "sum"}, "no fuel 'sum'"),
        ({"skip_fuels": ["peat"]}, "no fuels .'peat'. to skip"),
        ({"frame": pl.concat([PUBLISHED, PUBLISHED])}, "repeats a cell"),
        (
            {"frame": PUBLISHED.with_columns(mt=pl.lit(float("inf")))},
            "no finite numbers",
        ),
    ],
)
def test_a_broken_table_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        read(**change)
