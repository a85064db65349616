"""From readings through the derivation up the tree."""

from __future__ import annotations

from datetime import UTC

import polars as pl
import pytest

from metering.energy_kit import MONDAY, NO_DEVICES, at, every_quarter, point, readings, table
from rollup_frames import edges
from tanfeng.metering import rollup
from tanfeng.metering.energy import point_energy
from tanfeng.metering.energy import slots as as_slots

# Ibis 12 calls what DuckDB 2 has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

POINTS = pl.concat([point("M1", node="E1"), point("M2", node="E2")])
TREE = edges(("C", "E1"), ("C", "E2"))
#: M1 counts one a quarter hour and says nothing from 01:00 to 02:00; M2 stops after three hours.
READINGS = pl.concat(
    [
        readings(
            every_quarter([n if not 4 < n < 8 else None for n in range(25)]),
            "M1",
        ),
        readings(every_quarter([2.0 * n for n in range(13)]), "M2"),
    ]
)


DATA = as_slots(point_energy(table(READINGS), POINTS, NO_DEVICES, by="15min"))


def asked() -> dict:
    return {
        "points": POINTS,
        "start": MONDAY.astimezone(UTC),
        "end": at(0, 6).astimezone(UTC),
        "due": rollup.due_since(POINTS, DATA),
    }


def test_a_gap_is_estimated_and_a_silent_meter_is_missing_up_the_tree():
    # C per hour: 4 + 8 = 12, three times; then M1 alone: 4 of what is known, half is missing.
    county = rollup.of_nodes(DATA, edges=TREE, by="hour", **asked()).filter(node="C")
    assert county["amount"].to_list() == pytest.approx([12.0, 12.0, 12.0, 4.0, 4.0, 4.0])
    assert county["quality"].to_list() == ["measured", "estimated", "measured"] + ["partial"] * 3
    assert county["estimated"].to_list()[1] == pytest.approx(4.0)
    assert county["completeness"].to_list() == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
