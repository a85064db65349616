"""Each rule of the derivation, on Spark: what its tests derive one by one, at once.

A derivation is some fifty statements, and a statement costs Spark the same for one register as for
forty. So the readings of all tests are one city here, every point under a name of its own: Spark
derives it once for each period, and has to find for each point what its test was content with.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pytest

from metering import energy_kit, engines, test_derive
from metering.test_derive import (
    test_no_readings_no_rows,
    test_of_several_readings_of_one_time_the_one_known_last_holds,
)
from tanfeng.metering.derive import deriving
from tanfeng.metering.energy import BY, corrections, point_energy

__all__ = [
    "test_no_readings_no_rows",
    "test_of_several_readings_of_one_time_the_one_known_last_holds",
]
#: These ask for what is known on a day, or of nothing at all: they run as they are.
ALONE = {*__all__, "test_an_unknown_period_is_refused"}
#: Stands where a period would: the test asked for the corrections.
LISTED = "corrections"


@dataclass(frozen=True)
class Case:
    """What a test derived, its points renamed, and what it got."""

    by: str
    readings: pl.DataFrame
    points: pl.DataFrame
    devices: pl.DataFrame
    got: pl.DataFrame


def _calls():
    """Give every test of the rules with every set of its arguments."""
    for name, test in vars(test_derive).items():
        if name.startswith("test_") and name not in ALONE:
            sets = [{}]
            for mark in getattr(test, "pytestmark", ()):
                argument, values = mark.args
                sets = [one | {argument: value} for one in sets for value in values]
            yield from ((test, one) for one in sets)


@pytest.fixture(scope="module")
def cases(on_spark):
    """Run the tests of the rules on DuckDB, and keep what they derive."""
    kept = []

    def keep(by, frame, points, devices, got):
        mine = pl.concat_str(pl.lit(f"{len(kept)} "), "point").alias("point")
        kept.append(Case(by, *(one.with_columns(mine) for one in (frame, points, devices, got))))
        return got

    def energy(frame, points, *, by="hour", devices=energy_kit.NO_DEVICES):
        got = point_energy(engines.put(frame), points, devices, by=by)
        return keep(by, frame, points, devices, got)

    def listed(frame, points, devices=energy_kit.NO_DEVICES):
        with deriving(engines.put(frame), points, devices) as derived:
            return keep(LISTED, frame, points, devices, corrections(derived))

    with engines.run_on(engines.DUCKDB), pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_derive, "energy", energy)
        patch.setattr(test_derive, "listed", listed)
        for test, arguments in _calls():
            test(**arguments)
    return kept


def _together(cases, by):
    mine = [case for case in cases if case.by == by]
    parts = ([getattr(case, name) for case in mine] for name in ("readings", "points", "devices"))
    return mine, *(pl.concat(part) for part in parts)


@pytest.mark.parametrize("by", BY)
def test_every_rule_at_once(cases, by):
    mine, readings, points, devices = _together(cases, by)
    rows = engines.agreed(lambda put: point_energy(put(readings), points, devices, by=by))
    for case in mine:
        # The periods run to the last reading of all: after its own, a point is silent.
        found = rows.join(case.got.select("point", "start"), on=["point", "start"], how="semi")
        engines.same(found, case.got)


def test_every_correction_at_once(cases):
    mine, readings, points, devices = _together(cases, LISTED)

    def work(put):
        with deriving(put(readings), points, devices) as derived:
            return corrections(derived)

    rows = engines.agreed(work)
    for case in mine:
        engines.same(rows.filter(pl.col("point").is_in(case.points["point"].implode())), case.got)


def test_the_tests_of_the_rules_are_all_there(cases):
    """A test that derives nothing that was seen here would be left out silently."""
    assert len(cases) >= len(list(_calls())) > 25
    assert {case.by for case in cases} == {*BY, LISTED}
