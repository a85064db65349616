"""Intermediate tables on Spark; the workers keep nothing that nobody asks for any more."""

from metering.energy_kit import NO_DEVICES, every_quarter, point, readings, table
from metering.test_workshop import *  # noqa: F403 - the same tests
from tanfeng.metering.energy import point_energy


def test_the_workers_keep_nothing_of_a_derivation(spark):
    held = spark._session.sparkContext._jsc.getPersistentRDDs()
    before = held.size()
    values = [0.0 if n == 50 else 10.0 * n for n in range(96)]
    rows = point_energy(table(readings(every_quarter(values))), point(), NO_DEVICES, by="day")
    assert rows["amount"].to_list() == [950.0]
    assert spark._session.sparkContext._jsc.getPersistentRDDs().size() <= before
