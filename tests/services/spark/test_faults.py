"""Field faults of known truth, on Spark: a simulated week, and two of what hypothesis would try."""

import pytest

from metering import test_faults
from metering.test_faults import *  # noqa: F403 - the same tests

scattered = test_faults.test_scattered_faults_never_lose_or_make_energy.hypothesis.inner_test


@pytest.mark.parametrize(("seed", "interval"), [(1, 900), (2, 300)])
def test_scattered_faults_never_lose_or_make_energy(seed, interval):
    scattered(seed, interval)
