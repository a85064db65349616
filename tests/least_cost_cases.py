"""Least-cost models for tests: small ones by hand, and published ones kept as compact tables.

A compact table has a row for each set (its members), default (of ``config.yaml``) and place of a
parameter; values of a place run over the years, ``2*3`` being three years of 2, ``.`` a year
without a row.
"""

from __future__ import annotations

import csv
from pathlib import Path

from tanfeng.pathway.osemosys._schema import PARAMETERS, SETS, headings

DATA = Path(__file__).parent / "pathway" / "data"
#: One region, one slice, one mode: what most small models need beside their own.
SMALL = {
    "REGION": ["R"],
    "FUEL": ["F"],
    "EMISSION": ["CO2"],
    "MODE_OF_OPERATION": [1],
    "TIMESLICE": ["L"],
}


def folder_of(path: Path, sets, rows, defaults=None) -> Path:
    """Write a model folder: sets, rows of parameters ``{name: [(*key, value)]}``, defaults."""
    path.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        if name in sets:
            _write(path / f"{name}.csv", ["VALUE"], [[one] for one in sets[name]])
    for name, given in rows.items():
        _write(path / f"{name}.csv", headings(name), given)
    lines = [f"{name}:\n    default: {value}" for name, value in (defaults or {}).items()]
    if defaults is not None:
        (path / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def small(path: Path, years, rows, *, defaults=None, **sets) -> Path:
    """Write a model of one region and one slice of the whole year."""
    rows = {"YearSplit": [("L", year, 1) for year in years], **rows}
    return folder_of(path, {**SMALL, "YEAR": years, **sets}, rows, defaults or {})


def published(name: str, path: Path) -> Path:
    """Write a published model from its compact table."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    sets, defaults, rows = {}, {}, {}
    for one in listed:
        if one["kind"] == "set":
            sets[one["name"]] = _members(one["values"])
        elif one["kind"] == "default":
            defaults[one["name"]] = one["values"]
    for one in listed:
        if one["kind"] == "param":
            given = rows.setdefault(one["name"], [])
            given += _rows(one["name"], one["place"].split(), one["values"], sets["YEAR"])
    return folder_of(path, sets, rows, defaults)


def _members(text: str) -> list[str]:
    first, dots, last = text.partition("..")
    return [str(one) for one in range(int(first), int(last) + 1)] if dots else text.split()


def _rows(name, place, values, years):
    if "YEAR" not in PARAMETERS[name].axes:
        return [(*place, values)]
    spelled = []
    for part in values.split():
        value, _, times = part.partition("*")
        spelled += [value] * int(times or 1)
    pairs = zip(years, spelled, strict=True)
    return [(*place, year, value) for year, value in pairs if value != "."]


def _write(path: Path, heading, rows) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows(rows)
