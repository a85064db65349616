"""Food, tobacco, alcohol, beverages and tea: worked by hand, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total

KEY = "ndrc_2015_food"


def water(item, **values):
    return row("wastewater", "wastewater_net", item, **values)


def test_the_worked_example_of_the_method_notes():
    found = run(
        KEY,
        [
            row("fuel", "fuel", "natural_gas", used_qty=50.0),
            row("carbonate", "carbonate", "na2co3", used_qty=20.0, purity_pct=99.0),
            row("co2_loss", "co2_loss", "industrial_co2", co2_bought_t=100.0),
            water(
                "food_wastewater",
                wastewater_m3=300_000.0,
                cod_in_kg_m3=4.0,
                cod_out_kg_m3=1.0,
                sludge_cod_kg=50_000.0,
                recovered_ch4_t=100.0,
            ),
            row("electricity", "electricity", "electricity", purchased_mwh=2000.0),
            row("heat", "heat", "heat", purchased_gj=3000.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            50 * 389.31 * 0.0153 * 0.99 * 44 / 12,  # 1081.0944
            20 * 0.99 * 0.4149,  # 8.2150
            100 * 0.50,  # 50
            ((300000 * 3 - 50000) * 0.25 * 0.7 / 1000 - 100) * 21,  # 1023.75
            2000 * 0.5306,  # 1061.2
            3000 * 0.11,  # 330
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(3554.2594, abs=5e-5)


@pytest.mark.parametrize(
    ("item", "mcf"),
    [("food_wastewater", 0.7), ("beverage_wastewater", 0.5), ("tobacco_wastewater", 0.3)],
)
def test_each_branch_has_its_own_correction(item, mcf):
    # 20000 m3 x (5 - 1) kg/m3 x 0.25 x MCF / 1000 x 21
    found = run(KEY, [water(item, wastewater_m3=20_000.0, cod_in_kg_m3=5.0, cod_out_kg_m3=1.0)])
    assert by_row(found) == pytest.approx([20000 * 4 * 0.25 * mcf / 1000 * 21], rel=1e-12)


def test_a_measured_loss_and_a_measured_correction():
    found = run(
        KEY,
        [
            row("co2_loss", "co2_loss", "industrial_co2", co2_bought_t=80.0, loss_pct=35.0),
            water(
                "beverage_wastewater",
                wastewater_m3=1000.0,
                cod_in_kg_m3=10.0,
                cod_out_kg_m3=2.0,
                mcf=0.6,
            ),
        ],
    )
    assert by_row(found) == pytest.approx([80 * 0.35, 8000 * 0.25 * 0.6 / 1000 * 21], rel=1e-12)
