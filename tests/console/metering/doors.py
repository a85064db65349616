"""Addresses of metering."""

from __future__ import annotations

from doors_kit import Door


def _meter(world):
    return {"pk": world.meter.pk}


def _firm(world):
    return {"code": world.code_b}


DOORS = {
    "metering": Door(),
    "metering-point": Door(_meter),
    "metering-point-window": Door(_meter),
    "meters": Door(),
    "meter-new": Door(post=lambda world: {"org": world.code_b, "meter_no": "X"}),
    "meter": Door(_meter, post={"do": "withdraw", "reason": "x"}),
    "meters-unclaimed": Door(post={"point": "X", "code": "X"}, seen_by=frozenset({"city"})),
    "meter-virtual": Door(),
    "meter-virtual-new": Door(post=lambda world: {"org": world.code_b, "meter_no": "X"}),
    "meter-virtual-check": Door(
        get=False, post=lambda world: {"org": world.code_b, "expression": "1"}
    ),
    "meter-virtual-of": Door(
        lambda world: {"pk": world.virtual_meter.pk}, post={"do": "withdraw", "reason": "x"}
    ),
    "meter-rates": Door(),
    "meter-rates-of": Door(_firm, post={"electricity-1": "9"}),
    "meter-units": Door(_firm, post=lambda world: {"do": "remove", "unit": world.process_unit.pk}),
    "gateways": Door(post=lambda world: {"code": world.code_b, "name": "X", "link": "http"}),
    "gateway": Door(
        lambda world: {"pk": world.gateway.pk},
        post=lambda world: {"do": "revoke", "key": world.api_key.prefix},
    ),
    # A key opens it and nothing else does: tests/console/metering/test_push.py.
    "readings": Door(open=True),
}
