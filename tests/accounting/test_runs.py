"""Manifests and the difference of two accounts by cause."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tanfeng
from tanfeng import accounting, standards
from tanfeng.errors import ModelError

AVERAGE = "emission_electricity_average_tco2"
FUEL = "emission_fuel_tco2"


def row(item: str, consumption: float | None = None, **more: object) -> dict[str, object]:
    return {"item_key": item, "consumption_total_qty": consumption, **more}


ROWS = [row("diesel", 10.0), row("electricity", 100.0, purchase_qty=100.0)]


def test_a_manifest_names_all_a_run_rests_on(make_activity, factors) -> None:
    activity = make_activity(ROWS)
    account = accounting.account(activity, factors=factors)
    manifest = accounting.manifest(account, activity)
    plain = manifest.as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["engine_version"] == tanfeng.__version__
    assert plain["factor_digest"] == factors.digest()
    assert plain["options"]["region"] == "CN-FJ"
    assert plain["tables"]["fuels"] == standards.info("fuels").digest
    assert set(plain["tables"]) == {
        "coal_rate",
        "electricity_heat_factors",
        "energy_items",
        "fuels",
        "item_fuels",
    }
    with pytest.raises(FrozenInstanceError):
        manifest.engine_version = "0"  # type: ignore[misc]


def test_the_input_digest_moves_with_a_value_and_not_with_the_order(make_activity, factors) -> None:
    activity = make_activity(ROWS)
    account = accounting.account(activity, factors=factors)

    def digest(frame: pl.DataFrame) -> str:
        return accounting.manifest(account, frame).activity_digest

    assert digest(activity) == digest(activity.reverse())
    assert digest(activity) == digest(activity.select(sorted(activity.columns)))
    changed = activity.with_columns(consumption_total_qty=pl.lit(1.0))
    assert digest(activity) != digest(changed)


def one(frame: pl.DataFrame, quantity: str) -> dict[str, float]:
    return frame.filter(quantity=quantity).row(0, named=True)


def test_no_change_is_no_difference(run) -> None:
    frame = accounting.diff(run(ROWS), run(ROWS))
    assert (
        frame.select("difference", "activity", "factor", "method", "boundary").sum().row(0)
        == (0.0,) * 5
    )


def test_each_cause_is_told_apart(run, make_activity, factors) -> None:
    before = run([*ROWS, row("coke", 5.0), row("lpg", 1.0, org_code="91350000B")])
    later = standards.Overrides(
        [
            standards.Override(
                table="electricity_heat_factors",
                row_id="elec_fujian_2023",
                value=0.4,
                unit="kgCO2/kWh",
                document="市级核定文件",
                verified_by="甲",
                verified_on=date(2026, 1, 2),
            )
        ]
    )
    other = accounting.factor_set([2023], as_of=date(2026, 1, 15), overrides=later)
    after = accounting.account(
        make_activity(
            [
                row("diesel", 12.0),
                row("electricity", 110.0, purchase_qty=110.0),
                row("gasoline", 1.0),
                row("coke", 5.0, coef_used_tce=0.98),
            ]
        ),
        factors=other,
    )
    frame = accounting.diff(before, after)
    power = one(frame, AVERAGE)
    # activity at the old factor 10 x 10 x 0.4211; factor on the new activity 1100 x (0.4 - 0.4211)
    assert power["activity"] == pytest.approx(42.11)
    assert power["factor"] == pytest.approx(1100 * (0.4 - 0.4211))
    assert (power["method"], power["boundary"]) == (0.0, 0.0)
    fuel = one(frame, FUEL)
    diesel = 43.33 * 0.0202 * 0.98 * 44 / 12
    gasoline = 44.8 * 0.0189 * 0.98 * 44 / 12
    lpg = 47.31 * 0.0172 * 0.99 * 44 / 12
    assert fuel["activity"] == pytest.approx(2 * diesel)
    assert fuel["boundary"] == pytest.approx(gasoline - lpg)
    energy = one(frame, "energy_calorific_tce")
    assert energy["method"] == pytest.approx(5 * 0.98 - 5 * 0.9714)  # own instead of reference
    for line in frame.iter_rows(named=True):
        causes = line["activity"] + line["factor"] + line["method"] + line["boundary"]
        assert causes == pytest.approx(line["difference"], rel=1e-12, abs=1e-9)
        assert line["difference"] == line["value_b"] - line["value_a"]


def test_by_organisation_and_item(run) -> None:
    frame = accounting.diff(
        run(ROWS), run([row("diesel", 11.0), ROWS[1]]), by=("quantity", "org_code", "item_key")
    )
    moved = frame.filter(pl.col("difference") != 0)
    assert set(moved["item_key"]) == {"diesel"}
    assert set(moved["org_code"]) == {"91350000A"}


def test_several_sites_pair_one_to_one(run) -> None:
    before = run([row("diesel", 1.0, site="a"), row("diesel", 2.0, site="b")])
    after = run([row("diesel", 1.0, site="a"), row("diesel", 5.0, site="b")])
    fuel = one(accounting.diff(before, after), FUEL)
    assert fuel["activity"] == pytest.approx(3 * 43.33 * 0.0202 * 0.98 * 44 / 12)
    assert fuel["boundary"] == 0.0


@pytest.mark.parametrize("by", [("org_code",), ("quantity", "county")])
def test_quantities_are_never_mixed(run, by: tuple[str, ...]) -> None:
    with pytest.raises(ModelError, match="diff needs quantity"):
        accounting.diff(run(ROWS), run(ROWS), by=by)


AMOUNT = st.floats(0, 1e6).map(lambda x: round(x, 6))
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["diesel", "coke", "electricity", "heat", "natural_gas"]),
        st.integers(1, 3),
        AMOUNT,
        AMOUNT,
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda change: change[:2],
)


@given(CHANGES, CHANGES)
@settings(max_examples=25, deadline=None)
def test_the_causes_always_close(run, one_side: list, other_side: list) -> None:
    def rows(changes: list) -> list:
        return [
            row(item, used, month=month, own_production_qty=made)
            for item, month, used, made in changes
        ]

    frame = accounting.diff(run(rows(one_side)), run(rows(other_side)))
    for line in frame.iter_rows(named=True):
        causes = line["activity"] + line["factor"] + line["method"] + line["boundary"]
        size = abs(line["value_a"]) + abs(line["value_b"])
        assert causes == pytest.approx(line["difference"], rel=1e-9, abs=1e-9 * max(size, 1e3))
