"""Addresses of metered energy."""

from __future__ import annotations

from doors_kit import Door


def _firm(world):
    return {"code": world.code_b}


DOORS = {
    "energy": Door(),
    "energy-balance": Door(_firm),
    "energy-time-of-use": Door(_firm),
    "energy-compare": Door(_firm),
}
