"""The peak verdict: what it claims, what it never claims, and how it says why."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import tanfeng.pathway
from tanfeng.errors import DataError
from tanfeng.pathway._rules import limits, rules, trend_limit
from tanfeng.pathway._trend import trend_since
from tanfeng.pathway.verdict import NOT_DECIDABLE, NOT_PEAKED, PEAKED, judge, outcome

ROOT = Path(__file__).resolve().parents[2]
YEARS = list(range(2005, 2025))
#: Up 4 a year to 100 in 2015, then down 2 a year to 82.
TENT = [60.0 + 4 * t if t <= 10 else 120.0 - 2 * t for t in range(20)]


def table(emission=TENT, years=YEARS, **more):
    return pl.DataFrame({"year": years, "emission": emission, **more})


def status(found):
    return dict(found.criteria.select("key", "status").iter_rows())


def number(found, key):
    return found.criteria.filter(key=key)["number"].item()


def test_a_clear_peak_is_told_with_every_number():
    found = judge(table())
    assert (found.verdict, found.stage, found.peak_year) == (PEAKED, "peaked", 2015)
    assert (found.name(), found.name("en"), found.stage_name()) == ("已达峰", "peaked", "已达峰")
    assert found.peak_emission == 100.0
    told = status(found)
    own = {"years", "one_unit", "gaps", "inside", "years_since", "margin", "trend", "no_rebound"}
    assert {key for key, one in told.items() if one == "pass"} == own
    assert {one for key, one in told.items() if key not in own} == {"not_given"}
    assert number(found, "years_since") == 9.0
    # The last two years are 84 and 82: 16 % below 100 at least.
    assert number(found, "margin") == pytest.approx(0.16)
    row = found.criteria.filter(key="trend").row(0, named=True)
    assert row["number"] < row["limit"] == trend_limit(20, 9)
    assert "-2.0%" in row["text_zh"]
    assert "own default" in found.criteria.filter(key="years_since")["text_en"].item()
    assert found.again.is_empty()


def test_the_verdict_does_not_move_with_the_unit_or_the_order():
    scaled = judge(table([value * 1e6 for value in TENT]))
    mixed = judge(table().reverse())
    assert scaled.criteria["status"].to_list() == mixed.criteria["status"].to_list()
    assert number(scaled, "trend") == pytest.approx(number(mixed, "trend"))


@pytest.mark.parametrize(
    ("emission", "verdict", "stage", "key"),
    [
        ([50.0 + 2 * t for t in range(20)], NOT_PEAKED, "rising", "inside"),
        ([100.0] * 20, NOT_PEAKED, "plateau", "inside"),
        ([60.0 + 2 * t for t in range(19)] + [90.0], NOT_PEAKED, "plateau", "years_since"),
        ([100.0 - 2 * t for t in range(20)], NOT_DECIDABLE, "unknown", "inside"),
        # Within 3 % of the maximum.
        (
            [60.0 + 2 * t for t in range(17)] + [91.5, 91.2, 91.0],
            NOT_DECIDABLE,
            "plateau",
            "margin",
        ),
        # Fell by a third in a year and has been rising since.
        (TENT[:11] + [66.0 + 3 * t for t in range(9)], NOT_DECIDABLE, "plateau", "no_rebound"),
        # 2024 in tonnes, the rest in 10^4 t.
        ([*TENT[:19], 8.2e5], NOT_DECIDABLE, "unknown", "one_unit"),
        ([*TENT[:19], 0.0], NOT_DECIDABLE, "unknown", "one_unit"),
        ([0.0] * 20, NOT_DECIDABLE, "unknown", "one_unit"),
    ],
)
def test_what_is_not_called_peaked(emission, verdict, stage, key):
    found = judge(table(emission))
    assert (found.verdict, found.stage) == (verdict, stage)
    assert status(found)[key] in ("fail", "undecidable")
    assert found.stage_name() != "已达峰"


def test_a_plateau_with_noise_is_not_a_trend():
    rng = np.random.default_rng(7)
    emission = [*np.linspace(60, 100, 12), *(100 + rng.normal(0, 3, 8))]
    found = judge(table(emission))
    assert found.verdict != PEAKED
    assert status(found)["trend"] == "undecidable"


@pytest.mark.parametrize("count", [1, 2, 6, 7])
def test_a_short_series_is_not_decidable(count):
    found = judge(table(TENT[8 : 8 + count], YEARS[:count]))
    assert (found.verdict, found.stage) == (NOT_DECIDABLE, "unknown")
    assert status(found)["years"] == "fail"


def test_missing_years_may_hide_the_peak():
    def without(*years):
        return judge(table().filter(~pl.col("year").is_in(years)))

    early, late = without(2007, 2008), without(2019)
    assert (early.verdict, status(early)["gaps"], number(early, "gaps")) == (PEAKED, "pass", 2.0)
    assert (late.verdict, status(late)["gaps"]) == (NOT_DECIDABLE, "undecidable")
    assert without(2014).verdict == NOT_DECIDABLE
    rising = judge(table([50.0 + t for t in range(20)]).filter(pl.col("year") != 2020))
    assert rising.verdict == NOT_PEAKED


def test_stated_uncertainty_widens_the_margin():
    # Both ends +- 15 %: sqrt(0.15^2 + (0.15 x 0.84)^2) = 0.196 > 0.16
    wide = judge(table(uncertainty=[0.15] * 20))
    assert wide.verdict == NOT_DECIDABLE
    row = wide.criteria.filter(key="margin").row(0, named=True)
    assert row["limit"] == pytest.approx((0.15**2 + (0.15 * 0.84) ** 2) ** 0.5)
    assert judge(table(uncertainty=[0.02] * 20)).verdict == PEAKED
    unknown = judge(table(uncertainty=[None] * 20))
    assert unknown.criteria.filter(key="margin")["limit"].item() == 0.03


def test_filled_years_carry_no_peak():
    marks = ["是" if year >= 2016 else "否" for year in YEARS]
    found = judge(table(filled=marks))
    assert (found.verdict, status(found)["not_filled"]) == (NOT_DECIDABLE, "fail")
    assert found.again.rows() == [("not_filled", 11, 2015, NOT_PEAKED)]
    assert judge(table(filled=[year < 2007 for year in YEARS])).verdict == PEAKED
    none = judge(table(filled=[False] * 20))
    assert status(none)["not_filled"] == "pass"
    every = judge(table(filled=[True] * 20))
    assert every.verdict == NOT_DECIDABLE
    late = judge(table(provisional=[year >= 2016 for year in YEARS]))
    assert status(late)["not_provisional"] == "fail"


def test_coverage_that_falls_makes_no_peak():
    steady = [60.0 + 4 * min(t, 10) for t in range(20)]
    share = [1.0] * 11 + [1 - 0.02 * t for t in range(1, 10)]
    found = judge(table([v * s for v, s in zip(steady, share, strict=True)], coverage=share))
    assert (found.verdict, status(found)["coverage"]) == (NOT_DECIDABLE, "fail")
    assert number(found, "coverage") == pytest.approx(0.82)
    assert judge(table(coverage=[0.95] * 20)).verdict == PEAKED
    assert judge(table(coverage=[0.5] * 20)).verdict == NOT_DECIDABLE


def test_members_that_leave_make_no_peak():
    found = judge(table(membership=[41] * 16 + [38] * 4))
    assert (found.verdict, status(found)["membership"]) == (NOT_DECIDABLE, "fail")
    assert judge(table(membership=[41] * 20)).verdict == PEAKED
    assert judge(table(membership=[40] * 2 + [41] * 18)).verdict == PEAKED


def panel(units):
    rows = [
        (name, year, value)
        for name, values in units.items()
        for year, value in zip(YEARS, values, strict=True)
        if value is not None
    ]
    return pl.DataFrame(rows, schema=["unit", "year", "emission"], orient="row")


def wobble(seed, values):
    return [v * (1 + e) for v, e in zip(values, np.random.default_rng(seed).normal(0, 0.004, 20),
                                        strict=True)]  # fmt: skip


def test_a_panel_is_judged_on_the_units_that_are_always_there():
    falling = panel(
        {"a": wobble(1, TENT), "b": wobble(2, TENT), "c": [None, *[v / 50 for v in TENT[1:]]]}
    )
    found = judge(falling)
    assert (found.verdict, found.peak_year) == (PEAKED, 2015)
    assert found.again.rows() == [("membership", 20, 2015, PEAKED)]
    whole = judge(panel({"a": wobble(1, TENT), "b": wobble(2, TENT)}))
    assert status(whole)["membership"] == "pass"


def test_a_sum_that_peaks_as_a_member_leaves_is_not_claimed():
    rising = [50.0 + t for t in range(20)]
    big = [60.0 + 3 * t for t in range(16)] + [None] * 4
    found = judge(panel({"a": rising, "b": [v * 0.5 for v in rising], "c": big}))
    assert found.peak_year == 2020
    assert (found.verdict, status(found)["membership"]) == (NOT_DECIDABLE, "fail")


def test_years_filled_with_one_common_factor_carry_no_peak():
    """Three cities whose last years were all scaled by the same factor, nowhere marked."""
    cities = {}
    for seed in range(3):
        known = wobble(seed, [60.0 + 4 * t for t in range(20)])[:11]
        cities[f"c{seed}"] = known + [known[-1] * 0.97**n for n in range(1, 10)]
    found = judge(panel(cities))
    assert (found.verdict, status(found)["not_filled"]) == (NOT_DECIDABLE, "fail")
    assert "2016, 2017" in found.criteria.filter(key="not_filled")["text_zh"].item()
    # The same for a part of the panel's years does no harm where the peak does not rest on them.
    assert number(found, "not_filled") == 9.0


def test_revisions_count_by_their_last_edition_and_widen_the_margin():
    first = table([v * 1.06 if y >= 2016 else v for v, y in zip(TENT, YEARS, strict=True)])
    both = pl.concat([first.with_columns(published=pl.lit("2024-06")),
                      table().with_columns(published=pl.lit("2025-06"))])  # fmt: skip
    found = judge(both)
    assert found.peak_emission == 100.0
    # Nine revisions by 1/1.06 - 1 = -5.66 %: 2 x sqrt 2 x 5.66 % = 16.0 %, as much as the margin.
    assert found.criteria.filter(key="margin")["limit"].item() == pytest.approx(
        2 * 2**0.5 * (1 - 1 / 1.06)
    )
    assert found.verdict == NOT_DECIDABLE
    assert number(found, "revisions") == pytest.approx(0.16, abs=0.001)
    same = pl.concat([table().with_columns(published=pl.lit(e)) for e in ("1", "2")])
    assert status(judge(same))["revisions"] == "pass"


def test_every_bad_cell_is_named_at_once():
    bad = pl.DataFrame(
        {
            "year": ["2005", "2005", "x", "2007", "2008"],
            "emission": ["1", "2", "3", "-4", ""],
            "filled": ["no", "maybe", "", "1", "0"],
            "coverage": ["1", "90", "0", "", "0.9"],
            "uncertainty": ["0.1", "z", "", "3", "0.1"],
        }
    )
    with pytest.raises(DataError) as caught:
        judge(bad)
    assert [(one.rule, one.row, one.heading) for one in caught.value.problems] == [
        ("Y002", 2, "uncertainty"),
        ("Y005", 2, "year"),
        ("Y007", 2, "filled"),
        ("Y009", 2, "coverage"),
        ("Y004", 3, "year"),
        ("Y009", 3, "coverage"),
        ("Y003", 4, "coverage"),
        ("Y006", 4, "emission"),
        ("Y009", 4, "uncertainty"),
        ("Y003", 5, "emission"),
    ]
    for one in caught.value.problems:
        assert one.message_zh != one.message_en
        assert one.remedy_zh
        assert one.remedy_en


# ------------------------------------------------------------------- the test and its limits


def _script():
    spec = importlib.util.spec_from_file_location("peak_trend", ROOT / "benchmarks/peak_trend.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


def test_the_limits_come_out_of_the_script_again():
    again = SCRIPT.limits_of(8, 120_000)
    assert {after: round(limit, 3) for after, limit in again.items()} == {
        after: trend_limit(8, after) for after in range(2, 7)
    }


@pytest.mark.parametrize(("phi", "bare"), [(0.0, 0.08), (0.6, 0.40), (0.8, 0.55)])
def test_false_alarms_stay_below_a_bare_mann_kendall(phi, bare):
    series = SCRIPT.noise(15, phi, 2000, seed=11)
    alarms = SCRIPT._trends(series)
    mann_kendall = np.mean([SCRIPT._mann_kendall(one) < 0.05 for one in series[:600]])
    assert alarms <= 0.05
    assert alarms < mann_kendall < bare
    claims = np.mean([outcome(tuple(range(15)), 100 + 2 * one) == PEAKED for one in series[:400]])
    assert claims <= 0.05


def test_a_slope_by_hand():
    # 0 1 2 | 6 4 2: from the maximum on it falls by 2 a year, exactly; what is before, a line.
    found = trend_since((1, 2, 3, 4, 5, 6), np.array([[0.0, 1, 2, 6, 4, 2]]), 3)
    assert found.slope == pytest.approx([-2.0])
    assert found.statistic[0] < -1e6
    floored = trend_since((1, 2, 3, 4, 5, 6), np.array([[0.0, 1, 2, 6, 4, 2]]), 3, floor=1.0)
    # Noise of 1 about an exact fit: the slope of three years has the error sqrt(1/2).
    assert floored.statistic == pytest.approx([-2.0 * 2**0.5])
    assert floored.autocorrelation == [0.0]
    still = trend_since((1, 2, 3, 4), np.zeros((1, 4)), 1)
    assert still.statistic.tolist() == [0.0]


def test_limits_of_long_series_are_those_of_the_longest():
    assert trend_limit(60, 50) == trend_limit(40, 38)
    assert np.isnan(trend_limit(7, 3))
    assert np.isnan(trend_limit(20, 1))


@pytest.mark.parametrize("name", ["verdict_rules", "trend_limits"])
def test_tables_are_what_their_sidecars_say(name):
    folder = Path(tanfeng.pathway.__file__).parent / "tables"
    content = (folder / f"{name}.csv").read_bytes()
    sidecar = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    assert sidecar["digest"] == {
        "sha256": sha256(content).hexdigest(),
        "rows": content.count(b"\n") - 1,
    }


def test_every_limit_is_marked_our_own():
    assert {rule.tag for rule in rules().values()} == {"own"}
    assert limits()["years_since_min"] == 2
