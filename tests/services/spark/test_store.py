"""The readings store read by Spark: the same files, the same rows, from folders and URLs."""

import pytest

from metering import engines, test_store
from metering.energy_kit import MONDAY
from metering.readings_kit import quarter_hours
from metering.test_store import (
    store,
    test_a_url_goes_through_the_object_store,
    test_a_window_has_its_start_and_not_its_end,
    test_known_on_leaves_out_what_came_later,
    test_many_points_are_joined_not_listed,
    test_no_points_are_no_readings,
)
from tanfeng.gateway.simulate import scatter, simulate
from tanfeng.metering.energy import point_energy
from tanfeng.metering.store import Store

__all__ = [
    "store",
    "test_a_url_goes_through_the_object_store",
    "test_a_window_has_its_start_and_not_its_end",
    "test_known_on_leaves_out_what_came_later",
    "test_many_points_are_joined_not_listed",
    "test_no_points_are_no_readings",
]

test_the_times_of_a_table_name_their_zone = pytest.mark.xfail(
    strict=True,
    reason="Spark's TIMESTAMP is an instant, and Ibis 12 gives it no zone; the rows have it",
)(test_store.test_the_times_of_a_table_name_their_zone)


def test_a_folder_may_be_called_what_a_pattern_would_be(tmp_path):
    odd = Store(tmp_path / "city [1]* {读数}")
    odd.append(quarter_hours(["a"], 3), batch="x")
    assert engines.fetch(odd.table(engines.con())).height == 3


def test_from_the_store_to_energy(tmp_path):
    faults = scatter(6, start=MONDAY, days=3, seed=4, share=1.0)
    sim = simulate(6, start=MONDAY, days=3, seed=4, faults=faults)
    kept = Store(f"file://{tmp_path}/readings")  # the tests above read from a bare folder as well
    kept.append(sim.readings, batch="x")
    made = [
        point_energy(kept.table(con), sim.points, sim.devices, by="hour")
        for con in (engines.con(), engines.DUCKDB)
    ]
    engines.same(*made)
    assert made[0].height > 400
