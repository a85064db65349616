"""Columns of charts: the unit and the decimals a person reads."""

from __future__ import annotations

import pytest

from tanfeng.console.accounting import charts


def waterfall(*values: float):
    names = [str(n) for n in range(len(values))]
    data = charts.columns(names, [("d", "差", values)], unit="tCO₂", totals=[0, len(values) - 1])
    assert data is not None
    return data


@pytest.mark.parametrize(
    ("values", "unit", "places", "shown"),
    [
        # 2,345,123.4 t and causes of ten thousands: one decimal of 万 is enough.
        ((2_345_123.4, 55_000.0, 2_400_123.4), "万 tCO₂", 1, 5.5),
        # 5,700 t are 0.57 万: two decimals.
        ((2_345_123.4, 5_700.0, 2_350_823.4), "万 tCO₂", 2, 0.57),
        # 57 t would be 0.0057 万: drawn in tonnes.
        ((2_345_123.4, 57.0, 2_345_180.4), "tCO₂", 0, 57.0),
        # 0.57 t beside two million: two decimals of a tonne.
        ((2_345_123.4, 0.57, 2_345_123.97), "tCO₂", 2, 0.57),
        ((900.0, 0.034, 900.034), "tCO₂", 3, 0.034),
        # What floating point leaves is no cause.
        ((2_345_123.4, 1e-9, 2_345_123.4), "万 tCO₂", 1, 0.0),
        ((0.0, 0.0, 0.0), "tCO₂", 0, 0.0),
        ((-2_345_123.4, -5_700.0, -2_350_823.4), "万 tCO₂", 2, -0.57),
    ],
)
def test_the_smallest_cause_shows_beside_the_largest_total(values, unit, places, shown):
    data = waterfall(*values)
    assert (data["unit"], data["places"]) == (unit, places)
    assert round(data["series"][0]["values"][1], places) == pytest.approx(shown)


def test_a_series_over_years_keeps_one_decimal_of_ten_thousand():
    data = charts.columns(["2023"], [("d", "差", [2_345_123.4, 57.0])], unit="tCO₂")
    assert data is not None
    assert (data["unit"], data["places"]) == ("万 tCO₂", 1)
