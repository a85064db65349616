"""A home of its own for the engine of every test, and no limits counted before."""

from __future__ import annotations

import pytest

from tanfeng.console.metering import engine, push


@pytest.fixture(autouse=True)
def metering(settings, tmp_path):
    settings.METERING = tmp_path / "metering"
    settings.READINGS = str(tmp_path / "metering" / "readings")
    for cached in (engine._store, engine._intake):
        cached.cache_clear()
    push._limits.close()
    push._points.clear()
    push._last_told.clear()
    return settings.METERING
