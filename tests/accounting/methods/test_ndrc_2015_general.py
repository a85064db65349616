"""Other industry: worked by hand from the defaults of the tables, the arithmetic written out."""

from __future__ import annotations

import polars as pl
import pytest

from method_rows import by_row, row, run, total
from tanfeng.errors import DataError

KEY = "ndrc_2015_general"


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=100.0),
            row("fuel", "fuel", "diesel", used_qty=10.0),
            row("carbonate", "carbonate", "caco3", used_qty=50.0, purity_pct=95.0),
            row("wastewater", "wastewater", "anaerobic_reactor", cod_removed_kg=20000.0),
            row(
                "ch4_removed",
                "ch4_used",
                "biogas",
                recovered_1e4nm3=0.5,
                purity_pct=60.0,
                oxidised_pct=99.0,
            ),
            row("electricity", "electricity", "electricity", purchased_mwh=5000.0),
            row("heat", "heat", "heat", purchased_gj=2000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            100 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 2162.1888
            10 * 43.33 * 0.0202 * 0.98 * 44 / 12,  # 31.4512
            50 * 0.95 * 0.4397,  # 20.8858
            20000 * 0.25 * 0.8 / 1000 * 21,  # 4 t CH4: 84
            -0.99 * 0.5 * 0.60 * 7.17 * 21,  # 2.12949 t CH4: -44.7193
            5000 * 0.5306,  # 2653
            2000 * 0.11,  # 220
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(5126.8065, abs=5e-5)
    assert found.gaps.is_empty()


def test_water_measured_in_and_out_with_sludge_and_biogas_flared_and_sold():
    found = run(
        KEY,
        [
            # 120000 m3 x (3.2 - 0.7) - 30000 = 270000 kg COD; x 0.25 x 0.2 / 1000 = 13.5 t CH4
            row(
                "wastewater",
                "wastewater",
                "shallow_lagoon",
                wastewater_m3=120000.0,
                cod_in_kg_m3=3.2,
                cod_out_kg_m3=0.7,
                sludge_cod_kg=30000.0,
            ),
            # a measured MCF of 0.9 wins over the 0.8 of the deep lagoon: 1000 x 0.25 x 0.9 / 1000
            row("wastewater", "wastewater", "deep_lagoon", cod_removed_kg=1000.0, mcf=0.9),
            # 50 Nm3/h for 2000 h = 10 (1e4 Nm3); x 0.98 x 0.55 x 10 x 16 / 22.4 = 38.5 t CH4
            row(
                "ch4_removed",
                "ch4_flared",
                "biogas",
                flare_nm3_h=50.0,
                flare_h=2000.0,
                destroyed_pct=98.0,
                ch4_vol_pct=55.0,
            ),
            # 2 (1e4 Nm3) x 0.60 x 7.17 = 8.604 t CH4
            row("ch4_removed", "ch4_sold", "biogas", recovered_1e4nm3=2.0, purity_pct=60.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [13.5 * 21, 0.225 * 21, -38.5 * 21, -8.604 * 21],  # 283.5, 4.725, -808.5, -180.684
        rel=1e-12,
    )
    assert total(found) == pytest.approx(-700.959, abs=5e-4)
    masses = found.lines.filter(pl.col("quantity") == "ch4_t").sort("activity_id")["value"]
    assert masses.to_list() == pytest.approx([13.5, 0.225, 38.5, 8.604], rel=1e-12)


def test_stocks_analysis_acetylene_co2_and_steam_sold():
    found = run(
        KEY,
        [
            # 900 + 120 - 100 - 20 = 900 t, measured 24 GJ/t
            row(
                "fuel",
                "fuel",
                "bituminous",
                purchased_qty=900.0,
                opening_stock_qty=120.0,
                closing_stock_qty=100.0,
                other_use_qty=20.0,
                ncv_gj=24.0,
            ),
            # CH4 92 %, C2 4 %, CO2 1 %: (0.92 + 0.01 + 2 x 0.04) x 12 x 10 / 22.4
            row(
                "fuel",
                "fuel_by_analysis",
                "natural_gas",
                used_qty=40.0,
                ch4_vol_pct=92.0,
                co2_vol_pct=1.0,
                c2_vol_pct=4.0,
            ),
            row("acetylene", "acetylene", "acetylene", used_qty=2.6),
            row(
                "co2_recovered", "co2_recovered", "co2_sold", recovered_1e4nm3=3.0, purity_pct=99.5
            ),
            row("carbonate", "carbonate", "na2co3", used_qty=10.0),
            row("electricity", "electricity", "electricity", purchased_mwh=100.0, sold_mwh=150.0),
            # saturated steam at 1.0 MPa, 2777.0 kJ/kg
            row("heat", "steam", "heat", purchased_t=100.0, sold_t=400.0, enthalpy_kj_kg=2777.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            900 * 24.0 * 0.02618 * 0.93 * 44 / 12,  # 1928.3141
            40 * 1.01 * 120 / 22.4 * 0.99 * 44 / 12,  # 785.6357
            2.6 * 24 / 26 * 44 / 12,  # 8.8
            -3 * 0.995 * 19.7,  # -58.8045
            10 * 0.4149,  # purity 100 % where nothing is known: 4.149
            -50 * 0.5306,  # -26.53
            -300 * (2777.0 - 83.74) / 1000 * 0.11,  # -88.8776
        ],
        rel=1e-12,
    )
    assert found.gaps.is_empty()


def test_milligrams_per_litre_typed_as_kilograms_per_cubic_metre_are_refused():
    wrong = row(
        "wastewater",
        "wastewater",
        "anaerobic_reactor",
        wastewater_m3=1000.0,
        cod_in_kg_m3=3200.0,
        cod_out_kg_m3=0.7,
    )
    with pytest.raises(DataError) as error:
        run(KEY, [wrong])
    assert [p.rule for p in error.value.problems] == ["M003"]


def test_a_correction_factor_in_percent_is_refused():
    wrong = row("wastewater", "wastewater", "deep_lagoon", cod_removed_kg=1000.0, mcf=80.0)
    with pytest.raises(DataError):
        run(KEY, [wrong])


def test_a_plant_that_works_aerobically_gives_off_nothing():
    found = run(KEY, [row("wastewater", "wastewater", "aerobic_managed", cod_removed_kg=5000.0)])
    assert by_row(found) == [0.0]
