"""The floors of line coverage: what is below is named, and nothing else is said."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path, PurePath

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "floors.py"


def _script():
    spec = importlib.util.spec_from_file_location("floors", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


FLOORS = _script()


def _files(**missing):
    """Give every room a file of 100 lines, of which some were not run."""
    rooms = dict.fromkeys([*FLOORS.ROOMS, *FLOORS.ENGINES], 0) | missing
    return [
        FLOORS.File(PurePath(room, "some.py"), 100, short, f"1-{short}")
        for room, short in sorted(rooms.items())
    ]


def test_rooms_at_their_floor_say_nothing():
    assert FLOORS.below(_files(console=10, demo=3)) == []


def test_one_line_of_an_engine_is_named():
    assert FLOORS.below(_files(metering=1)) == [
        "Every line of these is to be run: 1 files are short",
        "  metering/some.py: 1 of 100 lines, 1-1",
    ]


def test_rights_are_whole_wherever_they_stand():
    for path in ("core/rights.py", "energy/permissions.py", "registers/mrv/scopes.py"):
        assert FLOORS.File(PurePath("console", path), 1, 0, "").whole
    assert not FLOORS.File(PurePath("console/core/views.py"), 1, 0, "").whole
    assert not FLOORS.File(PurePath("console/archive/rights.py"), 1, 0, "").whole


def test_a_room_below_its_floor_names_its_worst_files_alone():
    many = [FLOORS.File(PurePath("cli", f"{n}.py"), 100, n, "…") for n in range(41)]
    told = FLOORS.below([*_files(), *many])
    # 0 + 1 + … + 40 = 820 of 42 x 100 lines were not run.
    assert told[0] == "cli: 3380 of 4200 lines are run, 90 % are wanted"
    assert told[1] == "  cli/40.py: 40 of 100 lines, …"
    assert told[-1] == "  and 28 more"
    assert len(told) == 14


def test_a_room_nobody_measured_is_below():
    assert FLOORS.below([file for file in _files() if file.path.parts[0] != "demo"]) == [
        "demo: 0 of 0 lines are run, 90 % are wanted"
    ]
