"""Read the filled-in workbook of a sector method: rows by kind, laboratory values, every problem.

Every row keeps its place: the number of a row of activity is told back as sheet and row, and what
the engine has to say of one of its inputs as the cell the input stands in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from tanfeng.accounting.methods import CANDIDATE_SCHEMA, REFUSED_SCHEMA, ROW_SCHEMA
from tanfeng.errors import Problem
from tanfeng.sheets._checks_across import with_problems
from tanfeng.sheets._findings import problem
from tanfeng.sheets._headings import half_width
from tanfeng.sheets._numbers import to_unit
from tanfeng.sheets._workbook import Workbook
from tanfeng.sheets.method_candidates import ActivityRow, matched
from tanfeng.sheets.method_forms import (
    CANDIDATE_SHEET,
    GUIDE_SHEET,
    ITEM_UNIT,
    LIST_SHEET,
    UNIT_SHEET,
    candidate_form,
    named,
    sheet_names,
    stream_form,
)
from tanfeng.sheets.method_template import METHOD_LABEL
from tanfeng.sheets.method_units import production, unit_form
from tanfeng.sheets.method_ways import fitting

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Item, Kind, Method, MethodAccount, Stream
    from tanfeng.sheets.result import ReadResult

#: More than any sheet holds, so that rows of several sheets keep numbers of their own.
_ROWS_OF_A_SHEET = 10**7


@dataclass(frozen=True, slots=True)
class MethodRead:
    """What a workbook of a method holds.

    Parameters
    ----------
    method : Method
        The method.
    frames : mapping of str to polars.DataFrame
        Key of a kind -> its rows, as :func:`tanfeng.accounting.methods.account` takes them.
    candidates : polars.DataFrame
        Laboratory values, one row per row of activity they are for.
    candidate_rows : tuple of int
        Row of the sheet each of them stands in.
    names : mapping of str to str
        Credit code -> name as the file gives it.
    results : tuple of ReadResult
        The sheets that were read, with their findings; for the marked file.
    whole : tuple of Problem
        Findings about the file, not about a sheet.
    years : tuple of int
        Years the file has rows of.
    units : polars.DataFrame
        Output of the units, as ``power_units.unit_results`` takes it.
    """

    method: Method
    frames: Mapping[str, pl.DataFrame]
    candidates: pl.DataFrame
    candidate_rows: tuple[int, ...]
    names: Mapping[str, str]
    results: tuple[ReadResult, ...]
    whole: tuple[Problem, ...]
    years: tuple[int, ...]
    units: pl.DataFrame
    _sheets: tuple[str, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every finding: the file first, then sheet by sheet."""
        return (*self.whole, *(one for result in self.results for one in result.problems))

    def place(self, activity_id: int) -> tuple[str, int]:
        """Return sheet and row of a row of activity."""
        number, row = divmod(activity_id, _ROWS_OF_A_SHEET)
        return self._sheets[number - 1], row

    def cell(self, activity_id: int, column: str) -> tuple[str, str]:
        """Return column letter and heading of an input of a row; empty when it has no column."""
        sheet, _row = self.place(activity_id)
        for result in self.results:
            if result.sheet == sheet:
                return _cell(result, column)
        return "", ""

    def located(self, found: Problem) -> Problem:
        """Return a finding of the engine with the cell it is about."""
        if found.row is None:
            return found
        sheet, row = self.place(found.row)
        letter, heading = self.cell(found.row, _FIELDS.get(found.column, found.column))
        return replace(found, sheet=sheet, row=row, column=letter, heading=heading or found.heading)

    def with_problems(self, more: Iterable[Problem]) -> MethodRead:
        """Return the reading with further findings, each on its sheet."""
        results, whole = _spread(self.results, self.whole, more)
        return replace(self, results=results, whole=whole)

    def without(self, rows: Iterable[int]) -> MethodRead:
        """Return the reading without some rows of activity and the values for them."""
        out = pl.col("activity_id").is_in(sorted(rows))
        keep = self.candidates.select(~out).to_series().to_list()
        return replace(
            self,
            frames={key: frame.filter(~out) for key, frame in self.frames.items()},
            candidates=self.candidates.filter(~out),
            candidate_rows=tuple(
                row for row, kept in zip(self.candidate_rows, keep, strict=True) if kept
            ),
        )

    def refused(self, year: int) -> pl.DataFrame:
        """Return the keys of the rows of a year an error keeps out, as far as they can be read.

        Returns
        -------
        polars.DataFrame
            Columns of ``methods.REFUSED_SCHEMA``.
        """
        streams = {f"{self.method.key}.{one.key}": one for one in self.method.streams}
        rows = []
        for result in self.results:
            stream = streams.get(result.form.key if result.form is not None else "")
            if stream is None:
                continue
            items = {name: one.key for one in stream.items for name in (one.name_zh, one.name_en)}
            only = stream.items[0].key if len(stream.items) == 1 else None
            bad = result.frame.filter(
                pl.col("source_row").is_in(sorted(result.bad_rows - result.repeated))
                & (pl.col("year") == year).fill_null(False)
            )
            for row in bad.iter_rows(named=True):
                item = items.get(row["item"] or "", only)
                key = (row["credit_code"], row["part"] or "", year, row["month"], stream.key, item)
                if None not in key:
                    rows.append(key)
        return pl.DataFrame(rows, schema=dict(REFUSED_SCHEMA), orient="row")

    def gaps(self, account: MethodAccount) -> tuple[Problem, ...]:
        """Return what the account could not compute as findings with their cells."""
        kinds = dict(account.streams.select("activity_id", "kind").rows())
        return tuple(
            self._gap(row, str(kinds[row["activity_id"]]))
            for row in account.gaps.iter_rows(named=True)
        )

    def _gap(self, row: Mapping[str, object], key: str) -> Problem:
        kind = self.method.stream(str(row["stream"])).kind(key)
        one = kind.inputs[str(row["column"])]
        number = int(str(row["activity_id"]))
        sheet, at = self.place(number)
        letter, heading = self.cell(number, one.column)
        return problem(
            "F016",
            sheet=sheet,
            row=at,
            letter=letter,
            heading=heading or one.name_zh,
            name=(f"{one.name_zh} {one.symbol}", f"{one.name_en} {one.symbol}"),
            known=(kind.name_zh, kind.name_en),
        )


