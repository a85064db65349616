"""Forms 205-3 and B204-1 as printed: template, writing, reading, no invented column."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from form_files import book
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


# 205-1 beside 205-2


def _consumption(coal=None, power=None, more=()):
    """Return form 205-1 of the same plant: 1000 t of coal, and 10 of its own 200 for itself."""
    rows = [
        {
            "energy_name": "原煤", "unit_zh": "吨", "energy_code": "01", "purchase_qty": 1000.0,
            "consumption_total_qty": 1000.0, "industrial_consumption_qty": 1000.0,
            "coef_used_tce": 0.7143,
        } | (coal or {}),
        {
            "energy_name": "电力", "unit_zh": "万千瓦时", "energy_code": "33", "purchase_qty": 0.0,
            "consumption_total_qty": 10.0, "industrial_consumption_qty": 10.0,
            "coef_used_tce": 1.229,
        } | (power or {}),
        *more,
    ]  # fmt: skip
    names = {name: None for row in rows for name in row}
    return pl.DataFrame([names | row for row in rows], infer_schema_length=None)


def _together(one, two, stated="", head=HEAD):
    """Read both forms from one workbook, and return the findings that set them side by side."""
    told = {**HEAD, "comprehensive_energy_tce": stated} if stated else HEAD
    both = book(
        ("205-1", sheets.write("stat_205_1", one, head=told)),
        ("205-2", sheets.write("stat_205_2", two, head=head)),
    )
    read = sheets.read_all(both, "both.xlsx", today=TODAY)
    assert [one.form.key for one in read] == ["stat_205_1", "stat_205_2"]
    found = [p for one in read for p in one.problems if p.rule in ("E026", "E029", "E030")]
    return [(p.rule, p.severity, p.sheet, p.heading, p.value) for p in found], found


def test_the_two_forms_agree():
    """1000 x 0.7143 + 10 x 1.229 = 726.59 used, 245.8 made: 480.79 tce, told as 480.8."""
    for stated in ("", "480.8", "480.8吨标准煤"):
        assert _together(_consumption(), _conversion(), stated)[0] == []


def test_conversion_takes_in_more_than_industry_used():
    """900 t used by 205-1, 1000 t into conversion by 205-2; 999.995 is rounding."""
    less = {"industrial_consumption_qty": 900.0, "non_industrial_consumption_qty": 100.0}
    told, (found,) = _together(_consumption(coal=less), _conversion())
    assert told == [("E026", "error", "205-2", "加工转换投入/加工转换投入合计", "1000")]
    assert "900" in found.remedy("zh")
    assert "900" in found.remedy("en")
    near = {"industrial_consumption_qty": 999.995, "non_industrial_consumption_qty": 0.005}
    assert _together(_consumption(coal=near), _conversion())[0] == []
    # A kind of coal is looked at as well, though it is part of raw coal: 300 used, 400 put in.
    kind = {"energy_name": "一般烟煤", "unit_zh": "吨", "energy_code": "04"}
    used = kind | {"consumption_total_qty": 300.0, "industrial_consumption_qty": 300.0}
    two = pl.concat(
        [_conversion(), pl.DataFrame([kind | {"conversion_input_qty": 400.0}])], how="diagonal"
    )
    told, _found = _together(_consumption(more=[used]), two)
    assert [(rule, value) for rule, *_, value in told] == [("E026", "400")]
    # No data is not zero: 205-1 that leaves industrial use open says nothing about it.
    assert (
        _together(_consumption(coal={"industrial_consumption_qty": None}), _conversion())[0] == []
    )


@pytest.mark.parametrize(
    ("stated", "rows", "calc"),
    [
        ("726.59", {}, "480.79"),  # what was made was not taken off
        ("483.3", {}, "480.79"),  # 2.51 off, 0.5 % of 480.79 is 2.40
        # 50 t of coal slack recovered: 50 x 0.7143 = 35.715, 480.79 - 35.715 = 445.075
        ("480.79", {"coal": {"recovery_qty": 50.0}}, "445.075"),
        # Output in physical units alone: 100 x 1.229 = 122.9, 726.59 - 122.9 = 603.69
        (
            "480.79",
            {"power": {"conversion_output_qty": 100.0, "conversion_output_tce": None}},
            "603.69",
        ),
    ],
)
def test_comprehensive_energy_is_redone_from_both_forms(stated, rows, calc):
    told, (found,) = _together(_consumption(), _conversion(**rows), stated)
    assert told == [("E029", "error", "205-1", "", stated)]
    assert calc in found.message("zh")
    assert calc in found.message("en")


def test_half_a_percent_or_a_tonne_is_rounding():
    """0.5 % of 480.79 is 2.40; of a plant of 12.29 tce it is 0.06, and one tonne is allowed."""
    assert _together(_consumption(), _conversion(), "483.1")[0] == []
    small = {"industrial_consumption_qty": 0.0, "consumption_total_qty": 0.0, "purchase_qty": 0.0}
    none = {"coal": dict.fromkeys(("industrial_consumption_qty", "conversion_input_qty",
                                   "input_power_qty", "input_heat_qty"), 0.0),
            "power": {"conversion_output_qty": 0.0, "conversion_output_tce": 0.0}}  # fmt: skip
    bought = {"purchase_qty": 10.0}
    one = _consumption(coal=small, power=bought)
    assert _together(one, _conversion(**none), "13.2")[0] == []
    assert [rule for rule, *_ in _together(one, _conversion(**none), "13.4")[0]] == ["E029"]


def test_own_power_without_output_is_told():
    """10 used, 4 bought: somebody made 6, and neither form says so."""
    nothing = {"power": {"conversion_output_qty": None, "conversion_output_tce": None}}
    used = _consumption(power={"purchase_qty": 4.0})
    told, _found = _together(used, _conversion(**nothing))
    assert told == [("E030", "warning", "205-1", "消费量/合计", "10")]
    assert _together(_consumption(power={"purchase_qty": 10.0}), _conversion(**nothing))[0] == []
    roof = {"energy_name": "自发电量", "unit_zh": "万千瓦时", "consumption_total_qty": 6.0}
    marked = _consumption(power={"purchase_qty": 4.0}, more=[roof])
    assert _together(marked, _conversion(**nothing))[0] == []


def test_forms_of_different_months_are_not_compared():
    less = _consumption(coal={"industrial_consumption_qty": 900.0})
    assert _together(less, _conversion(), "9", head={**HEAD, "period": "2025-02"})[0] == []
