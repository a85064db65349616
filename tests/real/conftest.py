"""Real runs tell their figures; ``pytest -s -m real`` shows them."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def tell() -> Callable[[str], None]:
    """Return a function that writes one line to where the test's output goes."""

    def write(text: str) -> None:
        sys.stdout.write(f"{text}\n")

    return write
