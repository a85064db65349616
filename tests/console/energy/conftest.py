"""A home of its own for the engine of every test, and a works whose flows are round numbers."""

from __future__ import annotations

import pytest

from energy_world import works
from tanfeng.console.metering import engine


@pytest.fixture(autouse=True)
def metering(settings, tmp_path):
    settings.METERING = tmp_path / "metering"
    settings.READINGS = str(tmp_path / "metering" / "readings")
    for cached in (engine._store, engine._intake):
        cached.cache_clear()
    return settings.METERING


@pytest.fixture
def steel(firm_b, org_b):
    """Two days of a steel works; see energy_world."""
    return works(firm_b, org_b)
