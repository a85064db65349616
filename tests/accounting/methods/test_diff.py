"""The difference of two accounts by cause, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from method_rows import AS_OF, frames, row
from tanfeng.accounting import methods
from tanfeng.errors import ModelError
from tanfeng.standards import Override, Overrides

STEEL = methods.METHODS["gb_t_32151_5_2015"]


def run(*rows, **options):
    return methods.account(frames(STEEL.key, list(rows)), [STEEL], as_of=AS_OF, **options)


def causes(a, b, **options):
    found = methods.diff(a, b, [STEEL], **options)
    return {
        name: value
        for name, value in found.row(0, named=True).items()
        if name in {*methods.CAUSES, "difference_tco2e"} and abs(value) > 1e-9
    }


def limestone(amount, **values):
    return row("flux", "material", "limestone", used_qty=amount, **values)


def test_an_account_does_not_differ_from_itself():
    one = run(limestone(100.0), limestone(7.0, ef_tco2=0.41))
    found = methods.diff(one, one, [STEEL])
    assert found["emission_a_tco2e"].to_list() == pytest.approx([100 * 0.44 + 7 * 0.41])
    assert not causes(one, one)


def test_more_activity():
    # 100 -> 130 t at 0.44
    assert causes(run(limestone(100.0)), run(limestone(130.0))) == pytest.approx(
        {"activity": 13.2, "difference_tco2e": 13.2}
    )


def test_a_default_that_gave_way_to_a_test():
    # 100 t: 0.44 by default, 0.41 tested; and 130 t instead of 100 t
    found = causes(run(limestone(100.0)), run(limestone(130.0, ef_tco2=0.41)))
    assert found == pytest.approx(
        {"activity": 30 * 0.44, "parameter": 130 * -0.03, "difference_tco2e": 130 * 0.41 - 44.0}
    )


def test_a_default_that_the_city_corrected():
    corrected = Override(
        table="process_factors",
        row_id="pf_steel_limestone",
        value=0.45,
        unit="tCO2/t",
        document="演示核定文件",
        verified_by="核定岗",
        verified_on=date(2026, 1, 1),
        note="",
    )
    later = run(limestone(100.0), overrides=Overrides([corrected]))
    assert causes(run(limestone(100.0)), later) == pytest.approx(
        {"factor": 1.0, "difference_tco2e": 1.0}
    )


def test_a_stock_that_moved_is_activity_even_through_the_balance():
    before = row(
        "flux",
        "material",
        "limestone",
        purchased_qty=100.0,
        opening_stock_qty=0.0,
        closing_stock_qty=0.0,
    )
    after = {**before, "closing_stock_qty": 20.0}
    assert causes(run(before), run(after)) == pytest.approx(
        {"activity": -8.8, "difference_tco2e": -8.8}
    )


def test_heat_tested_on_the_way_to_carbon_is_a_parameter():
    # C = NCV x CC: 20 -> 22 GJ/t at 0.0274 tC/GJ, 94 %
    before = row("fuel", "fuel_by_carbon", "anthracite", used_qty=10.0, ncv_gj=20.0)
    found = causes(run(before), run({**before, "ncv_gj": 22.0}))
    assert found == pytest.approx(
        {
            "parameter": 10 * 2 * 0.0274 * 0.94 * 44 / 12,
            "difference_tco2e": 10 * 2 * 0.0274 * 0.94 * 44 / 12,
        }
    )


def test_another_way_to_compute_is_method_and_a_new_row_is_boundary():
    by_heat = row("fuel", "fuel", "anthracite", used_qty=10.0)
    by_carbon = row("fuel", "fuel_by_carbon", "anthracite", used_qty=10.0, carbon_content_tc=0.7)
    heat = 10 * 26.7 * 0.0274 * 0.94 * 44 / 12
    carbon = 10 * 0.7 * 0.94 * 44 / 12
    found = causes(run(by_heat), run(by_carbon, limestone(1.0)))
    assert found == pytest.approx(
        {"method": carbon - heat, "boundary": 0.44, "difference_tco2e": carbon - heat + 0.44}
    )


def test_a_row_that_could_not_be_computed_is_a_gap():
    empty = row("flux", "material", "limestone")
    assert causes(run(empty), run(limestone(10.0))) == pytest.approx(
        {"gap": 4.4, "difference_tco2e": 4.4}
    )


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.1, 5.0)), min_size=1, max_size=5),
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.1, 5.0)), min_size=1, max_size=5),
)
def test_the_causes_add_up(before, after):
    a, b = (
        run(*(limestone(amount, ef_tco2=factor) for amount, factor in part))
        for part in (before, after)
    )
    found = methods.diff(a, b, [STEEL], by=())
    whole = sum(found[name].item() for name in methods.CAUSES)
    assert whole == pytest.approx(found["difference_tco2e"].item(), abs=1e-6)


def test_an_unknown_column_is_refused():
    with pytest.raises(ModelError, match="sector"):
        methods.diff(run(limestone(1.0)), run(limestone(1.0)), [STEEL], by=("sector",))


def test_rows_of_one_key_are_paired_in_their_order_and_the_rest_stand_alone():
    # 10 -> 12 t in the first, 20 -> 24 t in the second; the third, 30 t, has no partner
    a = run(limestone(10.0), row("flux", "material", "dolomite", used_qty=1.0), limestone(20.0))
    b = run(limestone(12.0), limestone(24.0), limestone(30.0))
    assert causes(a, b, by=()) == pytest.approx(
        {"activity": 6 * 0.44, "boundary": 30 * 0.44 - 0.471, "difference_tco2e": 36 * 0.44 - 0.471}
    )


def test_an_account_read_from_a_file_is_paired_with_one_just_made():
    a, b = run(limestone(10.0)), run(limestone(12.0), limestone(1.0))
    words = pl.col(pl.Categorical).cast(pl.String)
    kept = replace(a, lines=a.lines.with_columns(words), streams=a.streams.with_columns(words))
    assert causes(kept, b, by=()) == causes(a, b, by=())


def test_numbers_of_rows_may_leave_many_out():
    a, b = run(limestone(10.0), limestone(1.0)), run(limestone(12.0), limestone(1.0))
    far = pl.col("activity_id") * 10_000
    spread = replace(a, lines=a.lines.with_columns(far), streams=a.streams.with_columns(far))
    assert (
        causes(spread, b)
        == causes(a, b)
        == pytest.approx({"activity": 0.88, "difference_tco2e": 0.88})
    )


def test_a_row_the_other_form_had_and_kept_out_is_a_gap_and_no_boundary():
    # the earlier form had the 20 t of dolomite, with an error in the row: 20 x 0.471
    whole = run(limestone(10.0), row("flux", "material", "dolomite", used_qty=20.0))
    keys = whole.streams.select(methods.PAIR_KEYS)
    other = keys.with_columns(pl.lit("argon", dtype=pl.Categorical()).alias("item"))
    part = run(limestone(10.0))
    for kept_out in (keys[1:], pl.concat([keys[1:], other, keys[1:]])):
        told = replace(part, refused=kept_out)
        gap = {"gap": 20 * 0.471, "difference_tco2e": 20 * 0.471}
        assert causes(told, whole) == pytest.approx(gap)
        assert causes(whole, told) == pytest.approx({name: -one for name, one in gap.items()})
    assert "gap" not in causes(replace(part, refused=other), whole)
