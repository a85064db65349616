"""Units as people write them, and rounding as the standard writes it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tanfeng import units
from tanfeng.units import CO2_PER_C, UnknownUnit, canonical_units, factor, round_gb8170


@pytest.mark.parametrize(
    ("spelling", "canonical", "expected"),
    [
        ("吨", "t", 1.0),
        ("万吨", "t", 10_000.0),
        ("ＫＷＨ", "1e4 kWh", 1e-4),  # full-width letters
        ("千瓦时", "1e4 kWh", 1e-4),
        ("万度", "1e4 kWh", 1.0),
        ("MWh", "1e4 kWh", 0.1),
        ("m³", "1e4 m3", 1e-4),
        ("万 立方米", "1e4 m3", 1.0),
        ("（百万千焦）", "GJ", 1.0),
        ("兆焦", "GJ", 1e-3),
        ("GJ", "GJ", 1.0),
        ("1e4 kWh", "1e4 kWh", 1.0),
    ],
)
def test_a_spelling_has_one_factor_to_its_unit(
    spelling: str, canonical: str, expected: float
) -> None:
    assert factor(spelling, canonical) == expected


def test_case_tells_mega_from_milli() -> None:
    assert factor("MJ", "GJ") == 1e-3
    with pytest.raises(UnknownUnit, match="'mj' is not known; expected a unit of GJ"):
        factor("mj", "GJ")


def test_a_unit_of_another_quantity_is_refused_and_named() -> None:
    with pytest.raises(UnknownUnit, match="'kWh' is 1e4 kWh, which is no GJ"):
        factor("kWh", "GJ")


def test_a_percent_is_no_share() -> None:
    assert "1" not in canonical_units("%")
    with pytest.raises(UnknownUnit):
        factor("%", "1")


def test_an_unknown_spelling_has_no_canonical_unit() -> None:
    assert canonical_units("擔") == ()
    assert "t" in canonical_units("吨")


def test_every_canonical_unit_is_a_spelling_of_itself() -> None:
    for targets in list(units._table().values()):
        for canonical in targets:
            assert factor(canonical, canonical) == 1.0


def test_carbon_to_carbon_dioxide_is_the_fraction_not_a_rounded_number() -> None:
    assert CO2_PER_C * 12 == 44
    assert CO2_PER_C not in {3.67, 3.664}


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        # GB/T 8170: below five down, above five up, exactly five to the even neighbour.
        (12.1498, 1, "12.1"),
        (12.1502, 1, "12.2"),
        (0.125, 2, "0.12"),
        (0.135, 2, "0.14"),
        (2.5, 0, "2"),
        (3.5, 0, "4"),
        (-2.5, 0, "-2"),
        (-0.04, 1, "0.0"),  # no minus before nothing
        (1250.0, -2, "1.2E+3"),
        (1350.0, -2, "1.4E+3"),
        (15.4546, 0, "15"),  # rounded once; by steps it would be 15.455, 15.46, 15.5, 16
    ],
)
def test_rounding_follows_the_standard(value: float, places: int, expected: str) -> None:
    assert str(round_gb8170(value, places)) == expected


@given(st.decimals(-(10**9), 10**9, places=6), st.integers(0, 5))
def test_rounding_moves_by_half_a_place_at_most_and_rests(value: Decimal, places: int) -> None:
    number = float(value)
    rounded = round_gb8170(number, places)
    assert abs(rounded - Decimal(repr(number))) <= Decimal(5).scaleb(-places - 1)
    assert rounded.as_tuple().exponent == -places
    assert round_gb8170(float(rounded), places) == rounded
    assert round_gb8170(-number, places) == -rounded


@given(st.integers(-(10**6), 10**6), st.integers(1, 4))
def test_a_half_goes_to_the_even_neighbour(whole: int, places: int) -> None:
    half = (Decimal(whole) + Decimal("0.5")).scaleb(-places)
    rounded = round_gb8170(float(half), places)
    assert int(rounded.scaleb(places)) % 2 == 0
