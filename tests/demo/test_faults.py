"""Planted faults are where the list says, and nowhere else."""

import polars as pl
import pytest

from tanfeng.demo._tables import table

COMMITTED = table("faults").filter(pl.col("where") == "committed")["fault"].to_list()


def _at(frame: pl.DataFrame, place: dict) -> dict:
    keys = ["org_code", "year", "month"] + (["item_key"] if place["item_key"] else [])
    return frame.row(
        by_predicate=pl.all_horizontal(pl.col(key) == place[key] for key in keys), named=True
    )


def _places(city, fault: str) -> list[dict]:
    return [place for place in city.planted.faults if place["fault"] == fault]


@pytest.mark.parametrize("city", ["small_city", "full_city"])
@pytest.mark.parametrize("fault", [*COMMITTED, "corrected_value", "late_month"])
def test_every_fault_of_reported_data_is_planted(city, fault, request):
    assert _places(request.getfixturevalue(city), fault)


def test_no_enterprise_carries_two_faults(full_city):
    faults = pl.DataFrame(full_city.planted.faults)
    kinds = faults.group_by("org_code").agg(pl.col("fault").n_unique())
    assert kinds["fault"].max() == 1


def test_planted_rows_show_their_fault(full_city):
    energy, output = full_city.planted.energy, full_city.planted.output
    for place in _places(full_city, "stock_imbalance"):
        row = _at(energy, place)
        closing = (
            row["opening_stock_qty"]
            + row["purchase_qty"]
            + (row["own_production_qty"] or 0)
            - row["consumption_total_qty"]
        )
        assert abs(closing - row["closing_stock_qty"]) > 0.05 * row["consumption_total_qty"]
    for place in _places(full_city, "consumption_missing"):
        assert _at(energy, place)["consumption_total_qty"] is None
    for place in _places(full_city, "electricity_coefficient"):
        assert _at(energy, place)["coef_used_tce"] > 3
    for place in _places(full_city, "output_zero"):
        assert _at(output, place)["output_qty"] == 0
    for place in _places(full_city, "value_added_negative"):
        assert _at(output, place)["value_added_kcny"] < 0


def test_missing_months_are_gone_from_both_forms(full_city):
    for place in _places(full_city, "missing_months"):
        for frame in (full_city.planted.energy, full_city.planted.output):
            left = frame.filter(
                (pl.col("org_code") == place["org_code"])
                & (pl.col("year") == place["year"])
                & (pl.col("month") == place["month"])
            )
            assert left.is_empty()


def test_frozen_values_stand_four_months_running(full_city):
    for place in _places(full_city, "frozen_values"):
        months = full_city.planted.energy.filter(
            (pl.col("org_code") == place["org_code"])
            & (pl.col("year") == place["year"])
            & (pl.col("item_key") == "electricity")
            & pl.col("month").is_between(place["month"] - 3, place["month"])
        )
        assert months.height == 4
        assert months["consumption_total_qty"].n_unique() == 1


def test_corrections_are_a_fifth_below_what_was_reported_first(full_city):
    corrections = full_city.planted.corrections
    assert corrections.height == 15
    for row in corrections.iter_rows(named=True):
        first = _at(full_city.planted.energy, row)
        # 1 / 1.25 = 0.8
        ratio = row["consumption_total_qty"] / first["consumption_total_qty"]
        assert ratio == pytest.approx(0.8, abs=0.01)


def test_late_rows_are_not_in_the_first_report(full_city):
    late = full_city.planted.late
    assert late["month"].unique().to_list() == [12]
    assert full_city.planted.energy.join(
        late, on=["org_code", "year", "month", "item_key"], how="semi"
    ).is_empty()
