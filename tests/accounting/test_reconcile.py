"""One enterprise seen three ways: the causes by hand, and that they always add up."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import method_rows
from tanfeng.accounting import methods, reconcile
from tanfeng.accounting.reconcile import View
from tanfeng.errors import ModelError

ALL = frozenset({"direct", "electricity", "heat"})


def view(
    key: str,
    *rows: tuple[str, str, float | None, str, float | None, str],
    scopes: frozenset[str] = ALL,
    items: frozenset[str] | None = None,
    **more: bool,
) -> View:
    """Return a view: scope, item, amount, unit, emission, way of each row."""
    frame = pl.DataFrame(
        [("A", 2023, *row, 0, None) for row in rows],
        schema=dict(reconcile.VIEW_SCHEMA),
        orient="row",
    )
    return View(key, key, key, frame, scopes, items, **more)


def only(a: View, b: View) -> dict[str, object]:
    """Return the one row two views differ by."""
    return reconcile.reconcile([a, b], base=a.key).row(0, named=True)


def causes(row: dict[str, object]) -> dict[str, float]:
    """Return the causes that are not zero."""
    found = {name: row[f"{name}_tco2"] for name in reconcile.CAUSES}
    return {name: value for name, value in found.items() if value}


# By hand ----------------------------------------------------------------------------------------


def test_activity_and_factor():
    # 100 t at 2.0 against 110 t at 2.1: activity (110 - 100) * 2.0 = 20; factor 231 - 220 = 11.
    row = only(
        view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel")),
        view("b", ("direct", "coke", 110.0, "t", 231.0, "fuel")),
    )
    assert causes(row) == pytest.approx({"activity": 20.0, "factor": 11.0})
    assert row["difference_tco2"] == pytest.approx(31.0)
    assert row["cause"] == "activity"
    assert row["explanation_en"] == "different amounts (100.0 / 110.0 t)"


def test_another_way_of_computing_is_the_method():
    # 100 t, 200 by heat and 207 by tested carbon: method 7.
    row = only(
        view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel")),
        view("b", ("direct", "coke", 100.0, "t", 207.0, "fuel_by_carbon")),
    )
    assert causes(row) == pytest.approx({"method": 7.0})
    assert "fuel / fuel_by_carbon" in row["explanation_zh"]


def test_two_units_cannot_be_split():
    row = only(
        view("a", ("heat", "heat", 100.0, "GJ", 11.0, "heat")),
        view("b", ("heat", "heat", 36.0, "t", 10.0, "heat")),
    )
    assert causes(row) == pytest.approx({"method": -1.0})


def test_what_the_rules_leave_out_is_boundary_and_what_is_lacking_is_missing():
    statistics = view(
        "a",
        ("electricity", "electricity", 10.0, "MWh", 5.0, "electricity"),
        ("direct", "diesel", 1.0, "t", 3.0, "fuel"),
    )
    market = view("b", scopes=frozenset({"direct"}))
    done = reconcile.reconcile([statistics, market], base="a")
    assert done["scope"].to_list() == ["direct", "electricity"]
    assert done["missing_tco2"].to_list() == [-3.0, 0.0]
    assert done["boundary_tco2"].to_list() == [0.0, -5.0]
    assert done["explanation_en"].to_list() == [
        "b should have it and has no data",
        "b does not count it by its rules",
    ]


def test_what_only_the_other_one_counts_is_boundary_of_the_base():
    statistics = view("a", items=frozenset({"diesel"}))
    market = view("b", ("direct", "portland", 1000.0, "t", 530.0, "clinker"))
    row = only(statistics, market)
    assert causes(row) == {"boundary": 530.0}
    assert row["explanation_zh"] == "a按规则不计此项"


def test_a_row_that_could_not_be_computed_is_missing_and_not_zero():
    row = only(
        view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel")),
        view("b", ("direct", "coke", None, "t", None, "fuel")),
    )
    assert causes(row) == {"missing": -200.0}
    assert row["emission_tco2"] is None


def test_meters_are_valued_at_the_factor_of_the_base():
    # 100 t reported at 2.0, 97 t on the scale: activity -6. Gas has no factor in the base.
    readings = pl.DataFrame(
        {
            "org_code": ["A", "A", "A"],
            "year": [2023, 2023, 2023],
            "scope": ["direct"] * 3,
            "item": ["coke", "coke", "natural_gas"],
            "unit": ["t", "t", "1e4 m3"],
            "quantity": [50.0, 47.0, 3.0],
        }
    )
    base = view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel"))
    done = reconcile.reconcile([base, reconcile.meter_view(readings)], base="a")
    coke, gas = done.iter_rows(named=True)
    assert causes(coke) == pytest.approx({"activity": -6.0})
    assert coke["emission_tco2"] == pytest.approx(194.0)
    assert (gas["is_valued"], gas["difference_tco2"], gas["cause"]) == (False, 0.0, "missing")
    assert (gas["activity"], gas["unit"]) == (3.0, "1e4 Nm3")
    summed = reconcile.totals(done).row(0, named=True)
    assert (summed["rows"], summed["unvalued_rows"]) == (2, 1)


def test_a_silent_meter_is_missing():
    readings = pl.DataFrame(
        {
            "org_code": ["A"],
            "year": [2023],
            "scope": ["direct"],
            "item": ["coke"],
            "unit": ["t"],
            "quantity": [None],
        },
        schema_overrides={"quantity": pl.Float64},
    )
    base = view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel"))
    row = only(base, reconcile.meter_view(readings))
    assert causes(row) == {"missing": -200.0}
    assert row["missing_rows"] == 1


def partly(share: float, quantity: float | None) -> View:
    """Return meters that know a share of the year of coke."""
    readings = pl.DataFrame(
        {
            "org_code": ["A"], "year": [2023], "scope": ["direct"], "item": ["coke"],
            "unit": ["t"], "quantity": [quantity], "known_share": [share],
        },
        schema_overrides={"quantity": pl.Float64},
    )  # fmt: skip
    return reconcile.meter_view(readings)


def test_a_part_of_the_year_is_shown_and_not_compared():
    # 100 t at 2.0 in the year; the scale knows 8 t of 8.3 % of it: no difference is stated.
    base = view(
        "a",
        ("direct", "coke", 100.0, "t", 200.0, "fuel"),
        ("direct", "diesel", 1.0, "t", 3.0, "fuel"),
    )
    part = partly(0.083, 8.0)
    done = reconcile.reconcile([base, part], base="a")
    coke = done.filter(pl.col("item") == "coke").row(0, named=True)
    assert causes(coke) == {}
    assert (coke["is_valued"], coke["activity"], coke["emission_tco2"]) == (False, 8.0, None)
    assert (coke["known_share"], coke["cause"]) == (0.083, "missing")
    assert "8.3 % of the year" in coke["explanation_en"]
    assert "全年的 8.3%" in coke["explanation_zh"]
    # The sums are those of the rows compared: diesel, 3 against nothing.
    summed = reconcile.totals(done).row(0, named=True)
    assert (summed["base_emission_tco2"], summed["difference_tco2"]) == (3.0, -3.0)
    assert summed["unvalued_rows"] == 1


def test_nothing_known_of_a_metered_item_is_no_difference():
    base = view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel"))
    row = only(base, partly(0.0, None))
    assert (causes(row), row["is_valued"], row["missing_rows"]) == ({}, False, 1)
    # The whole year is compared: 97 t, -6.
    assert causes(only(base, partly(1.0, 97.0))) == pytest.approx({"activity": -6.0})


def test_nothing_used_on_one_side():
    nothing = view("a", ("direct", "coke", 0.0, "t", 0.0, "fuel"))
    some = view("b", ("direct", "coke", 10.0, "t", 20.0, "fuel"))
    assert causes(only(nothing, some)) == pytest.approx({"activity": 20.0})
    assert causes(only(some, nothing)) == pytest.approx({"activity": -20.0})
    assert causes(only(nothing, view("c", ("direct", "coke", 0.0, "t", 0.0, "fuel")))) == {}


def test_what_cannot_be_compared():
    a = view("a")
    with pytest.raises(ModelError, match="different keys"):
        reconcile.reconcile([a], base="a")
    with pytest.raises(ModelError, match="different keys"):
        reconcile.reconcile([a, view("b")], base="c")
    with pytest.raises(ModelError, match="no emission"):
        reconcile.reconcile([a, view("m", amounts_only=True)], base="m")
    with pytest.raises(ModelError, match="twice"):
        view("a", *[("direct", "coke", 1.0, "t", 1.0, "fuel")] * 2)


# The accounts themselves ------------------------------------------------------------------------


def test_cement_by_the_market_guideline_and_by_the_statistics(run):
    # Market, CETS cement: diesel 60 + 40 t, clinker 10 000 t; its electricity stands for
    # information only. Statistics: diesel 110 t, electricity 100 (1e4 kWh) = 1000 MWh.
    market = method_rows.run(
        "cets_ag_02_01_2024",
        [
            method_rows.row("fuel", "fuel", "diesel", used_qty=60.0),
            method_rows.row("other", "fuel", "diesel", used_qty=40.0),
            method_rows.row("process", "clinker_factor", "portland", clinker_t=10_000.0),
            method_rows.row("electricity", "electricity", "electricity", purchased_mwh=1000.0),
        ],
    )
    statistics = run(
        [
            {"org_code": method_rows.ORG, "item_key": "diesel", "consumption_total_qty": 110.0},
            {"org_code": method_rows.ORG, "item_key": "electricity", "purchase_qty": 100.0},
        ]
    )
    chosen = [methods.METHODS["cets_ag_02_01_2024"]]
    done = reconcile.reconcile(
        [reconcile.statistics_view(statistics), reconcile.method_view(market, chosen)],
        base="statistics",
    )
    rows = {row["item"]: row for row in done.iter_rows(named=True)}
    diesel = rows["diesel"]
    assert (diesel["base_activity"], diesel["activity"]) == pytest.approx((110.0, 100.0))
    # Statistics 43.33 * 0.0202 * 0.98 * 44/12 = 3.145122 tCO2/t; market 42.652 GJ/t: 3.095910.
    # activity (100 - 110) * 3.145122 = -31.451225; factor 100 * (3.095910 - 3.145122) = -4.921286
    assert causes(diesel) == pytest.approx({"activity": -31.451225, "factor": -4.921286}, abs=1e-6)
    # 10 000 t of clinker at 0.535: the statistics know no process emission.
    assert causes(rows["portland"]) == {"boundary": pytest.approx(5350.0)}
    assert set(causes(rows["electricity"])) == {"boundary"}
    assert rows["electricity"]["base_activity"] == pytest.approx(1000.0)  # 100 (1e4 kWh) in MWh
    summed = reconcile.totals(done).row(0, named=True)
    whole = methods.totals(market, chosen)["emission_total_tco2e"].item()
    assert summed["emission_tco2"] == pytest.approx(whole)
    assert summed["base_emission_tco2"] + summed["difference_tco2"] == pytest.approx(whole)


def test_a_gap_of_a_method_is_missing(run):
    market = method_rows.run(
        "cets_ag_02_01_2024", [method_rows.row("fuel", "fuel", "diesel", used_qty=None)]
    )
    statistics = run(
        [{"org_code": method_rows.ORG, "item_key": "diesel", "consumption_total_qty": 110.0}]
    )
    chosen = [methods.METHODS["cets_ag_02_01_2024"]]
    done = reconcile.reconcile(
        [reconcile.statistics_view(statistics), reconcile.method_view(market, chosen)],
        base="statistics",
    )
    row = done.row(0, named=True)
    assert set(causes(row)) == {"missing"}
    assert row["missing_rows"] == 1


def test_items_that_are_one_fuel_under_the_guideline_are_added_up(run):
    names = reconcile.names_of()
    assert names["coking_coal"] == names["steam_coal"] == "bituminous"
    account = run(
        [
            {"item_key": "coking_coal", "consumption_total_qty": 100.0},
            {"item_key": "steam_coal", "consumption_total_qty": 50.0},
        ]
    )
    rows = reconcile.statistics_view(account).rows
    assert rows.select("item", "activity", "unit").rows() == [("bituminous", 150.0, "t")]
    with pytest.raises(ModelError, match="GBT-1"):
        reconcile.names_of("GBT-1")
    with pytest.raises(ModelError, match="basis"):
        reconcile.statistics_view(account, basis="market")


# Properties -------------------------------------------------------------------------------------

ITEM = st.tuples(
    st.sampled_from(["direct", "electricity", "heat"]),
    st.sampled_from(["coke", "diesel", "electricity", "heat"]),
    st.one_of(st.none(), st.just(0.0), st.floats(0.01, 1e6)),
    st.sampled_from(["t", "MWh"]),
    st.one_of(st.none(), st.just(0.0), st.floats(-1e6, 1e6)),
    st.sampled_from(["fuel", "other"]),
)
ITEMS = st.lists(ITEM, max_size=8, unique_by=lambda row: row[:2])
SCOPES = st.frozensets(st.sampled_from(sorted(ALL)))


@given(ITEMS, ITEMS, SCOPES, SCOPES)
def test_causes_add_up_to_the_difference_exactly(left, right, scopes_a, scopes_b):
    a = view("a", *left, scopes=scopes_a)
    b = view("b", *right, scopes=scopes_b, items=frozenset({"coke", "heat"}))
    done = reconcile.reconcile([a, b], base="a")
    for row in done.iter_rows(named=True):
        assert row["difference_tco2"] == sum(row[f"{name}_tco2"] for name in reconcile.CAUSES)
        step = (row["emission_tco2"] or 0.0) - (row["base_emission_tco2"] or 0.0)
        assert row["difference_tco2"] == pytest.approx(step, rel=1e-9, abs=1e-6)
    known = b.rows["emission_tco2"].sum() - a.rows["emission_tco2"].sum()
    assert done["difference_tco2"].sum() == pytest.approx(known, rel=1e-9, abs=1e-5)


@given(ITEMS)
def test_a_view_does_not_differ_from_itself(rows):
    done = reconcile.reconcile([view("a", *rows), view("b", *rows)], base="a")
    assert all(value == 0.0 for value in done["difference_tco2"])


def test_rows_without_the_form_of_a_view_are_refused():
    whole = view("a", ("direct", "coke", 100.0, "t", 200.0, "fuel"))
    with pytest.raises(ModelError, match="columns of VIEW_SCHEMA"):
        View("b", "b", "b", whole.rows.drop("unit"), ALL)
