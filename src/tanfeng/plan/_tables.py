"""The plan's tables as shipped: CSV beside a sidecar that states source, rows and digest."""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tanfeng.errors import ModelError

NAMES = (
    "targets",
    "tasks",
    "units",
    "comparators",
    "words",
    "target_texts",
    "task_texts",
    "remarks",
    "references",
)


@dataclass(frozen=True, slots=True)
class PlanTable:
    """What the sidecar says about one table.

    Parameters
    ----------
    name : str
        File name without ending.
    title_zh, title_en, description_zh, description_en : str
        What the table holds.
    publisher_zh, publisher_en, licence_zh, licence_en, checked_zh, checked_en : str
        Where it comes from, under which terms, and who compared it with what.
    key : tuple of str
        Columns that tell rows apart.
    rows : int
        Number of rows.
    digest : str
        SHA-256 of the CSV file.
    """

    name: str
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    publisher_zh: str
    publisher_en: str
    licence_zh: str
    licence_en: str
    checked_zh: str
    checked_en: str
    key: tuple[str, ...]
    rows: int
    digest: str

    def title(self, lang: str = "zh") -> str:
        """Return the title in the language asked for."""
        return self.title_en if lang == "en" else self.title_zh


def _file(name: str, ending: str) -> bytes:
    return (files("tanfeng.plan") / "tables" / f"{name}.{ending}").read_bytes()


@cache
def table(name: str) -> PlanTable:
    """Return the sidecar of a table.

    Raises
    ------
    ModelError
        If there is no such table.
    """
    if name not in NAMES:
        raise ModelError(f"the plan has no table {name!r}; known: {', '.join(NAMES)}")
    said = tomllib.loads(_file(name, "toml").decode())
    said.pop("compiled")
    return PlanTable(name=name, key=tuple(said.pop("key")), **said)


def tables() -> tuple[PlanTable, ...]:
    """Return the sidecars of every table of the plan."""
    return tuple(table(name) for name in NAMES)


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table as shipped, every cell as text.

    Raises
    ------
    ModelError
        If the file is not the one its sidecar describes, or a key stands twice.
    """
    info = table(name)
    content = _file(name, "csv")
    if hashlib.sha256(content).hexdigest() != info.digest:
        raise ModelError(
            f"table {name} of the plan is not the file its sidecar describes; "
            "restore it, or write a new digest together with the reason for the change"
        )
    found = tuple(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    keys = {tuple(row[column] for column in info.key) for row in found}
    if len(found) != info.rows or len(keys) != len(found):
        raise ModelError(
            f"table {name} of the plan has {len(found)} rows with {len(keys)} different keys; "
            f"its sidecar says {info.rows}"
        )
    return found
