"""Defaults from otoole's ``config.yaml``: a name a line and, indented below, key: value."""

from __future__ import annotations

import re
from pathlib import Path

from tanfeng.errors import Problem
from tanfeng.pathway.osemosys._rules import Say, problem
from tanfeng.pathway.osemosys._schema import PARAMETERS

NAMES = ("config.yaml", "config.yml")
_NAME = re.compile(r"([A-Za-z_]\w*)\s*:\s*(\{.*\})?\s*")
_PAIR = re.compile(r"\s+([A-Za-z_]\w*)\s*:\s*(.*?)\s*")
_ITEM = re.compile(r"\s*-\s.*")


def config_of(folder: Path) -> Path | None:
    """Return the ``config.yaml`` in a folder or beside it."""
    for place in (folder, folder.parent):
        for name in NAMES:
            if (place / name).is_file():
                return place / name
    return None


def read_defaults(file: Path) -> tuple[dict[str, float], list[Problem]]:
    """Read the default of every known parameter.

    Parameters
    ----------
    file : Path
        The configuration.

    Returns
    -------
    tuple of dict and list of Problem
        Defaults by parameter, and lines that are not understood.
    """
    found: dict[str, float] = {}
    problems: list[Problem] = []
    current = ""
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        text = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        named, pair = _NAME.fullmatch(text), _PAIR.fullmatch(text)
        if named:
            current = named[1]
            inside = re.search(r"\bdefault\s*:\s*([^,}]+)", named[2] or "")
            value = inside[1] if inside else ""
        elif pair:
            value = pair[2] if pair[1] == "default" else ""
        elif not text or text == "---" or _ITEM.fullmatch(text):
            continue
        else:
            told: Say = {"value": line.strip(), "other": number}
            problems.append(problem("LC19", file=file.name, row=number, **told))
            continue
        if value and current in PARAMETERS:
            try:
                found[current] = float(value.strip("'\" "))
            except ValueError:
                told = {"value": line.strip(), "other": number}
                problems.append(problem("LC19", file=file.name, row=number, **told))
    return found, problems
