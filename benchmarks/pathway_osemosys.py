"""Read, build, solve and write classic OSeMOSYS cases; solve again after a changed cap.

``python benchmarks/pathway_osemosys.py [FOLDER ...]``: UTOPIA from the tests (3,987 columns), and
whatever folders are named. Figures are CPU seconds, the least of several; the whole command is a
process of its own, from start to exit, imports and all.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from least_cost_cases import published  # noqa: E402
from tanfeng.pathway.osemosys import Case, Model, read_folder  # noqa: E402

TIMES = 5


def least(work: Callable[[], object]) -> float:
    """Return the least CPU seconds of several runs, those of finished children included."""
    found = []
    for _ in range(TIMES):
        before = _used()
        work()
        found.append(_used() - before)
    return min(found)


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(folder: Path, out: Path) -> None:
    """Print the figures of one folder."""

    def command() -> None:
        call = "from tanfeng.cli import main; main()"
        words = ["pathway", "solve", str(folder), "--json", "--out", str(out)]
        subprocess.run([sys.executable, "-c", call, *words], check=True, capture_output=True)

    whole = least(command)
    case = read_folder(folder)
    result = Model(case).solve()
    columns, rows = result.size
    print(f"{folder.name}: {columns:,} columns, {rows:,} rows, objective {result.objective:.10g}")
    print(f"  whole command, cold     {whole:.2f} s")
    print(f"  read                    {least(lambda: read_folder(folder)):.3f} s")
    print(f"  build                   {least(lambda: Model(_fresh(case))):.3f} s")
    print(f"  build and solve         {least(lambda: Model(_fresh(case)).solve()):.3f} s")
    written = least(lambda: Model(case).solve().write(out))
    print(f"  solve and write tables  {written:.3f} s")
    _again(case)


def _fresh(case: Case) -> Case:
    return Case(case.sets, case.tables, case.defaults, case.warnings)


def _again(case: Case) -> None:
    """Tighten the cap of the emission that is largest, a tenth at a time, and solve each time."""
    model = Model(case)
    table = model.solve().tables["AnnualEmissions"]
    if table.is_empty():
        return
    region, emission, year, value = table.sort("VALUE").row(-1)
    spent = []
    for step in range(1, TIMES + 1):
        before = time.process_time()
        model.cap(emission, year, value * (1 - 0.05 * step), region)
        model.solve()
        spent.append(time.process_time() - before)
    print(f"  solve again, other cap  {min(spent):.3f} to {max(spent):.3f} s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        folders = [published("utopia", Path(place) / "utopia"), *map(Path, sys.argv[1:])]
        for one in folders:
            measure(one, Path(place) / "out")
