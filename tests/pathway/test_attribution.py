"""Measures that overlap: by hand, against every order there is, and what must add up."""

from __future__ import annotations

import itertools
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tanfeng.errors import DataError
from tanfeng.pathway.attribution import (
    MEASURES,
    OBJECTS,
    attribute,
    from_standards,
    standard_exclusions,
)


def _objects(*rows):
    return pl.DataFrame(rows, schema=OBJECTS, orient="row")


def _measures(*rows):
    return pl.DataFrame(rows, schema=MEASURES, orient="row")


def test_two_measures_share_what_both_could_do():
    """Of 1,000 t half and a fifth: package 1 - 0.5 * 0.8 = 600, alone 500 + 200, overlap 100.

    First or second: the half saves 500 or 400, mean 450; the fifth 200 or 100, mean 150.
    """
    found = attribute(_objects(("k", 1000.0)), _measures(("k", "a", 0.5), ("k", "b", 0.2)))
    assert found.measures["attributed_tco2"].to_list() == pytest.approx([450.0, 150.0])
    assert found.measures["alone_tco2"].to_list() == pytest.approx([500.0, 200.0])
    assert found.balance.row(0) == pytest.approx(("k", 1000.0, 700.0, 100.0, 600.0, 600.0, 400.0))


def test_taking_one_away_at_a_time_does_not_add_up():
    """Without the half 400 of 600 are lost, without the fifth 100: 100 t nobody is credited."""
    found = attribute(_objects(("k", 1000.0)), _measures(("k", "a", 0.5), ("k", "b", 0.2)))
    last = found.measures["last_tco2"]
    assert last.to_list() == pytest.approx([400.0, 100.0])
    assert found.balance["package_tco2"][0] - last.sum() == pytest.approx(100.0)


def test_two_measures_that_each_do_everything():
    """Both end all of it: 500 each; taken away one at a time neither did anything."""
    found = attribute(_objects(("k", 1000.0)), _measures(("k", "a", 1.0), ("k", "b", 1.0)))
    assert found.measures["attributed_tco2"].to_list() == pytest.approx([500.0, 500.0])
    assert found.measures["last_tco2"].to_list() == [0.0, 0.0]


def test_no_measures_save_nothing():
    found = attribute(_objects(("k", 1000.0)), _measures())
    assert found.measures.is_empty()
    assert found.balance["left_tco2"].to_list() == [1000.0]


def _by_orders(emission, savings):
    """Return the mean over all orders."""
    found = [0.0] * len(savings)
    for order in itertools.permutations(range(len(savings))):
        left = emission
        for place in order:
            found[place] += left * savings[place]
            left *= 1.0 - savings[place]
    return [one / math.factorial(len(savings)) for one in found]


_SAVINGS = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(_SAVINGS, min_size=1, max_size=3))
def test_it_is_the_mean_over_all_orders(cases):
    """Objects of different sizes at once, their rows mixed."""
    objects = _objects(*((f"k{i}", 1e5 * (i + 1)) for i in range(len(cases))))
    rows = [(f"k{i}", f"m{j}", s) for i, own in enumerate(cases) for j, s in enumerate(own)]
    rows.sort(key=lambda row: row[1])
    found = attribute(objects, _measures(*rows))
    for i, own in enumerate(cases):
        told = found.measures.filter(object=f"k{i}")["attributed_tco2"].to_list()
        assert told == pytest.approx(_by_orders(1e5 * (i + 1), own), rel=1e-9, abs=1e-7)
    balance = found.balance
    for name in ("attributed_tco2", "package_tco2"):
        gap = balance["alone_tco2"] - balance["overlap_tco2"] - balance[name]
        assert gap.abs().max() <= 1e-9 * 3e5


def test_many_measures_at_one_object_still_add_up():
    found = attribute(_objects(("k", 1.0)), _measures(*(("k", f"m{i}", i / 40) for i in range(40))))
    row = found.balance.row(0, named=True)
    assert row["attributed_tco2"] == pytest.approx(row["package_tco2"], rel=1e-12)


def test_everything_wrong_is_told_at_once():
    with pytest.raises(DataError) as refused:
        attribute(
            _objects(("k", 1.0), ("k", 1.0), ("n", None), ("low", -1.0)),
            _measures(
                ("gone", "a", 0.1), ("k", "a", 0.1), ("k", "a", 0.1), ("k", "b", None),
                ("k", "c", 1.5), ("k", "d", float("nan")),
            ),
            exclusive=[("b", "a"), ("a", "b"), ("c", "z")],
        )  # fmt: skip
    told = [one.rule for one in refused.value.problems]
    assert told == ["Y412"] * 5 + ["Y413"] + ["Y414"] * 3 + ["Y415"] * 2
    with pytest.raises(DataError) as refused:
        attribute(pl.DataFrame({"object": ["k"]}), pl.DataFrame({"object": ["k"], "measure": "a"}))
    assert [one.value for one in refused.value.problems] == ["emission_tco2", "saving"]


def _chosen(*rows):
    schema = {"object": pl.String, "measure": pl.String, "tco2_per_unit": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_savings_out_of_the_standards():
    """18 kWh a tonne of cement, 1 Mt at 0.5 tCO2/MWh: 500 t a kWh/t, 9,000 t of 90,000: a tenth."""
    mill = _objects(("mill", 90e3))
    rows = from_standards(mill, _chosen(("mill", "me_efficient_grinding", 500.0)))
    row = rows.row(0, named=True)
    assert row["saving"] == pytest.approx(0.1)
    assert (row["value"], row["unit"], row["cost_cny"]) == (18.0, "kWh/t", 227.4)
    assert row["to_verify"]
    assert row["lifetime_a"] is None
    assert attribute(mill, rows).balance["package_tco2"][0] == pytest.approx(9000.0)


def test_a_measure_without_a_figure_is_refused_by_name():
    with pytest.raises(DataError) as refused:
        from_standards(
            _objects(("mill", 90e3)),
            _chosen(
                ("mill", "me_flux_pellet", 1.0),
                ("mill", "me_of_nobody", 1.0),
                ("mill", "me_efficient_grinding", None),
                ("gone", "me_efficient_grinding", 1.0),
            ),
        )
    told = refused.value.problems
    assert [one.rule for one in told] == ["Y417", "Y416", "Y418", "Y412"]
    assert "熔剂性球团制备" in told[0].message_zh
    with pytest.raises(DataError):
        from_standards(_objects(("mill", 90e3)), pl.DataFrame({"object": ["mill"]}))


def test_exclusive_measures_of_the_standards_are_refused():
    pairs = standard_exclusions()
    assert ("me_eaf_dc", "me_eaf_uhp") in pairs
    assert all(one.startswith("me_") and " " not in one for pair in pairs for one in pair)
    with pytest.raises(DataError, match="me_eaf_uhp"):
        attribute(
            _objects(("eaf", 1.0)),
            _measures(("eaf", "me_eaf_dc", 0.1), ("eaf", "me_eaf_uhp", 0.1)),
            exclusive=pairs,
        )
