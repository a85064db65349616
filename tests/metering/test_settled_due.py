"""What is kept says from when on a point owes: one rule for points, for nodes and for judging."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from metering.energy_kit import MONDAY, at, every_quarter, point, readings
from metering.settled_kit import Home
from quality_rows import nodes
from tanfeng.metering.frames import DEVICES, EDGES

DAY = timedelta(days=1)
NAMES = ("sends", "hung", "named", "made")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Four meters: one sends, one hangs and does not, one is but a name, one is computed."""
    made = Home(tmp_path_factory.mktemp("home"))
    points = pl.concat(
        [
            point("sends", node="F"),
            point("hung", node="G"),
            point("named", node="F"),
            point("made", expression="sends + hung"),
        ]
    )
    about = {"opening": 0.0, "multiplier": 1.0}
    made.register.put(
        points=points.drop("recorded"),
        devices=pl.DataFrame(
            [
                {"point": "sends", "device": "D", "installed": at(1), **about},
                {"point": "hung", "device": "E", "installed": at(1, 12), **about},
            ],
            schema=DEVICES,
        ).drop("recorded"),
        nodes=nodes(city="city", F="enterprise", G="enterprise").drop("recorded"),
        edges=pl.DataFrame([("city", "F"), ("city", "G")], schema=EDGES, orient="row"),
        recorded=at(2),
    )
    made.register.put(
        points=pl.DataFrame({"point": ["named"], "name": ["called otherwise"]}), recorded=at(5)
    )
    before = spans(made)
    made.append(readings(every_quarter(range(97)), "sends"))
    assert made.advance().left == 0
    return made, before


def spans(home) -> dict[str, tuple]:
    return {name: (first, last) for name, first, last in home.settled.due(NAMES).iter_rows()}


def test_a_point_owes_from_its_first_quarter_hour_or_its_meter_or_its_registration(home):
    made, before = home
    # Nothing was derived: two meters hang; the name was registered on day 2 and changed on day 5.
    # What is computed of both is due when both are.
    assert before == {
        "sends": (at(1), None),
        "hung": (at(1, 12), None),
        "named": (at(2), None),
        "made": (at(1, 12), None),
    }
    # It sent from the beginning on, a day before its meter is said to hang.
    assert spans(made) == before | {"sends": (MONDAY, None)}


def test_who_never_sent_is_missing_and_not_absent(home):
    made, _before = home
    asked = "day", MONDAY, MONDAY + 4 * DAY
    energy = made.settled.of_nodes(["city", "F", "G"], *asked)
    due = {
        name: dict(zip(rows["start"], rows["slots_due"], strict=True))
        for (name,), rows in energy.group_by("node")
    }
    # F: one point from day 0, another from day 2. G: from noon of day 1.
    assert due["F"] == {at(0): 96, at(1): 96, at(2): 192, at(3): 192}
    assert due["G"] == {at(1): 48, at(2): 96, at(3): 96}
    assert due["city"] == {at(0): 96, at(1): 144, at(2): 288, at(3): 288}
    known = energy.drop_nulls("amount")
    assert known.select("node", "amount").rows() == [("F", 96.0), ("city", 96.0)]
    assert energy.filter(node="G")["completeness"].to_list() == [0.0] * 3
    of_points = made.settled.of_points(NAMES, *asked).filter(pl.col("start") == at(3))
    assert set(of_points["point"]) == set(NAMES)
    assert of_points["quality"].unique().to_list() == ["missing"]
    # The list of points tells who has quarter hours; the computed one has, of nothing known.
    assert set(made.settled.energy(NAMES, "day")["point"]) == {"sends", "made"}
    assert made.settled.energy([], "day", MONDAY, MONDAY + DAY).is_empty()
