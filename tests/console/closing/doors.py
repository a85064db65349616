"""Addresses of the month close."""

from __future__ import annotations

from doors_kit import Door

DOORS = {
    "closings": Door(),
    "closings-of": Door(lambda world: {"code": world.code_b}),
    "closing": Door(
        lambda world: {"code": world.code_b, "year": 2025, "month": 10},
        post={"do": "reopen", "reason": "x"},
    ),
}
