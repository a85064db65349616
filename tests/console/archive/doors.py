"""Addresses of the enterprise archive."""

from __future__ import annotations

from doors_kit import Door

DOORS = {
    "enterprises": Door(),
    "enterprise": Door(lambda world: {"credit_code": world.code_b}),
    "official-lists": Door(),
    "official-list": Door(lambda _world: {"key": "key-users"}, common=True),
    "plants": Door(common=True),
}
