"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng.sheets._numbers import is_nil, is_pending, scaled, show, times, to_unit, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234),
        ("1,234", 1234),
        ("1,234,567.5", 1234567.5),
        ("1 288 000", 1288000),
        ("1'234", 1234),
        ("１，３１０，５００", 1310500),
        ("１１２１７.５", 11217.5),
        ("-5", -5),
        ("−5", -5),
        ("(123)", -123),
        ("（1,234.5）", -1234.5),
        (".5", 0.5),
        ("5.", 5),
        ("1.2E+05", 120000),
        ("0.00", 0),
        ("零", 0),
        (" 4,860 ", 4860),
    ],
)
def test_numbers(text, value):
    assert written(text).sort == "number"
    assert written(text).value == value


@pytest.mark.parametrize(
    ("text", "value", "word", "unit"),
    [
        ("98.4万", 98.4, "万", ""),
        ("7.2亿", 7.2, "亿", ""),
        ("3百万", 3, "百万", ""),
        ("￥639,600", 639600, "", "元"),
        ("¥1,000.5", 1000.5, "", "元"),
        ("837,200元", 837200, "", "元"),
        ("30kW", 30, "", "kW"),
        ("100马力", 100, "", "马力"),
        ("8%", 8, "", "%"),
        ("１２％", 12, "", "%"),
        ("4极", 4, "", "极"),
        ("1台", 1, "", "台"),
        ("120万吨", 120, "", "万吨"),
        ("1.2万kWh", 1.2, "", "万kWh"),
        ("80万吨/年", 80, "", "万吨/年"),
    ],
)
def test_numbers_with_scale_and_unit(text, value, word, unit):
    said = written(text)
    assert (said.sort, said.value, said.scale_word, said.unit) == ("number", value, word, unit)


@pytest.mark.parametrize(
    "text",
    ["约100", "1,23", "1.2.3", "1 2", "l2O.5", "1234567,890", "万", "+", "(12", "100+50", "1e999"],
)
def test_no_numbers(text):
    assert written(text).sort == "text"


def test_other_sorts():
    assert written("#REF!").sort == "error"
    assert written("=SUM(A1:A3)").sort == "formula"
    assert written("11.0-13.3").sort == "range"
    assert written("11~13").sort == "range"
    assert written("9" * 65).sort == "text"  # nobody writes 65 digits


@pytest.mark.parametrize(
    "token", ["—", "-", "--", "——", "/", "无", "暂无", "不详", "N/A", "空", "*", "…", " — ", "－"]
)
def test_no_data_is_not_zero(token):
    assert is_nil(token)
    assert written(token) == written("—")
    assert written(token).value is None


@pytest.mark.parametrize("token", ["0", "0.0", "0.00", "零"])
def test_zero_is_not_no_data(token):
    assert not is_nil(token)
    assert written(token).value == 0


def test_pending_is_no_value():
    assert is_pending("未办理")
    assert is_pending(" 办理中 ")
    assert not is_pending("已办理")


@pytest.mark.parametrize(
    ("text", "unit", "heading", "factor", "value"),
    [
        ("98.4万", "1e4 kWh", "kWh", 1e-4, 98.4),  # 984,000 kWh
        ("7.2亿", "1e4 CNY", "亿元", 1e4, 72000),  # 7.2 of the heading's own unit
        ("7.2亿", "1e4 CNY", "万元", 1, 72000),  # 720,000,000 CNY
        ("3万", "1e3 CNY", "千元", 1, 30),  # 30,000 CNY
        ("1.2万", "t", "万吨", 1e4, 12000),
        ("1.2万", "t", "吨", 1, 12000),
        ("2.1万", "GJ", "百万千焦", 1, 21000),  # 百万千焦 is one unit, not a scale
        ("3万", "1e4 kWh", "千瓦时", 1e-4, 3),  # nor is 千瓦时
        ("837,200元", "1e3 CNY", "千元", 1, 837.2),  # the cell wins over the heading
        ("100马力", "kW", "kW", 1, 73.55),  # 0.7355 kW per metric horsepower
        ("2万台", "set", "台", 1, 20000),
    ],
)
def test_scaled(text, unit, heading, factor, value):
    assert scaled(written(text), unit, heading, factor) == pytest.approx(value, rel=1e-14)


def test_unit_of_another_kind_is_refused():
    assert scaled(written("5吨"), "1e4 kWh", "", 1) is None


def test_factors():
    assert to_unit("万度", "1e4 kWh") == 1
    assert to_unit("MWh", "1e4 kWh") == 0.1
    assert to_unit("亿元", "1e4 CNY") == 1e4
    assert to_unit("元", "1e4 CNY") == 1e-4
    assert to_unit("吨", "GJ") is None
    assert to_unit("吨", "") is None


def test_times_keeps_decimals():
    assert float(times(1256000.0, 1e-4)) == 125.6  # 125.60000000000001 by multiplying
    assert float(times(2350.0, 0.001)) == 2.35
    assert float(times(30.0, 4.1868)) == 30 * 4.1868


def test_show():
    assert show(1200.0) == "1200"
    assert show(0.7143) == "0.7143"
    assert show(1e20) == "1e+20"
    assert show(float("nan")) == "nan"


@pytest.mark.parametrize(
    ("spelling", "unit", "expected"),
    [
        ("万千瓦时", "MWh", 10.0),  # 1e4 kWh = 10 MWh
        ("kWh", "MWh", 1e-3),
        ("吨", "kg", 1000.0),
        ("立方米", "1e4 Nm3", 1e-4),  # taken at face value, as the table of units says
        ("万标准立方米", "1e4 Nm3", 1.0),
        ("MWh", "MWh", 1.0),
        ("吨", "MWh", None),
        ("tCO2", "t", None),  # a canonical unit is never reached by a detour
        ("MJ", "tC/GJ", None),
    ],
)
def test_units_that_are_spellings_themselves_are_reached(spelling, unit, expected):
    found = to_unit(spelling, unit)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-15))


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4)


@settings(deadline=None)
@given(amounts)
def test_thousands_commas_round_trip(amount):
    assert written(f"{amount:,f}").value == float(amount)


@settings(deadline=None)
@given(amounts)
def test_full_width_round_trip(amount):
    wide = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
    assert written(f"{amount:f}".translate(wide)).value == float(amount)


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=99999, places=2))
def test_wan_round_trip(amount):
    said = written(f"{amount:f}万")
    assert scaled(said, "", "", 1.0) == pytest.approx(float(amount) * 1e4, rel=1e-15)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_something(text):
    said = written(text)
    assert (said.value is not None) == (said.sort == "number")
