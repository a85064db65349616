"""What flowed, as pages ask for it: points, virtual points, the tree, and what it is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from metering_world import HUNG, meter
from tanfeng.console.metering import amounts, devices, engine, publishing
from tanfeng.metering.frames import READINGS

pytestmark = pytest.mark.django_db
START = datetime(2025, 4, 1, tzinfo=UTC) - timedelta(hours=8)  # midnight in Fuzhou
HOURS = 48


@pytest.fixture
def steady(firm_a, org_a):
    """Two meters, 1 and 2 of the register each quarter hour, times 6,000; two days."""
    for number, step in ((1, 1.0), (2, 2.0)):
        one = meter(
            firm_a, org_a, point=f"P-{number}", meter_no=f"E-{number}", serial_no=f"S-{number}"
        )
        devices.hang(firm_a, one, serial_no=f"S-{number}", installed_at=HUNG, opening=100.0)
        rows = HOURS * 4 + 1
        engine.store().append(
            pl.DataFrame(
                {
                    "point": [f"P-{number}"] * rows,
                    "time": [START + timedelta(minutes=15 * step) for step in range(rows)],
                    "value": [100.0 + step * row for row in range(rows)],
                    "quality": [0] * rows,
                    "source": ["test"] * rows,
                    "received": [START + timedelta(days=3)] * rows,
                    "batch": ["b"] * rows,
                },
                schema=READINGS,
            ),
            batch=f"b{number}",
        )
    publishing.publish_stale()
    return org_a


def test_points_and_the_tree(steady):
    end = START + timedelta(hours=HOURS)
    days = amounts.of_points(["P-1", "P-2", "P-9"], "day", START, end)
    # 96 quarter hours x 1 (2) of the register x 6,000.
    assert days["amount"].to_list() == [576_000.0] * 2 + [1_152_000.0] * 2
    assert set(days["quality"]) == {"measured"}
    firm = amounts.of_nodes([steady.credit_code], "day", START, end)
    assert firm["node"].unique().to_list() == [steady.credit_code]
    assert firm["amount"].to_list() == [1_728_000.0] * 2
    # 1,728,000 kWh x 0.1229 kgce/kWh (GB/T 2589-2020) = 212.3712 tce.
    assert firm["energy_calorific_tce"].to_list() == pytest.approx([212.3712] * 2, rel=1e-12)
    above = amounts.of_nodes([steady.place_id], "month", START, end)
    assert set(above["node"]) == {steady.place_id, steady.credit_code}
    assert above["amount"].to_list() == [3_456_000.0] * 2


def test_a_virtual_point_is_asked_for_like_any_other(steady):
    virtual = pl.DataFrame(
        {
            "point": ["V"], "name": ["差"], "kind": ["amount"], "item_key": ["electricity"],
            "unit": ["kWh"], "multiplier": [1.0], "interval_s": [900], "sign": [1],
            "node": [None], "expression": ['"P-2" - "P-1"'], "origin": ["import"],
        }
    )  # fmt: skip
    engine.register().put(points=virtual, recorded=START)
    found = amounts.of_points(["V"], "day", START, START + timedelta(days=1))
    assert found["point"].to_list() == ["V"]
    assert found["amount"].to_list() == [576_000.0]


def test_nothing_known_is_no_row(steady):
    assert amounts.slots([], START, START + timedelta(days=1)).is_empty()
    assert amounts.of_points(["P-9"], "day", START, START + timedelta(days=1)).is_empty()
    assert amounts.of_nodes(["nowhere"], "day", START, START + timedelta(days=1)).is_empty()


def test_what_was_asked_before_is_read_once_and_changes_with_the_figures(steady, monkeypatch):
    end = START + timedelta(hours=HOURS)
    asked = [steady.credit_code], "month", START, end
    before = amounts.of_nodes(*asked)
    # 2 days x 96 quarter hours x (1 + 2) of the register x 6,000.
    assert before["amount"].to_list() == [3_456_000.0]
    assert amounts.of_nodes(*asked) is before, "nothing moved: it is not read again"

    late = {
        "point": ["P-1"], "time": [end], "value": [100.0 + HOURS * 4 + 1], "quality": [0],
        "source": ["test"], "received": [START + timedelta(days=4)], "batch": ["late"],
    }  # fmt: skip
    engine.store().append(pl.DataFrame(late, schema=READINGS), batch="late")
    # The last quarter hour of one meter went up by 1 of the register, x 6,000.
    assert amounts.of_nodes(*asked)["amount"].to_list() == [3_462_000.0]

    # A value the city verified: 0.2 in place of 0.1229 kgce/kWh.
    worth = amounts.factors(START, end).with_columns(calorific_tce_per_unit=pl.lit(0.0002))
    monkeypatch.setattr(amounts, "_factors", lambda *_basis: worth)
    shown = amounts.of_nodes(*asked)["energy_calorific_tce"].item()
    assert shown == pytest.approx(3_462_000 * 0.1229 / 1000), "the verified values are the same"
    monkeypatch.setattr(amounts, "overrides", lambda: {"electricity": "verified"})
    shown = amounts.of_nodes(*asked)["energy_calorific_tce"].item()
    assert shown == pytest.approx(3_462_000 * 0.0002)


def test_what_follows_from_the_figures_is_made_again_when_a_meter_changes(steady, monkeypatch):
    made = iter(range(9))

    def once():
        return amounts.once("count", lambda: next(made))

    assert (once(), once()) == (0, 0)
    edges = engine.edges()
    engine.register().put(
        nodes=pl.DataFrame({"node": ["n-1"], "name": ["新工序"], "kind": ["unit"]}),
        recorded=START + timedelta(days=5),
    )
    assert engine.edges().height == edges.height
    assert (once(), once()) == (1, 1)
    monkeypatch.setattr(amounts, "_MOST", 1)
    assert amounts.once("other", lambda: "other") == "other", "the one before makes room"
    assert once() == 2
    monkeypatch.setattr(amounts, "_MOST_ROWS", 0)
    wide = pl.DataFrame({"a": [1]})
    assert amounts.once("wide", lambda: wide) is wide
    assert once() == 2, "what is too wide to keep is not kept"
