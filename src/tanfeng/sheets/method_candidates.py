"""Match laboratory values to the rows of activity they are for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from tanfeng.accounting.methods import CANDIDATE_SCHEMA
from tanfeng.errors import Problem
from tanfeng.sheets._findings import problem
from tanfeng.sheets.method_forms import ITEM_UNIT, SOURCES, inputs_of, parameters, same_unit

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Item, Method, Stream
    from tanfeng.sheets.result import ReadResult


@dataclass(slots=True)
class ActivityRow:
    """A row of a stream, on its way to the engine.

    Parameters
    ----------
    activity_id : int
        Number of the row; sheet and row of the file are in it.
    stream, item : Stream, Item
        What it is a row of.
    org_code, unit, tier : str
        Enterprise, part of it, data quality.
    year, month : int
        Period; month 0 is the whole year.
    values : dict of str to float
        Filled-in inputs. [units of the inputs]
    way : str
        Way of computing as written; empty when left open.
    tested : set of str
        Inputs a laboratory value was found for.
    """

    activity_id: int
    stream: Stream
    item: Item
    org_code: str
    unit: str
    year: int
    month: int
    tier: str
    values: dict[str, float]
    way: str = ""
    tested: set[str] = field(default_factory=set)


def matched(
    result: ReadResult,
    frame: pl.DataFrame,
    method: Method,
    rows: Sequence[ActivityRow],
    lang: str,
) -> tuple[pl.DataFrame, tuple[int, ...], list[Problem]]:
    """Return the laboratory values by row of activity.

    Parameters
    ----------
    result : ReadResult
        The sheet as it was read.
    frame : polars.DataFrame
        Its sound rows.
    method : Method
        The method.
    rows : sequence of ActivityRow
        Rows of all streams; those a value fits learn which input it is for.
    lang : {"zh", "en"}
        Language of the names in the sheet.

    Returns
    -------
    tuple
        Frame of ``CANDIDATE_SCHEMA``, the row of the sheet of each, and what is wrong.
    """
    match = _Match(result, method, rows, lang)
    found: list[dict[str, object]] = []
    places: list[int] = []
    for row in frame.iter_rows(named=True):
        for one in match.of(row):
            found.append(one)
            places.append(row["source_row"])
    typed = pl.DataFrame(found, schema=dict(CANDIDATE_SCHEMA))
    return typed, tuple(places), match.problems


class _Match:
    """Streams, materials and rows by the words of the sheet."""

    def __init__(
        self, result: ReadResult, method: Method, rows: Sequence[ActivityRow], lang: str
    ) -> None:
        self.result, self.rows, self.lang = result, rows, lang
        self.problems: list[Problem] = []
        self.streams = {
            name: stream for stream in method.streams for name in (stream.name_zh, stream.name_en)
        }

    def of(self, row: Mapping[str, object]) -> Iterator[dict[str, object]]:
        """Yield the value of a row of the sheet once per row of activity it is for."""
        stream = self.streams[str(row["stream"])]
        column = parameters(stream, self.lang).get(str(row["parameter"]))
        if column is None:
            known = (stream.name_zh, stream.name_en)
            self._tell(row, "parameter", "F015", value=row["parameter"], known=known)
            return
        item = self._item(row, stream)
        if item is None or not self._unit_fits(row, stream, item, column):
            return
        fitting = self._rows(row, stream, item)
        if fitting is None:
            return
        using = [one for one in fitting if self._uses(one, column)]
        if not using:
            self._tell(row, "period", "F011")
            return
        given = {
            "column": column,
            "value": row["value"],
            "tier": SOURCES[str(row["source"])],
            "sample_date": self._day(row, "sample_date"),
            "test_date": self._day(row, "test_date"),
            "laboratory": row["laboratory"],
            "accredited": row["accredited"],
            "evidence": row["evidence"],
        }
        for one in using:
            one.tested.add(column)
            yield {"activity_id": one.activity_id, **given}

    def _item(self, row: Mapping[str, object], stream: Stream) -> Item | None:
        name = row["item"]
        if not name and len(stream.items) == 1:
            return stream.items[0]
        for item in stream.items:
            if name in (item.name_zh, item.name_en):
                return item
        self._tell(row, "item", "F011" if name else "F020", value=name or "")
        return None

    def _unit_fits(
        self, row: Mapping[str, object], stream: Stream, item: Item, column: str
    ) -> bool:
        stated = str(row["unit_text"] or "")
        wanted = {one.unit.replace(ITEM_UNIT, item.unit) for one in inputs_of(stream)[column]}
        if not stated or any(same_unit(stated, unit) for unit in wanted):
            return True
        known = " / ".join(sorted(wanted))
        self._tell(row, "unit_text", "F014", value=stated, known=known)
        return False

    def _rows(
        self, row: Mapping[str, object], stream: Stream, item: Item
    ) -> list[ActivityRow] | None:
        """Return the rows of activity of the period, or nothing after telling why not."""
        here = [
            one
            for one in self.rows
            if one.stream is stream
            and one.item is item
            and one.org_code == row["credit_code"]
            and row["part"] in (None, "", one.unit)
            and row["year"] in (None, one.year)
        ]
        found = [one for one in here if not row["month"] or one.month == row["month"]]
        if found:
            return found
        self._tell(row, "period", "F012" if any(one.month == 0 for one in here) else "F011")
        return None

    def _uses(self, one: ActivityRow, column: str) -> bool:
        """Tell whether the way of computing of a row has the parameter."""
        return any(
            column in kind.inputs
            for kind in one.stream.kinds
            if kind.takes(one.item) and one.way in ("", kind.name_zh, kind.name_en)
        )

    def _day(self, row: Mapping[str, object], name: str) -> dt.date | None:
        text = str(row[name] or "")
        if not text:
            return None
        if len(text) < len("2024-03-05"):
            self._tell(row, name, "F013", value=text)
            return None
        return dt.date.fromisoformat(text[:10])

    def _tell(self, row: Mapping[str, object], name: str, rule: str, **values: object) -> None:
        column = next((one for one in self.result.columns if one.field == name), None)
        self.problems.append(
            problem(
                rule,
                sheet=self.result.sheet,
                row=int(str(row["source_row"])),
                letter=column.letter if column else "",
                heading=column.heading if column else "",
                **values,  # type: ignore[arg-type]
            )
        )
