"""What circulates inside an enterprise, and what it buys with no meter at its gate: by hand."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quality_rows import nodes
from rollup_frames import NOV, edges, points, slots
from tanfeng.metering import rollup

HOUR = timedelta(hours=1)
#: Two enterprises of a county; F lies in a park, too, and its hall has a boiler and a line.
PLACES = edges(
    ("city", "county"), ("county", "F"), ("county", "G"), ("city", "park"), ("park", "F"),
    ("F", "hall"), ("hall", "boiler"), ("hall", "line"), ("F", "roof"),
)  # fmt: skip
KINDS = nodes(
    city="city", county="county", park="park", F="enterprise", G="enterprise",
    hall="unit", boiler="unit", line="unit", roof="unit",
)  # fmt: skip
GATE = {"point": "gate", "node": "G", "item_key": "heat", "unit": "GJ", "level": 1}
BOILER = {"point": "gives", "node": "boiler", "item_key": "heat", "unit": "GJ", "sign": -1}
LINE = {"point": "takes", "node": "line", "item_key": "heat", "unit": "GJ"}


def flows(p, **amounts) -> dict[tuple[str, str], float]:
    """Return node and item -> what flowed in an hour of four equal quarters."""
    data = pl.concat(slots(point, [amount] * 4) for point, amount in amounts.items())
    tree = {"points": p, "edges": PLACES, "nodes": KINDS}
    energy = rollup.of_nodes(data, by="hour", **tree)
    hours = rollup.of_points(data, points=p, by="hour")
    asked = {"start": NOV, "end": NOV + HOUR, "due": rollup.due_since(p, data), **tree}
    assert rollup.of_sums(hours, by="hour", **asked).equals(energy)
    return {(r["node"], r["item_key"]): r["amount"] for r in energy.iter_rows(named=True)}


def test_what_an_enterprise_makes_and_uses_inside_is_none_of_its_energy():
    # F: 4 x 1.5 GJ of steam made, 4 x 1.25 used, 1 GJ lost on the way; of gas 4 x 50 m3 for it.
    gas = {"point": "gas", "node": "F", "item_key": "natural_gas", "unit": "m3"}
    found = flows(points(GATE, BOILER, LINE, gas), gate=2.0, gives=1.5, takes=1.25, gas=50.0)
    heat = {node: amount for (node, item), amount in found.items() if item == "heat"}
    # The hall holds the loss of its pipes; nothing of it is drawn through the gate of F. What is
    # above is the sum of its enterprises: the 8 GJ of G.
    assert heat == {
        "boiler": -6.0, "line": 5.0, "hall": -1.0, "G": 8.0, "county": 8.0, "city": 8.0
    }  # fmt: skip
    assert [found[node, "natural_gas"] for node in ("F", "park", "county", "city")] == [200.0] * 4


def test_a_meter_at_the_gate_says_what_is_bought_beside_what_is_made():
    bought = {**GATE, "point": "bought", "node": "F"}
    found = flows(points(bought, BOILER, LINE), bought=0.5, gives=1.5, takes=1.75)
    assert [found[node, "heat"] for node in ("F", "park", "county", "city")] == [2.0] * 4


def test_what_a_step_gives_back_within_another_leaves_the_purchase_alone():
    # The hall draws 2 through its meter; what its boiler gives stays behind that meter.
    hall = {**LINE, "point": "drawn", "node": "hall"}
    found = flows(points(hall, BOILER), drawn=2.0, gives=0.5)
    assert [found[node, "heat"] for node in ("hall", "F", "city")] == [8.0] * 3


def test_power_from_the_roof_is_less_drawn_from_the_grid():
    # No meter at the gate: of 70 kWh used 10 come from the roof, 60 came through it, four times.
    found = flows(
        points({"point": "used", "node": "line"}, {"point": "sun", "node": "roof", "sign": -1}),
        used=70.0,
        sun=10.0,
    )
    assert [found[node, "electricity"] for node in ("F", "park", "county", "city")] == [240.0] * 4


def _heat(p, by="hour", **amounts):
    """Return node -> (amount, slots due, slots missing, quality) of heat."""
    data = pl.concat(slots(point, some) for point, some in amounts.items())
    tree = {"points": p, "edges": PLACES, "nodes": KINDS}
    energy = rollup.of_nodes(data, by=by, **tree)
    last = data["start"].max() + timedelta(minutes=15)
    asked = {"start": NOV, "end": last, "due": rollup.due_since(p, data), **tree}
    hours = rollup.of_points(data, points=p, by="hour")
    assert rollup.of_sums(hours, by=by, **asked).equals(energy)
    heat = energy.filter(pl.col("item_key") == "heat", pl.col("node").is_in(["F", "G", "city"]))
    columns = ("amount", "slots_due", "slots_missing", "quality")
    return {r["node"]: tuple(r[name] for name in columns) for r in heat.iter_rows(named=True)}


def test_steam_bought_without_a_meter_at_the_gate_is_missing_not_nothing():
    # F makes 6 GJ and uses 7: at least 1 was bought, and nobody knows how much was lost.
    found = _heat(points(GATE, BOILER, LINE), gate=[2.0] * 4, gives=[1.5] * 4, takes=[1.75] * 4)
    assert found == {
        "F": (None, 4, 4, "missing"), "G": (8.0, 4, 0, "measured"), "city": (8.0, 8, 4, "partial"),
    }  # fmt: skip
    data = pl.concat([slots("gives", [1.5] * 4), slots("takes", [1.75] * 4)])
    tree = {"points": points(BOILER, LINE), "edges": PLACES, "nodes": KINDS}
    energy = rollup.of_nodes(data, by="day", **tree)
    (told,) = rollup.bought_unmetered(energy, **tree).iter_rows(named=True)
    assert (told["node"], told["item_key"], told["unit"]) == ("F", "heat", "GJ")
    assert (told["days"], told["last"]) == (1, date(2026, 11, 1))
    assert (told["made"], told["used"], told["at_least"]) == (6.0, 7.0, 1.0)


@pytest.mark.parametrize(
    ("gives", "takes"),
    [
        ([1.5] * 4, [1.57] * 4),  # 4.7 % more: what meters may differ by
        ([1.5, None, 1.5, 1.5], [1.75] * 4),  # perhaps the boiler made it
        ([0.0] * 4, [0.0] * 4),  # a works that stands still
    ],
)
def test_what_may_have_been_made_inside_is_not_missing(gives, takes):
    assert _heat(points(BOILER, LINE), gives=gives, takes=takes) == {}


def test_a_month_is_looked_at_by_its_days():
    # 96 x 4 GJ made on the 1st and 192 x 1.2 used on both days: together enough was made. But on
    # the 2nd the boiler stands and the line goes on: the 96 quarter hours of that day are missing.
    p = points(BOILER, LINE)
    amounts = {"gives": [4.0] * 96 + [0.0] * 96, "takes": [1.2] * 192}
    assert _heat(p, "month", **amounts) == {
        "F": (None, 96, 96, "missing"), "city": (None, 96, 96, "missing"),
    }  # fmt: skip
    assert _heat(p, "day", **amounts) == _heat(p, "month", **amounts)


def test_the_points_of_a_node_are_those_its_amount_is_made_of():
    p = points(GATE, BOILER, LINE, {"point": "sun", "node": "roof", "sign": -1})
    asked = {"points": p, "edges": PLACES, "nodes": KINDS}
    assert rollup.points_of("F", **asked).rows() == [("sun", "electricity", -1.0)]
    assert rollup.points_of("county", **asked)["point"].to_list() == ["sun", "gate"]
    assert rollup.points_of("G", **asked)["point"].to_list() == ["gate"]
    assert rollup.points_of("hall", **asked)["point"].to_list() == ["gives", "takes"]
