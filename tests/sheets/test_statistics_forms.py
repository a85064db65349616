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


@pytest.mark.parametrize("key", ["stat_205_2", "stat_205_3", "stat_b204_1"])
def test_the_template_is_read_as_what_it_is(key):
    result = sheets.read(sheets.template(key), "t.xlsx", today=TODAY)
    assert result.form is not None
    assert result.form.key == key
    assert result.missing == ()


def _conversion(**rows):
    """Return form 205-2 of a power plant: coal in, electricity and heat out."""
    coal = {
        "energy_name": "原煤", "unit_zh": "吨", "energy_code": "01",
        "industrial_consumption_qty": 1000.0, "conversion_input_qty": 1000.0,
        "input_power_qty": 700.0, "input_heat_qty": 300.0, "coef_used_tce": 0.7143,
    }  # fmt: skip
    power = {
        "energy_name": "电力", "unit_zh": "万千瓦时", "energy_code": "33",
        "conversion_output_qty": 200.0, "conversion_output_tce": 245.8, "coef_used_tce": 1.229,
    }  # fmt: skip
    told = [coal | rows.get("coal", {}), power | rows.get("power", {})]
    names = {name: None for row in told for name in row}
    return pl.DataFrame([names | row for row in told], infer_schema_length=None)


def _read(frame):
    return sheets.read(sheets.write("stat_205_2", frame, head=HEAD), "d.xlsx", today=TODAY)


def test_205_2_there_and_back():
    """1000 t x 0.7143 = 714.3 tce in, 200 x 1.229 = 245.8 tce out: 34.4 %, nothing to say."""
    result = _read(_conversion())
    assert result.form.key == "stat_205_2"
    assert result.head["period"] == "2025-03"
    assert [p for p in result.problems if p.severity != "info"] == []
    rows = {row["item_key"]: row for row in result.accepted.to_dicts()}
    assert (rows["raw_coal"]["input_power_qty"], rows["raw_coal"]["input_heat_qty"]) == (700, 300)
    assert rows["electricity"]["conversion_output_tce"] == 245.8


@pytest.mark.parametrize(
    ("rows", "rule", "severity", "words"),
    [
        # 700 + 200 = 900, not 1000
        ({"coal": {"input_heat_qty": 200.0}}, "E027", "error", "900"),
        ({"coal": {"industrial_consumption_qty": 900.0}}, "X045", "warning", "1000"),
        ({"power": {"conversion_output_tce": 300.0}}, "X046", "warning", "245.8"),
        # 600 x 1.229 = 737.4 tce out of 714.3: 103.2 %
        (
            {"power": {"conversion_output_qty": 600.0, "conversion_output_tce": 737.4}},
            "E028", "warning", "103.2",
        ),
        # 20 x 1.229 = 24.58 of 714.3: 3.4 %
        (
            {"power": {"conversion_output_qty": 20.0, "conversion_output_tce": 24.58}},
            "E028", "warning", "3.4",
        ),
        ({"coal": {"coef_used_tce": 7.143}}, "E012", "warning", "10"),
    ],
)  # fmt: skip
def test_205_2_is_checked(rows, rule, severity, words):
    found = [p for p in _read(_conversion(**rows)).problems if p.rule == rule]
    assert [p.severity for p in found][:1] == [severity]
    assert words in found[0].message("zh")
    assert words in found[0].message("en")


def test_205_2_and_205_1_are_told_apart():
    """A table of consumption stays form 205-1; one of inputs is 205-2, whatever it is called."""
    one = pl.DataFrame(
        {"energy_name": ["电力"], "unit_zh": ["万千瓦时"], "consumption_total_qty": [10.0]}
    )
    first = sheets.read(sheets.write("stat_205_1", one, head=HEAD), "x.xlsx", today=TODAY)
    assert (first.form.key, _read(_conversion()).form.key) == ("stat_205_1", "stat_205_2")


def test_205_2_holds_no_data_of_the_account():
    from tanfeng.errors import ModelError

    with pytest.raises(ModelError):
        sheets.activity(_read(_conversion()))
