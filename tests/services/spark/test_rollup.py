"""Sums up the tree from slots and sums that lie on Spark."""

from metering.test_rollup import test_a_table_of_a_backend_gives_what_the_frame_gives
from metering.test_rollup_derived import *  # noqa: F403 - the same tests

__all__ = ["test_a_table_of_a_backend_gives_what_the_frame_gives"]
