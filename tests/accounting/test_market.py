"""Allowances by hand, the gap at year end and the surrender calendar."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng import standards, trace
from tanfeng.accounting import market
from tanfeng.errors import DataError, FactorNotFound, ModelError


def unit(**changes: object) -> dict[str, object]:
    """Return a condensing coal unit of 2022 at 82 % load with some columns changed."""
    whole = {
        "org_code": "A",
        "unit": "1",
        "year": 2022,
        "sector": "power",
        "facility_class": "conv_gt300",
        "supplied_mwh": 1_000_000.0,
        "generated_mwh": 1_050_000.0,
        "heat_gj": 0.0,
        "heat_ratio_pct": 0.0,
        "load_factor_pct": 82.0,
        "cooling": "water",
        "verified_tco2": None,
        "carbide_slag_pct": None,
        "tier": "measured",
    }
    return {**whole, **changes}


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    """Return facilities as a frame."""
    return pl.DataFrame(list(rows), schema=dict(market.FACILITY_SCHEMA))


def amount(*rows: dict[str, object]) -> list[float]:
    """Return the allowances of facilities. [tCO2]"""
    return market.allowance(frame(*rows)).facilities["allowance_tco2"].to_list()


def plant(sector: str, **changes: object) -> dict[str, object]:
    """Return a plant whose allowance goes by its verified emission."""
    return unit(sector=sector, facility_class="all", year=2024, verified_tco2=500_000.0, **changes)


# Allowances by hand -----------------------------------------------------------------------------


def test_condensing_unit_of_2022_on_the_upper_line():
    # 82 %: F_f = 1 + 0.0014 * (85 - 82) = 1.0042
    # A = 1 000 000 * 0.8177 * 1 * (1 - 0.22 * 0) * 1.0042 = 821 134.34
    assert amount(unit()) == pytest.approx([821_134.34])


def test_condensing_unit_of_2022_on_the_lower_line_with_air_cooling():
    # 78 %: F_f = 1.007 + 0.0016 * (80 - 78) = 1.0102
    # A = 1 000 000 * 0.8177 * 1.05 * 1 * 1.0102 = 867 342.567
    assert amount(unit(load_factor_pct=78.0, cooling="air")) == pytest.approx([867_342.567])


def test_condensing_unit_of_2022_below_seventy_five_percent():
    # 70 %: F_f = 1.015 ^ (16 - 0.2 * 70) = 1.015 ^ 2 = 1.030225
    # A = 1 000 000 * 0.8177 * 1.030225 = 842 414.9825
    done = market.allowance(frame(unit(load_factor_pct=70.0)))
    assert done.facilities["allowance_tco2"].to_list() == pytest.approx([842_414.9825])
    assert "1.015^2 = 1.030225" in done.notes["text_en"].item()


@pytest.mark.parametrize(("load", "expected"), [(75.0, 1.015), (80.0, 1.007), (85.0, 1.0)])
def test_load_correction_joins_where_its_parts_meet(load, expected):
    # 75 %: 1.007 + 0.0016 * 5 = 1.015 = 1.015 ^ (16 - 15); 80 %: 1 + 0.0014 * 5 = 1.007
    above = amount(unit(load_factor_pct=load))[0] / 817_700.0
    below = amount(unit(load_factor_pct=load - 1e-9))[0] / 817_700.0
    assert (above, below) == pytest.approx((expected, expected), abs=1e-9)


def test_chp_unit_of_2021_has_a_heat_correction_and_no_load_correction():
    # F_r = 1 - 0.22 * 0.25 = 0.945; F_f = 1 although the load is 70 %
    # A_e = 800 000 * 0.8773 * 0.945 = 663 238.8; A_h = 2 000 000 * 0.1111 = 222 200
    chp = unit(
        year=2021,
        facility_class="conv_le300",
        supplied_mwh=800_000.0,
        heat_gj=2_000_000.0,
        heat_ratio_pct=25.0,
        load_factor_pct=70.0,
    )
    assert amount(chp) == pytest.approx([885_438.8])


def test_gas_unit_of_2019_has_the_steeper_heat_slope():
    # F_r = 1 - 0.6 * 0.10 = 0.94; A_e = 500 000 * 0.392 * 0.94 = 184 240
    # A_h = 300 000 * 0.059 = 17 700
    gas = unit(
        year=2019,
        facility_class="gas",
        supplied_mwh=500_000.0,
        heat_gj=300_000.0,
        heat_ratio_pct=10.0,
        load_factor_pct=None,
    )
    assert amount(gas) == pytest.approx([201_940.0])


def test_units_of_2024_go_by_generation_and_by_peak_shaving_below_sixty_five_percent():
    # 70 %: A = 1 050 000 * 0.7910 = 830 550
    # 60 %: F_p = 1.015 ^ (13 - 0.2 * 60) = 1.015; A = 830 550 * 1.015 = 843 008.25
    # heat: A = 1 050 000 * 0.7910 + 1 000 000 * 0.1033 = 933 850
    assert amount(
        unit(year=2024, load_factor_pct=70.0),
        unit(year=2024, unit="2", load_factor_pct=60.0),
        unit(year=2024, unit="3", load_factor_pct=60.0, heat_gj=1e6, supplied_mwh=None),
    ) == pytest.approx([830_550.0, 843_008.25, 933_850.0])


@pytest.mark.parametrize("sector", ["steel", "cement", "aluminium"])
def test_three_sectors_of_2024_get_what_was_verified(sector):
    done = market.allowance(frame(plant(sector)))
    assert done.facilities["allowance_tco2"].to_list() == [500_000.0]
    assert done.notes["code"].to_list() == ["equals_verified"]
    assert done.lines["confidence"].to_list() == ["confirmed"]


def test_special_clinker_of_2025():
    rows = [
        plant("cement") | {"year": 2025, "facility_class": name, "unit": name}
        for name in ("white_clinker", "gypsum_acid", "carbide_slag")
    ]
    rows[2]["carbide_slag_pct"] = 15.1
    assert amount(*rows) == [500_000.0] * 3
    with pytest.raises(FactorNotFound, match="cement_2025_allocation"):
        amount(rows[2] | {"carbide_slag_pct": 15.0})


def test_carbide_slag_has_no_rule_of_its_own_in_2024():
    line = plant("cement") | {"facility_class": "carbide_slag", "carbide_slag_pct": 20.0}
    assert amount(line) == [500_000.0]


@pytest.mark.parametrize(
    ("row", "facility"),
    [
        (
            "cement_exception_carbide",
            plant("cement")
            | {"year": 2025, "facility_class": "carbide_slag", "carbide_slag_pct": 15.1},
        ),
        ("ets_load_power_base", unit(load_factor_pct=60.0)),
    ],
)
def test_a_row_the_tables_lack_ends_in_an_error_that_names_it(monkeypatch, row, facility):
    from tanfeng.accounting import _allowance

    known = _allowance.standards.lookup

    def lookup(table, **key):
        if key.get("id") == row:
            raise FactorNotFound(table, {"id": row}, [])
        return known(table, **key)

    monkeypatch.setattr(_allowance.standards, "lookup", lookup)
    with pytest.raises(FactorNotFound, match=row):
        amount(facility)


# What has no rule -------------------------------------------------------------------------------


def test_years_without_a_plan_are_told_all_at_once():
    rows = [
        unit(year=2025),
        unit(year=2018, unit="2"),
        plant("steel", unit="3") | {"year": 2025},
        plant("aluminium", unit="4") | {"year": 2023},
    ]
    with pytest.raises(standards.UnresolvedKeys) as caught:
        amount(*rows)
    asked = {str(error.key["id"]) for error in caught.value.errors}
    assert {"power_conv_gt300_elec_2025", "power_conv_gt300_elec_2018"} <= asked
    assert {"steel_2025_allocation", "aluminium_2023_allocation"} <= asked


def test_every_row_that_cannot_be_computed_is_told():
    bad = [
        unit(unit="1", facility_class="nuclear"),
        unit(unit="2", tier="guessed"),
        unit(unit="3", supplied_mwh=None),
        unit(unit="4", year=2023, generated_mwh=None),
        unit(unit="5", heat_gj=None),
        unit(unit="6", heat_gj=1e6, heat_ratio_pct=0.25),
        unit(unit="7", load_factor_pct=0.82),
        unit(unit="8", cooling="sea"),
        plant("steel", unit="9") | {"verified_tco2": None},
        plant("cement", unit="10") | {"facility_class": "carbide_slag", "carbide_slag_pct": 0.2},
        unit(unit="11"),
        unit(unit="11"),
    ]
    with pytest.raises(DataError) as caught:
        market.allowance(frame(*bad))
    told = [(problem.row, problem.rule) for problem in caught.value.problems]
    assert told == [*((n, f"K{n:03}") for n in range(1, 11)), (11, "K011"), (12, "K011")]


def test_missing_column():
    with pytest.raises(ModelError, match="cooling"):
        market.allowance(frame(unit()).drop("cooling"))


def test_an_override_wins_and_shows():
    own = standards.Override(
        "ets",
        "power_conv_gt300_elec_2022",
        0.82,
        "tCO2/MWh",
        "the plan itself",
        "clerk",
        date(2026, 1, 2),
    )
    done = market.allowance(frame(unit(load_factor_pct=90.0)), overrides=standards.Overrides([own]))
    assert done.facilities["allowance_tco2"].to_list() == pytest.approx([820_000.0])
    assert done.factors.filter(pl.col("override") != "").height == 1


# Lines ------------------------------------------------------------------------------------------

POWER = st.builds(
    unit,
    year=st.sampled_from([2019, 2020, 2021, 2022, 2023, 2024]),
    facility_class=st.sampled_from(["conv_gt300", "conv_le300", "unconv", "gas"]),
    supplied_mwh=st.floats(0.0, 1e7),
    generated_mwh=st.floats(0.0, 1e7),
    load_factor_pct=st.floats(20.0, 100.0),
    cooling=st.sampled_from(["water", "air"]),
)


@settings(max_examples=40)
@given(st.lists(POWER, min_size=1, max_size=6), st.booleans())
def test_every_line_is_redone_and_doubling_doubles(units, heats):
    heat = {"heat_gj": 1e6, "heat_ratio_pct": 30.0} if heats else {}
    rows = [one | heat | {"unit": str(n)} for n, one in enumerate(units)]
    done = market.allowance(frame(*rows))
    assert trace.check_lines(done.lines, done.factors, done.formulas).is_empty()
    totals = done.lines.filter(pl.col("quantity") == "allowance_tco2").sort("activity_id")
    assert totals["value"].to_list() == done.facilities["allowance_tco2"].to_list()
    twice = amount(*(row | {n: 2 * row[n] for n in EXTENSIVE} for row in rows))
    assert twice == pytest.approx([2 * a for a in done.facilities["allowance_tco2"]], rel=1e-12)


EXTENSIVE = ("supplied_mwh", "generated_mwh", "heat_gj")


def test_lines_have_the_schema_and_the_weakest_confidence():
    done = market.allowance(frame(unit()))
    assert dict(done.lines.schema) == trace.LINE_SCHEMA
    assert dict(done.factors.schema) == trace.FACTOR_SCHEMA
    assert set(done.lines["confidence"]) == {"recalled"}
    assert done.lines["line"].to_list() == list(range(1, done.lines.height + 1))


# The gap ----------------------------------------------------------------------------------------


def monthly(name: str, *values: float | None, year: int = 2024, org: str = "A") -> pl.DataFrame:
    """Return months of an organisation from January on."""
    return pl.DataFrame(
        {
            "org_code": [org] * len(values),
            "year": [year] * len(values),
            "month": list(range(1, len(values) + 1)),
            name: list(values),
        },
        schema_overrides={
            "org_code": pl.String,
            "year": pl.Int32,
            "month": pl.Int8,
            name: pl.Float64,
        },
    )


def test_gap_by_even_split():
    # 90, 110, 100: the year 1200 (1024.80 to 1375.20, see test_forecast); allowance 1100.
    # gap 100 (-75.20 to 275.20); offsets up to 5 % of 1200 = 60
    months = monthly("emission_tco2", 90.0, 110.0, 100.0)
    granted = pl.DataFrame({"org_code": ["A"], "allowance_tco2": [1100.0]})
    row = market.gap(months, granted, year=2024).row(0, named=True)
    assert row["gap_tco2"] == pytest.approx(100.0)
    assert row["gap_low_tco2"] == pytest.approx(-75.20, abs=0.01)
    assert row["gap_high_tco2"] == pytest.approx(275.20, abs=0.01)
    assert row["offset_most_tco2"] == pytest.approx(60.0)
    assert (row["method"], row["allowance_method"]) == ("even_split", "granted")
    assert "last year" in row["method_en"]


def test_a_forecast_wants_no_allowance():
    # As above; B has a month of the year before alone and so no row.
    months = pl.concat(
        [
            monthly("emission_tco2", 90.0, 110.0, 100.0),
            monthly("emission_tco2", 5.0, year=2023, org="B"),
        ]
    )
    row = market.forecast(months, year=2024).row(0, named=True)
    assert market.forecast(months, year=2024).height == 1
    assert row["emission_forecast_tco2"] == pytest.approx(1200.0)
    assert row["emission_forecast_high_tco2"] == pytest.approx(1375.20, abs=0.01)
    assert (row["known_months"], row["method"]) == (3, "even_split")


def test_gap_when_the_allowance_grows_with_output():
    # Last year 100 a month of both; now emission 110, allowance 105: the year 1320 and 1260.
    last = [100.0] * 12
    emissions = pl.concat(
        [monthly("emission_tco2", *last, year=2023), monthly("emission_tco2", 110.0, 110.0)]
    )
    allowances = pl.concat(
        [monthly("allowance_tco2", *last, year=2023), monthly("allowance_tco2", 105.0, 105.0)]
    )
    row = market.gap(emissions, allowances, year=2024).row(0, named=True)
    assert row["gap_tco2"] == pytest.approx(60.0)
    assert row["method"] == row["allowance_method"] == "shares_of_last_year"


def test_no_allowance_is_not_an_allowance_of_zero():
    months = monthly("emission_tco2", 1.0)
    with pytest.raises(ModelError, match="not an allowance of zero"):
        market.gap(months, pl.DataFrame({"org_code": ["B"], "allowance_tco2": [1.0]}), year=2024)
    twice = pl.DataFrame({"org_code": ["A", "A"], "allowance_tco2": [1.0, 2.0]})
    with pytest.raises(ModelError, match="two allowances"):
        market.gap(months, twice, year=2024)


def test_an_allowance_without_any_emission_stands_without_a_forecast():
    granted = pl.DataFrame({"org_code": ["A", "B"], "allowance_tco2": [1000.0, 500.0]})
    done = market.gap(monthly("emission_tco2", 100.0), granted, year=2024)
    row = done.row(1, named=True)
    assert (row["org_code"], row["known_months"], row["method"]) == ("B", 0, "none")
    assert (row["emission_forecast_tco2"], row["gap_tco2"]) == (None, None)


def test_nothing_to_look_at():
    months = monthly("emission_tco2")
    granted = pl.DataFrame(schema={"org_code": pl.String, "allowance_tco2": pl.Float64})
    assert market.gap(months, granted, year=2024).is_empty()
    nothing = pl.DataFrame(schema=dict(obligations(("A", "power", 2024, False)).schema))
    assert market.calendar(nothing, as_of=date(2025, 1, 1)).is_empty()
    assert market.allowance(frame()).lines.is_empty()


def test_a_month_without_data_is_told():
    months = monthly("emission_tco2", 100.0, None, 100.0)
    granted = pl.DataFrame({"org_code": ["A"], "allowance_tco2": [1000.0]})
    row = market.gap(months, granted, year=2024).row(0, named=True)
    assert (row["known_months"], row["gap_months"]) == (2, 1)
    assert row["emission_forecast_tco2"] == pytest.approx(1200.0)


# The calendar -----------------------------------------------------------------------------------


def obligations(*rows: tuple[str, str, int, bool]) -> pl.DataFrame:
    """Return obligations as a frame."""
    return pl.DataFrame(
        list(rows), schema=["org_code", "sector", "year", "is_settled"], orient="row"
    )


def test_calendar_counts_the_days():
    frame = obligations(
        ("A", "power", 2024, False), ("B", "steel", 2024, True), ("C", "power", 2023, False)
    )
    done = market.calendar(frame, as_of=date(2025, 12, 1))
    assert done["due"].to_list() == [date(2024, 12, 31), date(2025, 12, 31), date(2025, 12, 31)]
    assert done["status"].to_list() == ["overdue", "open", "settled"]
    assert done["days_left"].to_list() == [-335, 30, 30]
    assert done["confidence"].to_list() == ["recalled", "recalled", "confirmed"]


def test_calendar_names_every_deadline_it_lacks():
    frame = obligations(("A", "power", 2025, False), ("B", "steel", 2025, False))
    with pytest.raises(standards.UnresolvedKeys) as caught:
        market.calendar(frame, as_of=date(2025, 12, 1))
    asked = [error.key["id"] for error in caught.value.errors]
    assert asked == ["ets_deadline_power_2025", "steel_deadline_2025"]
    with pytest.raises(ModelError, match="glass"):
        market.calendar(obligations(("A", "glass", 2024, False)), as_of=date(2025, 1, 1))
