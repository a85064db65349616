"""Fuel, electricity and heat by NDRC 1722 of 2015; the compilation's example comes first."""

from __future__ import annotations

import polars as pl
import pytest

from tanfeng import accounting

FUEL, HEAT = "emission_fuel_tco2", "emission_heat_tco2"
AVERAGE = "emission_electricity_average_tco2"
RESIDUAL = "emission_electricity_residual_tco2"
FOSSIL = "emission_electricity_fossil_tco2"


def row(item: str, consumption: float | None = None, **more: object) -> dict[str, object]:
    return {"item_key": item, "consumption_total_qty": consumption, **more}


def test_the_worked_example(make_activity, national, of) -> None:
    """Gas 100 x 1e4 Nm3, diesel 10 t, 5000 MWh, 2000 GJ; data year 2023, national average."""
    account = accounting.account(
        make_activity(
            [
                row("natural_gas", 100.0),
                row("diesel", 10.0),
                row("electricity", 500.0, purchase_qty=500.0),
                row("heat", 2000.0, purchase_qty=2000.0),
            ]
        ),
        factors=national,
    )
    diesel, gas = of(account, FUEL)  # secondary energy first
    # 100 * 389.31 * 0.0153 * 0.99 * 44/12 = 2162.1888
    assert round(gas, 4) == 2162.1888
    # 10 * 43.33 * 0.0202 * 0.98 * 44/12 = 31.4512
    assert round(diesel, 4) == 31.4512
    # 5000 MWh * 0.5306 = 2653.0000
    assert of(account, AVERAGE) == pytest.approx([2653.0], rel=1e-12)
    # 2000 GJ * 0.11 = 220.0000
    assert of(account, HEAT) == pytest.approx([220.0], rel=1e-12)


def test_feedstock_is_not_burned(run, of) -> None:
    account = run([row("natural_gas", 100.0, feedstock_qty=40.0)])
    # (100 - 40) * 389.31 * 0.0153 * 0.99 * 44/12 = 1297.3133 (60 % of the example)
    assert of(account, FUEL) == pytest.approx([0.6 * 2162.18882], rel=1e-6)
    assert "feedstock_not_burned" in account.notes["code"].to_list()


def test_coke_made_here_is_carbon_of_the_coal(run, of) -> None:
    account = run([row("coke", 60.0, own_production_qty=100.0)])
    # (60 - 100) * 28.446 * 0.0294 * 0.93 * 44/12 = -114.0747...
    assert of(account, FUEL) == pytest.approx([-40 * 28.446 * 0.0294 * 0.93 * 44 / 12], rel=1e-12)


def test_coal_from_the_own_mine_is_burned_like_any_other(run, of) -> None:
    account = run([row("anthracite", 100.0, own_production_qty=5000.0)])
    # 100 * 24.515 * 0.02749 * 0.94 * 44/12 = 232.276...
    assert of(account, FUEL) == pytest.approx([100 * 24.515 * 0.02749 * 0.94 * 44 / 12], rel=1e-12)


def test_three_bases_of_electricity(run, of) -> None:
    account = run(
        [
            row(
                "electricity",
                480.0,
                purchase_qty=500.0,
                transfer_out_qty=20.0,
                green_power_1e4kwh=80.0,
            )
        ]
    )
    # net purchase 480 x 1e4 kWh; Fujian 2023 0.4211: 480 * 10 * 0.4211 = 2021.28
    assert of(account, AVERAGE) == pytest.approx([2021.28], rel=1e-12)
    # without green power 400: 400 * 10 * 0.6096 = 2438.4
    assert of(account, RESIDUAL) == pytest.approx([2438.4], rel=1e-12)
    # 400 * 10 * 0.8273 = 3309.2
    assert of(account, FOSSIL) == pytest.approx([3309.2], rel=1e-12)


