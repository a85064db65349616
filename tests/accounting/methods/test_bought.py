"""The streams of bought energy that nearly every text words alike."""

from __future__ import annotations

import pytest

from tanfeng.accounting.methods import METHODS
from tanfeng.accounting.methods._bought import electricity, heat


def test_a_method_says_what_differs():
    power = electricity(equation="(13)", metered=True)
    assert (power.equation, power.measured) == ("(13)", {"purchased_mwh"})
    warmth = heat(equation="(14)", metered=True)
    assert (warmth.equation, warmth.measured) == ("(14)", {"purchased_gj", "purchased_t"})


def test_what_nobody_saw_stays_empty_and_unmeasured():
    for stream in (electricity(), heat()):
        assert (stream.clause, stream.equation, stream.measured) == ("", "", frozenset())
        assert stream.confidence == "single"
    assert heat(confidence="recalled").confidence == "recalled"


def test_heat_for_information_is_told_by_gj_alone():
    told = heat(for_information=True)
    assert [kind.key for kind in told.kinds] == ["heat"]
    assert told.name_zh == "净购入热力（仅填报）"
    assert electricity(for_information=True).name_en == "net purchased electricity, for information"


@pytest.mark.parametrize(
    ("key", "power", "warmth"),
    [
        ("gb_t_32151_5_2015", "(9)", "(9)"),
        ("ndrc_2013_chemicals", "(13)", "(14)"),
        ("ndrc_2015_general", "(14)", "(15)"),
    ],
)
def test_the_number_of_the_equation_reaches_the_formula(key, power, warmth):
    formulas = METHODS[key].formulas()
    assert formulas[f"{key}.electricity.electricity.emission_tco2e"].equation == power
    assert formulas[f"{key}.heat.heat.emission_tco2e"].equation == warmth
