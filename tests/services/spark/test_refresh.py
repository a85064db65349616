"""Deriving what new readings touch, on Spark."""

import pytest

from metering import test_refresh
from metering.test_refresh import *  # noqa: F403 - the same tests

in_parts = test_refresh.test_in_parts_is_at_once.hypothesis.inner_test


@pytest.mark.parametrize(("seed", "interval", "hours"), [(7, 900, [30, 100])])
def test_in_parts_is_at_once(seed, interval, hours):
    in_parts(seed, interval, hours)
