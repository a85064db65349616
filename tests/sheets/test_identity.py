"""Credit codes, industry codes, place codes."""

from __future__ import annotations

import pytest

from tanfeng import sheets
from tanfeng.sheets._identity import (
    ALPHABET,
    check_character,
    credit_code_problem,
    credit_code_suggestion,
    industry_classes,
    is_credit_code,
    is_place_code,
)

CODE = "91359999MADEM00015"


def test_check_character_by_hand():
    # Values of the 17 characters times 3^i mod 31, summed; the rest to 31 is the check value.
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    values = [9, 1, 3, 5, 9, 9, 9, 9, 21, 10, 13, 14, 21, 0, 0, 0, 1]
    total = sum(w * v for w, v in zip(weights, values, strict=True))
    assert ALPHABET[(31 - total % 31) % 31] == CODE[-1]
    assert check_character(CODE[:17]) == CODE[-1]
    assert is_credit_code(CODE)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (CODE, ""),
        (CODE[:17] + "6", "I001"),
        (CODE[:16], "I001"),
        ("91359999MADEM0001O", "I001"),
        ("", "I001"),
        ("9.13599E+17", "I002"),
        ("9.135E17", "I002"),
        ("350100123456789", "I003"),
        ("12345678-9", "I003"),
        ("MA12345678"[:9], "I003"),
    ],
)
def test_credit_code_problems(text, rule):
    assert credit_code_problem(text) == rule
    assert sheets.credit_code_problem(text) == rule


def test_look_alike_letters_are_suggested():
    assert credit_code_suggestion("91359999MADEMOOO15") == CODE
    assert credit_code_suggestion("9I359999MADEM00015") == CODE
    assert credit_code_suggestion(CODE) == ""
    assert credit_code_suggestion("91359999MADEM00016") == ""


def test_industry_classes():
    classes = industry_classes()
    assert classes["3011"] == "水泥制造"
    assert all(len(code) == 4 for code in classes)


@pytest.mark.parametrize(("text", "good"), [("350122", True), ("990122", False), ("35012", False)])
def test_place_codes(text, good):
    assert is_place_code(text) is good
