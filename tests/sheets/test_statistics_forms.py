"""Forms 205-3 and B204-1 as printed: template, writing, reading, no invented column."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tanfeng import sheets

HEAD = {"credit_code": "91359999MADEM00015", "period": "2025-03"}
TODAY = dt.date(2026, 1, 31)


def test_b204_1_there_and_back():
    """Values in thousand CNY, parts printed as rows of their own, then one row per product."""
    frame = pl.DataFrame(
        {
            "indicator_name": [
                "工业总产值(当年价格)",
                "工业销售产值(当年价格)",
                "其中:出口交货值",
                "水泥",
            ],
            "unit_zh": ["万元", "千元", "千元", "吨"],
            "indicator_code": ["01", "02", "03", "3011"],
            "month_value": [10.0, 90.0, 10.0, 50.0],
            "ytd_value": [30.0, 280.0, 30.0, 150.0],
        }
    )
    result = sheets.read(sheets.write("stat_b204_1", frame, head=HEAD), "b.xlsx", today=TODAY)
    assert result.form is not None
    assert result.form.key == "stat_b204_1"
    assert result.head["period"] == "2025-03"
    assert not [p for p in result.problems if p.severity == "error"]
    assert result.accepted["ytd_value"].to_list()[1:] == [280.0, 30.0, 150.0]
    assert result.accepted["indicator_name"].to_list()[2] == "其中:出口交货值"


def test_205_3_there_and_back():
    """110 kg over 1 t: the value of this year and of last year stand under one heading each."""
    frame = pl.DataFrame(
        {
            "indicator_name": ["吨水泥熟料综合能耗"],
            "indicator_unit": ["千克标准煤/吨"],
            "indicator_code": ["001"],
            "numerator_unit": ["吨标准煤"],
            "denominator_unit": ["吨"],
            "scaling_factor": [1000.0],
            "value_current": [110.0],
            "numerator_current": [11.0],
            "denominator_current": [100.0],
            "value_previous": [115.0],
        }
    )
    result = sheets.read(sheets.write("stat_205_3", frame, head=HEAD), "c.xlsx", today=TODAY)
    assert result.form is not None
    assert result.form.key == "stat_205_3"
    row = result.accepted.row(0, named=True)
    assert (row["value_current"], row["value_previous"]) == (110.0, 115.0)
    assert (row["numerator_current"], row["denominator_current"]) == (11.0, 100.0)


@pytest.mark.parametrize("key", ["stat_205_3", "stat_b204_1"])
def test_the_template_is_read_as_what_it_is(key):
    result = sheets.read(sheets.template(key), "t.xlsx", today=TODAY)
    assert result.form is not None
    assert result.form.key == key
    assert result.missing == ()
