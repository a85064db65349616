"""Balance of main meters against the meters below, and of on-site generation, by hand."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from rollup_frames import NOV, SLOT, at, edges, points, slots
from tanfeng.metering import rollup
from tanfeng.metering.balance import BALANCE, LINKS, UnknownRole, balance, on_site
from tanfeng.metering.frames import FACTORS

HOUR = timedelta(hours=1)
#: An enterprise with a meter in and one out, two workshops, and a machine inside the first.
POINTS = points(
    {"point": "in", "node": "E", "level": 1},
    {"point": "out", "node": "E", "level": 1, "sign": -1},
    {"point": "w1", "node": "U1", "level": 2},
    {"point": "w2", "node": "U2", "level": 2},
    {"point": "m", "node": "Q", "level": 3},
)
TREE = edges(("C", "E"), ("E", "U1"), ("E", "U2"), ("U1", "Q"))


def balanced(amounts: dict[str, list[float | None]], p=POINTS, tree=TREE, **asked):
    data = pl.concat(slots(name, values) for name, values in amounts.items())
    window = {"by": "hour", "start": NOV, "end": NOV + HOUR, "due": rollup.due_since(p, data)}
    factors = asked.pop("factors", None)
    return balance(
        rollup.of_points(data, points=p, factors=factors, **window),
        rollup.of_nodes(data, points=p, edges=tree, factors=factors, **window),
        points=p,
        edges=tree,
        **asked,
    )


def row(found, node: str) -> dict:
    return found.frame.row(by_predicate=pl.col("node") == node, named=True)


def links(found, node: str) -> set[tuple]:
    rows = found.links.filter(node=node).select("source", "target", "kind", "amount").rows()
    return set(rows)


def each(hour: float) -> list[float]:
    """Four quarter hours of that amount together."""
    return [hour / 4] * 4


GOOD = {"in": each(100), "out": each(10), "w1": each(50), "w2": each(37), "m": each(20)}


def test_a_balance_by_hand():
    # main 100 - 10 = 90, parts 50 + 37 = 87, unexplained 3 <= 5 % of 90 = 4.5.
    found = balanced(GOOD)
    assert found.frame.schema == BALANCE
    assert found.links.schema == LINKS
    e = row(found, "E")
    assert (e["into"], e["out"], e["main"], e["parts"]) == (100.0, 10.0, 90.0, 87.0)
    assert (e["unexplained"], e["parts_count"], e["verdict"]) == (3.0, 2, "within")
    assert e["unexplained_share"] == pytest.approx(3 / 90)
    assert (e["unit"], e["completeness"]) == ("kWh", 1.0)


def test_each_level_is_balanced_and_the_last_has_nothing_below():
    found = balanced(GOOD)
    u1 = row(found, "U1")
    # 50 - 20 = 30, far more than 5 % of 50.
    assert (u1["main"], u1["parts"], u1["unexplained"], u1["verdict"]) == (50, 20, 30, "below")
    assert (row(found, "Q")["verdict"], row(found, "Q")["parts"]) == ("no meters below", None)
    assert "C" not in found.frame["node"].to_list()  # no meter of its own: nothing to balance


@pytest.mark.parametrize(
    ("w2", "verdict"),
    [(35.5, "within"), (35.4, "below"), (44.5, "within"), (44.6, "above")],
)
def test_the_tolerance_is_five_percent_of_the_main_meter(w2, verdict):
    # 90 - 50 - 35.5 = 4.5 = 5 % of 90, exactly in quarters of binary fractions.
    assert row(balanced(GOOD | {"w2": each(w2)}), "E")["verdict"] == verdict


def test_a_wider_tolerance_may_be_asked_for():
    assert row(balanced(GOOD, tolerance=0.6), "U1")["verdict"] == "within"


def test_nothing_is_judged_while_a_part_is_missing():
    found = balanced(GOOD | {"w2": [37 / 4, None, 37 / 4, 37 / 4]})
    e = row(found, "E")
    # Two main meters and two workshops owe 16 quarter hours, one is missing.
    assert (e["verdict"], e["completeness"]) == ("not known", 15 / 16)
    silent = balanced({k: v for k, v in GOOD.items() if k != "w2"})
    assert row(silent, "E")["verdict"] == "not known"
    assert ("E", "U2", "use", None) in links(silent, "E")


def test_flows_of_the_picture():
    found = balanced(GOOD)
    assert links(found, "E") == {
        ("in", "E", "input", 100.0),
        ("E", "out", "output", 10.0),
        ("E", "U1", "use", 50.0),
        ("E", "U2", "use", 37.0),
        ("E", "", "unexplained", 3.0),
    }
    assert links(found, "C") == {("C", "E", "use", 90.0)}


def test_what_flows_in_flows_out_of_each_balanced_node():
    rows = balanced(GOOD).links
    for node in ("E", "U1"):
        own = rows.filter(node=node)
        into = own.filter(target=node)["amount"].sum()
        assert into == pytest.approx(own.filter(source=node)["amount"].sum(), rel=1e-12)


def test_too_much_below_is_an_excess_flow_and_never_a_negative_one():
    found = balanced(GOOD | {"w2": each(47)})
    # 90 - 50 - 47 = -7
    assert row(found, "E")["unexplained"] == -7.0
    assert ("", "E", "excess", 7.0) in links(found, "E")
    assert found.links["amount"].min() > 0


def test_a_workshop_that_gives_back_flows_back():
    # A roof meter of workshop 2 gives 5 more than it takes.
    p = points(
        {"point": "in", "node": "E"},
        {"point": "w1", "node": "U1"},
        {"point": "w2", "node": "U2", "sign": -1},
    )
    found = balanced({"in": each(45), "w1": each(50), "w2": each(5)}, p=p)
    assert links(found, "E") == {
        ("in", "E", "input", 45.0),
        ("E", "U1", "use", 50.0),
        ("U2", "E", "return", 5.0),
    }
    assert (row(found, "E")["unexplained"], row(found, "E")["verdict"]) == (0.0, "within")


def test_meters_of_a_lower_class_at_the_node_itself_are_parts():
    p = points(
        {"point": "main", "node": "E", "level": 1},
        {"point": "a", "node": "E", "level": 2},
        {"point": "b", "node": "E", "level": 2, "sign": -1},
    )
    found = balanced({"main": each(10), "a": each(12), "b": each(2)}, p=p)
    e = row(found, "E")
    assert (e["main"], e["parts"], e["verdict"]) == (10.0, 10.0, "within")
    assert {("E", "a", "use", 12.0), ("b", "E", "return", 2.0)} <= links(found, "E")


def test_a_child_without_a_meter_is_worth_what_lies_below_it():
    p = points({"point": "main", "node": "E"}, {"point": "m1", "node": "Q"})
    found = balanced({"main": each(10), "m1": each(9.75)}, p=p, tree=edges(("E", "U"), ("U", "Q")))
    assert row(found, "E")["parts"] == 9.75
    assert links(found, "U") == {("U", "Q", "use", 9.75)}


def test_one_enterprise_may_be_asked_for():
    found = balanced(GOOD, root="U1")
    assert found.frame["node"].to_list() == ["Q", "U1"]
    assert set(found.links["node"]) == {"U1", "Q"}


def test_flows_are_worth_tce_and_the_rest_is_what_is_left():
    factors = pl.DataFrame(
        [("electricity", "kWh", 2026, 0.5, 1.0, 1.0, "", "")], schema=FACTORS, orient="row"
    )
    worth = {
        (kind, amount): tce
        for kind, amount, tce in balanced(GOOD, factors=factors)
        .links.filter(node="E")
        .select("kind", "amount", "energy_calorific_tce")
        .rows()
    }
    assert worth["input", 100.0] == 50.0
    assert worth["unexplained", 3.0] == 1.5


def test_the_order_of_rows_changes_no_bit():
    amounts = {k: [0.1 * v for v in values] for k, values in GOOD.items()}
    forth, back = balanced(amounts), balanced(dict(reversed(amounts.items())))
    assert forth.frame.equals(back.frame)
    assert forth.links.equals(back.links)


# Generation on site -------------------------------------------------------------------------------

ROLES_ = pl.DataFrame(
    {
        "node": ["S"] * 3,
        "point": ["grid", "back", "pv"],
        "role": ["import", "export", "generation"],
    }
)
STORE = pl.concat(
    [
        ROLES_,
        pl.DataFrame({"node": ["S"] * 2, "point": ["chg", "dis"], "role": ["charge", "discharge"]}),
    ]
)


def site(amounts: dict[str, list[float | None]], roles=ROLES_, by: str = "hour") -> dict:
    data = pl.concat(slots(name, values) for name, values in amounts.items())
    found = on_site(data, roles, by=by, start=NOV, end=NOV + HOUR)
    assert found.height == 1
    return found.row(0, named=True)


def test_exported_generation_is_no_self_use():
    # Generated 2 + 4 + 6 + 0 = 12, exported 0 + 1 + 4 + 0 = 5, imported 5 + 3 + 0 + 5 = 13.
    # Self use 12 - 5 = 7, consumption 13 + 12 - 5 = 20.
    s = site({"pv": [2, 4, 6, 0], "back": [0, 1, 4, 0], "grid": [5, 3, 0, 5]})
    assert (s["generation"], s["export"], s["import"]) == (12.0, 5.0, 13.0)
    assert (s["self_use"], s["consumption"]) == (7.0, 20.0)
    assert s["self_use_rate"] == pytest.approx(7 / 12)
    assert s["own_share"] == pytest.approx(7 / 20)
    assert (s["completeness"], s["exported_more"], s["storage_gained"]) == (1.0, 0, False)


def test_only_complete_quarter_hours_are_added_up():
    # The export of the third quarter is missing: taking its generation for self use would be wrong.
    s = site({"pv": [2, 4, 6, 0], "back": [0, 1, None, 0], "grid": [5, 3, 0, 5]})
    assert (s["generation"], s["self_use"], s["consumption"]) == (6.0, 5.0, 18.0)
    assert (s["slots_due"], s["slots_complete"], s["completeness"]) == (4, 3, 0.75)


def test_a_site_nobody_heard_of_has_no_figures():
    s = site({"pv": [None] * 4, "grid": [1, 1, 1, 1]})
    assert (s["generation"], s["self_use_rate"], s["completeness"]) == (None, None, 0.0)


def test_export_above_generation_is_told_and_gives_no_rate():
    s = site({"pv": [1, 1, 1, 1], "back": [0, 0, 3, 3], "grid": [0, 0, 0, 0]})
    assert (s["exported_more"], s["self_use"], s["self_use_rate"]) == (2, None, None)


def test_what_a_store_gives_back_to_the_grid_is_no_self_use():
    # 8 generated, of which 4 stored, 3 given back and exported: 8 - 3 = 5 used or lost on site.
    s = site(
        {
            "pv": [4, 4, 0, 0],
            "chg": [2, 2, 0, 0],
            "dis": [0, 0, 2, 1],
            "back": [0, 0, 2, 1],
            "grid": [0, 0, 1, 1],
        },
        roles=STORE,
    )
    assert (s["self_use"], s["storage_loss"], s["exported_more"]) == (5.0, 1.0, 0)
    # 2 imported + 8 generated + 3 discharged - 3 exported - 4 charged
    assert s["consumption"] == 6.0


def test_a_store_that_gives_more_than_it_took_is_flagged():
    s = site(
        {"pv": [1] * 4, "chg": [1] * 4, "dis": [1, 1, 1, 2], "back": [0] * 4, "grid": [0] * 4},
        roles=STORE,
    )
    assert (s["storage_loss"], s["storage_gained"]) == (-1.0, True)


def test_sites_are_told_apart_and_a_point_may_serve_two():
    roles = pl.concat(
        [ROLES_, pl.DataFrame({"node": ["P"], "point": ["pv"], "role": ["generation"]})]
    )
    data = pl.concat([slots("pv", [1, 1]), slots("grid", [1, 1]), slots("back", [0, 1])])
    found = on_site(data, roles, by="15min", start=NOV, end=NOV + 2 * SLOT)
    assert found.select("node", "start", "self_use").rows() == [
        ("P", at(0), 1.0),
        ("P", at(1), 1.0),
        ("S", at(0), 1.0),
        ("S", at(1), 0.0),
    ]


def test_a_role_nobody_knows_is_refused():
    with pytest.raises(UnknownRole, match=r"\['wind'\] are unknown; known: import, export"):
        on_site(
            slots("a", [1]),
            pl.DataFrame({"node": ["S"], "point": ["a"], "role": ["wind"]}),
            by="hour",
            start=NOV,
            end=NOV + HOUR,
        )
