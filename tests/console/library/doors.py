"""Addresses of the library."""

from __future__ import annotations

from doors_kit import Door

_CITY = frozenset({"city"})

DOORS = {
    "standards": Door(common=True),
    "standards-table": Door(lambda _world: {"table": "fuels"}, common=True),
    "standards-row": Door(
        lambda _world: {"table": "energy_items", "row": "electricity"}, common=True
    ),
    "overrides": Door(common=True),
    "override-withdraw": Door(
        lambda world: {"pk": world.override.pk}, get=False, post={}, seen_by=_CITY
    ),
    "documents": Door(common=True),
    "document": Door(lambda world: {"pk": world.document.pk}, common=True),
}
