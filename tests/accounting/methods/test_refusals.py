"""A declaration or a frame that makes no sense is refused in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from method_rows import AS_OF, frames, row, run
from tanfeng.accounting import methods
from tanfeng.accounting.methods import _chemistry, _items, power_units
from tanfeng.accounting.methods._combustion import FUEL, USED
from tanfeng.accounting.methods._uncertainty import propagate, simulate
from tanfeng.errors import DataError, ModelError, StandardError

STEEL = methods.METHODS["gb_t_32151_5_2015"]
FLUX = STEEL.stream("flux")
LIMESTONE = row("flux", "material", "limestone", used_qty=1.0)


def account(found, method=STEEL):
    return methods.account(found, [method], as_of=AS_OF)


def test_a_step_has_no_more_inputs_than_a_line():
    with pytest.raises(ModelError, match="more than 6 inputs"):
        replace(FUEL.steps[-1], inputs=tuple(USED for _ in range(7)))


def test_a_kind_ends_in_an_emission():
    with pytest.raises(ModelError, match="must give emission_tco2e"):
        replace(FUEL, steps=FUEL.steps[:1])


def test_a_method_names_a_stream_and_a_material_once():
    with pytest.raises(ModelError, match="has a stream twice"):
        replace(STEEL, streams=(FLUX, FLUX))
    with pytest.raises(ModelError, match="has a material twice"):
        replace(STEEL, streams=(replace(FLUX, items=FLUX.items[:1] * 2),))


def test_what_a_method_does_not_have():
    with pytest.raises(ModelError, match="no stream 'x'; it has fuel"):
        STEEL.stream("x")
    with pytest.raises(ModelError, match="flux is not computed by fuel"):
        FLUX.kind("fuel")
    with pytest.raises(ModelError, match=r"has no \['unobtainium'\]"):
        _items.fuels("GBT-32151-2015", only=("unobtainium",))
    with pytest.raises(ModelError, match="unobtainium"):
        _chemistry.chemicals("unobtainium")


def test_a_default_in_another_unit_is_refused():
    # the purity of limestone, a percentage, in the place of its emission factor
    wrong = _items.material(
        "limestone", "石灰石", "limestone", ef_tco2="method_defaults/carbonate_purity"
    )
    method = replace(STEEL, streams=(replace(FLUX, items=(wrong,)),))
    with pytest.raises(StandardError, match="limestone needs tCO2/t"):
        account(frames(STEEL.key, [LIMESTONE]), method)


def test_a_frame_must_be_what_its_kind_knows():
    whole = frames(STEEL.key, [LIMESTONE])
    with pytest.raises(ModelError, match="computed by 'magic'"):
        account({"magic": whole["material"]})
    with pytest.raises(ModelError, match=r"columns \['tier'\] are missing, \['colour'\] unknown"):
        account({"material": whole["material"].drop("tier").with_columns(colour=pl.lit(1.0))})
    twice = pl.concat([whole["material"]] * 2)
    with pytest.raises(ModelError, match="share an activity_id"):
        account({"material": twice})


def test_a_balance_is_drawn_through_its_intermediate_value():
    # use = 100 + 50 - 30 = 120 t, the purchase 5 % wide: 5 t of 120 t
    stocked = row(
        "flux",
        "material",
        "limestone",
        purchased_qty=100.0,
        opening_stock_qty=50.0,
        closing_stock_qty=30.0,
    )
    found = run(STEEL.key, [stocked])
    widths = pl.DataFrame(
        [
            {
                "activity_id": 1,
                "column": "purchased_qty",
                "factor_ref": None,
                "relative_pct": 5.0,
                "distribution": "normal",
                "group": None,
            }
        ],
        schema=dict(methods.UNCERTAINTY_SCHEMA),
    )
    exact = propagate(found, widths)
    assert exact.standard_tco2e * 1.959963984540054 == pytest.approx(5 * 0.44, rel=1e-9)
    drawn = simulate(found, widths, draws=20_000, seed=5)
    assert drawn.standard_tco2e == pytest.approx(exact.standard_tco2e, rel=0.03)


def test_runs_of_different_rows_are_still_paired_by_their_keys():
    before = run(STEEL.key, [LIMESTONE, row("flux", "material", "dolomite", used_qty=2.0)])
    after = run(STEEL.key, [row("flux", "material", "dolomite", used_qty=3.0), LIMESTONE])
    found = methods.diff(before, after, [STEEL], by=())
    assert found["activity"].item() == pytest.approx(0.471)
    assert found["boundary"].item() == 0.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_value_that_is_no_number_or_out_of_range_is_refused(value):
    with pytest.raises(DataError) as caught:
        run(STEEL.key, [{**LIMESTONE, "used_qty": value}])
    assert [one.rule for one in caught.value.problems] == ["M003"]


def test_production_of_units_is_checked():
    power = methods.METHODS["mee_2022_power"]
    found = run(power.key, [], year=2024)
    with pytest.raises(ModelError, match=r"unknown columns \['colour'\]"):
        power_units.unit_results(found, pl.DataFrame({"colour": [1]}))
    with pytest.raises(ModelError, match="of a unit is outside"):
        power_units._refuse_outside(
            {one.column: np.array([-1e12]) for step in power_units._STEPS for one in step.inputs}
        )


def test_an_empty_frame_is_nothing_to_account_for():
    nothing = {kind: frame.head(0) for kind, frame in frames(STEEL.key, [LIMESTONE]).items()}
    assert account(nothing).lines.is_empty()
    assert account(nothing).emissions()["emission_tco2e"].to_list() == [None]
