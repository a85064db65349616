"""A city's own verified value wins and shows; a careless one is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from tanfeng import standards
from tanfeng.errors import StandardError
from tanfeng.standards import Override, Overrides

MINE = Override(
    table="fuels",
    row_id="fuel_ndrc_general_2015_coke_ncv",
    value=28.435,
    unit="GJ/t",
    document="某检测报告 2025-001, 表2",
    verified_by="核实人甲",
    verified_on=date(2025, 3, 1),
    note="三批平均",
)
KEY = {"guideline": "NDRC-GENERAL-2015", "fuel_key": "coke", "parameter": "ncv"}


def test_it_wins_and_everything_about_it_shows():
    found = standards.lookup("fuels", overrides=Overrides([MINE]), **KEY)
    assert (found.value, found.text, found.shipped) == (28.435, "28.435", "28.446")
    assert (found.confidence, found.verified) == ("override", True)
    assert (found.document, found.clause) == ("某检测报告 2025-001", "表2")
    assert found.note == "三批平均"
    assert found.override == MINE
    assert found.override_text == (
        "28.435 GJ/t; 某检测报告 2025-001, 表2; 核实人甲; 2025-03-01; 三批平均; <- 28.446 GJ/t"
    )
    assert found.ref == MINE.ref == "fuels/fuel_ndrc_general_2015_coke_ncv"


def test_other_rows_stay_as_shipped():
    found = standards.lookup("fuels", overrides=Overrides([MINE]), **KEY | {"fuel_key": "diesel"})
    assert (found.value, found.override, found.override_text, found.shipped) == (
        43.33,
        None,
        "",
        "",
    )
    assert not found.verified


def test_in_resolve_it_wins_too():
    keys = pl.DataFrame([KEY | {"fuel_key": fuel} for fuel in ("diesel", "coke", "coke")])
    found = standards.resolve("fuels", keys, overrides=Overrides([MINE]))
    assert found["value"].to_list() == [43.33, 28.435, 28.435]
    assert found["confidence"].to_list() == ["single", "override", "override"]
    assert found["shipped"].to_list() == ["", "28.446", "28.446"]
    one = standards.lookup("fuels", overrides=Overrides([MINE]), **KEY)
    assert found.row(1, named=True)["override"] == one.override_text
    assert found.row(1, named=True)["document"] == "某检测报告 2025-001"
    elsewhere = Overrides([replace(MINE, table="coal_rate", row_id="coal_rate_cn_2020")])
    assert standards.resolve("fuels", keys, overrides=elsewhere)["override"].to_list() == [""] * 3


def test_a_note_of_the_row_stays_when_the_override_has_none():
    override = Override("fuels", "fuel_ndrc_general_2015_lpg_ncv", 47, "GJ/t", "d", "x", MINE.verified_on)  # fmt: skip  # noqa: E501
    found = standards.lookup("fuels", overrides=Overrides([override]), id=override.row_id)
    assert found.note == "recollection has oxidation 98%"
    assert found.text == "47"


def test_overrides_are_a_frozen_mapping_with_one_digest():
    other = replace(MINE, row_id="fuel_ndrc_general_2015_diesel_ncv", value=42.652)
    both, turned = Overrides([MINE, other]), Overrides([other, MINE])
    assert both == turned
    assert hash(both) == hash(turned)
    assert both.digest() == turned.digest() != Overrides([MINE]).digest()
    assert Overrides([replace(MINE, value=28.4350001)]).digest() != Overrides([MINE]).digest()
    assert list(both) == [MINE.ref, other.ref]
    assert len(both) == 2
    assert both[MINE.ref] is MINE
    assert "28.435" in repr(both)
    assert len(Overrides()) == 0
    with pytest.raises(TypeError):
        both[MINE.ref] = other
    with pytest.raises(StandardError, match="two overrides speak of fuels/"):
        Overrides([MINE, MINE])


def test_check_override_returns_the_row_it_replaces():
    assert standards.check_override(MINE).text == "28.446"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"unit": "kJ/kg"}, "in 'kJ/kg', the row in 'GJ/t'; convert the value"),
        ({"value": float("nan")}, "is nan, which is no value"),
        ({"value": float("inf")}, "is inf, which is no value"),
        ({"document": " "}, "has no document; fill it in"),
        ({"verified_by": ""}, "has no verified_by; fill it in"),
        ({"row_id": "fuel_ndrc_general_2015_cok_ncv"}, "no row for id=.*Nearest: fuels/"),
        ({"table": "fuel"}, "no table 'fuel'"),
        ({"table": "industries", "row_id": "section_B"}, "only numbers can be overridden"),
    ],
)
def test_a_careless_override_is_refused(change, told):
    with pytest.raises(StandardError, match=told):
        standards.check_override(replace(MINE, **change))


def test_a_careless_override_stops_a_calculation():
    wrong = Overrides([replace(MINE, unit="kJ/kg")])
    with pytest.raises(StandardError, match="convert the value"):
        standards.lookup("fuels", overrides=wrong, **KEY)
    with pytest.raises(StandardError, match="convert the value"):
        standards.resolve("fuels", pl.DataFrame([KEY]), overrides=wrong)
