"""Cities drawn once for all tests of this folder."""

import pytest

from tanfeng.demo.city import City, draw


@pytest.fixture(scope="session")
def small_city() -> City:
    """Return 20 enterprises over 24 months."""
    return draw(20, 24)


@pytest.fixture(scope="session")
def full_city() -> City:
    """Return the city the demonstration shows."""
    return draw()
