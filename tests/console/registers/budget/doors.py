"""Addresses of quotas and budgets."""

from __future__ import annotations

from doors_kit import Door

DOORS = {
    "budgets": Door(),
    "budget-new": Door(),
    "budget-roll-up": Door(),
    "budget": Door(lambda world: {"pk": world.quota_b.pk}, post={"amount": "1"}),
}
