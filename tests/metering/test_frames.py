"""Units of metering points and the digest of their table."""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources

import pytest

from tanfeng.metering import frames
from tanfeng.metering.frames import UnknownMeterUnit, meter_unit, meter_units

TABLES = resources.files("tanfeng.metering") / "tables"


def test_the_table_is_the_one_its_sidecar_describes():
    about = tomllib.loads((TABLES / "meter_units.toml").read_text("utf-8"))["digest"]
    assert hashlib.sha256((TABLES / "meter_units.csv").read_bytes()).hexdigest() == about["sha256"]
    assert len(meter_units()) == about["rows"]


def test_a_megawatt_held_for_an_hour_is_a_thousand_kilowatt_hours():
    unit = meter_unit("MW")
    assert (unit.base_unit, unit.factor, unit.measures) == ("kWh", 1000.0, "rate")


def test_a_base_unit_is_its_own_amount():
    for unit in meter_units().values():
        base = meter_unit(unit.base_unit)
        assert (base.factor, base.measures, base.base_unit) == (1.0, "amount", unit.base_unit)


def test_an_unknown_unit_is_refused_with_those_that_stand():
    with pytest.raises(UnknownMeterUnit, match=r"'MJ/d' is not a unit.*kWh, MWh"):
        meter_unit("MJ/d")


def test_every_quality_has_its_place():
    assert list(frames.QUALITY.categories) == ["measured", "estimated", "partial", "missing"]
