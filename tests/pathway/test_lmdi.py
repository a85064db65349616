"""LMDI-I against hand-computed cases, limits for zeros, and what must hold for any numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tanfeng.errors import DataError, ModelError
from tanfeng.pathway.lmdi import decompose, effects, log_mean


def long(rows, columns=("sector", "year", "factor", "value")):
    return pl.DataFrame(rows, schema=list(columns), orient="row")


def cells(values, years=(2015, 2020), names=("a", "b", "c")):
    """Lay out {sector: ((factors of the first year), (of the second) ...)}."""
    return long(
        [
            (sector, year, name, value)
            for sector, by_year in values.items()
            for year, factors in zip(years, by_year, strict=True)
            for name, value in zip(names, factors, strict=False)
        ]
    )


# Two sectors: energy 30 + 20 -> 80 + 16, output 10 + 40 -> 40 + 40.
TWO = {
    "1": ((50, 0.2, 3.0), (80, 0.5, 2.0)),
    "2": ((50, 0.8, 0.5), (80, 0.5, 0.4)),
}


def test_two_sectors_by_hand():
    found = decompose(cells(TWO, names=("activity", "structure", "intensity")))
    # L(80, 30) = 50 / ln(8/3) = 50 / 0.980829 = 50.97727
    # L(16, 20) = -4 / ln(0.8) = -4 / -0.223144 = 17.92567
    one, two = 50 / math.log(8 / 3), 4 / math.log(1.25)
    assert (round(one, 5), round(two, 5)) == (50.97727, 17.92568)
    # activity  (50.97727 + 17.92568) ln(80/50)               = 68.90295 x  0.470004 =  32.3846
    # structure 50.97727 ln(2.5) + 17.92568 ln(0.625)         = 46.7100 -  8.4252   =  38.2849
    # intensity 50.97727 ln(2/3) + 17.92568 ln(0.8)           = -20.6695 - 4.0000   = -24.6695
    assert found.total()["effect"].to_list() == pytest.approx(
        [32.38463791, 38.28486735, -24.66950526], rel=1e-9
    )
    assert found.totals == {2015: 50.0, 2020: 96.0}
    assert found.change == 46.0
    assert found.closure < 1e-15
    # The same by ratio: exp(effect / L(96, 50)), L = 46 / ln(1.92) = 70.51590; 1.92 in all.
    ratios = found.total()["ratio"].to_list()
    assert ratios == pytest.approx([1.58288001, 1.72101981, 0.70480239], rel=1e-8)
    assert math.prod(ratios) == pytest.approx(1.92, rel=1e-12)
    assert found.total()["share"].sum() == pytest.approx(1.0)


def test_a_published_single_sector_case():
    # The six factors of China's commercial buildings 2017 and 2018 as the numerical example of
    # the open PyLMDI states them; with one sector an effect is L x ln(ratio), worked out here
    # with the textbook formula.
    start = [1390.08, 59.04367375, 0.51892765, 0.002876626, 3.004500526, 2.07]
    end = [1395.38, 64.52073987, 0.521570193, 0.002743568, 3.053397862, 2.02]
    before, after = math.prod(start), math.prod(end)
    # They multiply to the printed aggregates, MtCO2.
    assert before == pytest.approx(761.984276581356, rel=1e-6)
    assert after == pytest.approx(794.6119504871361, rel=1e-6)
    mean = (after - before) / (math.log(after) - math.log(before))
    by_hand = [mean * (math.log(b) - math.log(a)) for a, b in zip(start, end, strict=True)]
    found = effects(np.array(start), np.array(end))
    assert found == pytest.approx(by_hand, rel=1e-9)
    assert found.sum() == pytest.approx(after - before, rel=1e-12)


def test_an_unchanged_total_keeps_its_offsetting_effects():
    # 10 x 2 = 20 = 5 x 4: L(20, 20) = 20, not 0; effects 20 ln(1/2) and 20 ln 2.
    found = decompose(cells({"s": ((10, 2), (5, 4))}))
    twenty = 20 * math.log(2)
    assert found.total()["effect"].to_list() == pytest.approx([-twenty, twenty])
    assert found.total()["ratio"].to_list() == pytest.approx([0.5, 2.0])
    assert found.total()["share"].to_list() == [None, None]
    assert log_mean(20.0, 20.0) == 20.0


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
def test_the_log_mean_is_smooth_where_both_are_alike(gap):
    # L(1 + d, 1) = 1 + d/2 - d^2/12 + d^3/24 - ...
    assert log_mean(1 + gap, 1.0) == pytest.approx(
        1 + gap / 2 - gap**2 / 12 + gap**3 / 24, abs=2e-13
    )


@pytest.mark.parametrize(
    ("start", "end", "effect"),
    [
        # The eight cases of Ang and Liu: one factor x, the other 2 or 3.
        ((0, 2), (5, 3), (15, 0)),  # 1: x and V appear: x has it all
        ((5, 2), (0, 3), (-10, 0)),  # 2: x and V vanish
        ((5, 0), (5, 3), (0, 15)),  # 3: V appears by the other factor: x has nothing
        ((5, 2), (7, 0), (0, -10)),  # 4: V vanishes by the other factor
        ((5, 0), (7, 0), (0, 0)),  # 5: V is zero throughout, x is there
        ((0, 0), (0, 0), (0, 0)),  # 6: nothing at all
        ((5, 0), (0, 0), (0, 0)),  # 7: x vanishes, V was zero
        ((0, 0), (5, 0), (0, 0)),  # 8: x appears, V stays zero
        # Beyond the table: both appear together and share alike; one goes as the other comes.
        ((0, 0), (5, 3), (7.5, 7.5)),
        ((0, 2), (5, 0), (0, 0)),
        # 0/0 leaves the intensity of what is not there undefined: unchanged.
        ((0, np.nan), (5, 3), (15, 0)),
        ((5, 3), (0, np.nan), (-15, 0)),
        ((0, np.nan), (0, np.nan), (0, 0)),
    ],
)
def test_zeros_by_their_limits(start, end, effect):
    found = effects(np.array(start, float), np.array(end, float))
    assert found == pytest.approx(np.array(effect, float))
    # What a small number in place of zero tends to, slowly, where one side alone is zero.
    if not np.isnan([*start, *end]).any() and not (0 in start and 0 in end):
        small = [np.where(np.array(side) == 0, 1e-150, side) for side in (start, end)]
        assert effects(*small) == pytest.approx(found, abs=0.15)


def test_a_sector_that_comes_and_one_that_goes():
    table = cells(
        {
            "old": ((10, 4), (10, 4), (0, None)),
            "new": ((0, None), (3, 5), (6, 5)),
        },
        years=(2019, 2020, 2021),
        names=("activity", "intensity"),
    )
    found = decompose(table)
    # 2019-20: new +15 by activity. 2020-21: old -40, new 15 -> 30 all by activity (+15).
    assert found.by("sector").rows() == [
        ("old", "activity", -40.0),
        ("new", "activity", 30.0),
        ("old", "intensity", 0.0),
        ("new", "intensity", 0.0),
    ]
    assert found.totals == {2019: 40.0, 2020: 55.0, 2021: 30.0}
    assert found.by_step().filter(factor="activity")["effect"].to_list() == [15.0, -25.0]


def test_a_total_of_zero_has_no_ratio():
    found = decompose(cells({"s": ((0, 3), (2, 3))}))
    assert found.total()["effect"].to_list() == [6.0, 0.0]
    assert found.total()["ratio"].to_list() == [None, None]
    nothing = decompose(cells({"s": ((0, 3), (0, 3))}))
    assert nothing.closure == 0.0
    assert nothing.change == 0.0


def test_chained_adds_the_years_and_unchained_takes_the_ends():
    years = (2018, 2019, 2020)
    table = cells({"s": ((1, 8), (4, 4), (2, 10))}, years=years)
    chained, ends = decompose(table), decompose(table, chained=False)
    assert chained.steps == ((2018, 2019), (2019, 2020))
    assert ends.steps == ((2018, 2020),)
    # 8 -> 16 -> 20: L = 8/ln2 = 11.5416 and 4/ln1.25 = 17.9257
    # a: 11.5416 ln4 + 17.9257 ln0.5 = 16 - 12.4252 = 3.5748; at the ends L(20,8) ln2 = 9.0776
    assert chained.total()["effect"][0] == pytest.approx(16 - 4 / math.log(1.25) * math.log(2))
    assert ends.total()["effect"][0] == pytest.approx(12 / math.log(2.5) * math.log(2))
    assert chained.change == ends.change == 12.0
    assert math.prod(chained.total()["ratio"]) == pytest.approx(2.5)
    part = decompose(table, first=2019)
    assert (part.first, part.last) == (2019, 2020)


def test_a_factor_of_a_wider_level_holds_for_all_below():
    rows = [
        ("", "", 2015, "population", 2.0), ("", "", 2020, "population", 3.0),
        ("industry", "", 2015, "price", 5.0), ("industry", "", 2020, "price", 4.0),
        ("homes", "", 2015, "price", 1.0), ("homes", "", 2020, "price", 1.5),
        ("industry", "steel", 2015, "use", 10.0), ("industry", "steel", 2020, "use", 9.0),
        ("industry", "glass", 2015, "use", 3.0), ("industry", "glass", 2020, "use", 4.0),
        ("homes", "flats", 2015, "use", 6.0), ("homes", "flats", 2020, "use", 8.0),
    ]  # fmt: skip
    found = decompose(long(rows, ("sector", "part", "year", "factor", "value")))
    # 2 x (5 x 13 + 1 x 6) = 142; 3 x (4 x 13 + 1.5 x 8) = 192
    assert found.totals == {2015: 142.0, 2020: 192.0}
    assert found.levels == ("sector", "part")
    # The parts of a sector add up to the sector, the sectors to the whole.
    parts, sectors = found.by("sector", "part"), found.by("sector")
    again = parts.group_by("sector", "factor", maintain_order=True).agg(pl.col("effect").sum())
    assert again.sort("sector", "factor")["effect"].to_list() == pytest.approx(
        sectors.sort("sector", "factor")["effect"].to_list()
    )
    assert sectors["effect"].sum() == pytest.approx(50.0)
    with pytest.raises(ModelError, match="no level fuel"):
        found.by("fuel")
    ordered = decompose(
        long(rows, ("sector", "part", "year", "factor", "value")),
        factors=["use", "price", "population"],
    )
    assert ordered.total()["factor"].to_list() == ["use", "price", "population"]


def test_a_whole_without_sectors():
    rows = [("", 2015, "a", 2.0), ("", 2020, "a", 3.0), ("", 2015, "b", 4.0), ("", 2020, "b", 4.0)]
    for table in (long(rows), long(rows).drop("sector")):
        assert decompose(table).total()["effect"].to_list() == pytest.approx([4.0, 0.0])


def test_what_people_note_down_beside_is_no_level():
    table = cells(TWO).with_columns(unit=pl.col("factor"), 备注=pl.lit("x"))
    found = decompose(table)
    assert found.levels == ("sector",)
    assert found.lines()["effect"].sum() == pytest.approx(46.0)
    assert found.lines().columns == ["from_year", "to_year", "sector", "factor", "effect"]


def test_the_waterfall_goes_from_the_first_year_to_the_last():
    found = decompose(cells(TWO, names=("scale", "structure", "own"))).waterfall()
    assert found["name_zh"].to_list() == ["2015", "经济规模", "产业结构", "own", "2020"]
    assert found["kind"].to_list() == ["level", "effect", "effect", "effect", "level"]
    assert found["start"].to_list()[1] == 50.0
    assert found["end"].to_list()[3:] == pytest.approx([96.0, 96.0])
    assert (found["end"] - found["start"]).to_list() == pytest.approx(found["value"].to_list())


# ------------------------------------------------------------------------- for any numbers

FACTOR = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))
CUBES = st.tuples(st.integers(1, 4), st.integers(1, 5)).flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=FACTOR), arrays(np.float64, shape, elements=FACTOR)
    )
)


@settings(max_examples=60, deadline=None)
@given(CUBES)
def test_what_holds_for_any_numbers(cube):
    start, end = cube
    found = effects(start, end)
    before, after = start.prod(axis=-1), end.prod(axis=-1)
    size = np.abs(found).sum() + before.sum() + after.sum()
    # Perfect: every cell, and so the whole, is explained to the last digits.
    assert np.abs(found.sum(axis=-1) - (after - before)).max() <= 1e-9 * size
    # Time reversed, every effect turns its sign.
    assert effects(end, start) == pytest.approx(-found, rel=1e-9, abs=1e-12 * size)
    # The order of the factors does not matter.
    order = list(itertools.islice(itertools.permutations(range(start.shape[-1])), 7))[-1]
    mixed = effects(start[:, order], end[:, order])
    assert mixed == pytest.approx(found[:, order], rel=1e-9, abs=1e-12 * size)
    # A factor that does not move has no effect, but where nothing else can be the cause.
    still = np.where(start == end, found, 0.0)
    assert np.abs(still[(start > 0) & (end > 0)]).max(initial=0.0) == 0.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(FACTOR, min_size=3, max_size=3), min_size=6, max_size=6))
def test_a_table_closes_in_sum_and_in_ratio(values):
    table = cells(
        {"x": values[:3], "y": values[3:]}, years=(2001, 2002, 2003), names=("a", "b", "c")
    )
    found = decompose(table)
    assert found.closure <= 1e-9
    ratios = found.total()["ratio"]
    if ratios.null_count() == 0:
        asked = found.totals[2003] / found.totals[2001]
        assert ratios.product() == pytest.approx(asked, rel=1e-9)


# ----------------------------------------------------------------------------- bad tables


def problems(table, **asked):
    with pytest.raises(DataError) as caught:
        decompose(table, **asked)
    return [(one.rule, one.row, one.heading) for one in caught.value.problems]


def test_every_bad_cell_is_named_at_once():
    table = long(
        [
            ("s", "2015", "a", "1"), ("s", "2015", "a", "2"), ("s", "20I5", "b", "x"),
            ("s", "2020", "a", "-1"), ("s", "2020", "", "1"), ("s", "2020", "b", "inf"),
        ]
    )  # fmt: skip
    assert problems(table) == [
        ("Y005", 2, "factor"),
        ("Y002", 3, "value"),
        ("Y004", 3, "year"),
        ("Y006", 4, "value"),
        ("Y003", 5, "factor"),
        ("Y002", 6, "value"),
    ]
    assert problems(table.drop("value")) == [("Y001", None, "value")]
    assert problems(table.clear()) == [("Y008", None, "")]
    numbered = table.with_columns(source_row=pl.int_range(2, 8))
    assert problems(numbered)[0] == ("Y005", 3, "factor")


def test_missing_cells_are_named():
    empty = cells({"s": ((1, None), (1, 2))})
    assert problems(empty) == [("Y003", 2, "value")]
    absent = cells({"s": ((1, 2), (1, 2)), "t": ((1, 2), (1, 2))}).slice(0, 7)
    with pytest.raises(DataError) as caught:
        decompose(absent)
    (one,) = caught.value.problems
    assert one.rule == "Y101"
    assert "t 2020 b" in one.message_zh
    assert "t 2020 b" in one.message_en


def test_levels_that_do_not_fit_are_refused():
    columns = ("sector", "fuel", "year", "factor", "value")
    mixed = [("s", "", 2015, "a", 1.0), ("s", "f", 2020, "a", 1.0), ("s", "f", 2015, "b", 1.0)]
    assert problems(long(mixed, columns)) == [("Y102", None, "factor")]
    crossed = [
        (sector, fuel, year, name, 1.0)
        for year in (2015, 2020)
        for sector, fuel, name in (("s", "", "a"), ("", "f", "b"))
    ]
    assert problems(long(crossed, columns)) == [("Y103", None, "factor")]


def test_years_and_factors_asked_for_must_be_there():
    table = cells(TWO)
    assert problems(table.filter(year=2015)) == [("Y104", None, "year")]
    for asked in ({"first": 2016}, {"last": 2015}, {"first": 2020}):
        with pytest.raises(ModelError, match="the table has the years 2015, 2020"):
            decompose(table, **asked)
    with pytest.raises(ModelError, match="the factors are a, b, c"):
        decompose(table, factors=["a"])