def test_net_sellers_are_not_cut_off_at_zero(run, of) -> None:
    account = run(
        [
            row(
                "electricity",
                5.0,
                purchase_qty=10.0,
                own_production_qty=95.0,
                transfer_out_qty=100.0,
            ),
            row("heat", 0.0, purchase_qty=0.0, own_production_qty=1000.0, transfer_out_qty=1000.0),
        ]
    )
    # (10 - 100) * 10 * 0.4211 = -378.99; (0 - 1000) * 0.11 = -110
    assert of(account, AVERAGE) == pytest.approx([-378.99], rel=1e-12)
    assert of(account, HEAT) == pytest.approx([-110.0], rel=1e-12)


def test_a_power_plant_that_sells_has_less_in_total_than_directly(run, of) -> None:
    """The example of the method page, 2023, Fujian."""
    account = run(
        [
            row("steam_coal", 100_000.0),
            row(
                "electricity",
                1_600.0,
                own_production_qty=21_500.0,
                purchase_qty=100.0,
                transfer_out_qty=20_000.0,
            ),
        ]
    )
    # 100000 * 23.204 * 0.02618 * 0.93 * 44/12 = 207150.9255
    assert of(account, FUEL) == pytest.approx([207_150.9255], abs=5e-5)
    # (100 - 20000) * 10 * 0.4211 = -83798.9
    assert of(account, AVERAGE) == pytest.approx([-83_798.9], rel=1e-12)
    figures = accounting.headline(account.totals()).row(0, named=True)
    assert figures["emission_direct_tco2"] == pytest.approx(207_150.9255, abs=5e-5)
    # 207150.9255 - 83798.9 = 123352.0255, less than the direct part
    assert figures["emission_total_tco2"] == pytest.approx(123_352.0255, abs=5e-5)
    # 100000 * 0.7143 + (1600 - 21500) * 1.229 = 71430 - 24457.1
    assert figures["energy_calorific_tce"] == pytest.approx(46_972.9)
    # 71430 - 19900 * 301.9 / 100 = 71430 - 60078.1
    assert figures["energy_equivalent_tce"] == pytest.approx(11_351.9)
    (note,) = account.notes.filter(code="electricity_exported").to_dicts()
    assert (note["severity"], note["rows"], note["item_key"]) == ("info", 1, "electricity")
    assert "直接排放因此可能大于" in note["text_zh"]
    assert "direct CO₂ may exceed" in note["text_en"]


@pytest.mark.parametrize("item", ["electricity", "heat"])
@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ({"purchase_qty": 5.0, "transfer_out_qty": 6.0}, True),
        ({"purchase_qty": 6.0, "transfer_out_qty": 6.0}, False),
        ({"own_production_qty": 9.0}, True),  # purchase empty: 8 used - 9 made
        ({"own_production_qty": 8.0}, False),
    ],
)
def test_a_net_supply_is_told_for_power_and_heat(
    run, item: str, amounts: dict[str, object], *, told: bool
) -> None:
    codes = run([row(item, 8.0, **amounts)]).notes["code"].to_list()
    assert (f"{item}_exported" in codes) == told


def test_the_fuel_formula_draws_two_flat_fractions() -> None:
    for key in ("fuel", "fuel_primary"):
        formula = accounting.FORMULAS[f"ndrc_general_2015.{key}"]
        assert formula.expression.endswith("* NCV * CC * (OF / 100) * (44 / 12)")
        drawn = formula.mathml()
        assert drawn.count("<mfrac>") == 2
        assert "<mfrac><mi>OF</mi><mn>100</mn></mfrac>" in drawn
        assert "<mfrac><mn>44</mn><mn>12</mn></mfrac>" in drawn


def test_bases_the_guideline_does_not_know_name_no_formula_of_it() -> None:
    for suffix in ("", "_from_use"):
        known = accounting.FORMULAS[f"ndrc_general_2015.electricity_average{suffix}"]
        assert (known.clause, known.clause_confidence) == ("公式（14）", "single")
        for basis in ("residual", "fossil"):
            ours = accounting.FORMULAS[f"ndrc_general_2015.electricity_{basis}{suffix}"]
            assert (ours.clause, ours.clause_confidence) == ("", "")
            assert "年度电力二氧化碳排放因子公告" in ours.document


