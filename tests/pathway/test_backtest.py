"""Forecasts of known years from the years before them."""

from __future__ import annotations

import pytest

from pathway.scenario_kit import CONVERSION
from tanfeng.pathway.backtest import MISSES, backtest, summary
from tanfeng.pathway.scenario_files import from_toml

#: Grows by 10 % a year but for the last known one, which falls back to 100.
TEXT = """
[a]
first_year = 2018
last_year = 2030
history_until = 2022
[a.x]
emission = { unit = "tCO2", 2018 = 100, 2019 = 110, 2020 = 121, 2021 = 133.1, 2022 = 100, 2030 = 0 }
"""


def _misses(text=TEXT, **kwargs):
    return backtest(from_toml(text).resolve("a"), CONVERSION, **kwargs)


def test_each_origin_by_hand():
    """From 2020: 133.1 against 133.1, 146.41 against 100; unchanged 121 against both."""
    found = _misses(fitted_years=2)
    of_2020 = found.filter(origin=2020)
    assert of_2020.select("year", "lead", "rule").rows() == [
        (2021, 1, "drivers"), (2021, 1, "unchanged"), (2022, 2, "drivers"), (2022, 2, "unchanged"),
    ]  # fmt: skip
    assert of_2020["forecast_tco2"].to_list() == pytest.approx([133.1, 121, 146.41, 121])
    assert of_2020["miss"].to_list() == pytest.approx([0, 121 / 133.1 - 1, 0.4641, 0.21])
    assert found["origin"].unique().to_list() == [2020, 2021]
    assert found.schema == MISSES


def test_what_is_only_assumed_is_never_used():
    """The value of 2030 is no knowledge: another one changes nothing."""
    other = TEXT.replace("2030 = 0", "2030 = 999")
    assert _misses(other, fitted_years=2).equals(_misses(fitted_years=2))


def test_the_summary_counts_by_lead():
    """Of lead 1: 0 and 146.41 / 100 - 1; their middle is 0.23205."""
    told = summary(_misses(fitted_years=2)).filter(rule="drivers").rows(named=True)
    assert [(row["lead"], row["forecasts"]) for row in told] == [(1, 2), (2, 1)]
    assert told[0]["median_miss"] == pytest.approx(0.23205)
    assert told[0]["mean_miss"] == pytest.approx(0.23205)
    assert told[0]["greatest_miss"] == pytest.approx(0.4641)


def test_a_history_too_short_to_hold_back_says_so():
    assert _misses(fitted_years=4).is_empty()
    assert _misses(TEXT.replace("history_until = 2022\n", "")).is_empty()


def test_shares_go_on_by_steps_and_end_at_one():
    """Recycling 0.5, 0.8: next 1, not 1.1; output stands still at nothing once it is nothing."""
    text = """
    [a]
    first_year = 2020
    last_year = 2022
    history_until = 2022
    [a.x]
    output = { unit = "t", 2020 = 100, 2021 = 100, 2022 = 100 }
    process_factor = { unit = "tCO2/t", 2020 = 1, 2021 = 1, 2022 = 1 }
    process_factor_recycled = { unit = "tCO2/t", way = "step", 2020 = 0 }
    recycling_share = { 2020 = 0.5, 2021 = 0.8, 2022 = 0.9 }
    [a.y]
    emission = { unit = "tCO2", 2020 = 5, 2021 = 0, 2022 = 7 }
    """
    found = _misses(text, fitted_years=1).filter(rule="drivers")
    assert found["forecast_tco2"].to_list() == pytest.approx([0.0])
    assert found["known_tco2"].to_list() == pytest.approx([17.0])
