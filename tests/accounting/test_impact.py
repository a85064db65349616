"""Another value of a factor: only what leans on it moves, by what it must."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from method_rows import row, run
from tanfeng import accounting, standards
from tanfeng.accounting import methods
from tanfeng.accounting.impact import impact

A, B = "91359999MA2XN0001F", "91359999MA2XN0002J"


@pytest.fixture(scope="module")
def city():
    """Firm A uses 100 x 1e4 kWh and 50 t of diesel, firm B 10 t of coke."""
    rows = [(A, "electricity", 100.0), (A, "diesel", 50.0), (B, "coke", 10.0)]
    activity = pl.DataFrame(
        [
            {
                "activity_id": i,
                "org_code": org,
                "year": 2023,
                "month": 1,
                "item_key": item,
                "tier": "measured",
                "consumption_total_qty": used,
                "purchase_qty": used,
            }
            for i, (org, item, used) in enumerate(rows)
        ]
    )
    factors = accounting.factor_set([2023], as_of=date(2026, 6, 30))
    return accounting.account(activity, factors=factors)


def _ref(account, symbol, text):
    rows = account.factors.filter(
        (pl.col("symbol") == symbol) & pl.col("ref").str.contains(text, literal=True)
    )
    return rows.row(0, named=True)


def test_a_value_moves_its_lines_alone(city):
    oxidation = _ref(city, "OF", "diesel")
    moved = impact(city.lines, city.factors, accounting.FORMULAS, {oxidation["ref"]: 49.0})
    (line,) = moved.to_dicts()
    assert (line["org_code"], line["quantity"]) == (A, "emission_fuel_tco2")
    assert line["value_new"] == pytest.approx(line["value"] * 49.0 / oxidation["value"])


def test_the_same_value_moves_nothing_and_an_unused_row_touches_nothing(city):
    ref = _ref(city, "NCV", "coke")
    same = impact(city.lines, city.factors, accounting.FORMULAS, {ref["ref"]: ref["value"]})
    assert same.height == 1
    assert same["value_new"].to_list() == same["value"].to_list()
    none = impact(city.lines, city.factors, accounting.FORMULAS, {"fuels/none": 1.0})
    assert none.is_empty()
    assert "value_new" in none.columns


def test_lazy_lines_give_the_same(city):
    ref = _ref(city, "NCV", "coke")["ref"]
    whole = impact(city.lines, city.factors, accounting.FORMULAS, {ref: 30.0})
    lazy = impact(city.lines.lazy(), city.factors, accounting.FORMULAS, {ref: 30.0})
    assert whole.equals(lazy)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 10.0))
def test_an_electricity_factor_moves_its_basis_in_proportion(city, share):
    ref = city.factors.filter(pl.col("ref").str.contains("elec"), pl.col("symbol") == "EF").row(
        0, named=True
    )
    new = {ref["ref"]: ref["value"] * share}
    moved = impact(city.lines, city.factors, accounting.FORMULAS, new)
    for line in moved.to_dicts():
        assert line["value_new"] == pytest.approx(line["value"] * share)


def test_the_later_steps_of_a_row_follow_and_it_is_what_a_new_account_says():
    """COD 1 000 kg in a reactor: CH4 = COD x B0 x MCF, then its CO2 equivalent.

    The preview of half the B0 is the account made with a verified value of half the B0.
    """
    rows = [
        row("wastewater", "wastewater", "anaerobic_reactor", cod_removed_kg=1000.0),
        row("fuel", "fuel", "bituminous", used_qty=500.0),
    ]
    account = run("ndrc_2015_general", rows)
    b0 = account.factors.filter(pl.col("symbol") == "Bo").row(0, named=True)
    table, row_id = b0["ref"].split("/")
    moved = impact(account.lines, account.factors, account.formulas, {b0["ref"]: b0["value"] / 2})
    assert moved["quantity"].to_list() == ["ch4_t", methods.EMISSION]
    own = standards.Override(
        table=table,
        row_id=row_id,
        value=b0["value"] / 2,
        unit=b0["unit"],
        document="演示检测报告",
        verified_by="test",
        verified_on=date(2026, 1, 1),
        note="",
    )
    again = run("ndrc_2015_general", rows, overrides=standards.Overrides([own]))
    ids = moved["activity_id"].unique()
    expected = again.lines.filter(pl.col("activity_id").is_in(ids.implode())).sort("line")
    assert moved["value_new"].to_list() == pytest.approx(expected["value"].to_list(), rel=1e-12)
    assert moved["value_new"].to_list() == pytest.approx(
        [value / 2 for value in moved["value"]], rel=1e-12
    )
