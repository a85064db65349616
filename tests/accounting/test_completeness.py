"""Who reported which month."""

from __future__ import annotations

import polars as pl
import pytest

from tanfeng import accounting
from tanfeng.errors import ModelError


def due(*months: tuple[str, int, int]) -> pl.DataFrame:
    return pl.DataFrame(list(months), schema=["org_code", "year", "month"], orient="row")


def row(org: str, month: int, **more: object) -> dict[str, object]:
    return {
        "item_key": "diesel",
        "org_code": org,
        "month": month,
        "consumption_total_qty": 1.0,
        **more,
    }


def test_missing_months_are_named(make_activity) -> None:
    activity = make_activity([row("A", 1), row("A", 1, item_key="coke"), row("A", 3), row("C", 1)])
    expected = due(*(("A", 2023, m) for m in range(1, 5)), ("B", 2023, 1))
    assert accounting.completeness(activity, expected).rows(named=True) == [
        {
            "org_code": "A",
            "year": 2023,
            "expected_months": 4,
            "reported_months": 2,
            "complete_share": 0.5,
            "missing_months": "2023-02 2023-04",
        },
        {
            "org_code": "B",
            "year": 2023,
            "expected_months": 1,
            "reported_months": 0,
            "complete_share": 0.0,
            "missing_months": "2023-01",
        },
    ]


def test_a_reported_zero_is_a_report_and_an_empty_row_is_none(make_activity) -> None:
    activity = make_activity(
        [row("A", 1, consumption_total_qty=0.0), row("A", 2, consumption_total_qty=None)]
    )
    result = accounting.completeness(activity, due(("A", 2023, 1), ("A", 2023, 2)))
    assert result["missing_months"].to_list() == ["2023-02"]


def test_a_row_of_the_whole_year_stands_for_its_months(make_activity) -> None:
    result = accounting.completeness(
        make_activity([row("A", 0)]), due(("A", 2023, 1), ("A", 2023, 12), ("A", 2024, 1))
    )
    assert result["reported_months"].to_list() == [2, 0]
    assert result["missing_months"].to_list() == ["", "2024-01"]


@pytest.mark.parametrize(
    "expected", [due(("A", 2023, 1), ("A", 2023, 1)), due(("A", 2023, 0)), due(("A", 2023, 13))]
)
def test_expected_months_must_be_months_once(make_activity, expected: pl.DataFrame) -> None:
    with pytest.raises(ModelError, match="each month from 1 to 12 once"):
        accounting.completeness(make_activity([row("A", 1)]), expected)


def test_expected_needs_its_columns(make_activity) -> None:
    with pytest.raises(ModelError, match="org_code, year, month"):
        accounting.completeness(make_activity([row("A", 1)]), pl.DataFrame({"org_code": ["A"]}))
