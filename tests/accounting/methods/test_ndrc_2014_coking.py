"""Coking: worked by hand from the defaults of the tables, the arithmetic written out."""

from __future__ import annotations

import pytest

from method_rows import by_row, row, run, total
from tanfeng.accounting import methods
from tanfeng.errors import DataError

KEY = "ndrc_2014_coking"


def test_a_battery_with_measured_coal_and_coke():
    found = run(
        KEY,
        [
            # gas that heats the ovens burns here; it left the balance below
            row("fuel", "fuel", "coke_oven_gas", used_qty=20.0),
            row("coking_in", "carbon_in", "washed_coal", used_qty=1300.0, carbon_content_tc=0.78),
            row("coking_out", "carbon_out", "coke", product_qty=1000.0, carbon_content_tc=0.86),
            row("coking_out", "gas_carbon_out_by_heat", "coke_oven_gas", product_qty=42.0),
            row("coking_out", "carbon_out", "coal_tar", product_qty=40.0),
            row("coking_out", "carbon_out", "crude_benzol", product_qty=11.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            20 * 173.854 * 0.0136 * 0.99 * 44 / 12,  # 171.6565
            1014 * 44 / 12,  # 1300 x 0.78
            -860 * 44 / 12,  # 1000 x 0.86
            -42 * 173.854 * 0.0136 * 44 / 12,  # 99.3054 tC
            -40 * 33.453 * 0.022 * 44 / 12,  # 29.4386 tC
            -11 * 41.816 * 0.0227 * 44 / 12,  # 10.4415 tC
        ],
        rel=1e-12,
    )
    # (1014 - 860 - 99.3054 - 29.4386 - 10.4415) x 44/12 = 54.3198
    assert total(found) == pytest.approx(171.6565 + 54.3198, abs=1e-3)


def test_default_coal_makes_a_negative_balance_which_is_kept():
    found = run(
        KEY,
        [
            row("coking_in", "carbon_in", "washed_coal", used_qty=1000.0),
            row("coking_out", "carbon_out", "coke", product_qty=740.0),
            row("coking_out", "gas_carbon_out_by_heat", "coke_oven_gas", product_qty=32.0),
        ],
    )
    # 1000 x 26.344 x 0.0254 = 669.1376 tC in; 740 x 28.446 x 0.0294 + 32 x 173.854 x 0.0136 out
    assert by_row(found) == pytest.approx([2453.5045, -2269.1943, -277.4246], abs=5e-5)
    assert total(found) == pytest.approx(-93.1144, abs=5e-5)


def test_stocks_gas_by_analysis_methanol_and_energy_sold():
    found = run(
        KEY,
        [
            # 5000 + 800 - 600 = 5200 t
            row(
                "coking_in",
                "carbon_in",
                "washed_coal",
                purchased_qty=5000.0,
                opening_stock_qty=800.0,
                closing_stock_qty=600.0,
                carbon_content_tc=0.8,
            ),
            # CH4 25 %, CO 7 %, CO2 2 %, C2 2 %: 0.38 x 120 / 22.4 = 2.035714
            row(
                "coking_out",
                "gas_carbon_out",
                "coke_oven_gas",
                product_qty=168.0,
                ch4_vol_pct=25.0,
                co_vol_pct=7.0,
                co2_vol_pct=2.0,
                c2_vol_pct=2.0,
            ),
            row(
                "other_in",
                "gas_carbon_in",
                "coke_oven_gas",
                used_qty=56.0,
                ch4_vol_pct=25.0,
                co_vol_pct=7.0,
                co2_vol_pct=2.0,
                c2_vol_pct=2.0,
            ),
            row("other_out", "carbon_out", "methanol", product_qty=250.0),
            row(
                "co2_recovered", "co2_recovered", "co2_sold", recovered_1e4nm3=1.0, purity_pct=99.0
            ),
            row("electricity", "electricity", "electricity", purchased_mwh=1000.0, sold_mwh=4000.0),
            row("heat", "hot_water", "heat", purchased_t=0.0, sold_t=1000.0, water_c=95.0),
        ],
    )
    assert by_row(found) == pytest.approx(
        [
            5200 * 0.8 * 44 / 12,  # 15253.3333
            -168 * 0.38 * 120 / 22.4 * 44 / 12,  # 342 tC: -1254
            56 * 0.38 * 120 / 22.4 * 44 / 12,  # 114 tC: 418
            -250 * 0.375 * 44 / 12,  # -343.75
            -0.99 * 19.7,  # -19.503
            -3000 * 0.5306,  # -1591.8
            -1000 * (95 - 20) * 4.1868 / 1000 * 0.11,  # 314.01 GJ: -34.5411
        ],
        rel=1e-12,
    )
    sums = methods.totals(found, [methods.METHODS[KEY]]).row(0, named=True)
    assert sums["emission_direct_tco2e"] == pytest.approx(14054.0803, abs=5e-5)
    assert sums["emission_total_tco2e"] == pytest.approx(12427.7392, abs=5e-5)


def test_carbon_of_coke_in_percent_is_refused():
    wrong = row("coking_out", "carbon_out", "coke", product_qty=1.0, carbon_content_tc=86.0)
    with pytest.raises(DataError):
        run(KEY, [wrong])