#: Columns of the engine's rows -> fields of the forms.
_FIELDS = {"tier": "data_source"}


def read_method(
    content: bytes,
    filename: str,
    method: Method,
    *,
    today: dt.date,
    year: int | None = None,
) -> MethodRead:
    """Read the workbook of a method.

    Parameters
    ----------
    content : bytes
        The file.
    filename : str
        Its name, for messages only.
    method : Method
        The method it was filled in for.
    today : date
        Today in the city; periods after it are errors.
    year : int, optional
        Year to account; rows of other years are told and left out.

    Returns
    -------
    MethodRead

    Raises
    ------
    DataError
        If the file as a whole is refused.
    """
    book = Workbook(content, filename)
    reading = _Reading(book, method, today, year)
    return reading.result()


class _Reading:
    """One reading of a workbook."""

    def __init__(self, book: Workbook, method: Method, today: dt.date, year: int | None) -> None:
        self.book, self.method, self.today, self.year = book, method, today, year
        self.lang, self.sheets = _sheets(book, method)
        self.results: list[ReadResult] = []
        self.problems: list[Problem] = [*self._strange()]
        self.rows: list[ActivityRow] = []
        self.years: set[int] = set()

    def result(self) -> MethodRead:
        """Read every sheet and put everything together."""
        for number, stream in enumerate(self.method.streams, 1):
            if stream.key in self.sheets:
                self._stream(number, stream)
        units, unit_sheet = self._units()
        candidates, rows = self._candidates()
        frames = self._frames()
        accounted = {number for one in frames.values() for number in one["activity_id"]}
        names: dict[str, str] = {}
        for result in self.results:
            for code, name in result.frame.select("credit_code", "org_name").iter_rows():
                if code and name:
                    names.setdefault(code, name)
        results, whole = _spread(self.results, (), self.problems)
        order = [self.sheets.get(stream.key, "") for stream in self.method.streams]
        order.append(unit_sheet)
        read = MethodRead(
            self.method,
            frames,
            candidates,
            rows,
            names,
            results,
            whole,
            tuple(sorted(self.years)),
            units,
            tuple(order),
        )
        return read.without(set(candidates["activity_id"]) - accounted)

    # -------------------------------------------------------------------------- sheets

    def _strange(self) -> Iterator[Problem]:
        """Tell a workbook of another method, sheets nobody knows, streams without a sheet."""
        for one in self.book.filled:
            if _is_own(one, GUIDE_SHEET):
                yield from self._other_method(one)
        names = sheet_names(self.method, self.lang)
        known = "、".join(names.values())
        if not self.sheets:
            yield problem("F001", known=self.method.key)
            return
        for one in self.book.filled:
            pairs = (GUIDE_SHEET, CANDIDATE_SHEET, LIST_SHEET)
            own = any(_is_own(one, pair) for pair in pairs) or self._is_units(one)
            if own or one in self.sheets.values():
                continue
            form = stream_form(self.method, self.method.streams[0], self.lang)
            rule = "F003" if self.book.resembles(one, form) else "X040"
            yield problem(rule, value=one, known=known)
        for key, name in names.items():
            if key not in self.sheets:
                yield problem("F004", value=name)

    def _other_method(self, sheet: str) -> Iterator[Problem]:
        for text in self.book.texts(sheet, 4):
            label, _, key = half_width(text).partition(":")
            if label in METHOD_LABEL and key != self.method.key:
                yield problem("F002", value=key, known=self.method.key)

    def _read(self, sheet: str, form: object, hard: frozenset[str]) -> ReadResult:
        """Read a sheet; what is on no list is an error in the fields a row cannot do without."""
        result = self.book.read_as(form, sheet, today=self.today)  # type: ignore[arg-type]
        letters = {one.letter for one in result.columns if one.field in hard}
        graver = [
            replace(one, severity="error")
            for one in result.problems
            if one.rule == "X003" and one.column in letters
        ]
        if not graver:
            return result
        left = tuple(p for p in result.problems if p.rule != "X003" or p.column not in letters)
        counts = {**result.counts, "warning": result.warnings - len(graver)}
        return with_problems(replace(result, problems=left, counts=counts), graver)

    # -------------------------------------------------------------------------- streams

    def _stream(self, number: int, stream: Stream) -> None:
        form = stream_form(self.method, stream, self.lang)
        result = self._read(self.sheets[stream.key], form, frozenset({"item", "kind"}))
        copies = _copies(result)
        result = with_problems(result, copies, repeated=[one.row for one in copies if one.row])
        self.results.append(result)
        taken = self._of_year(result, _sound(result))
        items = {name: item for item in stream.items for name in (item.name_zh, item.name_en)}
        inputs = [one for one in taken.columns if one in form.fields and form.column(one).numeric]
        for row in taken.iter_rows(named=True):
            item = items.get(row["item"] or "") or (
                stream.items[0] if len(stream.items) == 1 else None
            )
            if item is None:
                continue  # told as a required cell that is empty
            values = {one: row[one] for one in inputs if row[one] is not None}
            if self._units_are_wrong(result, row, item, values):
                continue
            self.rows.append(
                ActivityRow(
                    activity_id=number * _ROWS_OF_A_SHEET + row["source_row"],
                    stream=stream,
                    item=item,
                    org_code=row["credit_code"],
                    unit=row["part"] or "",
                    year=row["year"],
                    month=row["month"],
                    tier=row["tier"],
                    values=values,
                    way=row.get("kind") or "",
                )
            )
        self.problems += _both_year_and_months(result, taken)

    def _of_year(self, result: ReadResult, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave rows of other years out and tell how many there are."""
        self.years.update(frame["year"].drop_nulls().unique().to_list())
        if self.year is None:
            return frame
        others = frame.filter(pl.col("year") != self.year)
        for other in others["year"].unique().sort().to_list():
            rows = others.filter(pl.col("year") == other)["source_row"]
            self.problems.append(
                _at(
                    result,
                    rows[0],
                    "period",
                    "F009",
                    value=str(other),
                    count=len(rows),
                    known=str(self.year),
                )
            )
        return frame.filter((pl.col("year") == self.year) | pl.col("year").is_null())

    def _units_are_wrong(
        self,
        result: ReadResult,
        row: Mapping[str, object],
        item: Item,
        values: Mapping[str, float],
    ) -> bool:
        """Refuse properties per unit beside amounts in another unit, and headings that misfit."""
        form = result.form
        if form is None or not form.item_units:
            return False
        at, wrong = int(str(row["source_row"])), False
        stated = str(row.get("unit_zh") or "")
        if stated and to_unit(stated, item.unit) not in (1.0, None):
            for name in values:
                if form.column(name).unit == "per item unit":
                    self.problems.append(
                        _at(result, at, name, "F007", value=stated, known=item.unit)
                    )
                    wrong = True
        for column in result.columns:
            by_heading = column.unit and not stated and row[column.field] is None
            if not by_heading or form.column(column.field).unit != ITEM_UNIT:
                continue
            if to_unit(column.unit, item.unit) is None:
                self.problems.append(
                    _at(result, at, column.field, "F008", value=column.unit, known=item.unit)
                )
                wrong = True
        return wrong

    # -------------------------------------------------------------------------- units

    def _is_units(self, sheet: str) -> bool:
        return self.method.per_unit and _is_own(sheet, UNIT_SHEET)

    def _units(self) -> tuple[pl.DataFrame, str]:
        sheet = next((one for one in self.book.filled if self._is_units(one)), "")
        if not sheet:
            return pl.DataFrame(), ""
        result = self._read(sheet, unit_form(self.method), frozenset())
        self.results.append(result)
        first = (len(self.method.streams) + 1) * _ROWS_OF_A_SHEET
        frame, problems = production(result, self._of_year(result, _sound(result)), first)
        self.problems += problems
        return frame, sheet

    # -------------------------------------------------------------------------- laboratory values

    def _candidates(self) -> tuple[pl.DataFrame, tuple[int, ...]]:
        sheet = next((one for one in self.book.filled if _is_own(one, CANDIDATE_SHEET)), None)
        if sheet is None:
            return pl.DataFrame(schema=dict(CANDIDATE_SCHEMA)), ()
        form = candidate_form(self.method, self.lang)
        hard = frozenset({"stream", "item", "parameter", "source"})
        result = self._read(sheet, form, hard)
        self.results.append(result)
        taken = self._of_year(result, _sound(result))
        found, rows, problems = matched(result, taken, self.method, self.rows, self.lang)
        self.problems += problems
        return found, rows

    # -------------------------------------------------------------------------- ways of computing

    def _frames(self) -> dict[str, pl.DataFrame]:
        by_kind: dict[str, list[dict[str, object]]] = {}
        kinds: dict[str, Kind] = {}
        for row in self.rows:
            kind = self._way(row)
            if kind is None:
                continue
            kinds[kind.key] = kind
            by_kind.setdefault(kind.key, []).append(
                {
                    "activity_id": row.activity_id,
                    "org_code": row.org_code,
                    "unit": row.unit,
                    "year": row.year,
                    "month": row.month,
                    "method": self.method.key,
                    "stream": row.stream.key,
                    "item": row.item.key,
                    "tier": row.tier,
                    **{name: row.values.get(name) for name in kind.inputs},
                }
            )
        return {
            key: pl.DataFrame(
                rows, schema={**ROW_SCHEMA, **dict.fromkeys(kinds[key].inputs, pl.Float64())}
            )
            for key, rows in by_kind.items()
        }

    def _way(self, row: ActivityRow) -> Kind | None:
        """Return how a row is computed: as it says, else the first way its values suffice for."""
        stream, stated = row.stream, row.way
        sheet, at = self.sheets[stream.key], row.activity_id % _ROWS_OF_A_SHEET
        result = next(one for one in self.results if one.sheet == sheet)
        if stated or len(stream.kinds) == 1:
            kind = next(
                (one for one in stream.kinds if stated in (one.name_zh, one.name_en)),
                stream.kinds[0],
            )
        else:
            fit = fitting(stream, row.item, row.values.keys() | row.tested)
            if len(fit) != 1:
                ways = [one for one in stream.kinds if one.takes(row.item)]
                choices = tuple("/".join(named(ways, lang)) for lang in ("zh", "en"))
                self.problems.append(_at(result, at, "kind", "F005", choices=choices))
                return None
            kind = fit[0]
        for name in row.values:
            if name not in kind.inputs:
                known = (kind.name_zh, kind.name_en)
                value = row.values[name]
                self.problems.append(_at(result, at, name, "F006", value=value, known=known))
        return kind


# ------------------------------------------------------------------------------ findings


def _sheets(book: Workbook, method: Method) -> tuple[str, dict[str, str]]:
    """Return the language of a workbook and the sheet of every stream it has."""
    filled = {half_width(name).lower(): name for name in book.filled}
    found: dict[str, dict[str, str]] = {}
    for lang in ("zh", "en"):
        names = sheet_names(method, lang)
        found[lang] = {
            key: filled[half_width(name).lower()]
            for key, name in names.items()
            if half_width(name).lower() in filled
        }
    lang = max(found, key=lambda one: len(found[one]))
    return lang, found[lang]


def _is_own(sheet: str, names: Sequence[str]) -> bool:
    return half_width(sheet).lower() in {half_width(name).lower() for name in names}


def _cell(result: ReadResult, name: str) -> tuple[str, str]:
    for column in result.columns:
        if column.field == name:
            return column.letter, column.heading
    return "", ""


def _at(result: ReadResult, row: int, name: str, rule: str, **values: object) -> Problem:
    letter, heading = _cell(result, name)
    return problem(
        rule,
        sheet=result.sheet,
        row=row,
        letter=letter,
        heading=heading,
        **values,  # type: ignore[arg-type]
    )


def _spread(
    results: Sequence[ReadResult], whole: Sequence[Problem], more: Iterable[Problem]
) -> tuple[tuple[ReadResult, ...], tuple[Problem, ...]]:
    """Put findings to the sheets they are about, the others to the file."""
    by_sheet: dict[str, list[Problem]] = {}
    for one in more:
        by_sheet.setdefault(one.sheet, []).append(one)
    told = tuple(with_problems(one, by_sheet.pop(one.sheet, ())) for one in results)
    return told, (*whole, *(one for found in by_sheet.values() for one in found))


def _sound(result: ReadResult) -> pl.DataFrame:
    """Return the rows without an error, each repeated one once."""
    bad = pl.Series(sorted(result.bad_rows | result.repeated), dtype=pl.Int64)
    frame = result.frame
    if any(one.severity == "error" and one.row is None for one in result.problems):
        return frame.clear()
    return frame.filter(~pl.col("source_row").is_in(bad.implode()))


def _copies(result: ReadResult) -> list[Problem]:
    """Tell rows that say again in full what a row above them said."""
    frame = result.frame
    left_out = {"source_row", "org_name", "remark"}
    compared = [name for name in frame.columns if name not in left_out]
    if frame.height < 2:
        return []
    first = frame.with_columns(first=pl.col("source_row").min().over(compared)).filter(
        pl.col("source_row") != pl.col("first")
    )
    return [
        problem("X021", sheet=result.sheet, row=row, first=at)
        for row, at in first.select("source_row", "first").iter_rows()
    ]


def _both_year_and_months(result: ReadResult, frame: pl.DataFrame) -> Iterator[Problem]:
    group = [
        name for name in ("credit_code", "part", "item", "kind", "year") if name in frame.columns
    ]
    both = frame.group_by(group, maintain_order=True).agg(
        yearly=(pl.col("month") == 0).any(),
        monthly=(pl.col("month") > 0).any(),
        row=pl.col("source_row").filter(pl.col("month") == 0).first(),
    )
    for row in both.filter("yearly", "monthly").iter_rows(named=True):
        yield _at(
            result, row["row"], "period", "F010", value=row["item"] or "", known=str(row["year"])
        )
