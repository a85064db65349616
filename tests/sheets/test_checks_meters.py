"""Checks of the list of metering instruments."""

from __future__ import annotations

import pytest


def meter(**fields):
    return {
        "seq": 1,
        "meter_no": "E-01",
        "meter_name": "总进线电能表",
        "meter_class": "电能表",
        "model": "DSZ331 3×1.5(6)A",
        "accuracy_class": "0.5S",
        "multiplier": 6000,
        "manufacturer": "甲厂",
        "serial_no": "A1",
        "energy_name": "电力",
        "meter_level": "进出用能单位",
        "location": "总降",
        "status": "合格",
        "verified_on": "2025-03-01",
        "valid_until": "2027-03-01",
    } | fields


def told(bench, *rows):
    result = bench.read_rows("meter_list", *rows)
    return [(p.rule, p.severity, p.row) for p in result.problems if p.severity != "info"]


def test_clean_meter(bench):
    assert told(bench, meter()) == []


@pytest.mark.parametrize(
    ("fields", "rule", "severity"),
    [
        ({"multiplier": None}, "K003", "error"),
        ({"multiplier": None, "model": "DDS", "accuracy_class": "1.0"}, "K003", "warning"),
        ({"multiplier": 0}, "X044", "error"),
        ({"valid_until": "2025-02-01"}, "K001", "error"),
        ({"valid_until": "2025-03-01"}, "K001", "error"),
        ({"energy_name": "魔力"}, "X007", "error"),
        ({"verified_on": "2027-03-01", "valid_until": "2029-03-01"}, "X032", "warning"),
    ],
)
def test_bad_meter(bench, fields, rule, severity):
    assert (rule, severity, 2) in told(bench, meter(**fields))


def test_one_serial_twice(bench):
    rows = (meter(), meter(meter_no="E-02"), meter(meter_no="E-03", manufacturer="乙厂"))
    assert told(bench, *rows) == [("K002", "error", 3)]


def test_what_is_computed_from_other_points_needs_no_multiplier(bench):
    computed = {"multiplier": None, "point": "V-1", "expression": "P-1 - P-2"}
    assert told(bench, meter(**computed)) == []
    assert told(bench, meter(**computed | {"multiplier": 0})) == [("X044", "error", 2)]


def test_a_gas_meter_needs_no_multiplier(bench):
    assert told(bench, meter(energy_name="天然气", multiplier=None, model="LWGY")) == []
    assert told(bench, meter(energy_name="水", multiplier=None)) == []
