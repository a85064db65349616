"""What the last reading of an upload found, kept as Parquet beside the database.

The preview page shows fifty rows of a sheet that may have fifty thousand; reading the workbook
again for every page would take seconds. Everything here can be made again from the stored file.

A reading is a folder of its own below that of the batch; the file ``current`` names the one that
counts and is replaced in one step. Whoever looks at a reading sees all of it or the one before,
also when the process dies while it writes.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings

from tanfeng.console.core.models import Batch
from tanfeng.errors import SEVERITIES, Problem
from tanfeng.sheets import ReadResult

_PROBLEM_SCHEMA: dict[str, pl.DataType] = {
    "rule": pl.String(),
    "severity": pl.String(),
    "message_zh": pl.String(),
    "message_en": pl.String(),
    "remedy_zh": pl.String(),
    "remedy_en": pl.String(),
    "sheet": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "heading": pl.String(),
    "value": pl.String(),
    "suggestion": pl.String(),
}


#: File that names the reading that counts.
_CURRENT = "current"


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of the sheet as the person sees it."""

    number: int
    kind: str
    reason: str
    cells: tuple[str, ...]


class Parsed:
    """The kept reading of one batch."""

    def __init__(self, batch: Batch) -> None:
        self.root = Path(settings.PARSED) / str(batch.pk)

    @cached_property
    def folder(self) -> Path:
        """Return the folder of the reading that counted when this object first looked."""
        try:
            return self.root / (self.root / _CURRENT).read_text(encoding="ascii")
        except FileNotFoundError:
            return self.root / "none"

    def __bool__(self) -> bool:
        """Tell whether the reading is there."""
        return (self.folder / "meta.json").is_file()

    def save(
        self, result: ReadResult, frame: pl.DataFrame, problems: Sequence[Problem], **meta: Any
    ) -> None:
        """Keep a reading in place of the one before.

        Parameters
        ----------
        result : ReadResult
            What the reader found.
        frame : polars.DataFrame
            The rows to be taken: accepted by the reader and by the checks against the database.
        problems : sequence of Problem
            All findings.
        meta
            Further JSON values for the page.
        """
        before = self.folder.name
        name = secrets.token_hex(8)
        folder = self.root / name
        folder.mkdir(parents=True, mode=0o700)
        frame.write_parquet(folder / "frame.parquet")
        _grid_frame(result).write_parquet(folder / "grid.parquet")
        _problem_frame(problems).write_parquet(folder / "problems.parquet")
        facts = {
            "columns": [
                {
                    "letter": one.letter,
                    "heading": one.heading,
                    "field": one.field,
                    "unit": one.unit,
                    "factor": one.factor,
                    "how": one.how,
                }
                for one in result.columns
            ],
            "unmapped": [
                {
                    "letter": one.letter,
                    "heading": one.heading,
                    "candidates": list(one.candidates),
                }
                for one in result.unmapped
            ],
            "head": {key: str(value) for key, value in result.head.items() if value is not None},
            "sheets": [[one.name, one.state, one.role] for one in result.sheets],
            "encoding": result.encoding,
            "form": result.form.key if result.form else "",
            **meta,
        }
        text = json.dumps(facts, ensure_ascii=False, default=str)
        (folder / "meta.json").write_text(text, encoding="utf-8")
        self._point_at(name, before)

    def _point_at(self, name: str, before: str) -> None:
        """Let a reading count; the one before stays for a page that is being built from it."""
        pointer = self.root / f"{_CURRENT}.{name}"
        pointer.write_text(name, encoding="ascii")
        pointer.replace(self.root / _CURRENT)
        self.__dict__["folder"] = self.root / name
        for other in self.root.iterdir():
            # What has no meta.json may be under somebody else's hands this moment.
            if other.name not in (name, before) and (other / "meta.json").is_file():
                shutil.rmtree(other, ignore_errors=True)

    def drop(self) -> None:
        """Forget the reading."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.__dict__.pop("folder", None)

    @property
    def meta(self) -> dict[str, Any]:
        """Return what is known of columns, head and sheets."""
        found: dict[str, Any] = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))
        return found

    @property
    def frame(self) -> pl.DataFrame:
        """Return the rows to be taken."""
        return pl.read_parquet(self.folder / "frame.parquet")

    @property
    def height(self) -> int:
        """Return the number of rows of the sheet."""
        count = pl.scan_parquet(self.folder / "grid.parquet").select(pl.len()).collect()
        return int(count.item())

    @property
    def width(self) -> int:
        """Return the number of columns of the sheet."""
        schema = pl.scan_parquet(self.folder / "grid.parquet").collect_schema()
        return len(schema) - len(_GRID_FACTS)

    def rows(self, numbers: Iterable[int]) -> list[GridRow]:
        """Return rows of the sheet by their numbers, in order."""
        wanted = sorted(set(numbers))
        if not wanted:
            return []
        first = wanted[0]
        part = (
            pl.scan_parquet(self.folder / "grid.parquet")
            .slice(max(first - 1, 0), wanted[-1] - first + 1)
            .filter(pl.col("number").is_in(wanted))
            .collect()
        )
        return [
            GridRow(number, kind, reason, tuple(cells))
            for number, kind, reason, *cells in part.iter_rows()
        ]

    def problems(
        self, *, severity: str = "", first: int = 0, count: int | None = None
    ) -> list[Problem]:
        """Return findings, gravest first, optionally of one severity and a slice of them."""
        rows = self._problems(severity).slice(first, count)
        return [Problem(**row) for row in rows.to_dicts()]

    def problems_at(self, numbers: Iterable[int]) -> list[Problem]:
        """Return the findings about some rows of the sheet, in the order of the sheet."""
        rows = self._problems("").filter(pl.col("row").is_in(list(numbers)))
        return [Problem(**row) for row in rows.sort("row", maintain_order=True).to_dicts()]

    def problem_rows(self, severity: str = "") -> list[int]:
        """Return the numbers of the rows with findings, in order."""
        rows = self._problems(severity)["row"].drop_nulls().unique().sort()
        return [int(number) for number in rows]

    def _problems(self, severity: str) -> pl.DataFrame:
        rows = pl.read_parquet(self.folder / "problems.parquet")
        return rows.filter(pl.col("severity") == severity) if severity else rows


_GRID_FACTS = ("number", "kind", "reason")


def _grid_frame(result: ReadResult) -> pl.DataFrame:
    grid = result.grid
    width = max((len(row) for row in grid), default=0)
    kinds, reasons = ["data"] * len(grid), [""] * len(grid)
    for numbers, kind in ((result.title_rows, "title"), (result.header_rows, "head")):
        for number in numbers:
            kinds[number - 1] = kind
    for number, reason in result.skipped:
        kinds[number - 1], reasons[number - 1] = "skipped", reason
    columns: dict[str, pl.Series] = {
        "number": pl.Series(range(1, len(grid) + 1), dtype=pl.Int64()),
        "kind": pl.Series(kinds, dtype=pl.String()),
        "reason": pl.Series(reasons, dtype=pl.String()),
    }
    for index in range(width):
        cells = [row[index] if index < len(row) else "" for row in grid]
        columns[f"c{index}"] = pl.Series(cells, dtype=pl.String())
    return pl.DataFrame(columns)


def _problem_frame(problems: Sequence[Problem]) -> pl.DataFrame:
    order = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    rows = sorted(problems, key=lambda one: (order[one.severity], one.row or 0))
    return pl.DataFrame(
        {
            name: pl.Series([getattr(one, name) for one in rows], dtype=dtype)
            for name, dtype in _PROBLEM_SCHEMA.items()
        }
    )
