"""Budgets against what was used: by hand, and what must never be compared or taken as zero."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng import accounting
from tanfeng.accounting import budget
from tanfeng.errors import DataError, ModelError

NET = "energy_equivalent_net_both_tce"
CO2 = "emission_total_tco2"


def plan(*amounts: float, name: str = "A", measure: str = NET, year: int = 2024) -> pl.DataFrame:
    """Return a budget: the year, then its months if any."""
    rows = [(name, year, month, measure, amount) for month, amount in enumerate(amounts)]
    return pl.DataFrame(rows, schema=dict(budget.BUDGET_SCHEMA), orient="row")


def used(
    *values: float | None, name: str = "A", measure: str = NET, year: int = 2024, lost: int = 0
) -> pl.DataFrame:
    """Return months from January on."""
    rows = [(name, year, n, measure, value, lost) for n, value in enumerate(values, start=1)]
    return pl.DataFrame(rows, schema=dict(budget.ACTUAL_SCHEMA), orient="row")


def codes(error: DataError) -> list[str]:
    """Return the rules of every problem."""
    return [problem.rule for problem in error.problems]


# By hand ----------------------------------------------------------------------------------------


def test_even_split_is_for_display_and_the_sums_are_right():
    # 1200 a year, 100 a month; used 110, 90, 130: to date 330 against 300, 10 % above.
    done = budget.track(plan(1200.0), used(110.0, 90.0, 130.0), year=2024, through=3)
    march = done.months.row(2, named=True)
    assert (march["budget"], march["budget_to_date"], march["actual_to_date"]) == (100, 300, 330)
    assert march["deviation_rate"] == pytest.approx(0.10)
    assert done.months["is_display_only"].all()
    april = done.months.row(3, named=True)
    assert (april["actual"], april["actual_to_date"], april["deviation_rate"]) == (None, None, None)
    assert april["is_partial"] is False


def test_typed_months_are_compared_month_by_month():
    # 300, 200 and ten months of 70: the year 1200. Used 280, 210: 490 against 500, 2 % below.
    done = budget.track(
        plan(1200.0, 300.0, 200.0, *[70.0] * 10), used(280.0, 210.0), year=2024, through=2
    )
    february = done.months.row(1, named=True)
    assert february["deviation_to_date"] == pytest.approx(-10.0)
    assert february["deviation_rate"] == pytest.approx(-0.02)
    assert not done.months["is_display_only"].any()


def test_year_end_by_even_split():
    # 90, 110, 100: forecast 1200 (1024.80 to 1375.20, see test_forecast). Budget 1150: 4.35 % over.
    row = budget.track(plan(1150.0), used(90.0, 110.0, 100.0), year=2024, through=3).years.row(
        0, named=True
    )
    assert row["forecast"] == pytest.approx(1200.0)
    assert row["forecast_high"] == pytest.approx(1375.20, abs=0.01)
    assert row["deviation_rate"] == pytest.approx(50.0 / 1150.0)
    assert (row["status"], row["method"], row["unit"]) == ("likely_over", "even_split", "tce")


def test_year_end_by_the_shares_of_last_year():
    # Last year January 200 of 750 (eleven of 50): share 200/750. Now 220: 220 * 750 / 200 = 825.
    last = used(200.0, *[50.0] * 11, year=2023)
    row = budget.track(plan(900.0), pl.concat([last, used(220.0)]), year=2024, through=1).years.row(
        0, named=True
    )
    assert row["forecast"] == pytest.approx(825.0)
    assert (row["method"], row["status"]) == ("shares_of_last_year", "uncertain")


@pytest.mark.parametrize(
    ("amount", "status"),
    [(250.0, "exceeded"), (1199.0, "likely_over"), (1300.0, "at_risk"), (1400.0, "within")],
)
def test_status(amount, status):
    done = budget.track(plan(amount), used(90.0, 110.0, 100.0), year=2024, through=3)
    assert done.years["status"].to_list() == [status]


# No data is not zero ----------------------------------------------------------------------------


def test_a_month_without_data_makes_the_sum_partial_and_is_named():
    # January 110, March 130: 240 against the 200 of those two months, 20 % above, not 240 to 300.
    done = budget.track(plan(1200.0), used(110.0, None, 130.0), year=2024, through=4)
    march = done.months.row(2, named=True)
    assert march["deviation_rate"] == pytest.approx(0.20)
    assert (march["is_partial"], march["missing_months"]) == (True, "2")
    year = done.years.row(0, named=True)
    assert (year["is_partial"], year["missing_months"], year["known_months"]) == (True, "2 4", 2)


def test_an_object_without_any_data_has_no_verdict():
    done = budget.track(plan(1200.0), used(name="B"), year=2024, through=3)
    row = done.years.row(0, named=True)
    assert (row["status"], row["actual_to_date"], row["forecast"]) == ("no_data", None, None)
    assert row["missing_months"] == "1 2 3"


def test_rows_that_could_not_be_counted_make_it_partial():
    row = budget.track(plan(1200.0), used(100.0, lost=2), year=2024, through=1).years.row(
        0, named=True
    )
    assert (row["missing_rows"], row["is_partial"]) == (2, True)
    done = budget.track(plan(1200.0), used(100.0, lost=2), year=2024, through=1)
    assert done.months["is_partial"].to_list() == [True, *[False] * 11]


def test_months_after_the_one_looked_at_are_not_counted():
    done = budget.track(plan(1200.0), used(100.0, 100.0, 900.0), year=2024, through=2)
    assert done.years["actual_to_date"].to_list() == [200.0]


# What must not be compared ----------------------------------------------------------------------


def test_an_equivalent_budget_is_not_compared_with_a_calorific_actual():
    actual = used(100.0, measure="energy_calorific_net_both_tce")
    with pytest.raises(DataError, match="cannot be compared") as caught:
        budget.track(plan(1200.0), actual, year=2024, through=1)
    assert codes(caught.value) == ["B010"]
    assert "等价值综合能耗" in caught.value.message("zh")
    assert "当量值综合能耗" in caught.value.message("zh")


def test_a_net_budget_is_not_compared_with_a_whole_actual():
    with pytest.raises(DataError, match="net of feedstock and green power, what it used is"):
        budget.track(
            plan(1200.0), used(100.0, measure="energy_equivalent_tce"), year=2024, through=1
        )


def test_energy_and_co2_stand_side_by_side():
    plans = pl.concat([plan(1200.0), plan(3000.0, measure=CO2)])
    actual = pl.concat([used(100.0), used(240.0, measure=CO2)])
    years = budget.track(plans, actual, year=2024, through=1).years
    assert years.select("unit", "forecast").rows() == [
        ("tCO2", pytest.approx(2880.0)),
        ("tce", pytest.approx(1200.0)),
    ]


def test_every_budget_that_is_wrong_in_itself_is_told():
    bad = pl.concat(
        [
            plan(1.0, measure="tce"),
            plan(-1.0, name="B"),
            plan(1200.0, 600.0, 600.0, name="C"),
            plan(1200.0, *[99.0] * 12, name="D"),
            plan(1200.0, name="E").with_columns(month=pl.lit(13, dtype=pl.Int8)),
        ]
    )
    with pytest.raises(DataError) as caught:
        budget.track(bad, used(), year=2024, through=1)
    assert codes(caught.value) == ["B001", "B002", "B004", "B004", "B006", "B003", "B004", "B005"]
    with pytest.raises(ModelError, match="not on the calendar"):
        budget.track(plan(1.0), used(), year=2024, through=13)
    with pytest.raises(ModelError, match="amount"):
        budget.track(plan(1.0).drop("amount"), used(), year=2024, through=1)


# The account's own figures ----------------------------------------------------------------------


def test_figures_of_an_account_are_tracked(run):
    # 100 (1e4 kWh) of electricity a month, 10 of it green; 0.1229 kgce/kWh = 1.229 tce/1e4 kWh:
    # whole 122.9 tce a month, net of green power 90 * 1.229 = 110.61 tce.
    account = run(
        [
            {
                "item_key": "electricity",
                "year": 2023,
                "month": month,
                "consumption_total_qty": 100.0,
                "green_power_1e4kwh": 10.0,
            }
            for month in (1, 2)
        ]
    )
    totals = account.totals(["org_code", "year", "month"])
    actual = budget.figures(accounting.headline(totals), object_column="org_code")
    name = actual["object"][0]
    measure = "energy_calorific_net_green_power_tce"
    done = budget.track(
        plan(12000.0, name=name, measure=measure, year=2023), actual, year=2023, through=2
    )
    assert done.months["actual"][0] == pytest.approx(110.61)
    assert done.years["actual_to_date"][0] == pytest.approx(221.22)
    with pytest.raises(ModelError, match="month"):
        budget.figures(accounting.headline(account.totals(["org_code"])), object_column="org_code")


# Quotas -----------------------------------------------------------------------------------------


def test_what_is_handed_down_adds_up():
    # City 1000; counties 600 and 450: 50 more than there is.
    quotas = pl.concat([plan(1000.0, name="city"), plan(600.0, name="x"), plan(450.0, name="y")])
    row = budget.allocation(quotas, {"x": "city", "y": "city"}, year=2024).row(0, named=True)
    assert (row["handed_down"], row["unallocated"], row["members"]) == (1050.0, -50.0, 2)


def test_a_quota_in_another_figure_than_its_parent_is_refused():
    quotas = pl.concat(
        [plan(1000.0, name="city"), plan(6.0, name="x", measure="energy_calorific_tce")]
    )
    with pytest.raises(DataError, match="has none in that figure"):
        budget.allocation(quotas, {"x": "city"}, year=2024)


# Properties -------------------------------------------------------------------------------------

AMOUNTS = st.lists(st.floats(1.0, 1e6), min_size=2, max_size=12)


@settings(max_examples=30)
@given(AMOUNTS, st.floats(1.0, 1e7), st.floats(0.1, 100.0))
def test_scaling_budget_and_use_alike_changes_no_rate(values, amount, factor):
    through = len(values)
    once = budget.track(plan(amount), used(*values), year=2024, through=through)
    scaled = budget.track(
        plan(amount * factor), used(*(v * factor for v in values)), year=2024, through=through
    )
    for name in ("months", "years"):
        a, b = (getattr(one, name)["deviation_rate"].drop_nulls() for one in (once, scaled))
        assert a.to_list() == pytest.approx(b.to_list(), rel=1e-9, abs=1e-9)


@settings(max_examples=30)
@given(AMOUNTS)
def test_the_months_add_up_to_the_year(values):
    done = budget.track(plan(1000.0), used(*values), year=2024, through=len(values))
    assert done.months["budget"].sum() == pytest.approx(1000.0)
    assert done.months["budget_to_date"][11] == pytest.approx(1000.0)
    assert done.months["actual_to_date"][len(values) - 1] == pytest.approx(sum(values))
    assert done.years["actual_to_date"][0] == pytest.approx(sum(values))
