"""Each rule of the derivation, on Spark."""

from metering.test_derive import *  # noqa: F403 - the same tests
