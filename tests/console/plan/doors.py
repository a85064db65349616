"""Addresses of targets and tasks."""

from __future__ import annotations

from doors_kit import Door

DOORS = {
    "targets": Door(common=True),
    "target": Door(lambda _world: {"key": "T01"}, common=True),
    "tasks": Door(common=True),
    "task": Door(lambda _world: {"clause": "2.1.1"}, common=True),
}
