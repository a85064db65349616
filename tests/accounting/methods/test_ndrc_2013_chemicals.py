"""Chemicals: worked by hand from the defaults of the tables, the arithmetic written out."""

from __future__ import annotations

import polars as pl
import pytest

from method_rows import by_row, row, run, total
from tanfeng.accounting.methods import METHODS
from tanfeng.errors import DataError

KEY = "ndrc_2013_chemicals"


def test_the_ammonia_and_urea_plant_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=20.0),
            row("feedstock", "carbon_in", "anthracite", used_qty=1000.0),
            row("product", "carbon_out", "urea", product_qty=500.0),
            # 20 t of carbon in the ash: 200 t with 10 %
            row("waste", "carbon_out", "ash", product_qty=200.0, carbon_content_tc=0.1),
            row("carbonate", "carbonate", "caco3", used_qty=100.0, purity_pct=90.0),
            row(
                "nitric_acid",
                "n2o_abated",
                "nitric_dual",
                product_t=1000.0,
                removal_pct=80.0,
                removal_use_pct=95.0,
            ),
            row(
                "adipic_acid",
                "n2o_abated",
                "adipic_thermal",
                product_t=100.0,
                removal_use_pct=90.0,
            ),
            row(
                "co2_recovered", "co2_recovered", "co2_sold", recovered_1e4nm3=10.0, purity_pct=95.0
            ),
            row("electricity", "electricity", "electricity", purchased_mwh=4000.0),
            row("heat", "heat", "heat", purchased_gj=1000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            20 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 432.4378
            1000 * 24.515 * 0.02749 * 44 / 12,  # 2471.0303
            -500 * 0.2 * 44 / 12,  # -366.6667
            -20 * 44 / 12,  # -73.3333; the balance is 2031.0303
            100 * 0.90 * 0.4397,  # 39.573
            1.92 * 310,  # 1000 x 8.0 x (1 - 0.80 x 0.95) / 1000 = 1.92 t N2O: 595.2
            3.405 * 310,  # 100 x 300 x (1 - 0.985 x 0.90) / 1000 = 3.405 t N2O: 1055.55
            -10 * 0.95 * 19.7,  # -187.15
            4000 * 0.5306,  # 2122.4
            1000 * 0.11,  # 110
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(6199.0410, abs=5e-5)
    assert found.gaps.is_empty()


def test_the_carbide_furnace_of_the_method_notes():
    found = run(
        KEY,
        [
            row("feedstock", "carbon_in", "coke", used_qty=600.0),
            row("product", "carbon_out", "cac2", product_qty=1000.0),
            row("product", "gas_carbon_out_by_heat", "cac2_furnace_gas", product_qty=30.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            600 * 28.446 * 0.0294 * 44 / 12,  # 501.7874 tC
            -1000 * 0.314 * 44 / 12,  # 314 tC
            -30 * 111.19 * 0.03951 * 44 / 12,  # 131.7935 tC
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(205.3111, abs=5e-5)


def test_caustic_soda_has_no_process_carbon_and_tells_its_currents_apart():
    found = run(
        KEY,
        [
            row("electricity", "electricity", "electricity_dc", purchased_mwh=23000.0),
            row("electricity", "electricity", "electricity_ac", purchased_mwh=1500.0),
            # evaporation: 6000 t of steam at 2777.0 kJ/kg
            row("heat", "steam", "heat", purchased_t=6000.0, enthalpy_kj_kg=2777.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            23000 * 0.5306,  # 12203.8
            1500 * 0.5306,  # 795.9
            6000 * (2777.0 - 83.74) / 1000 * 0.11,  # 16159.56 GJ: 1777.5516
        ],
        rel=1e-12,
    )


def test_gas_feedstock_by_analysis_methanol_and_stocks():
    found = run(
        KEY,
        [
            # CH4 94 %, C2 2 %, CO2 2 %: (0.94 + 0.02 + 2 x 0.02) x 12 x 10 / 22.4 = 5.357143
            row(
                "feedstock",
                "gas_carbon_in",
                "natural_gas",
                purchased_qty=510.0,
                opening_stock_qty=0.0,
                closing_stock_qty=0.0,
                other_use_qty=10.0,
                ch4_vol_pct=94.0,
                c2_vol_pct=2.0,
                co2_vol_pct=2.0,
            ),
            row("product", "carbon_out", "methanol", product_qty=5200.0),
            # purge gas sold: CH4 30 %, CO 5 %: 0.35 x 120 / 22.4 = 1.875
            row(
                "product",
                "gas_carbon_out",
                "product_gas",
                product_qty=60.0,
                ch4_vol_pct=30.0,
                co_vol_pct=5.0,
            ),
            # semi-coke measured at 0.82 tC/t; 300 + 50 - 20 = 330 t
            row(
                "feedstock",
                "carbon_in",
                "semi_coke",
                purchased_qty=300.0,
                opening_stock_qty=50.0,
                closing_stock_qty=20.0,
                carbon_content_tc=0.82,
            ),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            500 * (120 / 22.4) * 44 / 12,  # 9821.4286
            -5200 * 0.375 * 44 / 12,  # -7150
            -60 * 1.875 * 44 / 12,  # -412.5
            330 * 0.82 * 44 / 12,  # 992.2
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(3251.1286, abs=5e-5)


def test_acid_without_abatement_gives_off_all_it_makes():
    found = run(
        KEY,
        [
            row("nitric_acid", "n2o", "nitric_high", product_t=2000.0),
            row("adipic_acid", "n2o", "adipic", product_t=10.0),
            # a test of the own plant wins over the 8.0 of the table
            row("nitric_acid", "n2o", "nitric_dual", product_t=1000.0, ef_n2o_kg_t=6.5),
        ],
    )
    assert by_row(found) == pytest.approx([27.8 * 310, 3 * 310, 6.5 * 310], rel=1e-12)
    masses = found.lines.filter(pl.col("quantity") == "n2o_t").sort("activity_id")["value"]
    assert masses.to_list() == pytest.approx([27.8, 3.0, 6.5], rel=1e-12)


def test_abatement_without_its_share_of_use_is_a_gap():
    found = run(KEY, [row("adipic_acid", "n2o_abated", "adipic_thermal", product_t=100.0)])
    assert by_row(found) == [None]
    assert found.gaps["column"].to_list() == ["removal_use_pct"]


@pytest.mark.parametrize("carbon", [85.6, 1.2])
def test_more_carbon_than_mass_is_refused(carbon):
    with pytest.raises(DataError):
        run(
            KEY,
            [row("product", "carbon_out", "urea", product_qty=1.0, carbon_content_tc=carbon)],
        )


def test_how_often_the_carbon_of_feedstock_is_measured_is_told():
    stream = METHODS[KEY].stream("feedstock")
    asked = {one.column: one for one in stream.sampling}
    assert "每批或每月" in asked["carbon_content_tc"].rule_zh
    assert asked["carbon_content_tc"].confidence == "recalled"
    assert set(asked) <= {column for kind in stream.kinds for column in kind.inputs}