def test_without_purchase_the_use_less_own_production_counts_and_is_noted(run, of) -> None:
    account = run(
        [
            row("electricity", 100.0, own_production_qty=30.0, green_power_1e4kwh=10.0),
            row("heat", 500.0, own_production_qty=200.0),
        ]
    )
    assert of(account, AVERAGE) == pytest.approx([70 * 10 * 0.4211], rel=1e-12)
    assert of(account, RESIDUAL) == pytest.approx([60 * 10 * 0.6096], rel=1e-12)
    assert of(account, HEAT) == pytest.approx([300 * 0.11], rel=1e-12)
    codes = account.notes["code"].to_list()
    assert {"electricity_from_use", "heat_from_use"} <= set(codes)


def test_purchase_alone_is_enough_for_electricity_and_heat(run, of) -> None:
    account = run(
        [row("electricity", None, purchase_qty=100.0), row("heat", None, purchase_qty=9.0)]
    )
    assert of(account, AVERAGE) == pytest.approx([421.1], rel=1e-12)
    assert of(account, HEAT) == pytest.approx([0.99], rel=1e-12)
    assert set(account.gaps["code"].cast(pl.String)) == {"consumption_missing"}


def test_power_and_heat_without_any_amount_are_missing(run) -> None:
    account = run(
        [
            row("electricity", None, transfer_out_qty=1.0),
            row("heat", None, transfer_out_qty=1.0),
        ]
    )
    codes = set(account.errors["code"])
    assert codes == {"consumption_missing", "electricity_missing", "heat_missing"}
    electricity = account.gaps.filter(pl.col("code") == "electricity_missing")
    assert electricity["quantity"].cast(pl.String).to_list() == [AVERAGE, RESIDUAL, FOSSIL]


@pytest.mark.parametrize("item", ["gangue", "msw", "industrial_waste_fuel", "other_fuel"])
def test_a_fuel_without_parameters_is_an_error_with_a_remedy(run, of, item: str) -> None:
    account = run([row(item, 10.0)])
    assert of(account, FUEL) == []
    error = account.errors.row(0, named=True)
    assert error["code"] == "fuel_factor_missing"
    assert "请提供检测报告" in error["text_zh"]
    assert "Hand in a test report" in error["text_en"]
    assert run([row(item, 0.0)]).errors.is_empty()


def test_a_near_fuel_is_named_with_its_reason(run) -> None:
    account = run([row("raw_coal", 10.0)])
    line = account.lines.filter(pl.col("quantity") == FUEL).row(0, named=True)
    factor = account.factors.filter(pl.col("factor") == line["f3"]).row(0, named=True)
    assert factor["ref"] == "fuels/fuel_ndrc_general_2015_bituminous_ncv"
    assert "烟煤" in factor["choice_zh"]
    assert line["confidence"] == "recalled"  # the match is recalled although the value is single
    assert factor["confidence"] == "single"


def test_gas_volumes_are_not_converted_in_silence(run) -> None:
    account = run([row("natural_gas", 10.0), row("natural_gas", 10.0, month=2)])
    note = account.notes.row(0, named=True)
    assert (note["code"], note["rows"], note["org_code"]) == ("gas_reference_conditions", 2, None)
    assert "0℃" in note["text_zh"]


def test_biomass_is_outside_the_total_and_told(run, of) -> None:
    account = run([row("biomass", 10.0)])
    assert of(account, FUEL) == []
    assert account.errors.is_empty()
    assert account.notes["code"].to_list() == ["biogenic_without_factor"]


def test_recovered_heat_carries_no_carbon(run, of) -> None:
    assert of(run([row("waste_heat", 10.0, purchase_qty=10.0)]), HEAT) == []


def test_steam_in_tonnes_has_to_become_heat(run) -> None:
    account = run([row("steam_t", 10.0, purchase_qty=10.0)])
    assert set(account.errors["code"]) == {"coefficient_missing", "steam_in_tonnes"}


def test_more_green_power_than_bought_turns_the_residual_negative(run, of) -> None:
    account = run([row("electricity", 10.0, purchase_qty=10.0, green_power_1e4kwh=15.0)])
    assert of(account, RESIDUAL) == pytest.approx([-5 * 10 * 0.6096], rel=1e-12)
    assert account.notes["code"].to_list() == ["green_power_above_net_purchase"]
