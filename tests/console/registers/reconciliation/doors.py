"""Addresses of reconciliations."""

from __future__ import annotations

from doors_kit import Door

DOORS = {
    "reconciliations": Door(post={}),
    "reconciliation": Door(lambda world: {"code": world.code_b, "year": 2023}),
}
