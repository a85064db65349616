"""Hold what ``pytest --cov`` measured against the house's numbers for line coverage.

Every line of the engines and of the rights, nine of ten of each other room. Says in a few lines
what is below: it is the last thing a run says, and a log may keep no more than its end.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import PurePath

from coverage import Coverage

ENGINES = {"accounting", "metering", "pathway", "plan", "standards"}
LEAVES = {"errors.py", "periods.py", "trace.py", "units.py"}
RIGHTS = {"permissions.py", "scopes.py"}
ROOMS = ("sheets", "reports", "gateway", "console", "demo", "cli")
#: Percent of the lines of a room that is no engine.
FLOOR = 90
#: So many files are named at most, those that miss most first.
NAMED = 12


@dataclass(frozen=True)
class File:
    """A file of the house: its path below ``tanfeng``, its lines, and those that were not run."""

    path: PurePath
    lines: int
    missing: int
    where: str

    @property
    def whole(self) -> bool:
        """Whether every line of it is to be run."""
        parts = self.path.parts
        return (
            parts[0] in ENGINES | LEAVES
            or parts == ("console", "core", "rights.py")
            or (parts[0] == "console" and parts[-1] in RIGHTS)
        )

    def __str__(self) -> str:
        return f"  {self.path}: {self.missing} of {self.lines} lines, {self.where}"


def measured() -> list[File]:
    """Read what was measured."""
    coverage = Coverage()
    coverage.load()
    found = []
    for name in coverage.get_data().measured_files():
        _name, lines, _excluded, missing, where = coverage.analysis2(name)
        parts = PurePath(name).parts
        below = PurePath(*parts[len(parts) - parts[::-1].index("tanfeng") :])
        found.append(File(below, len(lines), len(missing), where))
    return found


def below(files: list[File]) -> list[str]:
    """Return what to say of the files below their floor; nothing when there are none."""
    told = []
    for room in ROOMS:
        inside = [file for file in files if file.path.parts[0] == room and not file.whole]
        lines = sum(file.lines for file in inside)
        run = lines - sum(file.missing for file in inside)
        if 100 * run < FLOOR * lines or not lines:
            told.append(f"{room}: {run} of {lines} lines are run, {FLOOR} % are wanted")
            told += _named([file for file in inside if file.missing])
    short = [file for file in files if file.whole and file.missing]
    told += [f"Every line of these is to be run: {len(short)} files are short"] if short else []
    return told + _named(short)


def _named(short: list[File]) -> list[str]:
    worst = sorted(short, key=lambda file: -file.missing)
    more = [f"  and {len(worst) - NAMED} more"] if len(worst) > NAMED else []
    return [*map(str, worst[:NAMED]), *more]


def main() -> int:
    """Say what is below its floor, or how much was measured."""
    files = measured()
    if not any(file.whole for file in files):
        told = ["Nothing of the engines was measured"]
    else:
        told = below(files)
    lines = sum(file.lines for file in files)
    run = lines - sum(file.missing for file in files)
    head = f"Lines run: {run} of {lines}, {100 * run / max(lines, 1):.1f} %"
    sys.stdout.write("\n".join([head, *told]) + "\n")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
