"""Addresses of forecasts."""

from __future__ import annotations

from doors_kit import Door

DOORS = {
    "forecasts": Door(post={}),
    "anomalies": Door(),
    "forecast": Door(lambda world: {"code": world.code_b}),
}
