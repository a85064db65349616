"""Power facilities: carbon on three bases, the values ordered instead of a test, the unit."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from method_rows import AS_OF, ORG, by_row, frames, row, run, total
from tanfeng import trace
from tanfeng.accounting import methods
from tanfeng.accounting.methods import power_units

KEY = "mee_2022_power"
METHOD = methods.METHODS[KEY]


def coal(item="coal", **values):
    return row("coal", "coal_burned", item, **values)


AIR_DRY = {"carbon_ad_pct": 58.0, "moisture_ar_pct": 10.0, "moisture_ad_pct": 2.0}
EXAMPLE = [
    coal(used_qty=100_000.0, **AIR_DRY),
    row("oil_gas", "fuel_by_carbon", "diesel", used_qty=50.0),
    row("electricity", "electricity", "electricity", purchased_mwh=200.0),
]


def test_the_worked_example_of_the_method_notes():
    found = run(KEY, EXAMPLE)
    assert by_row(found) == pytest.approx(
        [
            100000 * 0.58 * (100 - 10) / (100 - 2) * 0.99 * 44 / 12,  # 193353.0612
            50 * 42.652 * 0.0202 * 0.98 * 44 / 12,  # 154.7955
            200 * 0.5306,  # 106.12
        ],
        rel=1e-12,
    )
    assert total(found) == pytest.approx(193613.9767, abs=5e-5)


def test_purchased_electricity_belongs_to_the_total_of_a_market_text():
    rows = methods.summary(run(KEY, EXAMPLE), [METHOD])
    assert rows["in_total"].to_list() == [True, True, True]
    whole = methods.totals(run(KEY, EXAMPLE), [METHOD]).row(0, named=True)
    assert whole["emission_total_tco2e"] == pytest.approx(193613.9767, abs=5e-5)
    assert whole["emission_direct_tco2e"] == pytest.approx(193507.8567, abs=5e-5)


def test_carbon_on_a_dry_basis():
    # C_ar = 60 % x (100 - 8) / 100 = 55.2 %
    found = run(KEY, [coal(used_qty=1000.0, carbon_dry_pct=60.0, moisture_ar_pct=8.0)])
    assert by_row(found) == pytest.approx([1000 * 0.552 * 0.99 * 44 / 12], rel=1e-12)


def test_without_a_valid_carbon_test_the_ordered_value_times_the_measured_heat():
    found = run(KEY, [coal(used_qty=100_000.0, ncv_gj=21.0)])
    assert by_row(found) == pytest.approx([100000 * 21.0 * 0.03085 * 0.99 * 44 / 12], rel=1e-12)
    assert by_row(found)[0] == pytest.approx(235169.55, abs=5e-3)
    assert "fuels/fuel_ets_power_coal_unmeasured_carbon_content" in found.factors["ref"].to_list()


def test_without_any_test_both_ordered_values():
    found = run(
        KEY, [coal(used_qty=1000.0), coal("unconventional_coal", used_qty=1000.0, ncv_gj=12.0)]
    )
    assert by_row(found) == pytest.approx(
        [
            1000 * 26.7 * 0.03085 * 0.99 * 44 / 12,  # 2990.0129
            1000 * 12.0 * 0.02858 * 0.99 * 44 / 12,  # 1244.9448
        ],
        rel=1e-12,
    )
    defaults = METHOD.stream("coal").items[0].defaults
    assert defaults["ncv_gj"].substitute
    assert defaults["carbon_per_heat_tc_gj"].substitute
    assert not defaults["oxidation_pct"].substitute


def test_half_a_carbon_test_is_no_test():
    # the moisture of the air-dried sample is missing, so the ordered value steps in
    found = run(KEY, [coal(used_qty=1000.0, ncv_gj=20.0, carbon_ad_pct=58.0, moisture_ar_pct=10.0)])
    assert by_row(found) == pytest.approx([1000 * 20.0 * 0.03085 * 0.99 * 44 / 12], rel=1e-12)


@pytest.mark.parametrize(
    ("tested", "accredited", "rule"),
    [
        (date(2023, 2, 20), True, "best"),
        (date(2023, 2, 20), False, "not_accredited"),
        (date(2023, 4, 30), True, "tested_late"),
    ],
)
def test_a_carbon_test_must_be_accredited_and_in_time(tested, accredited, rule):
    month = {"used_qty": 1000.0, "ncv_gj": 20.0, "moisture_ar_pct": 10.0, "moisture_ad_pct": 2.0}
    candidate = pl.DataFrame(
        {
            "activity_id": [1],
            "column": ["carbon_ad_pct"],
            "value": [58.0],
            "tier": ["measured"],
            "sample_date": [date(2023, 1, 31)],
            "test_date": [tested],
            "laboratory": ["检测中心"],
            "accredited": [accredited],
            "evidence": [""],
        }
    )
    found = methods.account(
        frames(KEY, [coal(**month)]), [METHOD], as_of=AS_OF, candidates=candidate
    )
    assert found.choices["rule"].to_list() == [rule]
    carbon = 0.58 * 90 / 98 if rule == "best" else 20.0 * 0.03085
    assert by_row(found) == pytest.approx([1000 * carbon * 0.99 * 44 / 12], rel=1e-12)


def months():
    """Return twelve months of one unit: 1000 t at 50 %, one of them 2000 t at 56 %."""
    wet = {"moisture_ar_pct": 10.0}
    rows = [
        coal(month=m, unit="#1", used_qty=1000.0, carbon_dry_pct=50.0, **wet) for m in range(1, 12)
    ]
    return [*rows, coal(month=12, unit="#1", used_qty=2000.0, carbon_dry_pct=56.0, **wet)]


def test_the_year_is_the_sum_of_its_months_and_its_carbon_is_weighted():
    found = run(KEY, months())
    # 11 x 1000 t x 0.45 + 2000 t x 0.504 = 5958 tC of 13000 t
    assert total(found) == pytest.approx(5958 * 0.99 * 44 / 12, rel=1e-12)
    year = power_units.yearly_carbon(found).row(0, named=True)
    assert (year["org_code"], year["unit"], year["year"]) == (ORG, "#1", 2023)
    assert year["used_qty"] == 13000.0
    assert year["carbon_content_tc"] == pytest.approx(5958 / 13000, rel=1e-12)


def production(**values):
    return pl.DataFrame(
        {
            "activity_id": [901],
            "org_code": [ORG],
            "unit": [""],
            "year": [2023],
            "month": [0],
            **{key: [value] for key, value in values.items()},
        }
    )


def results(found, frame, **options):
    lines = power_units.unit_results(found, frame, **options)
    assert trace.check_lines(lines, found.factors, power_units.FORMULAS).is_empty()
    return dict(zip(lines["quantity"].to_list(), lines["value"].to_list(), strict=True))


UNIT = {
    "generation_mwh": 250_000.0,
    "heat_supplied_gj": 500_000.0,
    "boiler_heat_gj": 2_000_000.0,
    "capacity_mw": 50.0,
    "hours_h": 6000.0,
}


def test_results_of_a_unit_as_in_the_method_notes():
    got = results(run(KEY, EXAMPLE), production(**UNIT), with_electricity=False)
    assert got["heat_ratio_pct"] == pytest.approx(25.0)  # 500000 / 2000000
    assert got["emission_heat_supply_tco2"] == pytest.approx(0.25 * 193507.8567, abs=5e-5)
    assert got["emission_generation_tco2"] == pytest.approx(0.75 * 193507.8567, abs=5e-4)
    assert got["intensity_generation_tco2_mwh"] == pytest.approx(0.5805, abs=5e-5)
    assert got["intensity_heat_tco2_gj"] == pytest.approx(0.0968, abs=5e-5)
    assert got["load_factor_pct"] == pytest.approx(250000 / (50 * 6000) * 100)  # 83.33
    whole = results(run(KEY, EXAMPLE), production(**UNIT))
    # 0.75 x 193613.9767 / 250000
    assert whole["intensity_generation_tco2_mwh"] == pytest.approx(0.58084193, abs=5e-8)


def test_the_heat_of_the_boiler_from_steam_and_feed_water_or_from_efficiencies():
    steam = {"steam_heat_gj": 2_500_000.0, "feed_heat_gj": 700_000.0, "reheat_heat_gj": 200_000.0}
    base = {"generation_mwh": 250_000.0, "heat_supplied_gj": 500_000.0}
    got = results(run(KEY, EXAMPLE), production(**base, **steam))
    assert got["boiler_heat_gj"] == pytest.approx(2_000_000.0)
    assert got["heat_ratio_pct"] == pytest.approx(25.0)
    told = {
        "boiler_efficiency_pct": 90.0,
        "pipe_efficiency_pct": 99.0,
        "exchanger_efficiency_pct": 98.0,
        "fuel_tce": 80_000.0,
    }
    got = results(run(KEY, EXAMPLE), production(**base, **told))
    rate = 0.03412 / (0.90 * 0.99 * 0.98)  # 0.0390756 tce/GJ
    assert got["heat_rate_tce_gj"] == pytest.approx(rate, rel=1e-12)
    assert got["heat_ratio_pct"] == pytest.approx(rate * 500_000 / 80_000 * 100, rel=1e-12)


def test_a_condensing_unit_has_no_heat_to_split():
    got = results(run(KEY, EXAMPLE), production(generation_mwh=250_000.0, heat_supplied_gj=0.0))
    assert got["emission_generation_tco2"] == pytest.approx(193613.9767, abs=5e-5)
    assert "intensity_heat_tco2_gj" not in got
    assert "load_factor_pct" not in got


def test_no_result_where_a_row_of_the_unit_could_not_be_computed():
    found = run(KEY, [*EXAMPLE, coal()])
    got = results(found, production(**UNIT))
    assert set(got) == {"heat_ratio_pct", "load_factor_pct"}


def test_months_of_a_unit_take_the_emission_of_their_month():
    found = run(KEY, months())
    december = production(generation_mwh=1000.0, heat_supplied_gj=0.0).with_columns(
        unit=pl.lit("#1"), month=pl.lit(12)
    )
    got = results(found, december)
    assert got["intensity_generation_tco2_mwh"] == pytest.approx(
        2000 * 0.504 * 0.99 * 44 / 12 / 1000, rel=1e-12
    )
